//! Checks PostgreSQL URLs strictly by RFC 3986.
//!
//! libpq is more lenient: it may take the rest of an unencoded password for a host or a parameter, and repeat it in an
//! error message. So ambiguous URLs are rejected before anything prints or uses them.

use super::error::ValueError;

const ENCODE: &str = "Encode the password, and any user name or parameter with such a character: % as %25, / as %2F, \
    # as %23, ? as %3F, @ as %40, & as %26, = as %3D, a space as %20";

/// Hosts and database of a URL (`host:port,host:port/database`), the part that may be shown.
pub(super) fn shown(rest: &str) -> &str {
    let tail = rest.rsplit_once('@').map_or(rest, |(_, tail)| tail);
    &tail[..tail.find(['?', '#']).unwrap_or(tail.len())]
}

/// Checks the part after `://`.
pub(super) fn check(rest: &str) -> Result<(), ValueError> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user_info, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user_info.contains('@') || tail.contains('@') || !encoded(rest) {
        return Err(ValueError::new(
            "has a character that must be percent-encoded there",
            format!("{ENCODE}."),
        ));
    }
    if let Some((_, parameters)) = tail.split_once('?')
        && parameters.split('&').any(|parameter| parameter.matches('=').count() != 1)
    {
        return Err(ValueError::new(
            "has a parameter that is not of the form name=value",
            format!("{ENCODE}."),
        ));
    }
    if hosts.split(',').all(is_host) {
        Ok(())
    } else {
        Err(ValueError::new(
            "has an invalid host, or a port that is not a number",
            "Write postgres://user:password@host:5432/database, and an IPv6 address in brackets.",
        ))
    }
}

/// Whether the text is printable ASCII in which each `%` starts a valid escape other than `%00`.
fn encoded(text: &str) -> bool {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    let mut escapes = text.split('%').skip(1);
    printable
        && escapes.all(|rest| {
            rest.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()) && hex != "00")
        })
}

/// `host`, `host:port`, `[address]` or `[address]:port`. An empty host means the local one.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, port))) if !address.is_empty() => (address, port),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let numeric = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.contains(['[', ']']) && (port.is_empty() || port.strip_prefix(':').is_some_and(numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ce_01_a_password_whose_end_is_in_doubt_is_refused_and_encoded_it_is_taken() {
        for (odd, encoded) in [
            ("/", "%2F"),
            ("#", "%23"),
            ("?", "%3F"),
            ("@", "%40"),
            ("%", "%25"),
            (" ", "%20"),
            ("é", "%C3%A9"),
            ("\n", "%0A"),
        ] {
            let wrong = check(&format!("ada:s3{odd}cret@db/app")).unwrap_err();
            assert!(wrong.remedy.starts_with("Encode the password"), "{odd}: {wrong:?}");
            assert_eq!(check(&format!("ada:s3{encoded}cret@db/app")), Ok(()), "{odd}");
        }
        for plain in ["!", "$", "&", "'", "(", "*", "+", ",", ";", "=", ":", "\"", "<", "[", "\\", "^", "|"] {
            assert_eq!(check(&format!("ada:s3{plain}cret@db/app")), Ok(()), "{plain}");
        }
    }

    #[test]
    fn ce_01_hosts_and_parameters_are_validated() {
        for good in [
            "db",
            "/app",
            "db:5432,db2:5433/app?a=b&c=",
            "[::1]:5432/app",
            "%2Frun%2Fpostgresql/app",
            "ada@db",
            "?host=/run",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "ada:s3cret",
            "ada:s3cret/app",
            "db:0",
            "[::1",
            "[]",
            "db/app?password=a&b",
            "db/app?password=a=b",
            "db/app?x=a@b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ce_01_text_before_the_last_at_sign_is_not_shown() {
        for (rest, printed) in [
            ("ada:s3cret@db/app", "db/app"),
            ("ada:s3@cr/et?x#y@db:5432,db2/app?sslmode=require", "db:5432,db2/app"),
            ("db/app?user=ada&password=s3cret", "db/app"),
            ("ada@db", "db"),
        ] {
            assert_eq!(shown(rest), printed);
        }
    }
}
