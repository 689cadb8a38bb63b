//! What a tool may learn of its pushed request while it waits for a code that a person copies: whether one can still
//! come. Never who the person is, and never the code.

use crate::config::Config;
use crate::domain::audit::Origin;
use crate::domain::client::{Client, Grant};
use crate::domain::policy::{PolicyBlock, Proximity, SignInMethod};
use crate::domain::request::RequestStatus;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::services::sign_in;
use crate::store::authorization_requests::{self as requests, AuthorizationRequest};
use crate::store::web_sessions::WebSession;
use crate::store::{Conn, StoreError, TxError, Work};

use super::choices::{ChoiceCriteria, Obstacle, OrganizationChoice, choices, obstacle};
use super::consent::{Answerable, ConsentRequest, load_consent};
use super::decide::answer;
use super::open::reference;

/// How far a pushed request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Unanswered, or answered with a code that waits to be copied.
    Waiting,
    Denied,
    /// The role of the person is too small, or they belong to no organization.
    CannotApprove {
        in_organization: bool,
    },
    /// The organization does not allow personal tokens.
    PersonalTokensOff,
    /// The page cannot show a code, because no organization of the person allows that.
    CopiedCodesOff {
        /// Whether the person could approve a device code instead.
        device_codes: bool,
    },
    /// Expired, or never one of this client.
    Ended,
}

/// Looks at a pushed request for the client that pushed it.
pub fn progress(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    client: &Client,
    request_uri: &str,
) -> Result<Progress, StoreError> {
    let Some(reference) = reference(request_uri) else { return Ok(Progress::Ended) };
    let request = requests::find_pushed(conn, Digest::of(reference))?;
    let Some(request) = of_client(request, client) else { return Ok(Progress::Ended) };
    match closed(conn, config, now, &request)? {
        Some(CopyingBlocked { question, session, .. }) => {
            copied_codes_off(conn, config, client, &question.request, &session.user_id)
        }
        None => so_far(conn, config, now, client, &request),
    }
}

/// The same, and ends a request to which no code can come: a tool that is told so leaves it, and an answer that is
/// allowed later would find no prompt.
pub fn progress_or_abandon(
    work: &mut Work<'_>,
    config: &Config,
    client: &Client,
    request_uri: &str,
    origin: &Origin,
) -> Result<Progress, StoreError> {
    let Some(reference) = reference(request_uri) else { return Ok(Progress::Ended) };
    let request = requests::lock_pushed(work.conn, Digest::of(reference))?;
    let Some(request) = of_client(request, client) else { return Ok(Progress::Ended) };
    let Some(CopyingBlocked { question, session, org_id }) = closed(work.conn, config, work.now, &request)?
    else {
        return so_far(work.conn, config, work.now, client, &request);
    };
    answer(work, &question, &session, RequestStatus::NotAllowed, Some(&org_id), origin)?;
    copied_codes_off(work.conn, config, client, &request, &session.user_id)
}

fn of_client(request: Option<AuthorizationRequest>, client: &Client) -> Option<AuthorizationRequest> {
    request.filter(|request| request.client_id == client.id)
}

/// A question that its person cannot answer because codes may not be copied.
struct CopyingBlocked {
    question: ConsentRequest,
    session: WebSession,
    /// The organization that the page names.
    org_id: String,
}

/// Sees what the page shows in the browser that opened the request. The page itself records nothing.
fn closed(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    request: &AuthorizationRequest,
) -> Result<Option<CopyingBlocked>, StoreError> {
    let Some(browser) = request.browser_hash else { return Ok(None) };
    if request.status != RequestStatus::Open || request.sign_in_method(config) != SignInMethod::Paste {
        return Ok(None);
    }
    let Some((session, _)) = sign_in::current(conn, config, now, browser)? else { return Ok(None) };
    let posed = load_consent(conn, config, now, Some(request.clone()), &session);
    let Ok(question) = TxError::settle(posed)? else { return Ok(None) };
    if question.answerable == Answerable::AfterSigningInAgain {
        return Ok(None);
    }
    let org_id = match obstacle(&question.choices) {
        Some(Obstacle::Closed(choice, PolicyBlock::CopyCode)) => choice.organization.id.clone(),
        Some(Obstacle::Closed(..) | Obstacle::NoOrganization | Obstacle::RoleTooSmall(_)) | None => {
            return Ok(None);
        }
    };
    Ok(Some(CopyingBlocked { question, session, org_id }))
}

fn so_far(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    client: &Client,
    request: &AuthorizationRequest,
) -> Result<Progress, StoreError> {
    Ok(match (request.status, &request.user_id) {
        (RequestStatus::Approved, _) => Progress::Waiting,
        (RequestStatus::Denied, _) => Progress::Denied,
        (RequestStatus::CannotApprove, _) => {
            Progress::CannotApprove { in_organization: request.org_id.is_some() }
        }
        (RequestStatus::SwitchedOff, _) => Progress::PersonalTokensOff,
        (RequestStatus::NotAllowed, Some(user_id)) => {
            return copied_codes_off(conn, config, client, request, user_id);
        }
        (RequestStatus::NotAllowed, None) => Progress::CopiedCodesOff { device_codes: false },
        (RequestStatus::Open, _) if now < request.expires_at => Progress::Waiting,
        (RequestStatus::Open | RequestStatus::Invalid, _) => Progress::Ended,
    })
}

fn copied_codes_off(
    conn: &mut Conn,
    config: &Config,
    client: &Client,
    request: &AuthorizationRequest,
    user_id: &str,
) -> Result<Progress, StoreError> {
    if client.permit(Grant::DeviceCode).is_err() {
        return Ok(Progress::CopiedCodesOff { device_codes: false });
    }
    let scopes = ScopeSet::parse(&request.scopes)
        .map_err(|_| StoreError::Failed(format!("the scopes of {} cannot be read", request.id)))?;
    // Whether the device is near enough is for its own page to find out.
    let sign_in_method = SignInMethod::Device(Proximity::SameNetwork);
    let wanted =
        ChoiceCriteria { client, scopes: &scopes, org_hint: request.org_hint.as_deref(), sign_in_method };
    let device_codes = choices(conn, config, user_id, &wanted)?.iter().any(OrganizationChoice::is_selectable);
    Ok(Progress::CopiedCodesOff { device_codes })
}
