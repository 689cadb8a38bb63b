//! Copied codes, for a browser that cannot reach the terminal: a page of this server shows the code, and the
//! user copies it. The code is in no URL, and useless without the PKCE verifier that the terminal keeps.

use crate::config::Config;
use crate::domain::policy::SignInMethod;
use crate::domain::request::RequestStatus;
use crate::domain::scope::{Catalog, Level, ScopeSet};
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::keys::master::MasterKey;
use crate::store::authorization_requests::{self as requests, AuthorizationRequest};
use crate::store::{Conn, StoreError, Work, authorization_codes as codes, clients, organizations};

use super::consent::is_bound_to;
use super::decide::derive_code;

/// Maximum length of a `state` that is appended to the code, in characters.
const MAX_COPIED_STATE: usize = 128;

/// Removes the levels delete and administer: a copied code can be passed on by mistake.
pub(super) fn cap_scopes(catalog: &Catalog, scopes: &ScopeSet) -> ScopeSet {
    let kept = catalog.entries(scopes).filter(|scope| scope.level <= Level::Change);
    kept.map(|scope| scope.id.clone()).collect()
}

/// An answered request whose answer is a copied code.
pub struct CopiedCodeAnswer {
    pub request: AuthorizationRequest,
    pub client_name: String,
    /// `None` once it was used, withdrawn or has expired, and unless the user approved.
    pub code: Option<CopiedCode>,
}

/// The code for the user to copy.
pub struct CopiedCode {
    /// The code, followed by `#` and the `state`, with which the client matches it to its request.
    pub text: Secret,
    pub until: Time,
}

/// Finds the copied code for the browser that opened the request.
pub fn find_copied_code(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    now: Time,
    id: &str,
    browser: Digest,
) -> Result<Option<CopiedCodeAnswer>, StoreError> {
    let found = requests::find(conn, id)?;
    let Some(request) = found.filter(|request| {
        is_bound_to(request, browser) && request.sign_in_method(config) == SignInMethod::Paste
    }) else {
        return Ok(None);
    };
    let Some(client) = clients::find(conn, &request.client_id)? else { return Ok(None) };
    let code = match request.status {
        RequestStatus::Approved if allowed(conn, config, &request)? => {
            codes::of_request(conn, id)?.filter(|code| code.is_usable(now)).and_then(|code| {
                let seed = code.seed?;
                Some(CopiedCode { text: text(master, &seed, &request), until: code.expires_at })
            })
        }
        RequestStatus::Approved
        | RequestStatus::Denied
        | RequestStatus::CannotApprove
        | RequestStatus::SwitchedOff
        | RequestStatus::NotAllowed
        | RequestStatus::Invalid
        | RequestStatus::Open => None,
    };
    Ok(Some(CopiedCodeAnswer { request, client_name: client.name, code }))
}

/// Whether the organization still allows copied codes.
fn allowed(conn: &mut Conn, config: &Config, request: &AuthorizationRequest) -> Result<bool, StoreError> {
    let organization = match &request.org_id {
        Some(id) => organizations::find(conn, id)?,
        None => None,
    };
    Ok(organization.is_some_and(|organization| {
        organization.policy(&config.organizations).policy_block(SignInMethod::Paste).is_none()
    }))
}

fn text(master: &MasterKey, seed: &[u8], request: &AuthorizationRequest) -> Secret {
    let code = derive_code(master, seed);
    let plain = |state: &&str| {
        let kept = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        state.len() <= MAX_COPIED_STATE && state.bytes().all(kept)
    };
    match request.state.as_deref().filter(plain) {
        Some(state) => Secret::new(format!("{}#{state}", code.expose())),
        None => code,
    }
}

/// Revokes an unused code; `false` if there is none.
pub fn withdraw(work: &mut Work<'_>, id: &str, browser: Digest) -> Result<bool, StoreError> {
    let opened_here = requests::find(work.conn, id)?.is_some_and(|request| is_bound_to(&request, browser));
    Ok(opened_here && codes::expire(work.conn, id, work.now)?)
}
