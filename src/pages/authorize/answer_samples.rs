//! Samples of the pages after an answer.

use crate::pages::authorize::return_page::{Destination, ReturnOutcome, ReturnPage};
use crate::pages::samples::{Foreign, LOGIN, Sample, print, shell};
use crate::pages::shared::small_pages::{DenialReason, DeniedPage, DonePage, EndedRequest, NewSession};
use crate::pages::shared::text;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let client_redirect = |answer, destination| ReturnPage {
        shell: shell(foreign),
        target: format!("http://127.0.0.1:53682/callback?code=c&state={}", foreign("s")),
        answer,
        destination,
    };
    let authorized =
        ReturnOutcome::Authorized { tool: foreign("Orbit CLI"), organization: foreign("Northwind Labs") };
    let off = ReturnOutcome::PersonalTokensOff { organization: foreign("Northwind Labs") };
    let done = |session| DonePage { shell: shell(foreign), session };
    let denied = |request| DeniedPage { shell: shell(foreign), request, login_command: LOGIN.into() };
    let ended = |why| EndedRequest {
        tool: text::name(&foreign("Orbit CLI")),
        device: (why == DenialReason::Denied).then(|| text::device_label(&foreign("maya-mbp"))),
        asked_from: Some("198.51.100.7".into()),
        asked_at: "today at 14:32 UTC".into(),
        why,
    };
    let role = ReturnOutcome::RoleTooSmall { organization: foreign("Northwind Labs") };
    let by_role = DenialReason::RoleTooSmall(text::name(&foreign("Northwind Labs")));
    let by_setting = DenialReason::PersonalTokensOff(text::name(&foreign("Northwind Labs")));
    let session = NewSession {
        tool: foreign("Orbit CLI"),
        device: text::device_label(&foreign("maya-mbp")),
        organization: foreign("Northwind Labs"),
        email: foreign("maya@northwind.dev"),
        until: "22 Dec 2026".into(),
    };
    vec![
        ("return", print(&client_redirect(authorized.clone(), Destination::Terminal))),
        ("return-website", print(&client_redirect(authorized, Destination::Website(foreign("orbit.dev"))))),
        ("return-denied", print(&client_redirect(ReturnOutcome::Denied, Destination::Terminal))),
        ("return-role", print(&client_redirect(role, Destination::Terminal))),
        (
            "return-no-organization",
            print(&client_redirect(ReturnOutcome::NoOrganization, Destination::Terminal)),
        ),
        ("return-off", print(&client_redirect(off, Destination::App(foreign("Orbit CLI"))))),
        (
            "return-refused",
            print(&client_redirect(
                ReturnOutcome::Refused { what: "The tool requested something this server does not offer." },
                Destination::Terminal,
            )),
        ),
        ("done", print(&done(Some(session)))),
        ("done-unknown", print(&done(None))),
        ("denied", print(&denied(Some(ended(DenialReason::Denied))))),
        ("denied-by-role", print(&denied(Some(ended(by_role))))),
        ("denied-no-organization", print(&denied(Some(ended(DenialReason::NoOrganization))))),
        ("denied-by-setting", print(&denied(Some(ended(by_setting))))),
        ("denied-unknown", print(&denied(None))),
    ]
}
