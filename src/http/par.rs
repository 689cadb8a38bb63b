//! Pushed authorization requests: RFC 9126. The response adds a short link and a user check code for the
//! terminal. The status endpoint tells a client without a loopback redirect whether a copied code can still
//! come.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::client_authentication::ClientCredentials;
use super::form::{OAuthForm, required};
use super::oauth_failure::OAuthFailure;
use crate::domain::authorization::RawParameters;
use crate::domain::oauth_error::{COPIED_CODES_DISABLED, OAuthCode, OAuthError, PERSONAL_TOKENS_DISABLED};
use crate::domain::secret::Secret;
use crate::services::authorization::{self, Progress};
use crate::store::Conn;
use crate::web::app::App;
use crate::web::{limits, origin};

#[derive(Serialize)]
struct PushResponse<'a> {
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
) -> Result<HttpResponse, OAuthFailure> {
    limits::begin_sign_in(&app, &request)?;
    let client = ClientCredentials::read(request.headers(), &form)?;
    let parameters = RawParameters::from_pairs(form.into_pairs());
    let ip = origin::of(&app, &request).ip;
    let pushed = app
        .write_or_refuse(move |app, work| {
            let client = client.check(work.conn, work.now)?;
            authorization::push(work, &app.config, &client, &parameters, ip.as_deref())
        })
        .await?;
    Ok(HttpResponse::Created().json(PushResponse {
        request_uri: pushed.request_uri.expose(),
        expires_in: pushed.expires_in.num_seconds(),
        login_url: app.config.server.public_url.join(&format!("/c/{}", pushed.user_check)),
        user_check: &pushed.user_check,
    }))
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
    #[serde(flatten)]
    refused: Option<RefusedStatus>,
}

#[derive(Serialize)]
struct RefusedStatus {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    error_description: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_codes: Option<bool>,
}

/// `POST /oauth/par/status`, for the client that pushed the request; no other client knows its `request_uri`.
pub async fn status(
    app: web::Data<App>,
    request: HttpRequest,
    OAuthForm(form): OAuthForm,
) -> Result<HttpResponse, OAuthFailure> {
    let client = ClientCredentials::read(request.headers(), &form)?;
    let request_uri = Secret::new(required(&form, "request_uri")?);
    let (reader, credentials, uri) = (App::clone(&app), client.clone(), request_uri.clone());
    let look = move |conn: &mut Conn| {
        let now = reader.now();
        let client = credentials.check(conn, now)?;
        reader.limits.poll_pushed_request(uri.digest(), now).map_err(|_| too_fast())?;
        Ok(authorization::progress(conn, &reader.config, now, &client, uri.expose())?)
    };
    let mut progress = app.store.read_or_refuse(look).await?;
    if let Progress::CopiedCodesOff { .. } = progress {
        let origin = origin::of(&app, &request);
        progress = app
            .write_or_refuse(move |app, work| {
                let client = client.check(work.conn, work.now)?;
                Ok(authorization::progress_or_abandon(
                    work,
                    &app.config,
                    &client,
                    request_uri.expose(),
                    &origin,
                )?)
            })
            .await?;
    }
    Ok(HttpResponse::Ok().json(status_body(progress)))
}

fn too_fast() -> OAuthError {
    let description = "The status was requested too often. Wait 5 seconds longer between requests.";
    OAuthError::new(OAuthCode::SlowDown, description, "polled too fast")
}

fn status_body(progress: Progress) -> Status {
    let refused = |error_code, description: &'static str, device_codes| Status {
        status: "refused",
        refused: Some(RefusedStatus {
            error: OAuthCode::AccessDenied.as_str(),
            error_code,
            error_description: description.into(),
            device_codes,
        }),
    };
    match progress {
        Progress::Waiting => Status { status: "waiting", refused: None },
        Progress::Ended => Status { status: "ended", refused: None },
        Progress::Denied => refused(None, "The user chose Deny on the approval page.", None),
        Progress::CannotApprove { in_organization } => {
            let error = OAuthError::cannot_approve(in_organization);
            let (code, description) = (error.code.as_str(), error.description);
            let refused = RefusedStatus {
                error: code,
                error_code: None,
                error_description: description,
                device_codes: None,
            };
            Status { status: "refused", refused: Some(refused) }
        }
        Progress::PersonalTokensOff => {
            let description = "The organization does not allow personal tokens.";
            refused(Some(PERSONAL_TOKENS_DISABLED), description, None)
        }
        Progress::CopiedCodesOff { device_codes } => {
            let description = "The organization does not allow copied codes.";
            refused(Some(COPIED_CODES_DISABLED), description, Some(device_codes))
        }
    }
}
