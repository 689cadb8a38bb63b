//! The token endpoint for API keys and personal tokens: RFC 6749 section 4.4 and RFC 8693.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::api_auth;
use super::auth_error::{self, Row};
use super::client_authentication::ClientCredentials;
use super::form::required;
use super::oauth_failure::OAuthFailure;
use crate::domain::entropy::Entropy;
use crate::domain::key_grant::{ExchangeType, KeyGrant};
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::parameters::Parameters;
use crate::domain::secret::Secret;
use crate::domain::static_secret::{SecretForm, StaticKind};
use crate::keys::jwt::TokenType;
use crate::keys::signer::SignError;
use crate::services::auth_error::AuthError;
use crate::services::authenticate::{Principal, Subject};
use crate::services::key_exchange;
use crate::store::TxError;
use crate::web::app::App;

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    expires_in: i64,
    scope: &'a str,
}

/// Issues an access token, without a refresh token: the key can be presented again.
pub(super) async fn issue(
    app: &App,
    request: &HttpRequest,
    form: &Parameters,
    grant: KeyGrant,
) -> Result<HttpResponse, OAuthFailure> {
    let principal = match grant {
        KeyGrant::ClientCredentials => as_client(app, request, form).await?,
        KeyGrant::TokenExchange => as_subject(app, request, form).await?,
    };
    let mut resources = form.all("resource");
    resources.extend(form.get("audience").map(str::to_owned));
    let asked = key_exchange::ExchangeParams { scope: form.get("scope"), resources: &resources };
    // A flood with one key must leave capacity for refreshes.
    app.limits.call_api(&principal.credential.id, app.now())?;
    app.confirm_keys().await?;
    if !app.keyring.has_room() {
        return Err(SignError::Busy.into());
    }
    let claims = key_exchange::claims(&app.config, grant, &principal, &asked, app.now(), Entropy)?;
    let access_token = app.keyring.sign(TokenType::Access, &claims).await?;
    Ok(HttpResponse::Ok().json(TokenResponse {
        access_token,
        issued_token_type: match grant {
            KeyGrant::ClientCredentials => None,
            KeyGrant::TokenExchange => Some(ExchangeType::AccessToken.as_str()),
        },
        token_type: "Bearer",
        expires_in: claims.exp - claims.iat,
        scope: &claims.scope,
    }))
}

/// `client_credentials`: the key is the secret; the client is the key or its service account.
async fn as_client(app: &App, request: &HttpRequest, form: &Parameters) -> Result<Principal, OAuthFailure> {
    let ClientCredentials::Confidential { id, secret } = ClientCredentials::read(request.headers(), form)?
    else {
        return Err(OAuthError::invalid_client("client credentials without a secret").into());
    };
    match SecretForm::of(&app.config.brand.token_prefix, secret.expose()) {
        SecretForm::Static(StaticKind::ApiKey(_)) => {}
        SecretForm::Static(StaticKind::PersonalToken) | SecretForm::Damaged | SecretForm::Other => {
            return Err(OAuthError::invalid_client("the secret is not an API key").into());
        }
    }
    let checked = api_auth::check(app, request, &secret, None).await;
    let principal = checked.map_err(|error| refused(error, OAuthError::invalid_client))?;
    let is_account = matches!(&principal.subject, Subject::ServiceAccount(account) if account.id == id);
    if is_account || principal.credential.id == id {
        Ok(principal)
    } else {
        Err(OAuthError::invalid_client("the key belongs to another client").into())
    }
}

/// Token exchange: the key or token is the subject. Client authentication is optional, but must be valid.
async fn as_subject(app: &App, request: &HttpRequest, form: &Parameters) -> Result<Principal, OAuthFailure> {
    if request.headers().contains_key(AUTHORIZATION) || form.get("client_id").is_some() {
        let credentials = ClientCredentials::read(request.headers(), form)?;
        let now = app.now();
        app.store.read_or_refuse(move |conn| credentials.check(conn, now)).await?;
    }
    let secret = subject_token(app, form)?;
    let invalid = |reason: String| {
        OAuthError::new(
            OAuthCode::InvalidRequest,
            "The subject_token is invalid, expired or revoked.",
            reason,
        )
    };
    api_auth::check(app, request, &secret, None).await.map_err(|error| refused(error, invalid))
}

fn subject_token(app: &App, form: &Parameters) -> Result<Secret, OAuthError> {
    if form.get("actor_token").is_some() {
        return Err(OAuthError::invalid_request("actor_token is not supported."));
    }
    if ExchangeType::parse(required(form, "subject_token_type")?) != Some(ExchangeType::AccessToken) {
        return Err(OAuthError::invalid_request("subject_token_type must be the type of an access token."));
    }
    if form.get("requested_token_type").is_some_and(|wanted| ExchangeType::parse(wanted).is_none()) {
        return Err(OAuthError::invalid_request("requested_token_type must be the type of an access token."));
    }
    let secret = Secret::new(required(form, "subject_token")?);
    match SecretForm::of(&app.config.brand.token_prefix, secret.expose()) {
        SecretForm::Static(_) => Ok(secret),
        SecretForm::Damaged | SecretForm::Other => {
            Err(OAuthError::invalid_request("The subject_token is not an API key or a personal token."))
        }
    }
}

/// An authentication error in the codes of RFC 6749 section 5.2. `invalid` creates the error for a credential that is
/// invalid, expired or revoked.
pub(super) fn refused(error: TxError<AuthError>, invalid: impl FnOnce(String) -> OAuthError) -> OAuthFailure {
    let error = match error {
        TxError::Refused(error) => error,
        TxError::Store(error) => return error.into(),
    };
    let Row { oauth_code, error_code, message, .. } = auth_error::row(&error);
    let refusal = match (error, oauth_code, error_code) {
        (AuthError::PersonalTokensOff { organization, .. }, ..) => {
            OAuthError::personal_tokens_disabled(&organization)
        }
        (_, _, Some(error_code)) => OAuthError::forbidden(error_code, &message),
        (_, Some(OAuthCode::InvalidToken), None) => invalid(message),
        (_, _, None) => OAuthError::invalid_request(message),
    };
    refusal.into()
}
