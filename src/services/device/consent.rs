//! What a person is asked about a device: who wants what, from where, and what stands in the way.

use std::net::IpAddr;

use super::super::authorization::{
    Answerable, ChoiceCriteria, MAX_AUTH_AGE, OrganizationChoice, choices, is_stale,
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

/// A request with everything that a decision needs.
#[derive(Debug, Clone)]
pub struct DeviceConsentRequest {
    pub request: DeviceRequest,
    pub client: Client,
    /// What the device must be showing.
    pub user_code: UserCode,
    pub proximity: Proximity,
    pub asked: ScopeSet,
    /// Every organization of the person, the suggested one first; may be empty.
    pub choices: Vec<OrganizationChoice>,
    /// The person has not used this client before.
    pub first_time: bool,
    pub answerable: Answerable,
}

impl DeviceConsentRequest {
    pub(super) fn sign_in_method(&self) -> SignInMethod {
        SignInMethod::Device(self.proximity)
    }
}

/// Why there is nothing to ask.
#[derive(Debug, Clone)]
pub enum Unanswerable {
    /// There is no such request, or its code was entered in another browser.
    NotHere,
    Expired,
    /// It has had its answer. `choices` are as they would be now.
    Answered {
        request: Box<DeviceRequest>,
        choices: Vec<OrganizationChoice>,
    },
    ClientGone,
}

impl RefusalReason for Unanswerable {}

/// Reads a request for the person and browser that want to answer it. `address` is the browser's, where it can be
/// compared with the tool's.
pub fn find_consent(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    now: Time,
    id: &str,
    session: &WebSession,
    address: Option<IpAddr>,
) -> Result<DeviceConsentRequest, TxError<Unanswerable>> {
    let request = requests::find(conn, id)?;
    load_consent(conn, config, master, now, request, session, address)
}

/// The same for a request that has been read already, locked or not.
pub(super) fn load_consent(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    now: Time,
    request: Option<DeviceRequest>,
    session: &WebSession,
    address: Option<IpAddr>,
) -> Result<DeviceConsentRequest, TxError<Unanswerable>> {
    let request =
        request.filter(|request| request.browser_hash == Some(session.hash)).ok_or(Unanswerable::NotHere)?;
    if request.status == DeviceStatus::Open && now >= request.expires_at {
        return Err(Unanswerable::Expired.into());
    }
    let client = clients::find(conn, &request.client_id)?.ok_or(Unanswerable::ClientGone)?;
    let damaged = |what: &str| StoreError::Failed(format!("the {what} of {} cannot be read", request.id));
    let asked = ScopeSet::parse(&request.scopes).map_err(|_| damaged("scopes"))?;
    let user_code = user_code(master, &request.id).ok_or_else(|| damaged("code"))?;
    let proximity = Proximity::of(request.ip.as_deref().and_then(|ip| ip.parse().ok()), address);
    let wanted = ChoiceCriteria {
        client: &client,
        scopes: &asked,
        org_hint: request.org_hint.as_deref(),
        sign_in_method: SignInMethod::Device(proximity),
    };
    let choices = choices(conn, config, &session.user_id, &wanted)?;
    match request.status {
        DeviceStatus::Open => {}
        DeviceStatus::Approved
        | DeviceStatus::Denied
        | DeviceStatus::CannotApprove
        | DeviceStatus::SwitchedOff
        | DeviceStatus::NotAllowed => {
            let request = Box::new(request);
            return Err(Unanswerable::Answered { request, choices }.into());
        }
    }
    let first_time = !credentials::has_used_client(conn, &session.user_id, &client.id, client.created_at)?;
    // A tool that is new to the person and asks from elsewhere is what a phisher's would look like.
    let suspicious = first_time && proximity == Proximity::DifferentNetwork;
    let stale =
        is_stale(config, now, &asked, session) || (suspicious && now - session.auth_time > MAX_AUTH_AGE);
    let answerable = if stale { Answerable::AfterSigningInAgain } else { Answerable::Now };
    Ok(DeviceConsentRequest { request, client, user_code, proximity, asked, choices, first_time, answerable })
}
