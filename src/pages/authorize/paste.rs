//! `/c/code`: the page with a copied code.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::policy::PASTE_PATH;
use crate::domain::request::RequestStatus;
use crate::domain::secret::Secret;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::urls::{path_segment, query};
use crate::services::authorization::{self, CopiedCode, CopiedCodeAnswer};
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "authorize/paste.html")]
pub struct PastePage {
    pub shell: Shell,
    /// Request id.
    pub request: String,
    pub tool: String,
    /// Made with [`crate::pages::shared::text::device_label`].
    pub device: Option<String>,
    pub code: Secret,
    /// "14:41:30 UTC"
    pub until: String,
}

/// Path of the page for a request. The code itself is in no URL.
pub(in crate::pages) fn path(id: &str) -> String {
    format!("{PASTE_PATH}?request={}", path_segment(id))
}

/// `GET /c/code`
pub async fn page(req: PageRequest) -> PageResult {
    let query = query(&req);
    let command = req.app.config.brand.login_command.clone();
    let Some(id) = query.get("request") else {
        return Ok(req.refuse(Refusal::UnknownCode { command }));
    };
    let Some(found) = pasted(&req, id).await? else {
        return Ok(req.refuse(Refusal::UnknownCode { command }));
    };
    let CopiedCodeAnswer { request, client_name, code } = found;
    Ok(match (request.status, code) {
        (RequestStatus::Approved, Some(CopiedCode { text: code, until })) => {
            let page = PastePage {
                shell: req.shell(),
                request: request.id,
                tool: client_name,
                device: request.device_name.as_deref().map(text::device_label),
                code,
                until: text::time_to_the_second(until.utc()),
            };
            req.page(StatusCode::OK, &page)
        }
        (RequestStatus::Approved, None) => req.refuse(Refusal::CopiedCodeEnded { command }),
        (RequestStatus::Denied | RequestStatus::CannotApprove | RequestStatus::SwitchedOff, _) => {
            req.refuse(Refusal::NothingToCopy)
        }
        (RequestStatus::NotAllowed, _) => req.refuse(Refusal::TerminalLeft),
        (RequestStatus::Invalid, _) => {
            let detail = request.error_description.unwrap_or_default();
            req.refuse(Refusal::MalformedRequest { detail })
        }
        (RequestStatus::Open, _) if request.prompt.as_deref() == Some("none") => {
            let detail = "Consent is always required, so prompt=none cannot succeed.".to_owned();
            req.refuse(Refusal::MalformedRequest { detail })
        }
        (RequestStatus::Open, _) => req.redirect(&format!("/authorize/{}", path_segment(&request.id))),
    })
}

/// `POST /c/code`: revokes the code.
pub async fn cancel(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "cancel-code").await?;
    let id = form.get("request").unwrap_or_default().to_owned();
    let (target, browser) = (id.clone(), req.browser.digest());
    req.app.store.write(move |work| authorization::withdraw(work, &target, browser)).await?;
    Ok(req.redirect(&path(&id)))
}

async fn pasted(req: &PageRequest, id: &str) -> Result<Option<CopiedCodeAnswer>, StoreError> {
    let (app, now, id, browser) = (req.app.clone(), req.app.now(), id.to_owned(), req.browser.digest());
    req.app
        .store
        .read(move |conn| authorization::find_copied_code(conn, &app.config, &app.master, now, &id, browser))
        .await
}
