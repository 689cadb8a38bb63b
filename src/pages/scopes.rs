//! `/scopes`: the catalog of permissions, with an anchor for each.

use askama::Template;

use super::shell::{Shell, Theme};
use crate::domain::scope::Level;

#[derive(Template)]
#[template(path = "catalog.html")]
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
