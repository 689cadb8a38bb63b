//! Signing in.

mod browser;
mod callback;
mod device;
mod loopback;
mod page;
mod road;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use super::args::LoginArgs;
use super::base_url::BaseUrl;
use super::context::Context;
use super::credentials::{AccountRef, Credential, OrgRef};
use super::error::Fault;
use super::profile::ProfileName;
use road::{Road, Surroundings};

/// How to sign in.
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    /// Use the browser, also where nobody seems to be.
    pub browser: bool,
    /// Sign in at this server.
    pub issuer: Option<BaseUrl>,
    /// Ask for these scopes; the tool's own if empty.
    pub scopes: Vec<String>,
    /// Listen on this port; any if 0.
    pub port: u16,
    /// Wait this long; 5 minutes unless said.
    pub timeout: Option<Duration>,
    /// Replace what the profile holds without asking.
    pub force: bool,
    /// Call this machine so.
    pub device_name: Option<String>,
    /// Who will sign in.
    pub login_hint: Option<String>,
}

impl From<LoginArgs> for LoginOptions {
    fn from(args: LoginArgs) -> Self {
        Self {
            browser: args.browser,
            issuer: args.issuer,
            scopes: args.scopes.into_iter().filter(|scope| !scope.is_empty()).collect(),
            port: args.port,
            timeout: args.timeout,
            force: args.force,
            device_name: args.name,
            login_hint: args.login_hint,
        }
    }
}

/// What a sign-in gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The profile that holds it.
    pub profile: ProfileName,
    /// Who signed in, if the server said so.
    pub account: Option<AccountRef>,
    /// For which organization.
    pub org: Option<OrgRef>,
    /// What the session may do.
    pub scopes: Vec<String>,
    /// Where it is stored.
    pub stored_in: PathBuf,
    /// How long an access token lasts.
    pub access_lifetime: Duration,
    /// How long the session lasts without use.
    pub idle_lifetime: Option<Duration>,
    /// Whether the access token is renewed without the person.
    pub refreshable: bool,
}

/// Signs in and stores the session.
pub(crate) async fn login(context: &Context, options: &LoginOptions) -> Result<Account, Fault> {
    let road = road::choose(Surroundings::look(context, options.browser)?)?;
    let stored = store::prepare(context)?;
    let issuer = choose_issuer(context, options, stored.as_ref())?;
    may_replace(context, options, stored.as_ref(), &issuer)?;
    match road {
        Road::Browser { opens } => browser::sign_in(context, options, &issuer, stored.as_ref(), opens).await,
    }
}

/// The flag, the variable, the settings, the server of last time, the tool's own.
fn choose_issuer(
    context: &Context,
    options: &LoginOptions,
    stored: Option<&Credential>,
) -> Result<BaseUrl, Fault> {
    if let Some(flag) = &options.issuer {
        return Ok(flag.clone());
    }
    if let Some(wanted) = context.wanted_issuer()? {
        return Ok(wanted);
    }
    let last = stored.and_then(Credential::as_oauth).map(|session| session.issuer.clone());
    Ok(last.unwrap_or_else(|| context.app.issuer.clone()))
}

/// A sign-in may renew what the profile holds; replacing something else needs a word.
fn may_replace(
    context: &Context,
    options: &LoginOptions,
    stored: Option<&Credential>,
    issuer: &BaseUrl,
) -> Result<(), Fault> {
    let what = match stored {
        None => return Ok(()),
        Some(Credential::Oauth(session)) if &session.issuer == issuer => return Ok(()),
        Some(Credential::Oauth(session)) => format!("a session at {}", session.issuer.host()),
        Some(Credential::ApiKey(_)) => "an API key".to_owned(),
    };
    let profile = &context.profile;
    let question = format!("Profile {profile} holds {what}. Replace it with a session at {}?", issuer.host());
    if options.force || context.ui.confirm(&question) == Some(true) {
        return Ok(());
    }
    Err(Fault::Usage {
        message: format!("Profile {profile} holds {what}"),
        hint: Some("Use --force to replace it, or --profile NAME to keep both.".into()),
    })
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
