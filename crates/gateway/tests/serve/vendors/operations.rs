//! What the services do not offer besides submit_sm (C-10), and that asking for it costs nobody the session.

use smpp::command::{self, CommandId};
use smpp::pdu::{CancelSm, DataSm, Pdu, QuerySm, ReplaceSm};
use smpp::status;
use sms::Address;

use super::{PASSWORD, SUBSCRIBER, Service, to_subscriber};

/// The body of a submit_multi to one number.
pub(super) const MULTI: &[u8] =
    b"\0\x01\x0112025550100\0\x01\x01\x01\x0112125551234\0\0\0\0\0\0\0\0\0\0\x01x";

/// Shows BUL-43, BUL-44, BUL-45, BUL-46, BUL-48, C-10.
#[test]
fn submit_sm_is_all_that_four_of_the_services_offer() {
    let service = Service::simulated("vendors-operations", "");
    for customer in ["mobivate", "messangi", "bulksms", "tangerine"] {
        let mut esme = service.tls();
        assert_eq!(esme.bind(customer, PASSWORD), status::OK);
        let id = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
        let message_id = id.as_bytes();
        // Each is about a message or a number that there is.
        for request in [
            Pdu::DataSm(DataSm {
                destination: Address::international(SUBSCRIBER),
                ..DataSm::default()
            }),
            Pdu::QuerySm(QuerySm {
                message_id,
                ..QuerySm::default()
            }),
            Pdu::CancelSm(CancelSm {
                message_id,
                ..CancelSm::default()
            }),
            Pdu::ReplaceSm(ReplaceSm {
                message_id,
                ..ReplaceSm::default()
            }),
        ] {
            let answer = esme.ask(&request).header;
            assert_eq!(answer.command_id, request.command_id().response());
            assert_eq!(answer.status, status::RINVCMDID, "{customer} {request:?}");
        }
        let sequence = esme.client.ask_octets(command::SUBMIT_MULTI, MULTI);
        let answer = esme.answer_to(sequence).header;
        assert_eq!(answer.command_id, command::SUBMIT_MULTI_RESP);
        assert_eq!(answer.status, status::RINVCMDID, "{customer}");
        let sequence = esme.client.ask_octets(CommandId(0x99), b"");
        let answer = esme.answer_to(sequence).header;
        assert_eq!(answer.command_id, command::GENERIC_NACK);
        assert_eq!(answer.status, status::RINVCMDID, "{customer}");
        let receipt = esme.delivered();
        assert_eq!(
            (receipt.field("id"), receipt.field("stat")),
            (&*id, "DELIVRD"),
            "{customer}"
        );
        esme.unbind();
    }
}
