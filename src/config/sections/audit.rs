//! `[audit]`

use chrono::TimeDelta;

use crate::config::section::section;
use crate::config::values::{duration, flag};

section! {
    /// Audit events are kept forever. Uses of credentials are far more numerous and are deleted after a while.
    ///
    /// [audit.md](audit.md) describes both.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Audit = [audit] {
        /// Whether each use of a credential is logged and counted. If off, credentials still show when they were last
        /// used.
        log_uses: bool = true, flag;

        /// How many denied uses of a credential a node logs in detail per minute. All are counted.
        denied_uses_per_minute: u32 = 10, 0..=1_000_000;

        /// How long each use of a credential is kept.
        keep_uses: TimeDelta = "90d", duration;

        /// How long the daily counts are kept.
        keep_usage: TimeDelta = "730d", duration;
    }
}
