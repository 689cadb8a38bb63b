//! `/invitations`: the open invitations for the address of the signed-in user.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::accept::{ShownInvitation, joined_path};
use super::ended::{self, EndedWords};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::invitations::{self, AcceptRefusal, InvitationKey};
use crate::store::TxError;

#[derive(Template)]
#[template(path = "invitations/mine.html")]
pub struct MyInvitationsPage {
    pub shell: Shell,
    pub address: String,
    pub invitations: Vec<ShownInvitation>,
}

/// `GET /invitations`
pub async fn list(req: PageRequest) -> PageResult {
    let Some((_, user)) = req.person().cloned() else {
        return Ok(req.redirect("/sign-in?request=invitations"));
    };
    let (app, now, address) = (req.app.clone(), req.app.now(), user.email.clone());
    let read = move |conn: &mut _| invitations::open_for(conn, &app.config, &user, now);
    let open = req.app.store.read(read).await?;
    let invitations = open.into_iter().map(|open| ShownInvitation::of(&req.app, open)).collect();
    Ok(req.page(StatusCode::OK, &MyInvitationsPage { shell: req.shell(), address, invitations }))
}

/// `POST /invitations/{id}/join`
pub async fn join(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "join").await?;
    let Some((session, _)) = req.person() else { return Ok(req.redirect("/sign-in?request=invitations")) };
    let (key, user_id) = (InvitationKey::Id(id.into_inner()), session.user_id.clone());
    let origin = req.browser.origin.clone();
    let joined = req
        .app
        .write_or_refuse(move |app, work| invitations::accept(work, &app.config, &key, &user_id, &origin));
    let refusal = match TxError::settle(joined.await)? {
        Ok(organization) => return Ok(req.redirect(&joined_path(&organization.slug))),
        Err(AcceptRefusal::Unknown) => return Ok(req.refuse(Refusal::NotFound)),
        Err(refusal) => refusal,
    };
    Ok(match EndedWords::of_refusal(&refusal) {
        Some(words) => ended::page(&req, words),
        None => req.refuse(Refusal::NotFound),
    })
}
