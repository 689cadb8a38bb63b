//! Samples of audit log, uses and usage.

use crate::domain::audit::{Action, Outcome};
use crate::domain::usage::UseOutcome;
use crate::pages::records::audit::{AuditPage, EventFilter, EventRow};
use crate::pages::records::audit_words;
use crate::pages::records::usage::{CredentialUsage, Day, Period, UsagePage};
use crate::pages::records::uses::{UseFilter, UseRow, UsesPage};
use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell};
use crate::pages::sessions::list::Pager;
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::words::Sentence;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let events = vec![event(foreign, false, Some("203.0.113.24")), event(foreign, true, None)];
    let uses = vec![used(foreign, UseOutcome::Allowed), used(foreign, UseOutcome::Denied)];
    vec![
        ("audit-log", print(&audit_log(foreign, events))),
        ("audit-log-none-match", print(&audit_log(foreign, Vec::new()))),
        ("uses", print(&uses_page(foreign, uses))),
        ("uses-switched-off", print(&uses_page(foreign, Vec::new()))),
        ("usage", print(&usage(foreign, 3))),
        ("usage-none-yet", print(&usage(foreign, 0))),
    ]
}

fn audit_log(foreign: Foreign, rows: Vec<EventRow>) -> AuditPage {
    let choice = |action: &Action| (action.as_str(), audit_words::label(*action), false);
    AuditPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::AuditLog),
        filter: EventFilter {
            actor: foreign("maya"),
            actions: Action::ALL.iter().map(choice).collect(),
            outcome: Some(Outcome::Refused),
            credential: foreign("ses_1"),
            since: "2026-12-01".into(),
            until: String::new(),
        },
        continued: rows.is_empty(),
        rows,
        pager: Pager { newer: None, older: Some("/o/northwind/audit?cursor=x".into()) },
        export: "/o/northwind/audit/export?".into(),
    }
}

fn event(foreign: Foreign, refused: bool, address: Option<&str>) -> EventRow {
    EventRow {
        at: moment(),
        words: Sentence::default()
            .name(foreign("Maya Okafor"))
            .text(" renamed the session ")
            .name(foreign("maya-mbp")),
        refused,
        of_member: refused,
        address: address.map(foreign),
        facts: vec![("Event", "42 (evt_1)".into()), ("Tool", foreign("orbit/2.14.0"))],
        details: vec![("after".into(), foreign("work laptop"))],
    }
}

fn uses_page(foreign: Foreign, rows: Vec<UseRow>) -> UsesPage {
    UsesPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::AuditLog),
        filter: UseFilter {
            credential: foreign("ses_1"),
            outcome: Some(UseOutcome::Denied),
            ..UseFilter::default()
        },
        pager: Pager { newer: None, older: Some("/o/northwind/audit/uses?cursor=x".into()) },
        continued: true,
        kept: (!rows.is_empty()).then(|| "90 days".into()),
        rows,
    }
}

fn used(foreign: Foreign, outcome: UseOutcome) -> UseRow {
    UseRow {
        at: moment(),
        credential: foreign("build-07"),
        credential_id: "ses_1".into(),
        owner: foreign("Maya Okafor"),
        endpoint: foreign("GET /api/v1/sessions"),
        outcome,
        status: 200,
        address: Some("203.0.113.24".into()),
    }
}

fn usage(foreign: Foreign, credentials: i64) -> UsagePage {
    let day = |n: i64| Day {
        iso: format!("2026-12-{n:02}"),
        text: format!("{n} Dec 2026"),
        allowed: (n * 37 % 11) * 1_042 * credentials,
        denied: (n * 13 % 7) * credentials,
    };
    let credential = |n: i64| CredentialUsage {
        id: format!("ses_{n}"),
        name: foreign("build-07"),
        allowed: n * 4_321,
        denied: n,
        last: Some("22 Dec 2026".into()),
    };
    UsagePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Usage),
        period: Period::Week,
        days: (1..=7).map(day).collect(),
        credentials: (0..credentials).map(credential).collect(),
        others: credentials,
        logged: credentials > 0,
    }
}
