//! `bindery ctl message`: what happened to one message.
//!
//! The journal is read by this process, not by the gateway: nothing there stops for it, and it can be read when no gateway runs.

use std::io;
use std::path::Path;

use engine::{Fact, Happened, Journey, PastEnd, Sought};
use journal::{Look, Position};
use serde_json::{Map, Value};
use sms::Wall;
use sms::time::receipt_date_seconds;

use super::names::Names;
use crate::orders::Refused;

/// How a journey begins that leads from a carrier to a customer.
const MO: &str = "came from a subscriber";

/// How often what is read may be gone meanwhile.
const READS_MAX: usize = 3;

type Failure = Box<dyn std::error::Error>;

const EXAMPLES: &str = "\
Examples:
  bindery ctl message 8345012345678901248
      What happened to the message that its customer knows by this message_id
  bindery ctl message 0A1B2C3D --carrier north
      The same by the id that a carrier gave it
  bindery ctl message 8345012345678901248 --json --text | jq -r .what";

/// What happened to one message: every record of it, with its time
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Its message_id in decimal or hexadecimal digits, as its customer was told it
    id: String,
    /// The id is what this carrier calls it
    #[arg(long, value_name = "CARRIER")]
    carrier: Option<String>,
    /// Show the text too
    #[arg(long)]
    text: bool,
}

impl Args {
    /// What happened, for people or as an object a line.
    ///
    /// # Errors
    /// There is no such message, or the journal cannot be read.
    pub(super) fn run(
        &self,
        data_dir: &Path,
        names: &Names,
        json: bool,
    ) -> Result<String, Refused> {
        let (happened, ends) = self.found(data_dir, names)?;
        let shown = Shown {
            names,
            text: self.text,
        };
        let ended = happened.iter().any(|it| it.what == "ended");
        let past = ends.iter().filter(|_| !ended);
        let lines: Vec<String> = if json {
            let happened = happened.iter().map(|it| shown.object(it));
            happened
                .chain(past.map(|end| shown.past_object(end)))
                .collect()
        } else {
            let happened = happened.iter().map(|it| shown.line(it));
            happened
                .chain(past.map(|end| shown.past_line(end)))
                .collect()
        };
        Ok(lines.join("\n"))
    }

    /// What is known of it: never nothing.
    fn found(
        &self,
        data_dir: &Path,
        names: &Names,
    ) -> Result<(Vec<Happened>, Vec<PastEnd>), Refused> {
        let sought = self.sought(names)?;
        let numbers = match &sought {
            Sought::Number(numbers) => numbers.clone(),
            Sought::CarrierId { .. } => Vec::new(),
        };
        let (happened, ends) = anew(|| read(data_dir, &sought, &numbers)).map_err(|error| {
            let dir = data_dir.display();
            Refused::not_now(format!(
                "the journal in {dir} cannot be read: {error}; name the data directory with --data-dir"
            ))
        })?;
        if happened.is_empty() && ends.is_empty() {
            return Err(Refused::wrong(format!(
                "neither the journal nor the history has a message that is called {}; with --carrier NAME \
                 it is looked for by a carrier's id",
                self.id
            )));
        }
        Ok((happened, ends))
    }

    fn sought(&self, names: &Names) -> Result<Sought, Refused> {
        if let Some(carrier) = &self.carrier {
            return Ok(Sought::CarrierId {
                id: self.id.clone(),
                connector: Some(names.carrier(carrier)?),
            });
        }
        let number = |radix| u64::from_str_radix(&self.id, radix).ok();
        let mut numbers: Vec<u64> = [10, 16].into_iter().filter_map(number).collect();
        numbers.dedup();
        if numbers.is_empty() || !self.id.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return Err(Refused::wrong(format!(
                "{} is no message_id: give its decimal or hexadecimal digits, or say with --carrier NAME whose id it is",
                self.id
            )));
        }
        Ok(Sought::Number(numbers))
    }
}

/// The customer and the destination of a message that the journal knows, as it travels.
///
/// # Errors
/// There is no such message, it came from a subscriber, or only its end is known.
pub(super) fn parties(
    id: &str,
    data_dir: &Path,
    names: &Names,
) -> Result<(String, String), Refused> {
    let args = Args {
        id: id.to_owned(),
        carrier: None,
        text: false,
    };
    let (happened, _) = args.found(data_dir, names)?;
    if happened.iter().any(|it| it.what.starts_with(MO)) {
        return Err(Refused::wrong(format!(
            "{id} came from a subscriber: no route takes it, its destination belongs to its customer"
        )));
    }
    let parties = happened.iter().find_map(|it| {
        let fact = |name| {
            let mut facts = it.facts.iter();
            facts.find_map(|(known, fact)| (*known == name).then(|| fact.clone()))
        };
        match (fact("customer")?, fact("destination")?) {
            (Fact::Customer(customer), Fact::Text(to)) => Some((names.customer_name(customer), to)),
            _ => None,
        }
    });
    parties.ok_or_else(|| {
        Refused::not_now(format!(
            "the journal knows no more of {id} than its end; say --from and --to"
        ))
    })
}

/// Reads, and once more when a file was gone: the gateway that runs there removes the oldest now and then.
fn anew<T>(mut read: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 1..READS_MAX {
        match read() {
            Err(error) if is_gone(&*error) => {}
            outcome => return outcome,
        }
    }
    read()
}

fn is_gone(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::NotFound)
}

/// What the journal and the history of a directory know.
fn read(
    data_dir: &Path,
    sought: &Sought,
    numbers: &[u64],
) -> Result<(Vec<Happened>, Vec<PastEnd>), Failure> {
    let look = Look::at(data_dir)?;
    let mut journey = walk(&look, sought, false)?;
    if !journey.has_beginning() {
        // It began before the journal that is kept.
        journey = walk(&look, sought, true)?;
    }
    let runs = look.runs()?;
    let mut ends = Vec::new();
    for &number in numbers {
        let rows = runs.find(&PastEnd::beginning(number))?;
        ends.extend(rows.iter().filter_map(PastEnd::read));
    }
    Ok((journey.happened(), ends))
}

/// Goes through all records twice, those of a snapshot first if they are wanted.
fn walk(look: &Look, sought: &Sought, snapshot: bool) -> Result<Journey, Failure> {
    let mut journey = Journey::new(sought.clone());
    each(look, snapshot, |records| {
        if journey.find(records) {
            Ok(())
        } else {
            Err("a newer version wrote it: use that one's bindery".into())
        }
    })?;
    each(look, snapshot, |records| {
        journey.follow(records);
        Ok(())
    })?;
    Ok(journey)
}

fn each(
    look: &Look,
    snapshot: bool,
    mut records: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut behind = Position(0);
    if let Some(mut snapshot) = look.snapshot()?.filter(|_| snapshot) {
        behind = snapshot.position();
        while let Some(block) = snapshot.next()? {
            records(block)?;
        }
    }
    let mut batches = look.batches();
    while let Some(batch) = batches.next()? {
        // The snapshot knows what those before it say.
        if batch.last > behind {
            records(batch.records)?;
        }
    }
    Ok(())
}

/// How it is shown.
struct Shown<'a> {
    names: &'a Names,
    text: bool,
}

impl Shown<'_> {
    fn line(&self, it: &Happened) -> String {
        let about = if it.is_exact { ' ' } else { '~' };
        let mut line = format!("{about}{} {} {}", time(it.at), it.key, it.what);
        for (name, fact) in &it.facts {
            line += &format!(" {name}={}", printable(&self.fact(fact)));
        }
        line
    }

    fn object(&self, it: &Happened) -> String {
        let mut object = Map::new();
        object.insert("message".to_owned(), it.message.to_string().into());
        object.insert("key".to_owned(), it.key.to_string().into());
        object.insert("at".to_owned(), time(it.at).into());
        object.insert("exact".to_owned(), it.is_exact.into());
        object.insert("what".to_owned(), it.what.into());
        for (name, fact) in &it.facts {
            let value = match fact {
                Fact::Number(number) if *number < 1 << 53 => Value::from(*number),
                fact => Value::from(self.fact(fact)),
            };
            object.insert((*name).to_owned(), value);
        }
        Value::Object(object).to_string()
    }

    fn past_line(&self, end: &PastEnd) -> String {
        format!(
            " {} - ended (the history has no more) customer={} state={}",
            time(end.at),
            self.names.customer_name(end.customer),
            state(end)
        )
    }

    fn past_object(&self, end: &PastEnd) -> String {
        let object = serde_json::json!({
            "at": time(end.at),
            "exact": true,
            "what": "ended",
            "customer": self.names.customer_name(end.customer),
            "state": state(end),
        });
        object.to_string()
    }

    fn fact(&self, fact: &Fact) -> String {
        match fact {
            Fact::Customer(id) => self.names.customer_name(*id),
            Fact::Connector(id) => self.names.carrier_name(*id),
            Fact::Number(number) => number.to_string(),
            Fact::Time(at) => time(*at),
            Fact::Text(text) if text.is_empty() => "-".to_owned(),
            Fact::Text(text) => text.clone(),
            Fact::Octets(octets) if self.text => format!("\"{}\"", octets.escape_ascii()),
            Fact::Octets(octets) => format!("({} octets)", octets.len()),
        }
    }
}

/// What a customer or a carrier wrote is not to command the terminal that shows it.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn state(end: &PastEnd) -> String {
    format!("{:?}", end.state).to_uppercase()
}

/// In UTC.
fn time(at: Wall) -> String {
    let digits = receipt_date_seconds(at, 0);
    let pair = |n: usize| format!("{}{}", digits[2 * n] as char, digits[2 * n + 1] as char);
    let [year, month, day, hour, minute, second] = [0, 1, 2, 3, 4, 5].map(pair);
    let ms = at.0 % 1000;
    format!("20{year}-{month}-{day}T{hour}:{minute}:{second}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use engine::MessageKey;

    use super::*;

    #[test]
    fn what_a_peer_wrote_does_not_command_the_terminal() {
        let shown = Shown {
            names: &Names::default(),
            text: true,
        };
        let it = Happened {
            message: MessageKey(1),
            key: MessageKey(1),
            at: Wall(0),
            is_exact: true,
            what: "taken by the carrier",
            facts: vec![
                (
                    "carrier_id",
                    Fact::Text("\u{1b}]0;é\u{7}\u{9b}2J".to_owned()),
                ),
                ("text", Fact::Octets(b"\x1b[2J\n".to_vec())),
            ],
        };
        let line = shown.line(&it);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(
            line.ends_with(r#"carrier_id=\u{1b}]0;é\u{7}\u{9b}2J text="\x1b[2J\n""#),
            "{line}"
        );
    }

    #[test]
    fn a_file_that_is_gone_meanwhile_is_no_reason_to_give_up() {
        let mut outcomes = vec![Ok(()), gone(), gone()];
        assert!(anew(|| outcomes.pop().expect("not read again")).is_ok());
        let mut outcomes = vec![Ok(()), gone(), gone(), gone()];
        assert!(anew(|| outcomes.pop().expect("not read again")).is_err());
        let mut outcomes = vec![Ok(()), Err("damaged".into())];
        assert!(anew(|| outcomes.pop().expect("not read again")).is_err());
    }

    fn gone() -> Result<(), Failure> {
        // As the journal tells it: what was done, and why it failed.
        let missing = Look::at(Path::new("/nowhere/at/all"));
        Err(missing.err().expect("there is none").into())
    }
}
