//! Samples of the member pages.

use crate::pages::credentials::choices::TickState;
use crate::pages::members::leave::LeavePage;
use crate::pages::members::list::{Details, Filter, MembersPage, Row, Subject};
use crate::pages::members::remove::{CredentialGroup, Receiver, RemovePage};
use crate::pages::members::role::{RoleOption, RolePage};
use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let mut pages = lists(foreign);
    pages.extend(role(foreign));
    pages.extend(remove(foreign));
    for (name, credentials) in [("leave", "2 sessions, 1 key"), ("leave-with-nothing", "")] {
        let page = LeavePage {
            shell: shell(foreign),
            nav: nav(foreign, NavItem::Members),
            credentials: credentials.into(),
        };
        pages.push((name, print(&page)));
    }
    pages
}

fn lists(foreign: Foreign) -> Vec<Sample> {
    let details = |disabled, credentials: &str| Details {
        email: foreign("camille.dubois@northwind.dev"),
        joined_at: moment(),
        disabled,
        credentials: credentials.into(),
        may_change: true,
        may_remove: true,
    };
    let row = |name: &str, you, details| Row {
        id: "usr_1".into(),
        name: foreign(name),
        role: "member".into(),
        you,
        details,
    };
    let list = |administers, rows: Vec<Row>, query: &str| {
        let mut nav = nav(foreign, NavItem::Members);
        nav.administers = administers;
        let roles = vec!["owner".into(), "admin".into(), "member".into()];
        MembersPage {
            shell: shell(foreign),
            nav,
            total: 214,
            filter: Filter { query: foreign(query), role: Some("member".into()), roles },
            rows,
            continued: true,
            next: Some("/o/northwind/members?cursor=x".into()),
        }
    };
    let managed = vec![
        row("Maya Okafor", true, Some(details(false, "2 sessions, 1 personal token, 1 key"))),
        row("Camille Dubois-Lefèvre", false, Some(details(true, ""))),
    ];
    let plain = vec![row("Maya Okafor", true, None), row("Camille Dubois-Lefèvre", false, None)];
    vec![
        ("members", print(&list(true, managed, ""))),
        ("members-for-members", print(&list(false, plain, ""))),
        ("members-none-match", print(&list(true, Vec::new(), "Zoe"))),
    ]
}

fn subject(foreign: Foreign) -> Subject {
    Subject {
        id: "usr_1".into(),
        name: foreign("Camille Dubois-Lefèvre"),
        email: foreign("camille.dubois@northwind.dev"),
        role: "member".into(),
        joined_at: moment(),
    }
}

fn role(foreign: Foreign) -> Vec<Sample> {
    let option = |id: &str, tick, loses: &[&str], gains| RoleOption {
        id: id.into(),
        description: "Work with everything".into(),
        tick,
        loses: loses.iter().map(|scope| (*scope).to_owned()).collect(),
        gains,
    };
    let page = |problems, credentials: &str| RolePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Members),
        problems,
        member: subject(foreign),
        credentials: credentials.into(),
        roles: vec![
            option("owner", TickState::Closed, &[], 9),
            option("admin", TickState::Off, &[], 4),
            option("member", TickState::On, &[], 0),
            option("viewer", TickState::Off, &["deployments:write", "deployments:delete"], 1),
        ],
    };
    let wrong = Problems::default().with("role", "Choose one of these roles");
    vec![
        ("member-role", print(&page(Problems::default(), "2 sessions, 1 key"))),
        ("member-role-wrong", print(&page(wrong, ""))),
    ]
}

fn remove(foreign: Foreign) -> Vec<Sample> {
    let group = |total, names: &[&str]| CredentialGroup {
        total,
        named: names.iter().map(|name| (foreign(name), "used 6 hours ago".to_owned())).collect(),
    };
    let page = |problems: Problems, keys, accounts| RemovePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Members),
        moving: !problems.is_empty(),
        problems,
        member: subject(foreign),
        sessions: group(9, &["camille-mbp", "build-07"]),
        personal_tokens: group(1, &["local-scripts"]),
        keys,
        accounts,
    };
    let account =
        |chosen| Receiver { id: "sa_1".into(), name: foreign("deploy-bot"), role: "member".into(), chosen };
    let keys = || group(3, &["nightly-report", "billing-sync"]);
    let words = "That service account is disabled or gone. Choose another, or end the keys";
    let wrong = Problems::default().with("keys", words);
    vec![
        ("member-remove", print(&page(Problems::default(), keys(), vec![account(false), account(true)]))),
        ("member-remove-wrong", print(&page(wrong, keys(), vec![account(false)]))),
        ("member-remove-without-keys", print(&page(Problems::default(), group(0, &[]), Vec::new()))),
    ]
}
