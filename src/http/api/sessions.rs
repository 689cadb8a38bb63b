//! CLI sessions as their owner sees them.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::ApiError;
use crate::domain::parameters::Parameters;
use crate::domain::time::Time;
use crate::services::present::Principal;
use crate::services::sessions;
use crate::store::clients;
use crate::store::credentials::{self, Credential};
use crate::web::app::App;
use crate::web::origin;

/// Sessions on a page, unless the request says otherwise.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;

/// `GET /api/v1/sessions`: the caller's CLI sessions in the organization, the newest first.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    let (org_id, user_id) = (principal.organization.id.clone(), principal.user.id.clone());
    let Page { after, size } = Page::read(request.query_string())?;
    // One more than asked for says whether there is another page.
    let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let read =
        move |conn: &mut _| credentials::cli_session_page(conn, &org_id, &user_id, after.as_ref(), limit);
    let mut page = app.store.read(read).await?;
    let more = page.len() > size;
    page.truncate(size);
    let next_cursor =
        page.last().filter(|_| more).map(|(session, _)| cursor(session.created_at, &session.id));
    let data: Vec<Value> = page.iter().map(|(session, client)| shown(session, client, &principal)).collect();
    Ok(HttpResponse::Ok().json(json!({ "data": data, "next_cursor": next_cursor })))
}

/// `POST /api/v1/sessions/{id}/revoke`: ends a session of the caller. Ending it twice is fine. Those of others are for
/// admins to end on their page: a tool that acts for an admin has no scope that would let it.
pub async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    Caller(principal): Caller,
) -> Result<HttpResponse, ApiError> {
    let origin = origin::of(&app, &request);
    let (org_id, user_id) = (principal.organization.id.clone(), principal.user.id.clone());
    let ended = app
        .write(move |_, work| {
            let own = credentials::find(work.conn, &id)?.is_some_and(|session| {
                session.org_id == org_id && session.user_id.as_deref() == Some(user_id.as_str())
            });
            let ended = if own { sessions::end(work, &id, &user_id, &origin)? } else { None };
            let Some(session) = ended else { return Ok(None) };
            let client = match &session.client_id {
                Some(id) => clients::name(work.conn, id)?,
                None => None,
            };
            Ok(Some((session, client.unwrap_or_default())))
        })
        .await?;
    let (session, client) = ended.ok_or(ApiError::NotFound("There is no such session."))?;
    Ok(HttpResponse::Ok().json(json!({ "data": shown(&session, &client, &principal) })))
}

fn shown(session: &Credential, client: &str, principal: &Principal) -> Value {
    let organization = &principal.organization;
    json!({
        "id": session.id,
        "name": session.name,
        "client": { "id": session.client_id, "name": client },
        "device": {
            "name": session.device_name,
            "os": session.device_os,
            "tool_version": session.tool_version,
        },
        "organization": { "id": organization.id, "slug": organization.slug, "name": organization.name },
        "scopes": session.scopes.split_whitespace().collect::<Vec<_>>(),
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "last_used_ip": session.last_used_ip,
        "ends_at": session.ends_at,
        "idle_ends_at": session.idle_ends_at,
        "revoked_at": session.revoked_at,
        "current": session.id == principal.credential.id,
    })
}

/// Which part of a list is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    after: Option<(Time, String)>,
    size: usize,
}

impl Page {
    fn read(query: &str) -> Result<Self, ApiError> {
        let query = Parameters::parse(query.as_bytes())
            .map_err(|_| ApiError::BadRequest("The query is malformed."))?;
        let after = query.get("cursor").map(place).transpose()?;
        let size = match query.get("limit").map(str::parse) {
            None => PAGE,
            Some(Ok(size)) if (1..=LARGEST_PAGE).contains(&size) => size,
            Some(_) => return Err(ApiError::BadRequest("limit is not a number from 1 to 100.")),
        };
        Ok(Self { after, size })
    }
}

/// Where a page ends, in a form that nobody is tempted to take apart.
fn cursor(at: Time, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", at.micros()))
}

fn place(cursor: &str) -> Result<(Time, String), ApiError> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (micros, id) = text.split_once(' ')?;
        Some((Time::from_micros(micros.parse().ok()?)?, id.to_owned()))
    };
    read().ok_or(ApiError::BadRequest("The cursor is not one that this server has given."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let at = Time::from_micros(1_795_000_000_123_456).unwrap();
        let query = format!("limit=2&cursor={}", cursor(at, "ses_1"));
        let page = Page::read(&query).unwrap();
        assert_eq!(page, Page { after: Some((at, "ses_1".to_owned())), size: 2 });
        assert_eq!(Page::read("").unwrap(), Page { after: None, size: PAGE });
    }

    #[test]
    fn a_bad_page_is_refused() {
        for query in ["limit=0", "limit=101", "limit=x", "cursor=!", "cursor=YQ", "limit=1&limit=2"] {
            assert!(matches!(Page::read(query), Err(ApiError::BadRequest(_))), "{query}");
        }
    }
}
