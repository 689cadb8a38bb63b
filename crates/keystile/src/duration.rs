//! Durations as text.

use std::time::Duration;

use chrono::TimeDelta;

use super::invalid_value::InvalidValue;

/// The longest duration that is taken from outside. It can be added to a time of today without overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A number of seconds from outside; [`LONGEST`] if there are more.
pub(crate) fn seconds(number: u64) -> Duration {
    Duration::from_secs(number).min(LONGEST)
}

/// Parses `90s`, `5m`, `1h30m`, `2d`, or a number of seconds. At most [`LONGEST`].
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidValue> {
    let bad = || InvalidValue::new(format!("`{text}` is not a duration: write 90s, 5m, 8h or 1h30m"));
    if let Ok(number) = text.parse() {
        return Ok(seconds(number));
    }
    let (mut total, mut digits) = (0u64, String::new());
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(bad()),
        };
        let amount: u64 = digits.parse().map_err(|_| bad())?;
        total = amount.checked_mul(unit).and_then(|span| total.checked_add(span)).ok_or_else(bad)?;
        digits.clear();
    }
    // Rejects a number without a unit at the end, and empty text.
    if digits.is_empty() && !text.is_empty() { Ok(seconds(total)) } else { Err(bad()) }
}

/// `5 minutes`, `8 hours`, `90 days`: in the largest unit that leaves no remainder.
pub(crate) fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (size, name) = units
        .into_iter()
        .find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size))
        .unwrap_or((1, "second"));
    let amount = seconds / size;
    // "1 day" may be read as "until the end of today".
    if (size, amount) == (86_400, 1) {
        return "24 hours".into();
    }
    format!("{amount} {name}{}", if amount == 1 { "" } else { "s" })
}

/// `7h 12m`, `3d 4h`, `90d`, `45s`: at most two units, rounded to the nearest of the smaller one, so that 90 days less a
/// second are `90d`.
pub(crate) fn remaining(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let rounded = |unit: i64| (seconds + unit / 2) / unit * unit;
    let (seconds, units) = match seconds {
        0..60 => (seconds, [(1, "s"), (1, "")]),
        60..3_600 if rounded(60) < 3_600 => (rounded(60), [(60, "m"), (1, "")]),
        60..86_400 if rounded(60) < 86_400 => (rounded(60), [(3_600, "h"), (60, "m")]),
        _ => (rounded(3_600), [(86_400, "d"), (3_600, "h")]),
    };
    let [(large, its_name), (small, name)] = units;
    match (seconds / large, seconds % large / small) {
        (amount, 0) => format!("{amount}{its_name}"),
        (amount, rest) => format!("{amount}{its_name} {rest}{name}"),
    }
}

/// `4:52`, for a countdown.
pub(crate) fn countdown(left: Duration) -> String {
    format!("{}:{:02}", left.as_secs() / 60, left.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_with_or_without_units() {
        let seconds = |text| parse(text).map(|span| span.as_secs()).ok();
        assert_eq!(seconds("90"), Some(90));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("1h30m"), Some(5400));
        for text in ["18446744073709551615", "18446744073709551615s", "100000d"] {
            assert_eq!(parse(text).ok(), Some(LONGEST), "{text}");
        }
        for text in ["", "m", "5x", "5m3", "-1s", "99999999999999999999d"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_is_written_in_the_largest_unit_that_fits() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(words(300), "5 minutes");
        assert_eq!(words(28_800), "8 hours");
        assert_eq!(words(90 * 86_400), "90 days");
        assert_eq!(words(90), "90 seconds");
        assert_eq!(words(1), "1 second");
    }

    #[test]
    fn a_remaining_span_has_at_most_two_units() {
        assert_eq!(remaining(TimeDelta::seconds(25_980)), "7h 13m");
        assert_eq!(remaining(TimeDelta::seconds(-5)), "0s");
        for (seconds, text) in [
            (59, "59s"),
            (60, "1m"),
            (3_569, "59m"),
            (3_570, "1h"),
            (86_369, "23h 59m"),
            (86_370, "1d"),
            (3 * 86_400, "3d"),
            (3 * 86_400 + 4 * 3_600 + 10, "3d 4h"),
            (90 * 86_400 - 2, "90d"),
        ] {
            assert_eq!(remaining(TimeDelta::seconds(seconds)), text, "{seconds}");
        }
        assert_eq!(countdown(Duration::from_secs(292)), "4:52");
    }
}
