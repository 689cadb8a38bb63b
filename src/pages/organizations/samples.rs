//! Samples of the pages about a user's organizations.

use crate::pages::organizations::list::{OrganizationsPage, Row};
use crate::pages::organizations::new::{Checked, NewOrganizationPage};
use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell};
use crate::pages::sessions::list::Pager;
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;

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
        query: String::new(),
        pager: Pager { newer: None, older: Some("/organizations?org=northwind&cursor=x".into()) },
        may_create: true,
    };
    let none = OrganizationsPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Organizations),
        query: foreign("nothing"),
        organizations: Vec::new(),
        pager: Pager::default(),
        may_create: false,
    };
    let new = |name: &str, slug: &str, problems, checked| NewOrganizationPage {
        shell: shell(foreign),
        problems,
        name: foreign(name),
        slug: foreign(slug),
        beginning: "auth.northwind.dev/o/".into(),
        checked,
    };
    let problems = Problems::default()
        .with("name", "Enter a name: one line of at most 100 characters")
        .with("slug", "This short name is taken. Choose another one");
    vec![
        ("organizations", print(&page)),
        ("organizations-none", print(&none)),
        ("new-organization", print(&new("", "", Problems::default(), None))),
        ("new-organization-wrong", print(&new("Acme", "acme", problems, None))),
        ("new-organization-free", print(&new("Acme", "acme", Problems::default(), Some(Checked::Free)))),
        (
            "new-organization-proposed",
            print(&new("Acme", "acme", Problems::default(), Some(Checked::Proposed))),
        ),
    ]
}
