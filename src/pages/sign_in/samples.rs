//! Samples of the setup and sign-in pages.

use crate::pages::samples::{Foreign, LOGIN, Sample, print, shell, stranger};
use crate::pages::setup;
use crate::pages::setup::form::{SetupDonePage, SetupPage};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::small_pages::HelpPage;
use crate::pages::sign_in::again::{self, ReauthenticatePage};
use crate::pages::sign_in::form::{self, Notice, SignInPage};

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
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
        password_hint: setup::form::password_hint(15),
    };
    let again = |problems| ReauthenticatePage {
        shell: shell(foreign),
        problems,
        email: foreign("maya@northwind.dev"),
        reason: again::reason(&foreign("Orbit CLI"), "change deployments"),
        request: Some("request-handle".into()),
    };
    let done = SetupDonePage {
        shell: shell(foreign),
        organization: foreign("Northwind Labs"),
        login_command: LOGIN.into(),
    };
    vec![
        ("sign-in", print(&sign_in(Problems::default(), None))),
        ("sign-in-ended", print(&sign_in(Problems::default(), Some(Notice::SessionEnded)))),
        ("sign-in-wrong", print(&sign_in(form::wrong_pair(), None))),
        ("sign-in-throttled", print(&sign_in(form::too_many_tries(40), None))),
        ("sign-in-again", print(&again(Problems::default()))),
        ("sign-in-again-wrong", print(&again(again::wrong_password()))),
        ("setup", print(&set_up(Problems::default()))),
        (
            "setup-wrong",
            print(&set_up(setup::form::wrong_code().with("password", "Use at least 15 characters"))),
        ),
        ("setup-done", print(&done)),
        ("help", print(&HelpPage { shell: stranger(foreign), login_command: LOGIN.into() })),
    ]
}
