//! Every page in its states, for the tests. Each text that comes from outside passes through `foreign`, so that a test
//! can put something hostile in its place.

mod answers;
mod catalog;
mod consent;
mod credentials;
mod device;
mod keys;
mod logs;
mod reference;
mod refusals;
mod service_accounts;
mod sessions;
mod settings;
mod sign_in;
mod tokens;

use askama::Template;

use super::nav::{Nav, OrganizationLink, Place};
use super::shell::{FootLinks, Person, Shell, Theme};
use super::styleguide::StyleguidePage;
use super::text::Moment;
use crate::web::browser::FormTokens;

pub(super) use consent::consent;
pub(super) use refusals::refusals;

pub(super) const LOGIN: &str = "orbit login";

/// A text from outside, as the person or the tool wrote it.
pub(super) type Foreign<'a> = &'a dyn Fn(&str) -> String;

/// The name of a state and its page.
pub(super) type Sample = (&'static str, String);

pub(super) fn every_page(foreign: Foreign) -> Vec<Sample> {
    let mut pages = Vec::new();
    pages.extend(sign_in::pages(foreign));
    pages.extend(consent::pages(foreign));
    pages.extend(device::pages(foreign));
    pages.extend(answers::pages(foreign));
    pages.extend(refusals::pages(foreign));
    pages.extend(sessions::pages(foreign));
    pages.extend(settings::pages(foreign));
    pages.extend(logs::pages(foreign));
    pages.extend(keys::pages(foreign));
    pages.extend(tokens::pages(foreign));
    pages.extend(service_accounts::pages(foreign));
    pages.push(("API reference", reference::page(foreign)));
    pages.push(("catalog", catalog::page(foreign)));
    let guide = StyleguidePage::new(shell(foreign), nav(foreign, Place::CliSessions));
    pages.push(("styleguide", print(&guide)));
    pages
}

fn print(page: &impl Template) -> String {
    page.render().unwrap()
}

pub(super) fn shell(foreign: Foreign) -> Shell {
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

fn stranger(foreign: Foreign) -> Shell {
    Shell { person: None, ..shell(foreign) }
}

fn nav(foreign: Foreign, current: Place) -> Nav {
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
    }
}

fn moment() -> Moment {
    Moment { iso: "2026-12-22T14:32:00Z".into(), text: "22 Dec 2026, 14:32 UTC".into() }
}
