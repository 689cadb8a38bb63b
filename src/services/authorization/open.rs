//! Arrival of a request: pushed by the client (RFC 9126) or opened in a browser.

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::authorization::{
    AuthorizationParams, ClientRedirectError, RawParameters, Redirectable, check, check_redirect,
};
use crate::domain::client::{Client, Grant};
use crate::domain::id::IdKind;
use crate::domain::oauth_error::OAuthError;
use crate::domain::request::RequestStatus;
use crate::domain::secret::{Digest, Secret};
use crate::domain::short_code;
use crate::store::authorization_requests::{self as requests, AuthorizationRequest};
use crate::store::{StoreError, TxError, Work, clients};

/// Prefix of a `request_uri`, RFC 9126 section 2.2.
const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// The secret part of a `request_uri`; `None` if this server did not issue it.
pub(super) fn reference(request_uri: &str) -> Option<&str> {
    request_uri.strip_prefix(URN)
}

/// Response to a pushed request.
#[derive(Debug)]
pub struct PushedRequest {
    pub request_uri: Secret,
    pub expires_in: TimeDelta,
    /// The code at the end of the short link.
    pub user_check: String,
}

/// Outcome of opening a request in a browser.
#[derive(Debug)]
pub enum OpenOutcome {
    /// The request with this id is open and bound to the browser.
    Request(String),
    /// The request with this id has `prompt=none`: redirect to the client at once.
    Silent(String),
    Untrusted(ClientRedirectError),
    /// A pushed request that does not exist, has ended, or belongs to another client.
    Gone,
    /// A pushed request that is bound to another browser.
    OpenElsewhere,
    /// A pushed request, opened without a cookie: it stays unbound for a browser that keeps cookies.
    NeedsCookie,
}

/// Stores a pushed request of an authenticated client. All parameters are checked now.
pub fn push(
    work: &mut Work<'_>,
    config: &Config,
    client: &Client,
    parameters: &RawParameters,
    ip: Option<&str>,
) -> Result<PushedRequest, TxError<OAuthError>> {
    if parameters.request_uri.is_some() {
        return Err(OAuthError::invalid_request("request_uri cannot be pushed.").into());
    }
    client.permit(Grant::AuthorizationCode)?;
    let addressed =
        check_redirect(Some(client), parameters).map_err(|untrusted| client_facing(&untrusted))?;
    let params = check(client, &config.catalog, config.server.public_url.as_str(), parameters)?;
    let reference = Secret::random(work.entropy);
    let user_check = short_code::new(work.entropy);
    let mut request = row(work, client, parameters, &addressed, Ok(params));
    request.pushed_hash = Some(reference.digest());
    request.pushed_ip = ip.map(str::to_owned);
    request.short_code = Some(user_check.clone());
    request.expires_at = work.now + config.tokens.pushed_request;
    requests::insert(work.conn, &request)?;
    let request_uri = Secret::new(format!("{URN}{}", reference.expose()));
    Ok(PushedRequest { request_uri, expires_in: config.tokens.pushed_request, user_check })
}

/// The browser that opens a request.
#[derive(Debug, Clone, Copy)]
pub struct OpeningBrowser {
    pub browser: Digest,
    /// Whether it has sent a cookie. Link previews of chat programs and mail scanners keep none.
    pub keeps_cookie: bool,
}

/// Opens a request from the parameters in the browser, or a pushed one by its `request_uri`.
pub fn open(
    work: &mut Work<'_>,
    config: &Config,
    parameters: &RawParameters,
    opener: OpeningBrowser,
) -> Result<OpenOutcome, StoreError> {
    let repeated = ["client_id", "request_uri"].into_iter().any(|name| parameters.is_repeated(name));
    let pushed = parameters.request_uri.as_deref().and_then(reference).filter(|_| !repeated);
    if let Some(reference) = pushed {
        return open_pushed(work, config, parameters.client_id.as_deref(), reference, opener);
    }
    let client = match &parameters.client_id {
        Some(id) => clients::find(work.conn, id)?,
        None => None,
    };
    let (client, addressed) = match (client.as_ref(), check_redirect(client.as_ref(), parameters)) {
        (_, Err(untrusted)) => return Ok(OpenOutcome::Untrusted(untrusted)),
        (None, Ok(_)) => return Ok(OpenOutcome::Gone),
        (Some(client), Ok(addressed)) => (client, addressed),
    };
    let params = client
        .permit(Grant::AuthorizationCode)
        .and_then(|()| check(client, &config.catalog, config.server.public_url.as_str(), parameters));
    let mut request = row(work, client, parameters, &addressed, params);
    request.browser_hash = Some(opener.browser);
    request.expires_at = work.now + config.tokens.request;
    requests::insert(work.conn, &request)?;
    Ok(if parameters.is_silent() {
        OpenOutcome::Silent(request.id)
    } else {
        OpenOutcome::Request(request.id)
    })
}

/// Opens a pushed request by the secret part of its `request_uri`.
pub fn open_pushed(
    work: &mut Work<'_>,
    config: &Config,
    client_id: Option<&str>,
    reference: &str,
    opener: OpeningBrowser,
) -> Result<OpenOutcome, StoreError> {
    let request = requests::lock_pushed(work.conn, Digest::of(reference))?;
    bind(work, config, request.filter(|request| Some(request.client_id.as_str()) == client_id), opener)
}

/// Opens a pushed request by the code at the end of its short link.
pub fn open_short_link(
    work: &mut Work<'_>,
    config: &Config,
    code: &str,
    opener: OpeningBrowser,
) -> Result<OpenOutcome, StoreError> {
    let request = match short_code::canonical(code) {
        Some(code) => requests::lock_short_code(work.conn, &code)?,
        None => None,
    };
    bind(work, config, request, opener)
}

/// Binds a pushed request to the first browser that opens it, the only one that may answer it: a link that is
/// opened again may have been forwarded or read over a shoulder.
fn bind(
    work: &mut Work<'_>,
    config: &Config,
    request: Option<AuthorizationRequest>,
    opener: OpeningBrowser,
) -> Result<OpenOutcome, StoreError> {
    let Some(request) = request.filter(|request| work.now < request.expires_at) else {
        return Ok(OpenOutcome::Gone);
    };
    let silent = request.prompt.as_deref() == Some("none");
    // A silent request needs no binding: no user answers it.
    if !opener.keeps_cookie && !silent {
        return Ok(OpenOutcome::NeedsCookie);
    }
    let browser = opener.browser;
    match request.browser_hash {
        None => requests::bind(work.conn, &request.id, browser, work.now + config.tokens.request)?,
        Some(first) if first == browser => {}
        Some(_) => return Ok(OpenOutcome::OpenElsewhere),
    }
    Ok(if silent { OpenOutcome::Silent(request.id) } else { OpenOutcome::Request(request.id) })
}

fn row(
    work: &Work<'_>,
    client: &Client,
    parameters: &RawParameters,
    addressed: &Redirectable,
    params: Result<AuthorizationParams, OAuthError>,
) -> AuthorizationRequest {
    let device = parameters.device();
    let mut request = AuthorizationRequest {
        id: IdKind::Transaction.new_id(work.entropy),
        client_id: client.id.clone(),
        redirect_uri: addressed.return_to.as_str().to_owned(),
        state: addressed.state.clone(),
        scopes: String::new(),
        code_challenge: None,
        nonce: None,
        prompt: None,
        max_age: None,
        login_hint: None,
        org_hint: None,
        device_name: device.name,
        device_os: device.os,
        tool_version: device.tool_version,
        pushed_hash: None,
        pushed_ip: None,
        short_code: None,
        browser_hash: None,
        created_at: work.now,
        expires_at: work.now,
        status: RequestStatus::Open,
        error: None,
        error_description: None,
        answered_at: None,
        user_id: None,
        org_id: None,
    };
    match params {
        Ok(params) => {
            request.scopes = params.scopes.to_string();
            request.code_challenge = Some(params.challenge.as_str().to_owned());
            request.nonce = params.nonce;
            request.prompt = params.prompt.as_str().map(str::to_owned);
            request.max_age = params.max_age;
            request.login_hint = params.login_hint;
            request.org_hint = params.org;
        }
        Err(error) => {
            tracing::info!(client = client.id, code = error.code.as_str(), reason = %error.reason, "invalid request");
            request.status = RequestStatus::Invalid;
            request.error = Some(error.code.as_str().to_owned());
            request.error_description = Some(error.description.into_owned());
        }
    }
    request
}

/// The error for a client that pushed a request, where a browser would get a page.
fn client_facing(untrusted: &ClientRedirectError) -> OAuthError {
    match untrusted {
        ClientRedirectError::UnknownClient { .. } => OAuthError::invalid_client("unknown client"),
        ClientRedirectError::RedirectUri { .. } => OAuthError::invalid_request(
            "redirect_uri is missing or is not one that this client has registered.",
        ),
        ClientRedirectError::StateTooLong => {
            OAuthError::invalid_request("state is longer than 8192 characters.")
        }
    }
}
