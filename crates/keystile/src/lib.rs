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
#![cfg_attr(
    not(feature = "cli"),
    expect(dead_code, unused_imports, reason = "the commands use more than the core does")
)]

mod app;
#[cfg(feature = "cli")]
mod args;
mod base_url;
pub mod blocking;
mod body_writer;
mod brand;
mod browser;
#[cfg(feature = "cli")]
mod cli_main;
mod clock;
#[cfg(feature = "cli")]
mod command_line;
#[cfg(feature = "cli")]
mod commands;
mod config;
mod context;
mod core_dumps;
mod credentials;
mod dependencies;
mod duration;
#[cfg(test)]
mod embedding_tests;
mod env;
mod error;
mod escapes;
mod files;
mod globals;
#[cfg(feature = "cli")]
mod help;
mod http;
mod invalid_value;
mod invoke;
mod keys;
mod login;
mod login_method;
#[cfg(not(feature = "cli"))]
mod message_ui;
mod oauth;
mod offload;
mod open_session;
mod output;
mod paths;
mod plain;
mod profile;
mod project;
mod random;
mod redact;
#[cfg(feature = "cli")]
mod run;
mod scopes;
mod screen;
mod secret;
mod session;
#[cfg(feature = "cli")]
mod signals;
mod source;
#[cfg(feature = "cli")]
mod table;
#[cfg(feature = "cli")]
mod terminal;
pub mod testing;
mod ui;
#[cfg(feature = "cli")]
mod usage;

pub use oauth2::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header,
};

pub use app::{App, AppBuilder};
pub use base_url::BaseUrl;
pub use body_writer::BodyWriter;
pub use brand::Brand;
pub use browser::Browser;
#[cfg(feature = "cli")]
pub use cli_main::cli_main;
pub use clock::Clock;
#[cfg(feature = "cli")]
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
pub use globals::Globals;
pub use http::ApiResponse;
pub use invalid_value::InvalidValue;
pub use invoke::{SignedOut, main_exit};
pub use keys::KeyProblem;
pub use login::{CompletedLogin, KeyLoginOptions, LoginOptions, StartedLogin, StoredKey};
pub use login_method::LoginMethod;
pub use profile::ProfileName;
pub use screen::Screen;
pub use secret::Secret;
pub use session::{AccessToken, ApiClient, ApiPath, ApiRequest, ApiStream, Identity, Session};
#[cfg(feature = "tower")]
pub use session::{AuthorizeLayer, Authorized, HasStatus, Signable};
pub use source::{CredentialSource, ProfileSelection, StoredProfile};
pub use ui::{CodeDelivery, CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};
