//! Reports of leaked secrets.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::Data;
use super::error::ApiError;
use super::responses::{Failures, Limited, Reading};
use super::write_request::body;
use crate::domain::secret::Secret;
use crate::services::leaks::{self, Leak};
use crate::web::app::App;
use crate::web::limits;
use crate::web::origin;

/// Maximum number of secrets in one report.
const MAX_SECRETS: usize = 100;

/// A leaked secret. Field names are those of GitHub secret scanning; its other fields are ignored.
#[derive(Deserialize, ToSchema)]
pub struct LeakedSecret {
    /// The secret: an API key, a personal token, a refresh token or an access token.
    #[schema(example = "keystile_live_...")]
    token: String,
    /// URL where it was found. Shown to the owner without its query.
    #[schema(example = "https://github.com/acme/app/blob/main/.env")]
    url: Option<String>,
}

/// Result of a report.
#[derive(Serialize, ToSchema)]
pub struct Reported {
    /// Number of secrets in the report.
    received: usize,
}

/// Report leaked secrets
///
/// Each is revoked at once, and the audit log of its organization says when and where it was found. No
/// credential is needed: holding a secret suffices to revoke it. The response does not reveal which secrets
/// exist.
#[utoipa::path(
    post,
    path = "/api/v1/leaked-secrets",
    operation_id = "reportLeakedSecrets",
    tag = "Leaked secrets",
    request_body(content = Vec<LeakedSecret>, description = "1 to 100 secrets."),
    responses((status = 202, description = "The report was accepted.", body = Data<Reported>), Reading, Limited, Failures),
    security(())
)]
pub async fn report(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    limits::report_leaks(&app, &request)?;
    let found: Vec<LeakedSecret> = body(&request, payload.into_inner()).await?;
    if !(1..=MAX_SECRETS).contains(&found.len()) {
        return Err(ApiError::bad_request(format!("A report must have 1 to {MAX_SECRETS} secrets.")));
    }
    let received = found.len();
    app.confirm_keys().await?;
    let (keys, now) = (app.keyring.current(), app.now());
    let report: Vec<(Secret, Option<String>)> =
        found.into_iter().map(|LeakedSecret { token, url }| (Secret::new(token), url)).collect();
    let leaks = Leak::read(&app.config, &keys, now, &report);
    let origin = origin::of(&app, &request);
    app.write(move |app, work| leaks::end_all(work, &app.master, &leaks, &origin)).await?;
    Ok(HttpResponse::Accepted().json(Data { data: Reported { received } }))
}
