//! What a short message is, whatever carries it: message view, address, alphabets, segmentation, receipt, time.

pub mod address;
pub mod alphabet;
pub mod gsm;
mod message;
mod receipt;
pub mod segment;
pub mod time;
pub mod udh;

pub use address::Address;
pub use alphabet::{Alphabet, Reading};
pub use gsm::{Gsm, Language};
pub use message::Message;
pub use receipt::{Receipt, State};
pub use time::{Instant, Now, Wall};
