//! The page that shows a new secret once.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::credential::CredentialKind;
use crate::domain::secret::Secret;
use crate::pages::credentials::idempotent_form::CreatedSecret;
use crate::pages::shared::member::{Member, active_sessions, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::store::{StoreError, static_credentials};

/// Kind of the created credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    ApiKey,
    PersonalToken,
}

#[derive(Template)]
#[template(path = "credentials/secret.html")]
pub struct SecretPage {
    pub shell: Shell,
    pub nav: Nav,
    pub made: SecretKind,
    pub name: String,
    pub secret: Secret,
    /// The environment variable that the companion CLI reads.
    pub variable: String,
    pub ends: Option<DisplayTime>,
    /// When the replaced key stops working, if one was replaced.
    pub replaces: Option<DisplayTime>,
    /// Path of its list.
    pub list: String,
}

/// Page for a form that was submitted again.
#[derive(Template)]
#[template(path = "credentials/shown_once.html")]
pub struct ShownOncePage {
    pub shell: Shell,
    pub nav: Nav,
    pub made: SecretKind,
    pub name: String,
    pub list: String,
    /// Path of the form for another one.
    pub again: String,
}

impl SecretKind {
    /// Noun at the start of a sentence: "API key".
    pub fn noun(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::PersonalToken => "Personal token",
        }
    }

    /// Noun within a sentence.
    pub fn in_sentence(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::PersonalToken => "personal token",
        }
    }

    /// The remedy if the secret was not stored.
    fn again(self) -> &'static str {
        match self {
            Self::ApiKey => "Rotate it",
            Self::PersonalToken => "Create another",
        }
    }
}

/// Shows the secret of a created credential.
pub(in crate::pages) async fn shown(req: &PageRequest, member: &Member, made: CreatedSecret) -> PageResult {
    let CreatedSecret { created, replaces } = made;
    let credential = created.named.credential;
    let what = match credential.kind.credential_kind() {
        CredentialKind::PersonalToken => SecretKind::PersonalToken,
        CredentialKind::ApiKey | CredentialKind::CliSession => SecretKind::ApiKey,
    };
    let nav = nav_of(req, member, what).await?;
    let page = SecretPage {
        shell: req.shell(),
        made: what,
        name: text::name(&credential.name),
        secret: created.secret,
        variable: variable(&req.app.config.brand.cli_name, what),
        ends: credential.ends_at.map(|at| DisplayTime::minute(at.utc())),
        replaces: replaces.map(|at| DisplayTime::minute(at.utc())),
        list: list(req, &nav, what),
        nav,
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// Page for a form that has already created its credential.
pub(in crate::pages) async fn shown_before(
    req: &PageRequest,
    member: &Member,
    made: SecretKind,
    id: &str,
) -> PageResult {
    let kind = match made {
        SecretKind::ApiKey => CredentialKind::ApiKey,
        SecretKind::PersonalToken => CredentialKind::PersonalToken,
    };
    let (org_id, wanted) = (member.organization.id.clone(), id.to_owned());
    let found = req.app.store.read(move |conn| static_credentials::find(conn, &org_id, kind, &wanted));
    let name = found.await?.map(|credential| text::name(&credential.name)).unwrap_or_default();
    let nav = nav_of(req, member, made).await?;
    let list = list(req, &nav, made);
    let again = match made {
        SecretKind::ApiKey => format!("{list}/{id}/rotate"),
        SecretKind::PersonalToken => {
            format!("{}{}", req.base(), nav.of_this("/tokens/new"))
        }
    };
    let page = ShownOncePage { shell: req.shell(), nav, made, name, list, again };
    Ok(req.page(StatusCode::OK, &page))
}

async fn nav_of(req: &PageRequest, member: &Member, made: SecretKind) -> Result<Nav, StoreError> {
    let place = match made {
        SecretKind::ApiKey => NavItem::ApiKeys,
        SecretKind::PersonalToken => NavItem::PersonalTokens,
    };
    Ok(nav(req, member, place, active_sessions(req, member).await?))
}

fn list(req: &PageRequest, nav: &Nav, made: SecretKind) -> String {
    match made {
        SecretKind::ApiKey => nav.keys(req.base()),
        SecretKind::PersonalToken => format!("{}{}", req.base(), nav.of_this("/tokens")),
    }
}

/// `ACME_API_KEY`: what the companion CLI reads.
fn variable(cli_name: &str, made: SecretKind) -> String {
    let name = cli_name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    match made {
        SecretKind::ApiKey => format!("{name}_API_KEY"),
        SecretKind::PersonalToken => format!("{name}_API_TOKEN"),
    }
}
