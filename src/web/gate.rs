//! Refuses requests before routing: wrong host and oversized heads.

use std::net::SocketAddr;

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HOST};
use actix_web::http::uri::Authority;

use super::misdirected;
use crate::config::{Config, Issuer};

/// Maximum total size of header names and values, in bytes.
const MAX_HEADERS: usize = 16 * 1024;
/// Maximum length of path and query, in bytes.
const MAX_TARGET: usize = 8 * 1024;
/// Probes use the address, not the host name.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The host names of this server.
#[derive(Debug, Clone)]
pub struct Gate {
    hosts: [String; 3],
    public_url: Issuer,
}

impl Gate {
    pub fn new(config: &Config, address: SocketAddr) -> Self {
        let public = &config.server.public_url;
        let usual_port = if public.is_https() { ":443" } else { ":80" };
        let host = public.host_label().to_ascii_lowercase();
        Self { hosts: [format!("{host}{usual_port}"), host, address.to_string()], public_url: public.clone() }
    }

    /// The response to a refused request; `None` to let it pass.
    pub(super) fn refusal(&self, head: &RequestHead, request_id: &str) -> Option<HttpResponse> {
        let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        let size: usize = head.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if target > MAX_TARGET {
            Some(plain(StatusCode::URI_TOO_LONG, "The address is too long."))
        } else if head.uri.path().contains("%00") {
            // NUL is in no valid name, and PostgreSQL rejects it in text.
            Some(plain(StatusCode::NOT_FOUND, "There is nothing at this address."))
        } else if size > MAX_HEADERS {
            Some(plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large."))
        } else if !PROBES.contains(&head.uri.path()) && !self.has_own_host(head) {
            Some(misdirected::answer(&self.public_url, head, request_id))
        } else {
            None
        }
    }

    /// Whether the `Host` header, and the authority in the request line if any, are this server's.
    fn has_own_host(&self, head: &RequestHead) -> bool {
        let known = |host: &str| self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
        let named = head.headers().get(HOST).and_then(|host| host.to_str().ok());
        let in_target = head.uri.authority().map(Authority::as_str);
        named.or(in_target).is_some() && named.is_none_or(known) && in_target.is_none_or(known)
    }
}

fn plain(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status).content_type(ContentType::plaintext()).body(format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::config::Env;

    fn status(url: &str, host: Option<&str>) -> Option<u16> {
        let env: Env =
            [("KEYSTILE_PUBLIC_URL", "https://auth.example.com"), ("HOME", "/tmp")].into_iter().collect();
        let gate = Gate::new(&Config::load(None, &env).unwrap(), "127.0.0.1:8642".parse().unwrap());
        let mut request = TestRequest::with_uri(url);
        if let Some(host) = host {
            request = request.insert_header((HOST, host));
        }
        gate.refusal(request.to_http_request().head(), "").map(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn wb_07_only_our_own_names_are_answered() {
        for host in ["auth.example.com", "AUTH.example.com", "auth.example.com:443", "127.0.0.1:8642"] {
            assert_eq!(status("/", Some(host)), None, "{host}");
        }
        for host in ["evil.com", "auth.example.com.evil.com", "auth.example.com:8443", "", "127.0.0.1"] {
            assert_eq!(status("/", Some(host)), Some(421), "{host}");
        }
        assert_eq!(status("/", None), Some(421));
        assert_eq!(status("/healthz", Some("10.0.0.7:8642")), None);
    }

    #[test]
    fn wb_08_a_host_in_the_request_line_counts_too() {
        assert_eq!(status("https://evil.com/", Some("auth.example.com")), Some(421));
        assert_eq!(status("https://auth.example.com/", Some("auth.example.com")), None);
    }

    #[test]
    fn ht_04_oversized_heads_are_refused() {
        assert_eq!(status(&format!("/{}", "a".repeat(9000)), Some("auth.example.com")), Some(414));
        assert_eq!(status("/", Some(&"a".repeat(17_000))), Some(431));
    }
}
