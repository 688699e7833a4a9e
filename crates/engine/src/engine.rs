//! The engine: one step takes what happened and says what to write down and what to do.

use std::collections::VecDeque;

use sms::{Instant, Now};

use crate::{Inputs, Outputs};

/// Number of a step that wrote records, counted by the engine from 1. Durable when the journal says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

/// What one step produced.
#[derive(Default, Debug)]
pub struct Step {
    /// Records of this step, to be appended to the journal as a whole; empty if nothing changed.
    pub records: Vec<u8>,
    /// The last position that has records, this step's included.
    pub after: Position,
    /// Leave at once: they reveal nothing and cause nothing that a crash could take back.
    pub free: Outputs,
    /// Leave when `after` is durable ([`Gate`]).
    pub gated: Outputs,
}

impl Step {
    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.records.clear();
        self.free.clear();
        self.gated.clear();
    }
}

/// The one gate: outputs wait here until their position is durable, and leave in order.
#[derive(Default, Debug)]
pub struct Gate {
    held: VecDeque<(Position, Outputs)>,
}

impl Gate {
    /// Holds a batch until `after` is durable.
    pub fn hold(&mut self, after: Position, outputs: Outputs) {
        if !outputs.is_empty() {
            self.held.push_back((after, outputs));
        }
    }

    /// The next batch that may leave now that everything up to `durable` is.
    pub fn pass(&mut self, durable: Position) -> Option<Outputs> {
        if self.held.front()?.0 > durable {
            return None;
        }
        self.held.pop_front().map(|(_, outputs)| outputs)
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// An engine that is being rebuilt from its journal.
#[derive(Debug, Default)]
pub struct Recovery {}

impl Recovery {
    /// Starts empty, for `partition`.
    pub fn new(_partition: u16) -> Recovery {
        Recovery {}
    }

    /// Applies the snapshot, if there is one, before any records.
    ///
    /// # Errors
    /// A sentence for the operator when the octets are not a snapshot this version reads.
    pub fn snapshot(&mut self, _octets: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// Applies the records of one or more steps.
    ///
    /// # Errors
    /// A sentence for the operator when the octets are not records this version reads.
    pub fn apply(&mut self, _records: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// The engine, whose next step with records gets the position after `last`.
    pub fn finish(self, last: Position) -> Engine {
        Engine { position: last }
    }
}

/// See the crate's documentation.
#[derive(Debug)]
pub struct Engine {
    position: Position,
}

impl Engine {
    /// Takes all inputs (leaves the batch empty) and fills `step`, which the caller cleared.
    pub fn step(&mut self, _now: Now, inputs: &mut Inputs, step: &mut Step) {
        inputs.clear();
        step.after = self.position;
    }

    /// When to step at the latest though nothing came in.
    pub fn next_wake(&self) -> Option<Instant> {
        None
    }

    /// The whole state as octets for [`Recovery::snapshot`].
    pub fn snapshot(&self, _out: &mut dyn FnMut(&[u8])) {}

    /// Figures for metrics and the console.
    pub fn figures(&self) -> Figures {
        Figures::default()
    }
}

/// What the engine holds right now.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Messages known, in whatever state.
    pub messages: u64,
    /// Waiting for a carrier.
    pub waiting: u64,
    /// Sent, answer outstanding.
    pub sending: u64,
    /// Taken by a carrier, receipt outstanding.
    pub awaiting_receipt: u64,
    /// Receipts and MO that wait for customers.
    pub deliveries: u64,
    /// Octets of memory that messages take.
    pub memory: u64,
}
