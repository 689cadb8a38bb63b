//! The userinfo endpoint: OpenID Connect Core section 5.3.

use actix_web::{HttpRequest, HttpResponse, web};
use openidconnect::core::CoreUserInfoClaims;
use openidconnect::{
    EmptyAdditionalClaims, EndUserEmail, EndUserName, LocalizedClaim, StandardClaims, SubjectIdentifier,
};

use super::bearer::{self, Denied};
use super::not_told::NotTold;
use crate::domain::scope::ScopeSet;
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
