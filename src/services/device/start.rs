//! Device authorization request, RFC 8628 section 3.1.

use chrono::TimeDelta;

use super::code::{hash, unused_id};
use crate::config::Config;
use crate::domain::authorization::RawParameters;
use crate::domain::client::Client;
use crate::domain::device::{DeviceStatus, INTERVAL, check};
use crate::domain::id::IdKind;
use crate::domain::oauth_error::OAuthError;
use crate::domain::secret::Secret;
use crate::domain::user_code::UserCode;
use crate::keys::master::MasterKey;
use crate::store::device_requests::{self as requests, DeviceRequest};
use crate::store::{TxError, Work};

/// Device authorization response, RFC 8628 section 3.2.
#[derive(Debug)]
pub struct StartedRequest {
    pub device_code: Secret,
    pub user_code: UserCode,
    pub expires_in: TimeDelta,
    pub interval: TimeDelta,
}

/// Stores a request of an authenticated client.
pub fn start(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    parameters: &RawParameters,
    ip: Option<&str>,
) -> Result<StartedRequest, TxError<OAuthError>> {
    let params = check(client, &config.catalog, config.server.public_url.as_str(), parameters)?;
    let device_code = Secret::random(work.entropy);
    let entropy = work.entropy;
    let (id, user_code) = unused_id(work.conn, master, || IdKind::DeviceRequest.new_id(entropy))?;
    let device = parameters.device();
    let request = DeviceRequest {
        id,
        device_hash: device_code.digest(),
        user_code_hash: hash(master, &user_code),
        client_id: client.id.clone(),
        scopes: params.scopes.to_string(),
        org_hint: params.org,
        device_name: device.name,
        device_os: device.os,
        tool_version: device.tool_version,
        ip: ip.map(str::to_owned),
        interval_seconds: INTERVAL.num_seconds(),
        polled_at: None,
        browser_hash: None,
        created_at: work.now,
        expires_at: work.now + config.tokens.device_request,
        status: DeviceStatus::Open,
        answered_at: None,
        answered_ip: None,
        user_id: None,
        org_id: None,
        granted: None,
        auth_time: None,
        consumed_at: None,
        credential_id: None,
    };
    requests::insert(work.conn, &request)?;
    Ok(StartedRequest {
        device_code,
        user_code,
        expires_in: config.tokens.device_request,
        interval: INTERVAL,
    })
}
