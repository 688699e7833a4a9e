//! The verdicts: what may be told, what may be sent again, and what must have happened in the end.

use engine::{Amount, Balance, InDoubt, PartReceipts, RefusalClass, Wants};
use peer::{Profile, refusal_class};
use smpp::status::Status;
use sms::{State, Wall};

use super::{Code, Copy, Moment, Oracle, Said, Story, Told};
use crate::env::{Env, SECOND};

/// How often a message is sent again because nobody knew.
const RESEND_MAX: u32 = 1;
/// What is in time by less than this may be late for our process.
const MARGIN: u64 = 5 * SECOND;
/// How long our process may have waited for a socket before the octets were written.
const BLOCKED_MAX: u64 = 30 * SECOND;

impl Oracle {
    /// A copy of a message comes to a carrier: whether an earlier one forbids it.
    pub(super) fn resent_without_reason(
        &mut self,
        message: usize,
        written_at: u64,
    ) -> Result<(), String> {
        let copies = self.stories[message].copies.iter();
        let Some(last) = copies.max_by_key(|copy| copy.written_at) else {
            return Ok(());
        };
        match last.said {
            // It was sent earlier, and the wire has held it back.
            _ if written_at < last.written_at => {}
            Said::Refused(status) if self.is_settled(last) && is_permanent(status) => {
                return Err("it had been refused for good".to_owned());
            }
            // Settled, or heard too late or forgotten, which only our process knows.
            Said::Refused(status) if last.heard.is_some() && !is_permanent(status) => return Ok(()),
            Said::Taken if self.is_settled(last) => {
                return Err("the answer to the copy before it had been heard".to_owned());
            }
            Said::Taken | Said::Refused(_) | Said::Nothing { .. } => {}
        }
        let policy = self.connectors[last.connector].in_doubt;
        let story = &mut self.stories[message];
        story.doubts += 1;
        if policy != InDoubt::Resend {
            return Err(format!("in doubt, and the policy is {policy:?}"));
        }
        if story.doubts > RESEND_MAX {
            return Err(format!("it was in doubt {} times", story.doubts));
        }
        Ok(())
    }

    /// Whether our process knows, for ever, what the carrier said to the copy.
    fn is_settled(&self, copy: &Copy) -> bool {
        let patience = self.connectors[copy.connector].patience;
        let blocked = if copy.disturbed { BLOCKED_MAX } else { 0 };
        copy.heard.is_some_and(|heard| {
            let waited = heard.at.saturating_sub(copy.written_at) + blocked;
            self.lasts(heard.at) && waited + MARGIN < patience
        })
    }

    /// What is wrong with telling a customer now that a message came to `state`.
    pub(super) fn wrong_telling(
        &self,
        message: usize,
        customer: usize,
        state: State,
        error: Option<u16>,
        now: Moment,
        written_at: u64,
    ) -> Option<String> {
        let story = &self.stories[message];
        if story.customer != customer {
            return Some("it is another customer's".to_owned());
        }
        if !story.may_be_accepted() {
            return Some("it was refused".to_owned());
        }
        if !story.wants(state) {
            return Some("nobody asked for that".to_owned());
        }
        let closed = story.told.iter().find(|told| told.closes);
        if let Some(other) = closed
            && other.state != state
            && (state.is_final() || !story.wants_intermediate())
        {
            return Some(format!("it was {:?} before", other.state));
        }
        if let Some(end) = story.end_by_answer()
            && end != state
            && (state.is_final() || !story.wants_intermediate())
        {
            return Some(format!("an answer said that it is {end:?}"));
        }
        let known = story
            .told
            .iter()
            .filter(|told| told.state == state)
            .any(|told| {
                told.thanked
                    && told.thanks_heard.is_some_and(|heard| {
                        self.is_known(customer, told.written_at, heard, written_at)
                    })
            });
        if known && state.is_final() {
            return Some("its thanks for hearing so were heard".to_owned());
        }
        self.unfounded(story, state, Code::Number(error), now)
    }

    /// Whether our process knew, when it wrote something at `written_at`, that the customer had thanked it for what it `told`.
    fn is_known(&self, customer: usize, told: u64, heard: Moment, written_at: u64) -> bool {
        let patience = self.customers[customer].patience;
        self.lasts(heard.at)
            && heard.at.saturating_sub(told) + MARGIN + BLOCKED_MAX < patience
            && heard.at + self.slowest_disk + SECOND < written_at
    }

    /// Whether a message of a subscriber comes again for no reason.
    pub(super) fn mo_was_thanked_for(&self, number: usize, written_at: u64) -> bool {
        let mo = &self.mos[number];
        let thanked = mo.brought.iter().filter(|brought| brought.thanked);
        let mut heard =
            thanked.filter_map(|brought| Some((brought.written_at, brought.thanks_heard?)));
        mo.offered == 1
            && heard.any(|(told, heard)| self.is_known(mo.customer, told, heard, written_at))
    }

    /// Whether nothing that happened makes the message come to `state`.
    pub(super) fn unfounded(
        &self,
        story: &Story,
        state: State,
        error: Code,
        now: Moment,
    ) -> Option<String> {
        if !story.parts.is_empty() && self.is_founded_by_parts(story, state, error, now) {
            return None;
        }
        let reported = |story: &Story| {
            let mut reports = story.copies.iter().flat_map(|copy| &copy.reports);
            reports.any(|report| report.state == state && error.is(report.error))
        };
        // Of parts in doubt nobody can say which of them a receipt is about: they go to one number.
        let in_doubt =
            self.may_be_on_its_way(story) || story.copies.iter().any(|copy| !self.is_settled(copy));
        if reported(story) || in_doubt && self.siblings(story).any(reported) {
            return None;
        }
        let founded = match state {
            State::Rejected => story.copies.iter().any(|copy| {
                matches!(copy.said, Said::Refused(status)
                    if is_permanent(status) && error.is((status.0 % 1000) as u16))
                    && copy.heard.is_some()
            }),
            State::Expired => {
                let expiry = self.expiry(story);
                let taken = story.copies.last().is_some_and(|copy| {
                    copy.said == Said::Taken
                        && self.is_settled(copy)
                        && copy.heard.is_some_and(|heard| heard.wall < expiry)
                });
                self.has_expired(story, now.wall) && !taken
            }
            State::Unknown => self.may_be_unknown(story, now),
            State::Accepted => {
                let taken = |copy: &Copy| {
                    let says_so = copy.said == Said::Taken && copy.heard.is_some();
                    // A carrier that is said to send no receipts may send some.
                    let shows = !copy.reports.is_empty();
                    (says_so || shows) && !self.connectors[copy.connector].receipts
                };
                let founded = |story: &Story| story.copies.iter().any(taken);
                founded(story) || in_doubt && self.siblings(story).any(founded)
            }
            State::Deleted => story.may_be_cancelled() || self.may_be_purged(story),
            State::Scheduled
            | State::Enroute
            | State::Delivered
            | State::Undeliverable
            | State::Skipped => false,
        };
        (!founded).then(|| {
            let expiry = self.expiry(story);
            format!("nobody says so (err {error:?}, valid until {expiry:?}): {story}")
        })
    }

    /// Whether something that happened to its parts makes a long message come to `state`. To be delivered is to be delivered whole,
    /// where not the last part alone is told of.
    fn is_founded_by_parts(&self, story: &Story, state: State, error: Code, now: Moment) -> bool {
        let founded = |part: &Story| self.unfounded(part, state, error, now).is_none();
        let mut parts = self.family(story).skip(1);
        match self.customers[story.customer].split_receipts {
            PartReceipts::Joined if state == State::Delivered => {
                self.total_of(story) == Some(story.parts.len()) && parts.all(founded)
            }
            PartReceipts::Last => parts
                .filter(|part| {
                    let mark = part.sms.part;
                    mark.is_some_and(|mark| mark.sequence == mark.total)
                })
                .any(founded),
            PartReceipts::Joined | PartReceipts::PerPart => parts.any(founded),
        }
    }

    fn may_be_unknown(&self, story: &Story, now: Moment) -> bool {
        if story.copies.iter().any(|copy| !self.is_settled(copy)) {
            return true;
        }
        let refused = |copy: &&Copy| matches!(copy.said, Said::Refused(_));
        let Some(last) = story.copies.last().filter(|last| !refused(last)) else {
            return self.may_be_on_its_way(story);
        };
        let deadline = self.deadline(story, last);
        let in_time = last.reports.iter().any(|report| {
            report.state.is_final()
                && report
                    .acknowledged
                    .is_some_and(|heard| heard.wall < deadline)
        });
        now.wall >= deadline && !in_time
    }

    /// Whether it may have been sent, for the first time or again, and nobody but our process knows: it left and did not
    /// arrive, or it was about to leave when the process died.
    pub(super) fn may_be_on_its_way(&self, story: &Story) -> bool {
        let submitted = story.submitted.map_or(0, |submitted| submitted.at);
        let since = story.copies.last().map_or(submitted, |copy| copy.at);
        story.sends > story.copies.len() || self.crashes.iter().any(|&(_, at)| at >= since)
    }

    /// Until when a receipt of the copy is waited for, at least.
    fn deadline(&self, story: &Story, copy: &Copy) -> Wall {
        Wall(self.expiry(story).0 + self.connectors[copy.connector].receipt_wait_ms)
    }

    /// Whether the validity of a message may have ended.
    pub(super) fn has_expired(&self, story: &Story, now: Wall) -> bool {
        now >= self.expiry(story)
    }

    /// When the validity of a message ended, at the earliest: times on the wire are whole seconds.
    fn expiry(&self, story: &Story) -> Wall {
        let start = story.submitted.map_or(Wall(0), |submitted| submitted.wall);
        let validity = match story.sms.validity {
            Some(seconds) => seconds * 1000,
            None => {
                self.customers[story.customer].validity_ms + story.sms.delay.unwrap_or(0) * 1000
            }
        };
        Wall((start.0 + validity).saturating_sub(1000))
    }

    /// When everything is at rest: whether everybody got what is his. `calm_since`: from then on nothing kept a message from
    /// being sent.
    pub(crate) fn judge(&self, calm_since: Wall) -> Result<(), String> {
        for (number, story) in self.stories.iter().enumerate() {
            self.judge_one(story, calm_since)
                .map_err(|wrong| format!("m{number} {wrong}: {story}"))?;
        }
        for (number, mo) in self.mos.iter().enumerate() {
            if mo.acknowledged && mo.brought.is_empty() {
                return Err(format!(
                    "o{number} was acknowledged and never delivered: {mo:?}"
                ));
            }
        }
        Ok(())
    }

    /// In the end nothing is reserved, every payment counted once, and what is spent is what carriers may have: not less than they
    /// said that they took, and nothing for what they refused for good.
    pub(crate) fn judge_money(
        &self,
        customer: usize,
        granted: Amount,
        balance: Balance,
    ) -> Result<(), String> {
        let stories = || {
            self.stories
                .iter()
                .filter(|story| story.customer == customer)
        };
        let taken = |story: &&Story| {
            let taken = |copy: &Copy| copy.said == Said::Taken && self.is_settled(copy);
            story.copies.iter().any(taken)
        };
        let most = |story: &Story| {
            let refused = |copy: &Copy| {
                matches!(copy.said, Said::Refused(status) if is_permanent(status))
                    && self.is_settled(copy)
            };
            match &story.copies[..] {
                _ if story.is_cancelled() => 0,
                [only] if story.sends == 1 && refused(only) => 0,
                _ => story.sends.max(1) * story.segments_max(),
            }
        };
        let not_refused = |story: &&Story| {
            let answer = story.answer.as_ref();
            story.submitted.is_some() && answer.is_none_or(|(status, ..)| status.is_ok())
        };
        let least = stories().filter(taken).count();
        let most: usize = stories().filter(not_refused).map(most).sum();
        let spent = balance.spent.0 / Amount::UNIT;
        let by_hand = self.granted_by_hand(customer);
        let adds_up =
            by_hand.contains(&(balance.granted.0 - granted.0)) && balance.reserved == Amount(0);
        if !adds_up || spent < least as i64 || spent > most as i64 {
            return Err(format!(
                "customer{} was granted {granted} and is to have spent {least} to {most}: {balance:?}",
                customer + 1
            ));
        }
        Ok(())
    }

    /// Of messages before `first`, all of one day, no customer had more taken by carriers than it may send in a day.
    pub(crate) fn judge_days(&self, first: usize) -> Result<(), String> {
        for (customer, facts) in self.customers.iter().enumerate() {
            let Some(limit) = facts.daily_limit else {
                continue;
            };
            let of_the_day = |(number, story): &(usize, &Story)| {
                story.customer == customer && story.head.unwrap_or(*number) < first
            };
            let taken = |(_, story): &(usize, &Story)| {
                let taken = |copy: &Copy| copy.said == Said::Taken && self.is_settled(copy);
                story.copies.iter().any(taken)
            };
            let stories = self.stories.iter().enumerate().filter(of_the_day);
            let sent = stories.filter(taken).count() as u64;
            if sent > limit {
                return Err(format!(
                    "customer{} may send {limit} in a day, and {sent} were taken",
                    customer + 1
                ));
            }
        }
        Ok(())
    }

    fn judge_one(&self, story: &Story, calm_since: Wall) -> Result<(), String> {
        if !story.is_accepted() {
            let refused = story.answer.is_some();
            return if refused && !story.copies.is_empty() {
                Err("was refused and sent".to_owned())
            } else {
                Ok(())
            };
        }
        let could_be_sent = self.expiry(story) > calm_since;
        let kept = |copy: &Copy| match copy.said {
            Said::Refused(status) => is_permanent(status) || !self.is_settled(copy),
            Said::Taken | Said::Nothing { .. } => true,
        };
        if let Some(wrong) = self.wrong_parts(story) {
            return Err(wrong);
        }
        let sent = |story: &&Story| story.copies.iter().any(kept);
        let pieces = self.total_of(story).unwrap_or(1);
        let unsent = self.family(story).filter(sent).count() < pieces;
        // What was on its way when a connection broke may have been given up; if its customer was told, that was judged.
        // Of a part in doubt the receipt of another may have told, which went to the same number.
        let by_another = story.sms.part.is_some() && self.may_be_on_its_way(story);
        let given_up = story.told.iter().any(|told| told.state == State::Unknown)
            || by_another && story.told.iter().any(|told| told.closes)
            || self.family(story).any(|part| self.may_be_on_its_way(part))
                && (!story.parts.is_empty() || !story.wants(State::Unknown));
        let stopped = story.may_be_cancelled() || self.may_be_purged(story);
        if unsent && could_be_sent && !given_up && !stopped {
            return Err("was accepted, and never sent though it could have been".to_owned());
        }
        let heard = |told: &Told| told.may_close() && (told.thanked || told.refused);
        let closed = story.told.iter().any(heard);
        let certain = match &story.copies[..] {
            [only]
                if only.said == Said::Taken
                    && self.is_settled(only)
                    && self.connectors[only.connector].receipts =>
            {
                only.reports.iter().find(|report| {
                    let in_time = |heard: Moment| heard.wall < self.deadline(story, only);
                    report.state.is_final() && report.acknowledged.is_some_and(in_time)
                })
            }
            _ => None,
        };
        let everything = story.wants(State::Delivered) && story.wants(State::Undeliverable);
        let owed = everything || certain.is_some_and(|report| story.wants(report.state));
        if owed && !closed {
            return Err("was accepted, and nobody told its customer what became of it".to_owned());
        }
        Ok(())
    }

    /// Messages from `first` on met nothing but good peers: each is accepted, sent once, in its turn, in order and soon, and its
    /// receipt comes soon.
    pub(crate) fn judge_fair(&self, first: usize) -> Result<(), String> {
        const SOON: u64 = 3 * SECOND;
        for (number, story) in self.stories.iter().enumerate().skip(first) {
            let wrong = |what: &str| Err(format!("m{number} in fair weather: {what}: {story}"));
            let Some(submitted) = story.submitted else {
                return wrong("was not submitted");
            };
            let Some((status, _, answered)) = &story.answer else {
                return wrong("was not answered");
            };
            if !status.is_ok() || answered - submitted.at > SOON {
                return wrong("was refused, or answered late");
            }
            let [copy] = &story.copies[..] else {
                return wrong("was not sent once");
            };
            let paced = self.connectors[copy.connector].rate.is_some();
            if copy.at > answered + SOON && !paced && story.sms.delay.is_none() {
                return wrong("was sent late");
            }
            let carriers = |told: &&Told| told.closes && told.state != State::Accepted;
            for told in story.told.iter().filter(carriers) {
                let reported = copy
                    .reports
                    .iter()
                    .find(|report| report.state == told.state);
                if reported.is_none_or(|report| told.when.at > report.at + SOON) {
                    return wrong("was told late");
                }
            }
        }
        self.judge_turns(first)?;
        self.judge_order(first)
    }

    /// First in, first out, within what one customer sends in one class over one connection.
    fn judge_order(&self, first: usize) -> Result<(), String> {
        let mut last = std::collections::BTreeMap::new();
        let mut stories: Vec<_> = (first..self.stories.len()).collect();
        let id = |number: &usize| {
            let answer = self.stories[*number].answer.as_ref();
            answer.and_then(|(_, id, _)| core::str::from_utf8(id).ok()?.parse::<u64>().ok())
        };
        stories.sort_by_key(id);
        for number in stories {
            let story = &self.stories[number];
            let [copy] = &story.copies[..] else { continue };
            if story.sms.delay.is_some() {
                continue;
            }
            let key = (story.customer, story.sms.priority, copy.pipe);
            let before = last.insert(key, (copy.serial, number));
            if let Some((_, other)) = before.filter(|&(serial, _)| serial > copy.serial) {
                return Err(format!(
                    "m{number} came before m{other}, which was accepted before it"
                ));
            }
        }
        Ok(())
    }
}

impl Code {
    fn is(self, code: u16) -> bool {
        match self {
            Code::Number(number) => number == Some(code),
            Code::Octet(octet) => octet == u8::try_from(code).unwrap_or(u8::MAX),
        }
    }
}

impl Told {
    /// A carrier that knows nothing, and we when we know nothing, use the same word.
    fn may_close(&self) -> bool {
        self.state.is_final() || matches!(self.state, State::Unknown | State::Accepted)
    }

    /// Whether it tells how its message ended, to a customer that wants to hear of states on the way or not.
    pub(super) fn ends(&self, intermediate: bool) -> bool {
        self.state.is_final() || (self.may_close() && !intermediate)
    }
}

impl Story {
    pub(super) fn is_accepted(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|(status, ..)| status.is_ok())
    }

    pub(super) fn may_be_accepted(&self) -> bool {
        self.submitted.is_some()
            && self
                .answer
                .as_ref()
                .is_none_or(|(status, ..)| status.is_ok())
    }

    pub(super) fn wants_intermediate(&self) -> bool {
        self.sms.registered_delivery & 0x10 != 0
    }

    fn wants(&self, state: State) -> bool {
        let wants = Wants::from_registered_delivery(self.sms.registered_delivery);
        wants.covers(state) || (self.wants_intermediate() && !state.is_final())
    }
}

pub(super) fn is_permanent(status: Status) -> bool {
    refusal_class(status, &Profile::default()) == RefusalClass::Permanent
}

/// What a scenario asks about one message.
impl Env {
    /// How its submit_sm was answered.
    pub(crate) fn answer_of(&self, message: usize) -> Option<Status> {
        let answer = self.oracle.stories[message].answer.as_ref();
        answer.map(|(status, ..)| *status)
    }

    /// The carriers that got it, in order.
    pub(crate) fn copies_of(&self, message: usize) -> Vec<usize> {
        let family = self.oracle.family(&self.oracle.stories[message]);
        let copies = family.flat_map(|story| &story.copies);
        copies.map(|copy| copy.connector).collect()
    }

    /// What its customer was told, in order.
    pub(crate) fn told_of(&self, message: usize) -> Vec<State> {
        let told = self.oracle.stories[message].told.iter();
        told.map(|told| told.state).collect()
    }

    /// When each copy came.
    pub(crate) fn arrivals_of(&self, message: usize) -> Vec<u64> {
        let copies = self.oracle.stories[message].copies.iter();
        copies.map(|copy| copy.at).collect()
    }
}
