//! The commands and their screens, the same for every tool.

mod audit;
mod doctor;
mod helper;
mod key;
mod list;
mod login;
mod logout;
mod org;
mod pat;
mod profile;
mod refresh;
mod scope;
mod sessions;
mod static_credential;
mod status;
mod token;
mod whoami;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::args::{AuthCommand, Globals, SessionsCommand, ToolCommand};
use super::context::Context;
use super::env::Environment;
use super::error::{Error, ErrorKind, MissingScope, ScopeRemedy};
use super::login::{
    CompletedLogin, KeyLoginOptions, LoginOptions, StartedLogin, StoredKey, login, login_with_key, resume,
    start,
};
use super::redact::Redactor;
use super::screen::{Icon, Screen};
use super::secret::Secret;
use super::session::{Session, choose, key_variable};
use super::source::CredentialSource;

impl App {
    /// Runs a command: `auth ...`, or one of the others that a [`ToolCommand`] holds.
    pub async fn run(&self, command: impl Into<ToolCommand>, globals: &Globals) -> Result<(), Error> {
        let context = Arc::new(self.context(globals)?);
        let command = command.into();
        let result = match execute(&context, command.clone()).await {
            Err(ErrorKind::InsufficientScope(missing)) if missing.remedy == ScopeRemedy::SignIn => {
                widened(&context, command, missing).await
            }
            result => result,
        };
        context.say_warnings();
        result.map_err(|kind| context.error(kind))
    }

    /// Signs in and stores the session.
    pub async fn login(&self, globals: &Globals, options: &LoginOptions) -> Result<CompletedLogin, Error> {
        let context = self.context(globals)?;
        login(&context, options).await.map_err(|kind| context.error(kind))
    }

    /// Gets a device code and keeps it, so that another process can wait for its approval.
    pub async fn start_login(
        &self,
        globals: &Globals,
        options: &LoginOptions,
    ) -> Result<StartedLogin, Error> {
        let context = self.context(globals)?;
        start(&context, options).await.map_err(|kind| context.error(kind))
    }

    /// Waits for the approval of what [`start_login`](Self::start_login) began, and stores the session.
    pub async fn resume_login(
        &self,
        globals: &Globals,
        handle: &str,
        timeout: Option<Duration>,
    ) -> Result<CompletedLogin, Error> {
        let context = self.context(globals)?;
        resume(&context, handle, timeout).await.map_err(|kind| context.error(kind))
    }

    /// Checks a key, verifies it at the server, and stores it.
    pub async fn login_with_key(
        &self,
        globals: &Globals,
        key: &Secret,
        options: &KeyLoginOptions,
    ) -> Result<StoredKey, Error> {
        let context = self.context(globals)?;
        let stored = login_with_key(&context, key, CredentialSource::NewLogin, options).await;
        stored.map_err(|kind| context.error(kind))
    }

    /// The credential to use: the flag, the environment, the profile, else a sign-in if somebody is there and says
    /// yes.
    pub async fn session(&self, globals: &Globals) -> Result<Session, Error> {
        let context = Arc::new(self.context(globals)?);
        let session = session_or_login(&context).await;
        context.say_warnings();
        session.map_err(|kind| context.error(kind))
    }

    /// Where the files of the tool are.
    pub fn paths(&self) -> Result<super::paths::Paths, Error> {
        super::paths::Paths::find(&self.brand, &self.environment()).map_err(|kind| self.error(kind))
    }

    /// The profile that an invocation with these arguments works with.
    pub fn profile(&self, globals: &Globals) -> Result<super::profile::ProfileName, Error> {
        Ok(self.context(globals)?.profile)
    }

    /// The screen of an invocation with these arguments.
    pub fn screen(&self, globals: &Globals) -> Screen {
        Screen::new(globals, &self.environment(), Redactor::new(self.brand.key_prefixes()))
    }

    /// An [`Error`] of this kind, worded for this tool.
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.brand.clone())
    }

    fn environment(&self) -> Environment {
        self.dependencies.environment.clone().unwrap_or_else(Environment::of_process)
    }

    fn context(&self, globals: &Globals) -> Result<Context, Error> {
        Context::new(self, globals).map_err(|kind| self.error(kind))
    }
}

async fn execute(context: &Arc<Context>, command: ToolCommand) -> Result<(), ErrorKind> {
    match command {
        ToolCommand::Auth(command) => auth(context, command).await,
        ToolCommand::Profile(command) => profile::run(context, command).await,
        ToolCommand::Org(command) => org::run(context, command).await,
        ToolCommand::Key(command) => key::run(context, command).await,
        ToolCommand::Pat(command) => pat::run(context, command).await,
        ToolCommand::Scope(command) => scope::run(context, command).await,
        ToolCommand::Audit(command) => audit::run(context, command).await,
        ToolCommand::CredentialHelper(command) => helper::run(context, command).await,
    }
}

/// Offers a person, once, to sign in again with the scopes that a command lacks, and runs the command again. The server
/// refused it before anything was done.
async fn widened(
    context: &Arc<Context>,
    command: ToolCommand,
    missing: Box<MissingScope>,
) -> Result<(), ErrorKind> {
    let scopes: Vec<&str> = missing.required.iter().map(String::as_str).collect();
    let question = format!("Your session lacks the scope {}. Sign in again to add it?", scopes.join(" "));
    if !context.interactive || context.ui.confirm_default_yes(&question) != Some(true) {
        return Err(ErrorKind::InsufficientScope(missing));
    }
    refresh::widen(context, &scopes).await?;
    match execute(context, command).await {
        Err(ErrorKind::InsufficientScope(missing)) if missing.remedy == ScopeRemedy::SignIn => {
            Err(ErrorKind::InsufficientScope(Box::new(MissingScope {
                remedy: ScopeRemedy::NotHeld,
                ..*missing
            })))
        }
        result => result,
    }
}

async fn auth(context: &Arc<Context>, command: AuthCommand) -> Result<(), ErrorKind> {
    match command {
        AuthCommand::Login(args) => return login::run(context, *args).await,
        AuthCommand::Logout(args) => logout::run(context, args).await?,
        AuthCommand::Status(args) => status::run(context, args).await?,
        AuthCommand::Whoami => whoami::run(context).await?,
        AuthCommand::Token(args) => token::run(context, args).await?,
        AuthCommand::Refresh(args) => refresh::run(context, args).await?,
        AuthCommand::Switch(args) => profile::switch(context, args.name)?,
        AuthCommand::Sessions { command } => {
            sessions::run(context, command.unwrap_or(SessionsCommand::List)).await?;
        }
        AuthCommand::Doctor(args) => return doctor::run(context, args).await,
    }
    announce_variable(context)
}

/// A key of the environment wins over every profile, which nobody expects who has forgotten it.
fn announce_variable(context: &Context) -> Result<(), ErrorKind> {
    // Who names a credential knows which one is used.
    if context.globals.api_key.is_some() || context.globals.profile.is_some() {
        return Ok(());
    }
    if let Some((variable, _)) = key_variable(context)? {
        let hidden = context.store.read()?.get(&context.profile).map(|_| &context.profile);
        let instead = hidden.map(|profile| format!(" instead of profile {profile}")).unwrap_or_default();
        context.screen.say(Icon::Attention, &format!("{variable} is set and used{instead}"));
    }
    Ok(())
}

/// Ends a process: the error on standard error, in JSON if that was asked for, and its exit code.
pub fn main_exit(result: Result<(), Error>, screen: &Screen) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.error(&error);
            error.exit_code().into()
        }
    }
}

/// The session that is there.
pub(super) fn session(context: &Arc<Context>) -> Result<Session, ErrorKind> {
    let chosen = choose(context)?.ok_or(ErrorKind::NotAuthenticated)?;
    Ok(Session { context: context.clone(), chosen })
}

async fn session_or_login(context: &Arc<Context>) -> Result<Session, ErrorKind> {
    match session(context) {
        Err(ErrorKind::NotAuthenticated) if context.interactive => {
            if context.ui.confirm("You are not signed in. Sign in with your browser now?") != Some(true) {
                return Err(ErrorKind::NotAuthenticated);
            }
            login(context, &LoginOptions::default()).await?;
            session(context)
        }
        session => session,
    }
}
