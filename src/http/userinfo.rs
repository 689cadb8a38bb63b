//! The userinfo endpoint: OpenID Connect Core section 5.3.

use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use openidconnect::core::CoreUserInfoClaims;
use openidconnect::{
    EmptyAdditionalClaims, EndUserEmail, EndUserName, LocalizedClaim, StandardClaims, SubjectIdentifier,
};
use serde_json::json;

use super::bearer::{self, Denied};
use super::failure::RETRY_SECONDS;
use crate::domain::oauth_error::PERSONAL_TOKENS_DISABLED;
use crate::domain::scope::ScopeSet;
use crate::store::StoreError;
use crate::store::users::User;
use crate::web::app::App;

/// `GET POST /oauth/userinfo`
pub async fn userinfo(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, NotTold> {
    let principal = bearer::principal(&app, &request).await.map_err(NotTold)?;
    // It tells a tool who has signed in to it, and nobody has signed in with a key.
    let Some(user) = principal.subject.user().filter(|_| principal.client.is_some()) else {
        return Err(NotTold(Denied::Invalid));
    };
    bearer::require(&app, &principal, "openid").map_err(NotTold)?;
    Ok(HttpResponse::Ok().json(claims(user, &principal.scopes)))
}

/// What the scopes let the client know.
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

/// A refusal in the words of RFC 6750.
#[derive(Debug)]
pub struct NotTold(Denied);

impl std::fmt::Display for NotTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message())
    }
}

impl NotTold {
    fn code(&self) -> Option<&'static str> {
        match &self.0 {
            Denied::Missing => None,
            Denied::Ambiguous | Denied::InQuery => Some("invalid_request"),
            Denied::Invalid | Denied::Expired | Denied::Revoked => Some("invalid_token"),
            Denied::InsufficientScope { .. } => Some("insufficient_scope"),
            Denied::SwitchedOff { .. }
            | Denied::AdminsOnly { .. }
            | Denied::KeysOff { .. }
            | Denied::Address => Some("access_denied"),
            Denied::Store(StoreError::Unavailable(_)) => Some("temporarily_unavailable"),
            Denied::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => Some("server_error"),
        }
    }
}

impl ResponseError for NotTold {
    fn status_code(&self) -> actix_web::http::StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log();
        let mut answer = HttpResponse::build(self.0.status());
        if let Some(challenge) = self.0.challenge() {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        let Some(code) = self.code() else { return answer.finish() };
        let mut body = json!({ "error": code, "error_description": self.0.message() });
        match &self.0 {
            Denied::SwitchedOff { .. } => body["error_code"] = json!(PERSONAL_TOKENS_DISABLED),
            Denied::InsufficientScope { required, header } => {
                answer.insert_header((header.as_str(), required.to_string()));
            }
            Denied::Store(StoreError::Unavailable(_)) => {
                answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
            }
            _ => {}
        }
        answer.json(body)
    }
}
