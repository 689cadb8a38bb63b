//! Small pages: `/done`, `/denied`, `/help`, `/theme` and 404.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, web};
use askama::Template;
use chrono::TimeDelta;

use crate::domain::request::RequestStatus;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageError, PageRequest, PageResult, failure_page};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::urls::query;
use crate::store::users::User;
use crate::store::{StoreError, authorization_requests, clients, credentials, organizations};
use crate::web::browser::theme_cookie;

#[derive(Template)]
#[template(path = "shared/done.html")]
pub struct DonePage {
    pub shell: Shell,
    /// The session that the signed-in user just started with the client in the query.
    pub session: Option<NewSession>,
}

#[derive(Debug, Clone)]
pub struct NewSession {
    pub tool: String,
    /// Made with [`crate::pages::shared::text::device_label`].
    pub device: String,
    pub organization: String,
    pub email: String,
    /// "22 Dec 2026"
    pub until: String,
}

impl DonePage {
    pub fn title(&self) -> &'static str {
        if self.session.is_some() { "You can return to your terminal" } else { "Look at your terminal" }
    }
}

#[derive(Template)]
#[template(path = "shared/denied.html")]
pub struct DeniedPage {
    pub shell: Shell,
    /// `None` if this browser has ended none recently, such as when a policy refused a sign-in after its
    /// approval.
    pub request: Option<EndedRequest>,
    /// "orbit login"
    pub login_command: String,
}

/// A refused request.
#[derive(Debug, Clone)]
pub struct EndedRequest {
    /// The registered name of the client.
    pub tool: String,
    /// Made with [`crate::pages::shared::text::device_label`].
    pub device: Option<String>,
    /// Address of the tool, if it called the server itself.
    pub asked_from: Option<String>,
    /// "today at 14:32 UTC"
    pub asked_at: String,
    pub why: DenialReason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DenialReason {
    /// The user chose Deny.
    Denied,
    /// The user's role in this organization includes no requested scope.
    RoleTooSmall(String),
    NoOrganization,
    /// Personal tokens are off for this organization.
    PersonalTokensOff(String),
}

impl DeniedPage {
    fn was_denied(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.why == DenialReason::Denied)
    }
}

#[derive(Template)]
#[template(path = "shared/help.html")]
pub struct HelpPage {
    pub shell: Shell,
    pub login_command: String,
}

/// Maximum age of the session that the page shows.
const JUST_NOW: TimeDelta = TimeDelta::minutes(10);

/// `GET /done`: where the tool sends the browser after it got its tokens.
pub async fn done(req: PageRequest) -> PageResult {
    let client_id = query(&req).get("c").map(str::to_owned);
    let session = match (client_id, req.person()) {
        (Some(id), Some((_, user))) => just_started(&req, id, user.clone()).await?,
        (None, _) | (_, None) => None,
    };
    Ok(req.page(StatusCode::OK, &DonePage { shell: req.shell(), session }))
}

async fn just_started(
    req: &PageRequest,
    client_id: String,
    user: User,
) -> Result<Option<NewSession>, StoreError> {
    let since = req.app.now() - JUST_NOW;
    let read = req.app.store.read(move |conn| {
        let Some(client) = clients::find(conn, &client_id)? else { return Ok(None) };
        let Some(latest) = credentials::latest_session(conn, &user.id, &client_id, since)? else {
            return Ok(None);
        };
        let organization = organizations::find(conn, &latest.org_id)?;
        Ok(Some(NewSession {
            tool: text::name(&client.name),
            device: text::device_label(&latest.name),
            organization: organization.map(|found| text::name(&found.name)).unwrap_or_default(),
            email: user.email,
            until: latest.ends_at.map(|end| text::date_short(end.utc())).unwrap_or_default(),
        }))
    });
    read.await
}

/// `GET /denied`: where the tool sends the browser after a refusal.
pub async fn denied(req: PageRequest) -> PageResult {
    let page = DeniedPage {
        request: just_ended(&req).await?,
        login_command: req.app.config.brand.login_command.clone(),
        shell: req.shell(),
    };
    Ok(req.page(StatusCode::OK, &page))
}

async fn just_ended(req: &PageRequest) -> Result<Option<EndedRequest>, StoreError> {
    let (browser, now) = (req.browser.digest(), req.app.now());
    let read = req.app.store.read(move |conn| {
        let Some(request) = authorization_requests::latest_refused(conn, browser, now - JUST_NOW)? else {
            return Ok(None);
        };
        let tool = clients::name(conn, &request.client_id)?.unwrap_or_default();
        let organization = match (&request.status, &request.org_id) {
            (RequestStatus::SwitchedOff | RequestStatus::CannotApprove, Some(id)) => {
                organizations::find(conn, id)?
            }
            _ => None,
        };
        Ok(Some(EndedRequest {
            tool: text::name(&tool),
            device: request.device_name.as_deref().map(text::device_label),
            asked_from: request.pushed_ip,
            asked_at: text::near_time(request.created_at.utc(), now.utc()),
            why: match (request.status, organization) {
                (RequestStatus::CannotApprove, Some(found)) => {
                    DenialReason::RoleTooSmall(text::name(&found.name))
                }
                (RequestStatus::CannotApprove, None) => DenialReason::NoOrganization,
                (_, Some(found)) => DenialReason::PersonalTokensOff(text::name(&found.name)),
                (_, None) => DenialReason::Denied,
            },
        }))
    });
    read.await
}

/// `GET /help`
pub async fn help(req: PageRequest) -> PageResult {
    let login_command = req.app.config.brand.login_command.clone();
    Ok(req.page(StatusCode::OK, &HelpPage { shell: req.shell(), login_command }))
}

/// `POST /theme`
pub async fn theme(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "theme").await?;
    let theme = form.get("theme").and_then(Theme::from_value).unwrap_or_default();
    let cookie = theme_cookie(&req.app, theme.value());
    let here = form.get("return_to").filter(|path| is_own_path(path)).unwrap_or("/");
    // The path includes that of the public URL, which is added again.
    let here = req.app.config.server.public_url.below(here).unwrap_or("/");
    Ok(req.redirect_with(here, [cookie]))
}

/// Whether it is a path of this server, however browsers interpret slashes and backslashes.
fn is_own_path(path: &str) -> bool {
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    path.starts_with('/') && !path.starts_with("//") && plain
}

/// Answers every path that no route has. As this is no [`page_resource`](super::request::page_resource), it handles a
/// failing database itself.
pub async fn not_found(http: HttpRequest, req: Result<PageRequest, PageError>) -> PageResult {
    let req = match req {
        Err(PageError::Failed(error)) => return failure_page(&http, &error),
        req => req?,
    };
    let reading = matches!(*req.http.method(), Method::GET | Method::HEAD);
    Ok(req.refuse(if reading { Refusal::NotFound } else { Refusal::MethodNotAllowed }))
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn ui_04_only_a_path_of_this_server_is_gone_back_to() {
        assert!(is_own_path("/cli-sessions?state=all"));
        for bad in
            ["https://evil.com", "//evil.com", "/\\evil.com", "/\t/evil.com", "https:evil.com", "", "/ä"]
        {
            assert!(!is_own_path(bad), "{bad}");
        }
    }
}
