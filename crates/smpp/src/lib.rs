//! SMPP 3.3 / 3.4 / 5.0 as a value: frames, PDUs, TLVs, status codes, receipt text, session state machine.
