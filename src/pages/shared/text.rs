//! Formatting of dates, counts and untrusted names.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::domain::request::device_name;

/// Maximum length of a shown name, in characters.
const NAME_MAX: usize = 64;

/// A time for a `<time>` element: ISO and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayTime {
    pub iso: String,
    pub text: String,
}

impl DisplayTime {
    /// "22 Dec 2026"
    pub fn day(at: DateTime<Utc>) -> Self {
        Self { iso: at.format("%Y-%m-%d").to_string(), text: date_short(at) }
    }

    /// "22 Dec 2026, 14:32:05 UTC"
    pub fn second(at: DateTime<Utc>) -> Self {
        Self {
            iso: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            text: format!("{}, {}", date_short(at), time_to_the_second(at)),
        }
    }

    /// "22 Dec 2026, 14:32 UTC"
    pub fn minute(at: DateTime<Utc>) -> Self {
        Self { iso: at.to_rfc3339_opts(SecondsFormat::Secs, true), text: date_time(at) }
    }
}

/// "22 December 2026"
pub fn date(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y").to_string()
}

/// "22 Dec 2026"
pub fn date_short(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y").to_string()
}

/// "14:32 UTC"
pub fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M UTC").to_string()
}

/// "14:32:05 UTC"
pub fn time_to_the_second(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S UTC").to_string()
}

/// "22 Dec 2026, 14:32 UTC"
pub fn date_time(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// "today at 14:32 UTC", or with the date when it was another day.
pub fn near_time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at.date_naive() == now.date_naive() {
        format!("today at {}", time(at))
    } else {
        format!("{} at {}", date_short(at), time(at))
    }
}

/// "just now", "4 minutes ago", "3 hours ago", "yesterday" (by the calendar), "12 days ago"
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let past = now.signed_duration_since(at);
    let days = now.date_naive().signed_duration_since(at.date_naive()).num_days();
    if past < TimeDelta::minutes(1) {
        "just now".into()
    } else if past < TimeDelta::hours(1) {
        format!("{} ago", count(past.num_minutes(), "minute", "minutes"))
    } else if days == 0 {
        format!("{} ago", count(past.num_hours(), "hour", "hours"))
    } else if days <= 1 {
        "yesterday".into()
    } else {
        format!("{} ago", count(days, "day", "days"))
    }
}

/// "8 hours", "90 days", "90 minutes": in the largest unit that is exact.
pub fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    if seconds != 0 && seconds % 86_400 == 0 && seconds > 86_400 {
        count(length.num_days(), "day", "days")
    } else if seconds != 0 && seconds % 3_600 == 0 {
        count(length.num_hours(), "hour", "hours")
    } else if seconds != 0 && seconds % 60 == 0 {
        count(length.num_minutes(), "minute", "minutes")
    } else {
        count(seconds, "second", "seconds")
    }
}

/// "90 days", "5 hours", "3 minutes": an approximate duration.
pub fn about(length: TimeDelta) -> String {
    let rounded = |unit: i64| (length.num_seconds() + unit / 2) / unit;
    if length >= TimeDelta::hours(36) {
        count(rounded(86_400), "day", "days")
    } else if length >= TimeDelta::minutes(90) {
        count(rounded(3_600), "hour", "hours")
    } else {
        count(rounded(60).max(1), "minute", "minutes")
    }
}

/// "1 session", "3,918 sessions"
pub fn count(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// "3,918"
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Sanitizes a device name claimed by a tool.
pub fn device_label(reported: &str) -> String {
    device_name(reported)
}

/// Sanitizes a short description claimed by a tool, such as "macOS 15" or "Orbit CLI 2.14.0": of each word, ASCII
/// letters, digits, `.`, `_` and `-` stay, the rest becomes `?`, and at most 64 characters are left.
pub fn device_words(reported: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '?' };
    let words = reported.split_whitespace().map(|word| word.chars().map(kept).collect::<String>());
    words.collect::<Vec<_>>().join(" ").chars().take(64).collect()
}

/// Truncates a name chosen by a user or a tool's developer.
pub fn name(chosen: &str) -> String {
    let shown: String = chosen.chars().filter(|c| !c.is_control()).collect();
    match shown.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("{}…", shown[..end].trim_end()),
        None => shown,
    }
}

/// Up to two initials of a user: "MO" for "Maya Okafor", "M" for "maya".
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let ends = [words.next(), words.next_back()];
    ends.into_iter().flatten().filter_map(monogram_of).collect()
}

/// The one letter on the tile of an organization.
pub fn monogram(name: &str) -> String {
    name.split_whitespace().next().and_then(monogram_of).unwrap_or_else(|| "?".into())
}

fn monogram_of(word: &str) -> Option<String> {
    word.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 12, day, hour, minute, 5).single().unwrap()
    }

    #[test]
    fn dates_read_as_people_write_them() {
        assert_eq!(date(at(2, 14, 32)), "2 December 2026");
        assert_eq!(date_time(at(22, 4, 2)), "22 Dec 2026, 04:02 UTC");
        assert_eq!(near_time(at(22, 4, 2), at(22, 9, 0)), "today at 04:02 UTC");
        assert_eq!(near_time(at(21, 4, 2), at(22, 9, 0)), "21 Dec 2026 at 04:02 UTC");
        assert_eq!(DisplayTime::second(at(22, 4, 2)).text, "22 Dec 2026, 04:02:05 UTC");
        assert_eq!(DisplayTime::minute(at(22, 4, 2)).iso, "2026-12-22T04:02:05Z");
    }

    #[test]
    fn the_past_is_told_in_its_largest_unit() {
        let now = at(22, 14, 32);
        let cases = [
            (at(22, 14, 32), "just now"),
            (at(22, 14, 31), "1 minute ago"),
            (at(22, 1, 32), "13 hours ago"),
            (at(21, 23, 0), "yesterday"),
            (at(21, 1, 0), "yesterday"),
            (at(20, 23, 0), "2 days ago"),
            (at(10, 1, 0), "12 days ago"),
        ];
        for (then, text) in cases {
            assert_eq!(ago(then, now), text, "{then}");
        }
    }

    #[test]
    fn durations_use_a_unit_that_is_exact() {
        assert_eq!(duration(TimeDelta::hours(8)), "8 hours");
        assert_eq!(duration(TimeDelta::days(90)), "90 days");
        assert_eq!(duration(TimeDelta::hours(24)), "24 hours");
        assert_eq!(duration(TimeDelta::minutes(90)), "90 minutes");
        assert_eq!(duration(TimeDelta::seconds(61)), "61 seconds");
    }

    #[test]
    fn what_lies_ahead_is_told_roughly() {
        assert_eq!(about(TimeDelta::days(90) - TimeDelta::seconds(7)), "90 days");
        assert_eq!(about(TimeDelta::hours(36)), "2 days");
        assert_eq!(about(TimeDelta::minutes(100)), "2 hours");
        assert_eq!(about(TimeDelta::seconds(5)), "1 minute");
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(-1_234_567), "-1,234,567");
        assert_eq!(count(1, "session", "sessions"), "1 session");
    }

    #[test]
    fn a_device_label_is_one_line_without_invisible_characters() {
        assert_eq!(device_label("maya-mbp.local_2"), "maya-mbp.local_2");
        assert_eq!(device_label("a\u{202e}b <script>"), "ab <script>");
        assert_eq!(device_label(&"ä".repeat(300)), "ä".repeat(80));
        assert_eq!(device_words("macOS 15\u{202e}\n<b>"), "macOS 15? ?b?");
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(name("Northwind\n Labs"), "Northwind Labs");
        assert_eq!(name(&"ä".repeat(64)), "ä".repeat(64));
        assert_eq!(name(&"ä".repeat(65)), "ä".repeat(64) + "…");
        assert_eq!(name(&("ä".repeat(63) + " Labs")), "ä".repeat(63) + "…", "no space before the ellipsis");
    }

    #[test]
    fn people_and_organizations_have_letters() {
        assert_eq!(initials("Maya Oda Okafor"), "MO");
        assert_eq!(initials("maya"), "M");
        assert_eq!(initials("<\u{202e} łukasz"), "Ł");
        assert_eq!(monogram("Northwind Labs"), "N");
        assert_eq!(monogram("\u{202e}"), "?");
    }
}
