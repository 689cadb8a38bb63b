//! Signing out other browsers.

use actix_web::http::StatusCode;
use actix_web::web;

use crate::pages::security::overview::security_nav;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::services::browser_sessions;

/// `POST /security/browsers/{id}/end`. This browser signs out like any other if it is named.
pub async fn end(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "end-browser").await?;
    let Some((session, _)) = req.person() else { return Ok(req.redirect("/sign-in?because=ended")) };
    let (user_id, id, origin) = (session.user_id.clone(), id.into_inner(), req.browser.origin.clone());
    let ended = req
        .app
        .write(move |app, work| browser_sessions::end(work, &app.config, &user_id, &id, &origin))
        .await?;
    Ok(if ended { req.redirect("/security?done=browser-signed-out") } else { req.refuse(Refusal::NotFound) })
}

/// `GET /security/browsers/end-others`
pub async fn end_others_page(req: PageRequest) -> PageResult {
    let nav = security_nav(&req).await?;
    let question = Question::SignOutOtherBrowsers;
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /security/browsers/end-others`
pub async fn end_others(req: PageRequest, payload: web::Payload) -> PageResult {
    req.form(payload, "confirm").await?;
    let Some((session, _)) = req.person().cloned() else {
        return Ok(req.redirect("/sign-in?because=ended"));
    };
    let origin = req.browser.origin.clone();
    req.app.store.write(move |work| browser_sessions::end_others(work, &session, &origin)).await?;
    Ok(req.redirect("/security?done=other-browsers-signed-out"))
}
