//! A signed-in person or program: the credential in use, kept fresh.

mod api;
mod choose;
mod refresh;
mod whoami;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::base_url::BaseUrl;
use super::context::Context;
use super::credentials::OauthCredential;
use super::error::{Error, ErrorKind};
use super::oauth;
use super::secret::Secret;
use super::source::CredentialSource;

pub use api::{ApiClient, ApiRequest};
pub(crate) use choose::{ActiveCredential, choose, key_variable};
pub(crate) use refresh::{TokenNeed, lock_profile, obtain};
pub(crate) use whoami::{Envelope as WhoamiEnvelope, Organization, PATH as WHOAMI_PATH, Whoami, whoami_of};

/// How much longer a token must last to be worth sending.
pub(crate) const USUAL_TTL: Duration = Duration::from_secs(60);

/// The credential that one invocation uses.
#[derive(Clone)]
pub struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) chosen: ActiveCredential,
}

/// A token to send as `Authorization: Bearer`.
#[derive(Clone, Debug)]
pub struct AccessToken {
    secret: Secret,
    expires_at: Option<DateTime<Utc>>,
    generation: Option<u64>,
}

impl AccessToken {
    /// The token itself.
    pub fn secret(&self) -> &str {
        self.secret.expose()
    }

    /// When it ends; a key does not say.
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
    /// Where the credential came from.
    pub fn source(&self) -> &CredentialSource {
        self.chosen.source()
    }

    /// A token that lasts at least `min_ttl` longer, refreshed if need be. Processes that ask at once share one
    /// refresh.
    pub async fn access_token(&self, min_ttl: Duration) -> Result<AccessToken, Error> {
        self.token(TokenNeed::Fresh { min_ttl }).await.map_err(|kind| self.context.error(kind))
    }

    /// Calls the API with this credential.
    pub fn client(&self) -> ApiClient<'_> {
        ApiClient::new(self)
    }

    pub(crate) async fn token(&self, want: TokenNeed) -> Result<AccessToken, ErrorKind> {
        match &self.chosen {
            ActiveCredential::Key { key, .. } => {
                Ok(AccessToken { secret: key.clone(), expires_at: None, generation: None })
            }
            ActiveCredential::Session { .. } => Ok(obtain(&self.context, want).await?.into()),
        }
    }

    /// The address of the API that the credential is for.
    pub(crate) async fn api_base(&self) -> Result<BaseUrl, ErrorKind> {
        match &self.chosen {
            ActiveCredential::Session { session, .. } => Ok(session.api_base.clone()),
            ActiveCredential::Key { target, .. } => {
                if let Some(api_base) = &target.api_base {
                    return Ok(api_base.clone());
                }
                let metadata = self.context.metadata(&target.issuer).await?;
                Ok(metadata.cli_configuration.api_base.unwrap_or_else(|| target.issuer.clone()))
            }
        }
    }

    /// The server that can say who this is: the one that issued the session, or the one the key is for.
    pub(crate) async fn home(&self) -> Result<BaseUrl, ErrorKind> {
        match &self.chosen {
            ActiveCredential::Session { session, .. } => Ok(session.issuer.clone()),
            ActiveCredential::Key { .. } => self.api_base().await,
        }
    }
}

/// Ends a session at its server.
pub(crate) async fn end(
    context: &Context,
    session: &OauthCredential,
    token: &Secret,
) -> Result<(), ErrorKind> {
    let metadata = context.metadata(&session.issuer).await?;
    let endpoint = metadata.revocation_endpoint.ok_or_else(|| ErrorKind::InvalidResponse {
        host: session.issuer.host(),
        what: "It offers no way to end a session".into(),
    })?;
    oauth::revoke(&context.transport, &endpoint, &session.client_id, token).await
}
