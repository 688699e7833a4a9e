//! Where a message waits, where it goes and what became of it; deterministic.
//!
//! [`Engine`] is a fold over records: batches of [`Inputs`] go in, records and [`Outputs`] come out, and the same records
//! folded again give the same state. It reads no clock, draws no random number and knows no protocol.

mod accept;
mod aliases;
mod ask;
mod bind;
mod closed;
mod cold;
mod deliver;
mod delivery_lane;
mod directory;
mod dispatch;
mod doubts;
mod engine;
mod entry;
mod fair;
mod final_outcome;
mod fold;
mod form;
mod group;
mod hash;
mod ids;
mod index;
mod journey;
mod key;
mod lendable;
mod live;
mod mo;
mod mo_parts;
mod money;
mod multi;
mod named;
mod number;
mod numbers;
mod operator;
mod outcome;
mod pace;
mod parts;
mod past;
mod receipt;
mod record;
mod replies;
mod route;
mod sieve;
mod slab;
mod standing;
mod strays;
mod sweep;
mod traffic;
mod wants;
mod whole;

pub use bind::PROBE;
pub use cold::{ColdDone, ColdTask, next_in_file};
pub use delivery_lane::Distribution;
pub use directory::{
    BindLimits, Connector, Customer, Directory, InDoubt, Incomplete, Limits, LongMessages,
};
pub use engine::{
    Engine, EngineState, Figures, Gate, Memory, Position, Recovery, Step, Unreadable,
    describe_record, next_record,
};
pub use final_outcome::{Ending, Facts, FinalOutcome, FinalOutcomes};
pub use form::{IdForm, ReceiptIds};
pub use group::Group;
pub use journey::{Fact, Happened, Journey, Sought};
pub use key::{BindId, ConnectorId, CustomerId, EPOCH_MS, MessageKey, Origin, RunId, Told};
pub use mo_parts::MoParts;
pub use money::{Amount, Balance, Days, Meter, Shortage};
pub use numbers::{Number, Numbers};
pub use operator::{
    AccountReport, Command, ConnectorReport, CustomerReport, LaneMeasure, LaneReport, Measures,
    ParkedReport, QueueReport, Rematched, Report, StrayReport,
};
pub use past::{Ended, Lapse, LookUp, Past, PastEnd, ROW_BEGINNING, ROW_OCTETS};
pub use route::{Route, RouteName, Selected, Target, UnknownRoute, Verdict};
pub use standing::{Party, Standing};
pub use sweep::{Place, Selection, Swept};
pub use traffic::{
    Answer, Ask, BindKind, CarrierReceipt, Cause, Delivery, Draft, Input, Inputs, Outcome, Output,
    Outputs, Refusal, RefusalClass, Replacement, Room, Span, Wish, addresses,
};
pub use wants::{OnTheWay, ReceiptRules, Receipts, Wants};
pub use whole::PartReceipts;
