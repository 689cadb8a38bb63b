//! Samples of the session pages.

use crate::domain::scope::Level;
use crate::pages::samples::{Foreign, LOGIN, Sample, moment, nav, print, shell};
use crate::pages::sessions::list::{
    Card, CardPermission, DeviceKind, End, Filter, LastUse, Listing, Pager, SessionStats, SessionsPage,
    StateFilter, Usage,
};
use crate::pages::sessions::session::RenamePage;
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::shell::Shell;
use crate::pages::shared::text::{self, DisplayTime};

fn card(foreign: Foreign, device: &str, kind: DeviceKind, usage: Usage) -> Card {
    let permission = |words: &str, level| CardPermission { words: words.into(), level };
    Card {
        id: format!("ses_{}", device.len()),
        name: foreign(device),
        tool: text::name(&foreign("Orbit CLI")),
        claimed: (device != "staging").then(|| text::device_words(&foreign("orbit 2.14.0, macOS 15"))),
        kind,
        usage,
        last_used: Some(LastUse {
            address: "203.0.113.24".into(),
            at: moment(),
            same_network: Some(device == "maya-mbp"),
        }),
        asked_from: "198.51.100.90".into(),
        end: End::Ahead {
            at: DisplayTime { iso: "2026-12-22".into(), text: "22 Dec 2026".into() },
            idle: "90 days".into(),
        },
        renewals: 1_023,
        permissions: vec![
            permission("Read deployments", Level::Read),
            permission("Change deployments", Level::Change),
            permission("Delete deployments", Level::Delete),
        ],
        history: "Signed in on 22 November 2026 at 14:33 UTC, in a browser.".into(),
    }
}

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let page = |listing, active| SessionsPage {
        shell: Shell { flash: (active == 1).then(|| "Session signed out.".into()), ..shell(foreign) },
        nav: nav(foreign, NavItem::CliSessions),
        numbers: SessionStats {
            active,
            used_in_14_days: 3,
            never_used: 1_204,
            next_end: (active > 0).then(|| ("In 2 days".into(), foreign("ci-runner"))),
        },
        filter: Filter { query: foreign("maya"), state: StateFilter::All },
        listing,
        pager: Pager { newer: None, older: Some("/cli-sessions?before=x".into()) },
        login_command: LOGIN.into(),
    };
    let never = Card { last_used: None, ..card(foreign, "DESKTOP-9K2L", DeviceKind::Unknown, Usage::Never) };
    let ended = Card {
        end: End::Past { at: moment() },
        ..card(foreign, "old-laptop", DeviceKind::Laptop, Usage::SignedOut)
    };
    let expired = Card {
        end: End::Past { at: moment() },
        ..card(foreign, "older", DeviceKind::Laptop, Usage::Expired)
    };
    let cards = vec![
        card(foreign, "maya-mbp", DeviceKind::Laptop, Usage::Lately("Used 4 minutes ago".into())),
        card(foreign, "build-07", DeviceKind::Server, Usage::Before("Used yesterday".into())),
        card(foreign, "ci-runner", DeviceKind::Server, Usage::EndsSoon("Ends in 2 days".into())),
        card(foreign, "staging", DeviceKind::Server, Usage::Suspended),
        Card { last_used: None, ..card(foreign, "new-laptop", DeviceKind::Laptop, Usage::NotYet) },
        never,
        ended,
        expired,
    ];
    let rename = RenamePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::CliSessions),
        problems: Problems::default().with("name", "Enter a name"),
        id: "ses_1".into(),
        current: foreign("maya-mbp"),
        name: foreign("work laptop"),
    };
    let none_match = SessionsPage { pager: Pager::default(), ..page(Listing::NoneMatch, 1) };
    vec![
        ("sessions", print(&page(Listing::Cards(cards), 4))),
        ("sessions-search-goes-on", print(&page(Listing::NoneMatch, 1))),
        ("sessions-none-match", print(&none_match)),
        ("sessions-none-yet", print(&page(Listing::NoneYet, 0))),
        ("rename", print(&rename)),
    ]
}
