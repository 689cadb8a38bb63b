//! Samples of every page in its states, for tests. Untrusted text passes through `foreign`, so that a test
//! can replace it with hostile text.

use askama::Template;

pub(super) use crate::pages::authorize::samples::consent;
use crate::pages::shared::nav::{Nav, NavItem, OrganizationLink};
pub(super) use crate::pages::shared::refusal_samples::refusals;
use crate::pages::shared::shell::{FootLinks, Person, Shell, Theme};
use crate::pages::shared::styleguide::StyleguidePage;
use crate::pages::shared::text::DisplayTime;
use crate::web::browser::FormTokens;

pub(in crate::pages) const LOGIN: &str = "orbit login";

/// Transforms untrusted text.
pub(in crate::pages) type Foreign<'a> = &'a dyn Fn(&str) -> String;

/// Name and HTML of a sample.
pub(in crate::pages) type Sample = (&'static str, String);

pub(in crate::pages) fn every_page(foreign: Foreign) -> Vec<Sample> {
    let mut pages = Vec::new();
    pages.extend(super::sign_in::samples::pages(foreign));
    pages.extend(super::authorize::samples::pages(foreign));
    pages.extend(super::device::samples::pages(foreign));
    pages.extend(super::authorize::answer_samples::pages(foreign));
    pages.extend(super::shared::refusal_samples::pages(foreign));
    pages.extend(super::sessions::samples::pages(foreign));
    pages.extend(super::settings::samples::pages(foreign));
    pages.extend(super::records::samples::pages(foreign));
    pages.extend(super::keys::samples::pages(foreign));
    pages.extend(super::tokens::samples::pages(foreign));
    pages.extend(super::service_accounts::samples::pages(foreign));
    pages.extend(super::members::samples::pages(foreign));
    pages.extend(super::invitations::samples::pages(foreign));
    pages.extend(super::organizations::samples::pages(foreign));
    pages.extend(super::security::samples::pages(foreign));
    pages.push(("API reference", super::reference::samples::page(foreign)));
    pages.push(("catalog", super::reference::scope_samples::page(foreign)));
    let guide = StyleguidePage::new(shell(foreign), nav(foreign, NavItem::CliSessions));
    pages.push(("styleguide", print(&guide)));
    pages
}

pub(in crate::pages) fn print(page: &impl Template) -> String {
    page.render().unwrap()
}

pub(in crate::pages) fn shell(foreign: Foreign) -> Shell {
    Shell {
        brand: "Keystile".into(),
        host: "auth.northwind.dev".into(),
        base: String::new(),
        person: Some(Person { name: foreign("Maya Okafor"), email: foreign("maya@northwind.dev") }),
        theme: Theme::System,
        tokens: FormTokens::new([7; 32]),
        flash: None,
        links: FootLinks {
            help: Some("https://help.northwind.dev/sign-in".into()),
            support: Some("mailto:help@northwind.dev".into()),
            status: Some("https://status.northwind.dev/".into()),
        },
        here: format!("/here?{}", foreign("state=1")),
    }
}

pub(in crate::pages) fn stranger(foreign: Foreign) -> Shell {
    Shell { person: None, ..shell(foreign) }
}

pub(in crate::pages) fn nav(foreign: Foreign, current: NavItem) -> Nav {
    let link = |name: &str, current| OrganizationLink {
        name: foreign(name),
        href: format!("/cli-sessions?org={}", name.len()),
        current,
    };
    Nav {
        current,
        organization: foreign("Northwind Labs"),
        slug: "northwind".into(),
        organizations: vec![link("Northwind Labs", true), link("Maya’s sandbox", false)],
        active_sessions: 4,
        sees_keys: true,
        administers: true,
        owns: true,
    }
}

pub(in crate::pages) fn moment() -> DisplayTime {
    DisplayTime { iso: "2026-12-22T14:32:00Z".into(), text: "22 Dec 2026, 14:32 UTC".into() }
}
