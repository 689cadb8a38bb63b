//! Device authorization requests (RFC 8628): validation, status, polling interval.

use chrono::TimeDelta;

use super::authorization::{self, RawParameters};
use super::client::{Client, Grant};
use super::oauth_error::OAuthError;
use super::scope::{Catalog, ScopeSet};
use super::text_enum::text_enum;
use super::time::Time;

/// Minimum time between polls, until `slow_down`.
pub const INTERVAL: TimeDelta = TimeDelta::seconds(5);
/// Added to the interval by a poll that comes too early (RFC 8628 section 3.5).
pub const SLOWER_BY: TimeDelta = TimeDelta::seconds(5);

text_enum! {
    /// Status of a device authorization request. Once answered, it does not change.
    DeviceStatus {
        Open = "open",
        Approved = "approved",
        Denied = "denied",
        /// The user is not a member of any organization, or their role includes none of the requested scopes.
        CannotApprove = "cannot_approve",
        /// The organization does not allow personal tokens.
        SwitchedOff = "switched_off",
        /// The organization does not allow device codes, or not from the network where this one was entered.
        NotAllowed = "not_allowed",
    }
}

/// A valid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAuthorizationParams {
    pub scopes: ScopeSet,
    pub org: Option<String>,
}

/// Validates a device authorization request.
pub fn check(
    client: &Client,
    catalog: &Catalog,
    issuer: &str,
    parameters: &RawParameters,
) -> Result<DeviceAuthorizationParams, OAuthError> {
    client.permit(Grant::DeviceCode)?;
    authorization::reject_repeated(parameters)?;
    authorization::resource(issuer, &parameters.resource)?;
    Ok(DeviceAuthorizationParams {
        scopes: authorization::scopes(client, catalog, parameters.scope.as_deref())?,
        org: authorization::hint("org", parameters.org.as_ref())?,
    })
}

/// Tolerance for network jitter: a poll may arrive this much early.
const JITTER: TimeDelta = TimeDelta::milliseconds(500);

/// Whether a poll comes before the end of the interval.
pub fn too_early(polled_at: Option<Time>, interval: TimeDelta, now: Time) -> bool {
    polled_at.is_some_and(|at| now - at < interval - JITTER)
}
