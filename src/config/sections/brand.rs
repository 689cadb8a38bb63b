//! `[brand]`

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, text, words};

section! {
    /// Branding: names, prefixes and links.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Brand = [brand] {
        /// Name of the server on pages.
        name: String = "Keystile", words;

        /// Prefix of API keys and tokens: `keystile` for `keystile_live_...` and `keystile_rt_...`. A change
        /// invalidates those already issued.
        token_prefix: String = "keystile", token_prefix;

        /// Prefix of the server's own response headers: `Keystile-Required-Scopes`.
        header: String = "Keystile", header;

        /// The command of the tool that people sign in with.
        cli_name: String = "keystile", command;

        /// The full command to sign in.
        ///
        /// Pages add `--issuer URL` to the default unless `server.public_url` has its default too.
        login_command: String = "keystile auth login", words;

        /// Your help page for this server, `https:`, linked at the foot of every page. Empty: none.
        help_url: Option<String> = "", link(&["https"]);

        /// Status page of the server, `https:`, linked at the foot of every page and named by the tool. Empty: none.
        status_url: Option<String> = "", link(&["https"]);

        /// Where to ask for help, `https:` or `mailto:`, linked at the foot of every page and where a sign-in was
        /// denied, and named by the tool. Empty: none.
        support_url: Option<String> = "", link(&["https", "mailto"]);
    }
}

/// The prefix of secrets, such as `acme` or `onv_sk`.
fn token_prefix(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if text.len() <= 20 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('_').all(part) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::new(
            "is not a valid prefix for secrets",
            "Write at most 20 lowercase letters, digits and single underscores, a letter first.",
        ))
    }
}

/// The prefix of this server's own HTTP headers.
fn header(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let start = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if start && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        Ok(text.to_owned())
    } else {
        Err(ValueError::new(
            "cannot start the name of an HTTP header",
            "Write letters, digits and dashes, a letter first.",
        ))
    }
}

/// The name of a command: a shell word that needs no quotes.
fn command(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !text.is_empty() && text.len() <= 40 && text.bytes().all(safe) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::new(
            "is not the name of a command",
            "Write letters, digits, dots, dashes and underscores.",
        ))
    }
}

/// Empty, or a URL with one of these schemes.
fn link(schemes: &'static [&'static str]) -> impl Fn(&Value) -> Parsed<Option<String>> {
    move |value| {
        let text = text(value)?;
        if text.is_empty() {
            return Ok(None);
        }
        match url::Url::parse(text) {
            Ok(url) if schemes.contains(&url.scheme()) => Ok(Some(text.to_owned())),
            _ => {
                let schemes = schemes.join(": or ");
                Err(ValueError::new("is not a link", format!("Write a URL with {schemes}:, or nothing.")))
            }
        }
    }
}
