//! Where a message waits, where it goes and what became of it; deterministic.
