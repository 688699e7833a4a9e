//! Status codes (SMPP 3.4, 5.1.3; 5.0, 4.7.6).

use core::fmt;

use crate::Version;

/// What a response says of its request: the third field of its header. Zero in requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Status(pub u32);

macro_rules! statuses {
    ($($name:ident = $code:literal, $word:literal, $meaning:literal;)*) => {
        $(
            #[doc = concat!("`", $word, "`: ", $meaning, ".")]
            pub const $name: Status = Status($code);
        )*

        impl Status {
            /// Every status that the specifications define, in order of number.
            pub const ALL: &[Status] = &[$($name),*];

            /// The name in SMPP 5.0, such as `ESME_RTHROTTLED`; `vendor` for 0x400 to 0x4FF, else `reserved`.
            pub fn name(self) -> &'static str {
                match self {
                    $($name => $word,)*
                    Status(0x400..=0x4FF) => "vendor",
                    Status(_) => "reserved",
                }
            }
        }
    };
}

statuses! {
    OK = 0x00, "ESME_ROK", "success";
    RINVMSGLEN = 0x01, "ESME_RINVMSGLEN", "user data length invalid (short_message or message_payload)";
    RINVCMDLEN = 0x02, "ESME_RINVCMDLEN", "PDU length too small, too large or inconsistent";
    RINVCMDID = 0x03, "ESME_RINVCMDID", "command unknown or not supported";
    RINVBNDSTS = 0x04, "ESME_RINVBNDSTS", "operation not valid in this session state";
    RALYBND = 0x05, "ESME_RALYBND", "session already bound";
    RINVPRTFLG = 0x06, "ESME_RINVPRTFLG", "bad priority_flag";
    RINVREGDLVFLG = 0x07, "ESME_RINVREGDLVFLG", "bad registered_delivery or feature refused";
    RSYSERR = 0x08, "ESME_RSYSERR", "internal failure; may go in any response; temporary";
    RINVSRCADR = 0x0A, "ESME_RINVSRCADR", "bad source address";
    RINVDSTADR = 0x0B, "ESME_RINVDSTADR", "bad destination address";
    RINVMSGID = 0x0C, "ESME_RINVMSGID", "message id unknown or malformed";
    RBINDFAIL = 0x0D, "ESME_RBINDFAIL", "generic bind refusal (wrong credentials, not provisioned, limits)";
    RINVPASWD = 0x0E, "ESME_RINVPASWD", "password malformed (many servers also: wrong password)";
    RINVSYSID = 0x0F, "ESME_RINVSYSID", "system_id malformed (many servers also: unknown)";
    RCANCELFAIL = 0x11, "ESME_RCANCELFAIL", "cancel_sm failed";
    RREPLACEFAIL = 0x13, "ESME_RREPLACEFAIL", "replace_sm failed";
    RMSGQFUL = 0x14, "ESME_RMSGQFUL", "queue full (server or destination); temporary";
    RINVSERTYP = 0x15, "ESME_RINVSERTYP", "service_type unknown or too long";
    RINVNUMDESTS = 0x33, "ESME_RINVNUMDESTS", "bad number_of_dests";
    RINVDLNAME = 0x34, "ESME_RINVDLNAME", "bad or unknown distribution list";
    RINVDESTFLAG = 0x40, "ESME_RINVDESTFLAG", "bad dest_flag in submit_multi";
    RINVSUBREP = 0x42, "ESME_RINVSUBREP", "submit-with-replace refused or unsupported";
    RINVESMCLASS = 0x43, "ESME_RINVESMCLASS", "bad or unsupported esm_class";
    RCNTSUBDL = 0x44, "ESME_RCNTSUBDL", "cannot submit to distribution list";
    RSUBMITFAIL = 0x45, "ESME_RSUBMITFAIL", "generic submission failure";
    RINVSRCTON = 0x48, "ESME_RINVSRCTON", "bad source TON";
    RINVSRCNPI = 0x49, "ESME_RINVSRCNPI", "bad source NPI";
    RINVDSTTON = 0x50, "ESME_RINVDSTTON", "bad destination TON";
    RINVDSTNPI = 0x51, "ESME_RINVDSTNPI", "bad destination NPI";
    RINVSYSTYP = 0x53, "ESME_RINVSYSTYP", "bad system_type in bind";
    RINVREPFLAG = 0x54, "ESME_RINVREPFLAG", "bad replace_if_present_flag";
    RINVNUMMSGS = 0x55, "ESME_RINVNUMMSGS", "bad number of messages";
    RTHROTTLED = 0x58, "ESME_RTHROTTLED", "rate limit exceeded; temporary";
    RINVSCHED = 0x61, "ESME_RINVSCHED", "bad schedule_delivery_time";
    RINVEXPIRY = 0x62, "ESME_RINVEXPIRY", "bad validity_period";
    RINVDFTMSGID = 0x63, "ESME_RINVDFTMSGID", "predefined message id bad or unknown";
    RX_T_APPN = 0x64, "ESME_RX_T_APPN", "receiver: temporary error, retry later";
    RX_P_APPN = 0x65, "ESME_RX_P_APPN", "receiver: permanent error for this destination";
    RX_R_APPN = 0x66, "ESME_RX_R_APPN", "receiver: this message rejected, do not retry it";
    RQUERYFAIL = 0x67, "ESME_RQUERYFAIL", "query_sm failed";
    RINVTLVSTREAM = 0xC0, "ESME_RINVTLVSTREAM", "TLV area corrupt: 1-3 stray octets, or TLV longer than the PDU (3.4 name ESME_RINVOPTPARSTREAM)";
    RTLVNOTALLWD = 0xC1, "ESME_RTLVNOTALLWD", "TLV not allowed here (3.4 ESME_ROPTPARNOTALLWD)";
    RINVTLVLEN = 0xC2, "ESME_RINVTLVLEN", "TLV length invalid (3.4 ESME_RINVPARLEN)";
    RMISSINGTLV = 0xC3, "ESME_RMISSINGTLV", "required TLV missing (3.4 ESME_RMISSINGOPTPARAM)";
    RINVTLVVAL = 0xC4, "ESME_RINVTLVVAL", "TLV value invalid (3.4 ESME_RINVOPTPARAMVAL)";
    RDELIVERYFAILURE = 0xFE, "ESME_RDELIVERYFAILURE", "delivery failed (transaction mode)";
    RUNKNOWNERR = 0xFF, "ESME_RUNKNOWNERR", "unknown error";
    RSERTYPUNAUTH = 0x100, "ESME_RSERTYPUNAUTH", "service_type not authorised for this ESME";
    RPROHIBITED = 0x101, "ESME_RPROHIBITED", "operation prohibited for this ESME";
    RSERTYPUNAVAIL = 0x102, "ESME_RSERTYPUNAVAIL", "service_type currently unavailable";
    RSERTYPDENIED = 0x103, "ESME_RSERTYPDENIED", "service_type denied for this content";
    RINVDCS = 0x104, "ESME_RINVDCS", "data_coding invalid or unsupported";
    RINVSRCADDRSUBUNIT = 0x105, "ESME_RINVSRCADDRSUBUNIT", "bad source subunit";
    RINVDSTADDRSUBUNIT = 0x106, "ESME_RINVDSTADDRSUBUNIT", "bad destination subunit";
    RINVBCASTFREQINT = 0x107, "ESME_RINVBCASTFREQINT", "bad broadcast_frequency_interval";
    RINVBCASTALIAS_NAME = 0x108, "ESME_RINVBCASTALIAS_NAME", "bad area alias name";
    RINVBCASTAREAFMT = 0x109, "ESME_RINVBCASTAREAFMT", "bad area format";
    RINVNUMBCAST_AREAS = 0x10A, "ESME_RINVNUMBCAST_AREAS", "bad number of areas";
    RINVBCASTCNTTYPE = 0x10B, "ESME_RINVBCASTCNTTYPE", "bad broadcast content type";
    RINVBCASTMSGCLASS = 0x10C, "ESME_RINVBCASTMSGCLASS", "bad broadcast message class";
    RBCASTFAIL = 0x10D, "ESME_RBCASTFAIL", "broadcast_sm failed";
    RBCASTQUERYFAIL = 0x10E, "ESME_RBCASTQUERYFAIL", "query_broadcast_sm failed";
    RBCASTCANCELFAIL = 0x10F, "ESME_RBCASTCANCELFAIL", "cancel_broadcast_sm failed";
    RINVBCAST_REP = 0x110, "ESME_RINVBCAST_REP", "bad repetition number";
    RINVBCASTSRVGRP = 0x111, "ESME_RINVBCASTSRVGRP", "bad service group";
    RINVBCASTCHANIND = 0x112, "ESME_RINVBCASTCHANIND", "bad channel indicator";
}

impl Status {
    /// True for `ESME_ROK`.
    pub fn is_ok(self) -> bool {
        self == OK
    }

    /// This status as a peer of `version` knows it: 3.3 and 3.4 get the nearest older code for what only 5.0 has.
    /// Vendor and reserved codes stay.
    pub fn for_version(self, version: Version) -> Status {
        if version >= Version::V50 {
            return self;
        }
        match self {
            RSERTYPUNAUTH | RSERTYPUNAVAIL | RSERTYPDENIED => RINVSERTYP,
            Status(0x100..=0x112) => RSUBMITFAIL,
            other => other,
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#04x})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_statuses_have_names_and_order() {
        assert_eq!(Status::ALL.len(), 67);
        assert!(Status::ALL.is_sorted());
        assert!(Status::ALL.iter().all(|s| s.name().starts_with("ESME_R")));
        assert_eq!(Status(0x423).name(), "vendor");
        assert_eq!(Status(0x09).to_string(), "reserved (0x09)");
    }

    #[test]
    fn older_peers_never_see_a_status_of_5_0() {
        for &status in Status::ALL {
            assert!(status.for_version(Version::V34).0 < 0x100);
            assert_eq!(status.for_version(Version::V50), status);
        }
        assert_eq!(RSERTYPDENIED.for_version(Version::V33), RINVSERTYP);
        assert_eq!(RINVDCS.for_version(Version::V34), RSUBMITFAIL);
        assert_eq!(Status(0x401).for_version(Version::V34), Status(0x401));
    }
}
