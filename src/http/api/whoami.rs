//! Who a credential belongs to.

use actix_web::HttpResponse;
use serde_json::json;

use super::caller::Caller;

/// `GET /api/v1/whoami`: needs no scope.
pub async fn whoami(Caller(principal): Caller) -> HttpResponse {
    let (credential, organization) = (&principal.credential, &principal.organization);
    HttpResponse::Ok().json(json!({ "data": {
        "kind": credential.kind.as_str(),
        "credential": {
            "id": credential.id,
            "name": credential.name,
            "created_at": credential.created_at,
            "ends_at": credential.ends_at,
        },
        "subject": {
            "kind": "user",
            "id": principal.user.id,
            "email": principal.user.email,
            "name": principal.user.name,
        },
        "organization": {
            "id": organization.id,
            "slug": organization.slug,
            "name": organization.name,
            "role": principal.role,
        },
        "client": { "id": principal.client.id, "name": principal.client.name },
        "scopes": principal.scopes.iter().collect::<Vec<_>>(),
    } }))
}
