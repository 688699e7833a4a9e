//! Every tag of 3.4 and 5.0 with what its value may look like (SMPP 5.0, 4.8.1; lengths that real senders vary are
//! given as the range that is accepted without a warning).

use crate::Version;

/// What is known of a tag.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) shortest: u16,
    pub(super) longest: u16,
    pub(super) since: Version,
    pub(super) repeats: bool,
}

macro_rules! tags {
    ($($tag:ident = $number:literal, $word:literal, $shortest:literal..=$longest:literal, $since:ident, $repeats:literal;)*) => {
        $(
            #[doc = concat!("`", $word, "`")]
            pub const $tag: u16 = $number;
        )*

        /// The table, in order of tag.
        pub(super) static KNOWN: &[Known] = &[$(Known {
            name: $word,
            shortest: $shortest,
            longest: $longest,
            since: Version::$since,
            repeats: $repeats,
        }),*];

        /// The tags of [`KNOWN`].
        const ORDER: &[u16] = &[$($tag),*];
    };
}

tags! {
    DEST_ADDR_SUBUNIT = 0x0005, "dest_addr_subunit", 1..=1, V34, false;
    DEST_NETWORK_TYPE = 0x0006, "dest_network_type", 1..=1, V34, false;
    DEST_BEARER_TYPE = 0x0007, "dest_bearer_type", 1..=1, V34, false;
    DEST_TELEMATICS_ID = 0x0008, "dest_telematics_id", 2..=2, V34, false;
    SOURCE_ADDR_SUBUNIT = 0x000D, "source_addr_subunit", 1..=1, V34, false;
    SOURCE_NETWORK_TYPE = 0x000E, "source_network_type", 1..=1, V34, false;
    SOURCE_BEARER_TYPE = 0x000F, "source_bearer_type", 1..=1, V34, false;
    SOURCE_TELEMATICS_ID = 0x0010, "source_telematics_id", 1..=2, V34, false;
    QOS_TIME_TO_LIVE = 0x0017, "qos_time_to_live", 4..=4, V34, false;
    PAYLOAD_TYPE = 0x0019, "payload_type", 1..=1, V34, false;
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D, "additional_status_info_text", 1..=256, V34, false;
    RECEIPTED_MESSAGE_ID = 0x001E, "receipted_message_id", 1..=65, V34, false;
    MS_MSG_WAIT_FACILITIES = 0x0030, "ms_msg_wait_facilities", 1..=1, V34, false;
    PRIVACY_INDICATOR = 0x0201, "privacy_indicator", 1..=1, V34, false;
    SOURCE_SUBADDRESS = 0x0202, "source_subaddress", 2..=23, V34, false;
    DEST_SUBADDRESS = 0x0203, "dest_subaddress", 2..=23, V34, false;
    USER_MESSAGE_REFERENCE = 0x0204, "user_message_reference", 2..=2, V34, false;
    USER_RESPONSE_CODE = 0x0205, "user_response_code", 1..=1, V34, false;
    SOURCE_PORT = 0x020A, "source_port", 2..=2, V34, false;
    DEST_PORT = 0x020B, "dest_port", 2..=2, V34, false;
    SAR_MSG_REF_NUM = 0x020C, "sar_msg_ref_num", 2..=2, V34, false;
    LANGUAGE_INDICATOR = 0x020D, "language_indicator", 1..=1, V34, false;
    SAR_TOTAL_SEGMENTS = 0x020E, "sar_total_segments", 1..=1, V34, false;
    SAR_SEGMENT_SEQNUM = 0x020F, "sar_segment_seqnum", 1..=1, V34, false;
    SC_INTERFACE_VERSION = 0x0210, "sc_interface_version", 1..=1, V34, false;
    CALLBACK_NUM_PRES_IND = 0x0302, "callback_num_pres_ind", 1..=1, V34, true;
    CALLBACK_NUM_ATAG = 0x0303, "callback_num_atag", 1..=65, V34, true;
    NUMBER_OF_MESSAGES = 0x0304, "number_of_messages", 1..=1, V34, false;
    CALLBACK_NUM = 0x0381, "callback_num", 4..=19, V34, true;
    DPF_RESULT = 0x0420, "dpf_result", 1..=1, V34, false;
    SET_DPF = 0x0421, "set_dpf", 1..=1, V34, false;
    MS_AVAILABILITY_STATUS = 0x0422, "ms_availability_status", 1..=1, V34, false;
    NETWORK_ERROR_CODE = 0x0423, "network_error_code", 3..=3, V34, false;
    MESSAGE_PAYLOAD = 0x0424, "message_payload", 0..=65535, V34, false;
    DELIVERY_FAILURE_REASON = 0x0425, "delivery_failure_reason", 1..=1, V34, false;
    MORE_MESSAGES_TO_SEND = 0x0426, "more_messages_to_send", 1..=1, V34, false;
    MESSAGE_STATE = 0x0427, "message_state", 1..=1, V34, false;
    CONGESTION_STATE = 0x0428, "congestion_state", 1..=1, V50, false;
    USSD_SERVICE_OP = 0x0501, "ussd_service_op", 1..=1, V34, false;
    BROADCAST_CHANNEL_INDICATOR = 0x0600, "broadcast_channel_indicator", 1..=1, V50, false;
    BROADCAST_CONTENT_TYPE = 0x0601, "broadcast_content_type", 3..=3, V50, false;
    BROADCAST_CONTENT_TYPE_INFO = 0x0602, "broadcast_content_type_info", 1..=255, V50, false;
    BROADCAST_MESSAGE_CLASS = 0x0603, "broadcast_message_class", 1..=1, V50, false;
    BROADCAST_REP_NUM = 0x0604, "broadcast_rep_num", 2..=2, V50, false;
    BROADCAST_FREQUENCY_INTERVAL = 0x0605, "broadcast_frequency_interval", 3..=3, V50, false;
    BROADCAST_AREA_IDENTIFIER = 0x0606, "broadcast_area_identifier", 1..=101, V50, true;
    BROADCAST_ERROR_STATUS = 0x0607, "broadcast_error_status", 4..=4, V50, true;
    BROADCAST_AREA_SUCCESS = 0x0608, "broadcast_area_success", 1..=1, V50, true;
    BROADCAST_END_TIME = 0x0609, "broadcast_end_time", 16..=17, V50, false;
    BROADCAST_SERVICE_GROUP = 0x060A, "broadcast_service_group", 1..=255, V50, false;
    BILLING_IDENTIFICATION = 0x060B, "billing_identification", 1..=1024, V50, false;
    SOURCE_NETWORK_ID = 0x060D, "source_network_id", 7..=65, V50, false;
    DEST_NETWORK_ID = 0x060E, "dest_network_id", 7..=65, V50, false;
    SOURCE_NODE_ID = 0x060F, "source_node_id", 6..=6, V50, false;
    DEST_NODE_ID = 0x0610, "dest_node_id", 6..=6, V50, false;
    DEST_ADDR_NP_RESOLUTION = 0x0611, "dest_addr_np_resolution", 1..=1, V50, false;
    DEST_ADDR_NP_INFORMATION = 0x0612, "dest_addr_np_information", 10..=10, V50, false;
    DEST_ADDR_NP_COUNTRY = 0x0613, "dest_addr_np_country", 1..=5, V50, false;
    DISPLAY_TIME = 0x1201, "display_time", 1..=1, V34, false;
    SMS_SIGNAL = 0x1203, "sms_signal", 2..=2, V34, false;
    MS_VALIDITY = 0x1204, "ms_validity", 1..=4, V34, false;
    ALERT_ON_MESSAGE_DELIVERY = 0x130C, "alert_on_message_delivery", 0..=1, V34, false;
    ITS_REPLY_TYPE = 0x1380, "its_reply_type", 1..=1, V34, false;
    ITS_SESSION_INFO = 0x1383, "its_session_info", 2..=2, V34, false;
}

/// One above the largest known tag.
const END: usize = 0x1384;

/// Row in [`KNOWN`] plus one, by tag; 0 for tags that are not known. Five kilobytes of which a message touches two or
/// three lines; a search in the table costs more than the rest of the TLV.
static ROWS: [u8; END] = {
    let mut rows = [0; END];
    let mut row = 0;
    while row < ORDER.len() {
        rows[ORDER[row] as usize] = row as u8 + 1;
        row += 1;
    }
    rows
};

/// The row of a tag and its number, which is below 64.
#[inline]
pub(super) fn known(tag: u16) -> Option<(usize, &'static Known)> {
    let row = usize::from(*ROWS.get(usize::from(tag))?).checked_sub(1)?;
    Some((row, KNOWN.get(row)?))
}
