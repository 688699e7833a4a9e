//! Command ids (SMPP 3.4, 5.1.2; 5.0, 4.7.5).

use core::fmt;

use crate::Version;

/// What a PDU is: the second field of its header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u32);

/// Set in the id of every response.
const RESPONSE: u32 = 0x8000_0000;

macro_rules! commands {
    ($($name:ident = $id:literal, $word:literal, $since:ident;)*) => {
        $(
            #[doc = concat!("`", $word, "`")]
            pub const $name: CommandId = CommandId($id);
        )*

        impl CommandId {
            /// Every command id that the specifications define, in the order of their table.
            pub const ALL: &[CommandId] = &[$($name),*];

            /// The name in the specification, such as `submit_sm`; `vendor` in the range left to vendors, else `reserved`.
            pub fn name(self) -> &'static str {
                match self.0 & !RESPONSE {
                    0x0001_0200..=0x0001_02FF => return "vendor",
                    _ => {}
                }
                match self {
                    $($name => $word,)*
                    CommandId(_) => "reserved",
                }
            }

            /// The first version that has this PDU; `None` for an id that no version defines.
            pub fn since(self) -> Option<Version> {
                match self {
                    $($name => Some(Version::$since),)*
                    CommandId(_) => None,
                }
            }
        }
    };
}

commands! {
    GENERIC_NACK = 0x8000_0000, "generic_nack", V33;
    BIND_RECEIVER = 0x0000_0001, "bind_receiver", V33;
    BIND_RECEIVER_RESP = 0x8000_0001, "bind_receiver_resp", V33;
    BIND_TRANSMITTER = 0x0000_0002, "bind_transmitter", V33;
    BIND_TRANSMITTER_RESP = 0x8000_0002, "bind_transmitter_resp", V33;
    QUERY_SM = 0x0000_0003, "query_sm", V33;
    QUERY_SM_RESP = 0x8000_0003, "query_sm_resp", V33;
    SUBMIT_SM = 0x0000_0004, "submit_sm", V33;
    SUBMIT_SM_RESP = 0x8000_0004, "submit_sm_resp", V33;
    DELIVER_SM = 0x0000_0005, "deliver_sm", V33;
    DELIVER_SM_RESP = 0x8000_0005, "deliver_sm_resp", V33;
    UNBIND = 0x0000_0006, "unbind", V33;
    UNBIND_RESP = 0x8000_0006, "unbind_resp", V33;
    REPLACE_SM = 0x0000_0007, "replace_sm", V33;
    REPLACE_SM_RESP = 0x8000_0007, "replace_sm_resp", V33;
    CANCEL_SM = 0x0000_0008, "cancel_sm", V33;
    CANCEL_SM_RESP = 0x8000_0008, "cancel_sm_resp", V33;
    BIND_TRANSCEIVER = 0x0000_0009, "bind_transceiver", V34;
    BIND_TRANSCEIVER_RESP = 0x8000_0009, "bind_transceiver_resp", V34;
    OUTBIND = 0x0000_000B, "outbind", V34;
    ENQUIRE_LINK = 0x0000_0015, "enquire_link", V33;
    ENQUIRE_LINK_RESP = 0x8000_0015, "enquire_link_resp", V33;
    SUBMIT_MULTI = 0x0000_0021, "submit_multi", V33;
    SUBMIT_MULTI_RESP = 0x8000_0021, "submit_multi_resp", V33;
    ALERT_NOTIFICATION = 0x0000_0102, "alert_notification", V34;
    DATA_SM = 0x0000_0103, "data_sm", V34;
    DATA_SM_RESP = 0x8000_0103, "data_sm_resp", V34;
    BROADCAST_SM = 0x0000_0111, "broadcast_sm", V50;
    BROADCAST_SM_RESP = 0x8000_0111, "broadcast_sm_resp", V50;
    QUERY_BROADCAST_SM = 0x0000_0112, "query_broadcast_sm", V50;
    QUERY_BROADCAST_SM_RESP = 0x8000_0112, "query_broadcast_sm_resp", V50;
    CANCEL_BROADCAST_SM = 0x0000_0113, "cancel_broadcast_sm", V50;
    CANCEL_BROADCAST_SM_RESP = 0x8000_0113, "cancel_broadcast_sm_resp", V50;
}

impl CommandId {
    /// The id of the response to this request: bit 31 set (SMPP 3.4, 5.1.2.1).
    pub fn response(self) -> CommandId {
        CommandId(self.0 | RESPONSE)
    }

    /// True for responses, `generic_nack` included.
    pub fn is_response(self) -> bool {
        self.0 & RESPONSE != 0
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.since() {
            Some(_) => f.write_str(self.name()),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_has_bit_31_and_the_name_of_its_request() {
        for &id in CommandId::ALL {
            if id.is_response() {
                assert!(id == GENERIC_NACK || id.name().ends_with("_resp"), "{id}");
            } else if id.response().since().is_some() {
                assert_eq!(id.response().name(), format!("{}_resp", id.name()));
            }
        }
        assert_eq!(OUTBIND.response().name(), "reserved");
    }

    #[test]
    fn ids_outside_the_table_are_shown_as_numbers() {
        assert_eq!(CommandId(0x0001_0200).name(), "vendor");
        assert_eq!(CommandId(0x8001_02FF).name(), "vendor");
        assert_eq!(CommandId(0x22).to_string(), "0x00000022");
        assert_eq!(SUBMIT_SM.to_string(), "submit_sm");
    }
}
