//! One invocation: tool, arguments, environment and settings combined.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::app::App;
use super::base_url::{BaseUrl, is_loopback};
use super::brand::Brand;
use super::clock::Clock;
use super::config::{Config, ProfileConfig};
use super::credentials::{
    Credential, CredentialBackend, CredentialDocument, CredentialStore, FileStore, KeyringStore, NoStore,
    OauthCredential,
};
use super::env::Environment;
use super::error::{Error, ErrorKind, Place};
use super::globals::Globals;
use super::http::{CaBundle, Trace, Transport, TransportOptions};
use super::oauth::{self, Metadata};
use super::offload::offload;
use super::output::{Icon, Output};
use super::paths::Paths;
use super::profile::ProfileName;
use super::source::{ProfileSelection, StoredProfile};
use super::ui::LoginUi;

/// Everything that a command needs, resolved once for the invocation.
pub(crate) struct Context {
    pub(crate) app: App,
    pub(crate) globals: Globals,
    pub(crate) environment: Environment,
    pub(crate) paths: Paths,
    pub(crate) config: Config,
    pub(crate) profile: ProfileName,
    pub(crate) selected_by: ProfileSelection,
    pub(crate) store: Arc<dyn CredentialStore>,
    pub(crate) ui: Arc<dyn LoginUi>,
    pub(crate) output: Output,
    pub(crate) transport: Transport,
    pub(crate) trace: Trace,
    /// Whether a user can answer prompts: at a terminal, without `CI` and `--no-input`.
    pub(crate) interactive: bool,
    /// The issuer of the session that the profile had when the store was last read. Errors name it: they are worded on
    /// threads that must not wait for the store.
    stored_issuer: Mutex<Option<BaseUrl>>,
}

impl Context {
    pub(crate) fn new(app: &App, globals: &Globals) -> Result<Self, ErrorKind> {
        let app = app.clone();
        let brand = app.brand.clone();
        let environment = app.dependencies.environment.clone().unwrap_or_else(Environment::from_process);
        environment.check(&brand)?;
        let paths = Paths::find(&brand, &environment);
        let config = paths.config().map_or_else(|_| Ok(Config::default()), Config::load)?;
        let redactor = app.redactor.clone();
        let level = globals.verbose.max(u8::from(environment.own_flag(&brand, "DEBUG")));
        let trace = Trace::new(level, redactor.clone());
        let (profile, selected_by) =
            choose_profile(globals, &environment, &brand, &config, paths.home(), &trace)?;
        trace.note(&format!("profile {profile}, selected by {selected_by}"));
        let output = Output::new(globals, &environment, &brand, redactor);
        let interactive = !globals.no_input
            && !environment.own_flag(&brand, "NO_INPUT")
            && environment.get("CI").is_none()
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal();
        let store: Arc<dyn CredentialStore> = if let Some(store) = &app.dependencies.store {
            store.clone()
        } else {
            let backend = credential_backend(&environment, &brand, &config)?;
            match paths.check() {
                Err(missing) => Arc::new(NoStore::new(paths.credentials(), missing)),
                Ok(()) => Arc::new(KeyringStore::new(FileStore::new(paths.clone()), brand.name(), backend)),
            }
        };
        let ui = app.dependencies.ui.clone().unwrap_or_else(|| default_ui(&output, interactive));
        let options = TransportOptions {
            user_agent: format!("{} ({}; {})", brand.product(), std::env::consts::OS, std::env::consts::ARCH),
            ca_bundle: environment
                .own(&brand, "CA_BUNDLE")
                .map(|path| CaBundle { variable: brand.variable("CA_BUNDLE"), path: path.into() }),
            allow_http: environment.own_flag(&brand, "DANGEROUSLY_ALLOW_HTTP"),
            retries: !globals.no_retry,
        };
        let transport =
            Transport::new(options, environment.clone(), trace.clone(), app.dependencies.clock.clone());
        Ok(Self {
            globals: globals.clone(),
            app,
            environment,
            paths,
            config,
            profile,
            selected_by,
            store,
            ui,
            output,
            transport,
            trace,
            interactive,
            stored_issuer: Mutex::default(),
        })
    }

    pub(crate) fn brand(&self) -> &Brand {
        &self.app.brand
    }

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        let place = match &kind {
            ErrorKind::NotAuthenticated | ErrorKind::NotInteractive | ErrorKind::Unreachable { .. } => {
                self.place().ok()
            }
            _ => None,
        };
        self.app.error(kind).at(place)
    }

    /// The profile and the server in use, as far as the store has been read.
    pub(crate) fn place(&self) -> Result<Place, ErrorKind> {
        let stored = self.stored_issuer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let wanted = self.wanted_issuer()?;
        let is_placeholder = stored.is_none() && wanted.is_none() && is_loopback(self.app.issuer.url());
        let issuer = wanted.or(stored).unwrap_or_else(|| self.app.issuer.clone());
        Ok(Place { profile: self.profile.clone(), issuer, is_placeholder })
    }

    /// Keeps the issuer of the session of the profile for [`place`](Self::place).
    pub(crate) fn note_issuer(&self, document: &CredentialDocument) {
        let session = document.get(&self.profile).and_then(Credential::as_oauth);
        let issuer = session.map(|session| session.issuer.clone());
        *self.stored_issuer.lock().unwrap_or_else(PoisonError::into_inner) = issuer;
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.app.dependencies.clock.as_ref()
    }

    /// Calls the store on the blocking pool: it waits for locks and for the disk.
    pub(crate) async fn store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn CredentialStore) -> Result<T, ErrorKind> + Send + 'static,
    ) -> Result<T, ErrorKind> {
        let store = self.store.clone();
        offload(move || call(store.as_ref())).await
    }

    /// Asks a yes-or-no question whose default is no, on the blocking pool: the answer may take minutes.
    pub(crate) async fn confirm(&self, question: String) -> Option<bool> {
        let ui = self.ui.clone();
        offload(move || ui.confirm(&question)).await
    }

    pub(crate) fn profile_config(&self) -> ProfileConfig {
        self.config.profile(&self.profile)
    }

    /// A variable of the tool that holds a URL.
    fn url_variable(&self, suffix: &str) -> Result<Option<BaseUrl>, ErrorKind> {
        let parse = |text| {
            BaseUrl::parse(text).map_err(|error| ErrorKind::Usage {
                message: format!("{} is invalid: {error}", self.brand().variable(suffix)),
                hint: None,
            })
        };
        self.environment.own(self.brand(), suffix).map(parse).transpose()
    }

    /// The issuer set by the flag, the variable or the profile.
    pub(crate) fn wanted_issuer(&self) -> Result<Option<BaseUrl>, ErrorKind> {
        match &self.globals.issuer {
            Some(flag) => Ok(Some(flag.clone())),
            None => self.configured_issuer(),
        }
    }

    /// The issuer set by the variable or the profile.
    pub(crate) fn configured_issuer(&self) -> Result<Option<BaseUrl>, ErrorKind> {
        Ok(self.url_variable("ISSUER")?.or(self.profile_config().issuer))
    }

    /// The issuer named by the options of a login, otherwise by the flag. It becomes a setting of the profile.
    pub(crate) fn named_issuer<'a>(&'a self, option: Option<&'a BaseUrl>) -> Option<&'a BaseUrl> {
        option.or(self.globals.issuer.as_ref())
    }

    /// The issuer to use: options, flag, variable, profile settings, stored session, default of the tool, in this order.
    pub(crate) fn issuer_for(
        &self,
        option: Option<&BaseUrl>,
        stored: Option<&Credential>,
    ) -> Result<BaseUrl, ErrorKind> {
        if let Some(option) = option {
            return Ok(option.clone());
        }
        if let Some(wanted) = self.wanted_issuer()? {
            return Ok(wanted);
        }
        let last = stored.and_then(Credential::as_oauth).map(|session| session.issuer.clone());
        Ok(last.unwrap_or_else(|| self.app.issuer.clone()))
    }

    /// The API base set by the flag, the variable or the profile.
    pub(crate) fn wanted_api_base(&self) -> Result<Option<BaseUrl>, ErrorKind> {
        match &self.globals.api_base {
            Some(flag) => Ok(Some(flag.clone())),
            None => self.configured_api_base(),
        }
    }

    /// The API base set by the variable or the profile.
    pub(crate) fn configured_api_base(&self) -> Result<Option<BaseUrl>, ErrorKind> {
        let variable = self.url_variable("API_BASE")?.or(self.url_variable("BASE_URL")?);
        Ok(variable.or(self.profile_config().api_base))
    }

    /// The organization set by the flag, the variable or the profile.
    pub(crate) fn wanted_org(&self) -> Option<String> {
        let flag = self.globals.org.clone();
        flag.or_else(|| self.environment.own(self.brand(), "ORG").map(str::to_owned))
            .or(self.profile_config().org)
    }

    /// The profile in use, and the file that holds its credential.
    pub(crate) fn stored_profile(&self) -> StoredProfile {
        StoredProfile {
            name: self.profile.clone(),
            path: self.store.location(),
            selected_by: self.selected_by.clone(),
        }
    }

    /// The session that the profile holds now; `None` for a key or an empty profile.
    pub(crate) fn stored_session(&self) -> Result<Option<OauthCredential>, ErrorKind> {
        Ok(self.session_in(&self.store.read()?))
    }

    /// The session of the profile in a document.
    pub(crate) fn session_in(&self, document: &CredentialDocument) -> Option<OauthCredential> {
        self.note_issuer(document);
        let credential = document.get(&self.profile);
        if let Some(credential) = credential {
            self.learn(credential);
        }
        let session = credential.and_then(Credential::as_oauth).cloned();
        session.map(|session| session.corrected(self.now()))
    }

    /// Fails if the profile holds a credential that only a newer version knows. To this version the profile looks empty,
    /// and it would be overwritten.
    pub(crate) fn check_kind(&self, document: &CredentialDocument) -> Result<(), ErrorKind> {
        match document.unknown_kind(&self.profile) {
            None => Ok(()),
            Some(kind) => Err(ErrorKind::CredentialsUnreadable {
                path: self.store.location(),
                cause: format!(
                    "profile {} has a credential of the kind `{kind}`, which is newer than this program",
                    self.profile
                ),
                remedy: Some("Update the program, or use --profile NAME for another profile.".into()),
            }),
        }
    }

    /// Masks the secrets of a credential from now on.
    pub(crate) fn learn(&self, credential: &Credential) {
        let secrets = match credential {
            Credential::Oauth(session) => [Some(&session.access_token), session.refresh_token.as_ref()],
            Credential::ApiKey(key) => [Some(&key.api_key), None],
        };
        secrets.into_iter().flatten().for_each(|secret| self.app.redactor.learn(secret.expose()));
    }

    pub(crate) async fn metadata(&self, issuer: &BaseUrl) -> Result<Metadata, ErrorKind> {
        oauth::discover(&self.transport, issuer).await
    }

    /// Warns of a failure after something that is done and stays done, with a sentence on what to do about it. With
    /// `--json` the warning is a JSON document on standard error.
    pub(crate) fn warn(&self, done: &str, kind: ErrorKind, remedy: &str) {
        let (headline, cause) = self.error(kind).finding();
        if self.output.is_json() {
            let mut document = json!({ "warning": format!("{done}. {headline}: {cause}"), "remedy": remedy });
            self.output.redactor().json(&mut document);
            self.output.announce_json(&document);
        } else {
            self.ui.notice(&format!("{done}. {headline}: {cause}\n  {remedy}"));
        }
    }

    /// Prints the warnings of the store.
    pub(crate) fn print_warnings(&self) -> Vec<String> {
        let warnings = self.store.take_warnings();
        for warning in &warnings {
            self.output.say_lines(Icon::Attention, warning);
        }
        warnings
    }

    /// The login timeout set by the flag or the variable.
    pub(crate) fn login_timeout(&self, flag: Option<Duration>) -> Result<Option<Duration>, ErrorKind> {
        let variable = self.environment.own(self.brand(), "LOGIN_TIMEOUT");
        match flag {
            Some(flag) => Ok(Some(flag.min(super::duration::LONGEST))),
            None => Ok(variable.map(super::duration::parse).transpose()?),
        }
    }
}

#[cfg(feature = "cli")]
fn default_ui(output: &Output, interactive: bool) -> Arc<dyn LoginUi> {
    Arc::new(super::terminal::TerminalUi::new(output.clone(), interactive))
}

#[cfg(not(feature = "cli"))]
fn default_ui(output: &Output, _interactive: bool) -> Arc<dyn LoginUi> {
    Arc::new(super::message_ui::MessageUi::new(output.clone()))
}

/// The backend set by the variable or the settings; the file by default.
fn credential_backend(
    environment: &Environment,
    brand: &Brand,
    config: &Config,
) -> Result<CredentialBackend, ErrorKind> {
    match environment.own(brand, "CREDENTIAL_STORE") {
        None => Ok(config.defaults.store.unwrap_or_default()),
        Some("file") => Ok(CredentialBackend::File),
        Some("keyring") => Ok(CredentialBackend::Keyring),
        Some(other) => Err(ErrorKind::Usage {
            message: format!("{} cannot be `{other}`", brand.variable("CREDENTIAL_STORE")),
            hint: Some("Use file or keyring.".into()),
        }),
    }
}

/// The profile: flag, variable, project file, `active_profile`, `default`, in this order.
fn choose_profile(
    globals: &Globals,
    environment: &Environment,
    brand: &Brand,
    config: &Config,
    home: Option<&Path>,
    trace: &Trace,
) -> Result<(ProfileName, ProfileSelection), ErrorKind> {
    if let Some(flag) = &globals.profile {
        return Ok((flag.clone(), ProfileSelection::Flag));
    }
    if let Some(name) = environment.own(brand, "PROFILE") {
        return Ok((ProfileName::parse(name)?, ProfileSelection::Variable(brand.variable("PROFILE"))));
    }
    if let Some((name, path)) = super::project::profile(brand, home, trace)? {
        return Ok((name, ProfileSelection::Project(path)));
    }
    Ok(match &config.active_profile {
        Some(name) => (name.clone(), ProfileSelection::Settings),
        None => (ProfileName::default(), ProfileSelection::Default),
    })
}
