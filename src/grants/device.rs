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
    let asked = requests::lock_device(work.conn, request.device_code.digest())?
        .ok_or_else(|| OAuthError::invalid_grant("no such device code"))?;
    if asked.client_id != client.id {
        return Err(OAuthError::invalid_grant("the device code belongs to another client").into());
    }
    if asked.consumed_at.is_some() {
        return Err(OAuthError::invalid_grant("the device code has been answered already").into());
    }
    if work.now >= asked.expires_at {
        return Err(OAuthError::new(
            OAuthCode::ExpiredToken,
            "The device code has expired. Start the sign-in again.",
            "the device code has expired",
        )
        .into());
    }
    let refusal = match asked.status {
        DeviceStatus::Approved => {
            let context = IssueContext { config, master, client, now: work.now };
            return start_session(work, &context, &asked, &request.origin);
        }
        DeviceStatus::Open => wait(work, &asked)?,
        DeviceStatus::Denied => {
            requests::consume(work.conn, &asked.id, None, work.now)?;
            let description = "The sign-in was refused in the browser. Nothing was given.";
            OAuthError::new(OAuthCode::AccessDenied, description, "the person said no")
        }
        DeviceStatus::CannotApprove => {
            requests::consume(work.conn, &asked.id, None, work.now)?;
            OAuthError::cannot_approve(asked.org_id.is_some())
        }
        DeviceStatus::SwitchedOff => OAuthError::personal_tokens_disabled(&organization_name(work, &asked)?),
        DeviceStatus::NotAllowed => {
            requests::consume(work.conn, &asked.id, None, work.now)?;
            OAuthError::device_flow_disabled(&organization_name(work, &asked)?)
        }
    };
    Err(refusal.into())
}

/// Still pending. A client that polls too early gets `slow_down`, with a longer interval from then on.
fn wait(work: &mut Work<'_>, asked: &DeviceRequest) -> Result<OAuthError, StoreError> {
    let interval = TimeDelta::seconds(asked.interval_seconds);
    if too_early(asked.polled_at, interval, work.now) {
        let slower = interval + SLOWER_BY;
        requests::record_poll(work.conn, &asked.id, work.now, slower.num_seconds())?;
        return Ok(OAuthError::new(
            OAuthCode::SlowDown,
            format!("Wait {} seconds between two requests.", slower.num_seconds()),
            "asked too early",
        ));
    }
    requests::record_poll(work.conn, &asked.id, work.now, asked.interval_seconds)?;
    Ok(OAuthError::new(
        OAuthCode::AuthorizationPending,
        "Nobody has answered yet. Ask again after the interval.",
        "pending",
    ))
}

/// Starts the approved session if membership and the organization's policy still allow it.
fn start_session(
    work: &mut Work<'_>,
    context: &IssueContext<'_>,
    asked: &DeviceRequest,
    origin: &Origin,
) -> Outcome {
    let damaged = || StoreError::Failed(format!("the answer to {} is incomplete", asked.id));
    let org_id = asked.org_id.as_deref().ok_or_else(damaged)?;
    let user_id = asked.user_id.as_deref().ok_or_else(damaged)?;
    let scopes = asked.granted.as_deref().ok_or_else(damaged)?;
    let auth_time = asked.auth_time.ok_or_else(damaged)?;
    let ActiveMember { organization, role, .. } = memberships::active_member(work.conn, org_id, user_id)?
        .ok_or_else(|| OAuthError::invalid_grant("the person is no longer a member"))?;
    check_policy(context.config, &organization, asked)?;
    let granted = ScopeSet::parse(scopes)
        .map_err(|_| StoreError::Failed(format!("the scopes approved for {} cannot be read", asked.id)))?;
    let approved = ApprovedRequest {
        org_id,
        user_id,
        role,
        scopes,
        auth_time,
        device_name: asked.device_name.as_deref(),
        device_os: asked.device_os.as_deref(),
        tool_version: asked.tool_version.as_deref(),
    };
    let NewSession { credential, live, started } = NewSession::of(context, work.entropy, approved, origin);
    credentials::insert(work.conn, &credential)?;
    if !requests::consume(work.conn, &asked.id, Some(&live.id), work.now)? {
        return Err(StoreError::Unavailable("the code was used at the same moment".into()).into());
    }
    work.record(started);
    Ok(issue(context, work.entropy, &live, &granted))
}

/// Checks that the organization's policy still allows this device code.
fn check_policy(
    config: &Config,
    organization: &Organization,
    asked: &DeviceRequest,
) -> Result<(), OAuthError> {
    match organization.policy(&config.organizations).policy_block(asked.sign_in_method()) {
        None => Ok(()),
        Some(PolicyBlock::PersonalTokens) => Err(OAuthError::personal_tokens_disabled(&organization.name)),
        Some(PolicyBlock::DeviceFlow | PolicyBlock::OtherNetwork | PolicyBlock::CopyCode) => {
            Err(OAuthError::device_flow_disabled(&organization.name))
        }
    }
}

fn organization_name(work: &mut Work<'_>, asked: &DeviceRequest) -> Result<String, StoreError> {
    let organization = match &asked.org_id {
        Some(id) => organizations::find(work.conn, id)?,
        None => None,
    };
    Ok(organization.map_or_else(|| "The organization".to_owned(), |organization| organization.name))
}
