//! Keeps what a sign-in gave.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use oauth2::TokenResponse as _;
use serde_json::Map;

use crate::base_url::BaseUrl;
use crate::config::ConfigFile;
use crate::context::Context;
use crate::credentials::{Credential, CredentialState, OauthCredential, SignedInBy, SwapResult};
use crate::error::ErrorKind;
use crate::oauth::{self, TokenSet};
use crate::secret::Secret;
use crate::session::{Whoami, lock_profile};

/// Looks at what the profile holds, and finds out before the person does anything whether it can be replaced.
pub(super) fn prepare(context: &Context) -> Result<Option<Credential>, ErrorKind> {
    let stored = match context.store.read() {
        Ok(document) => document.get(&context.profile).cloned(),
        Err(ErrorKind::CredentialsDamaged { .. }) => None,
        Err(kind) => return Err(kind),
    };
    drop(context.store.try_lock(&context.profile)?);
    context.store.probe()?;
    Ok(stored)
}

/// A session from the answer of the token endpoint.
pub(super) fn session(
    tokens: &TokenSet,
    issuer: &BaseUrl,
    api_base: BaseUrl,
    client_id: &str,
    by: SignedInBy,
    whoami: Option<&Whoami>,
    now: DateTime<Utc>,
) -> OauthCredential {
    // Whole seconds, rounded towards the earlier end.
    let now = now.trunc_subsecs(0);
    let after = |span: Duration| TimeDelta::from_std(span).ok().and_then(|span| now.checked_add_signed(span));
    let scopes = tokens.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect());
    OauthCredential {
        issuer: issuer.clone(),
        api_base,
        client_id: client_id.to_owned(),
        session_id: whoami.map(|whoami| whoami.credential.id.clone()),
        account: whoami.map(Whoami::account),
        org: whoami.and_then(Whoami::org),
        scopes: scopes.or_else(|| whoami.map(|whoami| whoami.scopes.clone())).unwrap_or_default(),
        access_token: Secret::new(tokens.access_token().secret()),
        access_expires_at: after(oauth::lifetime(tokens)).unwrap_or(now),
        refresh_token: tokens.refresh_token().map(|token| Secret::new(token.secret())),
        session_expires_at: tokens.extra_fields().idle().and_then(after),
        generation: 0,
        state: CredentialState::Ok,
        signed_in_by: Some(by),
        unknown: Map::new(),
    }
}

/// Stores a credential in the profile, whatever was there.
pub(super) async fn keep(context: &Context, credential: Credential) -> Result<(), ErrorKind> {
    let _lock = lock_profile(context, &context.profile).await?;
    // Nobody else refreshes while the lock is held, but another login may store first: the later one wins.
    loop {
        let expected = match context.store.read() {
            Ok(document) => document.get(&context.profile).map(Credential::generation),
            Err(ErrorKind::CredentialsDamaged { .. }) => {
                let kept = context.store.set_damaged_aside()?;
                context.ui.notice(&format!("The damaged credentials file is kept as {kept}."));
                None
            }
            Err(kind) => return Err(kind),
        };
        match context.store.compare_and_swap(&context.profile, expected, Some(&credential))? {
            SwapResult::Done => return Ok(()),
            SwapResult::Conflict => {}
        }
    }
}

/// Notes in `config.toml` what later commands need to find this session: a server that was named by hand, and the
/// profile, if the active one holds nothing.
pub(super) fn remember(context: &Context, issuer: Option<&BaseUrl>) -> Result<(), ErrorKind> {
    let mut file = ConfigFile::open(context.paths.config())?;
    let mut changed = false;
    if let Some(issuer) = issuer.filter(|issuer| context.profile_config().issuer.as_ref() != Some(issuer)) {
        file.set(&format!("profiles.{}.issuer", context.profile), issuer.as_str())?;
        changed = true;
    }
    let active = context.config.active_profile.clone().unwrap_or_default();
    if active != context.profile && context.store.read()?.get(&active).is_none() {
        file.set("active_profile", context.profile.as_str())?;
        changed = true;
    }
    if changed { file.save() } else { Ok(()) }
}
