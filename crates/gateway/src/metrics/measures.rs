//! What is asked of the engine when somebody asks for `/metrics`, and at no other time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use directory::Directory;
use engine::{Command, CustomerId, Measures, Memory, Report};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use sms::Wall;

use super::Who;
use crate::accounts::units;
use crate::binds::Side;
use crate::engine_thread::Shared;
use crate::mailbox::Inbox;
use crate::orders::connector_name;

/// How long the engine may take. Whoever wants the other metrics does not wait for an engine that stands still.
const PATIENCE: Duration = Duration::from_secs(1);

/// The label of what takes memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Use {
    part: &'static str,
}

type Credits = Family<Who, Gauge<f64, AtomicU64>>;

/// How old what waits is, what customers have, what may have arrived twice, and what takes memory.
#[derive(Debug, Default)]
pub(crate) struct MeasureFamilies {
    oldest: Family<Who, Gauge>,
    resent: Family<Who, Counter>,
    unknown: Family<Who, Counter>,
    available: Credits,
    reserved: Credits,
    spent: Credits,
    memory: Family<Use, Gauge>,
}

/// What the engine measures now; none: it did not say so in time.
pub(crate) async fn measured(engine: &Shared, inbox: &Inbox) -> Option<Measures> {
    let report = engine.reports.ask(inbox, Command::Measures);
    match tokio::time::timeout(PATIENCE, report).await {
        Ok(Some(Report::Measures(measures))) => Some(measures),
        Ok(Some(_) | None) | Err(_) => None,
    }
}

impl MeasureFamilies {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "oldest_waiting",
            "How long ago the oldest message that is first in line for a carrier was accepted; 0: none that might be sent now",
            Unit::Seconds,
            self.oldest.clone(),
        );
        registry.register(
            "messages_resent",
            "Messages that were sent to a carrier again though nobody knew whether it had them: it may have delivered them twice",
            self.resent.clone(),
        );
        registry.register(
            "messages_unknown",
            "Messages that ended without anybody knowing whether the carrier had them",
            self.unknown.clone(),
        );
        registry.register(
            "credits_available",
            "What new messages of a customer that pays may cost",
            self.available.clone(),
        );
        registry.register(
            "credits_reserved",
            "What a customer's messages cost that wait or are being sent",
            self.reserved.clone(),
        );
        registry.register(
            "credits_spent",
            "What a customer's messages cost that left",
            self.spent.clone(),
        );
        registry.register_with_unit(
            "memory",
            "Memory that messages take, by what it is for",
            Unit::Bytes,
            self.memory.clone(),
        );
    }

    /// These are measured, and no others; none: nothing is known, and nothing is shown.
    pub(crate) fn set(&self, measures: Option<Measures>, directory: &Directory, now: Wall) {
        self.oldest.clear();
        for credits in [&self.available, &self.reserved, &self.spent] {
            credits.clear();
        }
        self.memory.clear();
        let Some(measures) = measures else { return };
        for lane in &measures.lanes {
            let who = Who::new(Side::Carrier, &connector_name(directory, lane.connector));
            let age = lane
                .oldest
                .map_or(0, |at| now.0.saturating_sub(at.0) / 1000);
            self.oldest.get_or_create(&who).set(whole(age));
            let count = |counters: &Family<Who, Counter>, value| {
                let counter = counters.get_or_create(&who);
                counter.inner().store(value, Ordering::Relaxed);
            };
            count(&self.resent, lane.resent);
            count(&self.unknown, lane.unknown);
        }
        let names: BTreeMap<CustomerId, &str> = (directory.accounts.iter())
            .map(|account| (account.customer, account.system_id.as_str()))
            .collect();
        for (customer, balance) in measures.balances {
            let rules = directory.engine.customers.get(&customer);
            let price = rules.and_then(|rules| rules.meter.as_ref()?.price);
            let (Some(name), Some(_)) = (names.get(&customer), price) else {
                continue;
            };
            let who = Who::new(Side::Customer, name);
            let set = |credits: &Credits, amount| {
                credits.get_or_create(&who).set(units(amount));
            };
            set(&self.available, balance.available());
            set(&self.reserved, balance.reserved);
            set(&self.spent, balance.spent);
        }
        self.set_memory(measures.memory);
    }

    fn set_memory(&self, memory: Memory) {
        let Memory {
            messages,
            receipt_ids,
            charges,
            long_messages,
            replies,
            names,
            files,
        } = memory;
        for (part, octets) in [
            ("messages", messages),
            ("receipt_ids", receipt_ids),
            ("charges", charges),
            ("long_messages", long_messages),
            ("replies", replies),
            ("names", names),
            ("files", files),
        ] {
            self.memory.get_or_create(&Use { part }).set(whole(octets));
        }
    }
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
