//! The authorization code grant, RFC 6749 section 4.1.3, with PKCE (RFC 7636).

mod decision;

use std::sync::Arc;

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::credential::EndReason;
use crate::domain::entropy::Entropy;
use crate::domain::oauth_error::OAuthError;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::master::MasterKey;
use crate::store::authorization_codes::{self as codes, AuthorizationCode};
use crate::store::batched::redemption::{self, Redemption, StoredCode};
use crate::store::credentials;
use crate::store::{Store, StoreError, Work};

use super::session::{ApprovedRequest, IssueContext, NewSession, issue};
use super::{ApprovedGrant, Outcome, TokenSet};
use decision::{Decision, decide};

pub use decision::CodeRefusal;

/// Authorization code request of an authenticated client.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    pub code: Secret,
    pub code_verifier: Option<Secret>,
    /// Optional; if present it must equal the one in the authorization request.
    pub redirect_uri: Option<String>,
    pub origin: Origin,
}

/// Fast path for cached clients: redeems the code on the store's batch thread.
pub struct FastPath {
    client: Arc<Client>,
    request: CodeRequest,
}

impl FastPath {
    /// `None` if this request is not eligible for the fast path.
    pub fn of(client: Arc<Client>, request: &CodeRequest) -> Option<Self> {
        check_grant(&client).ok()?;
        Some(Self { client, request: request.clone() })
    }

    /// Redeems the code and gives the grant to `deliver`. `None` means nothing changed; take the slow path,
    /// [`exchange`].
    pub fn redeem(
        self,
        store: &Store,
        config: &Arc<Config>,
        master: &Arc<MasterKey>,
        deliver: impl FnOnce(Result<Option<ApprovedGrant>, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (code, config, master) = (self.request.code.digest(), config.clone(), master.clone());
        store.redeem(code, move |stored, now| self.decide(&config, &master, stored, now), deliver)
    }

    fn decide(
        self,
        config: &Config,
        master: &MasterKey,
        stored: StoredCode,
        now: Time,
    ) -> Option<(Redemption, ApprovedGrant)> {
        let Self { client, request } = self;
        // The cached client is stale, so the secret it authenticated with may be too.
        if stored.client_version != Some(client.version) {
            return None;
        }
        let context = IssueContext { config, master, client: &client, now };
        match decide(&context, &request, &stored) {
            Decision::Redeem { role, scopes } => {
                let NewSession { credential, live, started } =
                    new_session(&context, Entropy, &stored, role, &request.origin);
                let redemption = Redemption { session: credential, event: started };
                let nonce = stored.request.nonce;
                Some((redemption, ApprovedGrant { client, session: live, scopes, nonce }))
            }
            Decision::Refuse(_) | Decision::Fault(_) => None,
        }
    }
}

/// Exchanges a code for a new CLI session.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &CodeRequest,
) -> Outcome {
    check_grant(client).map_err(|refusal| refusal.error(None))?;
    let Some(stored) = redemption::lock(work.conn, request.code.digest())? else {
        return Err(CodeRefusal::UnknownCode.error(None).into());
    };
    let context = IssueContext { config, master, client, now: work.now };
    match decide(&context, request, &stored) {
        Decision::Redeem { role, scopes } => {
            let NewSession { credential, live, started } =
                new_session(&context, work.entropy, &stored, role, &request.origin);
            redemption::redeem(work.conn, &[(stored.code.hash, credential)], work.now)?;
            work.record(started);
            let issued = issue(&context, work.entropy, &live, &scopes);
            Ok(TokenSet { nonce: stored.request.nonce, ..issued })
        }
        Decision::Refuse(refusal) => Err(refuse(work, client, request, &stored, refusal)?.into()),
        Decision::Fault(error) => Err(error.into()),
    }
}

/// Checks that need no database access.
fn check_grant(client: &Client) -> Result<(), CodeRefusal> {
    if client.allows(Grant::AuthorizationCode) { Ok(()) } else { Err(CodeRefusal::GrantNotAllowed) }
}

/// Carries out the side effects of a refusal and returns the error for the client.
fn refuse(
    work: &mut Work<'_>,
    client: &Client,
    request: &CodeRequest,
    stored: &StoredCode,
    refusal: CodeRefusal,
) -> Result<OAuthError, StoreError> {
    match refusal {
        CodeRefusal::PkceMismatch => codes::count_wrong_try(work.conn, stored.code.hash)?,
        CodeRefusal::Reused => {
            if let Some(session) = &stored.code.credential_id
                && credentials::revoke(work.conn, session, work.now, EndReason::CodeReuse)?
            {
                work.record(reuse_event(&stored.code, session, client, &request.origin));
            }
        }
        CodeRefusal::GrantNotAllowed
        | CodeRefusal::UnknownCode
        | CodeRefusal::ForeignClient
        | CodeRefusal::OtherRedirectUri
        | CodeRefusal::TooManyTries
        | CodeRefusal::Expired
        | CodeRefusal::NotMember
        | CodeRefusal::PersonalTokensOff
        | CodeRefusal::CopiedCodesOff => {}
    }
    Ok(refusal.error(Some(&stored.organization)))
}

fn new_session(
    context: &IssueContext<'_>,
    entropy: Entropy,
    stored: &StoredCode,
    role: String,
    origin: &Origin,
) -> NewSession {
    let StoredCode { code, request, .. } = stored;
    let approved = ApprovedRequest {
        org_id: &code.org_id,
        user_id: &code.user_id,
        role,
        scopes: &code.scopes,
        auth_time: code.auth_time,
        device_name: request.device_name.as_deref(),
        device_os: request.device_os.as_deref(),
        tool_version: request.tool_version.as_deref(),
    };
    NewSession::of(context, entropy, approved, origin)
}

fn reuse_event(code: &AuthorizationCode, session: &str, client: &Client, origin: &Origin) -> Event {
    Event::new(Action::SessionCodeReuse, Actor::Client(client.id.clone()), origin)
        .org(&code.org_id)
        .credential(session)
        .target(&code.user_id)
        .of_person(Some(&code.user_id))
        .refused()
}
