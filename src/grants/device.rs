//! The device authorization grant, RFC 8628 section 3.4: a tool asks until a person has answered elsewhere.

use chrono::TimeDelta;

use super::Outcome;
use super::session::{Approved, Terms, start};
use crate::config::Config;
use crate::domain::audit::Origin;
use crate::domain::client::{Client, Grant};
use crate::domain::device::{DeviceStatus, SLOWER_BY, too_early};
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::secret::Secret;
use crate::keys::master::MasterKey;
use crate::store::device_requests::{self as requests, DeviceRequest};
use crate::store::{StoreError, Work, organizations};

/// A question of an authenticated client.
#[derive(Debug, Clone)]
pub struct DeviceCodeRequest {
    pub device_code: Secret,
    pub origin: Origin,
}

/// Exchanges a device code for a new CLI session, once the person has said yes.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &DeviceCodeRequest,
) -> Result<Outcome, StoreError> {
    if let Err(error) = client.permit(Grant::DeviceCode) {
        return Ok(Err(error));
    }
    let Some(asked) = requests::lock_device(work.conn, request.device_code.digest())? else {
        return Ok(Err(OAuthError::invalid_grant("no such device code")));
    };
    if asked.client_id != client.id {
        return Ok(Err(OAuthError::invalid_grant("the device code belongs to another client")));
    }
    if asked.consumed_at.is_some() {
        return Ok(Err(OAuthError::invalid_grant("the device code has been answered already")));
    }
    if work.now >= asked.expires_at {
        return Ok(Err(OAuthError::new(
            OAuthCode::ExpiredToken,
            "The device code has expired. Start the sign-in again.",
            "the device code has expired",
        )));
    }
    match asked.status {
        DeviceStatus::Open => wait(work, &asked).map(Err),
        DeviceStatus::Denied => {
            requests::consume(work.conn, &asked.id, None, work.now)?;
            let description = "The sign-in was refused in the browser. Nothing was given.";
            Ok(Err(OAuthError::new(OAuthCode::AccessDenied, description, "the person said no")))
        }
        DeviceStatus::CannotApprove => {
            requests::consume(work.conn, &asked.id, None, work.now)?;
            Ok(Err(OAuthError::cannot_approve(asked.org_id.is_some())))
        }
        DeviceStatus::SwitchedOff => {
            Ok(Err(OAuthError::personal_tokens_disabled(&organization_name(work, &asked)?)))
        }
        DeviceStatus::NotAllowed => {
            requests::consume(work.conn, &asked.id, None, work.now)?;
            Ok(Err(OAuthError::device_flow_disabled(&organization_name(work, &asked)?)))
        }
        DeviceStatus::Approved => start_session(work, config, master, client, &asked, &request.origin),
    }
}

/// Nobody has answered yet. Whoever asks too early has to wait longer from now on, and may go on asking then.
fn wait(work: &mut Work<'_>, asked: &DeviceRequest) -> Result<OAuthError, StoreError> {
    let interval = TimeDelta::seconds(asked.interval_seconds);
    if too_early(asked.polled_at, interval, work.now) {
        let slower = interval + SLOWER_BY;
        requests::polled(work.conn, &asked.id, work.now, slower.num_seconds())?;
        return Ok(OAuthError::new(
            OAuthCode::SlowDown,
            format!("Wait {} seconds between two requests.", slower.num_seconds()),
            "asked too early",
        ));
    }
    requests::polled(work.conn, &asked.id, work.now, asked.interval_seconds)?;
    Ok(OAuthError::new(
        OAuthCode::AuthorizationPending,
        "Nobody has answered yet. Ask again after the interval.",
        "pending",
    ))
}

fn start_session(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    asked: &DeviceRequest,
    origin: &Origin,
) -> Result<Outcome, StoreError> {
    let damaged = || StoreError::Failed(format!("the answer to {} is incomplete", asked.id));
    let approved = Approved {
        request_id: &asked.id,
        org_id: asked.org_id.as_deref().ok_or_else(damaged)?,
        user_id: asked.user_id.as_deref().ok_or_else(damaged)?,
        scopes: asked.granted.as_deref().ok_or_else(damaged)?,
        auth_time: asked.auth_time.ok_or_else(damaged)?,
        device_name: asked.device_name.as_deref(),
        device_os: asked.device_os.as_deref(),
        tool_version: asked.tool_version.as_deref(),
    };
    let use_up =
        |work: &mut Work<'_>, session: &str| requests::consume(work.conn, &asked.id, Some(session), work.now);
    let terms = Terms { config, master, client, now: work.now, entropy: work.entropy };
    start(work, &terms, &approved, asked.answered_on(), origin, use_up)
}

fn organization_name(work: &mut Work<'_>, asked: &DeviceRequest) -> Result<String, StoreError> {
    let organization = match &asked.org_id {
        Some(id) => organizations::find(work.conn, id)?,
        None => None,
    };
    Ok(organization.map_or_else(|| "The organization".to_owned(), |organization| organization.name))
}
