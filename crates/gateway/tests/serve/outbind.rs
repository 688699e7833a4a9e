//! Customers that are called: who has no bind when something waits is connected to, and asked to bind over that connection.

use std::net::TcpListener;

use smpp::command;
use smpp::pdu::{Bind, Pdu, SmResp};
use smpp::status;
use smpp::tlv::Tlvs;

use crate::client::Client;
use crate::gateway::{Dir, Gateway};
use crate::manual::section;

/// The customer of docs/customers.md that is called, at this port.
fn called(listener: &TcpListener) -> String {
    let host = listener.local_addr().expect("it has one").to_string();
    section("Call a customer").replace("esme.example.net:2775", &host)
}

/// Submits a message whose receipt has nobody to go to.
fn leave_a_receipt_behind(gateway: &Gateway) {
    let mut client = Client::connect(gateway.smpp);
    client.ask(&Pdu::BindTransmitter(as_acme()));
    assert_eq!(client.next().header.status, status::OK);
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    client.ask(&Pdu::Unbind(Tlvs::EMPTY));
    client.next_of(command::UNBIND_RESP);
}

fn as_acme() -> Bind<'static> {
    Bind {
        system_id: b"acme",
        password: b"s3cr3t-1",
        interface_version: 0x34,
        ..Bind::default()
    }
}

/// Takes a call, and looks who calls.
#[track_caller]
fn take_call(listener: &TcpListener) -> Client {
    let mut client = Client::accept(listener);
    let came = client.next();
    let Pdu::Outbind(outbind) = came.pdu() else {
        panic!("{came:?}");
    };
    assert_eq!(
        (outbind.system_id, outbind.password),
        (&b"centre"[..], &b"ours"[..])
    );
    client
}

#[test]
fn a_customer_without_a_bind_is_called_until_it_takes_what_waits() {
    let dir = Dir::new("outbind");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gateway = Gateway::start(&dir, &called(&listener));
    leave_a_receipt_behind(&gateway);

    // It hangs up, and is called again.
    drop(take_call(&listener));
    let mut client = take_call(&listener);
    client.ask(&Pdu::BindReceiver(as_acme()));
    assert_eq!(
        client.next_of(command::BIND_RECEIVER_RESP).header.status,
        status::OK
    );
    let receipt = client.next_of(command::DELIVER_SM);
    client.acknowledge(&receipt);
    gateway.counted("bindery_messages", 0);

    // When something waits again, it is called again.
    client.ask(&Pdu::Unbind(Tlvs::EMPTY));
    client.next_of(command::UNBIND_RESP);
    leave_a_receipt_behind(&gateway);
    take_call(&listener);
}

/// What it refuses for now rests until it is to come again, and nobody is called for it before that.
#[test]
fn who_refused_what_waited_is_called_when_it_is_to_come_again() {
    let dir = Dir::new("outbind-refused");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let config = called(&listener) + "delivery_retry = ['1s']\n";
    let gateway = Gateway::start(&dir, &config);
    leave_a_receipt_behind(&gateway);

    let mut client = take_call(&listener);
    client.ask(&Pdu::BindReceiver(as_acme()));
    let receipt = client.next_of(command::DELIVER_SM);
    let refusal = Pdu::DeliverSmResp(SmResp::default());
    client.send(&refusal, status::RX_T_APPN, receipt.header.sequence);
    client.ask(&Pdu::Unbind(Tlvs::EMPTY));
    client.next_of(command::UNBIND_RESP);

    let mut client = take_call(&listener);
    client.ask(&Pdu::BindReceiver(as_acme()));
    let receipt = client.next_of(command::DELIVER_SM);
    client.acknowledge(&receipt);
    gateway.counted("bindery_messages", 0);
}

#[test]
fn a_bind_that_answers_a_call_is_judged_as_any_other() {
    let dir = Dir::new("outbind-judged");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gateway = Gateway::start(&dir, &called(&listener));
    leave_a_receipt_behind(&gateway);
    let mut client = take_call(&listener);
    client.ask(&Pdu::BindReceiver(Bind {
        password: b"wrong",
        ..as_acme()
    }));
    assert_eq!(
        client.next_of(command::BIND_RECEIVER_RESP).header.status,
        status::RINVPASWD
    );
}
