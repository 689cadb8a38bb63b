//! Sign-in for command-line tools: the library that the companion CLI is made of, and that other tools embed.
//!
//! A tool describes itself once, in an [`App`]. Its texts, files, variables and server all come from there:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use keystile::{App, Globals, LoginOptions};
//!
//! let app = App::builder("weather")              // ~/.weather, WEATHER_*, messages
//!     .issuer("https://auth.example.com")        // discovery does the rest
//!     .api_base("https://api.example.com")
//!     .key_prefixes(["wx_live_", "wx_test_"])
//!     .scopes(["forecast:read"])
//!     .build()?;
//!
//! let globals = Globals::default();
//! app.login(&globals, &LoginOptions::default()).await?;
//! let session = app.session(&globals).await?;    // flag, environment, profile, or a sign-in on a terminal
//! let forecast: serde_json::Value = session.client().get("/v1/forecast/oslo").fetch().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`AuthCommand`] and [`Globals`] are mounted in the command line of a tool, and [`App::run`] then does the rest with
//! the same screens; [`ToolCommand`] has profiles, organizations and credential helpers besides. `examples/weather` in
//! the repository is a whole tool. An [`Error`] knows its text, its JSON
//! and its exit code; [`main_exit`] ends the process with them. What the library touches can be replaced through
//! [`Dependencies`], and [`testing`] has a double of each.

#![deny(missing_docs)]

mod app;
mod args;
mod base_url;
mod browser;
mod clock;
mod commands;
mod config;
mod context;
mod core_dumps;
mod credentials;
mod dependencies;
pub mod duration;
mod env;
mod error;
mod files;
mod http;
mod keys;
mod login;
mod oauth;
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

pub use app::{App, AppBuilder, BadApp, Brand};
pub use args::{
    AuditCommand, AuditListArgs, AuthCommand, DockerAction, DoctorArgs, Globals, HelperCommand, KeyCommand,
    KeyCreateArgs, ListArgs, LoginArgs, LogoutArgs, Mode, OrgCommand, Overlap, PatCommand, ProfileCommand,
    RefreshArgs, ScopeCommand, SessionsCommand, StatusArgs, SwitchArgs, TokenArgs, TokenFormat, ToolCommand,
};
pub use base_url::{BadBaseUrl, BaseUrl};
pub use browser::{Browser, SystemBrowser};
pub use clock::{Clock, SystemClock};
pub use commands::main_exit;
pub use config::{Config, ConfigFile, Defaults, LoginMethod, ProfileConfig};
pub use core_dumps::disable_core_dumps;
pub use credentials::{
    AccountRef, Credential, CredentialBackend, CredentialDocument, CredentialState, CredentialStore,
    FileLock, FileStore, KeyCredential, OauthCredential, OrgRef, ProfileLock, SignedInBy, SwapResult,
};
pub use dependencies::Dependencies;
pub use env::Environment;
pub use error::{Error, ErrorKind, Exit, MissingScope, ScopeRemedy};
pub use http::ApiResponse;
pub use keys::KeyProblem;
pub use login::{CompletedLogin, KeyLoginOptions, LoginOptions, StartedLogin, StoredKey};
pub use paths::Paths;
pub use profile::{BadProfileName, ProfileName};
pub use redact::Redactor;
pub use screen::Screen;
pub use secret::Secret;
pub use session::{AccessToken, ApiClient, ApiRequest, Session};
pub use source::{CredentialSource, StoredProfile};
pub use ui::{CodeDelivery, CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};
