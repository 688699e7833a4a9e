//! Tests of the journal as its users see it, on the real disk and on simulated ones.

mod common;
mod damage;
mod files;
mod full;
mod power;
mod process;
mod runs;
mod snapshots;
mod walk;
