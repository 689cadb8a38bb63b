//! The one value that sets a tool apart from every other tool on this library.

use std::sync::Arc;

use super::base_url::BaseUrl;
use super::dependencies::Dependencies;

/// The names of a tool: what its texts, files and variables are called.
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
    /// The binary, and the tool's name in a sentence.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The version of the tool.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// What the tool's API keys begin with.
    pub fn key_prefixes(&self) -> &[String] {
        &self.0.key_prefixes
    }

    /// Where the vendor says whether the service works.
    pub fn status_page(&self) -> Option<&str> {
        self.0.status_page.as_deref()
    }

    /// A command line of the tool, as a person types it.
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

/// A tool that signs in: its brand, its server and its dependencies.
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
    /// Starts the description of a tool by the name of its binary.
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

    /// The names of the tool.
    pub fn brand(&self) -> &Brand {
        &self.brand
    }
}

/// Describes a tool.
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

/// Why a description does not make a tool.
#[derive(Debug, thiserror::Error)]
pub enum BadApp {
    /// The name cannot name a binary, a folder and a variable.
    #[error("`{0}` cannot name a tool: use lower-case letters, digits and `-`, and begin with a letter")]
    Name(String),
    /// An address is not one.
    #[error(transparent)]
    Url(#[from] super::base_url::BadBaseUrl),
}

impl AppBuilder {
    /// The version of the tool, for the server's list of sessions.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The authorization server; discovery finds its endpoints.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// The client id that the server knows the tool by; `{name}-cli` unless said.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The API that the credentials are for; the server's metadata says it unless said here.
    #[must_use]
    pub fn api_base(mut self, api_base: impl Into<String>) -> Self {
        self.api_base = Some(api_base.into());
        self
    }

    /// What the API keys of the tool begin with.
    #[must_use]
    pub fn key_prefixes(mut self, prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.key_prefixes = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes that a sign-in asks for unless told otherwise; none = the server's default.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Where the vendor says whether the service works.
    #[must_use]
    pub fn status_page(mut self, page: impl Into<String>) -> Self {
        self.status_page = Some(page.into());
        self
    }

    /// Replaces what the tool touches: the credential store, the clock, the browser, the screen.
    #[must_use]
    pub fn dependencies(mut self, dependencies: Dependencies) -> Self {
        self.dependencies = dependencies;
        self
    }

    /// Checks the description.
    pub fn build(self) -> Result<App, BadApp> {
        let begins_well = self.name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !begins_well || !self.name.bytes().all(allowed) {
            return Err(BadApp::Name(self.name));
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
