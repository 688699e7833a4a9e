//! A PDU field by field, for whoever shows one to people.

use sms::Address;

use super::{Bind, BindResp, Destination, Pdu, QuerySm, Sm, SmResp};
use crate::status::Status;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// A C-octet string without its NUL.
    Text(&'a [u8]),
    /// An integer of one octet.
    Number(u8),
    /// TON, NPI and digits.
    Address(Address<'a>),
    /// An address, and why it was not reached.
    Unreached(Address<'a>, Status),
    /// Octets that are read by other fields: the text of a message.
    Message(&'a [u8]),
    /// A password, of which only the length is told.
    Secret(usize),
}

impl<'a> Pdu<'a> {
    /// Tells `field` each mandatory field by the specification's name, in the order of the wire; what repeats comes as often as
    /// it stands there. Nothing for a header alone.
    pub fn fields(&self, field: &mut dyn FnMut(&'static str, Value<'a>)) {
        use Value::{Message, Number, Secret, Text, Unreached};
        match self {
            Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
                of_bind(bind, field);
            }
            Pdu::BindReceiverResp(resp)
            | Pdu::BindTransmitterResp(resp)
            | Pdu::BindTransceiverResp(resp) => of_bind_resp(resp, field),
            Pdu::Outbind(outbind) => {
                field("system_id", Text(outbind.system_id));
                field("password", Secret(outbind.password.len()));
            }
            Pdu::AlertNotification(alert) => {
                field("source_addr", Value::Address(alert.source));
                field("esme_addr", Value::Address(alert.esme));
            }
            Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => of_sm(sm, field),
            Pdu::SubmitMulti(multi) => {
                field("service_type", Text(multi.service_type));
                field("source_addr", Value::Address(multi.source));
                for destination in multi.destinations.iter() {
                    match destination {
                        Destination::Address(address) => {
                            field("destination_addr", Value::Address(address));
                        }
                        Destination::List(name) => field("dl_name", Text(name)),
                    }
                }
                of_text(
                    &Sm {
                        esm_class: multi.esm_class,
                        protocol_id: multi.protocol_id,
                        priority_flag: multi.priority_flag,
                        schedule_delivery_time: multi.schedule_delivery_time,
                        validity_period: multi.validity_period,
                        registered_delivery: multi.registered_delivery,
                        replace_if_present_flag: multi.replace_if_present_flag,
                        data_coding: multi.data_coding,
                        sm_default_msg_id: multi.sm_default_msg_id,
                        short_message: multi.short_message,
                        ..Sm::default()
                    },
                    field,
                );
            }
            Pdu::DataSm(data) => {
                field("service_type", Text(data.service_type));
                field("source_addr", Value::Address(data.source));
                field("destination_addr", Value::Address(data.destination));
                field("esm_class", Number(data.esm_class));
                field("registered_delivery", Number(data.registered_delivery));
                field("data_coding", Number(data.data_coding));
            }
            Pdu::SubmitSmResp(resp)
            | Pdu::DeliverSmResp(resp)
            | Pdu::DataSmResp(resp)
            | Pdu::BroadcastSmResp(resp)
            | Pdu::QueryBroadcastSmResp(resp) => of_sm_resp(resp, field),
            Pdu::SubmitMultiResp(resp) if resp.body_present => {
                field("message_id", Text(resp.message_id));
                for failed in resp.unsuccessful.iter() {
                    field(
                        "unsuccess_sme",
                        Unreached(failed.destination, failed.status),
                    );
                }
            }
            Pdu::QuerySm(query) | Pdu::QueryBroadcastSm(query) => of_query(query, field),
            Pdu::QuerySmResp(resp) if resp.body_present => {
                field("message_id", Text(resp.message_id));
                field("final_date", Text(resp.final_date));
                field("message_state", Number(resp.message_state));
                field("error_code", Number(resp.error_code));
            }
            Pdu::CancelSm(cancel) => {
                field("service_type", Text(cancel.service_type));
                field("message_id", Text(cancel.message_id));
                field("source_addr", Value::Address(cancel.source));
                field("destination_addr", Value::Address(cancel.destination));
            }
            Pdu::CancelBroadcastSm(cancel) => {
                field("service_type", Text(cancel.service_type));
                field("message_id", Text(cancel.message_id));
                field("source_addr", Value::Address(cancel.source));
            }
            Pdu::ReplaceSm(replace) => {
                field("message_id", Text(replace.message_id));
                field("source_addr", Value::Address(replace.source));
                field(
                    "schedule_delivery_time",
                    Text(replace.schedule_delivery_time),
                );
                field("validity_period", Text(replace.validity_period));
                field("registered_delivery", Number(replace.registered_delivery));
                field("sm_default_msg_id", Number(replace.sm_default_msg_id));
                field("short_message", Message(replace.short_message));
            }
            Pdu::BroadcastSm(broadcast) => {
                field("service_type", Text(broadcast.service_type));
                field("source_addr", Value::Address(broadcast.source));
                field("message_id", Text(broadcast.message_id));
                field("priority_flag", Number(broadcast.priority_flag));
                field(
                    "schedule_delivery_time",
                    Text(broadcast.schedule_delivery_time),
                );
                field("validity_period", Text(broadcast.validity_period));
                field(
                    "replace_if_present_flag",
                    Number(broadcast.replace_if_present_flag),
                );
                field("data_coding", Number(broadcast.data_coding));
                field("sm_default_msg_id", Number(broadcast.sm_default_msg_id));
            }
            Pdu::SubmitMultiResp(_)
            | Pdu::QuerySmResp(_)
            | Pdu::Unbind(_)
            | Pdu::UnbindResp(_)
            | Pdu::EnquireLink(_)
            | Pdu::EnquireLinkResp(_)
            | Pdu::GenericNack(_)
            | Pdu::CancelSmResp(_)
            | Pdu::ReplaceSmResp(_)
            | Pdu::CancelBroadcastSmResp(_) => {}
        }
    }
}

fn of_bind<'a>(bind: &Bind<'a>, field: &mut dyn FnMut(&'static str, Value<'a>)) {
    field("system_id", Value::Text(bind.system_id));
    field("password", Value::Secret(bind.password.len()));
    field("system_type", Value::Text(bind.system_type));
    field("interface_version", Value::Number(bind.interface_version));
    field("addr_ton", Value::Number(bind.addr_ton));
    field("addr_npi", Value::Number(bind.addr_npi));
    field("address_range", Value::Text(bind.address_range));
}

fn of_bind_resp<'a>(resp: &BindResp<'a>, field: &mut dyn FnMut(&'static str, Value<'a>)) {
    if resp.body_present {
        field("system_id", Value::Text(resp.system_id));
    }
}

fn of_sm<'a>(sm: &Sm<'a>, field: &mut dyn FnMut(&'static str, Value<'a>)) {
    field("service_type", Value::Text(sm.service_type));
    field("source_addr", Value::Address(sm.source));
    field("destination_addr", Value::Address(sm.destination));
    of_text(sm, field);
}

/// What submit_sm and submit_multi have after their addresses.
fn of_text<'a>(sm: &Sm<'a>, field: &mut dyn FnMut(&'static str, Value<'a>)) {
    use Value::{Number, Text};
    field("esm_class", Number(sm.esm_class));
    field("protocol_id", Number(sm.protocol_id));
    field("priority_flag", Number(sm.priority_flag));
    field("schedule_delivery_time", Text(sm.schedule_delivery_time));
    field("validity_period", Text(sm.validity_period));
    field("registered_delivery", Number(sm.registered_delivery));
    field(
        "replace_if_present_flag",
        Number(sm.replace_if_present_flag),
    );
    field("data_coding", Number(sm.data_coding));
    field("sm_default_msg_id", Number(sm.sm_default_msg_id));
    field("short_message", Value::Message(sm.short_message));
}

fn of_sm_resp<'a>(resp: &SmResp<'a>, field: &mut dyn FnMut(&'static str, Value<'a>)) {
    if resp.body_present {
        field("message_id", Value::Text(resp.message_id));
    }
}

fn of_query<'a>(query: &QuerySm<'a>, field: &mut dyn FnMut(&'static str, Value<'a>)) {
    field("message_id", Value::Text(query.message_id));
    field("source_addr", Value::Address(query.source));
}
