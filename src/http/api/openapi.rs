//! The OpenAPI document: generated from types and handlers, completed from the configuration.

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::error::ErrorAnswer;
use super::responses::{self, Failures};
use super::{audit, keys, leaks, scopes, service_accounts, sessions, tokens, uses, verify, whoami};
use crate::config::Config;
use crate::web::api_document::ApiDocument;

#[derive(OpenApi)]
#[openapi(
    paths(
        document,
        whoami::whoami,
        verify::for_proxy,
        verify::for_program,
        scopes::list,
        sessions::list,
        sessions::revoke,
        keys::list,
        keys::create,
        keys::find,
        keys::rotate,
        keys::revoke,
        keys::set_scopes,
        tokens::list,
        tokens::create,
        tokens::find,
        tokens::revoke,
        service_accounts::list,
        service_accounts::create,
        service_accounts::find,
        service_accounts::disable,
        service_accounts::enable,
        service_accounts::set_role,
        audit::list,
        audit::export,
        uses::list,
        uses::usage,
        leaks::report,
    ),
    components(schemas(ErrorAnswer)),
    security(("bearer" = []), ("apiKey" = [])),
    tags(
        (name = "Credentials", description = "What was presented, and what it may do."),
        (name = "API keys", description = "Keys belong to an organization. Each acts for the person who made it, or for a service account."),
        (name = "Personal tokens", description = "Secrets that people make for programs of their own."),
        (name = "Service accounts", description = "Programs that belong to an organization and never sign in."),
        (name = "Sessions", description = "What one sign-in of a command-line tool makes."),
        (name = "Scopes", description = "What credentials can be allowed to do."),
        (name = "Audit log", description = "Who did what, and what credentials are used for."),
        (name = "Leaked secrets", description = "For those who search for secrets where they should not be."),
        (name = "This document", description = "The API as a machine reads it."),
    )
)]
struct Api;

const DESCRIPTION: &str = "\
Send an access token, an API key or a personal token with each call, as `Authorization: Bearer ...` or as `X-API-Key: ...`.

What succeeds is in `data`. Lists have a `nextCursor`, which leads to the next page. What fails is in `error`, and its \
`code` says why. Every answer has an `X-Request-Id`; one that you send is kept. Times are those of \
RFC 3339; answers give them in UTC, with milliseconds.

What cannot be meant for this server is refused before it reaches the API, in plain text: another `Host`, a head that is \
too large, an address with a NUL in it.";

/// The document of a deployment.
pub fn build(config: Arc<Config>) -> ApiDocument {
    ApiDocument::new(move || described(&config))
}

fn described(config: &Config) -> Value {
    let mut api = Api::openapi();
    let required_scopes = format!("{}-Required-Scopes", config.brand.header);
    api.components.get_or_insert_default().responses = responses::components(&required_scopes);
    let mut document = json!(api);
    document["info"] = json!({
        "title": format!("{} API", config.brand.name),
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
    });
    document["servers"] = json!([{ "url": config.server.public_url.as_str() }]);
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token, an API key or a personal token.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The same in a header of its own.",
        },
    });
    document["components"]["schemas"]["ScopeId"]["enum"] = json!(config.catalog.ids().collect::<Vec<_>>());
    with_request_ids(&mut document);
    document
}

/// Adds the request id header to every response.
fn with_request_ids(document: &mut Value) {
    let header = json!({ "description": "Names the request.", "schema": { "type": "string" } });
    let shared =
        document["components"]["responses"].as_object_mut().into_iter().flat_map(|all| all.values_mut());
    for response in shared {
        response["headers"]["X-Request-Id"] = header.clone();
    }
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    let operations = paths.filter_map(Value::as_object_mut).flat_map(|methods| methods.values_mut());
    let responses = operations.filter_map(|operation| operation["responses"].as_object_mut());
    for response in responses.flat_map(|responses| responses.values_mut()) {
        if response.get("$ref").is_none() {
            response["headers"]["X-Request-Id"] = header.clone();
        }
    }
}

/// Get the OpenAPI document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "getOpenApi",
    tag = "This document",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value), Failures),
    security(())
)]
pub async fn document(document: web::Data<ApiDocument>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(document.text().clone())
}
