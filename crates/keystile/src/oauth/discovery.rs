//! Authorization server metadata (RFC 8414).

use std::time::Duration;

use oauth2::http::{Method, Request};
use oauth2::{AuthUrl, RevocationUrl, TokenUrl};
use serde::Deserialize;
use url::Url;

use crate::base_url::BaseUrl;
use crate::error::ErrorKind;
use crate::http::{ApiResponse, PROTOCOL_LIMIT, Plan, Replay, Transport};

const PLAN: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(15), limit: PROTOCOL_LIMIT };

/// The members of the metadata that the library uses.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: AuthUrl,
    pub(crate) token_endpoint: TokenUrl,
    #[serde(default)]
    pub(crate) pushed_authorization_request_endpoint: Option<Url>,
    #[serde(default)]
    device_authorization_endpoint: Option<Url>,
    #[serde(default)]
    pub(crate) revocation_endpoint: Option<RevocationUrl>,
    /// Whether every callback has `iss` (RFC 9207).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(crate) cli_configuration: CliConfiguration,
}

/// The member `cli_configuration`, an extension of Keystile.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CliConfiguration {
    pub(crate) api_base: Option<BaseUrl>,
    /// The page on which API keys are created.
    pub(crate) dashboard_keys_url: Option<Url>,
    /// The scope catalog.
    pub(crate) scopes_url: Option<Url>,
    /// Whether device codes are enabled.
    device_flow: Option<bool>,
    /// The status endpoint of pushed requests.
    pushed_request_status_url: Option<Url>,
    /// The identity providers to sign in with.
    pub(crate) providers: Vec<String>,
}

impl Metadata {
    /// The status endpoint of pushed requests. Must have the origin of the PAR endpoint, because it receives the
    /// `request_uri`.
    pub(super) fn pushed_request_status_url(&self) -> Option<&Url> {
        let pushed_at = self.pushed_authorization_request_endpoint.as_ref()?;
        let status_url = self.cli_configuration.pushed_request_status_url.as_ref()?;
        (status_url.origin() == pushed_at.origin()).then_some(status_url)
    }

    /// The endpoints, by their members.
    fn endpoints(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        let required = [
            ("authorization_endpoint", self.authorization_endpoint.url()),
            ("token_endpoint", self.token_endpoint.url()),
        ];
        let optional = [
            ("pushed_authorization_request_endpoint", self.pushed_authorization_request_endpoint.as_ref()),
            ("device_authorization_endpoint", self.device_authorization_endpoint.as_ref()),
            ("revocation_endpoint", self.revocation_endpoint.as_ref().map(RevocationUrl::url)),
        ];
        required.into_iter().chain(optional.into_iter().filter_map(|(name, url)| Some((name, url?))))
    }

    /// The first member with a URL that the issuer [may not name](BaseUrl::may_name).
    fn unsafe_member(&self, issuer: &BaseUrl) -> Option<&'static str> {
        let configuration = &self.cli_configuration;
        let others = [
            ("api_base", configuration.api_base.as_ref().map(BaseUrl::url)),
            ("dashboard_keys_url", configuration.dashboard_keys_url.as_ref()),
            ("scopes_url", configuration.scopes_url.as_ref()),
            ("pushed_request_status_url", configuration.pushed_request_status_url.as_ref()),
        ];
        let others = others.into_iter().filter_map(|(name, url)| Some((name, url?)));
        self.endpoints().chain(others).find(|(_, url)| !issuer.may_name(url)).map(|(name, _)| name)
    }

    /// Whether a page may be opened in the browser: it has the origin of the issuer or of an endpoint.
    pub(crate) fn has_page(&self, issuer: &BaseUrl, page: &Url) -> bool {
        let mut origins = self.endpoints().map(|(_, endpoint)| endpoint).chain([issuer.url()]);
        issuer.may_name(page) && origins.any(|url| url.origin() == page.origin())
    }

    /// The device authorization endpoint; `None` if device codes are disabled.
    pub(crate) fn device_endpoint(&self) -> Option<&Url> {
        let is_off = self.cli_configuration.device_flow == Some(false);
        self.device_authorization_endpoint.as_ref().filter(|_| !is_off)
    }
}

/// Fetches and validates the metadata.
pub(crate) async fn discover(transport: &Transport, issuer: &BaseUrl) -> Result<Metadata, ErrorKind> {
    read_metadata(issuer, &ask_for_metadata(transport, issuer).await?)
}

/// Fetches the metadata.
pub(crate) async fn ask_for_metadata(
    transport: &Transport,
    issuer: &BaseUrl,
) -> Result<ApiResponse, ErrorKind> {
    let answer = get(transport, &well_known(issuer, "oauth-authorization-server")).await?;
    if answer.status() == 404 {
        get(transport, &well_known(issuer, "openid-configuration")).await
    } else {
        Ok(answer)
    }
}

async fn get(transport: &Transport, url: &Url) -> Result<ApiResponse, ErrorKind> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(url.as_str())
        .header("accept", "application/json")
        .body(Vec::new())
        .map_err(|error| ErrorKind::Usage { message: error.to_string(), hint: None })?;
    transport.send(request, PLAN).await
}

/// Parses the metadata. Its issuer must be the requested one (RFC 8414, section 3.3), and no URL in it less secure than
/// the issuer, because tokens are sent there.
pub(crate) fn read_metadata(issuer: &BaseUrl, response: &ApiResponse) -> Result<Metadata, ErrorKind> {
    let bad = |what: String| ErrorKind::InvalidResponse { host: issuer.host(), what };
    match response.status() {
        200 => {}
        421 => {
            if let Some(address) = own_address(issuer, response) {
                return Err(ErrorKind::WrongIssuer { asked: issuer.to_string(), address });
            }
            return Err(bad("It is not an authorization server: its metadata URL answered 421".to_owned()));
        }
        status @ 500.. => return Err(ErrorKind::ServerError { status, request_id: None }),
        status => {
            return Err(bad(format!(
                "It is not an authorization server: its metadata URL answered {status}"
            )));
        }
    }
    let metadata: Metadata = response.parse()?;
    if metadata.issuer.trim_end_matches('/') != issuer.as_str() {
        return Err(bad(format!(
            "Its metadata names the issuer {}, so its responses cannot be trusted",
            metadata.issuer
        )));
    }
    if let Some(member) = metadata.unsafe_member(issuer) {
        return Err(bad(format!(
            "The {member} of its metadata is not https. Only a server on this machine may use http, for itself"
        )));
    }
    Ok(metadata)
}

/// The issuer that a server names in a 421 response, because it was called under another URL.
fn own_address(issuer: &BaseUrl, response: &ApiResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Misdirected {
        public_url: BaseUrl,
    }
    let Misdirected { public_url } = response.parse().ok()?;
    // Shown as part of a command, so it must not contain shell or terminal syntax.
    let address = public_url.url().as_str().trim_end_matches('/');
    let plain = address.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-_~%".contains(&b));
    (plain && address != issuer.as_str()).then(|| address.to_owned())
}

/// The URL of the metadata. RFC 8414 inserts the well-known part between host and path.
fn well_known(issuer: &BaseUrl, name: &str) -> Url {
    let mut url = issuer.url().clone();
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&match name {
        // OpenID Connect Discovery appends instead.
        "openid-configuration" => format!("{path}/.well-known/{name}"),
        _ => format!("/.well-known/{name}{path}"),
    });
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_endpoint_must_have_the_origin_of_the_par_endpoint() {
        let status_url = |url: &str| {
            let document = serde_json::json!({
                "issuer": "https://a.example", "authorization_endpoint": "https://a.example/authorize",
                "token_endpoint": "https://a.example/token",
                "pushed_authorization_request_endpoint": "https://a.example/par",
                "cli_configuration": { "pushed_request_status_url": url },
            });
            let metadata: Metadata = serde_json::from_value(document).unwrap();
            metadata.pushed_request_status_url().map(Url::to_string)
        };
        let same = "https://a.example/par/status";
        assert_eq!(status_url(same).as_deref(), Some(same));
        for other in
            ["https://b.example/par/status", "http://a.example/par/status", "https://a.example:8443/s"]
        {
            assert_eq!(status_url(other), None);
        }
    }

    #[test]
    fn the_well_known_path_follows_the_standard() {
        let at = |issuer, name| well_known(&BaseUrl::parse(issuer).unwrap(), name).to_string();
        assert_eq!(
            at("https://a.example", "oauth-authorization-server"),
            "https://a.example/.well-known/oauth-authorization-server"
        );
        assert_eq!(
            at("https://a.example/t", "oauth-authorization-server"),
            "https://a.example/.well-known/oauth-authorization-server/t"
        );
        assert_eq!(
            at("https://a.example/t", "openid-configuration"),
            "https://a.example/t/.well-known/openid-configuration"
        );
    }
}
