//! Validates authorization requests (RFC 6749 section 4.1.1), and decides who is shown an error.
//!
//! No error is sent to a redirect URI before it has matched a registered one. Until then, errors are shown to the
//! user instead.

use std::collections::BTreeSet;

use super::client::Client;
use super::oauth_error::{OAuthCode, OAuthError};
use super::pkce::Challenge;
use super::redirect_uri::MatchedRedirectUri;
use super::request::Device;
use super::scope::{Catalog, ScopeSet};

const MAX_STATE: usize = 8192;
const MAX_SCOPE: usize = 4096;
const MAX_NONCE: usize = 1024;
const MAX_HINT: usize = 254;

/// The parameters as received. Unknown ones are ignored, and empty ones count as absent. The names of repeated ones are
/// recorded, so that none of their values is used.
#[derive(Debug, Clone, Default)]
pub struct RawParameters {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub nonce: Option<String>,
    pub prompt: Option<String>,
    pub max_age: Option<String>,
    pub login_hint: Option<String>,
    /// The organization to preselect: its id or slug.
    pub org: Option<String>,
    pub request: Option<String>,
    pub request_uri: Option<String>,
    pub registration: Option<String>,
    pub resource: Vec<String>,
    pub device_name: Option<String>,
    pub device_os: Option<String>,
    pub tool_version: Option<String>,
    repeated: BTreeSet<String>,
}

impl RawParameters {
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            if name == "resource" {
                parameters.resource.push(value);
            } else if let Some(slot) = parameters.slot(&name)
                && !value.is_empty()
                && slot.replace(value).is_some()
            {
                parameters.repeated.insert(name);
            }
        }
        parameters
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "client_id" => &mut self.client_id,
            "redirect_uri" => &mut self.redirect_uri,
            "response_type" => &mut self.response_type,
            "response_mode" => &mut self.response_mode,
            "scope" => &mut self.scope,
            "state" => &mut self.state,
            "code_challenge" => &mut self.code_challenge,
            "code_challenge_method" => &mut self.code_challenge_method,
            "nonce" => &mut self.nonce,
            "prompt" => &mut self.prompt,
            "max_age" => &mut self.max_age,
            "login_hint" => &mut self.login_hint,
            "org" => &mut self.org,
            "request" => &mut self.request,
            "request_uri" => &mut self.request_uri,
            "registration" => &mut self.registration,
            "device_name" => &mut self.device_name,
            "device_os" => &mut self.device_os,
            "tool_version" => &mut self.tool_version,
            _ => return None,
        })
    }

    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// Whether no page may be shown: `prompt` contains `none`, even if it contains other values.
    pub fn is_silent(&self) -> bool {
        self.prompt
            .as_deref()
            .is_some_and(|prompt| prompt.split_ascii_whitespace().any(|word| word == "none"))
    }

    /// The client's claims about its device.
    pub fn device(&self) -> Device {
        Device::claimed(self.device_name.as_deref(), self.device_os.as_deref(), self.tool_version.as_deref())
    }
}

/// Why the error must be shown to the user and not sent to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientRedirectError {
    /// Unknown client id; or the id is missing or repeated.
    UnknownClient { asked: Option<String> },
    /// The redirect URI is missing, repeated, or not registered for the client.
    RedirectUri { client_name: String, asked: Option<String>, registered: Vec<String> },
    /// `state` is longer than 8 KiB.
    StateTooLong,
}

/// A request whose response may be sent to the client.
#[derive(Debug, Clone)]
pub struct Redirectable {
    pub return_to: MatchedRedirectUri,
    pub state: Option<String>,
}

/// A valid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationParams {
    pub scopes: ScopeSet,
    pub challenge: Challenge,
    pub nonce: Option<String>,
    pub prompt: Prompt,
    pub max_age: Option<i64>,
    pub login_hint: Option<String>,
    pub org: Option<String>,
}

/// The `prompt` parameter, OpenID Connect Core section 3.1.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    Default,
    /// Respond without showing a page. Consent is always required, so the response is always an error.
    None,
    /// Ask for the password again.
    Login,
}

impl Prompt {
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::None => Some("none"),
            Self::Login => Some("login"),
        }
    }
}

/// Determines where the response may be sent. Runs before all other checks.
pub fn check_redirect(
    client: Option<&Client>,
    parameters: &RawParameters,
) -> Result<Redirectable, ClientRedirectError> {
    let repeated = parameters.is_repeated("client_id");
    let Some(client) = client.filter(|_| !repeated) else {
        return Err(ClientRedirectError::UnknownClient {
            asked: parameters.client_id.clone().filter(|_| !repeated),
        });
    };
    let asked = parameters.redirect_uri.clone().filter(|_| !parameters.is_repeated("redirect_uri"));
    let Some(return_to) = asked.as_deref().and_then(|uri| client.match_redirect_uri(uri)) else {
        return Err(ClientRedirectError::RedirectUri {
            client_name: client.name.clone(),
            asked,
            registered: client.redirect_uris.iter().map(ToString::to_string).collect(),
        });
    };
    if parameters.state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
        return Err(ClientRedirectError::StateTooLong);
    }
    let state = parameters.state.clone().filter(|_| !parameters.is_repeated("state"));
    Ok(Redirectable { return_to, state })
}

/// Validates the rest of the request. Its errors are sent to the client.
pub fn check(
    client: &Client,
    catalog: &Catalog,
    issuer: &str,
    parameters: &RawParameters,
) -> Result<AuthorizationParams, OAuthError> {
    reject_repeated(parameters)?;
    if parameters.request.is_some() {
        let description = "Request objects are not supported; send the parameters themselves.";
        return Err(OAuthError::new(OAuthCode::RequestNotSupported, description, "request object"));
    }
    if parameters.request_uri.is_some() {
        let description = "Only a request_uri from the pushed authorization request endpoint is supported.";
        return Err(OAuthError::new(OAuthCode::RequestUriNotSupported, description, "foreign request_uri"));
    }
    if parameters.registration.is_some() {
        let description = "Clients cannot register with a request; an operator registers them.";
        return Err(OAuthError::new(OAuthCode::RegistrationNotSupported, description, "registration"));
    }
    response(parameters)?;
    resource(issuer, &parameters.resource)?;
    Ok(AuthorizationParams {
        challenge: challenge(parameters)?,
        scopes: scopes(client, catalog, parameters.scope.as_deref())?,
        prompt: prompt(parameters.prompt.as_deref())?,
        max_age: max_age(parameters.max_age.as_deref())?,
        nonce: at_most("nonce", MAX_NONCE, parameters.nonce.as_ref())?,
        login_hint: hint("login_hint", parameters.login_hint.as_ref())?,
        org: hint("org", parameters.org.as_ref())?,
    })
}

/// Rejects repeated parameters.
pub(super) fn reject_repeated(parameters: &RawParameters) -> Result<(), OAuthError> {
    match parameters.repeated.first() {
        Some(name) => Err(OAuthError::invalid_request(format!("{name} was sent more than once."))),
        None => Ok(()),
    }
}

/// A hint parameter; rejects values that are too long.
pub(super) fn hint(name: &str, value: Option<&String>) -> Result<Option<String>, OAuthError> {
    at_most(name, MAX_HINT, value)
}

fn at_most(name: &str, longest: usize, value: Option<&String>) -> Result<Option<String>, OAuthError> {
    match value {
        Some(value) if value.len() > longest => {
            Err(OAuthError::invalid_request(format!("{name} is longer than {longest} characters.")))
        }
        Some(_) | None => Ok(value.cloned()),
    }
}

fn response(parameters: &RawParameters) -> Result<(), OAuthError> {
    match parameters.response_type.as_deref() {
        None => return Err(OAuthError::invalid_request("response_type is missing; it must be code.")),
        Some("code") => {}
        Some(_) => {
            let description = "Only response_type=code is supported.";
            return Err(OAuthError::new(OAuthCode::UnsupportedResponseType, description, "response_type"));
        }
    }
    match parameters.response_mode.as_deref() {
        None | Some("query") => Ok(()),
        Some(_) => Err(OAuthError::invalid_request("Only response_mode=query is supported.")),
    }
}

fn challenge(parameters: &RawParameters) -> Result<Challenge, OAuthError> {
    let Some(text) = &parameters.code_challenge else {
        return Err(OAuthError::invalid_request("code_challenge is missing (PKCE, RFC 7636)."));
    };
    if parameters.code_challenge_method.as_deref() != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method must be S256."));
    }
    Challenge::parse(text).ok_or_else(|| {
        OAuthError::invalid_request("code_challenge must be the 43 characters of a SHA-256 in base64url.")
    })
}

/// The requested scopes: those of `scope`, or the client's default.
pub(super) fn scopes(
    client: &Client,
    catalog: &Catalog,
    asked: Option<&str>,
) -> Result<ScopeSet, OAuthError> {
    let invalid = |reason: &'static str| {
        let description = "The scope has a value that does not exist or that this client may not request.";
        OAuthError::new(OAuthCode::InvalidScope, description, reason)
    };
    let Some(text) = asked.filter(|text| !text.trim_matches(' ').is_empty()) else {
        return Ok(client.default_scopes(catalog));
    };
    if text.len() > MAX_SCOPE {
        return Err(invalid("too long"));
    }
    let scopes = ScopeSet::parse(text).map_err(|_| invalid("forbidden character"))?;
    if scopes.iter().any(|id| !catalog.contains(id)) {
        return Err(invalid("not in the catalog"));
    }
    if scopes.is_subset(&client.allowed_scopes(catalog)) { Ok(scopes) } else { Err(invalid("not allowed")) }
}

fn prompt(text: Option<&str>) -> Result<Prompt, OAuthError> {
    let words: Vec<&str> = text.unwrap_or_default().split_ascii_whitespace().collect();
    let known = words.iter().all(|word| matches!(*word, "none" | "login" | "consent" | "select_account"));
    if !known || (words.contains(&"none") && words.len() > 1) {
        return Err(OAuthError::invalid_request(
            "prompt is none alone, or login, consent and select_account.",
        ));
    }
    Ok(match words.as_slice() {
        ["none"] => Prompt::None,
        words if words.contains(&"login") => Prompt::Login,
        _ => Prompt::Default,
    })
}

fn max_age(text: Option<&str>) -> Result<Option<i64>, OAuthError> {
    text.map(|text| text.parse::<u32>().map(i64::from))
        .transpose()
        .map_err(|_| OAuthError::invalid_request("max_age must be a number of seconds."))
}

/// The `resource` parameter, RFC 8707. Tokens of the authorization code and device grants are for the issuer only.
pub fn resource(issuer: &str, asked: &[String]) -> Result<(), OAuthError> {
    if asked.iter().all(|resource| resource.trim_end_matches('/') == issuer) {
        return Ok(());
    }
    let description = "This resource is not known to this server.";
    Err(OAuthError::new(OAuthCode::InvalidTarget, description, "unknown resource"))
}

#[cfg(test)]
mod tests;
