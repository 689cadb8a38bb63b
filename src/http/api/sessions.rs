//! CLI sessions as their owner sees them.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::caller::Caller;
use super::command::{Command, Done, Nothing};
use super::error::ApiError;
use super::page::Page;
use crate::domain::credential::CredentialKind;
use crate::domain::subject::SubjectId;
use crate::services::acting::{Acting, Means};
use crate::services::refusal::Refusal;
use crate::services::sessions;
use crate::store::clients;
use crate::store::credentials::{self, Credential};
use crate::store::organizations::Organization;
use crate::web::app::App;

const NO_SUCH_SESSION: &str = "There is no such session.";

/// `GET /api/v1/sessions`: the caller's CLI sessions in the organization, the newest first. Keys and tokens see none of them.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    if principal.credential.kind != CredentialKind::CliSession {
        return Err(ApiError::refused(&app, not_a_session()));
    }
    let page = Page::read(request.query_string())?;
    let (org_id, limit) = (principal.organization.id.clone(), page.limit());
    let after = page.after.clone();
    let user_id = principal.subject.id().as_str().to_owned();
    let read =
        move |conn: &mut _| credentials::cli_session_page(conn, &org_id, &user_id, after.as_ref(), limit);
    let sessions = app.store.read(read).await?;
    let show = |(session, client): &(Credential, String)| {
        shown(session, client, &principal.organization, &principal.credential.id)
    };
    Ok(page.answer(&sessions, show, |(session, _)| (session.created_at, &session.id)))
}

/// `POST /api/v1/sessions/{id}/revoke`: ends a session of the caller. Ending it twice is fine. Those of others are for
/// admins to end on their page: a tool that acts for an admin has no scope that would let it.
pub async fn revoke(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Nothing>,
) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, move |_, work, acting, Nothing {}| {
            let Means::Credential { id: current, kind: CredentialKind::CliSession } = &acting.means else {
                return Ok(Err(not_a_session()));
            };
            let Some(user_id) = own(acting, credentials::find(work.conn, &id)?.as_ref()) else {
                return Ok(Err(Refusal::NotFound(NO_SUCH_SESSION)));
            };
            let Some(session) = sessions::end(work, &id, user_id, &acting.origin)? else {
                return Ok(Err(Refusal::NotFound(NO_SUCH_SESSION)));
            };
            let client = match &session.client_id {
                Some(id) => clients::name(work.conn, id)?,
                None => None,
            };
            let shown = shown(&session, &client.unwrap_or_default(), &acting.organization, current);
            Ok(Ok(Done::ok(shown)))
        })
        .await
}

/// There is no scope for it, so that a key would see and end what a person does on their own machines.
fn not_a_session() -> Refusal {
    Refusal::forbidden("Only a CLI session sees and ends CLI sessions. Sign in with the tool.")
}

/// The person who acts, if the session is theirs and in the organization of the credential in use.
fn own<'a>(acting: &'a Acting, session: Option<&Credential>) -> Option<&'a str> {
    let SubjectId::User(user_id) = &acting.subject else { return None };
    let session = session?;
    let own = session.org_id == acting.organization.id && session.user_id.as_ref() == Some(user_id);
    own.then_some(user_id)
}

fn shown(session: &Credential, client: &str, organization: &Organization, current: &str) -> Value {
    json!({
        "id": session.id,
        "name": session.name,
        "client": { "id": session.client_id, "name": client },
        "device": {
            "name": session.device_name,
            "os": session.device_os,
            "toolVersion": session.tool_version,
        },
        "organization": { "id": organization.id, "slug": organization.slug, "name": organization.name },
        "scopes": session.scopes.split_whitespace().collect::<Vec<_>>(),
        "createdAt": session.created_at,
        "lastUsedAt": session.last_used_at,
        "lastUsedIp": session.last_used_ip,
        "endsAt": session.ends_at,
        "idleEndsAt": session.idle_ends_at,
        "revokedAt": session.revoked_at,
        "current": session.id == current,
    })
}
