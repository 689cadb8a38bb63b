//! Samples of the security pages.

use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell, stranger};
use crate::pages::security::overview::{BrowserCard, SecurityPage};
use crate::pages::security::password::{self, ChangePasswordPage};
use crate::pages::security::reset::ResetPage;
use crate::pages::setup::form::password_hint;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let browser = |name: &str, is_this: bool| BrowserCard {
        id: format!("b{}", name.len()),
        name: name.into(),
        address: is_this.then(|| "203.0.113.24".into()),
        since: moment(),
        seen: if is_this { "just now".into() } else { "3 hours ago".into() },
        is_this,
    };
    let overview = |browsers: Vec<BrowserCard>| SecurityPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Security),
        password_changed: (browsers.len() > 1).then(moment),
        more: browsers.len() > 1,
        browsers,
    };
    let change = |problems| ChangePasswordPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Security),
        problems,
        email: foreign("maya@northwind.dev"),
        hint: password_hint(15),
        tools: true,
    };
    let reset = |problems| ResetPage {
        shell: stranger(foreign),
        problems,
        token: "A".repeat(43),
        email: foreign("maya@northwind.dev"),
        hint: password_hint(15),
        tools: true,
    };
    let unfit = || Problems::default().with("password", "Use at least 15 characters");
    let confirm = ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Security),
        question: Question::SignOutOtherBrowsers,
    };
    let both = vec![browser("Firefox on macOS", true), browser("Safari on iPhone", false)];
    vec![
        ("security", print(&overview(both))),
        ("security-one-browser", print(&overview(vec![browser("Firefox on macOS", true)]))),
        ("change-password", print(&change(Problems::default()))),
        ("change-password-wrong", print(&change(password::wrong_current()))),
        ("confirm-other-browsers", print(&confirm)),
        ("reset", print(&reset(Problems::default()))),
        ("reset-unfit", print(&reset(unfit()))),
    ]
}
