//! Masks the secrets of a database URL in error messages of libpq.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

const MASK: &str = "[redacted]";

/// Prefixes of messages about a failed attempt to connect. These quote user, host and database as libpq parsed them.
const ATTEMPTS: [&str; 2] = ["connection to server ", "could not translate host name "];

/// Shorter parts of a URL are masked only where libpq quotes them; elsewhere they would match parts of ordinary words.
const MIN_LENGTH: usize = 4;

/// The error message of a failed connection, without user and password of the URL and without the values of its secret
/// parameters.
pub(in crate::store) fn masked(url: &str, message: &str) -> String {
    let message = message.replace(url, MASK);
    if !ATTEMPTS.iter().any(|start| message.starts_with(start)) {
        return without_quotes(&message);
    }
    let mut secrets: Vec<Cow<'_, str>> = parts(url).flat_map(|part| [part.into(), decoded(part)]).collect();
    // Longest first, because one may contain another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().filter(|secret| !secret.is_empty()).fold(message, |message, secret| {
        let message = message.replace(&format!("\"{secret}\""), &format!("\"{MASK}\""));
        if secret.len() < MIN_LENGTH { message } else { message.replace(&**secret, MASK) }
    })
}

/// A URL that libpq cannot parse: it may quote any part of it, and that part may itself contain quotes.
fn without_quotes(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\"{MASK}{}", &message[..first], &message[last..])
        }
        (Some(first), _) => format!("{}{MASK}", &message[..first]),
        _ => message.to_owned(),
    }
}

/// User, password, and the values of the parameters that may hold either.
fn parts(url: &str) -> impl Iterator<Item = &str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (user_info, tail) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let parameters = tail.split_once('?').map_or("", |(_, parameters)| parameters);
    let values = parameters.split('&').filter_map(|parameter| parameter.split_once('='));
    let secret = values.filter(|(name, _)| ["user", "password", "sslpassword"].contains(name));
    [user_info, user, password].into_iter().chain(secret.map(|(_, value)| value))
}

fn decoded(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ce_01_libpq_errors_about_a_connection_contain_no_user_and_no_password() {
        let url = "postgres://ada:s3cr%40t@db.example.com:5432/app?sslpassword=k3yword";
        for (message, told) in [
            (
                r#"connection to server at "db.example.com" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed for user "ada""#,
                r#"connection to server at "db.example.com" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed for user "[redacted]""#,
            ),
            (
                "connection to server at \"db\" failed: s3cr@t s3cr%40t k3yword",
                "connection to server at \"db\" failed: [redacted] [redacted] [redacted]",
            ),
            (
                r#"could not translate host name "db.example.com" to address: Name or service not known"#,
                r#"could not translate host name "db.example.com" to address: Name or service not known"#,
            ),
        ] {
            assert_eq!(masked(url, message), told);
        }
    }

    #[test]
    fn ce_01_libpq_errors_about_an_invalid_url_contain_no_part_of_it() {
        let url = "postgres://ada:s3\"cr%zz@db/app";
        for (message, told) in [
            (
                r#"invalid percent-encoded token: "s3"cr%zz""#,
                r#"invalid percent-encoded token: "[redacted]""#,
            ),
            (
                r#"invalid integer value "s3cret" for connection option "port""#,
                r#"invalid integer value "[redacted]""#,
            ),
            (r#"missing "=" after "postgres://ada:s3"cr%zz@db/app" in"#, r#"missing "[redacted]" in"#),
            ("something \"cut", "something [redacted]"),
            ("out of memory", "out of memory"),
        ] {
            assert_eq!(masked(url, message), told);
        }
    }
}
