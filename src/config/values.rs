//! Parses values of settings.

use std::net::{IpAddr, SocketAddr};

use chrono::TimeDelta;
use ipnet::IpNet;

use super::document::Value;
use super::duration;
use super::fault::Wrong;
use super::sections::{LogFormat, Pooler};
use crate::domain::key_policy::TokenCreators;
use crate::domain::policy::DeviceFlow;

pub(super) type Parsed<T> = Result<T, Wrong>;

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

fn not_a(wanted: &str, given: &str) -> Wrong {
    Wrong::new(
        format!("should be {wanted}, but is {given}"),
        format!("Write {wanted}, as config/example.toml shows."),
    )
}

/// Display text: not empty, one line, at most 120 characters.
pub(super) fn words(value: &Value) -> Parsed<String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        Err(Wrong::new("is empty", "Write what people should read here."))
    } else if text.chars().any(char::is_control) || text.chars().count() > 120 {
        Err(Wrong::new("is not one line of at most 120 characters", "Shorten it to one line."))
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn flag(value: &Value) -> Parsed<bool> {
    match value {
        Value::Boolean(flag) => Ok(*flag),
        Value::Untyped(text) if text == "true" => Ok(true),
        Value::Untyped(text) if text == "false" => Ok(false),
        _ => Err(Wrong::new("is neither true nor false", "Write true or false, without quotes.")),
    }
}

pub(super) fn list(value: &Value) -> Parsed<Vec<String>> {
    match value {
        Value::Texts(items) => Ok(items.clone()),
        Value::Untyped(text) => {
            Ok(text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
        }
        _ => Err(Wrong::new("is not a list of strings", "Write it as [\"one\", \"two\"].")),
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
                Wrong::new(problem, "Write one, without quotes and without a unit.")
            })
    }
}

/// A duration that is not negative.
pub(super) fn duration_or_zero(value: &Value) -> Parsed<TimeDelta> {
    let text = text(value)?;
    let duration = duration::parse(text).map_err(|bad| Wrong::new(bad.to_string(), duration::REMEDY))?;
    if duration < TimeDelta::zero() {
        return Err(Wrong::new("is negative", "Write 0s or a longer time."));
    }
    Ok(duration)
}

/// A positive duration.
pub(super) fn duration(value: &Value) -> Parsed<TimeDelta> {
    match duration_or_zero(value)? {
        none if none.is_zero() => Err(Wrong::new("is zero", "Write at least 1s.")),
        duration => Ok(duration),
    }
}

pub(super) fn address(value: &Value) -> Parsed<SocketAddr> {
    text(value)?.parse().map_err(|_| {
        Wrong::new(
            "is not an IP address and a port",
            "Write it as 127.0.0.1:8642, [::1]:8642 or 0.0.0.0:8642.",
        )
    })
}

pub(super) fn networks(value: &Value) -> Parsed<Vec<IpNet>> {
    let network = |item: String| {
        let parsed = item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
        match parsed {
            Ok(all) if all.prefix_len() == 0 => Err(Wrong::new(
                format!("{item} trusts every sender to say where a request comes from"),
                "Name the addresses of your own proxies.",
            )),
            Ok(network) => Ok(network),
            Err(_) => Err(Wrong::new(
                format!("{item:?} is neither an address nor a network"),
                "Write addresses as 10.0.0.7 and networks as 10.0.0.0/8.",
            )),
        }
    };
    list(value)?.into_iter().map(network).collect()
}

/// Empty, or a URL with one of these schemes.
pub(super) fn link(schemes: &'static [&'static str]) -> impl Fn(&Value) -> Parsed<Option<String>> {
    move |value| {
        let text = text(value)?;
        if text.is_empty() {
            return Ok(None);
        }
        match url::Url::parse(text) {
            Ok(url) if schemes.contains(&url.scheme()) => Ok(Some(text.to_owned())),
            _ => {
                let schemes = schemes.join(": or ");
                Err(Wrong::new("is not a link", format!("Write a URL with {schemes}:, or nothing.")))
            }
        }
    }
}

pub(super) fn rsa_bits(value: &Value) -> Parsed<u32> {
    let bits = number(0, i64::from(u32::MAX))(value).unwrap_or(0);
    if matches!(bits, 2048 | 3072 | 4096) {
        Ok(bits)
    } else {
        Err(Wrong::new("is not a supported key size", "Write 2048, 3072 or 4096."))
    }
}

/// The prefix of secrets, such as `acme` or `onv_sk`.
pub(super) fn token_prefix(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if text.len() <= 20 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('_').all(part) {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(
            "is not a valid prefix for secrets",
            "Write at most 20 lowercase letters, digits and single underscores, a letter first.",
        ))
    }
}

/// The prefix of this server's own HTTP headers.
pub(super) fn header(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let start = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if start && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(
            "cannot start the name of an HTTP header",
            "Write letters, digits and dashes, a letter first.",
        ))
    }
}

/// The name of a command: a shell word that needs no quotes.
pub(super) fn command(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !text.is_empty() && text.len() <= 40 && text.bytes().all(safe) {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(
            "is not the name of a command",
            "Write letters, digits, dots, dashes and underscores.",
        ))
    }
}

pub(super) fn device_flow(value: &Value) -> Parsed<DeviceFlow> {
    DeviceFlow::parse(text(value)?).ok_or_else(|| {
        Wrong::new("is not a device code policy", "Write \"on\", \"same_network\" or \"off\".")
    })
}

pub(super) fn token_creators(value: &Value) -> Parsed<TokenCreators> {
    TokenCreators::parse(text(value)?).ok_or_else(|| {
        Wrong::new("does not say who may have personal tokens", "Write \"members\" or \"admins\".")
    })
}

/// A version of the scope catalog.
pub(super) fn version(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if (1..=40).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new("is not a version", "Write letters, digits, dots and dashes, such as \"v1\"."))
    }
}

pub(super) fn log_format(value: &Value) -> Parsed<LogFormat> {
    match text(value)? {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(Wrong::new("is not a log format", "Write \"text\" or \"json\".")),
    }
}

pub(super) fn pooler(value: &Value) -> Parsed<Pooler> {
    match text(value)? {
        "session" => Ok(Pooler::Session),
        "transaction" => Ok(Pooler::Transaction),
        _ => Err(Wrong::new(
            "is not a pooler mode",
            "Write \"transaction\" if a pooler in transaction mode is in front of PostgreSQL, otherwise \"session\".",
        )),
    }
}

pub(super) fn log_level(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Wrong::new(
            "is not a log level",
            "Write error, warn, info, debug or trace, or a filter such as \"info,keystiled::store=debug\".",
        )),
    }
}
