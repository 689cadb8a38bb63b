//! Status of a pushed request for a client that waits for a copied code: whether one can still come. It never
//! contains the user or the code.

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

/// Status of a pushed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Open, or answered with a code that was not redeemed yet.
    Waiting,
    Denied,
    /// The user's role includes no requested scope, or they belong to no organization.
    CannotApprove {
        in_organization: bool,
    },
    /// Personal tokens are off in the organization.
    PersonalTokensOff,
    /// No organization of the user allows copied codes.
    CopiedCodesOff {
        /// Whether the user could approve a device code instead.
        device_codes: bool,
    },
    /// Expired, or not pushed by this client.
    Ended,
}

/// Status of a pushed request for the client that pushed it.
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

/// [`progress`], and ends the request if no copied code can come: the client stops waiting then, and a later
/// approval would not reach the tool.
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

/// A request that its user cannot approve because copied codes are off.
struct CopyingBlocked {
    question: ConsentRequest,
    session: WebSession,
    /// The organization that the page shows.
    org_id: String,
}

/// Determines the state of the page in the browser, which is not stored.
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
    // The device page checks the network; assume that it is the same here.
    let sign_in_method = SignInMethod::Device(Proximity::SameNetwork);
    let criteria = ChoiceCriteria {
        client,
        scopes: &scopes,
        org_hint: request.org_hint.as_deref(),
        sign_in_method,
        asked_at: request.created_at,
    };
    let device_codes =
        choices(conn, config, user_id, &criteria)?.listed.iter().any(OrganizationChoice::is_selectable);
    Ok(Progress::CopiedCodesOff { device_codes })
}
