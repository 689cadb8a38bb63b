//! Ending a CLI session: by the tool that holds it (RFC 7009), by its owner, or by an admin of its organization.

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::Client;
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::role;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::jwt::{self, AccessClaims};
use crate::keys::master::MasterKey;
use crate::keys::refresh_token::{self, Presented};
use crate::keys::set::KeySet;
use crate::store::credentials::{self, Credential};
use crate::store::{StoreError, Work, audit};

use super::present::Principal;

/// What was handed in to be revoked. A hint is not needed: the two kinds cannot be taken for one another.
pub enum Token {
    Refresh(Presented),
    Access(AccessClaims),
    /// Nothing that could still work.
    Unknown,
}

impl Token {
    pub fn read(config: &Config, keys: &KeySet, now: Time, text: &Secret) -> Self {
        if let Some(presented) = refresh_token::parse(&config.brand.token_prefix, text.expose()) {
            return Self::Refresh(presented);
        }
        match jwt::verify_access(keys, config.server.public_url.as_str(), now, text.expose()) {
            Ok(claims) => Self::Access(claims),
            Err(_) => Self::Unknown,
        }
    }

    fn session(&self, work: &mut Work<'_>, master: &MasterKey) -> Result<Option<Credential>, StoreError> {
        match self {
            Self::Refresh(presented) => {
                let session = credentials::find(work.conn, &presented.credential_id)?;
                let ours = |session: &Credential| {
                    session.seed.as_deref().is_some_and(|seed| presented.belongs_to(master, seed))
                };
                Ok(session.filter(ours))
            }
            Self::Access(claims) => credentials::find(work.conn, &claims.sid),
            Self::Unknown => Ok(None),
        }
    }
}

/// Ends the session that a token belongs to. What is unknown or has ended is fine; another client's is refused.
pub fn by_client(
    work: &mut Work<'_>,
    master: &MasterKey,
    client: &Client,
    token: &Token,
    origin: &Origin,
) -> Result<Result<(), OAuthError>, StoreError> {
    let Some(session) = token.session(work, master)? else { return Ok(Ok(())) };
    if session.client_id.as_deref() != Some(client.id.as_str()) {
        return Ok(Err(OAuthError::new(
            OAuthCode::InvalidGrant,
            "The token was issued to another client.",
            "revocation by another client",
        )));
    }
    end(work, &session, EndReason::SignedOut, Actor::Client(client.id.clone()), origin)?;
    Ok(Ok(()))
}

/// Ends a session by its id; `None` when there is none that the caller may end.
pub fn by_principal(
    work: &mut Work<'_>,
    principal: &Principal,
    id: &str,
    origin: &Origin,
) -> Result<Option<Credential>, StoreError> {
    let found = credentials::find(work.conn, id)?;
    let in_reach = |session: &Credential| {
        session.kind == CredentialKind::CliSession && session.org_id == principal.organization.id
    };
    let Some(session) = found.filter(in_reach) else { return Ok(None) };
    let reason = if session.user_id.as_deref() == Some(principal.user.id.as_str()) {
        EndReason::SignedOut
    } else if role::administers(&principal.role) {
        EndReason::RevokedByAdmin
    } else {
        return Ok(None);
    };
    end(work, &session, reason, Actor::User(principal.user.id.clone()), origin)?;
    credentials::find(work.conn, id)
}

fn end(
    work: &mut Work<'_>,
    session: &Credential,
    reason: EndReason,
    actor: Actor,
    origin: &Origin,
) -> Result<(), StoreError> {
    if credentials::revoke(work.conn, &session.id, work.now, reason)? {
        let event = Event::new(Action::SessionRevoked, actor, origin)
            .org(&session.org_id)
            .credential(&session.id)
            .target(session.user_id.as_deref().unwrap_or_default())
            .detail("reason", reason.as_str());
        audit::record(work, event)?;
    }
    Ok(())
}
