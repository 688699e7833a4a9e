//! What a short message is, whatever carries it: message view, address, alphabets, segmentation, receipt, time.

pub mod time;

pub use time::{Instant, Now, Wall};
