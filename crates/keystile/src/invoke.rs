//! The operations of an [`App`].

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::context::Context;
use super::env::Environment;
use super::error::{Error, ErrorKind};
use super::globals::Globals;
use super::login::{self, CompletedLogin, KeyLoginOptions, LoginOptions, StartedLogin, StoredKey};
use super::offload::offload;
use super::open_session::session_or_login;
use super::output::Output;
use super::profile::ProfileName;
use super::screen::Screen;
use super::secret::Secret;
use super::session::{self, AtServer, Session};
use super::source::CredentialSource;

/// A profile that was signed out by [`App::logout`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedOut {
    /// The profile, which is empty now.
    pub profile: ProfileName,
    /// Why the server did not revoke the session, which then stays valid until it expires; `None` if it did.
    pub not_revoked: Option<Error>,
}

impl App {
    /// Signs a user in and stores the session in the profile. Shows the link or the code through the
    /// [`LoginUi`](crate::LoginUi), waits for the approval, and revokes the session that it replaces. Nothing is stored
    /// if it fails.
    ///
    /// Needs a Tokio runtime with I/O and time enabled, as all other async calls do. Drop the future to cancel the login,
    /// for example on `tokio::signal::ctrl_c`: no signal is handled here. Dropped in the moment in which the user approves,
    /// it may leave a session at the server that no one uses, which ends by itself or in the user's list of sessions.
    pub async fn login(&self, globals: &Globals, options: &LoginOptions) -> Result<CompletedLogin, Error> {
        let context = self.load(globals).await?;
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
        let context = self.load(globals).await?;
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
        let context = self.load(globals).await?;
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
        let context = self.load(globals).await?;
        let stored = login::login_with_key(&context, key, CredentialSource::NewLogin, options).await;
        stored.map_err(|kind| context.error(kind))
    }

    /// The credential in use: the first of `--api-key`, the environment variable and the profile. If there is none, asks
    /// a user at a terminal to sign in; without a terminal it fails with
    /// [`NotAuthenticated`](ErrorKind::NotAuthenticated).
    ///
    /// If the future is dropped while it asks, a thread keeps waiting for the next line of standard input.
    pub async fn session(&self, globals: &Globals) -> Result<Session, Error> {
        let context = Arc::new(self.load(globals).await?);
        let session = session_or_login(&context).await;
        context.print_warnings();
        session.map_err(|kind| context.error(kind))
    }

    /// Revokes the session of the profile at the server (RFC 7009), then removes the credential from this machine; an API
    /// key is only removed. `None` if the profile is empty. If the server cannot be reached, the credential is removed
    /// anyway, and [`SignedOut::not_revoked`] says why.
    pub async fn logout(&self, globals: &Globals) -> Result<Option<SignedOut>, Error> {
        let context = self.load(globals).await?;
        let removed = session::sign_out(&context, &context.profile, false, |_| {}).await;
        let Some(removed) = removed.map_err(|kind| context.error(kind))? else { return Ok(None) };
        let not_revoked = match removed.at_server {
            AtServer::Failed(kind) => Some(context.error(kind)),
            AtServer::Revoked | AtServer::Nothing | AtServer::Skipped => None,
        };
        Ok(Some(SignedOut { profile: context.profile.clone(), not_revoked }))
    }

    /// Standard output and standard error for commands of the tool itself.
    pub fn screen(&self, globals: &Globals) -> Screen {
        Screen::new(self.output(globals), self.clone())
    }

    /// Creates an error of this kind, worded for this tool.
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.brand.clone(), self.redactor.clone())
    }

    pub(crate) fn output(&self, globals: &Globals) -> Output {
        Output::new(globals, &self.environment(), &self.brand, self.redactor.clone())
    }

    pub(crate) fn environment(&self) -> Environment {
        self.dependencies.environment.clone().unwrap_or_else(Environment::from_process)
    }

    /// Like [`context`](Self::context), on the blocking pool, because it reads files.
    async fn load(&self, globals: &Globals) -> Result<Context, Error> {
        let (app, globals) = (self.clone(), globals.clone());
        offload(move || app.context(&globals)).await
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
