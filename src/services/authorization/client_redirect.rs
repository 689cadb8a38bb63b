//! The redirect that returns the answer to the client.

use crate::config::Config;
use crate::domain::oauth_error::{OAuthError, PERSONAL_TOKENS_DISABLED};
use crate::domain::redirect_uri::{MatchedRedirectUri, Target};
use crate::domain::request::RequestStatus;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::keys::master::MasterKey;
use crate::store::authorization_requests::{self as requests, AuthorizationRequest};
use crate::store::{Conn, StoreError, authorization_codes as codes, clients, organizations};

use super::consent::is_bound_to;
use super::decide::derive_code;

/// The redirect of an answered request to its client.
pub struct ClientRedirect {
    pub request: AuthorizationRequest,
    pub client_name: String,
    pub target: Target,
    /// Redirect URL with the answer; `None` once the answer was used or has expired.
    pub url: Option<String>,
}

/// Finds the redirect to the client for the browser that opened the request. `signed_in`: whether a user is
/// signed in in that browser.
pub fn find_redirect(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    now: Time,
    id: &str,
    browser: Digest,
    signed_in: bool,
) -> Result<Option<ClientRedirect>, StoreError> {
    let Some(request) = requests::find(conn, id)?.filter(|request| is_bound_to(request, browser)) else {
        return Ok(None);
    };
    let Some(client) = clients::find(conn, &request.client_id)? else { return Ok(None) };
    let Some(return_to) = client.match_redirect_uri(&request.redirect_uri) else { return Ok(None) };
    let url = match request.status {
        RequestStatus::Approved => {
            let code = codes::of_request(conn, id)?;
            let usable = code.filter(|code| code.is_usable(now));
            let seed = usable.and_then(|code| code.seed);
            seed.map(|seed| {
                address(config, &return_to, &request, &[("code", derive_code(master, &seed).expose())])
            })
        }
        RequestStatus::Denied => {
            let description = "The user chose Deny on the approval page.";
            Some(refusal(config, &return_to, &request, "access_denied", description, &[]))
        }
        RequestStatus::CannotApprove => {
            let error = OAuthError::cannot_approve(request.org_id.is_some());
            Some(refusal(config, &return_to, &request, error.code.as_str(), &error.description, &[]))
        }
        RequestStatus::SwitchedOff => Some(switched_off(conn, config, &return_to, &request)?),
        RequestStatus::Invalid => {
            let error = request.error.as_deref().unwrap_or("invalid_request");
            let description = request.error_description.as_deref().unwrap_or_default();
            Some(refusal(config, &return_to, &request, error, description, &[]))
        }
        RequestStatus::Open if request.prompt.as_deref() == Some("none") => {
            let (error, description) = if signed_in {
                ("consent_required", "Consent is always required, so prompt=none cannot succeed.")
            } else {
                ("login_required", "Nobody is signed in to this server in this browser.")
            };
            Some(refusal(config, &return_to, &request, error, description, &[]))
        }
        // Only copied codes can be `NotAllowed`, and they are never sent in a redirect.
        RequestStatus::NotAllowed | RequestStatus::Open => None,
    };
    Ok(Some(ClientRedirect { target: return_to.target(), client_name: client.name, request, url }))
}

/// Tells the client the organization and the settings page of the switch, so that it can say whom to ask.
fn switched_off(
    conn: &mut Conn,
    config: &Config,
    return_to: &MatchedRedirectUri,
    request: &AuthorizationRequest,
) -> Result<String, StoreError> {
    let organization = match &request.org_id {
        Some(id) => organizations::find(conn, id)?,
        None => None,
    };
    let name = organization.as_ref().map_or("The organization", |organization| &organization.name);
    let error = OAuthError::personal_tokens_disabled(name);
    let settings = organization.as_ref().map(|organization| {
        config.server.public_url.join(&format!("/o/{}/settings/api-access", organization.slug))
    });
    let mut more = vec![("error_code", PERSONAL_TOKENS_DISABLED), ("organization", name)];
    more.extend(settings.as_deref().map(|url| ("error_uri", url)));
    Ok(refusal(config, return_to, request, error.code.as_str(), &error.description, &more))
}

fn refusal(
    config: &Config,
    return_to: &MatchedRedirectUri,
    request: &AuthorizationRequest,
    error: &str,
    description: &str,
    more: &[(&str, &str)],
) -> String {
    let parameters: Vec<_> = [("error", error), ("error_description", description)]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    address(config, return_to, request, &parameters)
}

/// Adds `state`, if there was one, and `iss` (RFC 9207) to every answer.
fn address(
    config: &Config,
    return_to: &MatchedRedirectUri,
    request: &AuthorizationRequest,
    answer: &[(&str, &str)],
) -> String {
    let mut parameters = answer.to_vec();
    parameters.extend(request.state.as_deref().map(|state| ("state", state)));
    parameters.push(("iss", config.server.public_url.as_str()));
    return_to.with_parameters(&parameters)
}
