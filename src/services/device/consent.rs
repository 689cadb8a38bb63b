//! The consent request of a device: client, scopes, network, and what prevents an approval.

use std::net::IpAddr;

use super::super::authorization::{
    Answerable, ChoiceCriteria, Choices, MAX_AUTH_AGE, OrganizationChoice, choices, is_stale,
};
use super::code::user_code;
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::device::DeviceStatus;
use crate::domain::policy::{Proximity, SignInMethod};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Time;
use crate::domain::user_code::UserCode;
use crate::keys::master::MasterKey;
use crate::store::device_requests::{self as requests, DeviceRequest};
use crate::store::web_sessions::WebSession;
use crate::store::{Conn, RefusalReason, StoreError, TxError, clients, credentials};

/// A device authorization request with everything needed for a decision.
#[derive(Debug, Clone)]
pub struct DeviceConsentRequest {
    pub request: DeviceRequest,
    pub client: Client,
    /// The code that the device must be showing.
    pub user_code: UserCode,
    pub proximity: Proximity,
    pub requested: ScopeSet,
    /// Organizations of the user, the suggested one first; may be empty.
    pub choices: Vec<OrganizationChoice>,
    /// Whether the user has organizations that are not among the choices.
    pub more_organizations: bool,
    /// The user has not used this client before.
    pub first_time: bool,
    pub answerable: Answerable,
}

impl DeviceConsentRequest {
    pub(super) fn sign_in_method(&self) -> SignInMethod {
        SignInMethod::Device(self.proximity)
    }
}

/// Why there is no consent to ask for.
#[derive(Debug, Clone)]
pub enum DeviceConsentRefusal {
    /// No such request, or its code was entered in another browser.
    NotHere,
    Expired,
    /// Answered already. `choices` are the current ones.
    Answered {
        request: Box<DeviceRequest>,
        choices: Vec<OrganizationChoice>,
    },
    ClientGone,
}

impl RefusalReason for DeviceConsentRefusal {}

/// Reads a request for the user and browser that want to answer it. `address` is the browser's; `None` if it
/// cannot be compared with the client's.
pub fn find_consent(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    now: Time,
    id: &str,
    session: &WebSession,
    address: Option<IpAddr>,
) -> Result<DeviceConsentRequest, TxError<DeviceConsentRefusal>> {
    let request = requests::find(conn, id)?;
    load_consent(conn, config, master, now, request, session, address)
}

/// [`find_consent`] for a request row that was already read, locked or not.
pub(super) fn load_consent(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    now: Time,
    request: Option<DeviceRequest>,
    session: &WebSession,
    address: Option<IpAddr>,
) -> Result<DeviceConsentRequest, TxError<DeviceConsentRefusal>> {
    let request = request
        .filter(|request| request.browser_hash == Some(session.hash))
        .ok_or(DeviceConsentRefusal::NotHere)?;
    if request.status == DeviceStatus::Open && now >= request.expires_at {
        return Err(DeviceConsentRefusal::Expired.into());
    }
    let client = clients::find(conn, &request.client_id)?.ok_or(DeviceConsentRefusal::ClientGone)?;
    let damaged = |what: &str| StoreError::Failed(format!("the {what} of {} cannot be read", request.id));
    let requested = ScopeSet::parse(&request.scopes).map_err(|_| damaged("scopes"))?;
    let user_code = user_code(master, &request.id).ok_or_else(|| damaged("code"))?;
    let proximity = Proximity::of(request.ip.as_deref().and_then(|ip| ip.parse().ok()), address);
    let criteria = ChoiceCriteria {
        client: &client,
        scopes: &requested,
        org_hint: request.org_hint.as_deref(),
        sign_in_method: SignInMethod::Device(proximity),
        asked_at: request.created_at,
    };
    let Choices { listed: choices, more: more_organizations } =
        choices(conn, config, &session.user_id, &criteria)?;
    match request.status {
        DeviceStatus::Open => {}
        DeviceStatus::Approved
        | DeviceStatus::Denied
        | DeviceStatus::CannotApprove
        | DeviceStatus::SwitchedOff
        | DeviceStatus::NotAllowed => {
            let request = Box::new(request);
            return Err(DeviceConsentRefusal::Answered { request, choices }.into());
        }
    }
    let first_time = !credentials::has_used_client(conn, &session.user_id, &client.id, client.created_at)?;
    // A client that is new to the user and polls from another network looks like phishing.
    let suspicious = first_time && proximity == Proximity::DifferentNetwork;
    let stale =
        is_stale(config, now, &requested, session) || (suspicious && now - session.auth_time > MAX_AUTH_AGE);
    let answerable = if stale { Answerable::AfterSigningInAgain } else { Answerable::Now };
    Ok(DeviceConsentRequest {
        request,
        client,
        user_code,
        proximity,
        requested,
        choices,
        more_organizations,
        first_time,
        answerable,
    })
}
