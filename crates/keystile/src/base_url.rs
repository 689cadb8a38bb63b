//! Base URLs of issuers and APIs.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::error::Error;

/// The base URL of an issuer or an API: `http` or `https`, without credentials, query, fragment or trailing slash.
///
/// Compared as a string, as RFC 8414 compares issuers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    text: String,
    url: Url,
}

impl BaseUrl {
    /// Parses a URL: `http` or `https`, with a host, optionally a port and a path. The error is of the kind
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |reason| Error::usage(format!("`{text}` is not the address of a server ({reason})"));
        let text = text.trim().trim_end_matches('/');
        let url = Url::parse(text).map_err(|_| bad("expected https://host"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("expected https://host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a user name or password does not belong here"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("a query or fragment does not belong here"));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The URL as it was given, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, followed by `:port` unless it is the default port.
    pub fn host(&self) -> String {
        host_of(&self.url)
    }

    /// Appends a path. An absolute URL is accepted only from the same origin.
    pub(crate) fn join(&self, path: &str) -> Option<Url> {
        if path.starts_with("http://") || path.starts_with("https://") {
            return Url::parse(path).ok().filter(|url| url.origin() == self.url.origin());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let url = Url::parse(&format!("{}{slash}{path}", self.text)).ok()?;
        (url.origin() == self.url.origin()).then_some(url)
    }

    /// Whether scheme, host and port are equal.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    /// The parsed URL.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.text
    }
}

/// The host, followed by `:port` unless it is the default port.
pub(crate) fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.to_string(),
    }
}

/// Whether the host is this machine, so that plain http exposes nothing.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_is_not_part_of_the_address() {
        let url = BaseUrl::parse("https://auth.example.com/").unwrap();
        assert_eq!(url.as_str(), "https://auth.example.com");
        assert_eq!(url.join("/oauth/par").unwrap().as_str(), "https://auth.example.com/oauth/par");
    }

    #[test]
    fn a_path_stays_in_front_of_what_is_joined() {
        let url = BaseUrl::parse("https://example.com/tenant").unwrap();
        assert_eq!(url.join("api").unwrap().as_str(), "https://example.com/tenant/api");
    }

    #[test]
    fn another_host_is_never_reached_by_joining() {
        let url = BaseUrl::parse("https://example.com").unwrap();
        assert!(url.join("https://evil.example/api").is_none());
        assert!(url.join("https://example.com.evil.example/").is_none());
        assert!(url.join("@evil.example/").is_some_and(|url| url.host_str() == Some("example.com")));
    }

    #[test]
    fn secrets_and_other_schemes_are_refused() {
        for text in ["ftp://a", "https://u:p@a", "https://a?x=1", "https://a#x", "a"] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for text in ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]", "http://localhost:8642"] {
            assert!(is_loopback(BaseUrl::parse(text).unwrap().url()), "{text}");
        }
        for text in ["http://127.0.0.1.example.com", "http://10.0.0.1", "http://localhost.example"] {
            assert!(!is_loopback(BaseUrl::parse(text).unwrap().url()), "{text}");
        }
    }
}
