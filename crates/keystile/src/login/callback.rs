//! Parses the requests that reach the loopback listener.

use url::Url;

use super::page::Page;

/// The parameters of a callback, not validated yet.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) error_uri: Option<String>,
    pub(crate) organization: Option<String>,
}

/// A parsed request.
pub(super) enum Request {
    /// The callback.
    Callback(Callback),
    /// Anything else. The login keeps waiting.
    Refused(Page),
}

/// Parses the request line and headers. Only a top-level navigation to `/callback` is a callback, so that a page in the
/// browser can neither complete nor abort a login.
pub(super) fn read(head: &str, host: &str) -> Request {
    let mut lines = head.split("\r\n");
    let mut start = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(_version)) = (start.next(), start.next(), start.next()) else {
        return Request::Refused(Page::BadRequest);
    };
    let header = |wanted: &str| {
        lines
            .clone()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then_some(value.trim()))
    };
    let Some(url) =
        target.starts_with('/').then(|| Url::parse(&format!("http://{host}{target}")).ok()).flatten()
    else {
        return Request::Refused(Page::BadRequest);
    };
    if url.path() != "/callback" {
        return Request::Refused(Page::NotFound);
    }
    if method != "GET" {
        return Request::Refused(Page::MethodNotAllowed);
    }
    let is_foreign_host = header("host") != Some(host);
    let is_script = header("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
    let is_frame = header("sec-fetch-dest").is_some_and(|destination| destination != "document");
    if is_foreign_host || is_script || is_frame {
        return Request::Refused(Page::BadRequest);
    }
    match parameters(&url) {
        Some(callback) if callback != Callback::default() => Request::Callback(callback),
        Some(_) | None => Request::Refused(Page::BadRequest),
    }
}

/// The parameters of a callback; `None` if one is repeated.
pub(super) fn parameters(url: &Url) -> Option<Callback> {
    let mut callback = Callback::default();
    for (name, value) in url.query_pairs() {
        let slot = match name.as_ref() {
            "code" => &mut callback.code,
            "state" => &mut callback.state,
            "iss" => &mut callback.iss,
            "error" => &mut callback.error,
            "error_description" => &mut callback.error_description,
            "error_code" => &mut callback.error_code,
            "error_uri" => &mut callback.error_uri,
            "organization" => &mut callback.organization,
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    Some(callback)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:4711";

    fn request(start: &str, headers: &str) -> Result<Callback, u16> {
        match read(&format!("{start} HTTP/1.1\r\nHost: {HOST}{headers}"), HOST) {
            Request::Callback(callback) => Ok(callback),
            Request::Refused(page) => Err(page.status()),
        }
    }

    #[test]
    fn a_navigation_with_parameters_is_the_callback() {
        let callback =
            request("GET /callback?code=c&state=s&iss=http%3A%2F%2Fa", "\r\nSec-Fetch-Mode: navigate");
        let callback = callback.ok().unwrap();
        assert_eq!(callback.code.as_deref(), Some("c"));
        assert_eq!(callback.iss.as_deref(), Some("http://a"));
    }

    #[test]
    fn probes_and_scripts_are_not_callbacks() {
        assert_eq!(request("OPTIONS /callback?code=c", "").err(), Some(405));
        assert_eq!(request("POST /callback?code=c", "").err(), Some(405));
        assert_eq!(request("HEAD /callback?code=c", "").err(), Some(405));
        assert_eq!(request("GET /favicon.ico", "").err(), Some(404));
        assert_eq!(request("GET /callback/x?code=c", "").err(), Some(404));
        assert_eq!(request("GET /callback", "").err(), Some(400));
        assert_eq!(request("GET /callback?code=c", "\r\nSec-Fetch-Mode: no-cors").err(), Some(400));
        assert_eq!(request("GET /callback?code=c", "\r\nSec-Fetch-Mode: cors").err(), Some(400));
        assert_eq!(
            request("GET /callback?code=c", "\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe").err(),
            Some(400)
        );
        assert_eq!(request("GET http://evil.example/callback?code=c", "").err(), Some(400));
        assert_eq!(request("nonsense", "").err(), Some(400));
    }

    #[test]
    fn a_request_with_another_host_is_refused() {
        let head = "GET /callback?code=c HTTP/1.1\r\nHost: evil.example:4711";
        assert!(matches!(read(head, HOST), Request::Refused(Page::BadRequest)));
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        assert_eq!(request("GET /callback?code=c&state=a&state=b", "").err(), Some(400));
    }
}
