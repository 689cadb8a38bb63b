//! The issuer, compared byte for byte by clients.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::error::ValueError;

/// The public URL without a trailing slash. All URLs that the server publishes are built from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    /// Byte offsets of host and path.
    host_at: usize,
    path_at: usize,
}

impl Issuer {
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        let url = Url::parse(text).map_err(|_| {
            ValueError::new(
                "is not a URL",
                "Write the address that people open, such as https://auth.example.com.",
            )
        })?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(ValueError::new("is not an https URL", "Write it with https://.")),
        };
        let host =
            url.host().ok_or_else(|| ValueError::new("has no host", "Write https:// and the host name."))?;
        if !secure && !is_loopback(&host) {
            return Err(ValueError::new(
                "is http on an address that is not loopback, so passwords would travel in clear text",
                "Write https://, or http://127.0.0.1 with a port for a server that only this machine reaches.",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ValueError::new(
                "has a user name or a password",
                "Remove everything between // and @.",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ValueError::new("has a query or a fragment", "Remove everything from ? or # on."));
        }
        if text.ends_with('/') {
            return Err(ValueError::new(
                "ends with a slash",
                format!("Write {}.", text.trim_end_matches('/')),
            ));
        }
        let normal = url.as_str().trim_end_matches('/');
        if text != normal {
            return Err(ValueError::new("is not written in its normal form", format!("Write {normal}.")));
        }
        let host_at = if secure { "https://".len() } else { "http://".len() };
        let path_at = text[host_at..].find('/').map_or(text.len(), |slash| host_at + slash);
        Ok(Self { text: text.to_owned(), host_at, path_at })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host, and port unless it is the default: `auth.example.com`, `127.0.0.1:8642`.
    pub fn host_label(&self) -> &str {
        &self.text[self.host_at..self.path_at]
    }

    /// Scheme, host and port, as in the `Origin` header.
    pub fn origin(&self) -> &str {
        &self.text[..self.path_at]
    }

    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// The path without a trailing slash; empty if the issuer is at the root.
    pub fn path(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// `path` without the issuer's path, which is how routes are registered; `None` for a path outside of the issuer.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.path()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The port, unless it is the default of the scheme.
    pub fn port(&self) -> Option<&str> {
        let (_, port) = self.host_label().rsplit_once(':')?;
        (!port.ends_with(']')).then_some(port)
    }

    /// The URL of a path of this server. `path` starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_byte_for_byte() {
        let issuer = Issuer::parse("https://auth.example.com/keystile").unwrap();
        assert_eq!(issuer.as_str(), "https://auth.example.com/keystile");
        assert_eq!(issuer.host_label(), "auth.example.com");
        assert_eq!(issuer.origin(), "https://auth.example.com");
        assert_eq!(issuer.path(), "/keystile");
        assert_eq!(issuer.join("/oauth/token"), "https://auth.example.com/keystile/oauth/token");
        assert!(issuer.is_https());
    }

    #[test]
    fn a_path_below_the_issuer_is_found_and_no_other() {
        let issuer = Issuer::parse("https://example.com/auth").unwrap();
        assert_eq!(issuer.below("/auth/oauth/token"), Some("/oauth/token"));
        assert_eq!(issuer.below("/auth"), Some(""));
        assert_eq!([issuer.below("/auth2/x"), issuer.below("/x"), issuer.below("/")], [None; 3]);
        assert_eq!(Issuer::parse("https://example.com").unwrap().below("/x"), Some("/x"));
    }

    #[test]
    fn the_port_is_none_if_it_is_the_default() {
        let port = |text: &str| Issuer::parse(text).unwrap().port().map(str::to_owned);
        assert_eq!(port("http://[::1]:8642").as_deref(), Some("8642"));
        assert_eq!(port("https://example.com:8443/auth").as_deref(), Some("8443"));
        assert_eq!(
            [port("http://[::1]"), port("https://example.com"), port("http://localhost/a:1")],
            [None, None, None]
        );
    }

    #[test]
    fn http_is_for_loopback_only() {
        for good in
            ["http://127.0.0.1:8642", "http://[::1]:8642", "http://localhost:8642", "http://127.8.9.1"]
        {
            let issuer = Issuer::parse(good).unwrap();
            assert!(!issuer.is_https());
            assert_eq!(issuer.path(), "");
        }
        assert_eq!(Issuer::parse("http://127.0.0.1:8642").unwrap().host_label(), "127.0.0.1:8642");
        for bad in
            ["http://auth.example.com", "http://localhost.example.com", "http://10.0.0.1", "http://0.0.0.0:1"]
        {
            assert!(Issuer::parse(bad).unwrap_err().problem.contains("not loopback"), "{bad}");
        }
    }

    #[test]
    fn every_other_spelling_is_refused_with_the_one_to_write() {
        for (bad, remedy) in [
            ("https://auth.example.com/", "Write https://auth.example.com."),
            ("https://auth.example.com/a/", "Write https://auth.example.com/a."),
            ("https://Auth.Example.com", "Write https://auth.example.com."),
            ("https://auth.example.com:443", "Write https://auth.example.com."),
            ("https://auth.example.com/a/../b", "Write https://auth.example.com/b."),
            ("https://auth.example.com?a=b", "Remove everything from ? or # on."),
            ("https://auth.example.com#a", "Remove everything from ? or # on."),
            ("https://me:pass@auth.example.com", "Remove everything between // and @."),
            ("ftp://auth.example.com", "Write it with https://."),
            ("auth.example.com", "Write the address that people open, such as https://auth.example.com."),
        ] {
            assert_eq!(Issuer::parse(bad).unwrap_err().remedy, remedy, "{bad}");
        }
    }
}
