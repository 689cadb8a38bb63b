//! The audit log of the caller's organization.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::answer::{List, one_of};
use super::caller::Caller;
use super::error::ApiError;
use super::page::{self, query};
use super::time::ApiTime;
use crate::domain::audit::export::{self, Format};
use crate::domain::audit::{Action, Outcome};
use crate::domain::management::AUDIT_READ;
use crate::domain::parse_error::ParseError;
use crate::http::api_auth;
use crate::services::audit_log::{self, EventQuery};
use crate::store::Conn;
use crate::web::app::App;
use crate::web::audit_query;
use crate::web::envelope::is_head;
use crate::web::export as file;

/// Default page size.
pub(super) const DEFAULT_PAGE_SIZE: usize = 50;
pub(super) const MAX_PAGE_SIZE: usize = 100;

/// A part of the query.
impl From<ParseError> for ApiError {
    fn from(ParseError(what): ParseError) -> Self {
        Self::bad_request(what)
    }
}

/// An event.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the output of `export::to_json`, for lists and files")]
struct AuditEvent {
    id: String,
    /// `organization`, or `instance`: an event of a member's account, such as a sign-in, that is not limited to this
    /// organization.
    chain: String,
    /// Sequence number in the organization's log, without gaps; null for `instance`.
    #[schema(required)]
    sequence: Option<i64>,
    at: ApiTime,
    actor: Actor,
    /// The credential that was presented.
    #[schema(required)]
    credential: Option<String>,
    #[schema(required)]
    credential_name: Option<String>,
    #[schema(schema_with = actions)]
    action: Action,
    /// The object of the action.
    #[schema(required)]
    target: Option<String>,
    #[schema(required)]
    target_name: Option<String>,
    #[schema(schema_with = outcomes)]
    outcome: Outcome,
    #[schema(required)]
    ip: Option<String>,
    #[schema(required)]
    user_agent: Option<String>,
    #[schema(required)]
    request_id: Option<String>,
    /// Further details; the fields depend on the action.
    #[schema(value_type = Object)]
    details: Value,
    /// Fields whose values were erased with the person: `ip`, `userAgent`, `details.NAME`.
    erased: Vec<String>,
}

/// The actor: `user`, `service_account`, `client`, `operator` or `anonymous`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a part of `AuditEvent`")]
struct Actor {
    kind: String,
    #[schema(required)]
    id: Option<String>,
    #[schema(required)]
    name: Option<String>,
}

fn actions() -> RefOr<Schema> {
    one_of(Action::ALL.iter().map(|action| action.as_str()))
}

fn outcomes() -> RefOr<Schema> {
    one_of(Outcome::ALL.iter().map(|outcome| outcome.as_str()))
}

/// `csv` or `jsonl`
struct FileFormat;

impl PartialSchema for FileFormat {
    fn schema() -> RefOr<Schema> {
        one_of(Format::ALL.iter().map(|format| format.as_str()))
    }
}

impl ToSchema for FileFormat {}

const ACTOR: &str = "The actor: an id, or a part of a name or email address. In an organization with more than 10,000 members and \
    service accounts: an id, or a whole email address.";

/// Filter parameters of events.
struct Filters;

impl IntoParams for Filters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = period();
        parameters.extend([
            query("actor", ACTOR).schema(Some(String::schema())).build(),
            query("credential", "The id of the credential.").schema(Some(String::schema())).build(),
            query("action", "The action.").schema(Some(actions())).build(),
            query("outcome", "The outcome.").schema(Some(outcomes())).build(),
        ]);
        parameters
    }
}

/// `since` and `until`
pub(super) fn period() -> Vec<Parameter> {
    [
        ("since", "Start of the period: a time, or a day in UTC."),
        ("until", "End of the period: a time, or a day in UTC, which is included."),
    ]
    .into_iter()
    .map(|(name, description)| query(name, description).schema(Some(String::schema())).build())
    .collect()
}

/// Paging parameters of a log.
pub(super) struct Paging;

impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        page::parameters(DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    }
}

/// List the events of the audit log
///
/// Events of the credential's organization, newest first, including sign-ins and other events of its members' accounts.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    operation_id = "listAuditEvents",
    tag = "Audit log",
    params(Filters, Paging),
    responses((status = 200, description = "A page of events.", body = List<AuditEvent>), Caller),
    security(("bearer" = [AUDIT_READ]), ("apiKey" = [AUDIT_READ]))
)]
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    api_auth::require(&app, &principal, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let (asked, before) = (audit_query::events(&query)?, audit_query::read_event_cursor(&query)?);
    let size = audit_query::limit(&query, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let org_id = principal.organization.id;
    let read = move |conn: &mut Conn| match audit_log::filter(conn, &org_id, &asked)? {
        Ok(filter) => audit_log::page(conn, &org_id, &filter, before, size).map(Ok),
        Err(unsearchable) => Ok(Err(unsearchable)),
    };
    let page = app.store.report(read).await??;
    let data: Vec<Value> = page.events.iter().map(|event| export::to_json(event, &page.names)).collect();
    let next_cursor = page.older.map(audit_query::event_cursor);
    Ok(HttpResponse::Ok().json(List { data, next_cursor }))
}

/// Export the audit log
///
/// All events that match the filters, as a file. The export itself is recorded as an event.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    operation_id = "exportAuditEvents",
    tag = "Audit log",
    params(("format" = inline(FileFormat), Query, description = "CSV, or one JSON object on each line."), Filters),
    responses(
        (
            status = 200,
            description = "The file, as `text/csv` or `application/jsonl`.",
            content((String = "text/csv"), (String = "application/jsonl"))
        ),
        Caller
    ),
    security(("bearer" = [AUDIT_READ]), ("apiKey" = [AUDIT_READ]))
)]
pub async fn export(
    app: web::Data<App>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    api_auth::require(&app, &caller.0, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let asked: EventQuery = audit_query::events(&query)?;
    let format = query.get("format").and_then(Format::parse);
    let format = format.ok_or_else(|| ApiError::bad_request("format must be csv or jsonl."))?;
    let org_id = caller.0.organization.id.clone();
    let filter = app.store.report(move |conn| audit_log::filter(conn, &org_id, &asked)).await??;
    if is_head(&request) {
        return Ok(file::response_head(&app, &caller.0.organization, format));
    }
    let by = caller.actor(&app, &request).event(Action::AuditExported);
    app.write(move |_, work| {
        audit_log::record_export(work, by, format);
        Ok(())
    })
    .await?;
    Ok(file::response(&app, &caller.0.organization, filter, format))
}
