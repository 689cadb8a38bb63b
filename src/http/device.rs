//! The device authorization endpoint: RFC 8628 section 3.1.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::client_authentication::ClientCredentials;
use super::form::OAuthForm;
use super::oauth_failure::OAuthFailure;
use crate::domain::authorization::RawParameters;
use crate::services::device;
use crate::web::app::App;
use crate::web::{limits, origin};

#[derive(Serialize)]
struct StartResponse<'a> {
    device_code: &'a str,
    user_code: &'a str,
    verification_uri: &'a str,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

/// `POST /oauth/device_authorization`
pub async fn start(
    app: web::Data<App>,
    request: HttpRequest,
    OAuthForm(form): OAuthForm,
) -> Result<HttpResponse, OAuthFailure> {
    limits::begin_sign_in(&app, &request)?;
    let client = ClientCredentials::read(request.headers(), &form)?;
    let parameters = RawParameters::from_pairs(form.into_pairs());
    let ip = origin::of(&app, &request).ip;
    let started = app
        .write_or_refuse(move |app, work| {
            let client = client.check(work.conn, work.now)?;
            device::start(work, &app.config, &app.master, &client, &parameters, ip.as_deref())
        })
        .await?;
    let user_code = started.user_code.formatted();
    let verification_uri = app.config.server.public_url.join("/device");
    Ok(HttpResponse::Ok().json(StartResponse {
        device_code: started.device_code.expose(),
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        user_code: &user_code,
        verification_uri: &verification_uri,
        expires_in: started.expires_in.num_seconds(),
        interval: started.interval.num_seconds(),
    }))
}
