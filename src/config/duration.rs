//! Durations such as `60s`, `10min`, `8h` and `90d`.

use chrono::TimeDelta;

use super::error::ValueError;

/// Longer than any useful duration, and short enough that adding it to a date cannot overflow.
const MAX: TimeDelta = TimeDelta::days(36_500);

/// Parses a whole number and a unit. Accepts negative numbers, so that the caller can report them better.
pub fn parse(text: &str) -> Result<TimeDelta, ValueError> {
    let wrong = |problem| ValueError::new(problem, "Write a whole number and a unit: 60s, 10min, 8h or 90d.");
    let malformed = || wrong("is not a duration");
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(malformed)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds: i64 = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(malformed()),
    };
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    number
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .and_then(TimeDelta::try_seconds)
        .filter(|duration| duration.abs() <= MAX)
        .ok_or_else(|| wrong("is longer than 100 years"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse("60s"), Ok(TimeDelta::seconds(60)));
        assert_eq!(parse("10min"), Ok(TimeDelta::minutes(10)));
        assert_eq!(parse("10m"), Ok(TimeDelta::minutes(10)));
        assert_eq!(parse("8h"), Ok(TimeDelta::hours(8)));
        assert_eq!(parse("365d"), Ok(TimeDelta::days(365)));
        assert_eq!(parse("-5s"), Ok(TimeDelta::seconds(-5)));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "8", "h", "8 h", "8y", "1.5h", "8hh", "+8h", "--8h", "8h30min", "٨h"] {
            assert_eq!(parse(bad).unwrap_err().problem, "is not a duration", "{bad:?}");
        }
    }

    #[test]
    fn a_duration_that_overflows_is_refused() {
        for bad in ["36501d", "-36501d", "9223372036854775807d", "99999999999999999999s"] {
            assert_eq!(parse(bad).unwrap_err().problem, "is longer than 100 years", "{bad:?}");
        }
    }
}
