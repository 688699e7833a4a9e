//! How long our own certificates still hold: always in `/metrics`, and in the log before it is too late.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use directory::{CarrierPlace, Directory};

use crate::metrics::{Holder, Metrics};
use crate::start::Listening;
use crate::tls::CertificateFiles;

const DAY: i64 = 24 * 60 * 60;

/// The certificates that we show to others, by who shows them.
#[derive(Debug, Default)]
pub(crate) struct Certificates(BTreeMap<Holder, Held>);

#[derive(Debug)]
struct Held {
    file: String,
    /// Seconds since 1970.
    expires: i64,
    told: Left,
}

/// How much time is left, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    #[default]
    Plenty,
    Month,
    Week,
    Day,
    Nothing,
}

impl Certificates {
    /// Those of the listeners and of the connectors that have one.
    pub(crate) fn of(listeners: &[Listening], directory: &Directory) -> Certificates {
        let mut held = Certificates::default();
        for listening in listeners {
            if let Some((files, _)) = &listening.tls {
                held.hold("listener", &listening.name, files);
            }
        }
        for carrier in &directory.carriers {
            if let CarrierPlace::Network { tls: Some(tls), .. } = &carrier.place
                && let Some((chain, key)) = tls.own.clone()
            {
                let files = CertificateFiles { chain, key };
                held.hold("connector", &carrier.profile.name, &files);
            }
        }
        held
    }

    fn hold(&mut self, side: &'static str, name: &str, files: &CertificateFiles) {
        let file = files.chain.display().to_string();
        match files.expires() {
            Ok(expires) => {
                let name = name.to_owned();
                let held = Held {
                    file,
                    expires,
                    told: Left::Plenty,
                };
                self.0.insert(Holder { side, name }, held);
            }
            Err(error) => tracing::warn!(side, name, error, "nobody knows when it expires"),
        }
    }

    /// Makes `/metrics` tell of these and of no others.
    pub(crate) fn publish(&self, metrics: &Metrics) {
        metrics.certificates.clear();
        for (holder, held) in &self.0 {
            let gauge = metrics.certificates.get_or_create(holder);
            gauge.set(held.expires);
        }
    }

    /// Warns of those for which the time gets short, once 30 days, 7 days and 1 day ahead and when it is over.
    pub(crate) fn look(&mut self, now: SystemTime) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        for (Holder { side, name }, held) in &mut self.0 {
            let seconds = held.expires - now;
            let left = Left::of(seconds);
            if left <= held.told {
                continue;
            }
            held.told = left;
            let (file, days) = (&held.file, seconds / DAY);
            match left {
                Left::Nothing => tracing::error!(
                    file,
                    "the certificate of {side} {name} has expired: renew it and reload"
                ),
                Left::Day => tracing::error!(
                    file,
                    "the certificate of {side} {name} expires within a day: renew it and reload"
                ),
                Left::Week | Left::Month | Left::Plenty => tracing::warn!(
                    file,
                    "the certificate of {side} {name} expires in {days} days: renew it and reload"
                ),
            }
        }
    }
}

impl Left {
    fn of(seconds: i64) -> Left {
        match seconds {
            ..=0 => Left::Nothing,
            seconds if seconds <= DAY => Left::Day,
            seconds if seconds <= 7 * DAY => Left::Week,
            seconds if seconds <= 30 * DAY => Left::Month,
            _ => Left::Plenty,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_warning_comes_30_7_and_1_days_ahead_and_at_the_end() {
        let mut held = Certificates::default();
        let holder = Holder {
            side: "listener",
            name: "smpps".to_owned(),
        };
        let expires = 100 * DAY;
        let certificate = Held {
            file: "cert.pem".to_owned(),
            expires,
            told: Left::Plenty,
        };
        held.0.insert(holder.clone(), certificate);
        let mut told_after = |seconds: i64| {
            let seconds = u64::try_from(seconds).expect("after 1970");
            held.look(UNIX_EPOCH + Duration::from_secs(seconds));
            held.0[&holder].told
        };
        for (days, left) in [
            (30, Left::Month),
            (7, Left::Week),
            (1, Left::Day),
            (0, Left::Nothing),
        ] {
            let before = told_after(expires - days * DAY - 1);
            assert!(before < left, "{days}");
            assert_eq!(told_after(expires - days * DAY), left);
        }
        // A clock that goes back does not make it be told again.
        assert_eq!(told_after(0), Left::Nothing);
    }
}
