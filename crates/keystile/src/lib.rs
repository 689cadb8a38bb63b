//! Login for command-line tools: browser, device code, pasted code and API key logins against a Keystile server or any
//! OAuth 2.0 authorization server. The companion CLI `keystile` is built on it.
//!
//! A tool is described by an [`App`], from which its texts, files, environment variables and endpoints follow:
//!
//! ```no_run
//! # async fn example() -> Result<(), keystile::Error> {
//! use keystile::{App, Globals, LoginOptions};
//!
//! let app = App::builder("weather")              // ~/.weather, WEATHER_*, the name in texts
//!     .issuer("https://auth.example.com")        // endpoints are discovered
//!     .api_base("https://api.example.com")
//!     .key_prefixes(["wx_live_", "wx_test_"])
//!     .scopes(["forecast:read"])
//!     .build()?;
//!
//! let globals = Globals::default();
//! app.login(&globals, &LoginOptions::default()).await?;
//! let session = app.session(&globals).await?;    // --api-key, WEATHER_API_KEY, the profile, or a login
//! let forecast: serde_json::Value = session.client().get("/v1/forecast/oslo").fetch().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - **Commands.** Mount [`AuthCommand`], [`ToolCommand`] or any of the others beside [`Globals`] in a clap parser;
//!   [`App::parse`] reads the command line and [`App::run`] runs them.
//! - **Calls.** [`App::session`] finds the credential; [`Session::client`] calls the API with it, refreshed and retried
//!   as needed.
//! - **Errors.** Every call fails with an [`Error`], which has a text, a JSON document and an exit code. [`main_exit`]
//!   ends the process with them. [`Error::kind`] is what to match on.
//! - **Tests.** [`Dependencies`] replaces the credential store, the clock, the browser and the terminal; [`testing`]
//!   has doubles of them. `examples/weather` in the repository is a complete tool.
//!
//! Feature `qr` adds QR codes for device codes; feature `keyring` stores refresh tokens and keys in the system keyring.

#![deny(missing_docs)]

mod app;
mod args;
mod base_url;
mod browser;
mod clock;
mod command_line;
mod commands;
mod config;
mod context;
mod core_dumps;
mod credentials;
mod dependencies;
mod duration;
mod env;
mod error;
mod files;
mod http;
mod invoke;
mod keys;
mod login;
mod oauth;
mod output;
mod paths;
mod profile;
mod project;
mod random;
mod redact;
mod scopes;
mod screen;
mod secret;
mod session;
mod source;
mod table;
mod terminal;
pub mod testing;
mod ui;
mod usage;

pub use oauth2::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

pub use app::{App, AppBuilder, Brand};
pub use args::Globals;
pub use base_url::BaseUrl;
pub use browser::Browser;
pub use clock::Clock;
pub use command_line::{
    AuditCommand, AuthCommand, ConfigCommand, HelperCommand, KeyCommand, LoginArgs, LogoutArgs, OrgCommand,
    PatCommand, ProfileCommand, ScopeCommand, ToolCommand,
};
pub use core_dumps::disable_core_dumps;
pub use credentials::{
    AccountRef, Credential, CredentialDocument, CredentialState, CredentialStore, KeyCredential,
    OauthCredential, OrgRef, ProfileLock, SignedInBy, SwapResult,
};
pub use dependencies::Dependencies;
pub use env::Environment;
pub use error::{Error, ErrorKind, Exit, MissingScope, ScopeRemedy};
pub use http::ApiResponse;
pub use invoke::main_exit;
pub use keys::KeyProblem;
pub use login::{CompletedLogin, KeyLoginOptions, LoginMethod, LoginOptions, StartedLogin, StoredKey};
pub use profile::ProfileName;
pub use screen::Screen;
pub use secret::Secret;
pub use session::{AccessToken, ApiClient, ApiRequest, Session};
pub use source::{CredentialSource, StoredProfile};
pub use ui::{CodeDelivery, CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};
