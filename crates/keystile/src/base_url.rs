//! Base URLs of issuers and APIs.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::invalid_value::InvalidValue;

/// The base URL of an issuer or an API: `http` or `https`, without user name, password, query, fragment or trailing
/// slash. Two are equal if their text is, as for issuers in RFC 8414, section 3.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    text: String,
    url: Url,
}

impl BaseUrl {
    /// Parses `http` or `https`, a host, and optionally a port and a path. White space around it and slashes at its end
    /// are removed.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let bad = |reason| InvalidValue::new(format!("`{text}` is not the address of a server ({reason})"));
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

    /// The URL as it was given, without trailing slashes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, followed by `:port` unless it is the default port.
    pub fn host(&self) -> String {
        host_of(&self.url)
    }

    /// Appends a path, or accepts an absolute URL of the same origin; `None` for another origin or an invalid path.
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

    /// Whether this server may name the URL as one of its endpoints or pages: `https`, or `http` if the server has `http`
    /// too and both or neither are on this machine. Without user name and password, which would be shown as its host.
    pub(crate) fn may_name(&self, url: &Url) -> bool {
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => self.url.scheme() == "http" && is_loopback(&self.url) == is_loopback(url),
            _ => false,
        };
        is_safe && url.username().is_empty() && url.password().is_none()
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

impl FromStr for BaseUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
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

/// Whether the host is this machine, so that plain http does not leave it.
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
    fn a_trailing_slash_is_removed() {
        let url = BaseUrl::parse("https://auth.example.com/").unwrap();
        assert_eq!(url.as_str(), "https://auth.example.com");
        assert_eq!(url.join("/oauth/par").unwrap().as_str(), "https://auth.example.com/oauth/par");
    }

    #[test]
    fn a_path_is_appended_to_that_of_the_base() {
        let url = BaseUrl::parse("https://example.com/tenant").unwrap();
        assert_eq!(url.join("api").unwrap().as_str(), "https://example.com/tenant/api");
    }

    #[test]
    fn joining_never_leads_to_another_host() {
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
    fn a_server_names_nothing_that_is_less_secure_than_itself() {
        let may_name =
            |server: &str, url: &str| BaseUrl::parse(server).unwrap().may_name(&Url::parse(url).unwrap());
        for (server, url) in [
            ("https://a.example", "https://b.example/token"),
            ("http://127.0.0.1:1", "http://localhost:2/token"),
            ("http://127.0.0.1:1", "https://b.example/token"),
            ("http://a.test", "http://b.test/token"),
        ] {
            assert!(may_name(server, url), "{server} {url}");
        }
        for (server, url) in [
            ("https://a.example", "http://a.example/token"),
            ("https://a.example", "http://127.0.0.1:1/token"),
            ("http://127.0.0.1:1", "http://a.test/token"),
            ("http://a.test", "http://127.0.0.1:1/token"),
            ("https://a.example", "https://b.example@evil.example/"),
            ("https://a.example", "file:///etc/passwd"),
            ("https://a.example", "javascript:alert(1)"),
            ("https://a.example", "ms-msdt:/id"),
            ("https://a.example", "ssh://-oProxyCommand=calc/"),
        ] {
            assert!(!may_name(server, url), "{server} {url}");
        }
    }

    #[test]
    fn loopback_addresses_are_recognized() {
        for text in ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]", "http://localhost:8642"] {
            assert!(is_loopback(BaseUrl::parse(text).unwrap().url()), "{text}");
        }
        for text in ["http://127.0.0.1.example.com", "http://10.0.0.1", "http://localhost.example"] {
            assert!(!is_loopback(BaseUrl::parse(text).unwrap().url()), "{text}");
        }
    }
}
