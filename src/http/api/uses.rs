//! Usage of credentials of the caller's organization: single uses and daily counts.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::answer::{List, mode_or_null, one_of};
use super::audit::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Paging, period};
use super::caller::Caller;
use super::error::ApiError;
use super::page::{self, query};
use super::time::ApiTime;
use crate::domain::audit::export::Names;
use crate::domain::credential::CredentialKind;
use crate::domain::management::AUDIT_READ;
use crate::domain::static_secret::Mode;
use crate::domain::usage::UseOutcome;
use crate::http::api_auth;
use crate::services::usage;
use crate::store::usage_counts::{self, UsageCount};
use crate::store::usage_events::UsageEvent;
use crate::store::{Conn, static_credentials};
use crate::web::app::App;
use crate::web::audit_query;

/// Default page size of counts, which are small.
const COUNTS: usize = 500;
const MAX_COUNTS: usize = 1000;

/// One use of a credential.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    id: String,
    at: ApiTime,
    credential: UsedCredential,
    /// The user who owns the credential.
    #[schema(required)]
    user: Option<Owner>,
    /// The service account that owns the credential.
    #[schema(required)]
    service_account: Option<Owner>,
    #[schema(example = "GET /api/v1/keys/{id}")]
    endpoint: String,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// HTTP status of the response.
    status: i64,
    #[schema(required)]
    ip: Option<String>,
    #[schema(required)]
    request_id: Option<String>,
}

/// The credential that was used.
#[derive(Serialize, ToSchema)]
pub struct UsedCredential {
    id: String,
    /// `cli_session`, `personal_token` or `api_key`.
    #[schema(required)]
    kind: Option<&'static str>,
    #[schema(required)]
    name: Option<String>,
}

/// Owner of the credential.
#[derive(Serialize, ToSchema)]
pub struct Owner {
    id: String,
    #[schema(required)]
    name: Option<String>,
}

/// Number of uses of a credential on one day, by endpoint and outcome.
#[derive(Serialize, ToSchema)]
pub struct DailyCount {
    /// The day in UTC.
    #[schema(format = "date")]
    day: String,
    credential: String,
    /// `live` or `test` for an API key, otherwise `null`.
    #[schema(schema_with = mode_or_null, required)]
    mode: Option<&'static str>,
    endpoint: String,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    count: i64,
}

fn outcomes() -> RefOr<Schema> {
    one_of(UseOutcome::ALL.iter().map(|outcome| outcome.as_str()))
}

impl Use {
    fn new(used: &UsageEvent, names: &Names) -> Self {
        let owner = |id: &String| Owner { id: id.clone(), name: names.get(id).cloned() };
        Self {
            id: used.id.clone(),
            at: ApiTime(used.at),
            credential: UsedCredential {
                id: used.credential_id.clone(),
                kind: CredentialKind::of(&used.credential_id).map(CredentialKind::as_str),
                name: names.get(&used.credential_id).cloned(),
            },
            user: used.user_id.as_ref().map(owner),
            service_account: used.service_account_id.as_ref().map(owner),
            endpoint: used.endpoint.clone(),
            outcome: used.outcome.as_str(),
            status: used.status,
            ip: used.ip.clone(),
            request_id: used.request_id.clone(),
        }
    }
}

impl DailyCount {
    fn new(count: &UsageCount, mode: Option<&Mode>) -> Self {
        Self {
            day: count.day.clone(),
            credential: count.credential_id.clone(),
            mode: mode.map(|mode| mode.as_str()),
            endpoint: count.endpoint.clone(),
            outcome: count.outcome.as_str(),
            count: count.count,
        }
    }
}

/// Filter parameters of uses.
struct Filters;

impl IntoParams for Filters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = period();
        parameters.push(of_credential());
        parameters
            .push(query("outcome", "Whether the credential was accepted.").schema(Some(outcomes())).build());
        parameters
    }
}

/// Filter parameters of counts.
struct Counts;

impl IntoParams for Counts {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let day =
            |name: &str, description: &str| query(name, description).schema(Some(String::schema())).build();
        let mut parameters = vec![
            day("from", "The first day, in UTC: `2026-11-23`. 29 days ago if omitted."),
            day("to", "The last day, in UTC. Today if omitted."),
            of_credential(),
        ];
        parameters.extend(page::parameters(COUNTS, MAX_COUNTS));
        parameters
    }
}

fn of_credential() -> Parameter {
    query("credential", "The id of the credential.").schema(Some(String::schema())).build()
}

/// List the uses of credentials
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/uses",
    operation_id = "listUses",
    tag = "Audit log",
    params(Filters, Paging),
    responses((status = 200, description = "A page of uses.", body = List<Use>), Caller),
    security(("bearer" = [AUDIT_READ]), ("apiKey" = [AUDIT_READ]))
)]
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    api_auth::require(&app, &principal, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let (filter, after) = (audit_query::uses(&query)?, audit_query::read_use_cursor(&query)?);
    let size = audit_query::limit(&query, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let org_id = principal.organization.id;
    let read = move |conn: &mut _| usage::page(conn, &org_id, &filter, after.as_ref(), size);
    let page = app.store.report(read).await?;
    let last = page.uses.last().filter(|_| page.more);
    let next_cursor = last.map(|used| audit_query::use_cursor(used.at, &used.id));
    let data = page.uses.iter().map(|used| Use::new(used, &page.names)).collect();
    Ok(HttpResponse::Ok().json(List { data, next_cursor }))
}

/// Count the uses of credentials
///
/// By day, credential, endpoint and outcome, earliest day first.
#[utoipa::path(
    get,
    path = "/api/v1/usage",
    operation_id = "countUses",
    tag = "Audit log",
    params(Counts),
    responses((status = 200, description = "A page of counts.", body = List<DailyCount>), Caller),
    security(("bearer" = [AUDIT_READ]), ("apiKey" = [AUDIT_READ]))
)]
pub async fn usage(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    api_auth::require(&app, &principal, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let filter = audit_query::counts(&query, app.now())?;
    let after = audit_query::read_count_cursor(&query)?;
    let size = audit_query::limit(&query, COUNTS, MAX_COUNTS)?;
    let org_id = principal.organization.id;
    // One extra row shows whether there are more.
    let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let read = move |conn: &mut Conn| {
        let counts = usage_counts::page(conn, &org_id, &filter, after.as_ref(), limit)?;
        let ids = counts.iter().map(|count| count.credential_id.as_str()).collect();
        let modes = static_credentials::modes(conn, &ids)?;
        Ok((counts, modes))
    };
    let (mut counts, modes) = app.store.report(read).await?;
    let more = counts.len() > size;
    counts.truncate(size);
    let next_cursor = counts.last().filter(|_| more).map(audit_query::count_cursor);
    let data = counts.iter().map(|count| DailyCount::new(count, modes.get(&count.credential_id))).collect();
    Ok(HttpResponse::Ok().json(List { data, next_cursor }))
}
