//! What crosses between threads crosses as a batch.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

use engine::Inputs;
use tokio::sync::Notify;

/// Octets or inputs that may wait in one inbox before its I/O thread stops reading its sockets.
const OCTETS_MAX: usize = 4 << 20;
const INPUTS_MAX: usize = 64 << 10;

/// Inputs that the engine takes from one inbox for one step, and those of one read more. Small enough that the journal, the
/// engine and the sockets work at the same time instead of one after the other; large enough that a step's own cost is shared.
const STEP_MAX: usize = 512;

/// Empty batches that an inbox keeps.
const SPARE_MAX: usize = 8;

/// From one I/O thread (or the control thread) to the engine.
#[derive(Debug)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    full: AtomicBool,
    room: Notify,
    engine: Thread,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Each is for one step.
    batches: VecDeque<Inputs>,
    inputs: usize,
    octets: usize,
    /// Empty ones, to be filled again.
    spare: Vec<Inputs>,
}

impl Inbox {
    /// An inbox of the engine that runs on `engine`.
    pub(crate) fn new(engine: Thread) -> Inbox {
        Inbox {
            waiting: Mutex::default(),
            full: AtomicBool::new(false),
            room: Notify::new(),
            engine,
        }
    }

    /// Leaves everything in `inputs` for the engine, and `inputs` empty.
    pub(crate) fn post(&self, inputs: &mut Inputs) {
        if inputs.is_empty() {
            return;
        }
        let first = {
            let mut waiting = lock(&self.waiting);
            let first = waiting.batches.is_empty();
            waiting.push(inputs);
            if waiting.octets > OCTETS_MAX || waiting.inputs > INPUTS_MAX {
                self.full.store(true, Ordering::Relaxed);
            }
            first
        };
        if first {
            self.engine.unpark();
        }
    }

    /// Wakes the engine's thread though nothing was posted.
    pub(crate) fn wake(&self) {
        self.engine.unpark();
    }

    /// The engine takes what one step is to have of it. Buffers swap places, so that neither side allocates.
    pub(crate) fn take(&self, inputs: &mut Inputs) {
        let mut waiting = lock(&self.waiting);
        waiting.pop(inputs);
        let full = waiting.octets > OCTETS_MAX / 2 || waiting.inputs > INPUTS_MAX / 2;
        if !full && self.full.swap(false, Ordering::Relaxed) {
            self.room.notify_one();
        }
    }

    /// Whether the I/O thread should leave its sockets unread for now: the peers' own windows then fill.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Waits until the engine has taken what filled the inbox. One task per inbox waits here.
    pub(crate) async fn room(&self) {
        self.room.notified().await;
    }
}

impl Waiting {
    fn push(&mut self, inputs: &mut Inputs) {
        self.inputs += inputs.len();
        self.octets += inputs.octets();
        match self.batches.back_mut() {
            Some(last) if last.len() + inputs.len() <= STEP_MAX => last.append(inputs),
            _ => {
                let empty = self.spare.pop().unwrap_or_default();
                self.batches.push_back(core::mem::replace(inputs, empty));
            }
        }
    }

    fn pop(&mut self, inputs: &mut Inputs) {
        let Some(mut first) = self.batches.pop_front() else {
            return;
        };
        self.inputs -= first.len();
        self.octets -= first.octets();
        inputs.append(&mut first);
        if self.spare.len() < SPARE_MAX {
            self.spare.push(first);
        }
    }
}

/// To one I/O thread.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    waiting: Mutex<Vec<T>>,
    arrived: Notify,
}

impl<T> Outbox<T> {
    /// An empty one.
    pub(crate) fn new() -> Outbox<T> {
        Outbox {
            waiting: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// Leaves one for the thread and wakes it.
    pub(crate) fn post(&self, mail: T) {
        let first = {
            let mut waiting = lock(&self.waiting);
            waiting.push(mail);
            waiting.len() == 1
        };
        if first {
            self.arrived.notify_one();
        }
    }

    /// Swaps everything that waits into `mail`, which is empty.
    pub(crate) fn take(&self, mail: &mut Vec<T>) {
        core::mem::swap(mail, &mut lock(&self.waiting));
    }

    /// Waits until something has come. One task waits here.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

/// A lock whose holder cannot panic halfway through a change, so that poison means nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{BindId, Input};

    fn some(n: u64) -> Inputs {
        let mut inputs = Inputs::default();
        for bind in 0..n {
            inputs.push(Input::Unbound(BindId(bind)));
        }
        inputs
    }

    #[test]
    fn the_engine_takes_what_several_reads_posted_as_one_batch() {
        let inbox = Inbox::new(std::thread::current());
        inbox.post(&mut some(2));
        inbox.post(&mut some(3));
        let mut taken = Inputs::default();
        inbox.take(&mut taken);
        assert_eq!(taken.len(), 5);
        let mut rest = Inputs::default();
        inbox.take(&mut rest);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_full_inbox_says_so_until_it_is_taken() {
        let inbox = Inbox::new(std::thread::current());
        inbox.post(&mut some(INPUTS_MAX as u64 + 1));
        assert!(inbox.is_full());
        inbox.take(&mut Inputs::default());
        assert!(!inbox.is_full());
    }

    #[test]
    fn a_flood_is_taken_step_by_step() {
        let inbox = Inbox::new(std::thread::current());
        for _ in 0..10 {
            inbox.post(&mut some(STEP_MAX as u64 / 2));
        }
        let mut steps = Vec::new();
        loop {
            let mut taken = Inputs::default();
            inbox.take(&mut taken);
            if taken.is_empty() {
                break;
            }
            steps.push(taken.len());
        }
        assert_eq!(steps, [STEP_MAX; 5]);
    }
}
