//! Token revocation by the client of a CLI session, RFC 7009.

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::Client;
use crate::domain::credential::EndReason;
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::jwt::{self, AccessClaims};
use crate::keys::master::MasterKey;
use crate::keys::refresh_token::{self, ParsedRefreshToken};
use crate::keys::set::KeySet;
use crate::store::credentials::{self, Credential};
use crate::store::{StoreError, TxError, Work};

/// A token to revoke. `token_type_hint` is not needed: the two kinds have different forms.
#[derive(Clone)]
pub enum RevocableToken {
    Refresh(ParsedRefreshToken),
    Access(AccessClaims),
    /// Not a token, or one that is no longer valid.
    Unknown,
}

impl RevocableToken {
    pub fn read(config: &Config, keys: &KeySet, now: Time, text: &Secret) -> Self {
        if let Some(presented) = refresh_token::parse(&config.brand.token_prefix, text.expose()) {
            return Self::Refresh(presented);
        }
        match jwt::verify_access(keys, config.server.public_url.as_str(), now, text.expose()) {
            Ok(claims) => Self::Access(claims),
            Err(_) => Self::Unknown,
        }
    }

    /// The session of the token.
    pub(super) fn session(
        &self,
        work: &mut Work<'_>,
        master: &MasterKey,
    ) -> Result<Option<Credential>, StoreError> {
        match self {
            Self::Refresh(presented) => {
                let session = credentials::find(work.conn, &presented.credential_id)?;
                let ours = |session: &Credential| {
                    session.seed.as_deref().is_some_and(|seed| presented.verify_tag(master, seed))
                };
                Ok(session.filter(ours))
            }
            Self::Access(claims) => credentials::find(work.conn, &claims.sid),
            Self::Unknown => Ok(None),
        }
    }
}

/// Ends the session of a token. Unknown and ended ones succeed; another client's token is refused.
pub fn revoke_for_client(
    work: &mut Work<'_>,
    master: &MasterKey,
    client: &Client,
    token: &RevocableToken,
    origin: &Origin,
) -> Result<(), TxError<OAuthError>> {
    let Some(session) = token.session(work, master)? else { return Ok(()) };
    if session.client_id.as_deref() != Some(client.id.as_str()) {
        return Err(OAuthError::new(
            OAuthCode::InvalidGrant,
            "The token was issued to another client.",
            "revocation by another client",
        )
        .into());
    }
    if credentials::revoke(work.conn, &session.id, work.now, EndReason::SignedOutByTool)? {
        let event = Event::new(Action::SessionRevoked, Actor::Client(client.id.clone()), origin)
            .org(&session.org_id)
            .credential(&session.id)
            .target(session.user_id.as_deref().unwrap_or_default())
            .of_person(session.user_id.as_deref())
            .detail("reason", EndReason::SignedOutByTool.as_str());
        work.record(event);
    }
    Ok(())
}
