//! Who a credential belongs to.

use actix_web::HttpResponse;
use serde_json::json;

use super::caller::Caller;
use crate::domain::static_secret::Mode;
use crate::services::present::Subject;

/// `GET /api/v1/whoami`: needs no scope.
pub async fn whoami(Caller(principal): Caller) -> HttpResponse {
    let (credential, organization) = (&principal.credential, &principal.organization);
    let email = match &principal.subject {
        Subject::User(user) => Some(&user.email),
        Subject::ServiceAccount(_) => None,
    };
    let client = principal.client.as_ref();
    HttpResponse::Ok().json(json!({ "data": {
        "kind": credential.kind.as_str(),
        "credential": {
            "id": credential.id,
            "name": credential.name,
            "mode": credential.mode.map(Mode::as_str),
            "createdAt": credential.created_at,
            "endsAt": credential.ends_at,
        },
        "subject": {
            "kind": principal.subject.id().kind(),
            "id": principal.subject.id().as_str(),
            "email": email,
            "name": principal.subject.name(),
        },
        "organization": {
            "id": organization.id,
            "slug": organization.slug,
            "name": organization.name,
            "role": principal.role,
        },
        "client": client.map(|client| json!({ "id": client.id, "name": client.name })),
        "scopes": principal.scopes.iter().collect::<Vec<_>>(),
    } }))
}
