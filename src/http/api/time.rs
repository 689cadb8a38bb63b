//! Times as the API takes them.

use serde::{Deserialize, Deserializer};

use crate::domain::time::Time;

/// An RFC 3339 time: `2026-11-23T08:00:00.000Z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Time);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}
