//! `/reset/{token}`: a new password with a link of the operator.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::secret::{Digest, Secret};
use crate::pages::security::password::{least, vet_and_hash};
use crate::pages::setup::form::password_hint;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::password_reset;
use crate::store::users::User;
use crate::store::{StoreError, password_resets};

#[derive(Template)]
#[template(path = "security/reset.html")]
pub struct ResetPage {
    pub shell: Shell,
    pub problems: Problems,
    /// The last part of the path.
    pub token: String,
    pub email: String,
    pub hint: String,
    /// Whether the box to sign out the tools is ticked.
    pub tools: bool,
}

/// `GET /reset/{token}`. Changes nothing, because programs that scan links open them.
pub async fn page(req: PageRequest, token: web::Path<String>) -> PageResult {
    match find(&req, &token).await? {
        Some(user) => Ok(form_page(&req, &token, &user, Problems::default(), true)),
        None => Ok(req.refuse(Refusal::ResetLinkEnded)),
    }
}

/// `POST /reset/{token}`
pub async fn reset(req: PageRequest, token: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "reset").await?;
    // Before the password is checked and hashed, which is expensive; anyone can send this form.
    let Some(user) = find(&req, &token).await? else { return Ok(req.refuse(Refusal::ResetLinkEnded)) };
    let tools = form.get("tools").is_some();
    let new = Secret::new(form.get("password").unwrap_or_default());
    let hash = match vet_and_hash(&req, new, &user).await? {
        Ok(hash) => hash,
        Err(problems) => return Ok(form_page(&req, &token, &user, problems, tools)),
    };
    let (digest, origin) = (Digest::of(&token), req.browser.origin.clone());
    let done =
        req.app.store.write(move |work| password_reset::reset(work, digest, &hash, tools, &origin)).await?;
    Ok(match done {
        Some(_) => req.redirect("/sign-in?because=password-set"),
        None => req.refuse(Refusal::ResetLinkEnded),
    })
}

async fn find(req: &PageRequest, token: &str) -> Result<Option<User>, StoreError> {
    let (digest, now) = (Digest::of(token), req.app.now());
    req.app.store.read(move |conn| password_resets::find(conn, digest, now)).await
}

fn form_page(
    req: &PageRequest,
    token: &str,
    user: &User,
    problems: Problems,
    tools: bool,
) -> actix_web::HttpResponse {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ResetPage {
        shell: req.shell(),
        problems,
        token: token.to_owned(),
        email: user.email.clone(),
        hint: password_hint(least(req)),
        tools,
    };
    req.page(status, &page)
}
