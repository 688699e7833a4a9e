//! Everything the engine ever recorded, kept beside the journal: whatever is recovered has to be what these records make.

use engine::{Engine, Position, Recovery};

#[derive(Default)]
pub(crate) struct History {
    /// Where each step ends in `records`.
    steps: Vec<(Position, usize)>,
    records: Vec<u8>,
}

impl History {
    pub(crate) fn add(&mut self, after: Position, records: &[u8]) {
        self.records.extend_from_slice(records);
        self.steps.push((after, self.records.len()));
    }

    /// What came after `last` was lost with the process that did it, and nobody was told of it.
    pub(crate) fn went_back_to(&mut self, last: Position) {
        let kept = self
            .steps
            .partition_point(|&(position, _)| position <= last);
        self.steps.truncate(kept);
        self.records
            .truncate(self.steps.last().map_or(0, |&(_, end)| end));
    }

    /// Whether an engine knows what all records up to its position say, folded one by one from the beginning.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn compare(&self, what: &str, engine: &Engine) -> Result<(), String> {
        let last = self.steps.last().map_or(Position(0), |&(last, _)| last);
        if last != engine.position() {
            return Err(format!(
                "{what} is at position {} and the records end at {}",
                engine.position().0,
                last.0
            ));
        }
        let mut recovery = Recovery::new(0);
        recovery
            .apply(&self.records)
            .map_err(|error| error.to_string())?;
        let replayed = recovery.finish(last);
        if replayed.digest() == engine.digest() {
            return Ok(());
        }
        Err(format!(
            "{what} is not what its records make: {:?} and {:?}",
            engine.figures(),
            replayed.figures()
        ))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.records
    }
}
