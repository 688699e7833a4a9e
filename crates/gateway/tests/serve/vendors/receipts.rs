//! What a receipt holds, service by service (C-21), and which come at all (C-7).

use std::time::{SystemTime, UNIX_EPOCH};

use smpp::pdu::Sm;
use smpp::status;
use sms::Address;

use super::{Esme, PASSWORD, Service, to_subscriber};

/// A program of this customer, over TLS, which everybody may use.
#[track_caller]
fn bound(service: &Service, customer: &str) -> Esme {
    let mut esme = service.tls();
    assert_eq!(esme.bind(customer, PASSWORD), status::OK);
    esme
}

/// The receipt with dots for the ten digits of its two dates; those are now, in a zone so many hours east of UTC.
#[track_caller]
fn undated(text: &str, hours_east: u64) -> String {
    let mut undated = text.to_owned();
    for field in ["submit date:", "done date:"] {
        let at = undated.find(field).expect("the field") + field.len();
        let date = undated[at..at + 10].to_owned();
        let number = |from: usize| date[from..from + 2].parse::<u64>().expect("digits");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock");
        let minute = now.as_secs() / 60 + hours_east * 60;
        let late = (minute + 1440 - number(6) * 60 - number(8)) % 1440;
        assert!(late <= 1, "{text} was {late} minutes ago");
        undated.replace_range(at..at + 10, "..........");
    }
    undated
}

/// Shows MTA-67, MTA-71, MTA-72, MTA-75, MTA-76, BUL-F4, BUL-F5, BUL-F8, C-21.
#[test]
fn every_service_has_its_golden_receipts() {
    let (service, mut carrier) = Service::with_carrier("vendors-receipts", "");
    let mut theirs = 0;
    for (customer, hours_east, errors) in [
        ("demo", 0, ["000", "001", "003", "011"]),
        ("mobivate", 0, ["000", "001", "003", "011"]),
        ("mta", 0, ["000", "001", "003", "011"]),
        ("messangi", 0, ["000", "001", "003", "011"]),
        ("bulksms", 2, ["000", "050", "053", "050"]),
        ("tangerine", 0, ["000", "050", "053", "050"]),
    ] {
        let mut esme = bound(&service, customer);
        let ends = [
            ("DELIVRD", "000", "001"),
            ("UNDELIV", "001", "000"),
            ("EXPIRED", "003", "000"),
            ("REJECTD", "011", "000"),
        ];
        for ((stat, theirs_err, delivered), err) in ends.into_iter().zip(errors) {
            let id = esme
                .submit(&to_subscriber(b"Hello, this is a text"))
                .expect("taken");
            theirs += 1;
            carrier.takes(&theirs.to_string());
            carrier.reports(&theirs.to_string(), stat, theirs_err);
            let receipt = esme.delivered();
            let expected = format!(
                "id:{id} sub:001 dlvrd:{delivered} submit date:.......... done date:.......... stat:{stat} err:{err} text:Hello, this is a tex"
            );
            assert_eq!(undated(receipt.said(), hours_east), expected, "{customer}");
            assert_eq!(receipt.esm_class, 0x04, "{customer}");
            assert_eq!(receipt.data_coding, 0, "{customer}");
            let told = receipt.tlvs().receipted_message_id();
            assert_eq!(told, Some(id.as_bytes()), "{customer}");
        }
    }
}

/// Shows MTA-77, BUL-36, BUL-39, MES-31, C-7.
#[test]
fn states_on_the_way_come_where_the_manual_has_them() {
    let (service, mut carrier) = Service::with_carrier("vendors-on-the-way", "");
    let plain = to_subscriber(b"hello");
    let with_intermediate = Sm {
        registered_delivery: 0x11,
        ..plain
    };
    let to_colombia = Sm {
        destination: Address::international(b"573001234567"),
        ..plain
    };
    let mut theirs = 0;
    for (customer, sm, told) in [
        ("demo", plain, &["DELIVRD"][..]),
        (
            "demo",
            with_intermediate,
            &["ACCEPTD", "ENROUTE", "DELIVRD"],
        ),
        ("mta", plain, &["ACCEPTD", "DELIVRD"]),
        ("bulksms", with_intermediate, &["DELIVRD"]),
        ("messangi", plain, &["DELIVRD"]),
        ("messangi", to_colombia, &["ENROUTE"]),
    ] {
        let mut esme = bound(&service, customer);
        let id = esme.submit(&sm).expect("it is taken");
        theirs += 1;
        carrier.takes(&theirs.to_string());
        for stat in ["ACCEPTD", "ENROUTE", "DELIVRD"] {
            carrier.reports(&theirs.to_string(), stat, "000");
        }
        for stat in told {
            let receipt = esme.delivered();
            let came = (receipt.field("id"), receipt.field("stat"));
            assert_eq!(came, (&*id, *stat), "{customer}");
        }
        esme.hears_nothing();
    }
    let mut esme = bound(&service, "messangi");
    let id = esme.submit(&to_colombia).expect("it is taken");
    carrier.refuses(status::RINVDSTADR);
    let receipt = esme.delivered();
    assert_eq!(
        (receipt.field("id"), receipt.field("stat")),
        (&*id, "REJECTD")
    );
}
