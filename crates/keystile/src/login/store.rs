//! Stores the result of a login.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use oauth2::TokenResponse as _;
use serde_json::Map;

use crate::base_url::BaseUrl;
use crate::config::ConfigFile;
use crate::context::Context;
use crate::credentials::{
    Credential, CredentialState, CredentialStore, OauthCredential, SignedInBy, SwapResult,
};
use crate::error::ErrorKind;
use crate::oauth::{self, TokenSet};
use crate::offload::offload;
use crate::secret::Secret;
use crate::session::{Whoami, lock_profile};

/// Reads the current credential, and checks that a new one can be stored before the user is asked to approve it.
pub(super) async fn prepare(context: &Context) -> Result<Option<Credential>, ErrorKind> {
    let stored = match context.store(|store| store.read()).await {
        Ok(document) => {
            context.check_kind(&document)?;
            context.note_issuer(&document);
            document.get(&context.profile).cloned()
        }
        Err(ErrorKind::CredentialsDamaged { .. }) => None,
        Err(kind) => return Err(kind),
    };
    let profile = context.profile.clone();
    let check = move |store: &dyn CredentialStore| {
        drop(store.try_lock(&profile)?);
        store.probe()
    };
    context.store(check).await?;
    Ok(stored)
}

/// Creates a session from a token response.
pub(super) fn session(
    tokens: &TokenSet,
    issuer: &BaseUrl,
    api_base: BaseUrl,
    client_id: &str,
    by: SignedInBy,
    whoami: Option<&Whoami>,
    now: DateTime<Utc>,
) -> OauthCredential {
    // In whole seconds, rounded down.
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
        received_at: Some(now),
        rejected_at: None,
        generation: 0,
        state: CredentialState::Ok,
        signed_in_by: Some(by),
        unknown: Map::new(),
    }
}

/// Stores a credential in the profile, in place of any other.
pub(super) async fn keep(context: &Context, credential: Credential) -> Result<(), ErrorKind> {
    let _lock = lock_profile(context, &context.profile).await?;
    // Tried again after a conflict: the last login wins.
    loop {
        let expected = match context.store(|store| store.read()).await {
            Ok(document) => {
                context.check_kind(&document)?;
                document.get(&context.profile).map(Credential::generation)
            }
            Err(ErrorKind::CredentialsDamaged { .. }) => {
                let kept = context.store(|store| store.move_damaged_aside()).await?;
                context.ui.notice(&format!("The damaged credentials file is kept as {kept}."));
                None
            }
            Err(kind) => return Err(kind),
        };
        let (profile, credential) = (context.profile.clone(), credential.clone());
        let swap =
            move |store: &dyn CredentialStore| store.compare_and_swap(&profile, expected, Some(&credential));
        match context.store(swap).await? {
            SwapResult::Done => return Ok(()),
            SwapResult::Conflict => {}
        }
    }
}

/// Updates the settings so that later commands find the session: stores an explicit issuer, and activates the profile if
/// the active one is empty. The credential is stored already, so a failure is only a warning.
pub(super) async fn remember(context: &Context, issuer: Option<&BaseUrl>) {
    let issuer = issuer.filter(|issuer| context.profile_config().issuer.as_ref() != Some(issuer));
    let activates = activates(context).await;
    let Err(kind) = change_settings(context, issuer, activates).await else { return };
    let (brand, profile) = (context.brand(), &context.profile);
    let remedy = match issuer {
        _ if activates => {
            let command = brand.command(&format!("profile use {profile}"));
            format!(
                "Until then, add `--profile {profile}` to each command. Once the file can be written, run `{command}`."
            )
        }
        Some(issuer) => {
            let command = brand.command(&format!("config set profiles.{profile}.issuer {issuer}"));
            format!("Once the file can be written, run `{command}`.")
        }
        None => String::new(),
    };
    context.warn("Signed in", kind, &remedy);
}

/// Whether the profile becomes the active one. Not if the store cannot be read any more.
async fn activates(context: &Context) -> bool {
    let active = context.config.active_profile.clone().unwrap_or_default();
    active != context.profile
        && context.store(move |store| Ok(store.read()?.get(&active).is_none())).await.unwrap_or(false)
}

async fn change_settings(
    context: &Context,
    issuer: Option<&BaseUrl>,
    activates: bool,
) -> Result<(), ErrorKind> {
    if issuer.is_none() && !activates {
        return Ok(());
    }
    let (paths, profile) = (context.paths.clone(), context.profile.clone());
    let issuer = issuer.cloned();
    let change = move |file: &mut ConfigFile| {
        if let Some(issuer) = issuer {
            file.set(&format!("profiles.{profile}.issuer"), issuer.as_str())?;
        }
        if activates {
            file.set("active_profile", profile.as_str())?;
        }
        Ok(())
    };
    offload(move || ConfigFile::edit(&paths, change)).await
}
