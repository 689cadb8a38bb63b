//! Signs requests of another HTTP client.

use oauth2::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use oauth2::http::{Request, Uri};
use url::Url;

use super::api_path::{ApiPath, BadPath};
use super::{AccessToken, ActiveCredential, Session, TokenNeed, USUAL_TTL};
use crate::base_url::{BaseUrl, host_of};
use crate::error::{Error, ErrorKind};

impl AccessToken {
    /// The value of `Authorization` (RFC 6750, section 2.1), marked as sensitive, so that `Debug` does not show it.
    pub(super) fn header(&self) -> Result<HeaderValue, ErrorKind> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.secret()));
        let mut bearer = bearer
            .map_err(|error| ErrorKind::Usage { message: format!("Invalid request: {error}"), hint: None })?;
        bearer.set_sensitive(true);
        Ok(bearer)
    }
}

impl Session {
    /// Signs a request of your own HTTP client: sets `Authorization`, marked as sensitive, to a token that is valid for at
    /// least a minute, refreshed if needed.
    ///
    /// The URI must be absolute and have the origin (scheme, host and port) of the API that the credential belongs to.
    /// Otherwise it fails with [`HostMismatch`](ErrorKind::HostMismatch) and the request is unchanged. Plain http to
    /// another machine is [`InsecureUrl`](ErrorKind::InsecureUrl).
    ///
    /// After a 401, call [`reauthorize`](Self::reauthorize) and send the request once more. The feature `tower` has a
    /// layer that does both.
    pub async fn authorize<B>(&self, request: &mut Request<B>) -> Result<(), Error> {
        let signed = match absolute(request.uri()) {
            Ok(url) => self.sign(&url, request.headers_mut()).await,
            Err(kind) => Err(kind),
        };
        signed.map_err(|kind| self.context.error(kind))
    }

    /// Signs a request again that was answered with 401. Returns `false`, and leaves the request unchanged, if there is no
    /// other token than the rejected one: the credential is a key, or a refresh in the last minute has not helped.
    pub async fn reauthorize<B>(&self, request: &mut Request<B>) -> Result<bool, Error> {
        let newer = match absolute(request.uri()) {
            Ok(url) => self.newer_signature(&url, request.headers().get(AUTHORIZATION)).await,
            Err(kind) => Err(kind),
        };
        let Some(newer) = newer.map_err(|kind| self.context.error(kind))? else { return Ok(false) };
        request.headers_mut().insert(AUTHORIZATION, newer);
        Ok(true)
    }

    pub(super) async fn sign(&self, url: &Url, headers: &mut HeaderMap) -> Result<(), ErrorKind> {
        self.check_target(url).await?;
        let token = self.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
        self.context.app.redactor.learn(token.secret());
        headers.insert(AUTHORIZATION, token.header()?);
        Ok(())
    }

    /// The value of `Authorization` with another token than the one that was rejected; `None` if there is none.
    pub(super) async fn newer_signature(
        &self,
        url: &Url,
        rejected: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, ErrorKind> {
        self.check_target(url).await?;
        let ActiveCredential::Session { .. } = &self.chosen else { return Ok(None) };
        let rejected = rejected.and_then(|value| value.to_str().ok());
        let rejected = rejected.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let current = self.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
        let token = match current.generation {
            Some(generation) if current.secret() == rejected => {
                self.token(TokenNeed::AfterRejection { generation }).await?
            }
            // Refreshed since by another request or process.
            Some(_) | None => current,
        };
        if token.secret() == rejected {
            return Ok(None);
        }
        self.context.app.redactor.learn(token.secret());
        token.header().map(Some)
    }

    /// The URL of a path at a server.
    pub(super) fn resolve(&self, path: &ApiPath, base: &BaseUrl) -> Result<Url, ErrorKind> {
        path.at(base).map_err(|bad| match bad {
            BadPath::OtherOrigin(url) => self.other_host(&url, base),
            BadPath::Invalid(message) => ErrorKind::Usage { message, hint: None },
        })
    }

    /// Checks that the credential may be sent to this URL.
    async fn check_target(&self, url: &Url) -> Result<(), ErrorKind> {
        let base = self.api_base().await?;
        if url.origin() != base.url().origin() {
            return Err(self.other_host(url, &base));
        }
        self.context.transport.check_scheme(url)
    }

    fn other_host(&self, url: &Url, base: &BaseUrl) -> ErrorKind {
        ErrorKind::HostMismatch { source: self.source().clone(), asked: host_of(url), bound: base.host() }
    }
}

pub(super) fn absolute(uri: &Uri) -> Result<Url, ErrorKind> {
    Url::parse(&uri.to_string()).map_err(|_| ErrorKind::Usage {
        message: format!("`{}` is not an absolute URI", uri.path()),
        hint: Some("A request is signed for a scheme and a host.".into()),
    })
}
