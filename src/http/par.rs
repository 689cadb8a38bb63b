//! Pushed authorization requests: RFC 9126. The answer adds what a terminal shows: a short link and a code to compare.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::client_authentication::Claimed;
use super::failure::Failure;
use super::form::OAuthForm;
use crate::domain::authorization::Parameters;
use crate::services::authorization;
use crate::web::app::App;
use crate::web::{limits, origin};

#[derive(Serialize)]
struct Answer<'a> {
    request_uri: &'a str,
    expires_in: i64,
    login_url: String,
    user_check: &'a str,
}

/// `POST /oauth/par`
pub async fn push(
    app: web::Data<App>,
    request: HttpRequest,
    OAuthForm(form): OAuthForm,
) -> Result<HttpResponse, Failure> {
    limits::begin_sign_in(&app, &request)?;
    let client = Claimed::read(request.headers(), &form)?;
    let parameters = Parameters::from_pairs(form.into_pairs());
    let ip = origin::of(&app, &request).ip;
    let pushed = app
        .write(move |app, work| match client.check(work.conn, work.now)? {
            Ok(client) => authorization::push(work, &app.config, &client, &parameters, ip.as_deref()),
            Err(error) => Ok(Err(error)),
        })
        .await??;
    Ok(HttpResponse::Created().json(Answer {
        request_uri: pushed.request_uri.expose(),
        expires_in: pushed.expires_in.num_seconds(),
        login_url: app.config.server.public_url.join(&format!("/c/{}", pushed.user_check)),
        user_check: &pushed.user_check,
    }))
}
