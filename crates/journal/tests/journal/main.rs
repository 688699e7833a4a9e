//! Tests of the journal as its users see it, on the real disk and on simulated ones.

mod common;
mod files;
