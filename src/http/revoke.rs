//! The revocation endpoint: RFC 7009. It works even if the organization's policy forbids the credential.

use actix_web::{HttpRequest, HttpResponse, web};

use super::client_authentication::ClientCredentials;
use super::form::{OAuthForm, required};
use super::oauth_failure::OAuthFailure;
use crate::domain::secret::Secret;
use crate::services::revocation::{self, RevocableToken};
use crate::web::app::App;
use crate::web::origin;

/// `POST /oauth/revoke`
pub async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    OAuthForm(form): OAuthForm,
) -> Result<HttpResponse, OAuthFailure> {
    let client = ClientCredentials::read(request.headers(), &form)?;
    let text = Secret::new(required(&form, "token")?);
    app.confirm_keys().await?;
    let token = RevocableToken::read(&app.config, &app.keyring.current(), app.now(), &text);
    let origin = origin::of(&app, &request);
    app.write_or_refuse(move |app, work| {
        let client = client.check(work.conn, work.now)?;
        revocation::revoke_for_client(work, &app.master, &client, &token, &origin)
    })
    .await?;
    Ok(HttpResponse::Ok().finish())
}
