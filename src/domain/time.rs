//! Timestamps.

use std::fmt;
use std::ops::{Add, Sub};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

/// Years 1 to 9999: RFC 3339 requires four digits.
const FIRST: DateTime<Utc> = match DateTime::from_timestamp(-62_135_596_800, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};
const LAST: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 999_999_000) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

/// A timestamp in microseconds, the resolution of both databases, limited to what RFC 3339 can represent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(DateTime<Utc>);

impl Time {
    /// Earlier than every stored timestamp.
    pub const FIRST: Self = Self(FIRST);
    /// The end of the year 9999.
    pub const LAST: Self = Self(LAST);

    /// Truncates to microseconds.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at))
    }

    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::within_reach(DateTime::from_timestamp_micros(micros)?)
    }

    /// 1970-01-01T00:00:00Z.
    pub fn epoch() -> Self {
        Self(DateTime::UNIX_EPOCH)
    }

    /// `None` for a year that RFC 3339 cannot represent.
    fn within_reach(at: DateTime<Utc>) -> Option<Self> {
        (FIRST..=LAST).contains(&at).then(|| Self::new(at))
    }

    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// Whole seconds since 1970, as in JWT claims.
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// Parses an RFC 3339 timestamp, such as [`Time::iso`] returns.
    pub fn parse(text: &str) -> Option<Self> {
        Self::within_reach(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
    }

    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// `2026-11-23T08:00:00.000Z`, the format of all JSON responses.
    pub fn iso(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The UTC day, such as `2026-11-23`.
    pub fn day(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }

    /// `2026-11-23T08:00:00.000000Z`, which sorts as text chronologically.
    pub fn iso_micros(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

impl Add<TimeDelta> for Time {
    type Output = Self;
    /// Saturates at the end of the year 9999.
    fn add(self, by: TimeDelta) -> Self {
        Self(self.0.checked_add_signed(by).map_or(LAST, |at| at.min(LAST)))
    }
}

impl Sub<TimeDelta> for Time {
    type Output = Self;
    fn sub(self, by: TimeDelta) -> Self {
        Self(self.0 - by)
    }
}

impl Sub for Time {
    type Output = TimeDelta;
    fn sub(self, other: Self) -> TimeDelta {
        self.0 - other.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso())
    }
}

/// What the system clock says.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
pub fn of_system_clock() -> Time {
    Time::new(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_no_nanoseconds() {
        let at = DateTime::from_timestamp(1, 123_456_789).unwrap();
        assert_eq!(Time::new(at).iso_micros(), "1970-01-01T00:00:01.123456Z");
    }

    #[test]
    fn a_time_that_rfc_3339_cannot_represent_is_none() {
        assert_eq!(Time::parse("9999-12-31T23:59:59-12:00"), None);
        assert_eq!(Time::parse("0000-12-31T23:59:59Z"), None);
        assert_eq!(Time::from_micros(i64::MIN), None);
        let last = Time::parse("9999-12-31T23:59:59.999999Z").unwrap();
        assert_eq!(last + TimeDelta::days(400), last);
        assert_eq!(Time::parse(&last.iso_micros()), Some(last));
    }
}
