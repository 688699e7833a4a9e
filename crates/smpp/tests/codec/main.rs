//! The codec against golden vectors, against itself, and against another implementation.

mod differential;
mod golden;
mod properties;
mod strategies;
mod vectors;
