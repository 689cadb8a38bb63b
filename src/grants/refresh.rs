//! The refresh token grant, RFC 6749 section 6, with single-use rotation.
//!
//! A session is one row. Its current refresh token is made from the row, so a refresh adds nothing, an answer that got
//! lost can be given again, and a token of an older generation shows that somebody has a copy.

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::credential::{EndReason, Presented, judge};
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::credentials::{self, Credential, Rotation};
use crate::store::{StoreError, Work, audit, memberships, organizations};

use super::Outcome;
use super::session::issue;

/// A refresh request of an authenticated client.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    pub refresh_token: Secret,
    /// Narrows the access token, never the session.
    pub scope: Option<String>,
    pub origin: Origin,
}

/// Exchanges a refresh token.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &RefreshRequest,
) -> Result<Outcome, StoreError> {
    if let Err(error) = client.permit(Grant::RefreshToken) {
        return Ok(Err(error));
    }
    let Some(presented) = refresh_token::parse(&config.brand.token_prefix, request.refresh_token.expose())
    else {
        return Ok(Err(OAuthError::invalid_grant("not a refresh token of this server")));
    };
    let Some(session) = credentials::find(work.conn, &presented.credential_id)? else {
        return Ok(Err(OAuthError::invalid_grant("no such session")));
    };
    if !session.seed.as_deref().is_some_and(|seed| presented.belongs_to(master, seed)) {
        return Ok(Err(OAuthError::invalid_grant("the tag does not verify")));
    }
    if session.client_id.as_deref() != Some(client.id.as_str()) {
        audit::record(work, foreign_client(&session, client, &request.origin))?;
        return Ok(Err(OAuthError::invalid_grant("the session belongs to another client")));
    }
    let granted = stored_scopes(&session)?;
    let wanted = match narrowed(request.scope.as_deref(), &granted) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };

    let context = Context { config, master, client, origin: &request.origin };
    let idle_ends_at = work.now + config.tokens.session_idle;
    let rotation = Rotation {
        id: &session.id,
        client_id: &client.id,
        generation: presented.generation,
        now: work.now,
        idle_ends_at: session.ends_at.map_or(idle_ends_at, |end| end.min(idle_ends_at)),
        ip: request.origin.ip.as_deref(),
    };
    match credentials::rotate(work.conn, &rotation)? {
        Some(rotated) => answer(work, &context, &rotated, &wanted),
        None => not_rotated(work, &context, presented.generation, &session.id, &wanted),
    }
}

/// What stays the same while a token is exchanged.
struct Context<'a> {
    config: &'a Config,
    master: &'a MasterKey,
    client: &'a Client,
    origin: &'a Origin,
}

/// Nothing changed: says why, and does what that calls for.
fn not_rotated(
    work: &mut Work<'_>,
    context: &Context<'_>,
    generation: i64,
    session_id: &str,
    wanted: &ScopeSet,
) -> Result<Outcome, StoreError> {
    let Some(session) = credentials::find(work.conn, session_id)? else {
        return Ok(Err(OAuthError::invalid_grant("no such session")));
    };
    if !session.lives(work.now) {
        return Ok(Err(OAuthError::invalid_grant("the session has ended")));
    }
    let Some(organization) =
        organizations::find(work.conn, &session.org_id)?.filter(|org| org.disabled_at.is_none())
    else {
        return Ok(Err(OAuthError::invalid_grant("the organization is gone")));
    };
    if role_of(work, &session)?.is_none() {
        return Ok(Err(OAuthError::invalid_grant("the owner is no longer a member")));
    }
    if !organization.personal_tokens {
        return Ok(Err(OAuthError::personal_tokens_disabled(&organization.name)));
    }
    match judge(
        generation,
        session.generation,
        session.rotated_at,
        work.now,
        context.config.tokens.refresh_grace,
    ) {
        Presented::Replayed => {
            tracing::info!(session = session.id, "refresh answered again");
            answer(work, context, &session, wanted)
        }
        Presented::Reused => {
            credentials::revoke(work.conn, &session.id, work.now, EndReason::RefreshReuse)?;
            audit::record(work, reuse(&session, context.client, generation, context.origin))?;
            Ok(Err(OAuthError::invalid_grant("an old refresh token was used again; the session is revoked")))
        }
        Presented::NotYetIssued => Ok(Err(OAuthError::invalid_grant("a generation that was never issued"))),
        Presented::Current => {
            Err(StoreError::Unavailable("the session changed while it was being refreshed".to_owned()))
        }
    }
}

fn answer(
    work: &mut Work<'_>,
    context: &Context<'_>,
    session: &Credential,
    wanted: &ScopeSet,
) -> Result<Outcome, StoreError> {
    match role_of(work, session)? {
        Some(role) => {
            let Context { config, master, client, .. } = context;
            let scopes = client.effective_scopes(&config.catalog, wanted, &role);
            Ok(Ok(issue(work, config, master, client, session, &scopes)?))
        }
        None => Ok(Err(OAuthError::invalid_grant("the owner is no longer a member"))),
    }
}

fn role_of(work: &mut Work<'_>, session: &Credential) -> Result<Option<String>, StoreError> {
    match &session.user_id {
        Some(user) => memberships::role(work.conn, &session.org_id, user),
        None => Ok(None),
    }
}

fn stored_scopes(session: &Credential) -> Result<ScopeSet, StoreError> {
    ScopeSet::parse(&session.scopes)
        .map_err(|_| StoreError::Failed(format!("the scopes of session {} cannot be read", session.id)))
}

/// RFC 6749 section 6: the requested scope must lie within what was granted.
fn narrowed(requested: Option<&str>, granted: &ScopeSet) -> Result<ScopeSet, OAuthError> {
    let Some(requested) = requested.filter(|scope| !scope.trim().is_empty()) else {
        return Ok(granted.clone());
    };
    match ScopeSet::parse(requested) {
        Ok(scopes) if scopes.is_subset(granted) => Ok(scopes),
        Ok(_) | Err(_) => Err(OAuthError::new(
            OAuthCode::InvalidScope,
            "A refresh can only ask for scopes that the sign-in was granted. Sign in again to get more.",
            "scope outside the grant",
        )),
    }
}

fn foreign_client(session: &Credential, client: &Client, origin: &Origin) -> Event {
    Event::new(Action::SessionForeignClient, Actor::Client(client.id.clone()), origin)
        .org(&session.org_id)
        .credential(&session.id)
        .refused()
}

fn reuse(session: &Credential, client: &Client, generation: i64, origin: &Origin) -> Event {
    Event::new(Action::SessionRefreshReuse, Actor::Client(client.id.clone()), origin)
        .org(&session.org_id)
        .credential(&session.id)
        .target(session.user_id.as_deref().unwrap_or_default())
        .detail("presented_generation", generation)
        .detail("current_generation", session.generation)
        .refused()
}
