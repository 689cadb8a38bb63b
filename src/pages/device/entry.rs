//! `/device`: the page where a device code is typed.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::user_code::UserCode;
use crate::pages::device::answer;
use crate::pages::device::confirm;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::urls::query;
use crate::pages::sign_in::continue_to::SignInTarget;
use crate::pages::sign_in::form::with_wait;
use crate::services::device::{self, EntryOutcome};

#[derive(Template)]
#[template(path = "device/entry.html")]
pub struct DeviceEntryPage {
    pub shell: Shell,
    pub problems: Problems,
    /// The entered code, or the one in the link. Never submitted automatically.
    pub code: String,
}

/// One message for wrong, used and ended codes, which must be indistinguishable.
pub fn unknown_code() -> Problems {
    Problems::default().with("user_code", "That code has ended or was never issued")
}

/// Message for too many wrong codes.
pub fn too_many_codes(seconds: i64) -> Problems {
    let wait = text::count(seconds, "second", "seconds");
    Problems::default().with("user_code", format!("Too many tries. Try again in {wait}"))
}

/// `GET /device`. A code in the query only fills the field. Trying codes requires a sign-in.
pub async fn entry(req: PageRequest) -> PageResult {
    let code = query(&req).get("user_code").and_then(UserCode::parse);
    if req.person().is_none() {
        return confirm::sign_in_first(&req, &SignInTarget::DeviceCode(code)).await;
    }
    let code = code.map(|code| code.formatted()).unwrap_or_default();
    Ok(req.page(StatusCode::OK, &entry_page(&req, code, Problems::default())))
}

fn entry_page(req: &PageRequest, code: String, problems: Problems) -> DeviceEntryPage {
    DeviceEntryPage { shell: req.shell(), problems, code }
}

/// `POST /device`
pub async fn enter(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "device-code").await?;
    let typed: String = form.get("user_code").unwrap_or_default().chars().take(64).collect();
    let Some(answerer) = answer::answerer(&req) else {
        return confirm::sign_in_first(&req, &SignInTarget::DeviceCode(UserCode::parse(&typed))).await;
    };
    let (code, address) = (typed.clone(), req.address);
    let entered = req
        .app
        .write(move |app, work| device::enter(work, &app.config, &app.master, &code, &answerer, address))
        .await?;
    Ok(match entered {
        EntryOutcome::Request(id) => req.redirect(&SignInTarget::Device(id).path()),
        EntryOutcome::Wrong => {
            req.page(StatusCode::UNPROCESSABLE_ENTITY, &entry_page(&req, typed, unknown_code()))
        }
        EntryOutcome::Wait(seconds) => {
            let page = entry_page(&req, typed, too_many_codes(seconds));
            with_wait(req.page(StatusCode::TOO_MANY_REQUESTS, &page), Some(seconds))
        }
    })
}

pub(in crate::pages) fn unknown(req: &PageRequest) -> HttpResponse {
    req.refuse(Refusal::UnknownCode { command: req.app.config.brand.login_command.clone() })
}
