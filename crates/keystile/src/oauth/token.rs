//! Token and revocation requests.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl,
    StandardRevocableToken, TokenUrl,
};

use super::answer::{OauthErrorResponse, TokenSet};
use super::discovery::Metadata;
use super::form_post;
use super::token_syntax::checked;
use crate::base_url::host_of;
use crate::error::ErrorKind;
use crate::http::{ApiResponse, PROTOCOL_LIMIT, Plan, Replay, Transport, retry_after};
use crate::secret::Secret;

/// Without retries of a request that the server may have processed, because codes and refresh tokens work once.
const PLAN: Plan =
    Plan { replay: Replay::OnlyIfUnsent, timeout: Duration::from_secs(30), limit: PROTOCOL_LIMIT };

type Client<Revocation = EndpointNotSet, Token = EndpointNotSet> = oauth2::Client<
    OauthErrorResponse,
    TokenSet,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    Revocation,
    Token,
>;

/// Errors of the token endpoint.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// The code or refresh token is invalid, used or expired.
    InvalidGrant(ErrorKind),
    /// Rate limited, or the server failed or is unreachable. The grant may still be valid.
    Transient(ErrorKind),
    /// Anything else.
    Refused(ErrorKind),
}

impl TokenError {
    pub(crate) fn into_kind(self) -> ErrorKind {
        match self {
            Self::InvalidGrant(kind) | Self::Transient(kind) | Self::Refused(kind) => kind,
        }
    }
}

/// Exchanges an authorization code for tokens.
pub(crate) async fn exchange_code(
    transport: &Transport,
    metadata: &Metadata,
    client_id: &str,
    redirect: RedirectUrl,
    code: AuthorizationCode,
    verifier: PkceCodeVerifier,
) -> Result<TokenSet, TokenError> {
    let client = client(client_id, &metadata.token_endpoint).set_redirect_uri(redirect);
    let request = client.exchange_code(code).set_pkce_verifier(verifier);
    let tokens = request.request_async(transport).await;
    let tokens = tokens.map_err(|error| classify(error, &metadata.token_endpoint))?;
    checked(tokens, &metadata.token_endpoint).map_err(TokenError::Refused)
}

/// Exchanges a refresh token for new tokens.
pub(crate) async fn refresh(
    transport: &Transport,
    metadata: &Metadata,
    client_id: &str,
    token: RefreshToken,
) -> Result<TokenSet, TokenError> {
    let client = client(client_id, &metadata.token_endpoint);
    let request = client.exchange_refresh_token(&token);
    let tokens = request.request_async(transport).await;
    let tokens = tokens.map_err(|error| classify(error, &metadata.token_endpoint))?;
    checked(tokens, &metadata.token_endpoint).map_err(TokenError::Refused)
}

/// Revokes a token (RFC 7009).
pub(crate) async fn revoke(
    transport: &Transport,
    endpoint: &RevocationUrl,
    client_id: &str,
    token: &Secret,
) -> Result<(), ErrorKind> {
    let pairs = [("token", token.expose()), ("token_type_hint", "refresh_token"), ("client_id", client_id)];
    let request = form_post(endpoint.url(), pairs.map(|(name, value)| (name.into(), value.into())))?;
    // Idempotent.
    let response = transport.send(request, Plan { replay: Replay::Safe, ..PLAN }).await?;
    match (busy(&response), response.status()) {
        (Some(kind), _) => Err(kind),
        (None, 200 | 204) => Ok(()),
        (None, status) => Err(ErrorKind::InvalidResponse {
            host: host_of(endpoint.url()),
            what: format!("Revoking answered {status}"),
        }),
    }
}

fn client(client_id: &str, token_url: &TokenUrl) -> Client<EndpointNotSet, EndpointSet> {
    Client::new(ClientId::new(client_id.to_owned()))
        // A public client: no secret, so no Authorization header.
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(token_url.clone())
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = ErrorKind;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ErrorKind>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let response = self.send(request, PLAN).await?;
            match busy(&response) {
                Some(kind) => Err(kind),
                None => Ok(response.into_inner()),
            }
        })
    }
}

/// The error for 429 and 5xx.
pub(super) fn busy(response: &ApiResponse) -> Option<ErrorKind> {
    match response.status() {
        429 => Some(ErrorKind::RateLimited {
            message: None,
            retry_after: retry_after(response.headers(), response.received()),
            request_id: None,
        }),
        status @ 500.. => {
            let id =
                response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            Some(ErrorKind::ServerError { status, request_id: id })
        }
        _ => None,
    }
}

fn classify(error: RequestTokenError<ErrorKind, OauthErrorResponse>, endpoint: &TokenUrl) -> TokenError {
    let bad =
        |what: &str| ErrorKind::InvalidResponse { host: host_of(endpoint.url()), what: what.to_owned() };
    match error {
        RequestTokenError::ServerResponse(refusal) if refusal.is_invalid_grant() => {
            TokenError::InvalidGrant(refusal.into_kind())
        }
        RequestTokenError::ServerResponse(refusal) => TokenError::Refused(refusal.into_kind()),
        RequestTokenError::Request(kind) => TokenError::Transient(kind),
        // The body may contain tokens, so it is not quoted.
        RequestTokenError::Parse(_, _) => {
            TokenError::Refused(bad("Its token endpoint did not respond as OAuth 2.0 requires"))
        }
        RequestTokenError::Other(what) => TokenError::Refused(bad(&what)),
    }
}
