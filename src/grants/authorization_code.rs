//! The authorization code grant, RFC 6749 section 4.1.3, with PKCE (RFC 7636).

use std::sync::Arc;

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::credential::EndReason;
use crate::domain::oauth_error::OAuthError;
use crate::domain::pkce::{Challenge, Verifier};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::master::MasterKey;
use crate::store::authorization_codes::{self as codes, AuthorizationCode};
use crate::store::authorization_requests::AuthorizationRequest;
use crate::store::batched::redemption::{Redeemable, Redemption};
use crate::store::batched::rotation::LiveSession;
use crate::store::credentials;
use crate::store::{Store, StoreError, Work};

use super::session::{Approved, Terms, admit, new_session, start, started};
use super::{Granted, Outcome};

/// Tries with a wrong verifier that a code survives. More would let a thief guess, fewer would let one burn it.
const WRONG_TRIES: i64 = 3;

/// A code as an authenticated client presents it.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    pub code: Secret,
    pub code_verifier: Option<Secret>,
    /// Not required, but if it is there it must be the one of the authorization request.
    pub redirect_uri: Option<String>,
    pub origin: Origin,
}

/// The short way, for nearly every exchange: a good code of a client that this node knows becomes a session.
///
/// The client may come from memory, because its version is compared with the one that the code is found with. When nothing
/// was redeemed, nothing has changed, and [`exchange`] finds out why.
pub struct Shortcut {
    client: Arc<Client>,
    request: CodeRequest,
}

impl Shortcut {
    /// Nothing if the request cannot go this way.
    pub fn of(client: Arc<Client>, request: &CodeRequest) -> Option<Self> {
        client.allows(Grant::AuthorizationCode).then(|| Self { client, request: request.clone() })
    }

    /// Redeems the code and gives the new session to `deliver`.
    pub fn redeem(
        self,
        store: &Store,
        config: &Arc<Config>,
        deliver: impl FnOnce(Result<Option<Granted>, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (code, config) = (self.request.code.digest(), config.clone());
        store.redeem(code, move |found, work| self.grant(&config, found, work), deliver)
    }

    fn grant(self, config: &Config, found: Redeemable, work: &Work<'_>) -> Option<(Redemption, Granted)> {
        let Self { client, request } = self;
        let Redeemable { code, asked, organization, role, client_version } = found;
        if client.version != client_version {
            return None;
        }
        match judge(&client, &code, &asked, &request, work.now) {
            Judged::Good => {}
            Judged::Refused(_) | Judged::Unproven | Judged::Reused { .. } => return None,
        }
        admit(config, &organization, asked.road(config)).ok()?;
        let scopes = ScopeSet::parse(&code.scopes).ok()?;
        let session = new_session(work, config, &client, &approved(&code, &asked), &request.origin);
        let event = started(&session, &client, &request.origin);
        let live = LiveSession::of(session.clone(), role)?;
        Some((Redemption { session, event }, Granted { client, session: live, scopes, nonce: asked.nonce }))
    }
}

/// Exchanges a code for a new CLI session.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &CodeRequest,
) -> Result<Outcome, StoreError> {
    if let Err(error) = client.permit(Grant::AuthorizationCode) {
        return Ok(Err(error));
    }
    let Some((code, asked)) = codes::lock(work.conn, request.code.digest())? else {
        return Ok(Err(OAuthError::invalid_grant("no such code")));
    };
    match judge(client, &code, &asked, request, work.now) {
        Judged::Good => start_session(work, config, master, client, &code, &asked, &request.origin),
        Judged::Refused(reason) => Ok(Err(OAuthError::invalid_grant(reason))),
        Judged::Unproven => {
            codes::count_wrong_try(work.conn, code.hash)?;
            Ok(Err(OAuthError::invalid_grant("the code verifier does not match")))
        }
        Judged::Reused { session } => {
            if credentials::revoke(work.conn, session, work.now, EndReason::CodeReuse)? {
                work.record(reuse(&code, session, client, &request.origin));
            }
            Ok(Err(OAuthError::invalid_grant("the code was used twice; the session it made is revoked")))
        }
    }
}

/// What a code is worth to whoever presents it.
enum Judged<'a> {
    Good,
    Refused(&'static str),
    /// The verifier does not match.
    Unproven,
    /// The code has already given this session.
    Reused {
        session: &'a str,
    },
}

fn judge<'a>(
    client: &Client,
    code: &'a AuthorizationCode,
    asked: &AuthorizationRequest,
    request: &CodeRequest,
    now: Time,
) -> Judged<'a> {
    if let Err(reason) = bound(client, asked, request) {
        return Judged::Refused(reason);
    }
    if !proven(asked, request) {
        return Judged::Unproven;
    }
    if let Some(session) = &code.credential_id {
        return Judged::Reused { session };
    }
    if code.wrong_tries >= WRONG_TRIES {
        return Judged::Refused("too many tries with a wrong verifier");
    }
    if now >= code.expires_at {
        return Judged::Refused("the code has expired");
    }
    Judged::Good
}

/// The code belongs to this client and to this redirect URI.
fn bound(client: &Client, asked: &AuthorizationRequest, request: &CodeRequest) -> Result<(), &'static str> {
    if asked.client_id != client.id {
        return Err("the code belongs to another client");
    }
    match &request.redirect_uri {
        Some(uri) if *uri != asked.redirect_uri => {
            Err("another redirect URI than at the authorization endpoint")
        }
        Some(_) | None => Ok(()),
    }
}

/// RFC 7636 section 4.6, and its converse: a verifier where no challenge was stored means that somebody stripped the
/// challenge on the way (RFC 9700 section 2.1.1).
fn proven(asked: &AuthorizationRequest, request: &CodeRequest) -> bool {
    let challenge = asked.code_challenge.as_deref().map(Challenge::parse);
    let verifier = request.code_verifier.as_ref().map(|verifier| Verifier::parse(verifier.expose()));
    match (challenge, verifier) {
        (Some(Some(challenge)), Some(Some(verifier))) => challenge.is_met_by(&verifier),
        (None | Some(_), None | Some(_)) => false,
    }
}

fn start_session(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    code: &AuthorizationCode,
    asked: &AuthorizationRequest,
    origin: &Origin,
) -> Result<Outcome, StoreError> {
    let approved = approved(code, asked);
    let use_up = |work: &mut Work<'_>, session: &str| codes::consume(work.conn, code.hash, session, work.now);
    let road = asked.road(config);
    let terms = Terms { config, master, client, now: work.now, entropy: work.entropy };
    let mut issued = match start(work, &terms, &approved, road, origin, use_up)? {
        Ok(issued) => issued,
        Err(error) => return Ok(Err(error)),
    };
    issued.nonce.clone_from(&asked.nonce);
    Ok(Ok(issued))
}

fn approved<'a>(code: &'a AuthorizationCode, asked: &'a AuthorizationRequest) -> Approved<'a> {
    Approved {
        request_id: &asked.id,
        org_id: &code.org_id,
        user_id: &code.user_id,
        scopes: &code.scopes,
        auth_time: code.auth_time,
        device_name: asked.device_name.as_deref(),
        device_os: asked.device_os.as_deref(),
        tool_version: asked.tool_version.as_deref(),
    }
}

fn reuse(code: &AuthorizationCode, session: &str, client: &Client, origin: &Origin) -> Event {
    Event::new(Action::SessionCodeReuse, Actor::Client(client.id.clone()), origin)
        .org(&code.org_id)
        .credential(session)
        .target(&code.user_id)
        .refused()
}
