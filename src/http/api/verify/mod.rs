//! Verification of requests to other APIs: forward authentication for proxies, and the same with JSON.

mod request;
mod response;

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::Data;
use super::caller::Caller;
use super::error::ApiError;
use super::responses::Reading;
use super::write_request::body;
use crate::domain::endpoint::Endpoint;
use crate::domain::secret::Secret;
use crate::http::api_auth;
use crate::services::auth_error::AuthError;
use crate::services::rate_limits;
use crate::store::TxError;
use crate::web::app::App;
use request::{Described, Requirements, VerifyRequest};
use response::{PassedRequest, ResponseForm, Verified};

/// Verify a request for a proxy
///
/// The proxy forwards the headers of the original request, and describes it in `X-Original-Method` and
/// `X-Original-URI`, or in `X-Forwarded-Method` and `X-Forwarded-Uri`. The response consists of headers only.
/// Proxies that keep the method and prefix the path use `/api/v1/verify/{required}/...`, where `required` is
/// the query string of this operation, or `-`.
#[utoipa::path(
    get,
    path = "/api/v1/verify",
    operation_id = "verifyRequest",
    tag = "Credentials",
    params(
        ("scope" = Option<String>, Query, description = "Scopes that the credential must have, separated by spaces."),
        ("policy" = Option<String>, Query, description = "The rate policy that counts the request."),
        ("resource" = Option<String>, Query, description = "The resource that an access token must be issued for; this server if omitted. Keys and personal tokens are valid for any.")
    ),
    responses(
        (
            status = 200,
            description = "The request is allowed.",
            headers(
                ("X-Auth-Subject" = String, description = "The id of the user or service account."),
                ("X-Auth-Org" = String, description = "The id of the organization."),
                ("X-Auth-Scopes" = String, description = "The effective scopes of the credential, separated by spaces."),
                ("X-Auth-Credential" = String, description = "The id of the credential."),
                ("X-Auth-Kind" = String, description = "`cli_session`, `personal_token` or `api_key`."),
                ("X-Auth-Mode" = String, description = "`live` or `test`.")
            )
        ),
        Caller
    )
)]
pub async fn for_proxy(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let asked = Requirements::parse(&app, request.query_string())
        .and_then(|required| Ok(VerifyRequest { required, original: request::original(request.headers())? }));
    ResponseForm::Headers.respond(by_headers(&app, &request, asked).await)
}

/// `/api/v1/verify/{required}/{path}`: for proxies that keep the method and prefix the path. `required` is
/// the query string of [`for_proxy`], or `-`.
pub async fn for_prefixing_proxy(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let required = request.match_info().query("required");
    let original = request::behind_prefix(app.config.server.public_url.path(), &request);
    let asked = Requirements::parse(&app, if required == "-" { "" } else { required })
        .and_then(|required| Ok(VerifyRequest { required, original: Some(original?) }));
    ResponseForm::Headers.respond(by_headers(&app, &request, asked).await)
}

/// Verify a credential
///
/// The credential is in the body. No other authentication is needed.
#[utoipa::path(
    post,
    path = "/api/v1/verify",
    operation_id = "verifyCredential",
    tag = "Credentials",
    request_body = Described,
    responses(
        (status = 200, description = "The credential may make the request.", body = Data<Verified>),
        Caller,
        Reading
    ),
    security(())
)]
pub async fn for_program(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    ResponseForm::Body.respond(by_body(&app, &request, payload).await)
}

/// Refuses malformed requests before checking the credential.
async fn by_headers(
    app: &App,
    request: &HttpRequest,
    asked: Result<VerifyRequest, ApiError>,
) -> Result<PassedRequest, ApiError> {
    let asked = asked?;
    let secret = api_auth::presented_credential(request.headers(), request.query_string())?;
    check_and_count(app, request, &secret, &asked).await
}

async fn by_body(app: &App, request: &HttpRequest, payload: web::Payload) -> Result<PassedRequest, ApiError> {
    api_auth::not_in_query(request.query_string())?;
    let described: Described = body(request, payload.into_inner()).await?;
    let (secret, asked) = described.read(app)?;
    check_and_count(app, request, &secret, &asked).await
}

/// Checks credential, scopes and rate policies.
async fn check_and_count(
    app: &App,
    request: &HttpRequest,
    secret: &Secret,
    asked: &VerifyRequest,
) -> Result<PassedRequest, ApiError> {
    let endpoint = asked.original.as_ref().map(Endpoint::name);
    let Requirements { scopes, audience, .. } = &asked.required;
    let principal = api_auth::check_for(app, request, secret, audience, endpoint).await?;
    if !scopes.is_subset(&principal.scopes) {
        return Err(AuthError::insufficient_scope(&app.config, scopes.clone()).into());
    }
    let policies = asked.policies(&app.config.rate_policies);
    if policies.is_empty() {
        return Ok(PassedRequest { principal, quotas: Vec::new() });
    }
    let counts = rate_limits::rate_keys(&app.master, policies, &principal);
    if let Some(exceeded) = app.exhausted.find(&counts, app.now()) {
        return Err(exceeded.into());
    }
    let counted = app.write_or_refuse(move |_, work| rate_limits::count(work, &counts)).await;
    let quotas = TxError::settle(counted)?.map_err(|exhausted| {
        app.exhausted.remember(&exhausted, app.now());
        exhausted.exceeded
    })?;
    Ok(PassedRequest { principal, quotas })
}
