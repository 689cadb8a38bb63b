//! How long each part of a run takes.

use std::env;
use std::time::Duration;

/// Connections of a tool each, one request at a time on each of them.
pub(crate) const CONNECTIONS: usize = 64;
/// Connections under overload: ten times as many.
pub(crate) const CROWD: usize = 640;
/// Sessions in the database at the start of the comparison of sizes.
pub(crate) const FEW: usize = 1_000;
/// Sessions in the database of everything else.
pub(crate) const SESSIONS: usize = 10_000;
/// API keys that are looked up in turn.
pub(crate) const KEYS: usize = 1_000;
/// Audit events of an export.
pub(crate) const EVENTS: usize = 500_000;
/// Sessions in the database at the end of the comparison of sizes in a long run.
pub(crate) const MILLION: usize = 1_000_000;

/// The lengths of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) length: Length,
    /// Load before the window that counts.
    pub(crate) warm_up: Duration,
    /// The window of a load as fast as it goes.
    pub(crate) window: Duration,
    /// The window of half of that load.
    pub(crate) half: Duration,
    /// The window of paths that only read, and of each peer.
    pub(crate) short: Duration,
    /// Each look at the signing limit.
    pub(crate) signing: Duration,
}

/// Which run was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Quick,
    Usual,
    Long,
}

impl Plan {
    /// `QUICK` or `LONG` in the environment, not empty.
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
