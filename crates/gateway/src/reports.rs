//! What operators want of the engine, and who waits for what came of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use engine::{Command, Input, Inputs, Report};
use tokio::sync::oneshot;

use crate::mailbox::{Inbox, lock};

/// Commands that the engine has not answered yet.
#[derive(Debug, Default)]
pub(crate) struct Reports(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    /// The ticket of the last command.
    last: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Report>>,
}

impl Reports {
    /// Gives a command to the engine; there is no report if it ends first.
    pub(crate) async fn ask(&self, inbox: &Inbox, command: Command) -> Option<Report> {
        let (told, report) = oneshot::channel();
        let ticket = {
            let mut open = lock(&self.0);
            // Whoever gave up waiting is not told anything.
            open.waiting.retain(|_, told| !told.is_closed());
            open.last += 1;
            let ticket = open.last;
            open.waiting.insert(ticket, told);
            ticket
        };
        let mut inputs = Inputs::default();
        inputs.push(Input::Operator { ticket, command });
        inbox.post(&mut inputs);
        report.await.ok()
    }

    /// Reports leave.
    pub(crate) fn tell(&self, reports: &mut Vec<(u64, Report)>) {
        if reports.is_empty() {
            return;
        }
        let mut open = lock(&self.0);
        for (ticket, report) in reports.drain(..) {
            if let Some(told) = open.waiting.remove(&ticket) {
                // The same.
                let _ = told.send(report);
            }
        }
    }
}
