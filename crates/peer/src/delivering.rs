//! How a customer is told what became of its messages, and what subscribers wrote.

use engine::Cause;
use sms::State;

/// How a customer is told.
#[derive(Clone, Debug)]
pub struct Delivering {
    /// How `message_id` is written in answers.
    pub message_id: MessageIdForm,
    /// How receipts look.
    pub receipts: ReceiptForm,
    /// In which characters it gets messages of subscribers.
    pub mo_alphabet: MoAlphabet,
    /// The TLV of an MO that holds the message_id of the message it answers (BUL-F6); none: it is not told. Peers of 3.3 get none.
    pub mo_link_tlv: Option<u16>,
    /// `ESME_RX_P_APPN` and `ESME_RX_R_APPN` end a delivery; else it is tried again after every status but 0.
    pub permanent_refusals: bool,
}

/// How `message_id` is written. A 3.3 bind always gets 8 upper-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageIdForm {
    /// Decimal without padding.
    Decimal,
    /// 16 lower-case hexadecimal digits.
    Hex,
}

/// In which characters a customer gets messages of subscribers. What is no text stays as it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoAlphabet {
    /// As the subscriber's handset sent them, by the book: 0 is GSM 7-bit, 1 ASCII, 3 Latin-1, 8 UCS-2.
    AsReceived,
    /// The same, unless the customer means something else by that value: then in its default alphabet, in Latin-1 or in UCS-2,
    /// whichever first has all of the text.
    Readable,
    /// In the basic characters of GSM 03.38 without the Greek ones, `?` for every other, and without user data header.
    GsmBasic,
}

/// How receipts look. Which there are is the engine's to say.
#[derive(Clone, Debug)]
pub struct ReceiptForm {
    /// How `message_id` is written in them; none: as in answers.
    pub message_id: Option<MessageIdForm>,
    /// How much of the text of SMPP 3.4, appendix B, they have. Without TLVs it is there in any case.
    pub text: ReceiptText,
    /// Their TLVs, to binds of 3.4 and up.
    pub tlvs: ReceiptTlvs,
    /// Offset of their dates from UTC, in quarter hours east, -48 to 48.
    pub offset_quarters: i8,
    /// Their dates have seconds: 12 digits instead of 10.
    pub seconds: bool,
    /// What stands in their `err`.
    pub err: ErrMap,
}

/// How much text a receipt has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReceiptText {
    /// All of it, with the first 20 characters of the message.
    Excerpt,
    /// All of it, with nothing of the message.
    Empty,
    /// None: its TLVs say it.
    None,
}

/// A set of the TLVs that a receipt can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReceiptTlvs {
    /// receipted_message_id (0x001E).
    pub message_id: bool,
    /// message_state (0x0427).
    pub state: bool,
    /// network_error_code (0x0423), where err is a number.
    pub network_error: bool,
}

/// What stands in the err of receipts, in place of the carrier's three characters: the first row that fits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ErrMap {
    rows: Vec<(ErrOf, Box<str>)>,
}

/// What a row of an [`ErrMap`] is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrOf {
    /// Receipts with this cause: a code of the carrier, or a decision of this gateway.
    Cause(Cause),
    /// Receipts of this state.
    State(State),
}

impl ReceiptTlvs {
    /// All three.
    pub const ALL: ReceiptTlvs = ReceiptTlvs {
        message_id: true,
        state: true,
        network_error: true,
    };

    /// None of them.
    pub const NONE: ReceiptTlvs = ReceiptTlvs {
        message_id: false,
        state: false,
        network_error: false,
    };
}

impl ErrMap {
    /// The rows, each with what it puts into err: 1 to 16 characters, three by custom. Rows for causes stand before rows for
    /// states, whatever their order here, for they are more specific.
    pub fn new(rows: impl IntoIterator<Item = (ErrOf, Box<str>)>) -> ErrMap {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|(of, _)| matches!(of, ErrOf::State(_)));
        ErrMap { rows }
    }

    /// The rows, causes first.
    pub fn rows(&self) -> impl Iterator<Item = (ErrOf, &str)> {
        self.rows.iter().map(|(of, err)| (*of, &**err))
    }

    /// The err of a receipt; none: the map does not say.
    pub(crate) fn err(&self, state: State, cause: Cause) -> Option<&str> {
        let fits = |of: ErrOf| match of {
            ErrOf::Cause(named) => named == cause,
            ErrOf::State(named) => named == state,
        };
        self.rows().find(|&(of, _)| fits(of)).map(|(_, err)| err)
    }
}

impl Default for Delivering {
    fn default() -> Delivering {
        Delivering {
            message_id: MessageIdForm::Decimal,
            receipts: ReceiptForm::default(),
            mo_alphabet: MoAlphabet::Readable,
            mo_link_tlv: None,
            permanent_refusals: true,
        }
    }
}

impl Default for ReceiptForm {
    fn default() -> ReceiptForm {
        ReceiptForm {
            message_id: None,
            text: ReceiptText::Excerpt,
            tlvs: ReceiptTlvs::ALL,
            offset_quarters: 0,
            seconds: false,
            err: ErrMap::default(),
        }
    }
}

impl Delivering {
    /// How `message_id` is written in receipts.
    pub(crate) fn receipt_id(&self) -> MessageIdForm {
        self.receipts.message_id.unwrap_or(self.message_id)
    }
}
