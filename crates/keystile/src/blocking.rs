//! Sign-in and API calls for tools without async code.
//!
//! ```no_run
//! use keystile::{Error, Globals, LoginOptions, blocking};
//!
//! fn main() -> Result<(), Error> {
//!     let weather = keystile::App::builder("weather").issuer("https://auth.example.com").build()?;
//!     let weather = blocking::App::new(weather, Globals::default())?;
//!     weather.login(&LoginOptions::default())?;
//!     let forecast: serde_json::Value = weather.fetch(|api| api.get(["v1", "forecast", "oslo"]))?;
//!     println!("{forecast}");
//!     Ok(())
//! }
//! ```

use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::runtime::{Handle, Runtime};

use super::error::{Error, ErrorKind};
use super::globals::Globals;
use super::http::ApiResponse;
use super::invoke::SignedOut;
use super::login::{CompletedLogin, LoginOptions};
use super::offload::{no_thread, runtime};
use super::session::{AccessToken, ApiClient, ApiRequest, Identity, Session};

/// A tool without async code: a [`keystile::App`](crate::App), the global options of this invocation, and a Tokio runtime
/// of its own. Its methods block the calling thread. They may be called from several threads, and from inside of a
/// runtime.
///
/// The credential is selected by the first call that needs one, and again after [`login`](Self::login) and
/// [`logout`](Self::logout).
pub struct App {
    tool: crate::App,
    globals: Globals,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    session: Mutex<Option<Session>>,
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("App").field("tool", &self.tool).finish_non_exhaustive()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The drop of a runtime waits for its threads, which panics inside of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl App {
    /// Fails only if the system has no resources for a runtime.
    pub fn new(tool: crate::App, globals: Globals) -> Result<Self, Error> {
        let runtime = runtime().map_err(|kind| tool.error(kind))?;
        Ok(Self { tool, globals, runtime: Some(runtime), session: Mutex::default() })
    }

    /// Signs a user in: [`App::login`](crate::App::login).
    pub fn login(&self, options: &LoginOptions) -> Result<CompletedLogin, Error> {
        self.changing(self.tool.login(&self.globals, options))
    }

    /// Signs out: [`App::logout`](crate::App::logout).
    pub fn logout(&self) -> Result<Option<SignedOut>, Error> {
        self.changing(self.tool.logout(&self.globals))
    }

    /// A token that is valid for at least `min_ttl`: [`Session::access_token`](crate::Session::access_token). For an HTTP
    /// client of your own; ask again for each request.
    pub fn access_token(&self, min_ttl: Duration) -> Result<AccessToken, Error> {
        let session = self.session()?;
        self.wait(session.access_token(min_ttl))
    }

    /// Who the credential acts for: [`Session::whoami`](crate::Session::whoami).
    pub fn whoami(&self) -> Result<Identity, Error> {
        let session = self.session()?;
        self.wait(session.whoami())
    }

    /// Sends an API request: [`ApiRequest::send`](crate::ApiRequest::send).
    pub fn send(&self, request: impl FnOnce(ApiClient<'_>) -> ApiRequest<'_>) -> Result<ApiResponse, Error> {
        let session = self.session()?;
        self.wait(request(session.client()).send())
    }

    /// Sends an API request and deserializes the response: [`ApiRequest::fetch`](crate::ApiRequest::fetch).
    pub fn fetch<T: DeserializeOwned + Send>(
        &self,
        request: impl FnOnce(ApiClient<'_>) -> ApiRequest<'_>,
    ) -> Result<T, Error> {
        let session = self.session()?;
        self.wait(request(session.client()).fetch())
    }

    /// The credential in use: [`App::session`](crate::App::session).
    fn session(&self) -> Result<Session, Error> {
        let known = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(session) = known {
            return Ok(session);
        }
        let session = self.wait(self.tool.session(&self.globals))?;
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(session)
    }

    /// Waits for work that changes the credential.
    fn changing<T: Send>(&self, work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        self.forget_session();
        let changed = self.wait(work);
        // A call on another thread may have selected the old credential meanwhile.
        self.forget_session();
        changed
    }

    fn forget_session(&self) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn wait<T: Send>(&self, work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let Some(runtime) = &self.runtime else { return Err(self.tool.error(ErrorKind::Interrupted)) };
        if Handle::try_current().is_err() {
            return runtime.block_on(work);
        }
        // A thread of a runtime cannot wait for another one.
        std::thread::scope(|scope| {
            // Not `scope.spawn`, which panics if the system has no thread left.
            let thread = std::thread::Builder::new().spawn_scoped(scope, || runtime.block_on(work));
            let thread = thread.map_err(|error| self.tool.error(no_thread(&error)))?;
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}
