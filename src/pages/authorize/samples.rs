//! Samples of the consent page.

use crate::domain::scope::Level;
use crate::pages::authorize::consent::{
    Check, ChoiceState, ConsentPage, Destination, Device, Lasts, NetworkOrigin, Notice, Organization,
    OrganizationOption, Organizations, Permission, Permissions, Registration, Tool,
};
use crate::pages::samples::{Foreign, LOGIN, Sample, print, shell};
use crate::pages::shared::text;

pub(in crate::pages) fn consent(foreign: Foreign) -> ConsentPage {
    let permission = |label: &str, level| Permission { label: label.into(), level };
    ConsentPage {
        shell: shell(foreign),
        request: "request-handle".into(),
        tool: Tool {
            name: text::name(&foreign("Orbit CLI")),
            registration: Registration::RegisteredBy(text::name(&foreign("Northwind Labs"))),
            command: Some(LOGIN.into()),
        },
        check: Check::Code("7KQ2-XM4T".into()),
        device: Some(Device {
            name: text::device_label(&foreign("maya-mbp")),
            about: text::device_words(&foreign("macOS 15")) + ", Orbit CLI 2.14.0",
        }),
        goes_to: Destination::Loopback { address: "127.0.0.1".into(), port: 53682 },
        origin: Some(NetworkOrigin::SameNetwork {
            address: "203.0.113.24".into(),
            at: "today at 14:32 UTC".into(),
        }),
        notices: Vec::new(),
        permissions: Permissions::new(vec![
            permission("See your name and your organizations", Level::Read),
            permission("See deployments, their logs and settings", Level::Read),
            permission("Create and change deployments", Level::Change),
        ]),
        not_asked: ["delete deployments", "manage members", "create keys"].map(String::from).into(),
        organizations: Organizations::One(organization(foreign, "developer", &[])),
        lasts: Lasts { access: "8 hours".into(), renewed_until: Some("22 December 2026".into()) },
        expires_at: "14:42 UTC".into(),
    }
}

/// Permissions of a tool that requests everything.
pub(in crate::pages) fn many() -> Permissions {
    let things = ["deployments", "domains", "builds", "secrets", "metrics", "members", "invoices", "alerts"];
    let of = |level, verb: &'static str, taken: usize| {
        things.iter().take(taken).map(move |thing| Permission { label: format!("{verb} {thing}"), level })
    };
    let all = of(Level::Read, "See", 8)
        .chain(of(Level::Read, "Search", 8))
        .chain(of(Level::Change, "Create and change", 7))
        .chain(of(Level::Delete, "Delete", 3))
        .chain(of(Level::Administer, "Decide who may see", 2));
    Permissions::new(all.collect())
}

pub(in crate::pages) fn organization(foreign: Foreign, role: &str, left_out: &[&str]) -> Organization {
    Organization {
        id: format!("org_{role}"),
        name: text::name(&foreign("Northwind Labs")),
        role: role.into(),
        left_out: left_out.iter().map(ToString::to_string).collect(),
    }
}

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let plain = consent(foreign);
    let choice = |role, left_out: &[&str], state| OrganizationOption {
        organization: organization(foreign, role, left_out),
        state,
    };
    let several = ConsentPage {
        organizations: Organizations::Several {
            more: false,
            choices: vec![
                choice("developer", &[], ChoiceState::Preselected),
                choice("viewer", &["create and change deployments"], ChoiceState::Open),
                choice("owner", &[], ChoiceState::Closed("Does not allow command-line sign-in")),
            ],
        },
        goes_to: Destination::Website { host: foreign("orbit.dev") },
        ..consent(foreign)
    };
    let careful = ConsentPage {
        tool: Tool { registration: Registration::Unregistered, ..consent(foreign).tool },
        check: Check::Started,
        device: None,
        goes_to: Destination::App { scheme: foreign("com.example.orbit") },
        origin: Some(NetworkOrigin::DifferentNetwork {
            device: "198.51.100.7".into(),
            browser: "203.0.113.24".into(),
            at: "today at 14:32 UTC".into(),
        }),
        notices: vec![Notice::DifferentNetwork, Notice::UnregisteredTool, Notice::FirstTime, Notice::Old],
        permissions: Permissions::new(vec![
            Permission { label: "Delete deployments".into(), level: Level::Delete },
            Permission { label: "Manage members and their roles".into(), level: Level::Administer },
        ]),
        not_asked: vec!["create keys".into()],
        organizations: Organizations::One(organization(foreign, "viewer", &["change deployments"])),
        lasts: Lasts { access: "8 hours".into(), renewed_until: None },
        ..consent(foreign)
    };
    let many = ConsentPage { permissions: many(), ..consent(foreign) };
    let pasted = ConsentPage { goes_to: Destination::Code, origin: None, ..consent(foreign) };
    vec![
        ("consent", print(&plain)),
        ("consent-several", print(&several)),
        ("consent-careful", print(&careful)),
        ("consent-many", print(&many)),
        ("consent-code", print(&pasted)),
    ]
}
