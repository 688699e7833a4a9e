//! SMPP 3.3 / 3.4 / 5.0 as a value: frames, PDUs, TLVs, status codes, receipt text, session state machine.

pub mod command;
pub mod frame;
pub mod pdu;
pub mod receipt;
pub mod session;
pub mod status;
pub mod tlv;
mod version;
mod warnings;

pub use version::Version;
pub use warnings::{Malformed, Tolerance, Warnings};
