//! Orders of an operator over the socket in the data directory, both sides of it.
//!
//! A connection carries one order: one line of JSON, such as `{"v":1,"order":{"kick":{"who":"acme"}}}`, and one line in answer,
//! `{"done":..}` or `{"refused":{"wrong":..,"why":".."}}`. `v` is the version of this language; another one is refused.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use directory::Directory;
use engine::{ConnectorId, CustomerId, Report};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::accounts::{Credit, Grant, Limit};
use crate::binds::{Bind, Side};
use crate::common::Common;
use crate::control;
use crate::ctl::Names;
use crate::engine_thread::Shared;
use crate::explain::{Explained, Question};
use crate::lanes::{self, Lane};
use crate::mailbox::Inbox;
use crate::net::IoThread;
use crate::overview::Overview;
use crate::peers::{CarrierRow, CustomerRow, Standing, Stands};
use crate::receipts::{self, Matched, Parked, Unmatched};
use crate::sweeps::Swept;

/// The language that is spoken here.
const VERSION: u32 = 1;

/// A longer line is no order.
const ORDER_OCTETS_MAX: u64 = 4 << 10;

/// Orders that are taken at the same time; beyond it the next waits. Whoever says nothing is gone after [`PATIENCE`].
const ORDERS_MAX: usize = 64;

/// How long whoever gives an order may take over it and over the answer, and we over what is ordered.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be ordered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Order {
    /// Read the configuration again.
    Reload,
    /// Tell the binds that stand: all, or those that [`Bind::is`] finds.
    Binds { who: Option<String> },
    /// End the binds that [`Bind::is`] finds.
    Kick { who: String },
    /// Tell why a message would go where it goes.
    Explain(Question),
    /// Tell what customers and carriers are called.
    Names,
    /// Tell everything at a glance.
    Overview,
    /// See what waits for carriers, or change it.
    Lanes(lanes::Wanted),
    /// See receipts that wait, or match one.
    Receipts(receipts::Wanted),
    /// Tell of the customers: all, or one.
    Customers { who: Option<String> },
    /// Tell of the carriers: all, or one.
    Carriers { who: Option<String> },
    /// Tell what a customer paid, and what became of it.
    Credits { who: String },
    /// Give a customer credit, or take some back.
    Grant(Grant),
    /// Tell the limits of a customer, and how much of each is used.
    Limits { who: String },
    /// Decide how it stands with a customer or a carrier, from now on and over restarts.
    Stand { who: String, standing: Standing },
}

/// What was done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    Reloaded(String),
    Binds(Vec<Bind>),
    /// These have been told to end.
    Kicked(Vec<Bind>),
    Explained(Explained),
    Names(Names),
    Overview(Box<Overview>),
    /// What waits for carriers, and how many queues are left out since there are too many.
    Lanes {
        lanes: Vec<Lane>,
        left_out: usize,
    },
    /// A lane is held, or no longer.
    Held(lanes::Held),
    /// Receipts that belong to no message, and how many are left out since there are too many.
    Unmatched {
        receipts: Vec<Unmatched>,
        left_out: usize,
    },
    /// What waits for customers that are not there.
    Parked {
        waiting: Vec<Parked>,
        left_out: usize,
    },
    Matched(Matched),
    /// Of what waits for a carrier some was purged or moved.
    Swept(Swept),
    Customers(Vec<CustomerRow>),
    Carriers(Vec<CarrierRow>),
    Credit(Credit),
    Limits(Vec<Limit>),
    /// It is written down.
    Stands(Stands),
}

/// Why nothing was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// The order names something that there is not.
    pub(crate) wrong: bool,
    /// For the operator: what to change.
    pub(crate) why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    v: u32,
    order: Order,
}

/// The part of a request that every version has.
#[derive(Deserialize)]
struct Spoken {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Done),
    Refused(Refused),
}

/// A reload that was ordered, and where its outcome goes: what was done, or why not.
pub(crate) struct Reload(pub(crate) oneshot::Sender<Result<String, String>>);

/// Whom an order may concern.
pub(crate) struct Desk {
    pub(crate) common: Arc<Common>,
    pub(crate) io: Vec<Arc<IoThread>>,
    pub(crate) engine: Arc<Shared>,
    /// Of the engine.
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) reloads: mpsc::Sender<Reload>,
}

impl Refused {
    /// It cannot be done now.
    pub(crate) fn not_now(why: impl Into<String>) -> Refused {
        Refused {
            wrong: false,
            why: why.into(),
        }
    }

    /// The engine said something that this does not answer.
    pub(crate) fn unexpected(report: &Report) -> Refused {
        match report {
            Report::NoRoom => Refused::not_now(
                "the disk has only room for what is owed: make some, then order it again",
            ),
            other => Refused::not_now(format!("the engine answered {other:?}")),
        }
    }

    /// It names something that there is not.
    pub(crate) fn wrong(why: impl Into<String>) -> Refused {
        Refused {
            wrong: true,
            why: why.into(),
        }
    }
}

impl Desk {
    /// Takes orders until the task is dropped. Each is a task of its own: nobody who is slow to say one, and none that takes long,
    /// holds up another.
    pub(crate) async fn serve(self, listener: UnixListener) {
        let desk = Arc::new(self);
        let mut orders = JoinSet::new();
        loop {
            while orders.try_join_next().is_some() {}
            if orders.len() >= ORDERS_MAX {
                orders.join_next().await;
            }
            match listener.accept().await {
                Ok((stream, _)) => {
                    let desk = desk.clone();
                    // Whoever gives up halfway is not told anything.
                    orders.spawn(async move { drop(desk.take(stream).await) });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn take(&self, stream: UnixStream) -> io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut line = String::new();
        let mut read = BufReader::new(read.take(ORDER_OCTETS_MAX));
        timeout(PATIENCE, read.read_line(&mut line)).await??;
        let reply = match parse(&line) {
            Ok(order) => timeout(PATIENCE, self.obey(order)).await.unwrap_or_else(|_| {
                Err(Refused::not_now(
                    "it takes longer than 5 s, and may still be done: see whether the disk hangs, and what became \
                     of the order before you give it again",
                ))
            }),
            Err(refused) => Err(refused),
        };
        let reply = reply.map_or_else(Reply::Refused, Reply::Done);
        let text = serde_json::to_string(&reply)?;
        timeout(PATIENCE, write.write_all(format!("{text}\n").as_bytes())).await?
    }

    async fn obey(&self, order: Order) -> Result<Done, Refused> {
        match order {
            Order::Reload => self.reload().await,
            Order::Binds { who: None } => {
                let binds = self.binds().await.into_iter();
                Ok(Done::Binds(binds.map(|(_, bind)| bind).collect()))
            }
            Order::Binds { who: Some(who) } => {
                let found = self.find(&who).await?.into_iter();
                Ok(Done::Binds(found.map(|(_, bind)| bind).collect()))
            }
            Order::Kick { who } => self.kick(&who).await,
            Order::Explain(question) => self.explain(&question).await,
            Order::Names => Ok(Done::Names(Names::of(&self.common.directory()))),
            Order::Overview => self.overview().await.map(Box::new).map(Done::Overview),
            Order::Lanes(wanted) => self.obey_lanes(wanted).await,
            Order::Receipts(wanted) => self.obey_receipts(wanted).await,
            Order::Customers { who } => self.customers(who.as_deref()).await,
            Order::Carriers { who } => self.carriers(who.as_deref()).await,
            Order::Credits { who } => self.credits(&who).await,
            Order::Grant(grant) => self.grant(grant).await,
            Order::Limits { who } => self.limits(&who).await,
            Order::Stand { who, standing } => self.stand(&who, standing).await,
        }
    }

    async fn reload(&self) -> Result<Done, Refused> {
        let (outcome, done) = oneshot::channel();
        let going = |_| "going down".to_owned();
        self.reloads
            .send(Reload(outcome))
            .await
            .map_err(|_| Refused::not_now("going down"))?;
        let outcome = done.await.map_err(going).and_then(|outcome| outcome);
        outcome.map(Done::Reloaded).map_err(Refused::not_now)
    }

    async fn kick(&self, who: &str) -> Result<Done, Refused> {
        let found = self.find(who).await?;
        let both =
            [Side::Customer, Side::Carrier].map(|side| (side, format!("{}/{who}", side.word())));
        if both
            .iter()
            .all(|(side, _)| found.iter().any(|(_, bind)| bind.side == *side))
        {
            let [(_, customer), (_, carrier)] = both;
            return Err(Refused::wrong(format!(
                "{who} is a customer and a carrier: say {customer} or {carrier}"
            )));
        }
        if found.is_empty() {
            return Err(Refused::wrong(format!("{who} has no bind that stands")));
        }
        for io in &self.io {
            let here = found.iter().filter(|(at, _)| at.io == io.number);
            io.kick(here.map(|(at, _)| *at).collect());
        }
        Ok(Done::Kicked(
            found.into_iter().map(|(_, bind)| bind).collect(),
        ))
    }

    /// Has the engine do something.
    pub(crate) async fn engine(&self, command: engine::Command) -> Result<Report, Refused> {
        let report = self.engine.reports.ask(&self.inbox, command).await;
        report.ok_or_else(|| Refused::not_now("going down"))
    }

    /// The carrier of this name.
    pub(crate) fn connector(&self, name: &str) -> Result<ConnectorId, Refused> {
        let directory = self.common.directory();
        let (_, connectors) = directory.numbers();
        meant("carrier", name, &connectors)
    }

    /// The customer that binds as this.
    pub(crate) fn customer(&self, system_id: &str) -> Result<CustomerId, Refused> {
        let directory = self.common.directory();
        let accounts = directory.accounts.iter();
        let customers = accounts.map(|account| (account.system_id.as_str(), account.customer));
        meant("customer", system_id, &customers.collect::<Vec<_>>())
    }

    /// What a carrier is called; one that is no more by its number.
    pub(crate) fn connector_name(&self, id: ConnectorId) -> String {
        connector_name(&self.common.directory(), id)
    }

    /// As what a customer binds; one that is no more by its number.
    pub(crate) fn customer_name(&self, id: CustomerId) -> String {
        let directory = self.common.directory();
        let account = directory.accounts.iter().find(|it| it.customer == id);
        account.map_or_else(|| format!("#{}", id.0), |account| account.system_id.clone())
    }

    /// The binds that `who` means; none of a peer that is not bound.
    async fn find(&self, who: &str) -> Result<Vec<(engine::Origin, Bind)>, Refused> {
        let mut binds = self.binds().await;
        let known = self.known(&binds);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        binds.retain(|(_, bind)| bind.is(who));
        let name = who.split_once('/').map_or(who, |(_, name)| name);
        if binds.is_empty() && !known.contains(&name) {
            let instead = directory::nearest(who, &known);
            return Err(Refused::wrong(format!(
                "{who} is no customer, no carrier and no bind; {instead}"
            )));
        }
        Ok(binds)
    }

    /// What an order may name: customers by system_id, carriers, and binds by id.
    fn known(&self, binds: &[(engine::Origin, Bind)]) -> Vec<String> {
        let directory = self.common.directory();
        let customers = directory.accounts.iter().map(|it| it.system_id.clone());
        let carriers = directory.carriers.iter().map(|it| it.profile.name.clone());
        let ids = binds.iter().map(|(_, bind)| bind.id.clone());
        customers.chain(carriers).chain(ids).collect()
    }

    /// All binds, customers' first, by name.
    pub(crate) async fn binds(&self) -> Vec<(engine::Origin, Bind)> {
        let mut all = Vec::new();
        let asked: Vec<_> = self.io.iter().map(|io| io.binds()).collect();
        for answer in asked {
            // A thread that has ended has no binds.
            all.extend(answer.await.unwrap_or_default());
        }
        all.sort_by(|(_, a), (_, b)| {
            (a.side, &a.name, b.seconds, &a.id).cmp(&(b.side, &b.name, a.seconds, &b.id))
        });
        all
    }
}

/// What is called `name`, or which name may be meant.
pub(crate) fn meant<Id: Copy>(what: &str, name: &str, known: &[(&str, Id)]) -> Result<Id, Refused> {
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|&(_, id)| id).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|&(name, _)| name).collect();
        let instead = directory::nearest(name, &names);
        Refused::wrong(format!("{name} is no {what}; {instead}"))
    })
}

fn parse(line: &str) -> Result<Order, Refused> {
    let no_order = |error: serde_json::Error| Refused::wrong(format!("this is no order: {error}"));
    let Spoken { v } = serde_json::from_str(line).map_err(no_order)?;
    if v != VERSION {
        return Err(Refused::wrong(format!(
            "the gateway takes orders of version {VERSION}, not {v}: use the bindery that it runs"
        )));
    }
    let Request { order, .. } = serde_json::from_str(line).map_err(no_order)?;
    Ok(order)
}

/// Gives an order to the process that runs on `data_dir`.
///
/// # Errors
/// Why it was not carried out.
pub(crate) fn give(data_dir: &Path, order: Order) -> Result<Done, Refused> {
    use std::io::{Read, Write};
    let path = control::socket(data_dir);
    let unreachable = |error: io::Error| {
        let path = path.display();
        Refused::not_now(format!(
            "no gateway answers at {path}: {error}; name its data directory with --data-dir"
        ))
    };
    let unanswered = |error: io::Error| {
        let path = path.display();
        Refused::not_now(format!(
            "the gateway at {path} was given the order and said nothing: {error}; see what became of it before you give it again"
        ))
    };
    let mut stream = std::os::unix::net::UnixStream::connect(&path).map_err(unreachable)?;
    let request = Request { v: VERSION, order };
    let request = serde_json::to_string(&request).map_err(|error| unreachable(error.into()))?;
    let mut answer = String::new();
    stream
        .set_read_timeout(Some(3 * PATIENCE))
        .and_then(|()| stream.write_all(format!("{request}\n").as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer))
        .map_err(unanswered)?;
    match serde_json::from_str(&answer).map_err(|error| unanswered(error.into()))? {
        Reply::Done(done) => Ok(done),
        Reply::Refused(refused) => Err(refused),
    }
}

/// What a carrier is called; one that is no more by its number.
pub(crate) fn connector_name(directory: &Directory, id: ConnectorId) -> String {
    let carrier = directory.carrier(id);
    carrier.map_or_else(
        || format!("#{}", id.0),
        |carrier| carrier.profile.name.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_the_document_writes_it() {
        let kick = Order::Kick { who: "acme".into() };
        let line = r#"{"v":1,"order":{"kick":{"who":"acme"}}}"#;
        assert_eq!(parse(line), Ok(kick));
        assert_eq!(parse(r#"{"v":1,"order":"reload"}"#), Ok(Order::Reload));
    }

    #[test]
    fn an_order_without_an_answer_is_not_said_to_have_reached_nobody() {
        let name = format!("bindery-orders-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).expect("a directory");
        let nobody = give(&dir, Order::Reload).expect_err("nobody is there");
        assert!(nobody.why.starts_with("no gateway answers"), "{nobody:?}");

        let socket = control::socket(&dir);
        let listener = std::os::unix::net::UnixListener::bind(socket).expect("a socket");
        let gateway = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("an order");
            let mut line = String::new();
            io::BufRead::read_line(&mut io::BufReader::new(stream), &mut line)
                .expect("it can be read");
            line
        });
        let refused = give(&dir, Order::Reload).expect_err("nothing was said");
        assert!(
            !refused.wrong && refused.why.contains("before you give it again"),
            "{refused:?}"
        );
        assert_eq!(
            gateway.join().expect("it ends").trim_end(),
            r#"{"v":1,"order":"reload"}"#
        );
        std::fs::remove_dir_all(&dir).expect("it was there");
    }

    #[test]
    fn another_version_and_what_is_no_order_are_refused() {
        for (line, why) in [
            (
                r#"{"v":2,"order":{"hug":{}}}"#,
                "orders of version 1, not 2",
            ),
            (r#"{"v":1,"order":{"hug":{}}}"#, "unknown variant `hug`"),
            ("reload", "this is no order"),
        ] {
            let refused = parse(line).unwrap_err();
            assert!(refused.wrong && refused.why.contains(why), "{refused:?}");
        }
    }
}
