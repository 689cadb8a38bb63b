//! Every page in its states, for the tests. Each text that comes from outside passes through `foreign`, so that a test
//! can put something hostile in its place.

mod credentials;
mod logs;

use askama::Template;
use serde_json::json;

use super::api_access::{ApiAccessPage, Change, Row, Switch};
use super::api_reference::{self, ApiReferencePage};
use super::confirm::{ConfirmPage, Question};
use super::consent::{
    Check, Choice, ChoiceState, ConsentPage, Destination, Device, Lasts, Notice, Organization, Organizations,
    Origin, Permission, Standing, Tool,
};
use super::device::{self, DeviceAnswer, DeviceConfirmPage, DeviceEntryPage, DeviceResultPage};
use super::done::{DonePage, NewSession};
use super::help::HelpPage;
use super::nav::{Nav, OrganizationLink, Place};
use super::paste::PastePage;
use super::problems::Problems;
use super::reauthenticate::{self, ReauthenticatePage};
use super::refusal::{Refusal, RefusalPage, TurnsOn, WayOut};
use super::sessions::{
    Card, CardPermission, DeviceKind, End, Filter, LastUse, Listing, Numbers, Pager, RenamePage,
    SessionsPage, StateFilter, Usage,
};
use super::setup::{self, SetupDonePage, SetupPage};
use super::shell::{Person, Shell, Theme};
use super::sign_in::{self, SignInPage};
use super::styleguide::StyleguidePage;
use super::text::{self, Moment};
use super::way_back::{self, Answer, WayBackPage};
use crate::domain::policy::{Barrier, DeviceFlow};
use crate::domain::scope::Level;
use crate::domain::secret::Secret;
use crate::web::browser::FormTokens;

pub(super) const LOGIN: &str = "orbit login";

/// A text from outside, as the person or the tool wrote it.
pub(super) type Foreign<'a> = &'a dyn Fn(&str) -> String;

/// The name of a state and its page.
pub(super) type Sample = (&'static str, String);

pub(super) fn every_page(foreign: Foreign) -> Vec<Sample> {
    let mut pages = Vec::new();
    pages.extend(sign_in_pages(foreign));
    pages.extend(consent_pages(foreign));
    pages.extend(device_pages(foreign));
    pages.extend(answer_pages(foreign));
    pages.extend(refusal_pages(foreign));
    pages.extend(session_pages(foreign));
    pages.extend(settings_pages(foreign));
    pages.extend(logs::pages(foreign));
    pages.push(("API reference", reference_page(foreign)));
    pages.extend(credentials::pages(foreign));
    pages
}

fn reference_page(foreign: Foreign) -> String {
    let error = json!({ "$ref": "#/components/responses/NotFound" });
    let key = json!({ "type": "object", "required": ["id"], "properties": {
        "id": { "type": "string", "description": "As in `key_1`." },
        "name": { "type": ["string", "null"] },
    } });
    let document = json!({
        "info": { "description": "Send `X-API-Key`." },
        "tags": [{ "name": "API keys", "description": "Keys." }],
        "paths": { "/api/v1/keys/{id}": { "post": {
            "operationId": "changeKey",
            "summary": "Change a key",
            "description": "It is the same key.",
            "tags": ["API keys"],
            "security": [{ "bearer": ["keys:manage"] }],
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
            "requestBody": { "content": { "application/json": { "schema": key } } },
            "responses": {
                "200": { "description": "The key.", "content": { "application/json": { "schema": key } } },
                "404": error,
            },
        } } },
        "components": { "responses": { "NotFound": { "description": "- `not_found`: Check the id." } } },
    });
    print(&ApiReferencePage { shell: shell(foreign), reference: api_reference::read(&document) })
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

fn sign_in_pages(foreign: Foreign) -> Vec<Sample> {
    let sign_in = |problems, notice| SignInPage {
        shell: stranger(foreign),
        problems,
        email: foreign("maya@northwind.dev"),
        continue_to: Some(foreign("Orbit CLI")),
        request: Some(foreign("request-handle")),
        notice,
    };
    let set_up = |problems| SetupPage {
        shell: stranger(foreign),
        problems,
        code: foreign("4F7K-99QX"),
        name: foreign("Maya Okafor"),
        email: foreign("maya@northwind.dev"),
        organization: foreign("Northwind Labs"),
        password_hint: setup::password_hint(15),
    };
    let again = |problems| ReauthenticatePage {
        shell: shell(foreign),
        problems,
        email: foreign("maya@northwind.dev"),
        reason: reauthenticate::reason(&foreign("Orbit CLI"), "change deployments"),
        request: Some("request-handle".into()),
    };
    let done = SetupDonePage {
        shell: shell(foreign),
        organization: foreign("Northwind Labs"),
        login_command: LOGIN.into(),
    };
    vec![
        ("sign-in", print(&sign_in(Problems::default(), None))),
        ("sign-in-ended", print(&sign_in(Problems::default(), Some(sign_in::Notice::SessionEnded)))),
        ("sign-in-wrong", print(&sign_in(sign_in::wrong_pair(), None))),
        ("sign-in-throttled", print(&sign_in(sign_in::too_many_tries(40), None))),
        ("sign-in-again", print(&again(Problems::default()))),
        ("sign-in-again-wrong", print(&again(reauthenticate::wrong_password()))),
        ("setup", print(&set_up(Problems::default()))),
        ("setup-wrong", print(&set_up(setup::wrong_code().with("password", "Use at least 15 characters")))),
        ("setup-done", print(&done)),
        ("help", print(&HelpPage { shell: stranger(foreign), login_command: LOGIN.into() })),
    ]
}

pub(super) fn consent(foreign: Foreign) -> ConsentPage {
    let permission = |label: &str, level| Permission { label: label.into(), level };
    ConsentPage {
        shell: shell(foreign),
        request: "request-handle".into(),
        tool: Tool {
            name: text::name(&foreign("Orbit CLI")),
            standing: Standing::RegisteredBy(text::name(&foreign("Northwind Labs"))),
            command: LOGIN.into(),
        },
        check: Check::Code("7KQ2-XM4T".into()),
        device: Some(Device {
            name: text::device_label(&foreign("maya-mbp")),
            about: text::device_words(&foreign("macOS 15")) + ", Orbit CLI 2.14.0",
        }),
        goes_to: Destination::Loopback { address: "127.0.0.1".into(), port: 53682 },
        origin: Some(Origin::SameNetwork { address: "203.0.113.24".into(), at: "today at 14:32 UTC".into() }),
        notices: Vec::new(),
        permissions: vec![
            permission("See your name and your organizations", Level::Read),
            permission("See deployments, their logs and settings", Level::Read),
            permission("Create and change deployments", Level::Change),
        ],
        not_asked: ["delete deployments", "manage members", "create keys"].map(String::from).into(),
        organizations: Organizations::One(organization(foreign, "developer", &[])),
        lasts: Lasts { access: "8 hours".into(), renewed_until: Some("22 December 2026".into()) },
        expires_at: "14:42 UTC".into(),
    }
}

fn organization(foreign: Foreign, role: &str, left_out: &[&str]) -> Organization {
    Organization {
        id: format!("org_{role}"),
        name: text::name(&foreign("Northwind Labs")),
        role: role.into(),
        left_out: left_out.iter().map(ToString::to_string).collect(),
    }
}

fn consent_pages(foreign: Foreign) -> Vec<Sample> {
    let plain = consent(foreign);
    let choice = |role, left_out: &[&str], state| Choice {
        organization: organization(foreign, role, left_out),
        state,
    };
    let several = ConsentPage {
        organizations: Organizations::Several(vec![
            choice("developer", &[], ChoiceState::Preselected),
            choice("viewer", &["create and change deployments"], ChoiceState::Open),
            choice("owner", &[], ChoiceState::Closed("Does not allow command-line sign-in")),
        ]),
        goes_to: Destination::Website { host: foreign("orbit.dev") },
        ..consent(foreign)
    };
    let careful = ConsentPage {
        tool: Tool { standing: Standing::Unregistered, ..consent(foreign).tool },
        check: Check::Started,
        device: None,
        goes_to: Destination::App { scheme: foreign("com.example.orbit") },
        origin: Some(Origin::DifferentNetwork {
            device: "198.51.100.7".into(),
            browser: "203.0.113.24".into(),
            at: "today at 14:32 UTC".into(),
        }),
        notices: vec![Notice::DifferentNetwork, Notice::UnregisteredTool, Notice::FirstTime, Notice::Old],
        permissions: vec![
            Permission { label: "Delete deployments".into(), level: Level::Delete },
            Permission { label: "Manage members and their roles".into(), level: Level::Administer },
        ],
        not_asked: vec!["create keys".into()],
        organizations: Organizations::One(organization(foreign, "viewer", &["change deployments"])),
        lasts: Lasts { access: "8 hours".into(), renewed_until: None },
        ..consent(foreign)
    };
    let pasted = ConsentPage { goes_to: Destination::Code, origin: None, ..consent(foreign) };
    vec![
        ("consent", print(&plain)),
        ("consent-several", print(&several)),
        ("consent-careful", print(&careful)),
        ("consent-code", print(&pasted)),
    ]
}

pub(super) fn device_confirm(foreign: Foreign) -> DeviceConfirmPage {
    let consent = consent(foreign);
    DeviceConfirmPage {
        shell: consent.shell,
        request: "dev_handle".into(),
        tool: consent.tool.name,
        code: "WDJB-MJHT".into(),
        device: Some(Device {
            name: text::device_label(&foreign("build-07")),
            about: text::device_words(&foreign("Linux")) + ", Orbit CLI 2.14.0",
        }),
        origin: Some(Origin::DifferentNetwork {
            device: "198.51.100.7".into(),
            browser: "203.0.113.24".into(),
            at: "today at 14:36 UTC".into(),
        }),
        asked_at: "today at 14:36 UTC".into(),
        ago: "2 minutes ago".into(),
        expires_at: "14:46 UTC".into(),
        notices: vec![Notice::DifferentNetwork],
        permissions: consent.permissions,
        not_asked: consent.not_asked,
        organizations: consent.organizations,
        lasts: consent.lasts,
    }
}

fn device_pages(foreign: Foreign) -> Vec<Sample> {
    let entry =
        |code: &str, problems| DeviceEntryPage { shell: shell(foreign), problems, code: foreign(code) };
    let result = |answer| DeviceResultPage { shell: shell(foreign), answer };
    let several = vec![
        Choice { organization: organization(foreign, "developer", &[]), state: ChoiceState::Preselected },
        Choice {
            organization: organization(foreign, "owner", &[]),
            state: ChoiceState::Closed("Does not allow device codes"),
        },
    ];
    let careful = DeviceConfirmPage {
        device: None,
        origin: None,
        notices: vec![Notice::FirstTime, Notice::Old, Notice::Changes],
        organizations: Organizations::Several(several),
        ..device_confirm(foreign)
    };
    let connected = DeviceAnswer::Connected {
        tool: text::name(&foreign("Orbit CLI")),
        device: Some(text::device_label(&foreign("build-07"))),
        organization: foreign("Northwind Labs"),
    };
    let paste = PastePage {
        shell: shell(foreign),
        request: "request-handle".into(),
        tool: foreign("Orbit CLI"),
        device: Some(text::device_label(&foreign("build-07"))),
        code: Secret::new("x".repeat(43) + "#af0ifjsldkj"),
        until: "14:41:30 UTC".into(),
    };
    vec![
        ("device-entry", print(&entry("", Problems::default()))),
        ("device-entry-wrong", print(&entry("WDJB-MJHT", device::unknown_code()))),
        ("device-entry-throttled", print(&entry("WDJB-MJHT", device::too_many_codes(90)))),
        ("device-confirm", print(&device_confirm(foreign))),
        ("device-confirm-careful", print(&careful)),
        ("device-connected", print(&result(connected))),
        ("device-ended", print(&result(DeviceAnswer::Ended))),
        ("paste", print(&paste)),
    ]
}

fn answer_pages(foreign: Foreign) -> Vec<Sample> {
    let way_back = |answer, destination| WayBackPage {
        shell: shell(foreign),
        target: format!("http://127.0.0.1:53682/callback?code=c&state={}", foreign("s")),
        answer,
        destination,
    };
    let authorized =
        Answer::Authorized { tool: foreign("Orbit CLI"), organization: foreign("Northwind Labs") };
    let off = Answer::PersonalTokensOff { organization: foreign("Northwind Labs") };
    let done = |session| DonePage { shell: shell(foreign), tool: Some(foreign("Orbit CLI")), session };
    let session = NewSession {
        tool: foreign("Orbit CLI"),
        device: text::device_label(&foreign("maya-mbp")),
        organization: foreign("Northwind Labs"),
        email: foreign("maya@northwind.dev"),
        until: "22 Dec 2026".into(),
    };
    vec![
        ("return", print(&way_back(authorized.clone(), way_back::Destination::Terminal))),
        (
            "return-website",
            print(&way_back(authorized, way_back::Destination::Website(foreign("orbit.dev")))),
        ),
        ("return-denied", print(&way_back(Answer::Denied, way_back::Destination::Terminal))),
        ("return-off", print(&way_back(off, way_back::Destination::App(foreign("Orbit CLI"))))),
        (
            "return-refused",
            print(&way_back(
                Answer::Refused { what: "The tool asked for something this server does not offer." },
                way_back::Destination::Terminal,
            )),
        ),
        ("done", print(&done(Some(session)))),
        ("done-unknown", print(&done(None))),
    ]
}

/// One of each, in the order of the enum.
pub(super) fn refusals(foreign: Foreign) -> Vec<(&'static str, Refusal)> {
    let command = || LOGIN.to_owned();
    let organization = || foreign("Northwind Labs");
    let way_out = || WayOut {
        tell_the_tool: Some(format!("http://127.0.0.1:53682/callback?state={}", foreign("s"))),
        other_organization: Some("/oauth/authorize?request=r".into()),
    };
    vec![
        ("request-ended", Refusal::RequestEnded { open_for: "10 minutes".into(), command: command() }),
        (
            "already-answered",
            Refusal::AlreadyAnswered {
                send_again: Some("/authorize/return?request=r".into()),
                command: command(),
            },
        ),
        ("already-answered-used", Refusal::AlreadyAnswered { send_again: None, command: command() }),
        ("unknown-client", Refusal::UnknownClient { client_id: foreign("orbit-cli-2") }),
        ("outdated-tool", Refusal::OutdatedTool { command: command() }),
        (
            "redirect-not-registered",
            Refusal::RedirectNotRegistered {
                tool: foreign("Orbit CLI"),
                asked: foreign("evil.example"),
                registered: vec![foreign("127.0.0.1"), foreign("[::1]")],
            },
        ),
        ("malformed-request", Refusal::MalformedRequest { detail: foreign("response_type is missing") }),
        (
            "role-too-small",
            Refusal::RoleTooSmall {
                organization: organization(),
                role: "viewer".into(),
                needed: vec!["developer".into(), "owner".into()],
                way_out: way_out(),
            },
        ),
        (
            "personal-tokens-off",
            Refusal::PersonalTokensOff {
                organization: organization(),
                who: TurnsOn::Others(vec![foreign("Ada Byron"), foreign("Grace Brewster")]),
                way_out: way_out(),
            },
        ),
        (
            "device-codes-off",
            Refusal::RoadClosed {
                organization: organization(),
                barrier: Barrier::DeviceFlow,
                who: TurnsOn::Others(vec![foreign("Ada Byron")]),
            },
        ),
        (
            "device-elsewhere",
            Refusal::RoadClosed {
                organization: organization(),
                barrier: Barrier::OtherNetwork,
                who: TurnsOn::Others(Vec::new()),
            },
        ),
        (
            "copied-codes-off",
            Refusal::RoadClosed {
                organization: organization(),
                barrier: Barrier::CopyCode,
                who: TurnsOn::You("/o/northwind/settings/api-access".into()),
            },
        ),
        ("copied-code-ended", Refusal::CopiedCodeEnded { command: command() }),
        ("nothing-to-copy", Refusal::NothingToCopy),
        ("no-organization", Refusal::NoOrganization { way_out: WayOut::default() }),
        ("form-too-old", Refusal::FormTooOld { reload: format!("/here?{}", foreign("q")) }),
        ("cookies-off", Refusal::CookiesOff),
        ("unknown-code", Refusal::UnknownCode { command: command() }),
        ("not-a-manager", Refusal::NotAManager { organization: organization() }),
        (
            "not-for-role",
            Refusal::NotForRole {
                organization: organization(),
                role: "viewer".into(),
                needed: vec!["owner".into(), "admin".into()],
            },
        ),
        ("not-allowed", Refusal::NotAllowed { message: foreign("Northwind Labs does not allow API keys.") }),
        ("past-changing", Refusal::PastChanging { message: "The API key was revoked.".into() }),
        ("not-found", Refusal::NotFound),
        ("method-not-allowed", Refusal::MethodNotAllowed),
        ("too-many-tries", Refusal::TooManyTries { seconds: 40 }),
        ("broken", Refusal::Broken),
        ("restarting", Refusal::Restarting),
    ]
}

fn refusal_pages(foreign: Foreign) -> Vec<Sample> {
    refusals(foreign)
        .into_iter()
        .map(|(name, refusal)| (name, print(&RefusalPage::new(shell(foreign), refusal, "req_8h2KQ0".into()))))
        .collect()
}

fn card(foreign: Foreign, device: &str, kind: DeviceKind, usage: Usage) -> Card {
    let permission = |words: &str, level| CardPermission { words: words.into(), level };
    Card {
        id: format!("ses_{}", device.len()),
        name: foreign(device),
        about: foreign("Orbit CLI 2.14.0 on macOS"),
        kind,
        usage,
        last_used: Some(LastUse {
            address: "203.0.113.24".into(),
            at: moment(),
            same_network: Some(device == "maya-mbp"),
        }),
        asked_from: "198.51.100.90".into(),
        end: End::Ahead {
            at: Moment { iso: "2026-12-22".into(), text: "22 Dec 2026".into() },
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

fn session_pages(foreign: Foreign) -> Vec<Sample> {
    let page = |listing, active| SessionsPage {
        shell: Shell { flash: (active == 1).then(|| "The session is signed out.".into()), ..shell(foreign) },
        nav: nav(foreign, Place::CliSessions),
        numbers: Numbers {
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
        never,
        ended,
        expired,
    ];
    let rename = RenamePage {
        shell: shell(foreign),
        nav: nav(foreign, Place::CliSessions),
        problems: Problems::default().with("name", "Enter a name"),
        id: "ses_1".into(),
        current: foreign("maya-mbp"),
        name: foreign("work laptop"),
    };
    vec![
        ("sessions", print(&page(Listing::Cards(cards), 4))),
        ("sessions-none-match", print(&page(Listing::NoneMatch, 1))),
        ("sessions-none-yet", print(&page(Listing::NoneYet, 0))),
        ("rename", print(&rename)),
    ]
}

fn session_row(foreign: Foreign, device: &str, last_used: Option<Moment>) -> Row {
    Row {
        id: "ses_1".into(),
        person: text::name(&foreign("Ada Byron")),
        device: text::device_label(&foreign(device)),
        tool: foreign("Orbit CLI 2.14.0"),
        last_used,
    }
}

fn settings_pages(foreign: Foreign) -> Vec<Sample> {
    let api_access = |personal_tokens| ApiAccessPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ApiAccess),
        personal_tokens,
        sessions: 14,
        people: 9,
        last_change: Some(Change { by: foreign("Ada Byron"), at: moment() }),
        device_flow: DeviceFlow::SameNetwork,
        copy_code: false,
        keys: credentials::limits(personal_tokens == Switch::On),
        rows: vec![
            session_row(foreign, "build-07", Some(moment())),
            session_row(foreign, "DESKTOP-9K2L", None),
        ],
        pager: Pager { newer: None, older: Some("/o/northwind/settings/api-access?page=2".into()) },
    };
    let confirm =
        |question| ConfirmPage { shell: shell(foreign), nav: nav(foreign, Place::CliSessions), question };
    let slug = || "northwind".to_owned();
    let organization = || foreign("Northwind Labs");
    let login_command = || LOGIN.to_owned();
    vec![
        ("api-access-on", print(&api_access(Switch::On))),
        ("api-access-off", print(&api_access(Switch::Off))),
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
                sessions: 14,
                people: 9,
                login_command: login_command(),
            })),
        ),
        (
            "confirm-off",
            print(&confirm(Question::PersonalTokensOff {
                slug: slug(),
                organization: organization(),
                sessions: 14,
                people: 9,
            })),
        ),
        (
            "confirm-on",
            print(&confirm(Question::PersonalTokensOn {
                slug: slug(),
                organization: organization(),
                sessions: 0,
                people: 0,
            })),
        ),
        ("styleguide", print(&StyleguidePage::new(shell(foreign), nav(foreign, Place::CliSessions)))),
    ]
}
