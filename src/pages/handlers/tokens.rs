//! `/tokens`: a person's own tokens.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::query;
use super::choices::{End, EndChoice, Ticked};
use super::credential_card::{self, Listed, card};
use super::credential_list::Asked;
use super::member::{Member, Which, active_sessions, member, nav};
use super::once::{self, Made, Sent};
use super::visit::{Stop, Visit, visit};
use super::{refused, secret};
use crate::domain::key_policy::TokenPolicy;
use crate::domain::management::TOKENS_MANAGE;
use crate::pages::confirm::{ConfirmPage, Question};
use crate::pages::credential_list::ListAddress;
use crate::pages::nav::Place;
use crate::pages::problems::Problems;
use crate::pages::tokens::{Allowed, NewTokenPage, TokensPage};
use crate::pages::{secret_once, text};
use crate::services::personal_tokens::{self, NewToken};
use crate::web::app::App;

/// `GET /tokens`
pub async fn list(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        if visit.person().is_none() {
            return Ok(visit.go("/sign-in?request=tokens"));
        }
        let member = member(visit, Which::Asked).await?;
        let nav = nav(visit, &member, Place::PersonalTokens, active_sessions(visit, &member).await?);
        let org = nav.has_choice().then(|| nav.slug.clone());
        let asked = Asked::read(visit, ListAddress { path: format!("{}/tokens", visit.base()), org });
        let (acting, wanted) = (member.acting(visit), asked.clone());
        let read = move |conn: &mut _| wanted.find(|part| personal_tokens::list(conn, &acting, part));
        let found =
            visit.app.store.read(read).await?.map_err(|refusal| refused::page(visit, &member, refusal))?;
        let allowed = allowed(policy(visit, &member), &member);
        let revoke = |id: &str| format!("{}{}", visit.base(), nav.of_this(&format!("/tokens/{id}/end")));
        let listed = Listed {
            user_id: &member.user_id,
            on: allowed == Allowed::Yes,
            unrestricted: false,
            owners: false,
            permissions: None,
            rotate: None,
            revoke: Some(&revoke),
        };
        let list = asked.shown(found, |token| card(visit, &listed, token));
        let login_command = visit.app.config.brand.login_command.clone();
        let page = TokensPage { shell: visit.shell(), allowed, list, login_command, nav };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

fn policy(visit: &Visit, member: &Member) -> TokenPolicy {
    member.organization.token_policy(&visit.app.config.organizations)
}

fn allowed(policy: TokenPolicy, member: &Member) -> Allowed {
    if !policy.on {
        Allowed::Off
    } else if policy.creators.include(&member.role) {
        Allowed::Yes
    } else {
        Allowed::AdminsOnly
    }
}

/// The form as it was filled in.
struct Typed {
    once: String,
    name: String,
    ticked: Ticked,
    ends: EndChoice,
}

impl Typed {
    /// A token to be whose end counts from `now` on, or what is wrong with the fields.
    fn check(&self, visit: &Visit, member: &Member) -> Result<(NewToken, End), Problems> {
        let scopes = self.ticked.all(&visit.app.config.catalog);
        let mut problems = Problems::default();
        if self.name.trim().is_empty() {
            problems = problems.with("name", "Enter a name");
        }
        if scopes.is_empty() {
            problems = problems.with("scopes", "Choose at least one permission");
        }
        let lifetime = policy(visit, member).lifetime;
        match self.ends.resolve("Personal tokens", lifetime, visit.app.now()) {
            Ok(end) if problems.is_empty() => {
                Ok((NewToken { name: self.name.clone(), scopes, ends_at: None }, end))
            }
            Ok(_) => Err(problems),
            Err(problem) => Err(problems.with("ends", problem)),
        }
    }
}

/// `GET /tokens/new`
pub async fn new(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Asked).await?;
        let query = query(visit);
        let typed = Typed {
            once: once::mark(),
            name: query.get("name").unwrap_or_default().to_owned(),
            ticked: Ticked::suggested(&query),
            ends: EndChoice::usual(policy(visit, &member).lifetime),
        };
        new_page(visit, &member, typed, Problems::default()).await
    })
    .await
}

async fn new_page(
    visit: &Visit,
    member: &Member,
    typed: Typed,
    problems: Problems,
) -> Result<HttpResponse, Stop> {
    let acting = member.acting(visit);
    if let Err(refusal) = acting.require(TOKENS_MANAGE) {
        return Ok(refused::page(visit, member, refusal));
    }
    let policy = policy(visit, member);
    let nav = nav(visit, member, Place::PersonalTokens, active_sessions(visit, member).await?);
    if allowed(policy, member) != Allowed::Yes {
        // The list says why, and whom to ask.
        return Ok(visit.go(&nav.of_this("/tokens")));
    }
    let page = NewTokenPage {
        shell: visit.shell(),
        nav,
        permissions: typed.ticked.offered(&visit.app.config.catalog, &acting.scopes, false),
        ends: typed.ends.offered(policy.lifetime),
        once: typed.once,
        name: typed.name,
        problems,
    };
    let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(status, &page))
}

/// `POST /tokens/new`: the answer shows the secret, and no other page does.
pub async fn create(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "new-token").await?;
        let member = member(visit, Which::Asked).await?;
        let typed = Typed {
            once: once::mark_of(&form),
            name: form.get("name").unwrap_or_default().to_owned(),
            ticked: Ticked::read(&form, &visit.app.config.catalog),
            ends: EndChoice::read(&form),
        };
        let (new, end) = match typed.check(visit, &member) {
            Ok(checked) => checked,
            Err(problems) => return new_page(visit, &member, typed, problems).await,
        };
        let sent = once::send(visit, &member, &form, move |app, work, acting| {
            let new = NewToken { ends_at: end.seen_from(work.now), ..new };
            let created = personal_tokens::create(work, &app.config, acting, &new)?;
            Ok(created.map(|created| Made { created, replaces: None }))
        });
        match sent.await? {
            Sent::Made(made) => secret::shown(visit, &member, *made).await,
            Sent::Again(id) => {
                secret::shown_before(visit, &member, secret_once::Made::PersonalToken, &id).await
            }
            Sent::Refused(refusal) => match refused::problems(refusal) {
                Ok(problems) => new_page(visit, &member, typed, problems).await,
                Err(refusal) => Ok(refused::page(visit, &member, refusal)),
            },
        }
    })
    .await
}

/// `GET /tokens/{id}/end`
pub async fn revoke_page(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Asked).await?;
        let (acting, id) = (member.acting(visit), id.into_inner());
        let found = visit.app.store.read(move |conn| personal_tokens::find(conn, &acting, &id));
        let token = found.await?.map_err(|refusal| refused::page(visit, &member, refusal))?;
        let nav = nav(visit, &member, Place::PersonalTokens, active_sessions(visit, &member).await?);
        let question = Question::RevokeToken {
            slug: nav.slug.clone(),
            name: text::name(&token.credential.name),
            shown: credential_card::shown(&token.credential),
            last_used: credential_card::last_used(visit, &token),
            id: token.credential.id,
        };
        Ok(visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav, question }))
    })
    .await
}

/// `POST /tokens/{id}/end`
pub async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        visit.form(payload, "confirm").await?;
        let member = member(visit, Which::Asked).await?;
        let (acting, id) = (member.acting(visit), id.into_inner());
        let revoked = visit.app.store.write(move |work| personal_tokens::revoke(work, &acting, &id));
        Ok(match revoked.await? {
            Ok(_) => visit.go(&format!("/tokens?org={}&done=token-revoked", member.organization.slug)),
            Err(refusal) => refused::page(visit, &member, refusal),
        })
    })
    .await
}
