//! `/o/{org}/keys`: the list of API keys, and making one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::query;
use super::choices::{EndChoice, Ticked};
use super::credential_card::{Listed, card};
use super::credential_list::Asked;
use super::member::{Member, Which, active_sessions, member, nav};
use super::once::{self, Made, Sent};
use super::refused;
use super::secret;
use super::visit::{Stop, Visit, visit};
use crate::domain::allowed_addresses::{AllowedAddresses, BadAddresses};
use crate::domain::key_policy::KeyPolicy;
use crate::domain::management::{KEYS_MANAGE, SERVICE_ACCOUNTS_MANAGE};
use crate::domain::parameters::Parameters;
use crate::domain::static_secret::Mode;
use crate::pages::credential_list::ListAddress;
use crate::pages::keys::{AccountChoice, KeysPage, NewKeyPage};
use crate::pages::nav::Place;
use crate::pages::problems::Problems;
use crate::pages::{secret_once, text};
use crate::services::api_keys::{self, NewKey};
use crate::services::service_accounts;
use crate::store::StoreError;
use crate::web::app::App;

/// `GET /keys` and `GET /dashboard/api-keys`: the keys of the organization that the person works in.
pub async fn home(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| lead(visit, "").await).await
}

/// `GET /keys/new`, with what a link suggests.
pub async fn new_home(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| lead(visit, "/new").await).await
}

async fn lead(visit: &Visit, to: &str) -> Result<HttpResponse, Stop> {
    if visit.person().is_none() {
        return Ok(visit.go("/sign-in?request=keys"));
    }
    let query = visit.request.query_string();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let member = member(visit, Which::Asked).await?;
    Ok(visit.go(&format!("/o/{}/keys{to}{query}", member.organization.slug)))
}

/// `GET /o/{org}/keys`: every key for owners and admins, for others their own; the newest first; those that have ended
/// only when asked for.
pub async fn list(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Slug(&slug)).await?;
        let path = format!("{}/o/{slug}/keys", visit.base());
        let asked = Asked::read(visit, ListAddress { path: path.clone(), org: None });
        let (acting, wanted) = (member.acting(visit), asked.clone());
        let read = move |conn: &mut _| wanted.find(|part| api_keys::list(conn, &acting, part));
        let found =
            visit.app.store.read(read).await?.map_err(|refusal| refused::page(visit, &member, refusal))?;
        let manages = member.holds(visit, KEYS_MANAGE);
        let KeyPolicy { on, unrestricted, .. } =
            member.organization.key_policy(&visit.app.config.organizations);
        let path = &path;
        let to = |act: &'static str| move |id: &str| format!("{path}/{id}/{act}");
        let (permissions, rotate, revoke) = (to("permissions"), to("rotate"), to("end"));
        let listed = Listed {
            user_id: &member.user_id,
            on,
            unrestricted,
            owners: true,
            permissions: manages.then_some(&permissions as &dyn Fn(&str) -> String),
            rotate: manages.then_some(&rotate as &dyn Fn(&str) -> String),
            revoke: manages.then_some(&revoke as &dyn Fn(&str) -> String),
        };
        let page = KeysPage {
            shell: visit.shell(),
            nav: nav(visit, &member, Place::ApiKeys, active_sessions(visit, &member).await?),
            on,
            may_create: manages,
            list: asked.shown(found, |key| card(visit, &listed, key)),
            login_command: visit.app.config.brand.login_command.clone(),
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

/// `GET /o/{org}/keys/new`
pub async fn new(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Slug(&slug)).await?;
        let typed = Typed::suggested(visit, &member);
        new_page(visit, &member, typed, Problems::default()).await
    })
    .await
}

/// The form as it was filled in.
struct Typed {
    once: String,
    name: String,
    mode: Mode,
    owner: Option<String>,
    ticked: Ticked,
    ends: EndChoice,
    addresses: String,
}

impl Typed {
    fn suggested(visit: &Visit, member: &Member) -> Self {
        let query = query(visit);
        let policy = member.organization.key_policy(&visit.app.config.organizations);
        Self {
            once: once::mark(),
            name: query.get("name").unwrap_or_default().to_owned(),
            mode: query.get("mode").and_then(Mode::parse).unwrap_or(Mode::Live),
            owner: query.get("owner").map(str::to_owned),
            ticked: Ticked::suggested(&query),
            ends: EndChoice::usual(policy.lifetime),
            addresses: String::new(),
        }
    }

    fn read(visit: &Visit, form: &Parameters) -> Self {
        Self {
            once: once::mark_of(form),
            name: form.get("name").unwrap_or_default().to_owned(),
            mode: form.get("mode").and_then(Mode::parse).unwrap_or(Mode::Live),
            owner: form.get("owner").map(str::to_owned),
            ticked: Ticked::read(form, &visit.app.config.catalog),
            ends: EndChoice::read(form),
            addresses: form.get("addresses").unwrap_or_default().to_owned(),
        }
    }

    /// A key to be whose end counts from `now` on, or what is wrong with the fields.
    fn check(&self, visit: &Visit, member: &Member) -> Result<(NewKey, super::choices::End), Problems> {
        let policy = member.organization.key_policy(&visit.app.config.organizations);
        let scopes = self.ticked.all(&visit.app.config.catalog);
        let addresses: Vec<String> = self
            .addresses
            .split([' ', ',', '\r', '\n', '\t'])
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect();
        let mut problems = Problems::default();
        if self.name.trim().is_empty() {
            problems = problems.with("name", "Enter a name");
        }
        if scopes.is_empty() && !self.ticked.unrestricted {
            problems = problems.with("scopes", "Choose at least one permission");
        }
        let ends = self.ends.resolve("API keys", policy.lifetime, visit.app.now());
        if let Err(problem) = &ends {
            problems = problems.with("ends", problem);
        }
        if !addresses.is_empty()
            && let Err(bad) = AllowedAddresses::parse(addresses.iter().map(String::as_str))
        {
            problems = problems.with("addresses", told(&bad));
        }
        let new = NewKey {
            name: self.name.clone(),
            mode: self.mode,
            scopes: (!self.ticked.unrestricted).then_some(scopes),
            ends_at: None,
            service_account: self.owner.clone(),
            allowed_addresses: (!addresses.is_empty()).then_some(addresses),
        };
        match ends {
            Ok(ends) if problems.is_empty() => Ok((new, ends)),
            Ok(_) | Err(_) => Err(problems),
        }
    }
}

fn told(bad: &BadAddresses) -> &'static str {
    match bad {
        BadAddresses::NotAnAddress => {
            "Enter addresses such as 203.0.113.7, or networks such as 203.0.113.0/24, separated by spaces"
        }
        BadAddresses::TooMany => "Enter at most 32 addresses. A network stands for many",
        BadAddresses::Empty => "Enter an address, or leave the field empty",
    }
}

/// `POST /o/{org}/keys/new`: the answer shows the secret, and no other page does.
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "new-key").await?;
        let member = member(visit, Which::Slug(&slug)).await?;
        let typed = Typed::read(visit, &form);
        let (new, ends) = match typed.check(visit, &member) {
            Ok(checked) => checked,
            Err(problems) => return new_page(visit, &member, typed, problems).await,
        };
        let sent = once::send(visit, &member, &form, move |app, work, acting| {
            let new = NewKey { ends_at: ends.seen_from(work.now), ..new };
            let created = api_keys::create(work, &app.config, acting, &new)?;
            Ok(created.map(|created| Made { created, replaces: None }))
        });
        match sent.await? {
            Sent::Made(made) => secret::shown(visit, &member, *made).await,
            Sent::Again(id) => secret::shown_before(visit, &member, secret_once::Made::ApiKey, &id).await,
            Sent::Refused(refusal) => match refused::problems(refusal) {
                Ok(problems) => new_page(visit, &member, typed, problems).await,
                Err(refusal) => Ok(refused::page(visit, &member, refusal)),
            },
        }
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
    if let Err(refusal) = acting.require(KEYS_MANAGE) {
        return Ok(refused::page(visit, member, refusal));
    }
    let config = &visit.app.config;
    let policy = member.organization.key_policy(&config.organizations);
    if !policy.on {
        return Ok(visit.go(&format!("/o/{}/keys", member.organization.slug)));
    }
    let page = NewKeyPage {
        shell: visit.shell(),
        nav: nav(visit, member, Place::ApiKeys, active_sessions(visit, member).await?),
        accounts: accounts(visit, member, typed.owner.as_deref()).await?,
        permissions: typed.ticked.offered(&config.catalog, &acting.scopes, policy.unrestricted),
        ends: typed.ends.offered(policy.lifetime),
        once: typed.once,
        name: typed.name,
        role: acting.role.clone(),
        mode: typed.mode,
        addresses: typed.addresses,
        problems,
    };
    let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(status, &page))
}

/// The service accounts that a key may be made for: the newest, and the one that is chosen.
async fn accounts(
    visit: &Visit,
    member: &Member,
    chosen: Option<&str>,
) -> Result<Vec<AccountChoice>, StoreError> {
    let acting = member.acting(visit);
    if !acting.administers() || acting.require(SERVICE_ACCOUNTS_MANAGE).is_err() {
        return Ok(Vec::new());
    }
    let wanted = chosen.map(str::to_owned);
    let found = visit.app.store.read(move |conn| {
        let mut made = service_accounts::list(conn, &acting, None, 100)?.unwrap_or_default();
        if let Some(id) = wanted.filter(|id| made.iter().all(|made| made.account.id != *id)) {
            made.extend(service_accounts::find(conn, &acting, &id)?.ok());
        }
        Ok(made)
    });
    let able =
        found.await?.into_iter().map(|made| made.account).filter(|account| account.disabled_at.is_none());
    Ok(able
        .map(|account| AccountChoice {
            chosen: chosen == Some(account.id.as_str()),
            name: text::name(&account.name),
            role: account.role,
            id: account.id,
        })
        .collect())
}
