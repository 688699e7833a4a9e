//! Append-only record log: one interface, segment files with group commit.
