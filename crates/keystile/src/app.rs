//! The description of a tool.

use std::sync::Arc;

use super::base_url::BaseUrl;
use super::dependencies::Dependencies;
use super::error::Error;

/// The names of a tool in texts, files and variables.
#[derive(Clone, Debug)]
pub struct Brand(Arc<Names>);

#[derive(Debug)]
struct Names {
    name: String,
    version: String,
    key_prefixes: Vec<String>,
    status_page: Option<String>,
}

impl Brand {
    /// For errors that occur before there is a tool; their texts do not name it.
    pub(crate) fn unnamed() -> Self {
        Self(Arc::new(Names {
            name: String::new(),
            version: String::new(),
            key_prefixes: Vec::new(),
            status_page: None,
        }))
    }

    /// The name of the binary, and of the tool in texts.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn version(&self) -> &str {
        &self.0.version
    }

    pub(crate) fn key_prefixes(&self) -> &[String] {
        &self.0.key_prefixes
    }

    pub(crate) fn status_page(&self) -> Option<&str> {
        self.0.status_page.as_deref()
    }

    /// A command line of the tool: `auth login` becomes `acme auth login`.
    pub fn command(&self, arguments: &str) -> String {
        format!("{} {arguments}", self.0.name)
    }

    /// An environment variable of the tool: `API_KEY` becomes `ACME_API_KEY`.
    pub fn variable(&self, suffix: &str) -> String {
        let prefix: String = self
            .0
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        format!("{prefix}_{suffix}")
    }
}

/// A tool: its names, its authorization server, its API and its dependencies.
///
/// Its methods take the [`Globals`](crate::Globals) of the command line, which override the environment and the
/// settings.
#[derive(Clone)]
pub struct App {
    pub(crate) brand: Brand,
    pub(crate) issuer: BaseUrl,
    pub(crate) client_id: String,
    pub(crate) api_base: Option<BaseUrl>,
    pub(crate) scopes: Vec<String>,
    pub(crate) dependencies: Dependencies,
}

impl App {
    /// Describes the tool whose binary has this name. The name also makes the folder (`~/.acme`) and the variables
    /// (`ACME_API_KEY`): lower-case letters, digits and `-`, the first a letter.
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
            dependencies: Dependencies::default(),
        }
    }

    /// The names of the tool, for its own texts.
    pub fn brand(&self) -> &Brand {
        &self.brand
    }
}

/// Builds an [`App`]. Only the issuer is required.
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
    dependencies: Dependencies,
}

impl AppBuilder {
    /// The version of the tool, shown in the list of sessions and sent as `User-Agent`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The URL of the authorization server. Its endpoints are discovered (RFC 8414).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// The client ID. The default is the name followed by `-cli`.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The base URL of the API that credentials are sent to. The default is the one in the metadata of the server, else
    /// the issuer.
    pub fn api_base(mut self, api_base: impl Into<String>) -> Self {
        self.api_base = Some(api_base.into());
        self
    }

    /// The prefixes of the tool's API keys, such as `acme_live_`. Without any, no API key is accepted.
    pub fn key_prefixes(mut self, prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.key_prefixes = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes that a login requests by default. Without any, the server applies its own default.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The URL of the status page, named in the text of server errors.
    pub fn status_page(mut self, page: impl Into<String>) -> Self {
        self.status_page = Some(page.into());
        self
    }

    /// Replaces the credential store, the clock, the browser or the user interface, mostly for tests.
    pub fn dependencies(mut self, dependencies: Dependencies) -> Self {
        self.dependencies = dependencies;
        self
    }

    /// Builds the app. An invalid name or URL is an error of the kind [`ErrorKind::Usage`](crate::ErrorKind::Usage).
    pub fn build(self) -> Result<App, Error> {
        let begins_well = self.name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !begins_well || !self.name.bytes().all(allowed) {
            return Err(Error::usage(format!(
                "`{}` cannot name a tool: use lower-case letters, digits and `-`, and begin with a letter",
                self.name
            )));
        }
        let client_id = self.client_id.unwrap_or_else(|| format!("{}-cli", self.name));
        Ok(App {
            issuer: BaseUrl::parse(&self.issuer)?,
            api_base: self.api_base.as_deref().map(BaseUrl::parse).transpose()?,
            client_id,
            scopes: self.scopes,
            dependencies: self.dependencies,
            brand: Brand(Arc::new(Names {
                name: self.name,
                version: self.version,
                key_prefixes: self.key_prefixes,
                status_page: self.status_page,
            })),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_makes_commands_and_variables() {
        let app = App::builder("acme-cloud").issuer("https://auth.acme.dev").build().unwrap();
        assert_eq!(app.brand().variable("API_KEY"), "ACME_CLOUD_API_KEY");
        assert_eq!(app.brand().command("auth login"), "acme-cloud auth login");
        assert_eq!(app.client_id, "acme-cloud-cli");
    }

    #[test]
    fn a_name_that_would_leave_the_home_folder_is_refused() {
        for name in ["", "../x", "Acme", "-x", "a/b"] {
            assert!(App::builder(name).issuer("https://a").build().is_err(), "{name}");
        }
    }
}
