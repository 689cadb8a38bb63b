//! Samples of the settings and their confirmation pages.

use crate::domain::key_policy::TokenCreators;
use crate::domain::policy::DeviceFlow;
use crate::domain::secret::Secret;
use crate::pages::credentials::choices::TickState;
use crate::pages::samples::{Foreign, LOGIN, Sample, moment, nav, print, shell};
use crate::pages::service_accounts::new::RoleChoice;
use crate::pages::sessions::list::Pager;
use crate::pages::settings::api_access::{ApiAccessPage, Change, Keys, LifetimeChoice, SessionRow, Switch};
use crate::pages::settings::delete::DeletePage;
use crate::pages::settings::general::{GeneralPage, JoinLinks};
use crate::pages::settings::join_links::{JoinLinkPage, NewJoinLinkPage};
use crate::pages::shared::affected_credentials::AffectedCredentials;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::text::{self, DisplayTime};
use crate::services::organization_deletion::Ending;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let mut pages = access_pages(foreign);
    pages.extend(owner_pages(foreign));
    pages.extend(sign_out_pages(foreign));
    pages.extend(switch_pages(foreign));
    pages
}

fn concerned(sessions: i64, personal_tokens: i64, people: i64) -> AffectedCredentials {
    AffectedCredentials { sessions, personal_tokens, people }
}

fn session_row(foreign: Foreign, device: &str, last_used: Option<DisplayTime>) -> SessionRow {
    SessionRow {
        id: "ses_1".into(),
        person: text::name(&foreign("Ada Byron")),
        device: text::device_label(&foreign(device)),
        tool: text::name(&foreign("Orbit CLI")),
        claimed: last_used.as_ref().map(|_| text::device_words(&foreign("orbit 2.14.0"))),
        last_used,
    }
}

/// The switch for API keys and the limits.
fn limits(on: bool) -> Keys {
    let choice = |value: &str, words: &str, chosen| LifetimeChoice {
        value: value.into(),
        words: words.into(),
        chosen,
    };
    let choices = || vec![choice("0", "No limit", true), choice("7776000", "90 days", false)];
    Keys {
        on,
        active: 3,
        unrestricted: !on,
        key_lifetimes: choices(),
        token_creators: TokenCreators::Members,
        token_lifetimes: choices(),
    }
}

fn access_pages(foreign: Foreign) -> Vec<Sample> {
    let api_access = |personal_tokens| ApiAccessPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiAccess),
        personal_tokens,
        concerned: concerned(14, 3, 9),
        last_change: Some(Change { by: foreign("Ada Byron"), at: moment() }),
        device_flow: DeviceFlow::SameNetwork,
        copy_code: false,
        keys: limits(personal_tokens == Switch::On),
        rows: vec![
            session_row(foreign, "build-07", Some(moment())),
            session_row(foreign, "DESKTOP-9K2L", None),
        ],
        pager: Pager { newer: None, older: Some("/o/northwind/settings/api-access?page=2".into()) },
    };
    vec![
        ("api-access-on", print(&api_access(Switch::On))),
        ("api-access-off", print(&api_access(Switch::Off))),
    ]
}

fn sign_out_pages(foreign: Foreign) -> Vec<Sample> {
    let confirm =
        |question| ConfirmPage { shell: shell(foreign), nav: nav(foreign, NavItem::CliSessions), question };
    let slug = || "northwind".to_owned();
    let organization = || foreign("Northwind Labs");
    let login_command = || LOGIN.to_owned();
    vec![
        (
            "confirm-sign-out",
            print(&confirm(Question::SignOut {
                id: "ses_1".into(),
                name: foreign("maya-mbp"),
                tool: foreign("Orbit CLI"),
                login_command: login_command(),
            })),
        ),
        (
            "confirm-sign-out-everywhere",
            print(&confirm(Question::SignOutEverywhere {
                slug: slug(),
                organization: Some(organization()),
                sessions: 4,
                login_command: login_command(),
            })),
        ),
        (
            "confirm-sign-out-other",
            print(&confirm(Question::SignOutOther {
                id: "ses_1".into(),
                name: foreign("maya-mbp"),
                tool: foreign("Orbit CLI"),
                person: foreign("Maya Okafor"),
                slug: slug(),
            })),
        ),
        (
            "confirm-revoke-all",
            print(&confirm(Question::RevokeAll {
                slug: slug(),
                organization: organization(),
                concerned: concerned(14, 3, 9),
                login_command: login_command(),
            })),
        ),
        (
            "confirm-off",
            print(&confirm(Question::PersonalTokensOff {
                slug: slug(),
                organization: organization(),
                concerned: concerned(14, 3, 9),
            })),
        ),
        (
            "confirm-on",
            print(&confirm(Question::PersonalTokensOn {
                slug: slug(),
                organization: organization(),
                concerned: concerned(0, 0, 0),
            })),
        ),
    ]
}

fn switch_pages(foreign: Foreign) -> Vec<Sample> {
    let confirm =
        |question| ConfirmPage { shell: shell(foreign), nav: nav(foreign, NavItem::ApiAccess), question };
    let (slug, organization) = (|| "northwind".to_owned(), || foreign("Northwind Labs"));
    let off = Question::ApiKeysOff { slug: slug(), organization: organization(), keys: 3 };
    let on = Question::ApiKeysOn { slug: slug(), organization: organization(), keys: 0 };
    vec![("confirm-keys-off", print(&confirm(off))), ("confirm-keys-on", print(&confirm(on)))]
}

fn owner_pages(foreign: Foreign) -> Vec<Sample> {
    let general = |join_links, problems| GeneralPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::General),
        problems,
        name: foreign("Northwind Labs"),
        slug: "northwind".into(),
        beginning: "auth.northwind.dev/o/".into(),
        join_links,
    };
    let delete = |problems| DeletePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::General),
        problems,
        ending: Ending { members: 12, sessions: 34, personal_tokens: 5, keys: 1234, service_accounts: 3 },
    };
    let role = |id: &str, tick| RoleChoice { id: id.into(), description: "See everything".into(), tick };
    let new_link = |problems| NewJoinLinkPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::General),
        problems,
        roles: vec![role("member", TickState::Off), role("viewer", TickState::On)],
        days: foreign("7"),
        uses: foreign("10"),
        domains: foreign("northwind.dev"),
    };
    let link = |uses, domains: &str| JoinLinkPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::General),
        link: Secret::new("https://auth.northwind.dev/join/0123456789abcdef"),
        role: "viewer".into(),
        uses,
        until: moment(),
        domains: domains.into(),
    };
    let taken = Problems::default().with("slug", "This short name is taken. Choose another one");
    let other = Problems::default().with("confirmation", "Enter northwind to delete this organization");
    let wrong = Problems::default()
        .with("role", "A join link gives the role member or viewer")
        .with("days", "A join link works for 1 to 30 days")
        .with("uses", "A join link works for 1 to 100 people")
        .with("domains", "Enter at most 10 domains like example.com, separated by spaces");
    vec![
        ("general", print(&general(JoinLinks::Impossible, Problems::default()))),
        ("general-links-off", print(&general(JoinLinks::Off, Problems::default()))),
        ("general-links-on", print(&general(JoinLinks::On(2), Problems::default()))),
        ("general-wrong", print(&general(JoinLinks::On(0), taken))),
        ("delete-organization", print(&delete(Problems::default()))),
        ("delete-organization-wrong", print(&delete(other))),
        ("new-join-link", print(&new_link(Problems::default()))),
        ("new-join-link-wrong", print(&new_link(wrong))),
        ("join-link-shown", print(&link(10, ""))),
        ("join-link-shown-domains", print(&link(1, "northwind.dev"))),
    ]
}
