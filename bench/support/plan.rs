//! Sizes and durations of a run.

use std::env;
use std::time::Duration;

/// Connections, each with one request at a time.
pub(crate) const CONNECTIONS: usize = 64;
/// Connections under overload: ten times as many.
pub(crate) const CROWD: usize = 640;
/// Sessions for the start of the comparison of database sizes.
pub(crate) const FEW: usize = 1_000;
/// Sessions for everything else.
pub(crate) const SESSIONS: usize = 10_000;
/// API keys that are looked up in turn.
pub(crate) const KEYS: usize = 1_000;
/// Audit events of an export.
pub(crate) const EVENTS: usize = 500_000;
/// Sessions for the end of the comparison of database sizes, in a long run.
pub(crate) const MILLION: usize = 1_000_000;

/// Durations of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) length: Length,
    /// Load before the measured window.
    pub(crate) warm_up: Duration,
    /// Window of a load at full speed.
    pub(crate) window: Duration,
    /// Window of a load at half of that rate.
    pub(crate) half: Duration,
    /// Window of read-only paths, and of each peer.
    pub(crate) short: Duration,
    /// Duration of each measurement of the signing rate.
    pub(crate) signing: Duration,
}

/// Kind of run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Quick,
    Usual,
    Long,
}

impl Plan {
    /// From the variables `QUICK` and `LONG`; empty counts as unset.
    pub(crate) fn from_env() -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let length = match (set("QUICK"), set("LONG")) {
            (true, _) => Length::Quick,
            (false, true) => Length::Long,
            (false, false) => Length::Usual,
        };
        let seconds = |usual, quick| Duration::from_secs(if length == Length::Quick { quick } else { usual });
        Self {
            length,
            warm_up: seconds(2, 1),
            window: seconds(10, 3),
            half: seconds(6, 3),
            short: seconds(6, 2),
            signing: seconds(2, 1),
        }
    }
}
