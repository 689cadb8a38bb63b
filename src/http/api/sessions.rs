//! CLI sessions as their owner sees them.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Data, List};
use super::caller::Caller;
use super::error::ApiError;
use super::page::ListQuery;
use super::responses::Unknown;
use super::time::ApiTime;
use super::write_request::{Completed, Nothing, WriteRequest};
use crate::domain::credential::CredentialKind;
use crate::domain::subject::SubjectId;
use crate::services::org_actor::{AuthMethod, OrgActor};
use crate::services::refusal::ServiceRefusal;
use crate::services::sessions;
use crate::store::clients;
use crate::store::credentials::{self, Credential};
use crate::store::organizations::Organization;
use crate::store::own_sessions::{self, SessionFilter, SessionOwner, SessionState};
use crate::web::app::App;

const NO_SUCH_SESSION: &str = "There is no such session.";

/// A CLI session: one sign-in of a tool.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    id: String,
    name: String,
    client: SessionClient,
    device: Device,
    organization: SessionOrganization,
    scopes: Vec<String>,
    created_at: ApiTime,
    /// When it was last used, to the minute.
    #[schema(required)]
    last_used_at: Option<ApiTime>,
    #[schema(required)]
    last_used_ip: Option<String>,
    /// Absolute expiry.
    #[schema(required)]
    ends_at: Option<ApiTime>,
    /// Idle expiry.
    #[schema(required)]
    idle_ends_at: Option<ApiTime>,
    #[schema(required)]
    revoked_at: Option<ApiTime>,
    /// Whether it is the session of this request.
    current: bool,
}

/// The tool that it belongs to.
#[derive(Serialize, ToSchema)]
pub struct SessionClient {
    #[schema(required)]
    id: Option<String>,
    name: String,
}

/// The device of the tool, as reported by the tool. Not verified.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    os: Option<String>,
    #[schema(required)]
    tool_version: Option<String>,
}

/// The organization that it acts in.
#[derive(Serialize, ToSchema)]
pub struct SessionOrganization {
    id: String,
    slug: String,
    name: String,
}

impl Session {
    fn new(session: &Credential, client: &str, organization: &Organization, current: &str) -> Self {
        Self {
            id: session.id.clone(),
            name: session.name.clone(),
            client: SessionClient { id: session.client_id.clone(), name: client.to_owned() },
            device: Device {
                name: session.device_name.clone(),
                os: session.device_os.clone(),
                tool_version: session.tool_version.clone(),
            },
            organization: SessionOrganization {
                id: organization.id.clone(),
                slug: organization.slug.clone(),
                name: organization.name.clone(),
            },
            scopes: session.scopes.split_whitespace().map(str::to_owned).collect(),
            created_at: ApiTime(session.created_at),
            last_used_at: session.last_used_at.map(ApiTime),
            last_used_ip: session.last_used_ip.clone(),
            ends_at: session.ends_at.map(ApiTime),
            idle_ends_at: session.idle_ends_at.map(ApiTime),
            revoked_at: session.revoked_at.map(ApiTime),
            current: session.id == current,
        }
    }
}

/// List your CLI sessions
///
/// Your sessions in the organization of the credential, newest first. Requires a CLI session.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "listSessions",
    tag = "Sessions",
    params(ListQuery),
    responses((status = 200, description = "A page of sessions.", body = List<Session>), Caller),
)]
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    if principal.credential.kind != CredentialKind::CliSession {
        return Err(ApiError::refused(&app, not_a_session()));
    }
    let page = ListQuery::read(request.query_string())?;
    let (org_id, limit) = (principal.organization.id.clone(), page.rows());
    let after = page.after.clone();
    let user_id = principal.subject.id().as_str().to_owned();
    let any = SessionFilter { now: app.clock.now(), state: SessionState::Any, text: "" };
    let read = move |conn: &mut _| {
        let owner = SessionOwner { org_id: &org_id, user_id: &user_id };
        own_sessions::page(conn, owner, any, after.as_ref(), limit)
    };
    let sessions = app.store.read(read).await?.rows;
    let show = |(session, client): &(Credential, String)| {
        Session::new(session, client, &principal.organization, &principal.credential.id)
    };
    Ok(page.answer(&sessions, show, |(session, _)| (session.created_at, &session.id)))
}

/// End one of your CLI sessions
///
/// Idempotent. Admins end other members' sessions on the settings page: no scope allows a tool to do that.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/{id}/revoke",
    operation_id = "revokeSession",
    tag = "Sessions",
    params(("id" = String, Path, description = "The id of the session: `ses_...`"), WriteRequest<Nothing>),
    responses((status = 200, description = "The session.", body = Data<Session>), WriteRequest<Nothing>, Unknown),
)]
pub async fn revoke(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |_, work, actor, Nothing {}| {
            let AuthMethod::Credential { id: current, kind: CredentialKind::CliSession } = &actor.auth_method
            else {
                return Err(not_a_session().into());
            };
            let user_id = own(actor, credentials::find(work.conn, &id)?.as_ref());
            let user_id = user_id.ok_or(ServiceRefusal::NotFound(NO_SUCH_SESSION))?;
            let ended = sessions::end(work, &id, user_id, &actor.origin)?;
            let session = ended.ok_or(ServiceRefusal::NotFound(NO_SUCH_SESSION))?;
            let client = match &session.client_id {
                Some(id) => clients::name(work.conn, id)?,
                None => None,
            };
            let shown = Session::new(&session, &client.unwrap_or_default(), &actor.organization, current);
            Ok(Completed::ok(&shown))
        })
        .await
}

/// No scope covers sessions: a key must not see or end the sessions of users.
fn not_a_session() -> ServiceRefusal {
    ServiceRefusal::forbidden(
        "Only a CLI session can list and end CLI sessions. Sign in with a command-line tool.",
    )
}

/// The user id of the actor, if the session is theirs and in the organization of the credential.
fn own<'a>(actor: &'a OrgActor, session: Option<&Credential>) -> Option<&'a str> {
    let SubjectId::User(user_id) = &actor.subject else { return None };
    let session = session?;
    let own = session.org_id == actor.organization.id && session.user_id.as_ref() == Some(user_id);
    own.then_some(user_id)
}
