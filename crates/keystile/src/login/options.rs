//! The options of a login.

use std::time::Duration;

use crate::base_url::BaseUrl;
use crate::login_method::LoginMethod;

/// Options of [`App::login`](crate::App::login) and [`App::start_login`](crate::App::start_login).
///
/// ```
/// use std::time::Duration;
/// use keystile::{LoginMethod, LoginOptions};
///
/// let options = LoginOptions::default().method(LoginMethod::Device).timeout(Duration::from_secs(120));
/// ```
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    pub(crate) method: Option<LoginMethod>,
    pub(crate) issuer: Option<BaseUrl>,
    pub(crate) provider: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) read_only: bool,
    pub(crate) port: u16,
    pub(crate) timeout: Option<Duration>,
    pub(crate) force: bool,
    pub(crate) device_name: Option<String>,
    pub(crate) login_hint: Option<String>,
    #[cfg(feature = "qr")]
    pub(crate) qr: bool,
}

impl LoginOptions {
    /// Uses this method. The default is the one in the environment variable or the settings, in this order, otherwise
    /// [`LoginMethod::Auto`].
    #[must_use]
    pub fn method(mut self, method: LoginMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// Signs in at this authorization server. The default is the first one named by the environment variable, the
    /// profile and the tool.
    #[must_use]
    pub fn issuer(mut self, issuer: BaseUrl) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// Signs in with this identity provider, for example `google`. Fails if the server does not offer it.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Requests these scopes. The default is those of [`AppBuilder::scopes`](crate::AppBuilder::scopes); without any,
    /// those of the session that the login replaces (not with [`force`](Self::force)); without one, the default of the
    /// server.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Requests only the scopes that have the level `read` in the scope catalog of the server.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Listens for the callback on this loopback port. The default, 0, lets the system choose.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Fails after this time without approval. The default is 5 minutes, and for a device code its lifetime.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Replaces the credential of the profile without asking for confirmation.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// The name of this machine in the list of sessions. The default is the host name.
    #[must_use]
    pub fn device_name(mut self, name: impl Into<String>) -> Self {
        self.device_name = Some(name.into());
        self
    }

    /// The email address that the sign-in page suggests (`login_hint`).
    #[must_use]
    pub fn login_hint(mut self, email: impl Into<String>) -> Self {
        self.login_hint = Some(email.into());
        self
    }

    /// Shows a device code also as a QR code.
    #[cfg(feature = "qr")]
    #[must_use]
    pub fn qr(mut self, qr: bool) -> Self {
        self.qr = qr;
        self
    }
}

/// Options of [`App::login_with_key`](crate::App::login_with_key).
#[derive(Clone, Debug, Default)]
pub struct KeyLoginOptions {
    pub(crate) issuer: Option<BaseUrl>,
    pub(crate) force: bool,
}

impl KeyLoginOptions {
    /// The authorization server that issued the key. The default is the first one named by the environment variable, the
    /// profile and the tool.
    #[must_use]
    pub fn issuer(mut self, issuer: BaseUrl) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// Replaces the credential of the profile without asking for confirmation, even by a key that could not be verified.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }
}
