//! Calls of carriers: one connects to a listener of ours and sends outbind, and we bind over that connection as over one that we
//! made (SMPP 3.4, 2.2.1).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use directory::{Call, Caller, Directory, NotCalled};
use engine::{ConnectorId, Origin};
use peer::Calling;
use peer::carrier::Carrier;
use smpp::session::CloseReason;
use sms::Now;

use crate::common::Common;
use crate::conn::{End, Peer, State};
use crate::mailbox::lock;
use crate::session_log::SessionLog;

/// How many connections each carrier has made to be bound to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Mutex<BTreeMap<ConnectorId, usize>>>);

/// One of them, until its connection is closed.
#[derive(Debug)]
pub(crate) struct Called {
    lines: Lines,
    connector: ConnectorId,
    /// What it said: it is judged again when the directory changes.
    calling: Calling,
}

/// Why nobody is bound to who calls.
#[derive(Debug)]
enum Refused {
    NotCalled(NotCalled),
    TooMany,
    Draining,
}

impl Lines {
    fn take(&self, caller: &Caller, calling: &Calling) -> Result<Called, Refused> {
        let connector = caller.profile.connector;
        let taken = &mut *lock(&self.0);
        let taken = taken.entry(connector).or_default();
        if *taken >= caller.most {
            return Err(Refused::TooMany);
        }
        *taken += 1;
        Ok(Called {
            lines: self.clone(),
            connector,
            calling: calling.clone(),
        })
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        if let Some(taken) = lock(&self.lines.0).get_mut(&self.connector) {
            *taken -= 1;
        }
    }
}

impl Called {
    /// Whether the carrier may call from there still, in those words.
    pub(crate) fn may_stay(&self, directory: &Directory, state: &State) -> bool {
        let found = directory.callers.find(&call(&self.calling, state));
        found.is_ok_and(|caller| caller.profile.connector == self.connector)
    }
}

/// Somebody who connected to us wants to be bound to: does so, or ends the connection.
pub(crate) fn answer(
    common: &Common,
    state: &mut State,
    now: Now,
    (at, calling): (Origin, &Calling),
) {
    let remote = state.log.remote();
    let directory = common.directory();
    let caller = if common.is_draining() {
        Err(Refused::Draining)
    } else {
        let found = directory.callers.find(&call(calling, state));
        found.map_err(Refused::NotCalled)
    };
    let line = caller.and_then(|caller| Ok((caller, common.lines.take(caller, calling)?)));
    match line {
        Ok((caller, line)) => {
            let profile = caller.profile.clone();
            tracing::info!(connector = profile.name, %remote, "called by the carrier: outbind came, and we bind");
            state.log = SessionLog::carrier(remote, &common.metrics, &profile.name);
            state.ticket = None;
            state.called = Some(line);
            state.peer = Peer::Carrier(Box::new(Carrier::new(at, profile, now)));
        }
        Err(why) => {
            let system_id = calling.system_id.escape_ascii();
            common.metrics.turn_away("outbind refused");
            tracing::warn!(%remote, %system_id, reason = %why, "closed: outbind refused");
            state.end(End::Session(CloseReason::Local));
        }
    }
}

fn call<'a>(calling: &'a Calling, state: &State) -> Call<'a> {
    Call {
        system_id: &calling.system_id,
        password: &calling.password,
        from: state.log.remote().ip(),
        tls: state.wire.is_tls(),
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotCalled(why) => why.fmt(f),
            Refused::TooMany => f.write_str("its connector has outbind_max binds over calls"),
            Refused::Draining => f.write_str("we are going down"),
        }
    }
}
