//! The audit log of the caller's organization.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::ApiError;
use crate::domain::audit::Action;
use crate::domain::audit::export::{self, Format};
use crate::domain::management::AUDIT_READ;
use crate::http::bearer;
use crate::services::audit_log::{self, Asked};
use crate::web::app::App;
use crate::web::audit_query::{self, BadQuery};
use crate::web::export as file;

/// Entries of a list, unless the request says otherwise.
pub(super) const PAGE: usize = 50;
pub(super) const LARGEST_PAGE: usize = 100;

impl From<BadQuery> for ApiError {
    fn from(BadQuery(what): BadQuery) -> Self {
        Self::bad_request(what)
    }
}

/// `GET /api/v1/audit`: the events of the organization, the newest first.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    bearer::require(&app, &principal, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let (asked, before) = (audit_query::events(&query)?, audit_query::before_event(&query)?);
    let size = audit_query::limit(&query, PAGE, LARGEST_PAGE)?;
    let org_id = principal.organization.id;
    let page = app.store.read(move |conn| audit_log::page(conn, &org_id, &asked, before, size)).await?;
    let data: Vec<Value> = page.events.iter().map(|event| export::described(event, &page.names)).collect();
    let next_cursor = page.older.map(audit_query::after_event);
    Ok(HttpResponse::Ok().json(json!({ "data": data, "nextCursor": next_cursor })))
}

/// `GET /api/v1/audit/export?format=csv|jsonl`: every event that the filters leave, as a file.
pub async fn export(
    app: web::Data<App>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    bearer::require(&app, &caller.0, AUDIT_READ)?;
    let query = audit_query::parse(request.query_string())?;
    let asked: Asked = audit_query::events(&query)?;
    let format = query.get("format").and_then(Format::parse);
    let format = format.ok_or_else(|| ApiError::bad_request("format is csv or jsonl."))?;
    let by = caller.acting(&app, &request).event(Action::AuditExported);
    app.write(move |_, work| {
        audit_log::record_export(work, by, format);
        Ok(())
    })
    .await?;
    Ok(file::answer(&app, &caller.0.organization, asked, format))
}
