//! What the command line says of the configuration, and reading it all.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::carrier_url;
use crate::compile;
use crate::file;
use crate::problem::{At, Problems, Reader};
use crate::section::{ListenerKind, ListenerSettings, Settings};
use crate::snapshot::Directory;

/// The configuration of the demo: customers, simulated carriers, magic numbers.
pub const DEMO: &str = include_str!("../demo.toml");

/// Where the configuration comes from, as the command line says it. Later ones go over earlier ones: the demo, the files in
/// their order, the single flags.
#[derive(Clone, Default)]
pub struct Options {
    /// Begin with the demo.
    pub demo: bool,
    /// Configuration files; sections of the same name replace.
    pub files: Vec<PathBuf>,
    /// Instead of `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// Instead of all listeners of kind `smpp`.
    pub smpp_listen: Vec<SocketAddr>,
    /// Instead of the addresses of all listeners of kind `smpps`.
    pub smpps_listen: Vec<SocketAddr>,
    /// Instead of all listeners of kind `http`.
    pub http_listen: Vec<SocketAddr>,
    /// Carrier URLs: they take the places of the simulated carriers, or become route `default`.
    pub carriers: Vec<String>,
}

impl Options {
    /// Reads everything.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(&self) -> Result<Directory, Problems> {
        let mut reader = Reader::default();
        let mut settings = Settings::default();
        if self.demo {
            file::read(&mut settings, "demo", DEMO, Path::new(""), &mut reader);
        } else if self.files.is_empty() {
            reader.begin("command line", "");
            reader.complain(
                &(0..0),
                "no configuration is named",
                "use --config FILE or --demo",
            );
            return Err(reader.finish());
        }
        for path in &self.files {
            read_file(&mut settings, path, &mut reader);
        }
        self.override_settings(&mut settings, &mut reader);
        finish(settings, reader)
    }

    fn override_settings(&self, settings: &mut Settings, reader: &mut Reader) {
        if let Some(data_dir) = &self.data_dir {
            settings.gateway.gateway.data_dir.clone_from(data_dir);
        }
        for (flag, kind, addrs) in [
            ("--smpp-listen", ListenerKind::Smpp, &self.smpp_listen),
            ("--smpps-listen", ListenerKind::Smpps, &self.smpps_listen),
            ("--http-listen", ListenerKind::Http, &self.http_listen),
        ] {
            if !addrs.is_empty() {
                listen(settings, flag, kind, addrs, reader);
            }
        }
        carrier_url::apply(settings, &self.carriers, reader);
    }
}

impl Directory {
    /// Reads one configuration text that is called `name` in complaints. Relative paths in it start at the working directory.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Directory, Problems> {
        let mut reader = Reader::default();
        let mut settings = Settings::default();
        file::read(&mut settings, name, text, Path::new(""), &mut reader);
        finish(settings, reader)
    }
}

fn read_file(settings: &mut Settings, path: &Path, reader: &mut Reader) {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => file::read(
            settings,
            &name,
            &text,
            path.parent().unwrap_or(Path::new("")),
            reader,
        ),
        Err(error) => {
            reader.begin(&name, "");
            reader.set_unparsed();
            let what = format!("the file cannot be read: {error}");
            reader.complain(
                &(0..0),
                what,
                "name a file of UTF-8 text that this user may read",
            );
        }
    }
}

fn finish(settings: Settings, mut reader: Reader) -> Result<Directory, Problems> {
    // A source that could not be parsed may lack anything; what refers to it would be complained of without cause.
    if reader.unparsed() {
        return Err(reader.finish());
    }
    let directory = compile::directory(settings, &mut reader);
    if reader.complained() {
        Err(reader.finish())
    } else {
        Ok(directory)
    }
}

/// One listener with the addresses of a flag, in the place of all others of its kind; it keeps their certificate.
fn listen(
    settings: &mut Settings,
    flag: &str,
    kind: ListenerKind,
    addrs: &[SocketAddr],
    reader: &mut Reader,
) {
    reader.begin(flag, "");
    let place = reader.place(&(0..0));
    let old = settings
        .listeners
        .iter()
        .find(|listener| listener.kind == Some(kind))
        .cloned();
    if old.is_none() && kind == ListenerKind::Smpps {
        let change = "add a [[listener]] of kind smpps with cert and key, or self_signed = true";
        reader.complain(&(0..0), "there is no certificate for it", change);
    }
    settings
        .listeners
        .retain(|listener| listener.kind != Some(kind));
    settings.listeners.push(ListenerSettings {
        name: At {
            value: flag.trim_start_matches('-').to_owned(),
            place,
        },
        kind: Some(kind),
        addr: addrs.iter().map(|&value| At { value, place }).collect(),
        ..old.unwrap_or_default()
    });
}
