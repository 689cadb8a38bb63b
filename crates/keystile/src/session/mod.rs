//! The credential in use, refreshed as needed.

mod api;
mod api_error;
mod api_path;
mod api_stream;
mod authorize;
mod choose;
#[cfg(feature = "tower")]
mod layer;
mod refresh;
mod sign_out;
mod whoami;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use oauth2::http::Method;
use tokio::sync::OnceCell;

use super::base_url::BaseUrl;
use super::context::Context;
use super::credentials::OauthCredential;
use super::error::{Error, ErrorKind};
use super::oauth;
use super::secret::Secret;
use super::source::CredentialSource;

pub use api::{ApiClient, ApiRequest};
pub use api_path::ApiPath;
pub use api_stream::ApiStream;
use choose::KeyTarget;
pub(crate) use choose::{ActiveCredential, choose, key_variable};
#[cfg(feature = "tower")]
pub use layer::{AuthorizeLayer, Authorized, HasStatus, Signable};
pub(crate) use refresh::{TokenNeed, lock_profile, obtain};
pub(crate) use sign_out::{AtServer, sign_out};
pub use whoami::Identity;
pub(crate) use whoami::{Envelope as WhoamiEnvelope, Organization, PATH as WHOAMI_PATH, Whoami, whoami_of};

/// Remaining lifetime below which an access token is refreshed before a call.
pub(crate) const USUAL_TTL: Duration = Duration::from_secs(60);

/// The credential in use: a session of the profile, or an API key. Made by [`App::session`](crate::App::session).
///
/// It stays with its server: after a login to another one under the same profile, its calls fail with
/// [`HostMismatch`](ErrorKind::HostMismatch).
#[derive(Clone)]
pub struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) chosen: ActiveCredential,
    /// The API of a key by the metadata of its issuer, once they have been fetched.
    found_base: Arc<OnceCell<BaseUrl>>,
}

/// A bearer token (RFC 6750): an access token or an API key.
#[derive(Clone, Debug)]
pub struct AccessToken {
    secret: Secret,
    expires_at: Option<DateTime<Utc>>,
    generation: Option<u64>,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("source", self.source()).finish_non_exhaustive()
    }
}

impl AccessToken {
    /// The token in clear.
    pub fn secret(&self) -> &str {
        self.secret.expose()
    }

    /// When it expires; `None` for an API key.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

impl From<OauthCredential> for AccessToken {
    fn from(session: OauthCredential) -> Self {
        Self {
            secret: session.access_token,
            expires_at: Some(session.access_expires_at),
            generation: Some(session.generation),
        }
    }
}

impl Session {
    pub(crate) fn new(context: Arc<Context>, chosen: ActiveCredential) -> Self {
        Self { context, chosen, found_base: Arc::default() }
    }

    /// Where the credential came from.
    pub fn source(&self) -> &CredentialSource {
        self.chosen.source()
    }

    /// A token that is valid for at least `min_ttl`, refreshed if needed. Concurrent processes share one refresh. If the
    /// server cannot be reached, a token that is valid for less than `min_ttl` is returned as it is.
    pub async fn access_token(&self, min_ttl: Duration) -> Result<AccessToken, Error> {
        self.token(TokenNeed::Fresh { min_ttl }).await.map_err(|kind| self.context.error(kind))
    }

    /// The URL of a path at the API, for your own HTTP client. Fails as an [`ApiRequest`] with this path does.
    pub async fn url(&self, path: impl Into<ApiPath>) -> Result<String, Error> {
        let path = path.into();
        let url = match self.api_base().await {
            Ok(base) => self.resolve(&path, &base),
            Err(kind) => Err(kind),
        };
        url.map(String::from).map_err(|kind| self.context.error(kind))
    }

    /// Who this credential acts for. Needs a Keystile server: asks `GET /api/v1/whoami` of the issuer, or for a key of the
    /// API.
    pub async fn whoami(&self) -> Result<Identity, Error> {
        let answer: WhoamiEnvelope = self.client().home(Method::GET, WHOAMI_PATH).fetch().await?;
        Ok(answer.data.into())
    }

    /// A client that calls the API with this credential.
    pub fn client(&self) -> ApiClient<'_> {
        ApiClient::new(self)
    }

    pub(crate) async fn token(&self, want: TokenNeed) -> Result<AccessToken, ErrorKind> {
        let token: AccessToken = match &self.chosen {
            ActiveCredential::Key { key, .. } => {
                AccessToken { secret: key.clone(), expires_at: None, generation: None }
            }
            ActiveCredential::Session { session, .. } => obtain(&self.context, session, want).await?.into(),
        };
        if oauth::is_bearer_token(token.secret()) { Ok(token) } else { Err(self.malformed()) }
    }

    /// The error of a stored token that an older version or another program wrote.
    fn malformed(&self) -> ErrorKind {
        ErrorKind::CredentialsUnreadable {
            path: self.context.store.location(),
            cause: "the token of the profile has characters that no bearer token may have".into(),
            remedy: Some(format!("Run `{}` to sign in again.", self.context.brand().command("auth login"))),
        }
    }

    /// The base URL of the API that the credential may be sent to.
    pub(crate) async fn api_base(&self) -> Result<BaseUrl, ErrorKind> {
        match &self.chosen {
            ActiveCredential::Session { session, .. } => Ok(session.api_base.clone()),
            ActiveCredential::Key { target, .. } => {
                if let Some(api_base) = &target.api_base {
                    return Ok(api_base.clone());
                }
                self.found_base.get_or_try_init(|| self.find_base(target)).await.cloned()
            }
        }
    }

    /// The API of a key that names none: that of the metadata of its issuer.
    async fn find_base(&self, target: &KeyTarget) -> Result<BaseUrl, ErrorKind> {
        let metadata = self.context.metadata(&target.issuer).await?;
        let own = metadata.cli_configuration.api_base.unwrap_or_else(|| target.issuer.clone());
        match &target.unconfirmed {
            None => Ok(own),
            Some(asked) if asked.same_origin(&own) => Ok(asked.clone()),
            Some(asked) => Err(ErrorKind::HostMismatch {
                source: self.source().clone(),
                asked: asked.host(),
                bound: own.host(),
            }),
        }
    }

    /// The server that identifies the credential: the issuer of a session, the API base of a key.
    pub(crate) async fn home(&self) -> Result<BaseUrl, ErrorKind> {
        match &self.chosen {
            ActiveCredential::Session { session, .. } => Ok(session.issuer.clone()),
            ActiveCredential::Key { .. } => self.api_base().await,
        }
    }
}

/// Revokes a session at its issuer.
pub(crate) async fn revoke(
    context: &Context,
    session: &OauthCredential,
    token: &Secret,
) -> Result<(), ErrorKind> {
    let metadata = context.metadata(&session.issuer).await?;
    let endpoint = metadata.revocation_endpoint.ok_or_else(|| ErrorKind::InvalidResponse {
        host: session.issuer.host(),
        what: "It has no revocation endpoint".into(),
    })?;
    oauth::revoke(&context.transport, &endpoint, &session.client_id, token).await
}
