//! One TCP connection that speaks SMPP, in either role.
