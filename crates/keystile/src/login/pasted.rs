//! Parses pasted text: a code, `code#state`, or the URL in the address bar of the browser.

use url::{Host, Url};

use super::callback::{Callback, parameters};
use crate::base_url::BaseUrl;

/// A pasted response, not validated yet.
pub(super) struct Pasted {
    pub(super) answer: Callback,
    /// Whether it is the loopback redirect URI instead of the page of the issuer.
    pub(super) at_port: bool,
}

/// Parses the text; `None` if it is neither a code nor a URL of this login.
pub(super) fn read(text: &str, issuer: &BaseUrl) -> Option<Pasted> {
    // Terminals and chats break long lines.
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    // Some browsers copy URLs without the scheme.
    let is_bare_port = ["127.0.0.1:", "[::1]:", "localhost:"].iter().any(|host| text.starts_with(host));
    if is_bare_port {
        return address(&format!("http://{text}"), issuer);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return address(&text, issuer);
    }
    let (code, state) = match text.split_once('#') {
        Some((code, state)) => (code, Some(state.to_owned())),
        None => (text.as_str(), None),
    };
    let is_code = !code.is_empty()
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'));
    let answer = Callback { code: Some(code.to_owned()), state, ..Callback::default() };
    is_code.then_some(Pasted { answer, at_port: false })
}

fn address(text: &str, issuer: &BaseUrl) -> Option<Pasted> {
    let url = Url::parse(text).ok()?;
    let at_port = url.path() == "/callback"
        && match url.host()? {
            Host::Ipv4(host) => host.is_loopback(),
            Host::Ipv6(host) => host.is_loopback(),
            Host::Domain(host) => host == "localhost",
        };
    if !at_port && url.origin() != issuer.url().origin() {
        return None;
    }
    let answer = parameters(&url).filter(|answer| answer.code.is_some() || answer.error.is_some())?;
    Some(Pasted { answer, at_port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pasted(text: &str) -> Option<Pasted> {
        read(text, &BaseUrl::parse("https://auth.acme.dev").unwrap())
    }

    #[test]
    fn a_code_may_have_its_state() {
        let bare = pasted(" co\n de ").unwrap();
        assert_eq!((bare.answer.code.as_deref(), bare.answer.state), (Some("code"), None));
        let both = pasted("code#state").unwrap();
        assert_eq!(
            (both.answer.code.as_deref(), both.answer.state.as_deref()),
            (Some("code"), Some("state"))
        );
        assert!(!both.at_port);
    }

    #[test]
    fn the_url_that_the_browser_could_not_open_is_accepted() {
        for text in [
            "http://127.0.0.1:4711/callback?code=c&state=s&iss=https%3A%2F%2Fauth.acme.dev",
            "127.0.0.1:4711/callback?code=c&state=s",
            "http://localhost:4711/callback?code=c&state=s",
            "http://[::1]:4711/callback?code=c&st\n  ate=s",
        ] {
            let pasted = pasted(text).unwrap();
            assert!(pasted.at_port, "{text}");
            assert_eq!(pasted.answer.code.as_deref(), Some("c"), "{text}");
            assert_eq!(pasted.answer.state.as_deref(), Some("s"), "{text}");
        }
        let hosted = pasted("https://auth.acme.dev/c/code?code=c&state=s").unwrap();
        assert!(!hosted.at_port);
        assert_eq!(hosted.answer.code.as_deref(), Some("c"));
    }

    #[test]
    fn an_error_in_the_url_is_parsed() {
        let refusal = pasted("http://127.0.0.1:4711/callback?error=access_denied&state=s").unwrap();
        assert_eq!(refusal.answer.error.as_deref(), Some("access_denied"));
    }

    #[test]
    fn text_that_is_neither_a_code_nor_a_url_of_this_login_is_refused() {
        for text in [
            "",
            "  ",
            "#state",
            "Bearer x=y",
            "https://evil.example/callback?code=c",
            "http://127.0.0.1/x?code=c",
            "https://auth.acme.dev/c/7KQ2-XM4T",
            "127.0.0.1:4711/callback?code=a&code=b",
        ] {
            assert!(pasted(text).is_none(), "{text}");
        }
    }
}
