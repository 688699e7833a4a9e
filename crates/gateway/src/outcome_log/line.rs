//! A line of the outcome log.

use std::borrow::Cow;
use std::collections::HashMap;

use directory::{Directory, ShownNumbers};
use engine::{ConnectorId, CustomerId, Ending, FinalOutcome};
use jiff::Timestamp;
use peer::MessageIdForm;
use serde::Serialize;
use smpp::status::Status;
use sms::Wall;

/// Digits that are shown of a number of which not all are.
const SHOWN: usize = 4;

/// What customers and connectors are called, and how customers write their ids.
#[derive(Debug, Default)]
pub(super) struct Names {
    customers: HashMap<CustomerId, String>,
    connectors: HashMap<ConnectorId, String>,
    forms: HashMap<CustomerId, MessageIdForm>,
}

/// The keys, in their order. Each line has all of them.
#[derive(Serialize)]
struct Line<'a> {
    done: String,
    customer: Cow<'a, str>,
    message_id: String,
    /// In decimal; a text, for not every reader of JSON has numbers so large.
    key: String,
    part: Option<u8>,
    parts: Option<u8>,
    source: Option<String>,
    destination: Option<String>,
    connector: Cow<'a, str>,
    carrier_id: Option<Cow<'a, str>>,
    state: &'static str,
    cause: &'static str,
    error: Option<Cow<'a, str>>,
    accepted: String,
    sent: Option<String>,
    refusals: u8,
    sent_again: u8,
}

impl Names {
    pub(super) fn of(directory: &Directory) -> Names {
        let (customers, connectors) = directory.numbers();
        let accounts = directory.accounts.iter();
        Names {
            customers: customers
                .into_iter()
                .map(|(name, id)| (id, name.to_owned()))
                .collect(),
            connectors: connectors
                .into_iter()
                .map(|(name, id)| (id, name.to_owned()))
                .collect(),
            forms: accounts
                .map(|account| (account.customer, account.delivering.message_id))
                .collect(),
        }
    }

    /// Of one that has been removed: its number.
    fn customer(&self, id: CustomerId) -> Cow<'_, str> {
        let name = self.customers.get(&id);
        name.map_or_else(|| id.0.to_string().into(), |name| name.into())
    }

    fn connector(&self, id: ConnectorId) -> Cow<'_, str> {
        let name = self.connectors.get(&id);
        name.map_or_else(|| id.0.to_string().into(), |name| name.into())
    }
}

/// Appends the line of `outcome`.
pub(super) fn write(
    outcome: &FinalOutcome<'_>,
    names: &Names,
    numbers: ShownNumbers,
    out: &mut Vec<u8>,
) {
    let facts = &outcome.facts;
    let form = names.forms.get(&facts.customer);
    let form = form.copied().unwrap_or(MessageIdForm::Decimal);
    let (cause, error) = cause(facts.ending);
    let carrier_id = Some(outcome.carrier_id).filter(|id| !id.is_empty());
    let line = Line {
        done: time(facts.done),
        customer: names.customer(facts.customer),
        message_id: peer::message_id(facts.told, form),
        key: facts.key.to_string(),
        part: facts.part.map(|(number, _)| number),
        parts: facts.part.map(|(_, total)| total),
        source: shown(outcome.source, numbers),
        destination: shown(outcome.destination, numbers),
        connector: names.connector(facts.connector),
        carrier_id: carrier_id.map(String::from_utf8_lossy),
        state: facts.state.word(),
        cause,
        error,
        accepted: time(facts.key.minted()),
        sent: facts.sent.map(time),
        refusals: facts.refusals,
        sent_again: facts.doubts,
    };
    // Texts and numbers into memory: nothing of it can fail.
    let _ = serde_json::to_writer(&mut *out, &line);
    out.push(b'\n');
}

/// UTC, with milliseconds.
fn time(at: Wall) -> String {
    let at = i64::try_from(at.0).ok();
    let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
    format!("{:.3}", at.unwrap_or_default())
}

/// Why a message ended, and what its carrier said of it.
fn cause(ending: Ending) -> (&'static str, Option<Cow<'static, str>>) {
    let cause = match ending {
        Ending::Receipt(err) => {
            let err = String::from_utf8_lossy(&err).into_owned();
            return ("receipt", Some(err.into()));
        }
        Ending::Refused(status) => return ("refused", Some(status_name(status))),
        Ending::Expired => "expired",
        Ending::NoRoute => "no_route",
        Ending::Unanswered => "unanswered",
        Ending::NoReceipt => "no_receipt",
        Ending::Taken => "taken",
        Ending::NoCredit => "no_credit",
        Ending::OverDailyLimit => "over_daily_limit",
        Ending::Cancelled => "cancelled",
        Ending::Incomplete => "incomplete",
        Ending::Purged => "purged",
    };
    (cause, None)
}

/// As the specification spells it; others are numbers.
fn status_name(status: u32) -> Cow<'static, str> {
    let name = Status(status).name();
    if name.starts_with("ESME_") {
        name.into()
    } else {
        format!("0x{status:08X}").into()
    }
}

/// What is written of an address. A name of letters is nobody's number.
fn shown(address: &[u8], numbers: ShownNumbers) -> Option<String> {
    let address = String::from_utf8_lossy(address);
    let is_name = address.chars().any(char::is_alphabetic);
    match numbers {
        ShownNumbers::None => None,
        ShownNumbers::Last4 if !is_name => {
            let hidden = address.chars().count().saturating_sub(SHOWN);
            let shown = address.chars().enumerate();
            Some(
                shown
                    .map(|(at, digit)| if at < hidden { '*' } else { digit })
                    .collect(),
            )
        }
        ShownNumbers::Last4 | ShownNumbers::All => Some(address.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use engine::{Facts, MessageKey};
    use sms::State;

    use super::*;

    fn outcome(ending: Ending) -> FinalOutcome<'static> {
        FinalOutcome {
            source: b"Acme",
            destination: b"447700901234",
            carrier_id: b"ab1",
            facts: Facts {
                customer: CustomerId(7),
                told: MessageKey(99).into(),
                key: MessageKey(99),
                connector: ConnectorId(8),
                state: State::Delivered,
                ending,
                sent: Some(Wall(1_795_262_400_050)),
                done: Wall(1_795_262_401_000),
                part: Some((2, 3)),
                refusals: 1,
                doubts: 0,
            },
        }
    }

    fn line(outcome: &FinalOutcome<'_>, numbers: ShownNumbers) -> String {
        let mut out = Vec::new();
        write(outcome, &Names::default(), numbers, &mut out);
        String::from_utf8(out).expect("a text")
    }

    #[test]
    fn a_line_has_all_that_is_known() {
        let accepted = time(MessageKey(99).minted());
        let expected = format!(
            "{{\"done\":\"2026-11-21T12:00:01.000Z\",\"customer\":\"7\",\"message_id\":\"99\",\"key\":\"99\",\"part\":2,\"parts\":3,\
             \"source\":\"Acme\",\"destination\":\"********1234\",\"connector\":\"8\",\"carrier_id\":\"ab1\",\"state\":\"DELIVRD\",\
             \"cause\":\"receipt\",\"error\":\"000\",\"accepted\":\"{accepted}\",\"sent\":\"2026-11-21T12:00:00.050Z\",\
             \"refusals\":1,\"sent_again\":0}}\n"
        );
        let outcome = outcome(Ending::Receipt(*b"000"));
        assert_eq!(line(&outcome, ShownNumbers::Last4), expected);
    }

    #[test]
    fn numbers_are_shown_as_far_as_is_wanted() {
        let shown = |address: &[u8], numbers| shown(address, numbers);
        let all = [
            shown(b"447700901234", ShownNumbers::All),
            shown(b"447700901234", ShownNumbers::Last4),
            shown(b"1234", ShownNumbers::Last4),
            shown(b"", ShownNumbers::Last4),
            shown(b"Acme", ShownNumbers::Last4),
            shown(b"Acme", ShownNumbers::None),
            shown(b"447700901234", ShownNumbers::None),
        ];
        let expected = [
            Some("447700901234"),
            Some("********1234"),
            Some("1234"),
            Some(""),
            Some("Acme"),
            None,
            None,
        ];
        assert_eq!(all.each_ref().map(Option::as_deref), expected);
    }

    #[test]
    fn a_refusal_is_called_as_the_specification_does() {
        let refused = |status| cause(Ending::Refused(status)).1;
        assert_eq!(refused(0x0B).as_deref(), Some("ESME_RINVDSTADR"));
        assert_eq!(refused(0x401).as_deref(), Some("0x00000401"));
        assert_eq!(cause(Ending::NoRoute), ("no_route", None));
    }
}
