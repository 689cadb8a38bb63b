//! Validates the fields of a new key or token.

use crate::domain::key_policy::Lifetime;
use crate::domain::scope::{Catalog, ScopeSet};
use crate::domain::time::Time;

use super::refusal::ServiceRefusal;

/// Maximum length of a name, in characters.
pub const MAX_NAME: usize = 100;

/// Validates a name.
pub(super) fn name(text: &str) -> Result<String, ServiceRefusal> {
    line("name", text, MAX_NAME)
}

/// Validates a non-empty single line of text.
pub(super) fn line(field: &'static str, text: &str, longest: usize) -> Result<String, ServiceRefusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.chars().any(char::is_control) {
        return Err(ServiceRefusal::invalid(
            field,
            format!("{field} must be one line of 1 to {longest} characters."),
        ));
    }
    Ok(text.to_owned())
}

/// Parses scope ids: at least one, all of them in the catalog.
pub(super) fn scopes(catalog: &Catalog, names: &[String]) -> Result<ScopeSet, ServiceRefusal> {
    if names.is_empty() {
        let message = "scopes is empty. Name at least one scope; GET /api/v1/scopes lists them.";
        return Err(ServiceRefusal::invalid("scopes", message));
    }
    match names.iter().find(|name| !catalog.contains(name)) {
        // The value is not echoed: it may be long, or anything.
        Some(_) => Err(ServiceRefusal::invalid(
            "scopes",
            "scopes has a scope that does not exist. GET /api/v1/scopes lists all.",
        )),
        None => Ok(names.iter().cloned().collect()),
    }
}

/// Validates an expiry: in the future, and within the organization's limit.
pub(super) fn end(
    what: &str,
    organization: &str,
    lifetime: Lifetime,
    now: Time,
    end: Option<Time>,
) -> Result<Option<Time>, ServiceRefusal> {
    if end.is_some_and(|end| end <= now) {
        return Err(ServiceRefusal::invalid("expiresAt", "expiresAt is in the past."));
    }
    match lifetime {
        Lifetime::AtMost(longest) if !lifetime.allows(now, end) => {
            let last = (now + longest).iso();
            let message = format!(
                "{organization} limits the lifetime of {what} to {}. Choose an expiresAt up to {last}, or ask an owner or admin to allow more.",
                words(longest.num_seconds())
            );
            Err(ServiceRefusal::invalid("expiresAt", message))
        }
        Lifetime::Unlimited | Lifetime::AtMost(_) => Ok(end),
    }
}

fn words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        days if days % 86_400 == 0 => (days / 86_400, "day"),
        hours if hours % 3_600 == 0 => (hours / 3_600, "hour"),
        seconds => (seconds, "second"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_end_that_the_organization_does_not_allow_is_refused_with_what_it_does() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        let limit = Lifetime::AtMost(TimeDelta::days(90));
        let ends = |end| super::end("API keys", "Acme", limit, at(0), end);
        assert_eq!(ends(Some(at(60))), Ok(Some(at(60))));
        let Err(ServiceRefusal::Invalid { field: "expiresAt", message }) = ends(None) else {
            panic!("allowed")
        };
        assert!(message.contains("to 90 days") && message.contains("1970-04-01"), "{message}");
        assert!(ends(Some(at(0))).is_err());
        assert_eq!((words(1), words(7200)), ("1 second".to_owned(), "2 hours".to_owned()));
    }

    #[test]
    fn names_are_one_line() {
        assert_eq!(name("  CI  "), Ok("CI".to_owned()));
        for bad in ["", " ", "a\nb", &"x".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
