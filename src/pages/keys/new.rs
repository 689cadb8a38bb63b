//! `/o/{org}/keys/new`: a new API key.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::allowed_addresses::{AllowedAddresses, AllowedAddressesError};
use crate::domain::management::{KEYS_MANAGE, SERVICE_ACCOUNTS_MANAGE};
use crate::domain::parameters::Parameters;
use crate::domain::static_secret::Mode;
use crate::pages::credentials::choices::{self, EndChoice, EndChoices, PermissionChoices, Ticked};
use crate::pages::credentials::idempotent_form::{self, CreatedSecret, Submission};
use crate::pages::credentials::refused;
use crate::pages::credentials::secret::{self, SecretKind};
use crate::pages::shared::member::{
    Member, MemberRequest, OrganizationSelector, active_sessions, member, nav,
};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::urls::query;
use crate::services::api_keys::{self, NewKey};
use crate::services::service_accounts;
use crate::store::{StoreError, TxError};

#[derive(Template)]
#[template(path = "keys/new.html")]
pub struct NewKeyPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    /// Nonce, so that the form creates one key however often it is submitted.
    pub form_nonce: String,
    pub name: String,
    /// The user's role.
    pub role: String,
    pub mode: Mode,
    /// Service accounts that may own the key. Empty if the user may not choose one.
    pub accounts: Vec<AccountChoice>,
    /// Whether there are more service accounts than these.
    pub more_accounts: bool,
    pub permissions: PermissionChoices,
    pub ends: EndChoices,
    /// As entered.
    pub addresses: String,
}

/// A service account that a key may belong to.
#[derive(Debug, Clone)]
pub struct AccountChoice {
    pub id: String,
    pub name: String,
    pub role: String,
    pub chosen: bool,
}

impl NewKeyPage {
    fn list(&self) -> String {
        self.nav.keys(&self.shell.base)
    }

    fn is_own(&self) -> bool {
        self.accounts.iter().all(|account| !account.chosen)
    }

    /// Mode, label, and hint.
    const MODES: [(Mode, &'static str, &'static str); 2] = [
        (Mode::Live, "Live", "For production."),
        (Mode::Test, "Test", "For testing. APIs that check the key see that it is a test key."),
    ];
}

/// `GET /o/{org}/keys/new`
pub async fn new(MemberRequest(req, member): MemberRequest) -> PageResult {
    let typed = KeyFields::suggested(&req, &member);
    new_page(&req, &member, typed, Problems::default()).await
}

/// The form as it was filled in.
struct KeyFields {
    form_nonce: String,
    name: String,
    mode: Mode,
    owner: Option<String>,
    ticked: Ticked,
    ends: EndChoice,
    addresses: String,
}

impl KeyFields {
    fn suggested(req: &PageRequest, member: &Member) -> Self {
        let query = query(req);
        let policy = member.organization.key_policy(&req.app.config.organizations);
        Self {
            form_nonce: idempotent_form::form_nonce(),
            name: query.get("name").unwrap_or_default().to_owned(),
            mode: query.get("mode").and_then(Mode::parse).unwrap_or(Mode::Live),
            owner: query.get("owner").map(str::to_owned),
            ticked: Ticked::suggested(&query),
            ends: EndChoice::default_for(policy.lifetime),
            addresses: String::new(),
        }
    }

    fn read(req: &PageRequest, form: &Parameters) -> Self {
        Self {
            form_nonce: idempotent_form::submitted_nonce(form),
            name: form.get("name").unwrap_or_default().to_owned(),
            mode: form.get("mode").and_then(Mode::parse).unwrap_or(Mode::Live),
            owner: form.get("owner").map(str::to_owned),
            ticked: Ticked::read(form, &req.app.config.catalog),
            ends: EndChoice::read(form),
            addresses: form.get("addresses").unwrap_or_default().to_owned(),
        }
    }

    /// The fields of the new key, with the expiry relative to `now`, or the form problems.
    fn check(
        &self,
        req: &PageRequest,
        member: &Member,
    ) -> Result<(NewKey, crate::pages::credentials::choices::ChosenEnd), Problems> {
        let policy = member.organization.key_policy(&req.app.config.organizations);
        let scopes = self.ticked.all(&req.app.config.catalog);
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
        let ends = self.ends.resolve("API keys", policy.lifetime, req.app.now());
        if let Err(problem) = &ends {
            problems = problems.with("ends", problem);
        }
        if !addresses.is_empty()
            && let Err(bad) = AllowedAddresses::parse(addresses.iter().map(String::as_str))
        {
            problems = problems.with("addresses", address_problem(&bad));
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

fn address_problem(bad: &AllowedAddressesError) -> &'static str {
    match bad {
        AllowedAddressesError::NotAnAddress => {
            "Enter addresses such as 203.0.113.7, or networks such as 203.0.113.0/24, separated by spaces"
        }
        AllowedAddressesError::TooMany => "Enter at most 32 addresses or networks",
        AllowedAddressesError::Empty => "Enter an address, or leave the field empty",
    }
}

/// `POST /o/{org}/keys/new`: the response shows the secret, and no other page does.
pub async fn create(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "new-key").await?;
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let typed = KeyFields::read(&req, &form);
    let (new, ends) = match typed.check(&req, &member) {
        Ok(checked) => checked,
        Err(problems) => return new_page(&req, &member, typed, problems).await,
    };
    let sent = idempotent_form::submit(&req, &member, &form, move |app, work, actor| {
        let new = NewKey { ends_at: ends.at(work.now), ..new };
        let created = api_keys::create(work, &app.config, actor, &new)?;
        Ok(CreatedSecret { created, replaces: None })
    });
    match sent.await? {
        Submission::Made(made) => secret::shown(&req, &member, *made).await,
        Submission::Again(id) => secret::shown_before(&req, &member, SecretKind::ApiKey, &id).await,
        Submission::Refused(refusal) => match refused::problems(refusal) {
            Ok(problems) => new_page(&req, &member, typed, problems).await,
            Err(refusal) => Ok(refused::page(&req, &member, refusal)),
        },
    }
}

async fn new_page(req: &PageRequest, member: &Member, typed: KeyFields, problems: Problems) -> PageResult {
    let actor = member.actor(req);
    if let Err(refusal) = actor.require(KEYS_MANAGE) {
        return Ok(refused::page(req, member, refusal));
    }
    let config = &req.app.config;
    let policy = member.organization.key_policy(&config.organizations);
    if !policy.enabled {
        return Ok(req.redirect(&format!("/o/{}/keys", member.organization.slug)));
    }
    let (accounts, more_accounts) = accounts(req, member, typed.owner.as_deref()).await?;
    let page = NewKeyPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::ApiKeys, active_sessions(req, member).await?),
        accounts,
        more_accounts,
        permissions: typed.ticked.offered(&config.catalog, &actor.scopes, policy.unrestricted),
        ends: typed.ends.offered(policy.lifetime),
        form_nonce: typed.form_nonce,
        name: typed.name,
        role: actor.role.clone(),
        mode: typed.mode,
        addresses: typed.addresses,
        problems,
    };
    let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(req.page(status, &page))
}

/// Maximum number of service accounts to choose from.
const ACCOUNTS: usize = 50;

/// Service accounts to choose from: the newest ones, and the chosen one; and whether there are more.
async fn accounts(
    req: &PageRequest,
    member: &Member,
    chosen: Option<&str>,
) -> Result<(Vec<AccountChoice>, bool), StoreError> {
    let actor = member.actor(req);
    if !actor.administers() || actor.require(SERVICE_ACCOUNTS_MANAGE).is_err() {
        return Ok((Vec::new(), false));
    }
    let wanted = chosen.map(str::to_owned);
    let found = req.app.store.read(move |conn| {
        let listed = service_accounts::list(conn, &actor, None, paging::rows_of(ACCOUNTS));
        let mut made = TxError::settle(listed)?.unwrap_or_default();
        let more = made.len() > ACCOUNTS;
        made.truncate(ACCOUNTS);
        if let Some(id) = wanted.filter(|id| made.iter().all(|made| made.account.id != *id)) {
            made.extend(TxError::settle(service_accounts::find(conn, &actor, &id))?.ok());
        }
        Ok((made, more))
    });
    let (made, more) = found.await?;
    let able = made.into_iter().map(|made| made.account).filter(|account| account.disabled_at.is_none());
    let choices = able
        .map(|account| AccountChoice {
            chosen: chosen == Some(account.id.as_str()),
            name: text::name(&account.name),
            role: account.role,
            id: account.id,
        })
        .collect();
    Ok((choices, more))
}
