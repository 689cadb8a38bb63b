//! `[audit]`

use chrono::TimeDelta;

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, duration, flag};
use crate::domain::organization::UNDO;

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

        /// How long the audit log of a deleted organization is kept, at least `30d`, during which the deletion can be
        /// undone. Until then, `keystiled audit export` writes it to a file.
        ///
        /// The default is that of ended credentials: a little more than a year, so that an incident of the past year can
        /// be investigated, and no data stays forever.
        keep_deleted: TimeDelta = "400d", as_long_as_undo;
    }
}

fn as_long_as_undo(value: &Value) -> Parsed<TimeDelta> {
    let kept = duration(value)?;
    if kept < UNDO {
        let problem =
            "is shorter than 30d, so the log would end before the deletion of its organization is final";
        return Err(ValueError::new(problem, "Write 30d or longer."));
    }
    Ok(kept)
}
