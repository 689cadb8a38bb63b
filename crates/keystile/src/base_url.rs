//! The address of a server: an issuer or an API.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An `http` or `https` address without credentials, query, fragment or trailing slash.
///
/// Equality is equality of the text, because an issuer is compared as a string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    text: String,
    url: Url,
}

/// Why a text is not the address of a server.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not the address of a server ({reason})")]
pub struct BadBaseUrl {
    text: String,
    reason: &'static str,
}

impl BaseUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let bad = |reason| BadBaseUrl { text: text.to_owned(), reason };
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

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, with its port when that is not the usual one.
    pub fn host(&self) -> String {
        host_of(&self.url)
    }

    /// The address of a path below this one; an absolute address is taken only from the same origin.
    pub fn join(&self, path: &str) -> Option<Url> {
        if path.starts_with("http://") || path.starts_with("https://") {
            return Url::parse(path).ok().filter(|url| url.origin() == self.url.origin());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let url = Url::parse(&format!("{}{slash}{path}", self.text)).ok()?;
        (url.origin() == self.url.origin()).then_some(url)
    }

    /// Whether both are served from one scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    /// The parsed address.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BadBaseUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.text
    }
}

/// The host of an address, with its port when that is not the usual one.
pub(crate) fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.to_string(),
    }
}

/// Whether the address names this machine, so that plain http gives nothing away.
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
