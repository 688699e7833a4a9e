//! How the engine's decisions are said in SMPP, to customers and to carriers; sans-io.
