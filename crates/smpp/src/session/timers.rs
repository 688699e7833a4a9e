//! What happens when nothing happens.

use core::time::Duration;
use std::collections::VecDeque;

use bytes::BytesMut;
use sms::Instant;

use crate::command;
use crate::status;

use super::clock::Tick;
use super::{CloseReason, Event, Role, Session, State};

/// How long a peer that is never asked may say nothing before it counts as silent.
const UNASKED: Duration = Duration::from_secs(60);

/// An `enquire_link` under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    until: Tick,
    /// The session does not survive the miss.
    closes: bool,
}

impl Session {
    /// When to call [`timeout`](Session::timeout) at the latest; `None`: something else has to happen first.
    pub fn deadline(&self) -> Option<Instant> {
        if let State::Closed(_) = self.state {
            return (!self.told).then_some(self.now);
        }
        let peers = self.clock.when(self.peer_until());
        [self.state_until, self.held_until(), peers]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due by `now`, and tells the first thing that concerns the caller. To be called until it returns
    /// `None`.
    pub fn timeout(&mut self, now: Instant) -> Option<Event<'static>> {
        self.now = now;
        if let Some(until) = self.settle_until {
            self.settled(until);
        }
        while self.state_until.is_some_and(|until| until <= now) {
            self.end_state();
        }
        if self.clock.is_running()
            && let Some(event) = self.peer_overdue(self.clock.at(now))
        {
            return Some(event);
        }
        let State::Closed(reason) = self.state else {
            return None;
        };
        let told = core::mem::replace(&mut self.told, true);
        (!told).then_some(Event::Closed(reason))
    }

    /// Asks whether the peer is alive and closes the session if nothing comes `within` this time: for a bind that
    /// stands in the way of another.
    pub fn probe(&mut self, now: Instant, within: Duration) {
        self.now = now;
        if self.is_bound() {
            self.enquire(within, true);
        }
    }

    /// Whether nothing has come for longer than a question and its answer take: the peer may be gone.
    pub fn is_silent(&self, now: Instant) -> bool {
        let asked = self.settings.enquire_link_interval.unwrap_or(UNASKED);
        let answered = asked + self.settings.enquire_link_timeout;
        self.clock.at(now) >= self.heard.plus(answered)
    }

    /// The state has lasted as long as it may.
    fn end_state(&mut self) {
        match self.state {
            State::Binding(_) if self.role == Role::Esme => self.close(CloseReason::BindUnanswered),
            State::Open | State::Outbound | State::Binding(_) => {
                self.close(CloseReason::SessionInit);
            }
            State::Draining(_) => self.send_unbind(),
            State::Unbinding(_) => self.close(CloseReason::UnbindUnanswered),
            State::Leaving(_) => self.answer_unbind(),
            State::Unbound => self.close(CloseReason::PeerUnbound),
            State::Bound(_) | State::Closed(_) => self.state_until = None,
        }
    }

    /// When requests that are held after the bind may go.
    fn held_until(&self) -> Option<Instant> {
        let until = self.settle_until.filter(|_| !self.held.is_empty())?;
        if self.now < until {
            return Some(until);
        }
        Some(until + self.settings.bind_settle)
    }

    /// The first deadline that waits for the peer.
    fn peer_until(&self) -> Tick {
        let partial = self.partial_until();
        if !self.awaits_peer() {
            return partial;
        }
        partial
            .min(self.inactivity_until())
            .min(self.enquire_until())
            .min(self.response_until())
            .min(self.late_until())
    }

    fn peer_overdue(&mut self, tick: Tick) -> Option<Event<'static>> {
        if tick >= self.partial_until() {
            self.close(CloseReason::PartialPdu);
        }
        if self.awaits_peer() && tick >= self.inactivity_until() {
            self.close(CloseReason::Inactivity);
        }
        if !self.awaits_peer() {
            return None;
        }
        if tick >= self.response_until() {
            self.counters.expired += 1;
            let token = self.window.fall_silent()?;
            self.settle_up();
            return Some(Event::Expired { token });
        }
        if tick >= self.late_until() {
            let token = self.window.forget()?;
            return Some(Event::Forgotten { token });
        }
        if tick >= self.enquire_until() {
            self.keep_alive();
        }
        None
    }

    fn keep_alive(&mut self) {
        if let Some(missed) = self.probe {
            self.counters.misses += 1;
            if missed.closes || self.settings.enquire_timeout_closes {
                self.close(CloseReason::EnquireLink);
                return;
            }
        } else {
            self.rest();
        }
        self.enquire(self.settings.enquire_link_timeout, false);
    }

    fn enquire(&mut self, within: Duration, closes: bool) {
        self.enquired = self.window.number();
        self.header(command::ENQUIRE_LINK, status::OK, self.enquired, &[]);
        self.probe = Some(Probe {
            until: self.clock.at(self.now).plus(within),
            closes,
        });
    }

    /// A quiet session gives its memory back: most sessions are quiet.
    fn rest(&mut self) {
        self.window.rest();
        if self.transmit.is_empty() {
            self.transmit = BytesMut::new();
        }
        if self.unusual.is_empty() {
            self.unusual = VecDeque::new();
        }
    }

    /// Deadlines of traffic run.
    fn awaits_peer(&self) -> bool {
        matches!(self.state, State::Bound(_) | State::Draining(_))
    }

    fn partial_until(&self) -> Tick {
        self.partial.plus(self.settings.partial_pdu)
    }

    fn inactivity_until(&self) -> Tick {
        self.heard.plus_if(self.settings.inactivity)
    }

    fn enquire_until(&self) -> Tick {
        match self.probe {
            Some(probe) => probe.until,
            None => self.active.plus_if(self.settings.enquire_link_interval),
        }
    }

    fn response_until(&self) -> Tick {
        let sent = self.window.first_waiting();
        sent.map_or(Tick::NEVER, |sent| {
            sent.plus(self.settings.response_timeout)
        })
    }

    fn late_until(&self) -> Tick {
        let kept = self.settings.response_timeout + self.settings.late_wait;
        let sent = self.window.first_silent();
        sent.map_or(Tick::NEVER, |sent| sent.plus(kept))
    }
}
