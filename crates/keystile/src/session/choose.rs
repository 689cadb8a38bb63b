//! Selects the credential: flag, environment, profile, in this order.

use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::credentials::{Credential, OauthCredential};
use crate::error::ErrorKind;
use crate::keys;
use crate::secret::Secret;
use crate::source::CredentialSource;

/// The credential in use.
#[derive(Clone, Debug)]
pub(crate) enum ActiveCredential {
    /// A key.
    Key { source: CredentialSource, key: Secret, target: Box<KeyTarget> },
    /// A session as it was when it was selected. The store has its current tokens.
    Session { source: CredentialSource, session: Box<OauthCredential> },
}

/// The servers that a key may be sent to.
#[derive(Clone, Debug)]
pub(crate) struct KeyTarget {
    pub(crate) issuer: BaseUrl,
    /// `None` means that of the metadata of the issuer.
    pub(crate) api_base: Option<BaseUrl>,
    /// An API that the command line names for a key of the environment. The key is sent there only if it is the API of
    /// the issuer by its metadata.
    pub(crate) unconfirmed: Option<BaseUrl>,
}

impl ActiveCredential {
    /// The authorization server that issued the credential.
    pub(crate) fn issuer(&self) -> &BaseUrl {
        match self {
            Self::Key { target, .. } => &target.issuer,
            Self::Session { session, .. } => &session.issuer,
        }
    }

    pub(crate) fn source(&self) -> &CredentialSource {
        match self {
            Self::Key { source, .. } | Self::Session { source, .. } => source,
        }
    }
}

/// Selects the credential; `None` if there is none.
pub(crate) fn choose(context: &Context) -> Result<Option<ActiveCredential>, ErrorKind> {
    let chosen = match given(context)? {
        Some((source, text)) => Some(given_key(context, source, &text)?),
        None => stored(context)?,
    };
    if let Some(chosen) = &chosen {
        context.trace.note(&format!("credential {}", chosen.source()));
    }
    Ok(chosen)
}

/// Name and value of the variable with an API key, which takes precedence over profiles.
pub(crate) fn key_variable(context: &Context) -> Result<Option<(String, String)>, ErrorKind> {
    let brand = context.brand();
    let [key, token] = ["API_KEY", "API_TOKEN"].map(|suffix| {
        context.environment.own(brand, suffix).map(|value| (brand.variable(suffix), value.to_owned()))
    });
    match (key, token) {
        (Some((key_name, key)), Some((token_name, token))) if key.trim() != token.trim() => {
            Err(ErrorKind::Usage {
                message: format!("{key_name} and {token_name} are both set, and differ"),
                hint: Some(format!("They have the same meaning; unset {token_name}.")),
            })
        }
        (key, token) => Ok(key.or(token)),
    }
}

fn given(context: &Context) -> Result<Option<(CredentialSource, String)>, ErrorKind> {
    if let Some(flag) = context.globals.api_key.as_ref().filter(|flag| !flag.expose().is_empty()) {
        return Ok(Some((CredentialSource::Flag, flag.expose().to_owned())));
    }
    // An explicit --profile takes precedence over the environment.
    if context.globals.profile.is_some() {
        return Ok(None);
    }
    Ok(key_variable(context)?.map(|(name, value)| (CredentialSource::Variable(name), value)))
}

fn given_key(context: &Context, source: CredentialSource, text: &str) -> Result<ActiveCredential, ErrorKind> {
    let key = keys::parse(text, context.brand().key_prefixes())
        .map_err(|problem| ErrorKind::InvalidKeyFormat { source: source.clone(), problem })?;
    let target = Box::new(match source {
        CredentialSource::Variable(_) => target_of_variable(context, &source)?,
        _ => KeyTarget {
            issuer: context.wanted_issuer()?.unwrap_or_else(|| context.app.issuer.clone()),
            api_base: context.wanted_api_base()?.or_else(|| context.app.api_base.clone()),
            unconfirmed: None,
        },
    });
    Ok(ActiveCredential::Key { source, key, target })
}

/// The servers of a key in the environment: those that the environment, the settings or the tool name. A flag cannot name
/// others, because a user who types it may not think of the key that is sent along.
fn target_of_variable(context: &Context, source: &CredentialSource) -> Result<KeyTarget, ErrorKind> {
    let mismatch = |asked: &BaseUrl, bound: &BaseUrl| {
        Err(ErrorKind::HostMismatch { source: source.clone(), asked: asked.host(), bound: bound.host() })
    };
    let issuer = context.configured_issuer()?.unwrap_or_else(|| context.app.issuer.clone());
    if let Some(asked) = context.globals.issuer.as_ref().filter(|asked| **asked != issuer) {
        return mismatch(asked, &issuer);
    }
    let api_base = context.configured_api_base()?.or_else(|| context.app.api_base.clone());
    let Some(asked) = context.globals.api_base.clone() else {
        return Ok(KeyTarget { issuer, api_base, unconfirmed: None });
    };
    match &api_base {
        Some(own) if asked.same_origin(own) => {
            Ok(KeyTarget { issuer, api_base: Some(asked), unconfirmed: None })
        }
        Some(own) => mismatch(&asked, own),
        None if asked.same_origin(&issuer) => {
            Ok(KeyTarget { issuer, api_base: Some(asked), unconfirmed: None })
        }
        None => Ok(KeyTarget { issuer, api_base: None, unconfirmed: Some(asked) }),
    }
}

/// The credential of the profile. `Err` if it belongs to another server or organization than the requested one.
fn stored(context: &Context) -> Result<Option<ActiveCredential>, ErrorKind> {
    let document = context.store.read()?;
    context.note_issuer(&document);
    context.check_kind(&document)?;
    let Some(credential) = document.get(&context.profile) else { return Ok(None) };
    context.learn(credential);
    let source = CredentialSource::Profile(Box::new(context.stored_profile()));
    let bound = |asked: Option<BaseUrl>, own: &BaseUrl, same: fn(&BaseUrl, &BaseUrl) -> bool| match asked {
        Some(asked) if !same(&asked, own) => {
            Err(ErrorKind::HostMismatch { source: source.clone(), asked: asked.host(), bound: own.host() })
        }
        Some(_) | None => Ok(()),
    };
    match credential {
        Credential::Oauth(session) => {
            bound(context.wanted_issuer()?, &session.issuer, |asked, own| asked == own)?;
            bound(context.wanted_api_base()?, &session.api_base, BaseUrl::same_origin)?;
            if let (Some(asked), Some(org)) = (context.wanted_org(), &session.org)
                && !org.matches(&asked)
            {
                let bound = org.display_name().to_owned();
                return Err(ErrorKind::OrganizationMismatch { source, asked, bound });
            }
            let session = Box::new(session.as_ref().clone().corrected(context.now()));
            Ok(Some(ActiveCredential::Session { source, session }))
        }
        Credential::ApiKey(stored) => {
            if let Some(own) = &stored.issuer {
                bound(context.globals.issuer.clone(), own, |asked, own| asked == own)?;
            }
            let issuer = stored.issuer.clone().unwrap_or_else(|| context.app.issuer.clone());
            let api_base = stored
                .api_base
                .clone()
                .or_else(|| context.profile_config().api_base)
                .or_else(|| context.app.api_base.clone());
            bound(context.wanted_api_base()?, api_base.as_ref().unwrap_or(&issuer), BaseUrl::same_origin)?;
            let target = Box::new(KeyTarget { issuer, api_base, unconfirmed: None });
            Ok(Some(ActiveCredential::Key { source, key: stored.api_key.clone(), target }))
        }
    }
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
