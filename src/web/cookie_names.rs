//! Names of cookies.
//!
//! Browsers send a cookie to every port of a host, and a `__Host-` cookie to every path. So that several
//! servers on one host keep their cookies apart, the names contain the port, unless it is the default one,
//! and the path of the public URL.

use std::fmt::Write as _;

use crate::config::Issuer;

/// Cookie names of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    pub session: String,
    pub known_device: String,
    pub theme: String,
}

impl CookieNames {
    /// Over https the names have the prefix `__Host-`, with which subdomains cannot set them. Over plain
    /// http, which only loopback addresses may use, browsers would refuse it.
    pub fn new(public_url: &Issuer) -> Self {
        let prefix = if public_url.is_https() { "__Host-" } else { "keystile_" };
        let place = place(public_url);
        let name = |what: &str| format!("{prefix}{what}{place}");
        Self { session: name("sid"), known_device: name("known"), theme: format!("theme{place}") }
    }
}

/// Port and path, encoded injectively for a cookie name.
fn place(public_url: &Issuer) -> String {
    let mut place = public_url.port().map_or_else(String::new, |port| format!("-{port}"));
    for byte in public_url.path().bytes() {
        match byte {
            b'/' => place.push('.'),
            b'-' => place.push('-'),
            letter if letter.is_ascii_alphanumeric() => place.push(char::from(letter)),
            // Writing to a `String` cannot fail.
            other => drop(write!(place, "_{other:02x}")),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Config, Env};

    fn names(public_url: &str) -> CookieNames {
        let env: Env = [("KEYSTILE_PUBLIC_URL", public_url), ("HOME", "/tmp")].into_iter().collect();
        CookieNames::new(&Config::load(None, &env).unwrap().server.public_url)
    }

    #[test]
    fn cf_13_every_port_and_path_has_names_of_its_own() {
        let urls = [
            "https://example.com",
            "https://example.com:8443",
            "https://example.com/auth",
            "https://example.com/auth2",
            "https://example.com/auth/2",
            "https://example.com/auth-2",
            "https://example.com/auth.2",
            "https://example.com/auth_2",
            "https://example.com:8443/auth",
            "http://127.0.0.1:8642",
            "http://127.0.0.1:8643",
        ];
        let sessions: BTreeSet<_> = urls.iter().map(|url| names(url).session).collect();
        assert_eq!(sessions.len(), urls.len(), "{sessions:?}");
        let allowed = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        assert!(sessions.iter().all(|name| allowed(name)), "{sessions:?}");
    }

    #[test]
    fn the_names_are_plain_where_nothing_has_to_be_kept_apart() {
        let plain = names("https://example.com");
        assert_eq!(
            (&*plain.session, &*plain.known_device, &*plain.theme),
            ("__Host-sid", "__Host-known", "theme")
        );
        assert_eq!(names("http://127.0.0.1:8642").session, "keystile_sid-8642");
        assert_eq!(names("https://example.com:8443/a/b").known_device, "__Host-known-8443.a.b");
    }
}
