//! Login with a browser, a device code, a copied code or an API key.

mod attempt;
mod browser;
mod callback;
mod device;
mod device_info;
mod finish;
mod key;
mod loopback;
mod options;
mod pace;
mod page;
mod paste;
mod pasted;
mod pending;
mod sign_in_method;
mod stop;
mod store;
mod wait;

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;

use super::base_url::BaseUrl;
use super::context::Context;
use super::credentials::{AccountRef, Credential, CredentialState, OrgRef};
use super::error::ErrorKind;
use super::oauth::PkceSession;
use super::profile::ProfileName;
use super::ui::CodeScreen;
use attempt::Attempt;
use pace::Pace;
use pending::{Handle, Pending};
use sign_in_method::{LoginEnvironment, SignInMethod};

pub use key::StoredKey;
pub(crate) use key::sign_in as login_with_key;
pub use options::{KeyLoginOptions, LoginOptions};
#[cfg(feature = "cli")]
pub(crate) use stop::prompt_secret;

/// A login that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletedLogin {
    /// The profile that holds the session.
    pub profile: ProfileName,
    /// The account; `None` if the server did not identify it.
    pub account: Option<AccountRef>,
    /// The organization of the session; `None` if it has none.
    pub org: Option<OrgRef>,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// The credentials file.
    pub stored_in: PathBuf,
    /// The lifetime of an access token.
    pub access_lifetime: Duration,
    /// How long the session lives without being refreshed; `None` if the server does not say.
    pub idle_lifetime: Option<Duration>,
    /// Whether the server issued a refresh token.
    pub refreshable: bool,
}

/// A login that waits for approval. [`App::resume_login`](crate::App::resume_login) completes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedLogin {
    /// The device code and the page to enter it on.
    pub screen: CodeScreen,
    /// The handle for [`App::resume_login`](crate::App::resume_login).
    pub handle: String,
}

/// The outcome of a sign-in method.
enum Step {
    SignedIn(Box<CompletedLogin>),
    /// Go on with another method, at the request of the user or the server.
    Change(SignInMethod),
}

/// Runs a login and stores the session.
pub(crate) async fn login(context: &Context, options: &LoginOptions) -> Result<CompletedLogin, ErrorKind> {
    let method = sign_in_method::choose(LoginEnvironment::detect(context, options.method)?)?;
    let stored = store::prepare(context).await?;
    let issuer = context.issuer_for(options.issuer.as_ref(), stored.as_ref())?;
    may_replace(context, options.force, stored.as_ref(), &issuer).await?;
    let attempt = Attempt::begin(context, options, &issuer, stored.as_ref()).await?;
    may_narrow(context, options.force, stored.as_ref(), attempt.scopes()).await?;
    drive(&attempt, Step::Change(method)).await
}

/// Requests a device code and saves it for [`resume`].
pub(crate) async fn start(context: &Context, options: &LoginOptions) -> Result<StartedLogin, ErrorKind> {
    let stored = store::prepare(context).await?;
    let issuer = context.issuer_for(options.issuer.as_ref(), stored.as_ref())?;
    may_replace(context, options.force, stored.as_ref(), &issuer).await?;
    let attempt = Attempt::begin(context, options, &issuer, stored.as_ref()).await?;
    may_narrow(context, options.force, stored.as_ref(), attempt.scopes()).await?;
    let code = attempt
        .device_code()
        .await?
        .ok_or_else(|| ErrorKind::DeviceCodesUnavailable { host: issuer.host() })?;
    let screen = device::screen(options, &code, code.lifetime());
    let lifetime = TimeDelta::from_std(code.lifetime()).unwrap_or(TimeDelta::MAX);
    let pending = Pending {
        profile: context.profile.clone(),
        named_issuer: context.named_issuer(options.issuer.as_ref()).is_some(),
        force: options.force,
        scopes: attempt.scopes().to_vec(),
        expires_at: context
            .now()
            .checked_add_signed(lifetime)
            .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC),
        code,
        issuer,
    };
    Ok(StartedLogin { screen, handle: pending.save(context).await?.to_string() })
}

/// Completes a login started with [`start`].
pub(crate) async fn resume(
    context: &Context,
    handle: &str,
    timeout: Option<Duration>,
) -> Result<CompletedLogin, ErrorKind> {
    let handle = Handle::parse(handle)?;
    let pending = Pending::load(context, &handle).await?;
    if pending.profile != context.profile {
        return Err(ErrorKind::Usage {
            message: format!("{handle} belongs to profile {}", pending.profile),
            hint: Some(format!("Add --profile {}.", pending.profile)),
        });
    }
    let stored = store::prepare(context).await?;
    let issuer = pending.issuer;
    may_replace(context, pending.force, stored.as_ref(), &issuer).await?;
    let named = pending.named_issuer.then(|| issuer.clone());
    let options = LoginOptions {
        issuer: named,
        timeout,
        scopes: pending.scopes,
        force: pending.force,
        ..LoginOptions::default()
    };
    let attempt = Attempt::begin(context, &options, &issuer, stored.as_ref()).await?;
    // The clock may have been set back since.
    let left = (pending.expires_at - context.now()).to_std().unwrap_or_default().min(pending.code.lifetime());
    let pace = Pace::of(pending.code.interval());
    let result = match device::approve(&attempt, &pending.code, left, false, pace).await {
        Ok(step) => drive(&attempt, step).await,
        Err(kind) => Err(kind),
    };
    match &result {
        // Not answered yet, so it can be resumed again.
        Err(ErrorKind::Interrupted | ErrorKind::CodeExpired { .. } | ErrorKind::Unreachable { .. }) => {}
        Ok(_) | Err(_) => Pending::forget(context, &handle).await,
    }
    result
}

/// Runs sign-in methods until one yields a session.
async fn drive(attempt: &Attempt<'_>, mut step: Step) -> Result<CompletedLogin, ErrorKind> {
    loop {
        step = match step {
            Step::SignedIn(completed) => return Ok(*completed),
            Step::Change(SignInMethod::Browser { opens }) => browser::sign_in(attempt, opens).await?,
            Step::Change(SignInMethod::Device { opens, without_codes }) => {
                device::sign_in(attempt, opens, without_codes).await?
            }
            Step::Change(SignInMethod::Paste) => paste::sign_in(attempt, &PkceSession::new()?, None).await?,
        };
    }
}

/// Asks for confirmation before anything but a session of the same issuer is replaced.
async fn may_replace(
    context: &Context,
    force: bool,
    stored: Option<&Credential>,
    issuer: &BaseUrl,
) -> Result<(), ErrorKind> {
    let what = match stored {
        None => return Ok(()),
        Some(Credential::Oauth(session)) if &session.issuer == issuer => return Ok(()),
        Some(stored) => in_words(stored),
    };
    confirm_replacement(context, force, &what, &format!("a session at {}", issuer.host())).await
}

/// Asks for confirmation before a session is replaced with one that has fewer scopes.
async fn may_narrow(
    context: &Context,
    force: bool,
    stored: Option<&Credential>,
    asked: &[String],
) -> Result<(), ErrorKind> {
    let Some(session) = stored.and_then(Credential::as_oauth) else { return Ok(()) };
    let lost: Vec<&str> =
        session.scopes.iter().filter(|held| !asked.contains(held)).map(String::as_str).collect();
    if asked.is_empty() || lost.is_empty() || session.state != CredentialState::Ok {
        return Ok(());
    }
    let (profile, lost) = (&context.profile, lost.join(" "));
    let new = asked.iter().filter(|scope| !session.scopes.contains(scope));
    let both: Vec<&str> = session.scopes.iter().chain(new).map(String::as_str).collect();
    let question =
        format!("The session of profile {profile} also has {lost}. Replace it with a session without them?");
    if force || context.confirm(question).await == Some(true) {
        return Ok(());
    }
    Err(ErrorKind::Usage {
        message: format!("This sign-in would remove {lost} from profile {profile}"),
        hint: Some(format!(
            "Use --scopes {} to have both, --force to replace the session, or --profile NAME to keep it.",
            both.join(",")
        )),
    })
}

/// The credential, as part of a sentence.
fn in_words(stored: &Credential) -> String {
    match stored {
        Credential::Oauth(session) => format!("a session at {}", session.issuer.host()),
        Credential::ApiKey(_) => "an API key".to_owned(),
    }
}

async fn confirm_replacement(context: &Context, force: bool, what: &str, by: &str) -> Result<(), ErrorKind> {
    let profile = &context.profile;
    let question = format!("Profile {profile} has {what}. Replace it with {by}?");
    if force || context.confirm(question).await == Some(true) {
        return Ok(());
    }
    Err(ErrorKind::Usage {
        message: format!("Profile {profile} holds {what}"),
        hint: Some("Use --force to replace it, or --profile NAME to keep both.".into()),
    })
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;

#[cfg(test)]
mod sign_in_method_tests;
