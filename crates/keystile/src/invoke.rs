//! The operations of an [`App`].

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::args::{self, Globals};
use super::command_line::ToolCommand;
use super::commands;
use super::context::Context;
use super::env::Environment;
use super::error::{Error, ErrorKind};
use super::login::{self, CompletedLogin, KeyLoginOptions, LoginOptions, StartedLogin, StoredKey};
use super::output::Output;
use super::screen::Screen;
use super::secret::Secret;
use super::session::Session;
use super::source::CredentialSource;

impl App {
    /// Runs a command of the library and prints its result. Takes an [`AuthCommand`](crate::AuthCommand), any other
    /// command type, or a [`ToolCommand`], which is one of them.
    pub async fn run(&self, command: impl Into<ToolCommand>, globals: &Globals) -> Result<(), Error> {
        let command = command.into().0;
        if let args::ToolCommand::Config(args::ConfigCommand::Setting(command)) = &command {
            return commands::change_settings(self, globals, command).map_err(|kind| self.error(kind));
        }
        let context = Arc::new(self.context(globals)?);
        let result = commands::run(&context, command).await;
        context.print_warnings();
        result.map_err(|kind| context.error(kind))
    }

    /// Signs a user in and stores the session in the profile. Shows the link or the code through the
    /// [`LoginUi`](crate::LoginUi), waits for the approval, and revokes the session that it replaces. Nothing is stored
    /// if it fails.
    ///
    /// Needs a Tokio runtime with I/O and time enabled, as all other async calls do. Ctrl-C, SIGTERM and SIGHUP end the
    /// wait with [`Interrupted`](ErrorKind::Interrupted); afterwards they end the process again.
    pub async fn login(&self, globals: &Globals, options: &LoginOptions) -> Result<CompletedLogin, Error> {
        let context = self.context(globals)?;
        login::login(&context, options).await.map_err(|kind| context.error(kind))
    }

    /// Requests a device code (RFC 8628, section 3.1) and returns without waiting for the approval. Another call or
    /// process completes the login with [`resume_login`](Self::resume_login); until then its state is in a file with
    /// mode 0600.
    pub async fn start_login(
        &self,
        globals: &Globals,
        options: &LoginOptions,
    ) -> Result<StartedLogin, Error> {
        let context = self.context(globals)?;
        login::start(&context, options).await.map_err(|kind| context.error(kind))
    }

    /// Waits for the approval of a login that [`start_login`](Self::start_login) began, and stores the session. Waits
    /// for the lifetime of the device code, or for `timeout` if that is shorter. After
    /// [`CodeExpired`](ErrorKind::CodeExpired) by `timeout`, [`Unreachable`](ErrorKind::Unreachable) or
    /// [`Interrupted`](ErrorKind::Interrupted) it can be called again.
    pub async fn resume_login(
        &self,
        globals: &Globals,
        handle: &str,
        timeout: Option<Duration>,
    ) -> Result<CompletedLogin, Error> {
        let context = self.context(globals)?;
        login::resume(&context, handle, timeout).await.map_err(|kind| context.error(kind))
    }

    /// Checks the format of an API key or personal token, verifies it at the server and stores it in the profile.
    /// A key that the server rejects is not stored. If the server cannot be reached, the key is stored unverified, unless
    /// it would replace a credential that works.
    pub async fn login_with_key(
        &self,
        globals: &Globals,
        key: &Secret,
        options: &KeyLoginOptions,
    ) -> Result<StoredKey, Error> {
        let context = self.context(globals)?;
        let stored = login::login_with_key(&context, key, CredentialSource::NewLogin, options).await;
        stored.map_err(|kind| context.error(kind))
    }

    /// The credential in use: `--api-key`, else the environment variable, else the profile. If there is none, asks a user
    /// at a terminal to sign in; without a terminal it fails with [`NotAuthenticated`](ErrorKind::NotAuthenticated).
    pub async fn session(&self, globals: &Globals) -> Result<Session, Error> {
        let context = Arc::new(self.context(globals)?);
        let session = commands::session_or_login(&context).await;
        context.print_warnings();
        session.map_err(|kind| context.error(kind))
    }

    /// Standard output and standard error for commands of the tool itself.
    pub fn screen(&self, globals: &Globals) -> Screen {
        Screen::new(self.output(globals), self.brand.clone())
    }

    /// Creates an error of this kind, worded for this tool.
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.brand.clone())
    }

    pub(crate) fn output(&self, globals: &Globals) -> Output {
        Output::new(globals, &self.environment(), &self.brand, self.redactor.clone())
    }

    pub(crate) fn environment(&self) -> Environment {
        self.dependencies.environment.clone().unwrap_or_else(Environment::from_process)
    }

    pub(crate) fn context(&self, globals: &Globals) -> Result<Context, Error> {
        Context::new(self, globals).map_err(|kind| self.error(kind))
    }
}

/// Returns the exit code of a result, and prints an error on standard error.
pub fn main_exit(result: Result<(), Error>, screen: &Screen) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.error(&error);
            error.exit_code().into()
        }
    }
}
