//! The forms in which a carrier writes one id: in its response, and in the receipt.

use crate::entry::CarrierId;

/// How the ids in a carrier's receipts are written, compared with those in its responses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReceiptIds {
    /// However it turns out: alike, or in one of the other forms as long as the destination agrees. What has been found
    /// often enough is kept to.
    #[default]
    Learned,
    /// Exactly alike.
    Alike,
    /// Alike, or in this form if the destination agrees.
    Other(IdForm),
}

/// Another form of the same number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdForm {
    /// With more or fewer leading zeros.
    Zeros,
    /// Responses are decimal, receipts hexadecimal.
    Hex,
    /// Responses are hexadecimal, receipts decimal.
    Decimal,
}

/// After so many finds in one form, and none as written, only that form is looked for.
const ENOUGH: u8 = 20;

/// The form that a carrier's receipts have turned out to have. Only ever a help to decide; what was decided is in the records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Learned {
    form: Option<IdForm>,
    finds: u8,
}

impl IdForm {
    const ALL: [IdForm; 3] = [IdForm::Zeros, IdForm::Hex, IdForm::Decimal];

    /// The id of a receipt as the response had it; `None` if it is no number, which is never converted.
    pub(crate) fn in_response(self, id: &CarrierId) -> Option<CarrierId> {
        match self {
            IdForm::Zeros => Some(id.clone()),
            IdForm::Hex => decimal(id),
            IdForm::Decimal => hexadecimal(id),
        }
    }

    /// The id of a response as the receipt will have it; `None` if it is no number.
    pub(crate) fn in_receipt(self, id: &CarrierId) -> Option<CarrierId> {
        match self {
            IdForm::Zeros => Some(id.clone()),
            IdForm::Hex => hexadecimal(id),
            IdForm::Decimal => decimal(id),
        }
    }
}

impl Learned {
    /// The forms that are worth a look under these rules.
    pub(crate) fn forms(self, rules: ReceiptIds) -> impl Iterator<Item = IdForm> {
        let only = match rules {
            ReceiptIds::Alike => &[][..],
            ReceiptIds::Other(IdForm::Zeros) => &[IdForm::Zeros],
            ReceiptIds::Other(IdForm::Hex) => &[IdForm::Hex],
            ReceiptIds::Other(IdForm::Decimal) => &[IdForm::Decimal],
            ReceiptIds::Learned => &IdForm::ALL,
        };
        let learned = self.form.filter(|_| self.finds >= ENOUGH);
        only.iter().copied().filter(move |&form| {
            rules != ReceiptIds::Learned || learned.is_none_or(|it| it == form)
        })
    }

    /// A receipt was found in this form, and its destination agreed.
    pub(crate) fn found(&mut self, form: IdForm) {
        if self.form != Some(form) {
            *self = Learned {
                form: Some(form),
                finds: 0,
            };
        }
        self.finds = self.finds.saturating_add(1);
    }

    /// A receipt was found as written: if the form would have changed its id, that was not the carrier's form.
    pub(crate) fn found_as_written(&mut self, id: &CarrierId) {
        let kept = |form: IdForm| form.in_response(id).as_ref() == Some(id);
        if self.form.is_some_and(|form| !kept(form)) {
            *self = Learned::default();
        }
    }
}

/// A decimal number of at most 64 bits, in hexadecimal.
fn hexadecimal(id: &CarrierId) -> Option<CarrierId> {
    Some(written(number(id, 10)?, 16))
}

/// A hexadecimal number of at most 64 bits, in decimal.
fn decimal(id: &CarrierId) -> Option<CarrierId> {
    Some(written(number(id, 16)?, 10))
}

fn number(id: &CarrierId, radix: u32) -> Option<u64> {
    let text = core::str::from_utf8(id.octets()).ok()?;
    // A sign is no digit.
    let digits = text.bytes().all(|octet| octet.is_ascii_hexdigit());
    u64::from_str_radix(text, radix).ok().filter(|_| digits)
}

/// Without an allocation: a number of 64 bits has at most 20 digits.
fn written(mut number: u64, radix: u64) -> CarrierId {
    let mut text = [0; 20];
    let mut start = text.len();
    loop {
        start -= 1;
        text[start] = b"0123456789abcdef"[(number % radix) as usize];
        number /= radix;
        if number == 0 {
            return CarrierId::new(&text[start..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CarrierId {
        CarrierId::new(text.as_bytes())
    }

    #[test]
    fn numbers_are_converted_and_text_is_not() {
        let hex = IdForm::Hex;
        assert_eq!(hex.in_receipt(&id("1234")), Some(id("4d2")));
        assert_eq!(hex.in_response(&id("4D2")), Some(id("1234")));
        assert_eq!(hex.in_response(&id("000004d2")), Some(id("1234")));
        assert_eq!(IdForm::Decimal.in_response(&id("1234")), Some(id("4d2")));
        let most = id("18446744073709551615");
        assert_eq!(hex.in_receipt(&most), Some(id("ffffffffffffffff")));
        assert_eq!(hex.in_response(&id("ffffffffffffffff")), Some(most));
        assert_eq!(hex.in_receipt(&id("000")), Some(id("0")));
        for text in ["18446744073709551616", "+1234", "4d2", "12-34", ""] {
            assert_eq!(hex.in_receipt(&id(text)), None, "{text}");
        }
        for text in ["10000000000000000", "4g", "0x4d2", "+4d2"] {
            assert_eq!(hex.in_response(&id(text)), None, "{text}");
        }
    }

    #[test]
    fn what_was_found_often_enough_is_kept_to_until_it_is_contradicted() {
        let forms = |learned: Learned| learned.forms(ReceiptIds::Learned).collect::<Vec<_>>();
        let mut learned = Learned::default();
        for _ in 0..ENOUGH - 1 {
            learned.found(IdForm::Hex);
        }
        assert_eq!(forms(learned), IdForm::ALL);
        learned.found(IdForm::Hex);
        assert_eq!(forms(learned), [IdForm::Hex]);
        // "7" is the same either way.
        learned.found_as_written(&id("7"));
        assert_eq!(forms(learned), [IdForm::Hex]);
        learned.found_as_written(&id("17"));
        assert_eq!(forms(learned), IdForm::ALL);
    }

    #[test]
    fn a_find_in_another_form_begins_anew() {
        let mut learned = Learned::default();
        for _ in 0..ENOUGH - 1 {
            learned.found(IdForm::Hex);
        }
        learned.found(IdForm::Zeros);
        learned.found(IdForm::Hex);
        assert_eq!(learned.forms(ReceiptIds::Learned).count(), 3);
    }

    #[test]
    fn what_the_profile_says_stands_over_what_was_learned() {
        let mut learned = Learned::default();
        for _ in 0..ENOUGH {
            learned.found(IdForm::Hex);
        }
        assert_eq!(learned.forms(ReceiptIds::Alike).count(), 0);
        let decimal = ReceiptIds::Other(IdForm::Decimal);
        assert!(learned.forms(decimal).eq([IdForm::Decimal]));
    }
}
