//! The device authorization grant, RFC 8628 section 3.4: the client polls until the user has answered on
//! another device.

use chrono::TimeDelta;

use super::Outcome;
use super::session::{ApprovedRequest, IssueContext, NewSession, issue};
use crate::config::Config;
use crate::domain::audit::Origin;
use crate::domain::client::{Client, Grant};
use crate::domain::device::{DeviceStatus, SLOWER_BY, too_early};
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::policy::PolicyBlock;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::keys::master::MasterKey;
use crate::store::device_requests::{self as requests, DeviceRequest};
use crate::store::memberships::{self, ActiveMember};
use crate::store::organizations::Organization;
use crate::store::{StoreError, Work, credentials, organizations};

/// Device code poll of an authenticated client.
#[derive(Debug, Clone)]
pub struct DeviceCodeRequest {
    pub device_code: Secret,
    pub origin: Origin,
}

/// Exchanges an approved device code for a new CLI session.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &DeviceCodeRequest,
) -> Outcome {
    client.permit(Grant::DeviceCode)?;
    let device_request = requests::lock_device(work.conn, request.device_code.digest())?
        .ok_or_else(|| OAuthError::invalid_grant("no such device code"))?;
    if device_request.client_id != client.id {
        return Err(OAuthError::invalid_grant("the device code belongs to another client").into());
    }
    if device_request.consumed_at.is_some() {
        return Err(OAuthError::invalid_grant("the device code has been answered already").into());
    }
    if work.now >= device_request.expires_at {
        return Err(OAuthError::new(
            OAuthCode::ExpiredToken,
            "The device code has expired. Start the sign-in again.",
            "the device code has expired",
        )
        .into());
    }
    let refusal = match device_request.status {
        DeviceStatus::Approved => {
            let context = IssueContext { config, master, client, now: work.now };
            return start_session(work, &context, &device_request, &request.origin);
        }
        DeviceStatus::Open => wait(work, &device_request)?,
        DeviceStatus::Denied => {
            requests::consume(work.conn, &device_request.id, None, work.now)?;
            let description = "The user denied the sign-in in the browser.";
            OAuthError::new(OAuthCode::AccessDenied, description, "the user denied the request")
        }
        DeviceStatus::CannotApprove => {
            requests::consume(work.conn, &device_request.id, None, work.now)?;
            OAuthError::cannot_approve(device_request.org_id.is_some())
        }
        DeviceStatus::SwitchedOff => {
            OAuthError::personal_tokens_disabled(&organization_name(work, &device_request)?)
        }
        DeviceStatus::NotAllowed => {
            requests::consume(work.conn, &device_request.id, None, work.now)?;
            OAuthError::device_flow_disabled(&organization_name(work, &device_request)?)
        }
    };
    Err(refusal.into())
}

/// Still pending. A client that polls too early gets `slow_down`, with a longer interval from then on.
fn wait(work: &mut Work<'_>, device_request: &DeviceRequest) -> Result<OAuthError, StoreError> {
    let interval = TimeDelta::seconds(device_request.interval_seconds);
    if too_early(device_request.polled_at, interval, work.now) {
        let slower = interval + SLOWER_BY;
        requests::record_poll(work.conn, &device_request.id, work.now, slower.num_seconds())?;
        return Ok(OAuthError::new(
            OAuthCode::SlowDown,
            format!("Wait {} seconds between two requests.", slower.num_seconds()),
            "polled too early",
        ));
    }
    requests::record_poll(work.conn, &device_request.id, work.now, device_request.interval_seconds)?;
    Ok(OAuthError::new(
        OAuthCode::AuthorizationPending,
        "The user has not answered yet. Poll again after the interval.",
        "pending",
    ))
}

/// Starts the approved session if membership and the organization's policy still allow it.
fn start_session(
    work: &mut Work<'_>,
    context: &IssueContext<'_>,
    device_request: &DeviceRequest,
    origin: &Origin,
) -> Outcome {
    let damaged = || StoreError::Failed(format!("the answer to {} is incomplete", device_request.id));
    let org_id = device_request.org_id.as_deref().ok_or_else(damaged)?;
    let user_id = device_request.user_id.as_deref().ok_or_else(damaged)?;
    let scopes = device_request.granted.as_deref().ok_or_else(damaged)?;
    let auth_time = device_request.auth_time.ok_or_else(damaged)?;
    let ActiveMember { organization, role, .. } = memberships::active_member(work.conn, org_id, user_id)?
        .ok_or_else(|| OAuthError::invalid_grant("the user is no longer a member"))?;
    check_policy(context.config, &organization, device_request)?;
    let granted = ScopeSet::parse(scopes).map_err(|_| {
        StoreError::Failed(format!("the scopes approved for {} cannot be read", device_request.id))
    })?;
    let approved = ApprovedRequest {
        org_id,
        user_id,
        role,
        scopes,
        auth_time,
        device_name: device_request.device_name.as_deref(),
        device_os: device_request.device_os.as_deref(),
        tool_version: device_request.tool_version.as_deref(),
    };
    let NewSession { credential, live, started } = NewSession::of(context, work.entropy, approved, origin);
    credentials::insert(work.conn, &credential)?;
    if !requests::consume(work.conn, &device_request.id, Some(&live.id), work.now)? {
        return Err(StoreError::Unavailable("the code was used at the same moment".into()).into());
    }
    work.record(started);
    Ok(issue(context, work.entropy, &live, &granted))
}

/// Checks that the organization's policy still allows this device code.
fn check_policy(
    config: &Config,
    organization: &Organization,
    device_request: &DeviceRequest,
) -> Result<(), OAuthError> {
    match organization.policy(&config.organizations).policy_block(device_request.sign_in_method()) {
        None => Ok(()),
        Some(PolicyBlock::PersonalTokens) => Err(OAuthError::personal_tokens_disabled(&organization.name)),
        Some(PolicyBlock::DeviceFlow | PolicyBlock::OtherNetwork | PolicyBlock::CopyCode) => {
            Err(OAuthError::device_flow_disabled(&organization.name))
        }
    }
}

fn organization_name(work: &mut Work<'_>, device_request: &DeviceRequest) -> Result<String, StoreError> {
    let organization = match &device_request.org_id {
        Some(id) => organizations::find(work.conn, id)?,
        None => None,
    };
    Ok(organization.map_or_else(|| "The organization".to_owned(), |organization| organization.name))
}
