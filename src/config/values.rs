//! Parses values of settings.

use std::ops::RangeInclusive;

use chrono::TimeDelta;

use super::document::Value;
use super::duration;
use super::error::ValueError;

pub(super) type Parsed<T> = Result<T, ValueError>;

/// The check of a key: a function such as `duration`, or the range of a whole number.
pub(super) trait Check<T> {
    fn parse(&self, value: &Value) -> Parsed<T>;

    /// The sentence on the range, if there is one.
    #[cfg(test)]
    fn range(&self) -> Option<String> {
        None
    }
}

impl<T, F: Fn(&Value) -> Parsed<T>> Check<T> for F {
    fn parse(&self, value: &Value) -> Parsed<T> {
        self(value)
    }
}

impl<T: TryFrom<i64>> Check<T> for RangeInclusive<i64> {
    fn parse(&self, value: &Value) -> Parsed<T> {
        number(*self.start(), *self.end())(value)
    }

    #[cfg(test)]
    fn range(&self) -> Option<String> {
        Some(format!("From {} to {}.", self.start(), self.end()))
    }
}

/// Text, possibly empty.
pub(super) fn text(value: &Value) -> Parsed<&str> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Ok(text),
        Value::Integer(_) => Err(not_a("text", "a number")),
        Value::Boolean(_) => Err(not_a("text", "true or false")),
        Value::Texts(_) => Err(not_a("text", "a list")),
        Value::Other(kind) => Err(not_a("text", kind)),
    }
}

fn not_a(wanted: &str, given: &str) -> ValueError {
    ValueError::new(
        format!("should be {wanted}, but is {given}"),
        format!("Write {wanted}, as config/example.toml shows."),
    )
}

/// Display text: not empty, one line, at most 120 characters.
pub(super) fn words(value: &Value) -> Parsed<String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        Err(ValueError::new("is empty", "Write what people should read here."))
    } else if text.chars().any(char::is_control) || text.chars().count() > 120 {
        Err(ValueError::new("is not one line of at most 120 characters", "Shorten it to one line."))
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn flag(value: &Value) -> Parsed<bool> {
    match value {
        Value::Boolean(flag) => Ok(*flag),
        Value::Untyped(text) if text == "true" => Ok(true),
        Value::Untyped(text) if text == "false" => Ok(false),
        _ => Err(ValueError::new("is neither true nor false", "Write true or false, without quotes.")),
    }
}

pub(super) fn list(value: &Value) -> Parsed<Vec<String>> {
    match value {
        Value::Texts(items) => Ok(items.clone()),
        Value::Untyped(text) => {
            Ok(text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
        }
        _ => Err(ValueError::new("is not a list of strings", "Write it as [\"one\", \"two\"].")),
    }
}

/// A whole number from `least` to `most`.
pub(super) fn number<T: TryFrom<i64>>(least: i64, most: i64) -> impl Fn(&Value) -> Parsed<T> {
    move |value| {
        let number = match value {
            Value::Integer(number) => Some(*number),
            Value::Untyped(text) => text.parse().ok(),
            _ => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                let problem = format!("is not a whole number from {least} to {most}");
                ValueError::new(problem, "Write one, without quotes and without a unit.")
            })
    }
}

/// A duration that is not negative.
pub(super) fn duration_or_zero(value: &Value) -> Parsed<TimeDelta> {
    let text = text(value)?;
    let duration = duration::parse(text)?;
    if duration < TimeDelta::zero() {
        return Err(ValueError::new("is negative", "Write 0s or a longer time."));
    }
    Ok(duration)
}

/// A positive duration.
pub(super) fn duration(value: &Value) -> Parsed<TimeDelta> {
    match duration_or_zero(value)? {
        none if none.is_zero() => Err(ValueError::new("is zero", "Write at least 1s.")),
        duration => Ok(duration),
    }
}
