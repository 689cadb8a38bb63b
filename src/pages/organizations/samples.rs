//! The page of a user's organizations.

use crate::pages::organizations::list::{OrganizationsPage, Row};
use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell};
use crate::pages::sessions::list::Pager;
use crate::pages::shared::nav::NavItem;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let row = |name: &str, slug: &str| Row {
        name: foreign(name),
        slug: slug.into(),
        role: "member".into(),
        joined_at: moment(),
    };
    let page = OrganizationsPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Organizations),
        organizations: vec![row("Northwind Labs", "northwind-labs"), row("Maya’s sandbox", "sandbox")],
        pager: Pager { newer: None, older: Some("/organizations?org=northwind&cursor=x".into()) },
    };
    vec![("organizations", print(&page))]
}
