//! Ends a session at the server and removes it from this machine.

use std::time::Duration;

use super::{lock_profile, revoke};
use crate::context::Context;
use crate::credentials::{Credential, CredentialState, OauthCredential, SwapResult};
use crate::error::ErrorKind;
use crate::http::timed_out;
use crate::profile::ProfileName;

/// How long a revocation may take without a message.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a revocation may take, discovery and retries included. The lock of the profile is held meanwhile, and other
/// processes give up on it after 30 s.
const REVOCATION_LIMIT: Duration = Duration::from_secs(10);

/// What happened to the session at the server.
pub(crate) enum AtServer {
    Revoked,
    /// There was nothing to revoke: an API key, or a session that had ended.
    Nothing,
    /// Not revoked, at the request of the caller.
    Skipped,
    Failed(ErrorKind),
}

/// A credential that was removed.
pub(crate) struct Removed {
    pub(crate) credential: Credential,
    pub(crate) at_server: AtServer,
}

/// Revokes the session, then removes the credential, so that an interruption leaves no unknown session at the server.
/// `None` if the profile is empty. Calls `slow` if the server takes longer than usual.
pub(crate) async fn sign_out(
    context: &Context,
    profile: &ProfileName,
    local: bool,
    slow: impl FnOnce(&OauthCredential) + Send,
) -> Result<Option<Removed>, ErrorKind> {
    let _lock = lock_profile(context, profile).await?;
    let name = profile.clone();
    let stored = context.store(move |store| Ok(store.read()?.get(&name).cloned())).await?;
    let Some(credential) = stored else { return Ok(None) };
    context.learn(&credential);
    let at_server = match &credential {
        Credential::Oauth(session) => revoke_at_server(context, session, local, slow).await,
        Credential::ApiKey(_) => AtServer::Nothing,
    };
    let (name, generation) = (profile.clone(), credential.generation());
    match context.store(move |store| store.compare_and_swap(&name, Some(generation), None)).await {
        Ok(SwapResult::Done) => Ok(Some(Removed { credential, at_server })),
        Err(kind) => Err(not_removed(kind, profile, &at_server)),
        Ok(SwapResult::Conflict) => Err(ErrorKind::LocalFailure {
            what: format!("sign out of profile {profile}"),
            cause: "another process signed in to it at the same time. Try again".into(),
        }),
    }
}

/// The error for credentials that could not be removed, which says that their session has ended if it has.
fn not_removed(kind: ErrorKind, profile: &ProfileName, at_server: &AtServer) -> ErrorKind {
    match (at_server, kind) {
        (AtServer::Revoked, ErrorKind::CredentialsUnwritable { what, cause }) => {
            let ended = format!(
                "The session of profile {profile} is revoked; only its tokens, which are of no use, are left"
            );
            ErrorKind::CredentialsUnwritable { what, cause: format!("{cause}. {ended}") }
        }
        (AtServer::Revoked | AtServer::Nothing | AtServer::Skipped | AtServer::Failed(_), kind) => kind,
    }
}

async fn revoke_at_server(
    context: &Context,
    session: &OauthCredential,
    local: bool,
    slow: impl FnOnce(&OauthCredential) + Send,
) -> AtServer {
    match (&session.refresh_token, session.state) {
        (None, _) | (_, CredentialState::NeedsLogin) => AtServer::Nothing,
        (Some(_), CredentialState::Ok) if local => AtServer::Skipped,
        (Some(token), CredentialState::Ok) => {
            let revoked = announced(revoke(context, session, token), || slow(session));
            match tokio::time::timeout(REVOCATION_LIMIT, revoked).await {
                Ok(Ok(())) => AtServer::Revoked,
                Ok(Err(kind)) => AtServer::Failed(kind),
                Err(_) => AtServer::Failed(timed_out(session.issuer.host())),
            }
        }
    }
}

/// Calls `slow` if the revocation takes longer than usual.
async fn announced<T>(
    revoked: impl Future<Output = Result<T, ErrorKind>>,
    slow: impl FnOnce(),
) -> Result<T, ErrorKind> {
    let mut revoked = std::pin::pin!(revoked);
    tokio::select! {
        ended = &mut revoked => return ended,
        () = tokio::time::sleep(PATIENCE) => slow(),
    }
    revoked.await
}
