//! What a short message is, whatever carries it: message view, address, alphabets, segmentation, receipt, time.

pub mod address;
mod message;
mod receipt;
pub mod time;

pub use address::Address;
pub use message::Message;
pub use receipt::{Receipt, State};
pub use time::{Instant, Now, Wall};
