//! The unit of expiry.

use sms::Wall;

use crate::EPOCH_MS;

/// Whole seconds since 2025-01-01T00:00:00Z, rounded up: the unit of expiry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Seconds(pub(crate) u32);

impl Seconds {
    pub(crate) fn from_wall(at: Wall) -> Seconds {
        let since = at.0.saturating_sub(EPOCH_MS).div_ceil(1000);
        Seconds(u32::try_from(since).unwrap_or(u32::MAX))
    }

    pub(crate) fn wall(self) -> Wall {
        Wall(EPOCH_MS + u64::from(self.0) * 1000)
    }
}
