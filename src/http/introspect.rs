//! The introspection endpoint: RFC 7662.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::api_auth;
use super::bearer_error::BearerErrorResponse;
use super::client_authentication::ClientCredentials;
use super::form::{OAuthForm, required};
use super::oauth_failure::OAuthFailure;
use crate::domain::management::TOKENS_INTROSPECT;
use crate::domain::oauth_error::OAuthError;
use crate::domain::parameters::Parameters;
use crate::domain::secret::Secret;
use crate::domain::static_secret::{Mode, SecretForm, StaticKind};
use crate::domain::time::Time;
use crate::keys::refresh_token;
use crate::services::auth_error::AuthError;
use crate::services::authenticate::{self, Audience, PresentedToken};
use crate::services::introspection::{ActiveToken, Requester};
use crate::store::{Conn, TxError};
use crate::web::app::App;

/// `POST /oauth/introspect`: for confidential clients, and for API keys with the scope.
pub async fn introspect(
    app: web::Data<App>,
    request: HttpRequest,
    OAuthForm(form): OAuthForm,
) -> Result<HttpResponse, Error> {
    // Both lookups run concurrently. A refused requester ends both, whatever the outcome of the second.
    let (asking, found) = tokio::try_join!(biased; authenticate_requester(&app, &request, &form), async { Ok(find_active(&app, &form).await) })?;
    let active = found?.and_then(|active| active.visible_to(&asking));
    Ok(HttpResponse::Ok().json(match active {
        Some(active) => response(&app, &active),
        None => json!({ "active": false }),
    }))
}

async fn authenticate_requester(
    app: &App,
    request: &HttpRequest,
    form: &Parameters,
) -> Result<Requester, Error> {
    let headers = request.headers();
    let scheme = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split(' ').next());
    let as_client = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if as_client || form.get("client_id").is_some() {
        let credentials = ClientCredentials::read(headers, form).map_err(OAuthFailure::from)?;
        let now = app.now();
        let check = app.store.read_or_refuse(move |conn| credentials.check(conn, now));
        let client = check.await.map_err(OAuthFailure::from)?;
        if client.is_public() {
            return Err(OAuthFailure::from(OAuthError::invalid_client("a public client")).into());
        }
        return Ok(Requester::Client { id: client.id });
    }
    Ok(authenticate_key(app, request).await.map_err(BearerErrorResponse)?)
}

async fn authenticate_key(app: &App, request: &HttpRequest) -> Result<Requester, TxError<AuthError>> {
    let secret = api_auth::presented_credential(request.headers(), request.query_string())?;
    match SecretForm::of(&app.config.brand.token_prefix, secret.expose()) {
        SecretForm::Static(StaticKind::ApiKey(_)) => {}
        SecretForm::Static(StaticKind::PersonalToken) | SecretForm::Damaged | SecretForm::Other => {
            return Err(AuthError::Invalid.into());
        }
    }
    let principal = api_auth::check(app, request, &secret, None).await?;
    api_auth::require(app, &principal, TOKENS_INTROSPECT)?;
    Ok(Requester::Organization { id: principal.organization.id })
}

/// The active token, if any. `token_type_hint` is not needed. Keys with an address allowlist count as
/// inactive, because the client address is unknown.
async fn find_active(app: &App, form: &Parameters) -> Result<Option<ActiveToken>, OAuthFailure> {
    let secret = Secret::new(required(form, "token")?);
    if let Some(refresh) = refresh_token::parse(&app.config.brand.token_prefix, secret.expose()) {
        let (reader, now) = (app.clone(), app.now());
        let read = move |conn: &mut Conn| {
            authenticate::check_refresh(conn, &reader.config, &reader.master, &refresh, now)
        };
        let principal = TxError::settle(app.store.read_or_refuse(read).await)?.ok();
        return Ok(principal.map(|principal| ActiveToken { principal, claims: None, is_refresh: true }));
    }
    let Ok(token) = TxError::settle(api_auth::parse_token(app, &secret).await)? else { return Ok(None) };
    let principal = api_auth::check_token(app, &token, &Audience::Any, None).await?.verdict.ok();
    let claims = match token {
        PresentedToken::Access(claims) => Some(claims),
        PresentedToken::Static(_) => None,
    };
    Ok(principal.map(|principal| ActiveToken { principal, claims, is_refresh: false }))
}

/// The response of section 2.2, with the organization and kind of credential in addition.
fn response(app: &App, active: &ActiveToken) -> Value {
    let ActiveToken { principal, claims, is_refresh } = active;
    let credential = &principal.credential;
    let client_id = principal.client.as_ref().map_or(&credential.id, |client| &client.id);
    let (made, end) = (credential.created_at.seconds(), credential.ends_at.map(Time::seconds));
    let mut shown = json!({
        "active": true,
        "scope": principal.scopes.to_string(),
        "client_id": client_id,
        "iat": claims.as_ref().map_or(made, |claims| claims.iat),
        "sub": claims.as_ref().map_or(principal.subject.id().as_str(), |claims| &claims.sub),
        "aud": claims.as_ref().map_or(app.issuer(), |claims| &claims.aud),
        "iss": app.issuer(),
        "org": principal.organization.id,
        "sid": credential.id,
        "credential_kind": credential.kind.as_str(),
    });
    let optional = [
        ("exp", claims.as_ref().map(|claims| claims.exp).or(end).map(Value::from)),
        ("jti", claims.as_ref().map(|claims| claims.jti.as_str().into())),
        ("token_type", (!is_refresh).then(|| "Bearer".into())),
        ("mode", credential.mode.map(Mode::as_str).map(Value::from)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}
