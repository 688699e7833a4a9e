//! What customers ask about messages that they submitted before, and want done with them.

use smpp::command;
use smpp::pdu::{CancelSm, Pdu, QuerySm, ReplaceSm};
use smpp::status::{self, Status};

use crate::client::Client;
use crate::gateway::{Dir, Gateway};

/// The demo's route holds messages to this number for a minute; to the other one they are delivered after a second.
const HELD: &str = "447700900008";
const PROMPT: &str = "447700901234";

/// What query_sm says.
#[derive(PartialEq, Eq, Debug)]
struct Stands {
    state: u8,
    /// final_date is there.
    ended: bool,
}

const ENROUTE: Stands = Stands {
    state: 1,
    ended: false,
};
const DELIVERED: Stands = Stands {
    state: 2,
    ended: true,
};
const DELETED: Stands = Stands {
    state: 4,
    ended: true,
};

#[track_caller]
pub(crate) fn submitted(client: &mut Client, to: &str) -> String {
    client.submit(to, "hello");
    let answer = client.next_of(command::SUBMIT_SM_RESP);
    assert_eq!(answer.header.status, status::OK);
    let Pdu::SubmitSmResp(response) = answer.pdu() else {
        unreachable!("it was asked for");
    };
    String::from_utf8_lossy(response.message_id).into_owned()
}

#[track_caller]
fn query(client: &mut Client, id: &str) -> Result<Stands, Status> {
    client.ask(&Pdu::QuerySm(QuerySm {
        message_id: id.as_bytes(),
        ..QuerySm::default()
    }));
    let answer = client.next_of(command::QUERY_SM_RESP);
    if !answer.header.status.is_ok() {
        return Err(answer.header.status);
    }
    let Pdu::QuerySmResp(response) = answer.pdu() else {
        unreachable!("it was asked for");
    };
    assert_eq!(response.message_id, id.as_bytes());
    Ok(Stands {
        state: response.message_state,
        ended: !response.final_date.is_empty(),
    })
}

pub(crate) fn cancel(client: &mut Client, id: &str) -> Status {
    client.ask(&Pdu::CancelSm(CancelSm {
        message_id: id.as_bytes(),
        ..CancelSm::default()
    }));
    client.next_of(command::CANCEL_SM_RESP).header.status
}

fn replace(client: &mut Client, id: &str, text: &str) -> Status {
    client.ask(&Pdu::ReplaceSm(ReplaceSm {
        message_id: id.as_bytes(),
        registered_delivery: 1,
        short_message: text.as_bytes(),
        ..ReplaceSm::default()
    }));
    client.next_of(command::REPLACE_SM_RESP).header.status
}

/// Waits for the receipt of the message and takes it; its text.
#[track_caller]
pub(crate) fn receipt(client: &mut Client, id: &str) -> String {
    loop {
        let came = client.next_of(command::DELIVER_SM);
        client.acknowledge(&came);
        let Pdu::DeliverSm(sm) = came.pdu() else {
            unreachable!("it was waited for");
        };
        let text = String::from_utf8_lossy(sm.short_message).into_owned();
        if text.starts_with(&format!("id:{id} ")) {
            return text;
        }
    }
}

/// Shows MTA-25, MTA-26, MTA-33, MTA-58, MTA-77, MTA-82, MTA-84.
#[test]
fn a_message_that_is_held_can_be_changed_and_stopped() {
    let dir = Dir::new("held");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let id = submitted(&mut client, HELD);
    assert_eq!(query(&mut client, &id), Ok(ENROUTE));
    assert_eq!(replace(&mut client, &id, "better"), status::OK);
    assert_eq!(cancel(&mut client, &id), status::OK);
    let text = receipt(&mut client, &id);
    assert!(
        text.contains("stat:DELETED") && text.ends_with("text:better"),
        "{text}"
    );
    assert_eq!(query(&mut client, &id), Ok(DELETED));
    assert_eq!(cancel(&mut client, &id), status::RCANCELFAIL);
    assert_eq!(replace(&mut client, &id, "late"), status::RREPLACEFAIL);
}

/// Shows MTA-80, MTA-81, MTA-83.
#[test]
fn what_became_of_a_message_is_still_told_after_a_kill_and_after_a_restart() {
    let dir = Dir::new("past");
    let mut gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let id = submitted(&mut client, PROMPT);
    assert_eq!(query(&mut client, &id), Ok(ENROUTE));
    assert!(receipt(&mut client, &id).contains("stat:DELIVRD"));
    for end in 0..3 {
        assert_eq!(query(&mut client, &id), Ok(DELIVERED), "after {end} ends");
        assert_eq!(cancel(&mut client, &id), status::RCANCELFAIL);
        let mut other = Client::bound(gateway.smpp, "demo1", "demopass");
        assert_eq!(query(&mut other, &id), Err(status::RINVMSGID));
        assert_eq!(cancel(&mut other, &id), status::RINVMSGID);
        assert_eq!(query(&mut client, "1"), Err(status::RINVMSGID));
        if end == 0 {
            gateway.kill();
        } else {
            // After this one the journal is behind a snapshot, and only the history knows.
            gateway.signal("TERM");
            drop((client, other));
            assert_eq!(gateway.ended().code(), Some(0));
        }
        gateway = Gateway::start(&dir, "");
        client = Client::bound(gateway.smpp, "demo", "demopass");
    }
    assert_eq!(query(&mut client, &id), Ok(DELIVERED));
}
