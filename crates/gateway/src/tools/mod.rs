//! The tools beside the gateway, in the same binary: a sender, a listener, a load generator and a message centre to test against.

pub(crate) mod carrier;
mod client;
pub(crate) mod decode;
mod due;
mod hash;
pub(crate) mod listen;
pub(crate) mod load;
pub(crate) mod parse;
mod reactor;
pub(crate) mod send;
pub(crate) mod sink;
mod text;
mod tls;
pub(crate) mod trace;
mod usage;
mod wire;

pub(crate) use text::hex;

/// Results go to standard output.
#[expect(
    clippy::print_stdout,
    reason = "this is what a command line tool is for"
)]
fn print(text: &str) {
    println!("{text}");
}

/// Everything that is said to a person goes to standard error, so that the results stay clean.
#[expect(
    clippy::print_stderr,
    reason = "this is what a command line tool is for"
)]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests;
