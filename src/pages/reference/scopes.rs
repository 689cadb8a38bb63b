//! `/scopes`: the scope catalog.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::scope::{Bundle, Level, Scope};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::words;

#[derive(Template)]
#[template(path = "reference/scopes.html")]
pub struct CatalogPage {
    pub shell: Shell,
    /// Changes when the meaning of a permission does.
    pub version: String,
    pub scopes: Vec<ScopeEntry>,
    pub bundles: Vec<BundleEntry>,
}

/// A permission.
#[derive(Debug, Clone)]
pub struct ScopeEntry {
    pub id: String,
    pub label: String,
    pub level: Level,
    /// "owner, admin and member"
    pub roles: String,
}

/// Permissions that go well together.
#[derive(Debug, Clone)]
pub struct BundleEntry {
    pub id: String,
    pub label: String,
    pub note: Option<String>,
    pub scopes: Vec<String>,
}

/// `GET /scopes`
pub async fn catalog(req: PageRequest) -> PageResult {
    let catalog = &req.app.config.catalog;
    let page = CatalogPage {
        shell: req.shell(),
        version: catalog.version().to_owned(),
        scopes: catalog.iter().map(scope).collect(),
        bundles: catalog.bundles().iter().map(bundle).collect(),
    };
    Ok(req.page(StatusCode::OK, &page))
}

fn scope(scope: &Scope) -> ScopeEntry {
    ScopeEntry {
        id: scope.id.clone(),
        label: scope.label.clone(),
        level: scope.level,
        roles: words::list(&scope.roles, "and"),
    }
}

fn bundle(bundle: &Bundle) -> BundleEntry {
    BundleEntry {
        id: bundle.id.clone(),
        label: bundle.label.clone(),
        note: bundle.note.clone(),
        scopes: bundle.scopes.clone(),
    }
}
