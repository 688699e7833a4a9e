//! What a short message is, whatever carries it: message view, address, alphabets, segmentation, receipt, time.
//!
//! Nothing here knows a protocol, a clock or a socket. The octets of a message are borrowed; text is made only where somebody wants to
//! read it.
//!
//! ```
//! use sms::segment::{Marking, Split};
//! use sms::{Alphabet, Message, Reading};
//!
//! let mut text = Vec::new();
//! Alphabet::Gsm7.encode("Your code is 4711 {€}", &mut text)?;
//! let message = Message { text: &text, ..Message::default() };
//!
//! let alphabet = message.alphabet(&Reading::default());
//! let (header, body) = message.header()?;
//! let split = Split::new(alphabet, header.octets(), Marking::Udh8).expect("room for text");
//! assert_eq!(split.count(body), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod address;
pub mod alphabet;
pub mod gsm;
pub mod long;
mod message;
mod receipt;
pub mod segment;
pub mod time;
pub mod translit;
pub mod udh;

pub use address::Address;
pub use alphabet::{Alphabet, NotText, Reading};
pub use gsm::{Gsm, Language};
pub use message::{EXCERPT_CHARACTERS, Message, UDHI};
pub use receipt::{Receipt, State};
pub use time::{Instant, Now, Wall};
