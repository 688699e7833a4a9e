//! What customers pay, and how many messages they may send in a day.

use directory::{Directory, Problems};
use engine::{Amount, CustomerId, Meter, Refusal, Shortage};

fn parsed(customer: &str, more: &str) -> Result<Directory, Problems> {
    let listener = "[[listener]]\nname = 'l'\nkind = 'smpp'\naddr = '127.0.0.1:0'\n";
    let text = format!(
        "{listener}[[customer]]\nname = 'a'\nid = 7\npassword = 'secret'\n{customer}\n{more}"
    );
    Directory::parse("f", &text)
}

fn meter(customer: &str) -> Option<Meter> {
    let directory = parsed(customer, "").unwrap_or_else(|problems| panic!("{problems}"));
    directory.engine.customers[&CustomerId(7)].meter.clone()
}

/// Shows MOB-25, C-25.
#[test]
fn a_daily_limit_is_a_whole_number_or_none() {
    for bad in ["-1", "1.5", "\"10\"", "\"none\"", "true"] {
        let problems = parsed(&format!("daily_limit = {bad}"), "").err();
        assert!(problems.is_some_and(|p| p.to_string().contains("daily_limit is")));
    }
    let limit = |text: &str| meter(text).and_then(|meter| meter.daily_limit);
    assert_eq!(limit("daily_limit = 10"), Some(10));
    assert_eq!(limit("daily_limit = 0"), Some(0), "none at all");
    assert!(meter("daily_limit = 'unlimited'").is_none());
}

#[test]
fn a_customer_is_counted_only_if_it_pays_or_has_a_limit() {
    assert!(meter("segment_price = '0.035'\ntrial_credits = 10").is_none());
    let prepaid = meter("credits = 'prepaid'\nsegment_price = '0.035'").expect("counted");
    assert_eq!(prepaid.price, Some(Amount(350)));
    let limited = meter("daily_limit = 5").expect("counted");
    assert_eq!(limited.price, None);
}

/// Shows C-19.
#[test]
fn each_preset_has_its_way_of_telling_that_means_are_gone() {
    for (preset, no_credit, over, by_receipt) in [
        ("default", 0x45, 0x45, false),
        ("mobivate", 0x45, 0x45, false),
        ("mta", 0x45, 0x45, false),
        ("messangi", 0x45, 0x45, false),
        ("bulksms", 0x410, 0x412, false),
        ("tangerine", 0x45, 0x45, true),
    ] {
        let customer = format!("preset = '{preset}'\ncredits = 'prepaid'\ndaily_limit = 1");
        let directory = parsed(&customer, "").unwrap_or_else(|problems| panic!("{problems}"));
        let account = directory.accounts.get(b"a").expect("the customer");
        let told = |refusal| account.submitting.statuses.of_refusal(refusal).0;
        assert_eq!(
            (told(Refusal::NoCredit), told(Refusal::OverDailyLimit)),
            (no_credit, over),
            "{preset}"
        );
        let meter = directory.engine.customers[&CustomerId(7)].meter.as_ref();
        let meter = meter.expect("counted");
        let shortage = if by_receipt {
            Shortage::AcceptThenReject
        } else {
            Shortage::Refuse
        };
        assert_eq!(
            (meter.no_credit, meter.over_daily_limit),
            (shortage, shortage),
            "{preset}"
        );
    }
}

#[test]
fn payments_count_in_the_order_of_their_numbers_and_name_their_customer() {
    let topup = |id, amount| format!("[[topup]]\nid = {id}\ncustomer = 'a'\namount = {amount}\n");
    let file = topup(3, "\"2.5\"") + &topup(12, "5");
    let directory = parsed("", &file).unwrap_or_else(|problems| panic!("{problems}"));
    let topups: Vec<_> = directory
        .topups
        .iter()
        .map(|topup| (topup.number, topup.customer.0, topup.amount.0))
        .collect();
    assert_eq!(topups, [(3, 7, 25_000), (12, 7, 50_000)]);
    let twice = parsed("", &(topup(3, "1") + &topup(3, "1")))
        .err()
        .map(|p| p.to_string());
    assert!(twice.is_some_and(|told| told.contains("give another id")));
    let backwards = parsed("", &(topup(12, "5") + &topup(3, "1"))).err();
    let told = backwards.expect("refused").to_string();
    assert!(
        told.contains("topup 3 stands behind topup 12 of customer \"a\"; number the payments"),
        "{told}"
    );
    let nobody = file.replace("'a'", "'b'");
    assert_eq!(parsed("", &nobody).err().map(|p| p.iter().count()), Some(2));
}

#[test]
fn a_reload_says_of_a_payment_that_it_does_not_count() {
    let topup = |id, amount| format!("[[topup]]\nid = {id}\ncustomer = 'a'\namount = {amount}\n");
    let told = |before: &str, after: &str| {
        let read = |more| parsed("", more).unwrap_or_else(|problems| panic!("{problems}"));
        read(before).changes_to(&read(after)).to_string()
    };
    let five = topup(5, "10");
    assert_eq!(
        told(&five, &(five.clone() + &topup(6, "1"))),
        "topup 6: added (at once)"
    );
    let above_5 = "does not count: its customer has topup 5 already, so a new one needs a number greater than that";
    assert_eq!(
        told(&five, &(topup(3, "1") + &five)),
        format!("topup 3: {above_5}")
    );
    assert_eq!(told(&five, &topup(5, "20")), format!("topup 5: {above_5}"));
    assert_eq!(
        told(&five, &topup(3, "1")),
        format!("topup 5: removed (at once)\ntopup 3: {above_5}")
    );
}

#[test]
fn what_is_counted_is_told_in_a_line() {
    let customer = "credits = 'prepaid'\nsegment_price = '0.035'\ndaily_limit = 500\ndaily_limit_zone = 'Europe/Berlin'";
    let directory = parsed(customer, "").unwrap_or_else(|problems| panic!("{problems}"));
    let line = "prepaid, 0.035 a segment, 500 segments a day (Europe/Berlin)";
    assert_eq!(directory.counted(), [("a", line.to_owned())]);
}
