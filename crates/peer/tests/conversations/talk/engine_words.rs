//! What the engine hears and says, as words.

use engine::{
    Answer, Ask, BindId, Cause, Delivery, Group, Input, Inputs, MessageKey, Origin, Outcome,
    Output, Outputs, Refusal, Told, Wish,
};
use smpp::tlv::Tlvs;
use sms::{Message, State, Wall};

use super::START;
use super::words::{self, Words};

/// Adds what a line says: `bound 5`, `accepted 2 #42`, `send 9 #42 from=.. to=.. text=..`.
pub(super) fn put_output(line: &str, at: Origin, batch: &mut Outputs) {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let named = |sequence: &str| Origin {
        sequence: words::number(sequence),
        ..at
    };
    let output = match verb {
        // As many as it says.
        "alerts" => {
            let body = put_message(rest, batch);
            (1..words::number(number)).for_each(|_| batch.push(Output::Alert { to: at, body }));
            Output::Alert { to: at, body }
        }
        "bound" => Output::Bound {
            origin: at,
            bind: BindId(u64::from(words::number(number))),
        },
        "accepted" => Output::Accepted {
            origin: named(number),
            told: told(rest),
        },
        "answers" => Output::Answer {
            origin: named(number),
            answer: answer(rest),
        },
        "unreached" => {
            let (address, why) = rest.split_once(' ').expect("an address and a refusal");
            Output::Unreached {
                origin: named(number),
                destination: batch.put_address(words::address(address.as_bytes())),
                refusal: refusal(why),
            }
        }
        "refused" => Output::Refused {
            origin: named(number),
            refusal: refusal(rest),
        },
        "acknowledge" => Output::Acknowledge {
            origin: named(number),
            refusal: (!rest.is_empty()).then(|| refusal(rest)),
        },
        "probe" => Output::Probe { to: at },
        "close" => Output::Close { to: at },
        "send" => {
            let (told, message) = rest.split_once(' ').expect("a key and a message");
            Output::Send {
                to: at,
                token: u64::from(words::number(number)),
                key: key(told),
                expires: Wall(START.0 + 24 * 3_600_000),
                body: put_message(message, batch),
            }
        }
        "deliver" => {
            let (what, message) = delivery(rest);
            Output::Deliver {
                to: at,
                token: u64::from(words::number(number)),
                what,
                body: put_message(message, batch),
            }
        }
        _ => panic!("the engine cannot say {line}"),
    };
    batch.push(output);
}

/// `#42 DELIVRD 000 +60s`, `cancelled` or `replaced`.
fn answer(line: &str) -> Answer {
    match line {
        "cancelled" => return Answer::Cancelled,
        "replaced" => return Answer::Replaced,
        _ => {}
    }
    let parts: Vec<&str> = line.split(' ').collect();
    let seconds = |text: &str| {
        let number = text.trim_matches(['+', 's']);
        number.parse::<u64>().expect("+60s")
    };
    Answer::State {
        told: told(parts[0]),
        state: State::from_word(parts[1].as_bytes()).expect("a state"),
        cause: Cause::Code(parts[2].as_bytes().try_into().expect("three characters")),
        since: parts.get(3).map(|at| Wall(START.0 + seconds(at) * 1000)),
    }
}

/// `mo ..`, `reply #41 ..` or `receipt #42 DELIVRD 000 ..`, and the message; ENROUTE and SCHEDLD are on the way unless there is a `!` behind
/// the state.
fn delivery(line: &str) -> (Delivery, &str) {
    if let Some(message) = line.strip_prefix("mo ") {
        return (Delivery::Mo { answers: None }, message);
    }
    if let Some(rest) = line.strip_prefix("reply ") {
        let (answered, message) = rest.split_once(' ').expect("reply #KEY MESSAGE");
        let answers = Some(told(answered));
        return (Delivery::Mo { answers }, message);
    }
    let mut parts = line.splitn(5, ' ');
    assert_eq!(parts.next(), Some("receipt"), "{line}");
    let mut part = || parts.next().expect("receipt #KEY STATE ERR MESSAGE");
    let told = told(part());
    let word = part();
    let state = State::from_word(word.trim_end_matches('!').as_bytes()).expect("a state");
    let receipt = Delivery::Receipt {
        told,
        state,
        is_last: word.ends_with('!') || !matches!(state, State::Scheduled | State::Enroute),
        cause: cause(part()),
        submitted: START,
        done: Wall(START.0 + 60_000),
    };
    (receipt, part())
}

/// Three characters of a carrier, or a decision of the engine.
fn cause(word: &str) -> Cause {
    match word {
        "no_route" => Cause::NoRoute,
        "no_credit" => Cause::NoCredit,
        "over_daily_limit" => Cause::OverDailyLimit,
        code => Cause::Code(code.as_bytes().try_into().expect("three characters")),
    }
}

fn put_message(line: &str, batch: &mut Outputs) -> engine::Span {
    let words = Words::new(line);
    let tlvs = words.tlvs();
    let message = Message {
        service_type: words.text("type"),
        source: words.address("from"),
        destination: words.address("to"),
        esm_class: words.number("esm"),
        protocol_id: words.number("pid"),
        priority: words.number("priority"),
        registered_delivery: words.number("rd"),
        data_coding: words.number("dcs"),
        default_message_id: words.number("default"),
        text: words.text("text"),
        tlvs: &tlvs,
    };
    let mut octets = Vec::new();
    message.encode(&mut octets);
    batch.put(&octets)
}

/// `#42`, or an alias such as `10001005`.
fn told(text: &str) -> Told {
    if text.starts_with('#') {
        return key(text).into();
    }
    let alias = u32::from_str_radix(text, 16).expect("hexadecimal digits");
    Told::from_alias(alias).expect("an alias")
}

fn key(text: &str) -> MessageKey {
    let digits = text.strip_prefix('#').expect("#key");
    MessageKey(digits.parse().expect("a key"))
}

fn refusal(name: &str) -> Refusal {
    [
        Refusal::Full,
        Refusal::Throttled,
        Refusal::NoRoute,
        Refusal::TooManyBinds,
        Refusal::NotAllowed,
        Refusal::NoCredit,
        Refusal::OverDailyLimit,
        Refusal::Expired,
        Refusal::Draining,
        Refusal::UnknownMessage,
        Refusal::TooLate,
        Refusal::Fault,
    ]
    .into_iter()
    .find(|refusal| format!("{refusal:?}") == name)
    .unwrap_or_else(|| panic!("no refusal is called {name}"))
}

/// An input in words.
pub(super) fn input_line(input: &Input, batch: &Inputs) -> String {
    match input {
        Input::Bind {
            customer,
            kind,
            group,
            window,
            ..
        } => format!(
            "bind customer={} {} window={window}{}",
            customer.0,
            format!("{kind:?}").to_lowercase(),
            group_word(*group)
        ),
        Input::Connected {
            connector,
            transmits,
            window,
            ..
        } => format!(
            "connected connector={} transmits={transmits} window={window}",
            connector.0
        ),
        Input::Alive(bind) => format!("alive {}", bind.0),
        Input::Retiring(bind) => format!("retiring {}", bind.0),
        Input::Unbound(bind) => format!("unbound {}", bind.0),
        Input::AlertDropped => "alert dropped".to_owned(),
        Input::Submit(draft) => {
            let message = message_words(batch.get(draft.body));
            let mut line = format!("submit {} bind={}", draft.origin.sequence, draft.bind.0);
            line += &group_word(draft.group);
            line += if draft.alias { " alias" } else { "" };
            line += if draft.by_address { " named" } else { "" };
            line += if draft.replaces { " replaces" } else { "" };
            line += &words::numbers(&[("lane", draft.priority), ("wants", draft.wants.0)]);
            line += &moment(" due", draft.due);
            line += &moment(" expires", draft.expires);
            if let Some(part) = draft.part {
                line += &format!(" part={}/{}", part.sequence, part.total);
            }
            line += &to_all(batch.get(draft.to_all));
            if let Some(alphabet) = draft.long {
                line += &format!(" long={alphabet:?}");
            }
            line + &message
        }
        Input::Ask(ask) => ask_line(ask, batch),
        Input::Sent { token, outcome, .. } => {
            format!("sent {token} {}", outcome_words(outcome, batch))
        }
        Input::Loaded { load, .. } => format!("loaded {load}"),
        Input::Delivered { token, outcome, .. } => {
            format!("delivered {token} {}", outcome_words(outcome, batch))
        }
        _ => carrier_line(input, batch),
    }
}

/// What a customer wants of messages that it submitted.
fn ask_line(ask: &Ask, batch: &Inputs) -> String {
    let verb = match ask.wish {
        Wish::State => "query",
        Wish::Cancel => "cancel",
        Wish::Replace(_) => "replace",
    };
    let mut line = format!("{verb} {}", ask.origin.sequence);
    line += &ask
        .told
        .map_or_else(String::new, |told| format!(" {told:?}"));
    for (name, span) in [
        ("type", ask.service_type),
        ("from", ask.source),
        ("to", ask.destination),
    ] {
        let octets = batch.get(span);
        if !octets.is_empty() {
            line += &format!(" {name}={}", octets.escape_ascii());
        }
    }
    if let Wish::Replace(new) = &ask.wish {
        line += &words::numbers(&[("rd", new.registered_delivery), ("wants", new.wants.0)]);
        line += &moment(" due", new.due);
        line += &moment(" expires", new.expires);
        line += &words::text_words("text", batch.get(new.text));
    }
    line
}

/// The destinations of a submit_multi.
fn to_all(octets: &[u8]) -> String {
    let words: Vec<String> = engine::addresses(octets)
        .map(|to| format!("{}/{}/{to}", to.ton, to.npi))
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" to_all={}", words.join(","))
    }
}

/// The group, where it is not the one of those that name none.
fn group_word(group: Group) -> String {
    if group == Group::default() {
        String::new()
    } else {
        format!(" group={group}")
    }
}

/// What a carrier brought.
fn carrier_line(input: &Input, batch: &Inputs) -> String {
    if let Input::Mo { origin, body, .. } = input {
        return format!("mo {}{}", origin.sequence, message_words(batch.get(*body)));
    }
    if let Input::Alert { body, .. } = input {
        return format!("alert{}", message_words(batch.get(*body)));
    }
    let Input::Receipt {
        origin, receipt, ..
    } = input
    else {
        panic!("a peer does not say {input:?}");
    };
    format!(
        "receipt {} id=\"{}\" to={} {} err={}{}",
        origin.sequence,
        batch.get(receipt.id).escape_ascii(),
        batch.get(receipt.destination).escape_ascii(),
        receipt.state.word(),
        receipt.err.escape_ascii(),
        moment(" done", receipt.done)
    )
}

fn outcome_words(outcome: &Outcome, batch: &Inputs) -> String {
    match outcome {
        Outcome::Accepted { id } => format!("accepted id=\"{}\"", batch.get(*id).escape_ascii()),
        Outcome::Refused { class, code } => format!("refused {class:?} {code:#04x}"),
        Outcome::Silent => "silent".to_owned(),
        Outcome::Unsent => "unsent".to_owned(),
    }
}

/// Seconds from the start of the conversation.
fn moment(name: &str, at: Option<Wall>) -> String {
    at.map_or_else(String::new, |at| {
        format!("{name}={:+}s", (at.0 as i64 - START.0 as i64) / 1000)
    })
}

fn message_words(octets: &[u8]) -> String {
    let message = Message::decode(octets).expect("a whole message");
    let mut line = String::new();
    if !message.service_type.is_empty() {
        line += &format!(" type={}", message.service_type.escape_ascii());
    }
    line += &words::address_words(message.source, message.destination);
    line += &words::numbers(&[
        ("esm", message.esm_class),
        ("pid", message.protocol_id),
        ("priority", message.priority),
        ("rd", message.registered_delivery),
        ("dcs", message.data_coding),
        ("default", message.default_message_id),
    ]);
    line += &words::text_words("text", message.text);
    line + &words::tlv_words(Tlvs::parse(message.tlvs).expect("well-formed TLVs"))
}
