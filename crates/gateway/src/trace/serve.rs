//! The socket for those who watch: a wish in one line, then a line for each PDU.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use smpp::Tolerance;
use smpp::frame::{self, Frame};
use smpp::pdu::{self, Value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::redact::redacted;
use super::{Ended, Passed, Said, Seen, Watch, Wish};
use crate::common::Common;
use crate::tools::hex;

/// The socket's name in the data directory.
pub(crate) const SOCKET: &str = "trace.sock";

/// Those who may watch at once.
const WATCHES_MAX: usize = 4;

/// A wish is a short line.
const WISH_OCTETS_MAX: u64 = 4096;

/// How long whoever connects may take to say what is wished.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest trace, and the largest.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);
const OCTETS_MAX: u64 = 1 << 30;

/// Requests of which the answer is still to be shown; when there are more, the answers to them are left out.
const ASKED_MAX: usize = 100_000;

/// Lets those who connect watch, until the task is dropped.
pub(crate) async fn serve(listener: UnixListener, common: Arc<Common>) {
    let mut watches = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let room = watches.len() < WATCHES_MAX;
                    let common = common.clone();
                    watches.spawn(async move {
                        // Whoever has gone is not told anything.
                        let _ = watch(stream, &common, room).await;
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = watches.join_next() => {}
        }
    }
}

async fn watch(stream: UnixStream, common: &Common, room: bool) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(WISH_OCTETS_MAX));
    let mut line = String::new();
    tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await??;
    let wish = match room {
        true => granted(&line, common),
        false => Err(format!("{WATCHES_MAX} traces run already; end one of them")),
    };
    let wish = match wish {
        Ok(wish) => wish,
        Err(why) => return say(&mut write, &Said::Refused(why)).await,
    };
    tracing::info!(?wish, "a trace begins");
    let mut reader = Reader {
        watch: common.taps.watch(wish.clone()),
        write,
        numbers: wish.number.clone().map(Numbers::new),
        wish,
        pdus: 0,
        octets: 0,
    };
    say(&mut reader.write, &Said::Begun).await?;
    let ended = reader.run(read.into_inner().into_inner()).await?;
    tracing::info!(pdus = ended.pdus, why = ended.why, "a trace has ended");
    say(&mut reader.write, &Said::Ended(ended)).await
}

/// The wish in a line, if it can be granted.
fn granted(line: &str, common: &Common) -> Result<Wish, String> {
    let wish: Wish = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let directory = common.directory();
    if let Some(customer) = &wish.customer
        && directory.accounts.get(customer.as_bytes()).is_none()
    {
        let known = directory
            .accounts
            .iter()
            .map(|account| account.system_id.as_str());
        return Err(unknown("customer", "binds as", customer, known));
    }
    if let Some(carrier) = &wish.carrier {
        let known = || {
            directory
                .carriers
                .iter()
                .map(|carrier| carrier.profile.name.as_str())
        };
        if !known().any(|known| known == carrier) {
            return Err(unknown("connector", "is called", carrier, known()));
        }
    }
    if wish.text && !directory.gateway.trace_texts {
        return Err("texts and whole numbers are not shown: the configuration has to say trace_texts = true in [gateway]".to_owned());
    }
    if wish.time > TIME_MAX || wish.octets > OCTETS_MAX {
        return Err("a trace lasts at most 24h and has at most 1 GiB".to_owned());
    }
    Ok(wish)
}

fn unknown<'a>(what: &str, is: &str, wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    /// Names that a person reads.
    const NAMES_MAX: usize = 20;
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    let more = known.len().saturating_sub(NAMES_MAX);
    known.truncate(NAMES_MAX);
    let known = known.join(", ");
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("no {what} {is} {wrong:?}; there are: {known}{more}")
}

async fn say(write: &mut OwnedWriteHalf, said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_string(said).map_err(io::Error::other)?;
    line.push('\n');
    write.write_all(line.as_bytes()).await
}

/// One who watches.
struct Reader<'a> {
    watch: Watch<'a>,
    write: OwnedWriteHalf,
    wish: Wish,
    numbers: Option<Numbers>,
    pdus: u64,
    octets: u64,
}

impl Reader<'_> {
    /// Until the time is up, there is enough of it, or nobody reads it any more.
    async fn run(&mut self, mut read: OwnedReadHalf) -> io::Result<Ended> {
        let until = Instant::now() + self.wish.time;
        let mut nothing = [0];
        let why = loop {
            let seen = tokio::select! {
                seen = self.watch.next() => seen,
                () = tokio::time::sleep_until(until) => break "the time is up",
                // Nothing is said after the wish: this is the end.
                _ = read.read(&mut nothing) => break "nobody reads it any more",
            };
            // A reader who takes nothing does not keep it open for longer.
            match tokio::time::timeout_at(until, self.show(&seen)).await {
                Ok(shown) => shown?,
                Err(_) => break "the time is up",
            }
            if self.octets >= self.wish.octets {
                break "it has the size that was allowed";
            }
        };
        Ok(Ended {
            why: why.to_owned(),
            pdus: self.pdus,
            dropped: self.watch.dropped(),
        })
    }

    async fn show(&mut self, seen: &Seen) -> io::Result<()> {
        let mut octets = &seen.octets[..];
        while let Ok(Some(frame)) = frame::split(&mut octets, usize::MAX) {
            let wanted = self
                .numbers
                .as_mut()
                .is_none_or(|numbers| numbers.want(seen, &frame));
            if !wanted {
                continue;
            }
            let shown = redacted(&frame, self.wish.text);
            self.octets += shown.len() as u64;
            if self.octets > self.wish.octets {
                return Ok(());
            }
            self.pdus += 1;
            let passed = Passed {
                at: seen.at.0,
                peer: seen.peer.clone(),
                from: seen.from,
                to: seen.to,
                octets: hex(&shown),
            };
            say(&mut self.write, &Said::Pdu(passed)).await?;
        }
        Ok(())
    }
}

/// A request: who asked whom, and under what number.
type Asked = (SocketAddr, SocketAddr, u32);

/// PDUs with an address that ends so, and the answers to them.
struct Numbers {
    end: String,
    asked: HashSet<Asked>,
}

impl Numbers {
    fn new(end: String) -> Numbers {
        Numbers {
            end,
            asked: HashSet::new(),
        }
    }

    fn want(&mut self, seen: &Seen, frame: &Frame<'_>) -> bool {
        let header = frame.header;
        if header.command_id.is_response()
            && self.asked.remove(&(seen.to, seen.from, header.sequence))
        {
            return true;
        }
        let Ok((pdu, _)) = pdu::decode(frame, Tolerance::Tolerant) else {
            return false;
        };
        let mut found = false;
        pdu.fields(&mut |_, value| {
            if let Value::Address(address) | Value::Unreached(address, _) = value {
                found |= address.digits.ends_with(self.end.as_bytes());
            }
        });
        if found && !header.command_id.is_response() {
            if self.asked.len() >= ASKED_MAX {
                self.asked.clear();
            }
            self.asked.insert((seen.from, seen.to, header.sequence));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn who_is_unknown_hears_who_is_known() {
        let known = ["north", "demo"].into_iter();
        assert_eq!(
            unknown("customer", "binds as", "dmeo", known),
            "no customer binds as \"dmeo\"; there are: demo, north"
        );
        let many: Vec<String> = (10..40).map(|n| n.to_string()).collect();
        let said = unknown(
            "connector",
            "is called",
            "x",
            many.iter().map(String::as_str),
        );
        assert!(said.ends_with("28, 29 and 10 more"), "{said}");
    }
}
