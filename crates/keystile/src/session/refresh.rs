//! The refresh protocol: one refresh at a time across processes, and whoever waited uses what the winner got.

use std::time::{Duration, Instant};

use chrono::{SubsecRound as _, TimeDelta};
use oauth2::{RefreshToken, TokenResponse as _};

use crate::context::Context;
use crate::credentials::{Credential, CredentialState, OauthCredential, ProfileLock, SwapResult};
use crate::error::ErrorKind;
use crate::oauth::{self, TokenError, TokenSet};
use crate::profile::ProfileName;
use crate::secret::Secret;

const LOCK_WAIT: Duration = Duration::from_secs(30);
const LOCK_POLL: Duration = Duration::from_millis(100);
/// The whole refresh, discovery included.
const REFRESH_LIMIT: Duration = Duration::from_secs(30);

/// What a caller needs of the access token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenNeed {
    /// It lasts this much longer.
    Fresh { min_ttl: Duration },
    /// It is not the one of this generation, which the API has refused or a person wants replaced.
    NewerThan { generation: u64 },
}

impl TokenNeed {
    fn is_met_by(self, session: &OauthCredential, context: &Context) -> bool {
        match self {
            Self::NewLogin { min_ttl } => lasts(session, context, min_ttl),
            Self::NewerThan { generation } => {
                session.generation > generation && lasts(session, context, Duration::ZERO)
            }
        }
    }
}

fn lasts(session: &OauthCredential, context: &Context, ttl: Duration) -> bool {
    let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
    session.access_expires_at - context.now() > ttl
}

/// The session of the profile with an access token as wanted.
pub(crate) async fn obtain(context: &Context, want: TokenNeed) -> Result<OauthCredential, ErrorKind> {
    let session = usable(context)?;
    if want.is_met_by(&session, context) {
        return Ok(session);
    }
    let started = Instant::now();
    let _lock = loop {
        if let Some(lock) = context.store.try_lock(&context.profile)? {
            break lock;
        }
        if started.elapsed() >= LOCK_WAIT {
            return still_valid(
                session,
                want,
                context,
                ErrorKind::LockBusy { path: lock_path(context, &context.profile) },
            );
        }
        tokio::time::sleep(LOCK_POLL).await;
        let session = usable(context)?;
        if want.is_met_by(&session, context) {
            return Ok(session);
        }
    };
    // Whoever held the lock before may have refreshed.
    let session = usable(context)?;
    if want.is_met_by(&session, context) {
        return Ok(session);
    }
    match request(context, &session).await {
        Ok(tokens) => store(context, &session, &tokens),
        Err(TokenError::InvalidGrant(_)) => settle_refusal(context, &session, want),
        Err(TokenError::Transient(kind)) => still_valid(session, want, context, kind),
        Err(TokenError::Refused(kind)) => Err(name_organization(kind, &session)),
    }
}

/// Waits for the lock of the profile, for a login or logout.
pub(crate) async fn lock_profile(
    context: &Context,
    profile: &ProfileName,
) -> Result<Box<dyn ProfileLock>, ErrorKind> {
    let started = Instant::now();
    loop {
        if let Some(lock) = context.store.try_lock(profile)? {
            return Ok(lock);
        }
        if started.elapsed() >= LOCK_WAIT {
            return Err(ErrorKind::LockBusy { path: lock_path(context, profile) });
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

fn lock_path(context: &Context, profile: &ProfileName) -> std::path::PathBuf {
    context.paths.locks().join(format!("{profile}.lock"))
}

/// What the store holds now, if it can be used at all.
fn usable(context: &Context) -> Result<OauthCredential, ErrorKind> {
    let session = context.stored_session()?.ok_or(ErrorKind::NotAuthenticated)?;
    match session.state {
        CredentialState::Ok => Ok(session),
        CredentialState::NeedsLogin => Err(ErrorKind::RefreshFailed),
    }
}

async fn request(context: &Context, session: &OauthCredential) -> Result<TokenSet, TokenError> {
    let Some(token) =
        session.refresh_token.as_ref().map(|token| RefreshToken::new(token.expose().to_owned()))
    else {
        return Err(TokenError::Refused(ErrorKind::RefreshFailed));
    };
    let exchange = async {
        let metadata = context.metadata(&session.issuer).await.map_err(|kind| match kind {
            ErrorKind::ServerError { .. } | ErrorKind::Unreachable { .. } | ErrorKind::RateLimited { .. } => {
                TokenError::Transient(kind)
            }
            kind => TokenError::Refused(kind),
        })?;
        oauth::refresh(&context.transport, &metadata, &session.client_id, token).await
    };
    match tokio::time::timeout(REFRESH_LIMIT, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(TokenError::Transient(ErrorKind::Unreachable {
            host: session.issuer.host(),
            cause: "connection timed out".into(),
            proxy: None,
        })),
    }
}

/// Stores what the server gave. If that fails, the token is used all the same: the server gives the same successor
/// to the next process that asks with the old refresh token.
fn store(context: &Context, old: &OauthCredential, tokens: &TokenSet) -> Result<OauthCredential, ErrorKind> {
    let next = successor(context, old, tokens);
    let credential = Credential::from(next.clone());
    match context.store.compare_and_swap(&context.profile, Some(old.generation), Some(&credential)) {
        Ok(SwapResult::Done) => Ok(OauthCredential { generation: old.generation + 1, ..next }),
        // Signed out or in again meanwhile, which is stronger than a refresh.
        Ok(SwapResult::Conflict) => usable(context),
        Err(kind) => {
            let error = context.error(kind);
            context.ui.notice(&format!("The refreshed session could not be stored: {error}"));
            Ok(next)
        }
    }
}

fn successor(context: &Context, old: &OauthCredential, tokens: &TokenSet) -> OauthCredential {
    let now = context.now().trunc_subsecs(0);
    let after = |span: Duration| TimeDelta::from_std(span).ok().and_then(|span| now.checked_add_signed(span));
    OauthCredential {
        access_token: Secret::new(tokens.access_token().secret()),
        access_expires_at: after(oauth::lifetime(tokens)).unwrap_or(now),
        // A server that does not rotate sends none.
        refresh_token: tokens
            .refresh_token()
            .map(|token| Secret::new(token.secret()))
            .or_else(|| old.refresh_token.clone()),
        session_expires_at: tokens.extra_fields().idle().and_then(after).or(old.session_expires_at),
        scopes: tokens.scopes().map_or_else(
            || old.scopes.clone(),
            |scopes| scopes.iter().map(|scope| scope.to_string()).collect(),
        ),
        ..old.clone()
    }
}

/// The server refused the refresh token. Somebody else may have used it, and then theirs is good.
fn settle_refusal(
    context: &Context,
    old: &OauthCredential,
    want: TokenNeed,
) -> Result<OauthCredential, ErrorKind> {
    let current = usable(context)?;
    if current.generation != old.generation && want.is_met_by(&current, context) {
        return Ok(current);
    }
    let ended = Credential::from(OauthCredential { state: CredentialState::NeedsLogin, ..old.clone() });
    // The tokens stay, for a person who looks for what happened. A conflict means that there is something newer.
    match context.store.compare_and_swap(&context.profile, Some(old.generation), Some(&ended))? {
        SwapResult::Done | SwapResult::Conflict => Err(ErrorKind::RefreshFailed),
    }
}

/// The server could not be asked: the old token serves while it lasts.
fn still_valid(
    session: OauthCredential,
    want: TokenNeed,
    context: &Context,
    kind: ErrorKind,
) -> Result<OauthCredential, ErrorKind> {
    match want {
        TokenNeed::Fresh { .. } if lasts(&session, context, Duration::ZERO) => {
            context.trace.note("the refresh failed; the access token still lasts");
            Ok(session)
        }
        TokenNeed::Fresh { .. } | TokenNeed::NewerThan { .. } => Err(kind),
    }
}

/// The token endpoint does not say where the switch for personal tokens is; the session knows.
fn name_organization(kind: ErrorKind, session: &OauthCredential) -> ErrorKind {
    match kind {
        ErrorKind::TokensDisabled { organization, settings_url, request_id } => {
            let slug = session.org.as_ref().and_then(|org| org.slug.as_deref());
            ErrorKind::TokensDisabled {
                organization: organization
                    .or_else(|| session.org.as_ref().map(|org| org.display_name().to_owned())),
                settings_url: settings_url
                    .or_else(|| slug.map(|slug| format!("{}/o/{slug}/settings/api-access", session.issuer))),
                request_id,
            }
        }
        kind => kind,
    }
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
