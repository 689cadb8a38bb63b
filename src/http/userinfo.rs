//! The userinfo endpoint: OpenID Connect Core section 5.3.

use actix_web::http::Method;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use openidconnect::core::CoreUserInfoClaims;
use openidconnect::{
    EmptyAdditionalClaims, EndUserEmail, EndUserName, LocalizedClaim, StandardClaims, SubjectIdentifier,
};

use super::api_auth;
use super::bearer_error::BearerErrorResponse;
use super::oauth_failure::OAuthFailure;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::services::auth_error::AuthError;
use crate::store::TxError;
use crate::store::users::User;
use crate::web::app::App;
use crate::web::form;

const FORM: &str = "application/x-www-form-urlencoded";

/// `GET POST /oauth/userinfo`
pub async fn userinfo(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let in_body = match *request.method() {
        Method::POST if request.content_type().eq_ignore_ascii_case(FORM) => {
            let form = form::read(&request, payload.into_inner()).await.map_err(OAuthFailure::from)?;
            form.get("access_token").map(Secret::new)
        }
        _ => None,
    };
    Ok(find_claims(&app, &request, in_body).await.map_err(BearerErrorResponse)?)
}

async fn find_claims(
    app: &App,
    request: &HttpRequest,
    in_body: Option<Secret>,
) -> Result<HttpResponse, TxError<AuthError>> {
    // RFC 6750 section 2: only one method to send the token.
    let secret = match (api_auth::presented_credential(request.headers(), request.query_string()), in_body) {
        (Err(AuthError::Missing), Some(secret)) => secret,
        (Ok(_), Some(_)) => return Err(AuthError::Ambiguous.into()),
        (presented, _) => presented?,
    };
    let principal = api_auth::check(app, request, &secret, None).await?;
    // Only for CLI sessions: a key is not the result of a sign-in.
    let Some(user) = principal.subject.user().filter(|_| principal.client.is_some()) else {
        return Err(AuthError::Invalid.into());
    };
    api_auth::require(app, &principal, "openid")?;
    Ok(HttpResponse::Ok().json(claims(user, &principal.scopes)))
}

/// Claims that the scopes allow.
fn claims(user: &User, scopes: &ScopeSet) -> CoreUserInfoClaims {
    let mut claims = StandardClaims::new(SubjectIdentifier::new(user.id.clone()));
    if scopes.contains("profile") {
        let mut name = LocalizedClaim::new();
        name.insert(None, EndUserName::new(user.name.clone()));
        claims = claims.set_name(Some(name));
    }
    if scopes.contains("email") {
        claims = claims.set_email(Some(EndUserEmail::new(user.email.clone())));
    }
    CoreUserInfoClaims::new(claims, EmptyAdditionalClaims {})
}
