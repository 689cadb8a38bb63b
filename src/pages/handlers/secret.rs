//! The page with a new secret, and the one that says that it was shown.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::member::{Member, active_sessions, nav};
use super::once::Made;
use super::visit::{Stop, Visit};
use crate::domain::credential::CredentialKind;
use crate::pages::nav::{Nav, Place};
use crate::pages::secret_once::{self, SecretPage, ShownOncePage};
use crate::pages::text::{self, Moment};
use crate::store::{StoreError, static_credentials};

/// Shows the secret of what was made.
pub(super) async fn shown(visit: &Visit, member: &Member, made: Made) -> Result<HttpResponse, Stop> {
    let Made { created, replaces } = made;
    let credential = created.named.credential;
    let what = match credential.kind.credential_kind() {
        CredentialKind::PersonalToken => secret_once::Made::PersonalToken,
        CredentialKind::ApiKey | CredentialKind::CliSession => secret_once::Made::ApiKey,
    };
    let nav = nav_of(visit, member, what).await?;
    let page = SecretPage {
        shell: visit.shell(),
        made: what,
        name: text::name(&credential.name),
        secret: created.secret,
        variable: variable(&visit.app.config.brand.cli_name, what),
        ends: credential.ends_at.map(|at| Moment::minute(at.utc())),
        replaces: replaces.map(|at| Moment::minute(at.utc())),
        list: list(visit, &nav, what),
        nav,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// Says that a form has made its credential already.
pub(super) async fn shown_before(
    visit: &Visit,
    member: &Member,
    made: secret_once::Made,
    id: &str,
) -> Result<HttpResponse, Stop> {
    let kind = match made {
        secret_once::Made::ApiKey => CredentialKind::ApiKey,
        secret_once::Made::PersonalToken => CredentialKind::PersonalToken,
    };
    let (org_id, wanted) = (member.organization.id.clone(), id.to_owned());
    let found = visit.app.store.read(move |conn| static_credentials::find(conn, &org_id, kind, &wanted));
    let name = found.await?.map(|credential| text::name(&credential.name)).unwrap_or_default();
    let nav = nav_of(visit, member, made).await?;
    let list = list(visit, &nav, made);
    let again = match made {
        secret_once::Made::ApiKey => format!("{list}/{id}/rotate"),
        secret_once::Made::PersonalToken => {
            format!("{}{}", visit.base(), nav.of_this("/tokens/new"))
        }
    };
    let page = ShownOncePage { shell: visit.shell(), nav, made, name, list, again };
    Ok(visit.page(StatusCode::OK, &page))
}

async fn nav_of(visit: &Visit, member: &Member, made: secret_once::Made) -> Result<Nav, StoreError> {
    let place = match made {
        secret_once::Made::ApiKey => Place::ApiKeys,
        secret_once::Made::PersonalToken => Place::PersonalTokens,
    };
    Ok(nav(visit, member, place, active_sessions(visit, member).await?))
}

fn list(visit: &Visit, nav: &Nav, made: secret_once::Made) -> String {
    match made {
        secret_once::Made::ApiKey => nav.keys(visit.base()),
        secret_once::Made::PersonalToken => format!("{}{}", visit.base(), nav.of_this("/tokens")),
    }
}

/// `ACME_API_KEY`: what the companion CLI reads.
fn variable(cli_name: &str, made: secret_once::Made) -> String {
    let name = cli_name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    match made {
        secret_once::Made::ApiKey => format!("{name}_API_KEY"),
        secret_once::Made::PersonalToken => format!("{name}_API_TOKEN"),
    }
}
