//! From the command line to the directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::{Directory, Options, Problems};

use crate::serve::Args;

/// Reads everything that the command line names.
///
/// # Errors
/// All that is wrong with it.
pub(crate) fn load(args: &Args) -> Result<Arc<Directory>, Problems> {
    let options = Options {
        demo: args.demo,
        files: args.config.iter().cloned().collect(),
        data_dir: args.data_dir.clone(),
        smpp_listen: args.smpp_listen.clone(),
        smpps_listen: args.smpps_listen.clone(),
        http_listen: args.http_listen.into_iter().collect(),
        carriers: args.carrier.clone(),
    };
    options.load().map(Arc::new)
}

/// Reads one file and says what is in it.
///
/// # Errors
/// All that is wrong with it.
pub(crate) fn check(file: &Path) -> Result<String, Problems> {
    let options = Options {
        files: vec![file.to_owned()],
        ..Options::default()
    };
    let directory = options.load()?;
    let (customers, connectors) = directory.numbers();
    let counted = directory.counted();
    let mut lines = vec![format!("{}: nothing is wrong", file.display())];
    lines.extend(
        customers
            .iter()
            .map(|(name, id)| format!("customer {name}: id {}", id.0)),
    );
    lines.extend(
        connectors
            .iter()
            .map(|(name, id)| format!("connector {name}: id {}", id.0)),
    );
    lines.extend(
        counted
            .iter()
            .map(|(name, how)| format!("customer {name}: {how}")),
    );
    Ok(lines.join("\n"))
}

/// Where the gateway of this configuration keeps its data.
///
/// # Errors
/// All that is wrong with it.
pub(crate) fn data_dir(file: &Path) -> Result<PathBuf, Problems> {
    Ok(directory(file)?.gateway.data_dir)
}

/// What a configuration says.
///
/// # Errors
/// All that is wrong with it.
pub(crate) fn directory(file: &Path) -> Result<Directory, Problems> {
    let options = Options {
        files: vec![file.to_owned()],
        ..Options::default()
    };
    options.load()
}
