//! The consent request: client, scopes, organizations, and what prevents an approval.

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::policy::SignInMethod;
use crate::domain::request::RequestStatus;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::store::authorization_requests::{self as requests, AuthorizationRequest};
use crate::store::web_sessions::WebSession;
use crate::store::{Conn, RefusalReason, StoreError, TxError, clients, credentials};

use super::choices::{ChoiceCriteria, Choices, OrganizationChoice, choices, is_stale};
use super::paste::cap_scopes;

/// An authorization request with everything needed for a decision.
#[derive(Debug, Clone)]
pub struct ConsentRequest {
    pub request: AuthorizationRequest,
    pub client: Client,
    pub sign_in_method: SignInMethod,
    /// Requested scopes, capped by the sign-in method.
    pub requested: ScopeSet,
    /// Organizations of the user, the suggested one first; may be empty.
    pub choices: Vec<OrganizationChoice>,
    /// Whether the user has organizations that are not among the choices.
    pub more_organizations: bool,
    /// The user has not used this client before.
    pub first_time: bool,
    pub answerable: Answerable,
}

/// Whether the user can answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerable {
    Now,
    /// The user must re-enter the password first.
    AfterSigningInAgain,
}

/// Why there is no consent to ask for.
#[derive(Debug, Clone)]
pub enum ConsentRefusal {
    /// No such request, or bound to another browser.
    NotHere,
    Expired,
    /// Answered already.
    Answered(Box<AuthorizationRequest>),
    /// Malformed: redirect the error to the client.
    Invalid(Box<AuthorizationRequest>),
    /// `prompt=none`: redirect `consent_required` to the client, because consent is always required.
    MayNotAsk(Box<AuthorizationRequest>),
    ClientGone,
}

impl RefusalReason for ConsentRefusal {}

/// Reads a request for the user and browser that want to answer it.
pub fn find_consent(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    id: &str,
    session: &WebSession,
) -> Result<ConsentRequest, TxError<ConsentRefusal>> {
    let request = requests::find(conn, id)?;
    load_consent(conn, config, now, request, session)
}

/// [`find_consent`] for a request row that was already read, locked or not.
pub(super) fn load_consent(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    request: Option<AuthorizationRequest>,
    session: &WebSession,
) -> Result<ConsentRequest, TxError<ConsentRefusal>> {
    let request =
        request.filter(|request| is_bound_to(request, session.hash)).ok_or(ConsentRefusal::NotHere)?;
    match request.status {
        RequestStatus::Approved
        | RequestStatus::Denied
        | RequestStatus::CannotApprove
        | RequestStatus::SwitchedOff
        | RequestStatus::NotAllowed => {
            return Err(ConsentRefusal::Answered(Box::new(request)).into());
        }
        RequestStatus::Open | RequestStatus::Invalid if now >= request.expires_at => {
            return Err(ConsentRefusal::Expired.into());
        }
        RequestStatus::Invalid => return Err(ConsentRefusal::Invalid(Box::new(request)).into()),
        RequestStatus::Open if request.prompt.as_deref() == Some("none") => {
            return Err(ConsentRefusal::MayNotAsk(Box::new(request)).into());
        }
        RequestStatus::Open => {}
    }
    let client = clients::find(conn, &request.client_id)?.ok_or(ConsentRefusal::ClientGone)?;
    let mut requested = ScopeSet::parse(&request.scopes)
        .map_err(|_| StoreError::Failed(format!("the scopes of {} cannot be read", request.id)))?;
    let sign_in_method = request.sign_in_method(config);
    if sign_in_method == SignInMethod::Paste {
        requested = cap_scopes(&config.catalog, &requested);
    }
    let criteria = ChoiceCriteria {
        client: &client,
        scopes: &requested,
        org_hint: request.org_hint.as_deref(),
        sign_in_method,
        asked_at: request.created_at,
    };
    let Choices { listed: choices, more: more_organizations } =
        choices(conn, config, &session.user_id, &criteria)?;
    let answerable = answerable(config, now, &request, &requested, session);
    let first_time = !credentials::has_used_client(conn, &session.user_id, &client.id, client.created_at)?;
    Ok(ConsentRequest {
        request,
        client,
        sign_in_method,
        requested,
        choices,
        more_organizations,
        first_time,
        answerable,
    })
}

/// Whether the request is bound to this browser.
pub(super) fn is_bound_to(request: &AuthorizationRequest, browser: Digest) -> bool {
    request.browser_hash == Some(browser)
}

fn answerable(
    config: &Config,
    now: Time,
    request: &AuthorizationRequest,
    requested: &ScopeSet,
    session: &WebSession,
) -> Answerable {
    let age = now - session.auth_time;
    let stale = is_stale(config, now, requested, session)
        || (request.prompt.as_deref() == Some("login") && session.auth_time < request.created_at)
        || request.max_age.is_some_and(|seconds| {
            age > TimeDelta::seconds(seconds) && session.auth_time < request.created_at
        });
    if stale { Answerable::AfterSigningInAgain } else { Answerable::Now }
}
