//! The authorization request: pushed (RFC 9126) if the server supports it, otherwise in the URL.

use std::time::Duration;

use oauth2::basic::BasicClient;
use oauth2::{ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use serde::Deserialize;
use url::Url;

use super::answer::OauthErrorResponse;
use super::discovery::Metadata;
use super::form_post;
use super::progress::PushedRequest;
use crate::base_url::BaseUrl;
use crate::error::ErrorKind;
use crate::http::{PROTOCOL_LIMIT, Plan, Replay, Transport};
use crate::random;

const PLAN: Plan =
    Plan { replay: Replay::OnlyIfUnsent, timeout: Duration::from_secs(30), limit: PROTOCOL_LIMIT };

/// The `state` and the PKCE verifier of a login.
pub(crate) struct PkceSession {
    pub(crate) state: CsrfToken,
    pub(crate) verifier: PkceCodeVerifier,
}

impl PkceSession {
    pub(crate) fn new() -> Result<Self, ErrorKind> {
        Ok(Self {
            state: CsrfToken::new(random::token()?),
            verifier: PkceCodeVerifier::new(random::token()?),
        })
    }
}

/// Claims of the tool about its machine. The consent page shows them as unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceInfo {
    pub(crate) device_name: Option<String>,
    pub(crate) device_os: String,
    pub(crate) tool_version: String,
}

impl DeviceInfo {
    /// As request parameters.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let name = self.device_name.as_deref().map(|name| ("device_name", name));
        let others = [("device_os", self.device_os.as_str()), ("tool_version", self.tool_version.as_str())];
        name.into_iter().chain(others)
    }
}

/// Parameters of an authorization request.
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) issuer: &'a BaseUrl,
    pub(crate) client_id: &'a str,
    pub(crate) redirect: &'a RedirectUrl,
    pub(crate) scopes: &'a [String],
    /// Further parameters: `org`, `login_hint`, `provider`, `prompt`.
    pub(crate) hints: &'a [(&'static str, String)],
    pub(crate) device: &'a DeviceInfo,
}

/// The link to the approval page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Short enough to type, with a comparison code.
    Short { url: Url, check: Option<String> },
    /// The whole authorization URL.
    Long { url: Url },
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
    login_url: Option<Url>,
    user_check: Option<String>,
}

/// Creates the link. A short link to a page of another server is not used. Also returns the pushed request, if the server
/// has a status endpoint for it.
pub(crate) async fn request_link(
    transport: &Transport,
    metadata: &Metadata,
    asked: &AuthorizationRequest<'_>,
    pkce: &PkceSession,
) -> Result<(Link, Option<PushedRequest>), ErrorKind> {
    let client = BasicClient::new(ClientId::new(asked.client_id.to_owned()))
        .set_auth_uri(metadata.authorization_endpoint.clone())
        .set_redirect_uri(asked.redirect.clone());
    let mut request = client
        .authorize_url(|| pkce.state.clone())
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&pkce.verifier))
        .add_scopes(asked.scopes.iter().cloned().map(Scope::new));
    for (name, value) in asked.hints {
        request = request.add_extra_param(*name, value);
    }
    let (url, _state) = request.url();
    let Some(endpoint) = &metadata.pushed_authorization_request_endpoint else {
        return Ok((Link::Long { url }, None));
    };
    let pushed = push(transport, endpoint, &url, asked.device).await?;
    let status_url = metadata.pushed_request_status_url();
    let request = status_url.map(|url| PushedRequest::new(&pushed.request_uri, url));
    let short = pushed.login_url.filter(|url| metadata.has_page(asked.issuer, url));
    let link = if let Some(url) = short {
        Link::Short { url, check: pushed.user_check }
    } else {
        let mut url = metadata.authorization_endpoint.url().clone();
        url.query_pairs_mut()
            .append_pair("client_id", asked.client_id)
            .append_pair("request_uri", &pushed.request_uri);
        Link::Long { url }
    };
    Ok((link, request))
}

/// Pushes the authorization request.
async fn push(
    transport: &Transport,
    endpoint: &Url,
    request: &Url,
    device: &DeviceInfo,
) -> Result<Pushed, ErrorKind> {
    let facts = device.pairs().map(|(name, value)| (name.into(), value.into()));
    let request = form_post(endpoint, request.query_pairs().chain(facts))?;
    let response = transport.send(request, PLAN).await?;
    super::token::busy(&response).map_or(Ok(()), Err)?;
    if response.status() == 201 || response.status() == 200 {
        return response.parse();
    }
    Err(response.parse::<OauthErrorResponse>()?.into_kind())
}
