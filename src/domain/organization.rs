//! Names of organizations in URLs, and the limits of those who make organizations.

use chrono::TimeDelta;

use super::parse_error::ParseError;
use super::text_enum::text_enum;

text_enum! {
    /// Who makes organizations.
    Creation {
        /// The operator.
        Operators = "operators",
        /// The operator, and every user who signs in.
        Users = "users",
        /// Nobody: this server has the organizations that it has.
        Off = "off",
    }
}

text_enum! {
    /// Who may use a join link, if an owner makes one.
    JoinLinks {
        /// Everybody who has an account on this server.
        Accounts = "accounts",
        /// Nobody: there are no join links.
        Off = "off",
    }
}

/// Maximum length of the name in URLs.
pub const MAX_SLUG: usize = 48;
/// How long a former name leads to the organization.
pub const FORMER_LEADS_ON: TimeDelta = TimeDelta::days(90);
/// How long a former name cannot be taken by another organization.
pub const FORMER_KEPT: TimeDelta = TimeDelta::days(365);
/// Former names of one organization at a time, so that renaming does not reserve any number of names.
pub const MAX_FORMER: i64 = 10;
/// How long the deletion of an organization can be undone.
pub const UNDO: TimeDelta = TimeDelta::days(30);
/// Organizations of one user who made them.
pub const MAX_CREATED: i64 = 20;
/// Organizations that one user may make in [`CREATION_WINDOW`].
pub const MAX_CREATED_IN_WINDOW: i64 = 5;
pub const CREATION_WINDOW: TimeDelta = TimeDelta::hours(1);

/// Names that could be taken for a part of the server, or for a value in a script.
const RESERVED: [&str; 34] = [
    "about", "account", "admin", "all", "api", "app", "assets", "auth", "billing", "default", "device",
    "docs", "false", "help", "invite", "join", "login", "logout", "me", "new", "none", "null", "oauth",
    "operator", "public", "root", "security", "settings", "static", "status", "support", "system", "true",
    "www",
];

/// The name in URLs that is proposed for the name of an organization. Any script is transliterated. What has no letter
/// that can be gets `organization`.
pub fn propose(name: &str) -> String {
    let ascii = deunicode::deunicode_with_tofu(name, "-");
    let dashed: String =
        ascii.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let mut slug = String::new();
    for word in dashed.split('-').filter(|word| !word.is_empty()) {
        if slug.is_empty() {
            slug.extend(word.chars().take(MAX_SLUG));
        } else if slug.len() + 1 + word.len() <= MAX_SLUG {
            slug = format!("{slug}-{word}");
        } else {
            break;
        }
    }
    match slug.as_str() {
        "" => "organization".to_owned(),
        slug if is_reserved(slug) => format!("{slug}-1"),
        _ => slug,
    }
}

/// `slug` with a number at its end, within the length that a name may have.
pub fn numbered(slug: &str, number: &str) -> String {
    let room = MAX_SLUG.saturating_sub(number.len() + 1);
    let kept: String = slug.chars().take(room).collect();
    format!("{}-{number}", kept.trim_end_matches('-'))
}

fn is_reserved(slug: &str) -> bool {
    RESERVED.contains(&slug)
}

/// Checks a chosen name in URLs.
pub fn check(slug: &str) -> Result<(), ParseError> {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let in_words = !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--");
    if slug.is_empty() || slug.len() > MAX_SLUG || !plain || !in_words {
        return Err(ParseError(
            "Use 1 to 48 lowercase letters and digits, with single hyphens between them.",
        ));
    }
    if is_reserved(slug) {
        return Err(ParseError("This short name is reserved. Choose another one."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_script_has_a_proposal_that_fits_in_a_path() {
        for (name, slug) in [
            ("Northwind Labs, Inc.", "northwind-labs-inc"),
            ("\u{5317}\u{4eac}", "bei-jing"),
            ("Zoë & Söhne GmbH", "zoe-sohne-gmbh"),
            ("Москва", "moskva"),
            ("مختبرات", "mkhtbrt"),
            ("日本語", "ri-ben-yu"),
            ("!!!", "organization"),
            ("", "organization"),
            ("Settings", "settings-1"),
            ("Kooperationsgemeinschaft für Wetterdatenverarbeitung", "kooperationsgemeinschaft-fur"),
        ] {
            assert_eq!(propose(name), slug, "{name}");
        }
        for name in ["x".repeat(90), "北".repeat(90), "\u{202e}evil".to_owned(), "a - - b".to_owned()] {
            assert_eq!(check(&propose(&name)), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_chosen_name_is_plain_and_not_reserved() {
        for good in ["acme", "a", "4", "acme-labs-2", &"x".repeat(48)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "Acme",
            "acme labs",
            "-acme",
            "acme-",
            "a--b",
            "acm\u{e9}",
            "a/b",
            "new",
            "api",
            &"x".repeat(49),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(numbered(&"x".repeat(48), "12").len(), 48);
        assert_eq!(numbered("bei-jing", "2"), "bei-jing-2");
    }
}
