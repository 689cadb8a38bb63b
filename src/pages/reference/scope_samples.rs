//! Sample of the scope catalog.

use crate::domain::scope::Level;
use crate::pages::reference::scopes::{BundleEntry, CatalogPage, ScopeEntry};
use crate::pages::samples::{Foreign, print, shell};

pub(in crate::pages) fn page(foreign: Foreign) -> String {
    print(&CatalogPage {
        shell: shell(foreign),
        version: "v1".into(),
        scopes: vec![
            ScopeEntry {
                id: "deployments:read".into(),
                label: "See deployments, their logs and settings".into(),
                level: Level::Read,
                roles: "owner, admin and viewer".into(),
            },
            ScopeEntry {
                id: "nobody".into(),
                label: "Held by nobody".into(),
                level: Level::Administer,
                roles: String::new(),
            },
        ],
        bundles: vec![
            BundleEntry {
                id: "read-only".into(),
                label: "Read only".into(),
                note: None,
                scopes: vec!["deployments:read".into()],
            },
            BundleEntry {
                id: "legacy".into(),
                label: "Legacy compatibility".into(),
                note: Some("not recommended for new integrations".into()),
                scopes: vec!["deployments:read".into(), "nobody".into()],
            },
        ],
    })
}
