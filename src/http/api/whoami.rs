//! Who a credential belongs to.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::ApiError;
use crate::domain::credential::CredentialKind;
use crate::domain::static_secret::Mode;
use crate::services::present::{Principal, Subject};
use crate::store::memberships;
use crate::web::app::App;

/// `GET /api/v1/whoami`: needs no scope.
pub async fn whoami(app: web::Data<App>, Caller(principal): Caller) -> Result<HttpResponse, ApiError> {
    let organizations = organizations(&app, &principal).await?;
    let (credential, organization) = (&principal.credential, &principal.organization);
    let email = match &principal.subject {
        Subject::User(user) => Some(&user.email),
        Subject::ServiceAccount(_) => None,
    };
    let client = principal.client.as_ref();
    Ok(HttpResponse::Ok().json(json!({ "data": {
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
        "organizations": organizations,
        "client": client.map(|client| json!({ "id": client.id, "name": client.name })),
        "scopes": principal.scopes.iter().collect::<Vec<_>>(),
    } })))
}

/// Every organization of the person, so that their tool can offer them. A key or token for one organization says
/// nothing about the others.
async fn organizations(app: &App, principal: &Principal) -> Result<Vec<Value>, ApiError> {
    let (CredentialKind::CliSession, Subject::User(user)) = (principal.credential.kind, &principal.subject)
    else {
        return Ok(Vec::new());
    };
    let user_id = user.id.clone();
    let memberships = app.store.read(move |conn| memberships::of_user(conn, &user_id)).await?;
    let organizations = memberships.into_iter().map(|(organization, role)| {
        json!({ "id": organization.id, "slug": organization.slug, "name": organization.name, "role": role })
    });
    Ok(organizations.collect())
}
