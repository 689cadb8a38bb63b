//! `/c/code`: the code that a person copies into a terminal which no browser can reach.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::{encoded, query};
use super::visit::{Visit, visit};
use crate::domain::policy::PASTE_PATH;
use crate::domain::request::RequestStatus;
use crate::pages::paste::PastePage;
use crate::pages::refusal::Refusal;
use crate::pages::text;
use crate::services::authorization::{self, Pasted, PastedCode};
use crate::store::StoreError;
use crate::web::app::App;

/// The page of the answer to a request. The code itself stands in no address.
pub(super) fn path(id: &str) -> String {
    format!("{PASTE_PATH}?request={}", encoded(id))
}

/// `GET /c/code`
pub async fn page(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let query = query(visit);
        let command = visit.app.config.brand.login_command.clone();
        let Some(id) = query.get("request") else {
            return Ok(visit.refuse(Refusal::UnknownCode { command }));
        };
        let Some(found) = pasted(visit, id).await? else {
            return Ok(visit.refuse(Refusal::UnknownCode { command }));
        };
        let Pasted { request, client_name, code } = found;
        Ok(match (request.status, code) {
            (RequestStatus::Approved, Some(PastedCode { text: code, until })) => {
                let page = PastePage {
                    shell: visit.shell(),
                    request: request.id,
                    tool: client_name,
                    device: request.device_name.as_deref().map(text::device_label),
                    code,
                    until: text::time_to_the_second(until.utc()),
                };
                visit.page(StatusCode::OK, &page)
            }
            (RequestStatus::Approved, None) => visit.refuse(Refusal::CopiedCodeEnded { command }),
            (RequestStatus::Denied | RequestStatus::CannotApprove | RequestStatus::SwitchedOff, _) => {
                visit.refuse(Refusal::NothingToCopy)
            }
            (RequestStatus::NotAllowed, _) => visit.refuse(Refusal::TerminalLeft),
            (RequestStatus::Invalid, _) => {
                let detail = request.error_description.unwrap_or_default();
                visit.refuse(Refusal::MalformedRequest { detail })
            }
            (RequestStatus::Open, _) if request.prompt.as_deref() == Some("none") => {
                let detail = "Consent is always asked for, so prompt=none cannot succeed.".to_owned();
                visit.refuse(Refusal::MalformedRequest { detail })
            }
            (RequestStatus::Open, _) => visit.go(&format!("/authorize/{}", encoded(&request.id))),
        })
    })
    .await
}

/// `POST /c/code`: takes the code back.
pub async fn cancel(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "cancel-code").await?;
        let id = form.get("request").unwrap_or_default().to_owned();
        let (target, browser) = (id.clone(), visit.browser.digest());
        visit.app.store.write(move |work| authorization::withdraw(work, &target, browser)).await?;
        Ok(visit.go(&path(&id)))
    })
    .await
}

async fn pasted(visit: &Visit, id: &str) -> Result<Option<Pasted>, StoreError> {
    let (app, now, id, browser) = (visit.app.clone(), visit.app.now(), id.to_owned(), visit.browser.digest());
    visit
        .app
        .store
        .read(move |conn| authorization::pasted(conn, &app.config, &app.master, now, &id, browser))
        .await
}
