//! Redirect URIs: registration and matching.
//!
//! Comparison is by exact string (RFC 9700 section 4.1.3). The only exception is the port of an `http` loopback URI
//! (RFC 8252 section 7.3), whose host must still be the registered literal.

use std::fmt;

use url::Url;

const MAX_LENGTH: usize = 2048;
/// Parameters of authorization responses. A redirect URI with one of them in its query would return it twice.
const ANSWER_PARAMETERS: [&str; 15] = [
    "access_token",
    "code",
    "error",
    "error_code",
    "error_description",
    "error_uri",
    "expires_in",
    "id_token",
    "iss",
    "organization",
    "response",
    "scope",
    "session_state",
    "state",
    "token_type",
];
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// A registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    #[error("it is longer than 2048 characters")]
    TooLong,
    #[error("it is not a URI: it has characters that RFC 3986 does not allow")]
    NotAUri,
    #[error("it has a fragment")]
    Fragment,
    #[error("it has a user name or password")]
    UserInfo,
    #[error("it has a wildcard")]
    Wildcard,
    #[error("its query has the parameter {0}, which the response adds; rename that parameter")]
    AnswerParameter(&'static str),
    #[error("http is for 127.0.0.1, [::1] and localhost only; use https")]
    PlainHttp,
    #[error("a private-use scheme must be a reversed domain name, such as com.example.app:/callback")]
    Scheme,
}

impl RedirectUri {
    /// Checks a redirect URI at registration. Converts an internationalized host to punycode.
    pub fn register(text: &str) -> Result<Self, RedirectUriError> {
        if text.len() > MAX_LENGTH {
            return Err(RedirectUriError::TooLong);
        }
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if text.contains('*') {
            return Err(RedirectUriError::Wildcard);
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || "\\\"<>^`{|}".contains(c)) {
            return Err(RedirectUriError::NotAUri);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAUri)?;
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(RedirectUriError::UserInfo);
        }
        if let Some(name) = url.query_pairs().find_map(|(name, _)| answer_parameter(&name)) {
            return Err(RedirectUriError::AnswerParameter(name));
        }
        match text.split_once(':').map_or("", |(scheme, _)| scheme) {
            "http" => Loopback::split(text).map(|_| Self(text.to_owned())).ok_or(RedirectUriError::PlainHttp),
            "https" if !text.starts_with("https://") => Err(RedirectUriError::NotAUri),
            "https" if text.is_ascii() => Ok(Self(text.to_owned())),
            "https" => Ok(Self(url.into())),
            scheme if scheme.contains('.') && text.is_ascii() => Ok(Self(text.to_owned())),
            _ => Err(RedirectUriError::Scheme),
        }
    }

    /// From the database; was checked at registration.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The response target, if `requested` matches this registration.
    pub fn match_requested(&self, requested: &str) -> Option<MatchedRedirectUri> {
        let accepted = match (Loopback::split(&self.0), Loopback::split(requested)) {
            (Some(registered), Some(asked)) => registered.host == asked.host && registered.rest == asked.rest,
            _ => self.0 == requested,
        };
        accepted.then(|| MatchedRedirectUri(requested.to_owned()))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The response parameter that `name` collides with. Some frameworks read `code[]` as `code`.
fn answer_parameter(name: &str) -> Option<&'static str> {
    let name = name.split('[').next().unwrap_or_default();
    ANSWER_PARAMETERS.into_iter().find(|known| *known == name)
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or("")
}

/// The parts of an `http` loopback URI, split as text, because URL parsers are lenient.
struct Loopback<'a> {
    host: &'a str,
    port: Option<u16>,
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}#".contains(&b));
        if !printable || text.len() > MAX_LENGTH {
            return None;
        }
        let rest = text.strip_prefix("http://")?;
        let host = LOOPBACK_HOSTS.into_iter().find(|host| rest.starts_with(host))?;
        let (host, rest) = rest.split_at(host.len());
        let (port, rest) = match rest.strip_prefix(':') {
            None => (None, rest),
            Some(rest) => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let (port, rest) = rest.split_at(digits);
                let port = (!port.starts_with('0')).then(|| port.parse::<u16>().ok()).flatten()?;
                (Some(port), rest)
            }
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(Self { host, port, rest })
    }
}

/// A target for authorization responses. Can only be created by matching a registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedRedirectUri(String);

/// The kind of target, shown to the user on the consent page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A program on the user's own computer.
    Loopback {
        host: String,
        port: Option<u16>,
    },
    Website {
        host: String,
    },
    App {
        scheme: String,
    },
}

impl MatchedRedirectUri {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn target(&self) -> Target {
        if let Some(loopback) = Loopback::split(&self.0) {
            return Target::Loopback { host: loopback.host.to_owned(), port: loopback.port };
        }
        match self.0.split_once("://") {
            Some(("https", _)) => Target::Website { host: authority(&self.0).to_owned() },
            _ => Target::App { scheme: self.0.split(':').next().unwrap_or_default().to_owned() },
        }
    }

    /// The URI with these parameters added to its query.
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let join = if self.0.contains('?') { '&' } else { '?' };
        format!("{}{join}{}", self.0, query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(text: &str) -> RedirectUri {
        RedirectUri::register(text).unwrap()
    }

    #[test]
    fn ru_01_02_03_any_port_of_the_registered_loopback_host_is_accepted() {
        for (base, asked) in [
            ("http://127.0.0.1/callback", "http://127.0.0.1:54321/callback"),
            ("http://127.0.0.1/callback", "http://127.0.0.1/callback"),
            ("http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback"),
            ("http://[::1]/callback", "http://[::1]:54321/callback"),
            ("http://localhost/callback", "http://localhost:1/callback"),
        ] {
            assert!(registered(base).match_requested(asked).is_some(), "{base} {asked}");
        }
    }

    #[test]
    fn ru_04_08_09_10_14_other_spellings_of_loopback_do_not_match() {
        let base = registered("http://127.0.0.1/callback");
        for asked in [
            "http://localhost:1/callback",
            "http://[::1]:1/callback",
            "http://[0:0:0:0:0:0:0:1]:1/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1.evil.com/callback",
            "http://127.0.0.1.nip.io/callback",
            "HTTP://127.0.0.1:1/callback",
            "https://127.0.0.1:1/callback",
            "http://127.0.0.1:1/callback#frag",
            "http://127.0.0.1:1/callback#",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:-1/callback",
            "http://127.0.0.1:080/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:1:2/callback",
            "http://127.0.0.1:٣/callback",
            "http://127.0.0.1:1\\@evil.com/callback",
            "http:/\\evil.com",
            "http:127.0.0.1/callback",
            "http:///127.0.0.1/callback",
            "http://127.1/callback",
            "http://2130706433/callback",
            "http://[::ffff:127.0.0.1]/callback",
            "http://127.0.0.1:1/callback/",
            "http://127.0.0.1:1/Callback",
            "http://127.0.0.1:1/callback?x=1",
            "http://127.0.0.1:1/callback ",
            "http://127.0.0.1.:1/callback",
        ] {
            assert!(base.match_requested(asked).is_none(), "{asked}");
        }
    }

    #[test]
    fn ru_20_an_https_uri_matches_exactly() {
        let base = registered("https://app.example/cb");
        assert!(base.match_requested("https://app.example/cb").is_some());
        for asked in [
            "https://app.example:443/cb",
            "https://app.example/cb/",
            "https://app.example/cb?a=b",
            "https://APP.example/cb",
        ] {
            assert!(base.match_requested(asked).is_none(), "{asked}");
        }
    }

    #[test]
    fn ru_12_16_17_18_24_unsafe_redirect_uris_cannot_be_registered() {
        use RedirectUriError::{Fragment, NotAUri, PlainHttp, Scheme, TooLong, UserInfo, Wildcard};
        let of_length = |length: usize| format!("https://app.example/{}", "a".repeat(length - 20));
        assert_eq!(of_length(2048).len(), 2048);
        assert!(RedirectUri::register(&of_length(2048)).is_ok());
        assert_eq!(RedirectUri::register(&of_length(2049)), Err(TooLong));
        let long = of_length(9000);
        for (text, why) in [
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("file:///etc/passwd", Scheme),
            ("vbscript:x", Scheme),
            ("blob:x", Scheme),
            ("about:blank", Scheme),
            ("myapp:/cb", Scheme),
            ("https://*.example.com/cb", Wildcard),
            ("https://app.example/cb#x", Fragment),
            ("http://app.example/cb", PlainHttp),
            ("http://localhost.evil.com/cb", PlainHttp),
            ("https://user@app.example/cb", UserInfo),
            ("https://@app.example/cb", UserInfo),
            ("https://app.example/a b", NotAUri),
            ("https:app.example/cb", NotAUri),
            ("not a uri", NotAUri),
            ("https://x.example;script-src *", Wildcard),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(RedirectUri::register(text), Err(why), "{text}");
        }
        assert!(RedirectUri::register("com.example.app:/cb").is_ok());
    }

    #[test]
    fn cf_03_a_query_with_a_parameter_of_the_answer_may_not_be_registered() {
        for (query, name) in [
            ("code=x", "code"),
            ("a=b&state=", "state"),
            ("iss", "iss"),
            ("error=x", "error"),
            ("error_description=x", "error_description"),
            ("error_uri=x", "error_uri"),
            ("response=x", "response"),
            ("%63ode=x", "code"),
            ("code[]=x", "code"),
            ("code%5B0%5D=x", "code"),
            ("a=1&a=2&session_state=x", "session_state"),
        ] {
            for base in ["https://app.example/cb", "http://127.0.0.1/cb", "com.example.app:/cb"] {
                let uri = format!("{base}?{query}");
                assert_eq!(
                    RedirectUri::register(&uri),
                    Err(RedirectUriError::AnswerParameter(name)),
                    "{uri}"
                );
            }
        }
        for query in ["keep=1", "codec=x", "a=code", "Code=x", "a=b;c"] {
            assert!(RedirectUri::register(&format!("https://app.example/cb?{query}")).is_ok(), "{query}");
        }
    }

    #[test]
    fn ru_21_a_host_in_another_script_is_kept_as_punycode() {
        assert_eq!(registered("https://bücher.example/cb").as_str(), "https://xn--bcher-kva.example/cb");
    }

    #[test]
    fn ru_22_the_answer_keeps_the_query_and_encodes_its_parameters() {
        let to =
            registered("http://127.0.0.1/cb?keep=1").match_requested("http://127.0.0.1:9/cb?keep=1").unwrap();
        assert_eq!(to.with_parameters(&[("code", "a b&c")]), "http://127.0.0.1:9/cb?keep=1&code=a+b%26c");
        assert_eq!(to.target(), Target::Loopback { host: "127.0.0.1".into(), port: Some(9) });
    }
}
