//! What crosses between threads crosses as a batch: the receiver takes everything that waits at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

use engine::Inputs;
use tokio::sync::Notify;

/// Octets or inputs that may wait in one inbox before its I/O thread stops reading its sockets.
const OCTETS_MAX: usize = 4 << 20;
const INPUTS_MAX: usize = 64 << 10;

/// From one I/O thread (or the control thread) to the engine.
#[derive(Debug)]
pub(crate) struct Inbox {
    waiting: Mutex<Inputs>,
    full: AtomicBool,
    room: Notify,
    engine: Thread,
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

    /// Leaves everything in `inputs` for the engine's next step, and `inputs` empty.
    pub(crate) fn post(&self, inputs: &mut Inputs) {
        if inputs.is_empty() {
            return;
        }
        let first = {
            let mut waiting = lock(&self.waiting);
            let first = waiting.is_empty();
            waiting.append(inputs);
            if waiting.octets() > OCTETS_MAX || waiting.len() > INPUTS_MAX {
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

    /// The engine takes everything. Buffers swap places, so that neither side allocates.
    pub(crate) fn take(&self, inputs: &mut Inputs) {
        inputs.append(&mut lock(&self.waiting));
        if self.full.load(Ordering::Relaxed) {
            self.full.store(false, Ordering::Relaxed);
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
}
