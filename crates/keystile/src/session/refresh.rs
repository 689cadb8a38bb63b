//! Refreshes sessions, one at a time across processes. A process that waited for the lock uses the tokens of the process
//! that held it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{SubsecRound as _, TimeDelta};
use oauth2::{RefreshToken, TokenResponse as _};

use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::credentials::{
    Credential, CredentialState, CredentialStore, OauthCredential, ProfileLock, SwapResult,
};
use crate::error::ErrorKind;
use crate::http::{Transport, timed_out};
use crate::oauth::{self, TokenError, TokenSet};
use crate::offload::detached;
use crate::profile::ProfileName;
use crate::secret::Secret;
use crate::source::CredentialSource;

const LOCK_WAIT: Duration = Duration::from_secs(30);
const LOCK_POLL: Duration = Duration::from_millis(100);
/// Time limit of a refresh, discovery included.
const REFRESH_LIMIT: Duration = Duration::from_secs(30);

const REJECTION_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// The requirement of a caller on an access token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenNeed {
    /// Valid for at least `min_ttl`.
    Fresh { min_ttl: Duration },
    /// A later generation than this one: the user wants to replace the token.
    NewerThan { generation: u64 },
    /// A later generation than this one: an API rejected the token. At most one refresh in [`REJECTION_PAUSE`]: a
    /// new token does not help with an API that rejects every one.
    AfterRejection { generation: u64 },
}

impl TokenNeed {
    fn is_met_by(self, session: &OauthCredential, context: &Context) -> bool {
        match self {
            Self::Fresh { min_ttl } => lasts(session, context, attainable(session, min_ttl)),
            Self::NewerThan { generation } => {
                session.generation > generation && lasts(session, context, Duration::ZERO)
            }
            Self::AfterRejection { generation } => {
                let is_recent = |at| (TimeDelta::zero()..REJECTION_PAUSE).contains(&(context.now() - at));
                Self::NewerThan { generation }.is_met_by(session, context)
                    || session.rejected_at.is_some_and(is_recent)
            }
        }
    }
}

/// The requirement, or half of the lifetime of the access token if no new one would meet it: refreshing each time would
/// not help.
fn attainable(session: &OauthCredential, min_ttl: Duration) -> Duration {
    let lifetime =
        session.received_at.and_then(|received| (session.access_expires_at - received).to_std().ok());
    match lifetime {
        Some(lifetime) if min_ttl >= lifetime => lifetime / 2,
        Some(_) | None => min_ttl,
    }
}

fn lasts(session: &OauthCredential, context: &Context, ttl: Duration) -> bool {
    let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
    session.access_expires_at - context.now() > ttl
}

/// The session of the profile with an access token that meets the requirement. Fails if the profile holds a session of
/// another server by now than the one that was `chosen`. A refresh that has begun is completed even if the caller is
/// canceled.
pub(crate) async fn obtain(
    context: &Arc<Context>,
    chosen: &OauthCredential,
    want: TokenNeed,
) -> Result<OauthCredential, ErrorKind> {
    let session = usable(context, chosen).await?;
    if want.is_met_by(&session, context) {
        return Ok(session);
    }
    let started = Instant::now();
    let lock = loop {
        match try_lock(context, &context.profile).await {
            Ok(Some(lock)) => break lock,
            Ok(None) => {}
            // The directory may be read-only.
            Err(kind) => return still_valid(session, want, context, kind),
        }
        if started.elapsed() >= LOCK_WAIT {
            return still_valid(
                session,
                want,
                context,
                ErrorKind::LockBusy { path: lock_path(context, &context.profile), after: LOCK_WAIT },
            );
        }
        tokio::time::sleep(LOCK_POLL).await;
        let session = usable(context, chosen).await?;
        if want.is_met_by(&session, context) {
            return Ok(session);
        }
    };
    let (context, chosen) = (context.clone(), chosen.clone());
    // Behind the lock, so that a profile has one thread and not one for each caller.
    detached("keystile-refresh", async move || refresh(&context, &chosen, want, lock).await).await?
}

/// Refreshes the session and stores it while the lock is held.
async fn refresh(
    context: &Context,
    chosen: &OauthCredential,
    want: TokenNeed,
    _lock: Box<dyn ProfileLock>,
) -> Result<OauthCredential, ErrorKind> {
    // The previous holder of the lock may have refreshed.
    let session = usable(context, chosen).await?;
    if want.is_met_by(&session, context) {
        return Ok(session);
    }
    // A refresh token works once. If its successor could not be stored, the next process would present the old one, and
    // the server would end the session as stolen.
    if let Err(kind) = context.store(|store| store.probe()).await {
        return still_valid(session, want, context, kind);
    }
    match request(&context.transport.for_another_runtime(), &session).await {
        Ok(tokens) => store(context, &session, &tokens, want).await,
        Err(TokenError::InvalidGrant(_)) => settle_refusal(context, &session, want).await,
        Err(TokenError::Transient(kind)) => still_valid(session, want, context, kind),
        Err(TokenError::Refused(kind)) => Err(name_organization(kind, &session)),
    }
}

/// Waits for the lock of a profile; [`LockBusy`](ErrorKind::LockBusy) after 30 s.
pub(crate) async fn lock_profile(
    context: &Context,
    profile: &ProfileName,
) -> Result<Box<dyn ProfileLock>, ErrorKind> {
    let started = Instant::now();
    loop {
        if let Some(lock) = try_lock(context, profile).await? {
            return Ok(lock);
        }
        if started.elapsed() >= LOCK_WAIT {
            return Err(ErrorKind::LockBusy { path: lock_path(context, profile), after: LOCK_WAIT });
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

async fn try_lock(
    context: &Context,
    profile: &ProfileName,
) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind> {
    let profile = profile.clone();
    context.store(move |store| store.try_lock(&profile)).await
}

/// Replaces the credential of the profile if it still has this generation.
async fn swap(context: &Context, expected: u64, credential: Credential) -> Result<SwapResult, ErrorKind> {
    let profile = context.profile.clone();
    let swap = move |store: &dyn CredentialStore| {
        store.compare_and_swap(&profile, Some(expected), Some(&credential))
    };
    context.store(swap).await
}

fn lock_path(context: &Context, profile: &ProfileName) -> std::path::PathBuf {
    context.paths.locks().join(format!("{profile}.lock"))
}

/// The stored session; `Err` if there is none, it has ended, or it is one of another server.
async fn usable(context: &Context, chosen: &OauthCredential) -> Result<OauthCredential, ErrorKind> {
    let document = context.store(|store| store.read()).await?;
    let session = context.session_in(&document).ok_or(ErrorKind::NotAuthenticated)?;
    check_servers(context, chosen, &session)?;
    match session.state {
        CredentialState::Ok => Ok(session),
        CredentialState::NeedsLogin => Err(ErrorKind::RefreshFailed),
    }
}

/// Checks that a stored session belongs to the servers of the chosen one. After a login to another server under the same
/// profile, the new token must not be sent to the server that the caller chose.
fn check_servers(
    context: &Context,
    chosen: &OauthCredential,
    stored: &OauthCredential,
) -> Result<(), ErrorKind> {
    let (asked, bound) = if chosen.issuer != stored.issuer {
        (&chosen.issuer, &stored.issuer)
    } else if !chosen.api_base.same_origin(&stored.api_base) {
        (&chosen.api_base, &stored.api_base)
    } else {
        return Ok(());
    };
    // Two issuers may share a host.
    let name = |url: &BaseUrl| if asked.host() == bound.host() { url.to_string() } else { url.host() };
    Err(ErrorKind::HostMismatch {
        source: CredentialSource::Profile(Box::new(context.stored_profile())),
        asked: name(asked),
        bound: name(bound),
    })
}

async fn request(transport: &Transport, session: &OauthCredential) -> Result<TokenSet, TokenError> {
    let Some(token) =
        session.refresh_token.as_ref().map(|token| RefreshToken::new(token.expose().to_owned()))
    else {
        return Err(TokenError::Refused(ErrorKind::RefreshFailed));
    };
    let exchange = async {
        let metadata = oauth::discover(transport, &session.issuer).await.map_err(|kind| {
            if kind.is_transient() { TokenError::Transient(kind) } else { TokenError::Refused(kind) }
        })?;
        oauth::refresh(transport, &metadata, &session.client_id, token).await
    };
    match tokio::time::timeout(REFRESH_LIMIT, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(TokenError::Transient(timed_out(session.issuer.host()))),
    }
}

/// Stores the new tokens. If that fails, they are still used: the server issues the same successor to the next process
/// that presents the old refresh token within the grace period.
async fn store(
    context: &Context,
    old: &OauthCredential,
    tokens: &TokenSet,
    want: TokenNeed,
) -> Result<OauthCredential, ErrorKind> {
    let next = successor(context, old, tokens, want);
    match swap(context, old.generation, Credential::from(next.clone())).await {
        Ok(SwapResult::Done) => Ok(OauthCredential { generation: old.generation + 1, ..next }),
        // A logout or login in the meantime takes precedence over the refresh.
        Ok(SwapResult::Conflict) => usable(context, old).await,
        Err(kind) => {
            let error = context.error(kind);
            context.ui.notice(&format!("The refreshed session could not be stored: {error}"));
            Ok(next)
        }
    }
}

fn successor(
    context: &Context,
    old: &OauthCredential,
    tokens: &TokenSet,
    want: TokenNeed,
) -> OauthCredential {
    let now = context.now().trunc_subsecs(0);
    let after = |span: Duration| TimeDelta::from_std(span).ok().and_then(|span| now.checked_add_signed(span));
    OauthCredential {
        access_token: Secret::new(tokens.access_token().secret()),
        access_expires_at: after(oauth::lifetime(tokens)).unwrap_or(now),
        // Servers without rotation send none.
        refresh_token: tokens
            .refresh_token()
            .map(|token| Secret::new(token.secret()))
            .or_else(|| old.refresh_token.clone()),
        session_expires_at: tokens.extra_fields().idle().and_then(after).or(old.session_expires_at),
        received_at: Some(now),
        rejected_at: match want {
            TokenNeed::AfterRejection { .. } => Some(now),
            TokenNeed::Fresh { .. } | TokenNeed::NewerThan { .. } => old.rejected_at,
        },
        scopes: tokens.scopes().map_or_else(
            || old.scopes.clone(),
            |scopes| scopes.iter().map(|scope| scope.to_string()).collect(),
        ),
        ..old.clone()
    }
}

/// Handles `invalid_grant`: uses the session of another process if that process has rotated the token, otherwise marks
/// the session as ended.
async fn settle_refusal(
    context: &Context,
    old: &OauthCredential,
    want: TokenNeed,
) -> Result<OauthCredential, ErrorKind> {
    let current = usable(context, old).await?;
    if current.generation != old.generation && want.is_met_by(&current, context) {
        return Ok(current);
    }
    let ended = Credential::from(OauthCredential { state: CredentialState::NeedsLogin, ..old.clone() });
    // Keeps the tokens for diagnosis. A conflict means that the profile has a newer credential.
    match swap(context, old.generation, ended).await {
        Ok(SwapResult::Done | SwapResult::Conflict) => {}
        // The session has ended all the same; the next process asks the server again.
        Err(kind) => context.trace.note(&format!("the end of the session could not be stored: {kind}")),
    }
    Err(ErrorKind::RefreshFailed)
}

/// The old access token if it is still valid, otherwise the error of the refresh.
fn still_valid(
    session: OauthCredential,
    want: TokenNeed,
    context: &Context,
    kind: ErrorKind,
) -> Result<OauthCredential, ErrorKind> {
    match want {
        TokenNeed::Fresh { .. } if lasts(&session, context, Duration::ZERO) => {
            context.trace.note(&format!("no refresh ({kind}); using the access token, which is still valid"));
            Ok(session)
        }
        TokenNeed::Fresh { .. } | TokenNeed::NewerThan { .. } | TokenNeed::AfterRejection { .. } => Err(kind),
    }
}

/// Adds the organization and the URL of its settings page, which the token endpoint does not send.
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
