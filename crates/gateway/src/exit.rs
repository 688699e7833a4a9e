//! How the process ends.

use std::process::ExitCode;

/// The running gateway refused an order, or there is none.
pub(crate) fn refused() -> ExitCode {
    ExitCode::from(1)
}

/// An order names something that there is not; nothing was changed.
pub(crate) fn wrong() -> ExitCode {
    ExitCode::from(2)
}

/// Nothing was started: the configuration is wrong, or a port or the data directory is in use.
pub(crate) fn cannot_start() -> ExitCode {
    ExitCode::from(2)
}

/// The machine did not do what was asked of it, and it is not known what is on the disk: everything stops at once, with all
/// sessions unanswered, so that nothing is promised any more.
pub(crate) fn machine_failed(error: &dyn std::error::Error) -> ! {
    tracing::error!(%error, "stopped at once");
    crate::log::flush();
    std::process::exit(3)
}

/// From now on a panic in any thread ends the process: the others cannot go on without it.
pub(crate) fn on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::abort();
    }));
}
