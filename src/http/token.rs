//! The token endpoint: RFC 6749 section 3.2.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use oauth2::{
    AccessToken, ExtraTokenFields, RefreshToken, Scope, StandardTokenResponse, TokenType as WireTokenType,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::client_authentication::ClientCredentials;
use super::form::{OAuthForm, required};
use super::oauth_failure::OAuthFailure;
use super::{id_token, key_token};
use crate::domain::audit::Origin;
use crate::domain::authorization;
use crate::domain::client::{Client, Grant};
use crate::domain::installation::InstallationId;
use crate::domain::key_grant::KeyGrant;
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::parameters::Parameters;
use crate::domain::secret::Secret;
use crate::grants::authorization_code::{self, CodeRequest};
use crate::grants::device::{self, DeviceCodeRequest};
use crate::grants::refresh::{self, RefreshRequest};
use crate::grants::{ApprovedGrant, Outcome, TokenSet};
use crate::keys::jwt::TokenType;
use crate::keys::signer::SignError;
use crate::store::{StoreError, Work};
use crate::web::app::App;
use crate::web::origin;

/// `POST /oauth/token`
///
/// Client, grant, organization and user are read and the grant is redeemed in one transaction. The tokens are
/// signed after the commit.
pub async fn token(
    app: web::Data<App>,
    request: HttpRequest,
    OAuthForm(form): OAuthForm,
) -> Result<HttpResponse, OAuthFailure> {
    if let Some(grant) = form.get("grant_type").and_then(KeyGrant::parse) {
        return key_token::issue(&app, &request, &form, grant).await;
    }
    let client = ClientCredentials::read(request.headers(), &form)?;
    authorization::resource(app.issuer(), &form.all("resource"))?;
    let token_request = TokenRequest::read(&form, origin::of(&app, &request))?;
    let grant = token_request.grant();
    app.confirm_keys().await?;
    let (issued, access_token) = match fast_path(&app, &client, &token_request).await? {
        Some(signed) => signed,
        None => slow_path(&app, client, token_request).await?,
    };
    let id_token = match grant {
        Grant::AuthorizationCode | Grant::DeviceCode
            if issued.claims.scope.split(' ').any(|scope| scope == "openid") =>
        {
            Some(id_token::sign(&app, &issued, &access_token).await?)
        }
        // RFC 6749 leaves the ID token of a refresh open; a second signature would halve the speed of every refresh.
        Grant::AuthorizationCode | Grant::RefreshToken | Grant::DeviceCode => None,
    };
    Ok(HttpResponse::Ok().json(answer(&issued, access_token, id_token)))
}

/// Longer than all timeouts of the database.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Fast path for cached clients: exchange on the store's batch thread, then hand straight to a signer. `None` means
/// nothing changed; take the slow path.
async fn fast_path(
    app: &App,
    credentials: &ClientCredentials,
    token_request: &TokenRequest,
) -> Result<Option<(TokenSet, String)>, OAuthFailure> {
    let Ok(client) = credentials.authenticate(app.clients.get(credentials.id()), app.now()) else {
        return Ok(None);
    };
    let Some(path) = FastPath::of(app, client, token_request) else { return Ok(None) };
    if !app.keyring.has_room() {
        return Err(SignError::Busy.into());
    }
    let (done, answered) = oneshot::channel();
    let to_sign = app.clone();
    path.submit(app, move |approved| match approved {
        Ok(Some(grant)) => {
            let (app, now) = (to_sign.clone(), to_sign.now());
            let issue = move || grant.issue(&app.config, &app.master, now);
            // The receiver is gone if the client disconnected; the write stays.
            to_sign
                .keyring
                .sign_later(issue, |signed| drop(done.send(signed.map(Some).map_err(OAuthFailure::from))));
        }
        Ok(None) => drop(done.send(Ok(None))),
        Err(error) => drop(done.send(Err(error.into()))),
    })?;
    let lost = |_| OAuthFailure::Internal("a grant was dropped before its tokens were signed".to_owned());
    let late = |_| StoreError::Unavailable("a grant timed out".into());
    timeout(TIMEOUT, answered).await.map_err(late)?.map_err(lost)?
}

/// One transaction, with the client from the database, and then a signature.
async fn slow_path(
    app: &App,
    credentials: ClientCredentials,
    token_request: TokenRequest,
) -> Result<(TokenSet, String), OAuthFailure> {
    let issued =
        app.write_or_refuse(move |app, work| token_request.exchange(app, work, &credentials)).await?;
    let access_token = app.keyring.sign(TokenType::Access, &issued.claims).await?;
    Ok((issued, access_token))
}

/// The grants that have a fast path.
enum FastPath {
    Code(authorization_code::FastPath),
    Refresh(refresh::FastPath),
}

impl FastPath {
    fn of(app: &App, client: Arc<Client>, token_request: &TokenRequest) -> Option<Self> {
        match token_request {
            TokenRequest::Code(request) => authorization_code::FastPath::of(client, request).map(Self::Code),
            TokenRequest::Refresh(request) => {
                refresh::FastPath::of(&app.config, &app.master, client, request).map(Self::Refresh)
            }
            // Pending polls are normal, a dozen per sign-in.
            TokenRequest::Device(_) => None,
        }
    }

    fn submit(
        self,
        app: &App,
        deliver: impl FnOnce(Result<Option<ApprovedGrant>, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        match self {
            Self::Code(path) => path.redeem(&app.store, &app.config, &app.master, deliver),
            Self::Refresh(path) => path.rotate(&app.store, &app.config, &app.master, deliver),
        }
    }
}

/// A token request, by `grant_type`.
#[derive(Clone)]
enum TokenRequest {
    Code(CodeRequest),
    Refresh(RefreshRequest),
    Device(DeviceCodeRequest),
}

impl TokenRequest {
    fn read(form: &Parameters, origin: Origin) -> Result<Self, OAuthError> {
        let grant_type = required(form, "grant_type")?;
        match Grant::parse(grant_type) {
            Some(Grant::AuthorizationCode) => Ok(Self::Code(CodeRequest {
                code: Secret::new(required(form, "code")?),
                code_verifier: form.get("code_verifier").map(Secret::new),
                redirect_uri: form.get("redirect_uri").map(str::to_owned),
                origin,
            })),
            Some(Grant::RefreshToken) => Ok(Self::Refresh(RefreshRequest {
                refresh_token: Secret::new(required(form, "refresh_token")?),
                scope: form.get("scope").map(str::to_owned),
                installation: installation(form)?,
                origin,
            })),
            Some(Grant::DeviceCode) => Ok(Self::Device(DeviceCodeRequest {
                device_code: Secret::new(required(form, "device_code")?),
                origin,
            })),
            None => Err(OAuthError::new(
                OAuthCode::UnsupportedGrantType,
                "This server does not support this grant_type.",
                "unknown grant_type",
            )),
        }
    }

    fn grant(&self) -> Grant {
        match self {
            Self::Code(_) => Grant::AuthorizationCode,
            Self::Refresh(_) => Grant::RefreshToken,
            Self::Device(_) => Grant::DeviceCode,
        }
    }

    fn exchange(&self, app: &App, work: &mut Work<'_>, credentials: &ClientCredentials) -> Outcome {
        let client = credentials.check(work.conn, work.now)?;
        app.clients.remember(&client);
        let client = &client;
        match self {
            Self::Code(request) => {
                authorization_code::exchange(work, &app.config, &app.master, client, request)
            }
            Self::Refresh(request) => refresh::exchange(work, &app.config, &app.master, client, request),
            Self::Device(request) => device::exchange(work, &app.config, &app.master, client, request),
        }
    }
}

/// The optional `installation_id`, an extension of this server.
fn installation(form: &Parameters) -> Result<Option<InstallationId>, OAuthError> {
    let Some(text) = form.get("installation_id") else { return Ok(None) };
    InstallationId::parse(text).map(Some).ok_or_else(|| {
        OAuthError::invalid_request(
            "installation_id needs 16 to 128 letters, digits, dots, dashes, underscores and tildes.",
        )
    })
}

/// The only token type, spelled as in RFC 6750.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum BearerType {
    Bearer,
}

impl WireTokenType for BearerType {}

/// Extensions to RFC 6749: session lifetimes and the ID token.
#[derive(Serialize, Deserialize)]
struct SessionFields {
    /// Idle timeout of the refresh token, in seconds.
    refresh_token_timeout: i64,
    /// Remaining lifetime of the session, in seconds.
    authorization_expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl ExtraTokenFields for SessionFields {}

impl fmt::Debug for SessionFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionFields([redacted])")
    }
}

fn answer(
    issued: &TokenSet,
    access_token: String,
    id_token: Option<String>,
) -> StandardTokenResponse<SessionFields, BearerType> {
    let issued_at = issued.claims.iat;
    let fields = SessionFields {
        refresh_token_timeout: issued.idle_ends_at.seconds() - issued_at,
        authorization_expires_in: issued.ends_at.seconds() - issued_at,
        id_token,
    };
    let lifetime = u64::try_from(issued.claims.exp - issued_at).unwrap_or_default();
    let mut answer = StandardTokenResponse::new(AccessToken::new(access_token), BearerType::Bearer, fields);
    answer.set_expires_in(Some(&Duration::from_secs(lifetime)));
    answer.set_scopes(Some(issued.claims.scope.split(' ').map(|id| Scope::new(id.to_owned())).collect()));
    let refresh_token = issued.refresh_token.as_ref();
    answer.set_refresh_token(refresh_token.map(|token| RefreshToken::new(token.expose().to_owned())));
    answer
}
