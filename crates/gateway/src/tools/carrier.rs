//! The simulated carrier of the demo: the message centre of `bindery sink`, inside the gateway's process.

use std::io;

use super::reactor::Stopper;
use super::sink::{Behaviour, Sink};

/// Serves on `listener` in a thread of its own until the future is dropped.
///
/// Binds with the system_id that [`Behaviour::magic`] names play the magic numbers of the demo by the last four digits of
/// the destination; for all others every number is ordinary.
///
/// # Errors
/// Those of the listener and of starting a thread.
pub(crate) async fn simulated_carrier(
    listener: tokio::net::TcpListener,
    behaviour: Behaviour,
) -> io::Result<()> {
    let sink = Sink::new(listener.into_std()?, behaviour)?;
    let (_stopper, ear) = Stopper::new()?;
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("simulated-carrier".to_owned())
        .spawn(move || {
            let result = sink.run(ear, None, |_| ());
            // Nobody waits for the end after the future was dropped.
            let _ = ended.send(result);
        })?;
    match end.await {
        Ok(result) => result.map(|_report| ()),
        Err(_) => Err(io::Error::other("the simulated carrier's thread failed")),
    }
}
