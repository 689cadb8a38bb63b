//! The OpenAPI document: generated from types and handlers, completed from the configuration.

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::error::ErrorAnswer;
use super::responses::{self, Failures};
use super::{
    audit, invitations, keys, leaks, members, scopes, service_accounts, sessions, tokens, uses, verify,
    whoami,
};
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
        members::list,
        members::find,
        members::set_role,
        members::remove,
        members::leave,
        invitations::list,
        invitations::invite,
        invitations::renew,
        invitations::cancel,
        audit::list,
        audit::export,
        uses::list,
        uses::usage,
        leaks::report,
    ),
    components(schemas(ErrorAnswer)),
    security(("bearer" = []), ("apiKey" = [])),
    tags(
        (name = "Credentials", description = "Identify and verify credentials."),
        (name = "API keys", description = "Keys of an organization. Each acts for the user who created it, or for a service account."),
        (name = "Personal tokens", description = "Secrets that users create for their own programs."),
        (name = "Service accounts", description = "Identities for programs. They belong to an organization and never sign in."),
        (name = "Members", description = "The people of an organization, and invitations to it. What concerns owners is done in a browser."),
        (name = "Sessions", description = "CLI sessions. Each one is a sign-in of a command-line tool."),
        (name = "Scopes", description = "The permissions that a credential can have."),
        (name = "Audit log", description = "The events of an organization, and the uses of its credentials."),
        (name = "Leaked secrets", description = "For scanners that find secrets in public places."),
        (name = "This document", description = "The API in machine-readable form."),
    )
)]
struct Api;

const DESCRIPTION: &str = "\
Send an access token, an API key or a personal token with each request, as `Authorization: Bearer ...` or as `X-API-Key: ...`.

A successful response has `data`; a list also has `nextCursor`, the cursor of the next page. A failed one has `error`, and \
its `code` gives the reason. Every response has an `X-Request-Id`; one that you send is kept. Times are in the format of \
RFC 3339; responses give them in UTC, with milliseconds.

Requests with another `Host`, with a URL or headers that are too large, or with a NUL in the path are rejected before \
they reach the API. Except for another `Host`, the response is plain text.";

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
            "description": "The same credentials, in a header of their own.",
        },
    });
    document["components"]["schemas"]["ScopeId"]["enum"] = json!(config.catalog.ids().collect::<Vec<_>>());
    with_request_ids(&mut document);
    document
}

/// Adds the request id header to every response.
fn with_request_ids(document: &mut Value) {
    let header = json!({ "description": "The id of the request.", "schema": { "type": "string" } });
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
