//! Members of the organization.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use super::answer::{Data, List, one_of};
use super::caller::Caller;
use super::error::ApiError;
use super::page::{self, ListQuery};
use super::read_request::ReadRequest;
use super::responses::{Invalid, Unknown};
use super::service_accounts::Role;
use super::time::ApiTime;
use super::write_request::{Completed, Nothing, WriteRequest};
use crate::domain::management::{MEMBERS_MANAGE, MEMBERS_READ};
use crate::services::members::{self, CountedMember, EndedCredentials, KeyFate};
use crate::services::refusal::ServiceRefusal;
use crate::store::members::MemberFilter;
use crate::web::app::App;

/// A member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The id of the user: `usr_...`
    id: String,
    name: String,
    email: String,
    role: String,
    joined_at: ApiTime,
    /// When the operator disabled the user, who cannot sign in since then; `null` otherwise.
    #[schema(required)]
    disabled_at: Option<ApiTime>,
    credentials: Credentials,
}

/// The numbers of the member's active credentials in this organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberCredentials)]
pub struct Credentials {
    /// CLI sessions.
    sessions: i64,
    personal_tokens: i64,
    keys: i64,
}

impl Member {
    fn new(CountedMember { member, credentials }: &CountedMember) -> Self {
        Self {
            id: member.user_id.clone(),
            name: member.name.clone(),
            email: member.email.clone(),
            role: member.role.clone(),
            joined_at: ApiTime(member.joined_at),
            disabled_at: member.disabled_at.map(ApiTime),
            credentials: Credentials {
                sessions: credentials.sessions,
                personal_tokens: credentials.personal_tokens,
                keys: credentials.keys,
            },
        }
    }
}

/// What becomes of the API keys of a removed member.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = RemoveMember)]
pub struct Remove {
    /// `end`, the default: they stop working. `move`: they keep their secrets and work for a service account.
    #[serde(default)]
    #[schema(schema_with = fates)]
    keys: Option<String>,
    /// The id of the service account that takes them over: `sa_...`. Only with `move`.
    #[serde(default)]
    service_account: Option<String>,
}

fn fates() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    one_of(["end", "move"])
}

impl Remove {
    fn fate(self) -> Result<KeyFate, ServiceRefusal> {
        let Self { keys, service_account } = self;
        match (keys.as_deref(), service_account) {
            (None | Some("end"), None) => Ok(KeyFate::End),
            (Some("move"), Some(service_account)) => Ok(KeyFate::Move { service_account }),
            (Some("move"), None) => {
                Err(ServiceRefusal::invalid("serviceAccount", "serviceAccount is required with keys: move."))
            }
            (None | Some("end"), Some(_)) => Err(ServiceRefusal::invalid(
                "serviceAccount",
                "serviceAccount is only for keys: move. Leave it out, or set keys to move.",
            )),
            (Some(_), _) => Err(ServiceRefusal::invalid("keys", "keys must be end or move.")),
        }
    }
}

/// A membership that has ended, with the numbers of the credentials that ended or moved with it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndedMembership {
    /// The id of the user: `usr_...`
    id: String,
    /// CLI sessions that ended.
    sessions: usize,
    /// Personal tokens that ended.
    personal_tokens: usize,
    /// Keys that ended.
    keys: usize,
    /// Keys that work for a service account now.
    moved_keys: usize,
}

impl EndedMembership {
    fn new(id: String, ended: EndedCredentials) -> Self {
        let EndedCredentials { sessions, personal_tokens, keys, moved_keys } = ended;
        Self { id, sessions, personal_tokens, keys, moved_keys }
    }
}

/// Paging and filter of the list.
pub struct MemberQuery;

impl IntoParams for MemberQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = |name, description| page::query(name, description).schema(Some(String::schema())).build();
        let mut parameters = ListQuery::into_params(place);
        parameters.push(text("q", "Only members whose name or address contains this text."));
        parameters.push(text("role", "Only members with this role."));
        parameters
    }
}

/// List members
///
/// Oldest membership first.
#[utoipa::path(
    get,
    path = "/api/v1/members",
    operation_id = "listMembers",
    tag = "Members",
    params(MemberQuery),
    responses((status = 200, description = "A page of members.", body = List<Member>), Caller),
    security(("bearer" = [MEMBERS_READ]), ("apiKey" = [MEMBERS_READ]))
)]
pub async fn list(
    app: web::Data<App>,
    http: HttpRequest,
    request: ReadRequest,
) -> Result<HttpResponse, ApiError> {
    let query = page::parse(http.query_string())?;
    let text = query.get("q").unwrap_or_default().to_owned();
    let role = query.get("role").map(str::to_owned);
    let now = app.now();
    request
        .page(
            move |conn, actor, after, limit| {
                let filter = MemberFilter { text: &text, addresses: true, role: role.as_deref() };
                Ok(members::list(conn, actor, filter, after, limit, now)?.members)
            },
            Member::new,
            |listed: &CountedMember| (listed.member.joined_at, &listed.member.user_id),
        )
        .await
}

/// Get a member
#[utoipa::path(
    get,
    path = "/api/v1/members/{id}",
    operation_id = "getMember",
    tag = "Members",
    params(("id" = String, Path, description = "The id of the user: `usr_...`")),
    responses((status = 200, description = "The member.", body = Data<Member>), Caller, Unknown),
    security(("bearer" = [MEMBERS_READ]), ("apiKey" = [MEMBERS_READ]))
)]
pub async fn find(
    app: web::Data<App>,
    request: ReadRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (id, now) = (id.into_inner(), app.now());
    request.one(move |conn, actor| members::find(conn, actor, &id, now), Member::new).await
}

/// Change the role of a member
///
/// It limits the member's credentials from the next request on. Roles that administer the organization, and owners, are
/// changed in a browser.
#[utoipa::path(
    post,
    path = "/api/v1/members/{id}/role",
    operation_id = "setMemberRole",
    tag = "Members",
    params(("id" = String, Path, description = "The id of the user: `usr_...`"), WriteRequest<Role>),
    request_body = Role,
    responses((status = 200, description = "The member.", body = Data<Member>), WriteRequest<Role>, Unknown, Invalid),
    security(("bearer" = [MEMBERS_MANAGE]), ("apiKey" = [MEMBERS_MANAGE]))
)]
pub async fn set_role(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Role>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, Role { role }| {
            members::set_role(work, &app.config, actor, &id, &role)?;
            let member = members::find(work.conn, actor, &id, work.now)?;
            Ok(Completed::ok(&Member::new(&member)))
        })
        .await
}

/// Remove a member
///
/// Their CLI sessions and personal tokens in this organization end at once, and their keys end or move. Their account and
/// their other organizations are untouched. Owners are removed in a browser.
#[utoipa::path(
    post,
    path = "/api/v1/members/{id}/remove",
    operation_id = "removeMember",
    tag = "Members",
    params(("id" = String, Path, description = "The id of the user: `usr_...`"), WriteRequest<Option<Remove>>),
    request_body = Option<Remove>,
    responses(
        (status = 200, description = "What ended.", body = Data<EndedMembership>),
        WriteRequest<Option<Remove>>,
        Unknown,
        Invalid
    ),
    security(("bearer" = [MEMBERS_MANAGE]), ("apiKey" = [MEMBERS_MANAGE]))
)]
pub async fn remove(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Option<Remove>>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, body| {
            let fate = body.unwrap_or_default().fate()?;
            let ended = members::remove(work, &app.config, actor, &id, &fate)?;
            Ok(Completed::ok(&EndedMembership::new(id, ended)))
        })
        .await
}

/// Leave the organization
///
/// Requires a CLI session, which ends with everything else that you use in this organization. Owners leave in a browser.
#[utoipa::path(
    post,
    path = "/api/v1/members/leave",
    operation_id = "leaveOrganization",
    tag = "Members",
    params(WriteRequest<Nothing>),
    responses((status = 200, description = "What ended.", body = Data<EndedMembership>), WriteRequest<Nothing>),
)]
pub async fn leave(app: web::Data<App>, request: WriteRequest<Nothing>) -> Result<HttpResponse, ApiError> {
    request
        .run_idempotent(&app, move |app, work, actor, Nothing {}| {
            let ended = members::leave(work, &app.config, actor)?;
            Ok(Completed::ok(&EndedMembership::new(actor.subject.as_str().to_owned(), ended)))
        })
        .await
}
