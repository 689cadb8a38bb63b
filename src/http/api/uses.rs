//! What credentials of the caller's organization are used for: each use, and how many there are on a day.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::audit::{LARGEST_PAGE, PAGE};
use super::caller::Caller;
use super::error::ApiError;
use crate::domain::audit::export::Names;
use crate::domain::credential::CredentialKind;
use crate::domain::management::AUDIT_READ;
use crate::domain::static_secret::Mode;
use crate::http::bearer;
use crate::services::uses;
use crate::store::usage::{self, Count};
use crate::store::uses::Used;
use crate::store::{Conn, static_credentials};
use crate::web::app::App;
use crate::web::audit_query;

/// Counts of a list, unless the request says otherwise; they are small.
const COUNTS: usize = 500;
const MOST_COUNTS: usize = 1000;

/// `GET /api/v1/uses`: each use, the newest first.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    bearer::require(&app, &principal, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let (filter, after) = (audit_query::uses(&query)?, audit_query::before_use(&query)?);
    let size = audit_query::limit(&query, PAGE, LARGEST_PAGE)?;
    let org_id = principal.organization.id;
    let read = move |conn: &mut _| uses::page(conn, &org_id, &filter, after.as_ref(), size);
    let page = app.store.read(read).await?;
    let last = page.uses.last().filter(|_| page.more);
    let next_cursor = last.map(|used| audit_query::after_use(used.at, &used.id));
    let data: Vec<Value> = page.uses.iter().map(|used| described(used, &page.names)).collect();
    Ok(HttpResponse::Ok().json(json!({ "data": data, "nextCursor": next_cursor })))
}

fn described(used: &Used, names: &Names) -> Value {
    let owner = |id: &String| json!({ "id": id, "name": names.get(id) });
    json!({
        "id": used.id,
        "at": used.at,
        "credential": {
            "id": used.credential_id,
            "kind": CredentialKind::of(&used.credential_id).map(CredentialKind::as_str),
            "name": names.get(&used.credential_id),
        },
        "user": used.user_id.as_ref().map(owner),
        "serviceAccount": used.service_account_id.as_ref().map(owner),
        "endpoint": used.endpoint,
        "outcome": used.outcome.as_str(),
        "status": used.status,
        "ip": used.ip,
        "requestId": used.request_id,
    })
}

/// `GET /api/v1/usage`: the counts by day, credential, endpoint and outcome, the first day first.
pub async fn usage(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    bearer::require(&app, &principal, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let filter = audit_query::counts(&query, app.now())?;
    let after = audit_query::after_count(&query)?;
    let size = audit_query::limit(&query, COUNTS, MOST_COUNTS)?;
    let org_id = principal.organization.id;
    // One more than asked for says whether there are more.
    let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let read = move |conn: &mut Conn| {
        let counts = usage::page(conn, &org_id, &filter, after.as_ref(), limit)?;
        let ids = counts.iter().map(|count| count.credential_id.as_str()).collect();
        let modes = static_credentials::modes(conn, &ids)?;
        Ok((counts, modes))
    };
    let (mut counts, modes) = app.store.read(read).await?;
    let more = counts.len() > size;
    counts.truncate(size);
    let next_cursor = counts.last().filter(|_| more).map(audit_query::behind_count);
    let data: Vec<Value> =
        counts.iter().map(|count| counted(count, modes.get(&count.credential_id))).collect();
    Ok(HttpResponse::Ok().json(json!({ "data": data, "nextCursor": next_cursor })))
}

fn counted(count: &Count, mode: Option<&Mode>) -> Value {
    json!({
        "day": count.day,
        "credential": count.credential_id,
        "mode": mode.map(|mode| mode.as_str()),
        "endpoint": count.endpoint,
        "outcome": count.outcome.as_str(),
        "count": count.count,
    })
}
