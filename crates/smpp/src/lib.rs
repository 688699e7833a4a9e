//! SMPP 3.3 / 3.4 / 5.0 as a value: frames, PDUs, TLVs, status codes, receipt text, session state machine.
//!
//! Nothing here knows of sockets, clocks or threads. [`frame::split`] finds a PDU in octets, [`pdu::decode`] reads it
//! without copying, [`pdu::encode`] writes one, and [`session`] plays either side of a connection.
//!
//! ```
//! use smpp::pdu::{self, Pdu, Sm, SmResp};
//! use smpp::{Tolerance, frame, status};
//!
//! let mut wire = bytes::BytesMut::new();
//! let sm = Sm { short_message: b"Hello", ..Sm::default() };
//! pdu::encode(&Pdu::SubmitSm(sm), status::OK, 1, &mut wire)?;
//!
//! let mut input = &wire[..];
//! let frame = frame::split(&mut input, frame::CAP_BOUND).unwrap().expect("a whole PDU");
//! let (pdu, warnings) = pdu::decode(&frame, Tolerance::Strict).unwrap();
//! assert_eq!(pdu, Pdu::SubmitSm(sm));
//! assert!(warnings.is_empty());
//!
//! let ok = SmResp { message_id: b"42", body_present: true, ..SmResp::default() };
//! let mut answer = bytes::BytesMut::new();
//! pdu::encode(&Pdu::SubmitSmResp(ok), status::OK, frame.header.sequence, &mut answer)?;
//! # Ok::<(), pdu::Unencodable>(())
//! ```

pub mod command;
pub mod frame;
mod octets;
pub mod pdu;
pub mod receipt;
pub mod session;
pub mod status;
pub mod tlv;
mod version;
mod warnings;

pub use version::Version;
pub use warnings::{Malformed, Tolerance, Warnings};
