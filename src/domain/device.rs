//! Device authorization requests, RFC 8628: what one must hold, how it ends, how often a tool may ask.

use chrono::TimeDelta;

use super::authorization::{self, RawParameters};
use super::client::{Client, Grant};
use super::oauth_error::OAuthError;
use super::scope::{Catalog, ScopeSet};
use super::text_enum::text_enum;
use super::time::Time;

/// How long a tool waits between two questions, until it is told to slow down.
pub const INTERVAL: TimeDelta = TimeDelta::seconds(5);
/// What a question that came too early adds to the interval (section 3.5).
pub const SLOWER_BY: TimeDelta = TimeDelta::seconds(5);

text_enum! {
    /// A request has one answer.
    DeviceStatus {
        Open = "open",
        Approved = "approved",
        Denied = "denied",
        /// The person belongs to no organization, or has a role that holds nothing of what was requested.
        CannotApprove = "cannot_approve",
        /// The organization does not allow personal tokens.
        SwitchedOff = "switched_off",
        /// The organization does not allow device codes, or not from where this one was entered.
        NotAllowed = "not_allowed",
    }
}

/// A request that a person can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAuthorizationParams {
    pub scopes: ScopeSet,
    pub org: Option<String>,
}

/// Checks what a device asks for.
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

/// A request may overtake the one before it on the way by so much.
const JITTER: TimeDelta = TimeDelta::milliseconds(500);

/// Whether a tool asks again before it may.
pub fn too_early(polled_at: Option<Time>, interval: TimeDelta, now: Time) -> bool {
    polled_at.is_some_and(|at| now - at < interval - JITTER)
}
