//! The sections of the configuration: what may stand in each, and what it means when it does not.

mod called;
mod connector;
mod credential;
mod customer;
mod delivering;
mod gateway;
mod listener;
mod money;
mod quirks;
mod route;
mod submitting;

pub(crate) use connector::ConnectorSettings;
pub use connector::Host;
pub(crate) use customer::CustomerSettings;
pub(crate) use gateway::GatewaySettings;
pub use gateway::{
    Connections, Gateway, History, Journal, Log, LogFormat, OutcomeLog, ShownNumbers,
};
pub use listener::ListenerKind;
pub(crate) use listener::ListenerSettings;
pub(crate) use money::TopupSettings;
pub(crate) use route::{BY_PLACE, Customers, NumberSettings, RouteSettings, TargetSettings};

use core::ops::Range;
use core::time::Duration;
use std::fs::File;
use std::path::{Path, PathBuf};

use smpp::Version;
use toml::de::DeTable;

use crate::problem::{At, Reader};
use crate::table::{Effect, Section};
use crate::unit;

/// The words for versions of SMPP.
const VERSIONS: &[(&str, Version)] = &[
    ("3.3", Version::V33),
    ("3.4", Version::V34),
    ("5.0", Version::V50),
];

/// A section that may stand several times, told apart by a name.
pub(crate) trait Named: Section + Clone {
    /// The key that holds the name.
    const NAME: &'static str = "name";

    /// Its name, and where it stands.
    fn name(&self) -> &At<String>;

    /// What its sections may begin from instead of the defaults, by the name that their key `preset` gives.
    fn presets() -> Vec<(String, Self)> {
        Vec::new()
    }

    /// Completes it with what lies outside of the file, and complains of settings that do not go together.
    fn settle(&mut self, _written: &Written<'_>, _reader: &mut Reader) {}

    /// A key whose value is the same, but means something else than in `_other`, because what lies outside changed.
    fn changed_outside(&self, _other: &Self) -> Option<(&'static str, Effect)> {
        None
    }
}

/// The sections that have `key`, as they are spoken of.
pub(crate) fn homes(key: &str) -> Vec<String> {
    fn home<T: Section>(key: &str) -> Option<String> {
        let known = T::settings().iter().any(|setting| setting.key == key);
        known.then(T::title)
    }
    let homes = [
        home::<GatewaySettings>(key),
        home::<ListenerSettings>(key),
        home::<CustomerSettings>(key),
        home::<ConnectorSettings>(key),
        home::<RouteSettings>(key),
        home::<NumberSettings>(key),
        home::<TopupSettings>(key),
    ];
    homes.into_iter().flatten().collect()
}

/// A section as it stands in its file.
pub(crate) struct Written<'a> {
    /// Its keys.
    pub(crate) table: &'a DeTable<'a>,
    /// Where it begins.
    pub(crate) header: Range<usize>,
    /// The directory of the file, which paths are relative to.
    pub(crate) directory: &'a Path,
}

impl Written<'_> {
    /// Where the value of `key` stands, or the section if it does not.
    pub(crate) fn span(&self, key: &str) -> Range<usize> {
        self.table
            .get(key)
            .map_or_else(|| self.header.clone(), |item| item.span())
    }

    /// Where the first of `keys` that was written stands, or the section.
    pub(crate) fn span_of(&self, keys: &[&str]) -> Range<usize> {
        let written = keys.iter().find_map(|key| self.table.get(*key));
        written.map_or_else(|| self.header.clone(), |item| item.span())
    }

    /// Makes the path absolute from the file's directory, and complains if it cannot be opened.
    fn open(&self, key: &str, path: &mut PathBuf, reader: &mut Reader) {
        *path = self.directory.join(&*path);
        if let Err(error) = File::open(&*path) {
            let what = format!("{key} {} cannot be read: {error}", path.display());
            reader.complain(&self.span(key), what, "name a file that this user may read");
        }
    }

    /// Complains of an inactivity timer that ends healthy sessions between two enquire_links.
    fn check_keep_alive(
        &self,
        inactivity: Option<Duration>,
        enquire: Option<Duration>,
        timeout: Duration,
        reader: &mut Reader,
    ) {
        let Some((inactivity, enquire)) = inactivity.zip(enquire) else {
            return;
        };
        let needed = enquire.saturating_mul(2).saturating_add(timeout);
        if inactivity <= needed {
            let what = format!(
                "inactivity is {}, which ends idle sessions that are well",
                unit::write_duration(inactivity)
            );
            let change = format!(
                "give more than {} (twice enquire_link plus enquire_link_timeout)",
                unit::write_duration(needed)
            );
            reader.complain(
                &self.span_of(&["inactivity", "enquire_link", "enquire_link_timeout"]),
                what,
                change,
            );
        }
    }
}

/// The whole configuration as it was written, merged, each value of the right type; not yet checked across sections.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) gateway: GatewaySettings,
    pub(crate) listeners: Vec<ListenerSettings>,
    pub(crate) customers: Vec<CustomerSettings>,
    pub(crate) connectors: Vec<ConnectorSettings>,
    pub(crate) routes: Vec<RouteSettings>,
    pub(crate) numbers: Vec<NumberSettings>,
    pub(crate) topups: Vec<TopupSettings>,
}
