//! Login with an API key: checks its format, verifies it at the server, then stores it.

use std::path::PathBuf;

use super::attempt::end_replaced;
use super::{KeyLoginOptions, confirm_replacement, in_words, store};
use crate::base_url::BaseUrl;
use crate::brand::Brand;
use crate::context::Context;
use crate::credentials::{AccountRef, Credential, CredentialState, KeyCredential, OrgRef};
use crate::error::{ErrorKind, in_short};
use crate::keys;
use crate::oauth::Metadata;
use crate::profile::ProfileName;
use crate::secret::Secret;
use crate::session::{Whoami, whoami_of};
use crate::source::CredentialSource;

/// An API key that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredKey {
    /// The profile that holds it.
    pub profile: ProfileName,
    /// The prefix and the last four characters of the key: `acme_live_…9f2c`.
    pub masked: String,
    /// The account that it acts for; `None` if it could not be verified.
    pub account: Option<AccountRef>,
    /// The organization that it belongs to; `None` if it has none or could not be verified.
    pub org: Option<OrgRef>,
    /// Its scopes; empty if it could not be verified.
    pub scopes: Vec<String>,
    /// The credentials file.
    pub stored_in: PathBuf,
    /// Why it could not be verified; `None` if it was verified.
    pub unverified: Option<String>,
}

/// The result of a verification that the server did not reject.
enum Verdict {
    Accepted(Box<Whoami>),
    /// Not verified: the server failed or is unreachable.
    Unknown(ErrorKind),
}

/// The server of a key. What comes from its metadata is `None` if it could not be reached.
struct Target {
    issuer: BaseUrl,
    api_base: Option<BaseUrl>,
    keys_url: Option<String>,
}

/// Checks, verifies and stores a key.
pub(crate) async fn sign_in(
    context: &Context,
    text: &Secret,
    source: CredentialSource,
    options: &KeyLoginOptions,
) -> Result<StoredKey, ErrorKind> {
    let key = keys::parse(text.expose(), context.brand().key_prefixes())
        .map_err(|problem| ErrorKind::InvalidKeyFormat { source, problem })?;
    let stored = store::prepare(context).await?;
    let issuer = context.issuer_for(options.issuer.as_ref(), stored.as_ref())?;
    let (target, verdict) = match context.metadata(&issuer).await {
        Ok(metadata) => {
            let target = Target::of(context, issuer, &metadata)?;
            let verdict = verify(context, &target, &key, stored.as_ref()).await?;
            (target, verdict)
        }
        Err(kind) if says_nothing(&kind) => {
            (Target::without_metadata(context, issuer)?, Verdict::Unknown(kind))
        }
        Err(kind) => return Err(kind),
    };
    may_replace(context, options.force, stored.as_ref(), &verdict).await?;
    let (whoami, unverified) = match verdict {
        Verdict::Accepted(whoami) => (Some(whoami), None),
        Verdict::Unknown(kind) => (None, Some(in_short(&kind))),
    };
    let credential = KeyCredential {
        issuer: Some(target.issuer.clone()),
        api_base: target.api_base,
        key_id: whoami.as_ref().map(|whoami| whoami.credential.id.clone()),
        verified: Some(whoami.is_some()),
        ..KeyCredential::new(key.clone())
    };
    store::keep(context, credential.into()).await?;
    store::remember(context, context.named_issuer(options.issuer.as_ref())).await;
    end_replaced(context, stored.as_ref(), &target.issuer).await;
    Ok(StoredKey {
        profile: context.profile.clone(),
        masked: key.masked(context.brand()),
        account: whoami.as_ref().map(|whoami| whoami.account()),
        org: whoami.as_ref().and_then(|whoami| whoami.org()),
        scopes: whoami.map(|whoami| whoami.scopes).unwrap_or_default(),
        stored_in: context.store.location(),
        unverified,
    })
}

impl Target {
    fn of(context: &Context, issuer: BaseUrl, metadata: &Metadata) -> Result<Self, ErrorKind> {
        let known = Self::without_metadata(context, issuer)?;
        let configuration = &metadata.cli_configuration;
        let keys_url = configuration.dashboard_keys_url.as_ref().map(ToString::to_string);
        let api_base =
            known.api_base.or_else(|| configuration.api_base.clone()).unwrap_or_else(|| known.issuer.clone());
        Ok(Self { api_base: Some(api_base), keys_url, ..known })
    }

    fn without_metadata(context: &Context, issuer: BaseUrl) -> Result<Self, ErrorKind> {
        let api_base = context.wanted_api_base()?.or_else(|| context.app.api_base.clone());
        Ok(Self { issuer, api_base, keys_url: None })
    }
}

async fn verify(
    context: &Context,
    target: &Target,
    key: &Secret,
    stored: Option<&Credential>,
) -> Result<Verdict, ErrorKind> {
    let server = target.api_base.as_ref().unwrap_or(&target.issuer);
    match whoami_of(&context.transport, &target.issuer, server, key.expose()).await {
        Ok(whoami) => Ok(Verdict::Accepted(Box::new(whoami))),
        Err(kind) if says_nothing(&kind) => Ok(Verdict::Unknown(kind)),
        Err(ErrorKind::Rejected { code, .. }) => Err(ErrorKind::KeyRejected {
            profile: context.profile.clone(),
            kept: stored.map(|stored| kept(stored, context.brand())),
            code,
            keys_url: target.keys_url.clone(),
        }),
        Err(kind) => Err(kind),
    }
}

/// Whether the error says nothing about the key, because the server failed, is unreachable or is another one.
fn says_nothing(kind: &ErrorKind) -> bool {
    kind.is_transient() || matches!(kind, ErrorKind::InvalidResponse { .. } | ErrorKind::WrongIssuer { .. })
}

/// Asks for confirmation, except before a verified key replaces a key.
async fn may_replace(
    context: &Context,
    force: bool,
    stored: Option<&Credential>,
    verdict: &Verdict,
) -> Result<(), ErrorKind> {
    let Some(stored) = stored else { return Ok(()) };
    match verdict {
        Verdict::Unknown(cause) if works(stored) => {
            let (profile, kept, short) = (&context.profile, kept(stored, context.brand()), in_short(cause));
            let question = format!(
                "The key could not be verified ({short}). Profile {profile} uses {kept}. Replace it anyway?"
            );
            if force || context.confirm(question).await == Some(true) {
                return Ok(());
            }
            Err(ErrorKind::KeyUnverified { profile: profile.clone(), kept, cause: Box::new(cause.clone()) })
        }
        Verdict::Accepted(_) | Verdict::Unknown(_) => match stored {
            Credential::ApiKey(_) => Ok(()),
            Credential::Oauth(_) => confirm_replacement(context, force, &in_words(stored), "the key").await,
        },
    }
}

/// Whether a credential works, as far as this machine knows.
fn works(stored: &Credential) -> bool {
    match stored {
        Credential::Oauth(session) => session.state == CredentialState::Ok,
        Credential::ApiKey(key) => key.verified != Some(false),
    }
}

/// The credential that the profile keeps, masked for an error.
fn kept(stored: &Credential, brand: &Brand) -> String {
    match stored {
        Credential::Oauth(_) => in_words(stored),
        Credential::ApiKey(key) => key.api_key.masked(brand),
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
