//! `[credentials]`

use chrono::TimeDelta;

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, duration};

section! {
    /// Sessions, personal tokens and API keys.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Credentials = [credentials] {
        /// How long sessions, personal tokens and API keys are kept and listed after they expired or were revoked, at
        /// least `1d`. Their audit events stay, with the name that each last had, and so do usage counts.
        keep_ended: TimeDelta = "400d", a_day_or_longer;
    }
}

fn a_day_or_longer(value: &Value) -> Parsed<TimeDelta> {
    let kept = duration(value)?;
    if kept < TimeDelta::days(1) {
        let problem = "is shorter than a day, so ended credentials would disappear before anyone sees them";
        return Err(ValueError::new(problem, "Write 1d or longer."));
    }
    Ok(kept)
}
