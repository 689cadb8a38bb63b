//! `/scopes`: what may be allowed here, for everybody to read.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::visit::visit;
use crate::domain::scope::{Bundle, Scope};
use crate::pages::scopes::{BundleEntry, CatalogPage, ScopeEntry};
use crate::pages::words;
use crate::web::app::App;

/// `GET /scopes`
pub async fn catalog(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let catalog = &visit.app.config.catalog;
        let page = CatalogPage {
            shell: visit.shell(),
            version: catalog.version().to_owned(),
            scopes: catalog.iter().map(scope).collect(),
            bundles: catalog.bundles().iter().map(bundle).collect(),
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
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
