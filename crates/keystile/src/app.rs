//! The description of a tool.

use std::fmt;
#[cfg(feature = "cli")]
use std::sync::Arc;

use super::base_url::BaseUrl;
use super::brand::Brand;
use super::dependencies::Dependencies;
use super::error::Error;
use super::invalid_value::InvalidValue;
use super::redact::Redactor;

/// The URL of the documentation of a command.
#[cfg(feature = "cli")]
type Documentation = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// A tool: its names, authorization server, API and [`Dependencies`]. Cheap to clone.
///
/// Its methods take the [`Globals`](crate::Globals) of the command line, which override the environment variables and
/// the settings file.
#[derive(Clone)]
pub struct App {
    pub(crate) brand: Brand,
    pub(crate) issuer: BaseUrl,
    pub(crate) client_id: String,
    pub(crate) api_base: Option<BaseUrl>,
    pub(crate) scopes: Vec<String>,
    pub(crate) idempotency_keys: bool,
    #[cfg(feature = "cli")]
    pub(crate) documentation: Option<Documentation>,
    #[cfg(feature = "cli")]
    own_signal_handlers: bool,
    /// Whether a login that waits is ended by signals.
    #[cfg(feature = "cli")]
    pub(crate) catches_signals: bool,
    pub(crate) dependencies: Dependencies,
    /// Shared by all output, so that a secret of one command is masked in the error of another.
    pub(crate) redactor: Redactor,
}

impl App {
    /// Describes the tool whose binary has this name: lower-case letters, digits and `-`, the first a letter. The directory
    /// (`~/.acme`) and the environment variables (`ACME_API_KEY`) are named after it.
    pub fn builder(name: impl Into<String>) -> AppBuilder {
        AppBuilder {
            name: name.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            issuer: String::new(),
            client_id: None,
            api_base: None,
            key_prefixes: Vec::new(),
            scopes: Vec::new(),
            status_page: None,
            login_group: None,
            idempotency_keys: false,
            #[cfg(feature = "cli")]
            documentation: None,
            #[cfg(feature = "cli")]
            own_signal_handlers: false,
            dependencies: Dependencies::default(),
        }
    }

    /// The app for a command, whose waits are ended by signals unless the tool handles them.
    #[cfg(feature = "cli")]
    pub(crate) fn catching_signals(&self) -> Self {
        Self { catches_signals: !self.own_signal_handlers, ..self.clone() }
    }

    /// The names of the tool, for texts of its own commands.
    pub fn brand(&self) -> &Brand {
        &self.brand
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("App")
            .field("name", &self.brand.name())
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("api_base", &self.api_base)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Builds an [`App`]. Only the issuer is required.
#[derive(Clone)]
#[must_use]
pub struct AppBuilder {
    name: String,
    version: String,
    issuer: String,
    client_id: Option<String>,
    api_base: Option<String>,
    key_prefixes: Vec<String>,
    scopes: Vec<String>,
    status_page: Option<String>,
    login_group: Option<String>,
    idempotency_keys: bool,
    #[cfg(feature = "cli")]
    documentation: Option<Documentation>,
    #[cfg(feature = "cli")]
    own_signal_handlers: bool,
    dependencies: Dependencies,
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, issuer, .. } = self;
        formatter
            .debug_struct("AppBuilder")
            .field("name", name)
            .field("issuer", issuer)
            .finish_non_exhaustive()
    }
}

impl AppBuilder {
    /// The version of the tool, sent in `User-Agent` and shown in the list of sessions. The default is the version of
    /// this library.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The URL of the authorization server. Its endpoints are discovered from its metadata (RFC 8414).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// The client ID of a public client. The default is the name followed by `-cli`.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The base URL of the API that credentials are sent to. The default is `cli_configuration.api_base` in the metadata
    /// of the server, otherwise the issuer.
    pub fn api_base(mut self, api_base: impl Into<String>) -> Self {
        self.api_base = Some(api_base.into());
        self
    }

    /// The prefixes of the tool's API keys, for example `acme_live_`. By default there are none, and every API key is
    /// rejected as malformed.
    pub fn key_prefixes(mut self, prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.key_prefixes = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes that a login requests unless it names others. By default none are requested, and the server grants its
    /// own default.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The URL of the status page, which the text of server errors (5xx) names.
    pub fn status_page(mut self, page: impl Into<String>) -> Self {
        self.status_page = Some(page.into());
        self
    }

    /// The words before `login` in the commands of a tool that has commands of its own: empty if it is `acme login`. Texts
    /// name the command with them. The default is `auth`, as in the commands of this library.
    pub fn login_group(mut self, words: impl Into<String>) -> Self {
        self.login_group = Some(words.into());
        self
    }

    /// Whether the API of the tool supports `Idempotency-Key`: a `POST` or `PATCH` then carries one and is retried like a
    /// `GET`. The default is `false`; for the API of the authorization server it is always on.
    pub fn idempotency_keys(mut self, supported: bool) -> Self {
        self.idempotency_keys = supported;
        self
    }

    /// The URL of the documentation of a command, which its `--help` names. The function gets the words of the command,
    /// for example `auth login`, and an empty text for the tool itself.
    #[cfg(feature = "cli")]
    pub fn documentation(mut self, url: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.documentation = Some(Arc::new(url));
        self
    }

    /// Whether the tool handles Ctrl-C, SIGTERM and SIGHUP itself. [`App::run`] then installs no handlers; drop its future
    /// to end a login that waits. The default is `false`.
    #[cfg(feature = "cli")]
    pub fn own_signal_handlers(mut self, handled: bool) -> Self {
        self.own_signal_handlers = handled;
        self
    }

    /// Replaces the credential store, clock, browser, user interface or environment.
    pub fn dependencies(mut self, dependencies: Dependencies) -> Self {
        self.dependencies = dependencies;
        self
    }

    /// Builds the app. Fails with the kind [`Usage`](crate::ErrorKind::Usage) if the name or a URL is invalid.
    pub fn build(self) -> Result<App, Error> {
        let begins_well = self.name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !begins_well || !self.name.bytes().all(allowed) {
            return Err(InvalidValue::new(format!(
                "`{}` cannot name a tool: use lower-case letters, digits and `-`, and begin with a letter",
                self.name
            ))
            .into());
        }
        let client_id = self.client_id.unwrap_or_else(|| format!("{}-cli", self.name));
        Ok(App {
            issuer: BaseUrl::parse(&self.issuer)?,
            api_base: self.api_base.as_deref().map(BaseUrl::parse).transpose()?,
            client_id,
            scopes: self.scopes,
            idempotency_keys: self.idempotency_keys,
            #[cfg(feature = "cli")]
            documentation: self.documentation,
            #[cfg(feature = "cli")]
            own_signal_handlers: self.own_signal_handlers,
            #[cfg(feature = "cli")]
            catches_signals: false,
            dependencies: self.dependencies,
            redactor: Redactor::new(&self.key_prefixes),
            brand: Brand::new(self.name, self.version, self.key_prefixes, self.status_page, self.login_group),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_variables_are_named_after_the_tool() {
        let app = App::builder("acme-cloud").issuer("https://auth.acme.dev").build().unwrap();
        assert_eq!(app.brand().variable("API_KEY"), "ACME_CLOUD_API_KEY");
        assert_eq!(app.brand().command("auth login"), "acme-cloud auth login");
        assert_eq!(app.client_id, "acme-cloud-cli");
    }

    #[test]
    fn a_name_that_leads_out_of_the_home_folder_is_refused() {
        for name in ["", "../x", "Acme", "-x", "a/b"] {
            assert!(App::builder(name).issuer("https://a").build().is_err(), "{name}");
        }
    }
}
