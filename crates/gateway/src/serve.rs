//! `bindery serve`: from the command line to a running gateway, and from there to its exit code.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::orders::{self, Done, Order};
use crate::running::Running;
use crate::{config, exit, log, start};

const EXAMPLES: &str = "\
Examples:
  bindery serve --demo
      A whole gateway with demo customers and a simulated carrier, on loopback only
  bindery serve --demo --carrier 'smpp://me:secret@smsc.example.net:2775?window=50'
      The demo customers, with a real carrier behind
  bindery serve --config bindery.toml
      In earnest; `bindery check bindery.toml` first says what is wrong with the file
Then, in a second terminal:
  bindery send --to 447700901234 \"Hello, Bindery\"";

/// Run the gateway.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Begin with the demo: customers, a simulated carrier, everything on loopback
    #[arg(long)]
    pub(crate) demo: bool,
    /// The configuration; with --demo it is merged over the demo's
    #[arg(long, value_name = "FILE", required_unless_present = "demo")]
    pub(crate) config: Option<PathBuf>,
    /// Where everything that lasts is kept [demo: ./bindery-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where to listen for plain SMPP, instead of where the configuration says (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) smpp_listen: Vec<SocketAddr>,
    /// Where to listen for SMPP over TLS, instead of where the configuration says (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) smpps_listen: Vec<SocketAddr>,
    /// Where to answer HTTP (/healthz, /metrics), instead of where the configuration says
    #[arg(long, value_name = "ADDR")]
    pub(crate) http_listen: Option<SocketAddr>,
    /// smpp:// or smpps://SYSTEM_ID:PASSWORD@HOST:PORT?window=.., instead of the demo's simulated carrier (repeatable)
    #[arg(long, value_name = "URL")]
    pub(crate) carrier: Vec<String>,
    /// Start without a damaged file of waiting messages: those in it are lost, and the log says how many of whom (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) give_up: Vec<PathBuf>,
}

/// Runs until SIGTERM or SIGINT and ends with 0; with 2 if the configuration is wrong or it cannot start.
pub(crate) fn run(args: Args) -> ExitCode {
    let directory = match config::load(&args) {
        Ok(directory) => directory,
        Err(problems) => {
            complain(&problems.to_string());
            return exit::cannot_start();
        }
    };
    exit::on_panic();
    let settings = &directory.gateway.log;
    let levels = match log::start(&settings.filter, settings.format) {
        Ok(levels) => levels,
        Err(error) => {
            complain(&error);
            return exit::cannot_start();
        }
    };
    let code = match start::start(directory, &args.give_up) {
        Ok(started) => Running::new(args, levels, started).run(),
        Err(error) => {
            complain(&error);
            exit::cannot_start()
        }
    };
    log::flush();
    code
}

/// `bindery check`: what is wrong in a configuration, all of it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct CheckArgs {
    /// The configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Reads a configuration as `serve` would and says what it finds. Ends with 2 if something is wrong.
pub(crate) fn check(args: &CheckArgs) -> ExitCode {
    match config::check(&args.file) {
        Ok(summary) => {
            say(&summary);
            ExitCode::SUCCESS
        }
        Err(problems) => {
            complain(&problems.to_string());
            exit::cannot_start()
        }
    }
}

/// `bindery reload`: the running gateway reads its configuration again.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ReloadArgs {
    /// The data directory of the gateway
    #[arg(long, value_name = "DIR", default_value = "bindery-data")]
    data_dir: PathBuf,
}

/// Asks for the reload and waits for its outcome. Ends with 1 if nothing was changed.
pub(crate) fn reload(args: &ReloadArgs) -> ExitCode {
    match orders::give(&args.data_dir, Order::Reload) {
        Ok(done) => {
            if let Done::Reloaded(changes) = done {
                say(&changes);
            }
            ExitCode::SUCCESS
        }
        Err(refused) => {
            complain(&refused.why);
            exit::refused()
        }
    }
}

/// Results go to standard output, at once.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout();
    // Whoever closed it does not want to know.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// What a person has to mend goes to standard error.
pub(crate) fn complain(text: &str) {
    use std::io::Write;
    let mut err = std::io::stderr();
    for line in text.lines() {
        let _ = writeln!(err, "bindery: {line}");
    }
}
