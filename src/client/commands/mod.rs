//! The `auth` commands and their screens, the same for every tool.

mod login;
mod logout;
mod refresh;
mod status;
mod token;
mod whoami;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::args::{AuthCommand, Globals};
use super::context::Context;
use super::env::Environment;
use super::error::{Error, Fault};
use super::login::{
    Account, KeyOptions, LoginOptions, StartedLogin, StoredKey, login, login_with_key, resume, start,
};
use super::redact::Redactor;
use super::screen::Screen;
use super::secret::Secret;
use super::session::{Session, choose};
use super::source::CredentialSource;

impl App {
    /// Runs one of the `auth` commands.
    pub async fn run(&self, command: AuthCommand, globals: &Globals) -> Result<(), Error> {
        let context = Arc::new(self.context(globals)?);
        let result = match command {
            AuthCommand::Login(args) => login::run(&context, *args).await,
            AuthCommand::Logout(args) => logout::run(&context, args).await,
            AuthCommand::Status(args) => status::run(&context, args).await,
            AuthCommand::Whoami => whoami::run(&context).await,
            AuthCommand::Token(args) => token::run(&context, args).await,
            AuthCommand::Refresh => refresh::run(&context).await,
        };
        context.say_warnings();
        result.map_err(|fault| context.error(fault))
    }

    /// Signs in and stores the session.
    pub async fn login(&self, globals: &Globals, options: &LoginOptions) -> Result<Account, Error> {
        let context = self.context(globals)?;
        login(&context, options).await.map_err(|fault| context.error(fault))
    }

    /// Gets a device code and keeps it, so that another process can wait for its approval.
    pub async fn start_login(
        &self,
        globals: &Globals,
        options: &LoginOptions,
    ) -> Result<StartedLogin, Error> {
        let context = self.context(globals)?;
        start(&context, options).await.map_err(|fault| context.error(fault))
    }

    /// Waits for the approval of what [`start_login`](Self::start_login) began, and stores the session.
    pub async fn resume_login(
        &self,
        globals: &Globals,
        handle: &str,
        timeout: Option<Duration>,
    ) -> Result<Account, Error> {
        let context = self.context(globals)?;
        resume(&context, handle, timeout).await.map_err(|fault| context.error(fault))
    }

    /// Checks a key, verifies it at the server, and stores it.
    pub async fn login_with_key(
        &self,
        globals: &Globals,
        key: &Secret,
        options: &KeyOptions,
    ) -> Result<StoredKey, Error> {
        let context = self.context(globals)?;
        let stored = login_with_key(&context, key, CredentialSource::Fresh, options).await;
        stored.map_err(|fault| context.error(fault))
    }

    /// The credential to use: the flag, the environment, the profile, else a sign-in if somebody is there and says
    /// yes.
    pub async fn session(&self, globals: &Globals) -> Result<Session, Error> {
        let context = Arc::new(self.context(globals)?);
        let session = session_or_login(&context).await;
        context.say_warnings();
        session.map_err(|fault| context.error(fault))
    }

    /// Where the files of the tool are.
    pub fn paths(&self) -> Result<super::paths::Paths, Error> {
        super::paths::Paths::find(&self.brand, &self.environment()).map_err(|fault| self.error(fault))
    }

    /// The profile that an invocation with these arguments works with.
    pub fn profile(&self, globals: &Globals) -> Result<super::profile::ProfileName, Error> {
        Ok(self.context(globals)?.profile)
    }

    /// The screen of an invocation with these arguments.
    pub fn screen(&self, globals: &Globals) -> Screen {
        Screen::new(globals, &self.environment(), Redactor::new(self.brand.key_prefixes()))
    }

    /// A fault in the words of this tool.
    pub fn error(&self, fault: Fault) -> Error {
        Error::new(fault, self.brand.clone())
    }

    fn environment(&self) -> Environment {
        self.seams.environment.clone().unwrap_or_else(Environment::of_process)
    }

    fn context(&self, globals: &Globals) -> Result<Context, Error> {
        Context::new(self, globals).map_err(|fault| self.error(fault))
    }
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
pub(super) fn session(context: &Arc<Context>) -> Result<Session, Fault> {
    let chosen = choose(context)?.ok_or(Fault::NotAuthenticated)?;
    Ok(Session { context: context.clone(), chosen })
}

async fn session_or_login(context: &Arc<Context>) -> Result<Session, Fault> {
    match session(context) {
        Err(Fault::NotAuthenticated) if context.interactive => {
            if context.ui.confirm("You are not signed in. Sign in with your browser now?") != Some(true) {
                return Err(Fault::NotAuthenticated);
            }
            login(context, &LoginOptions::default()).await?;
            session(context)
        }
        session => session,
    }
}
