#![doc = include_str!("../README.md")]
//! # Where to start
//!
//! - **Describe the tool.** [`App::builder`] takes its names, authorization server and API.
//! - **Mount commands.** [`ToolCommand`], [`AuthCommand`] and the other command types go into a clap parser next to
//!   [`Globals`]. [`App::parse`] parses the command line, [`App::run`] runs a command.
//! - **Sign in.** [`App::login`], [`App::start_login`] and [`App::resume_login`], [`App::login_with_key`].
//! - **Call the API.** [`App::session`] selects the credential, and [`Session::client`] calls the API with it.
//!   [`Session::access_token`] returns a token for another HTTP client.
//! - **Report errors.** Every operation fails with an [`Error`]: text, JSON document and exit code. Match on
//!   [`Error::kind`]; [`main_exit`] prints the error and returns the exit code.
//! - **Test.** [`Dependencies`] replaces the environment, credential store, clock, browser and user interface;
//!   [`testing`] has doubles.

#![warn(missing_debug_implementations)]
#![deny(missing_docs)]

mod app;
mod args;
mod base_url;
mod brand;
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
mod escapes;
mod files;
mod help;
mod http;
mod invalid_value;
mod invoke;
mod keys;
mod login;
mod login_method;
mod oauth;
mod output;
mod paths;
mod plain;
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

pub use app::{App, AppBuilder};
pub use args::Globals;
pub use base_url::BaseUrl;
pub use brand::Brand;
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
pub use invalid_value::InvalidValue;
pub use invoke::main_exit;
pub use keys::KeyProblem;
pub use login::{CompletedLogin, KeyLoginOptions, LoginOptions, StartedLogin, StoredKey};
pub use login_method::LoginMethod;
pub use profile::ProfileName;
pub use screen::Screen;
pub use secret::Secret;
pub use session::{AccessToken, ApiClient, ApiRequest, Session};
pub use source::{CredentialSource, ProfileSelection, StoredProfile};
pub use ui::{CodeDelivery, CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};
