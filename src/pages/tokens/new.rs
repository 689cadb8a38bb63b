//! `/tokens/new`: a new personal token.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::management::TOKENS_MANAGE;
use crate::pages::credentials::choices::{self, ChosenEnd, EndChoice, EndChoices, PermissionChoices, Ticked};
use crate::pages::credentials::idempotent_form::{self, CreatedSecret, Submission};
use crate::pages::credentials::refused;
use crate::pages::credentials::secret::{self, SecretKind};
use crate::pages::shared::member::{Member, OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::urls::query;
use crate::pages::tokens::list::{self, Allowed};
use crate::services::personal_tokens::{self, NewToken};

#[derive(Template)]
#[template(path = "tokens/new.html")]
pub struct NewTokenPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    /// Nonce, so that the form creates one token however often it is submitted.
    pub form_nonce: String,
    pub name: String,
    pub permissions: PermissionChoices,
    pub ends: EndChoices,
}

impl NewTokenPage {
    fn list(&self) -> String {
        self.shell.base.clone() + &self.nav.of_this("/tokens")
    }
}

/// The form as it was filled in.
struct TokenFields {
    form_nonce: String,
    name: String,
    ticked: Ticked,
    ends: EndChoice,
}

impl TokenFields {
    /// The fields of the new token, with the expiry relative to `now`, or the form problems.
    fn check(&self, req: &PageRequest, member: &Member) -> Result<(NewToken, ChosenEnd), Problems> {
        let scopes = self.ticked.all(&req.app.config.catalog);
        let mut problems = Problems::default();
        if self.name.trim().is_empty() {
            problems = problems.with("name", "Enter a name");
        }
        if scopes.is_empty() {
            problems = problems.with("scopes", "Choose at least one permission");
        }
        let lifetime = list::policy(req, member).lifetime;
        match self.ends.resolve("Personal tokens", lifetime, req.app.now()) {
            Ok(end) if problems.is_empty() => {
                Ok((NewToken { name: self.name.clone(), scopes, ends_at: None }, end))
            }
            Ok(_) => Err(problems),
            Err(problem) => Err(problems.with("ends", problem)),
        }
    }
}

/// `GET /tokens/new`
pub async fn new(req: PageRequest) -> PageResult {
    let member = member(&req, OrganizationSelector::Asked).await?;
    let query = query(&req);
    let typed = TokenFields {
        form_nonce: idempotent_form::form_nonce(),
        name: query.get("name").unwrap_or_default().to_owned(),
        ticked: Ticked::suggested(&query),
        ends: EndChoice::default_for(list::policy(&req, &member).lifetime),
    };
    new_page(&req, &member, typed, Problems::default()).await
}

async fn new_page(req: &PageRequest, member: &Member, typed: TokenFields, problems: Problems) -> PageResult {
    let actor = member.actor(req);
    if let Err(refusal) = actor.require(TOKENS_MANAGE) {
        return Ok(refused::page(req, member, refusal));
    }
    let policy = list::policy(req, member);
    let nav = nav(req, member, NavItem::PersonalTokens, active_sessions(req, member).await?);
    if list::allowed(policy, member) != Allowed::Yes {
        // The list shows the reason, and whom to ask.
        return Ok(req.redirect(&nav.of_this("/tokens")));
    }
    let page = NewTokenPage {
        shell: req.shell(),
        nav,
        permissions: typed.ticked.offered(&req.app.config.catalog, &actor.scopes, false),
        ends: typed.ends.offered(policy.lifetime),
        form_nonce: typed.form_nonce,
        name: typed.name,
        problems,
    };
    let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(req.page(status, &page))
}

/// `POST /tokens/new`: the response shows the secret, and no other page does.
pub async fn create(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "new-token").await?;
    let member = member(&req, OrganizationSelector::Asked).await?;
    let typed = TokenFields {
        form_nonce: idempotent_form::submitted_nonce(&form),
        name: form.get("name").unwrap_or_default().to_owned(),
        ticked: Ticked::read(&form, &req.app.config.catalog),
        ends: EndChoice::read(&form),
    };
    let (new, end) = match typed.check(&req, &member) {
        Ok(checked) => checked,
        Err(problems) => return new_page(&req, &member, typed, problems).await,
    };
    let sent = idempotent_form::submit(&req, &member, &form, move |app, work, actor| {
        let new = NewToken { ends_at: end.at(work.now), ..new };
        let created = personal_tokens::create(work, &app.config, actor, &new)?;
        Ok(CreatedSecret { created, replaces: None })
    });
    match sent.await? {
        Submission::Made(made) => secret::shown(&req, &member, *made).await,
        Submission::Again(id) => secret::shown_before(&req, &member, SecretKind::PersonalToken, &id).await,
        Submission::Refused(refusal) => match refused::problems(refusal) {
            Ok(problems) => new_page(&req, &member, typed, problems).await,
            Err(refusal) => Ok(refused::page(&req, &member, refusal)),
        },
    }
}
