//! What becomes of messages that were sent to carriers.
