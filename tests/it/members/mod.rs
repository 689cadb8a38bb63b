//! Members of an organization: who sees and changes them, and what ends with a membership.

mod ending;
mod keys;
mod last_owner;
mod list;
mod roles;

use keystiled::store::memberships;

use crate::support::app::TestApp;
use crate::support::html::Form;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::people::Person;

pub(crate) const MEMBERS: &str = "/o/northwind-labs/members";
pub(crate) const LEAVE: &str = "/o/northwind-labs/leave";

/// The form that gives a member of the first organization this role.
pub(crate) async fn role_form(browser: &BrowserCaller, member: &Person, role: &str) -> Form {
    let path = path(member, "role");
    browser.get(&path).await.form(&path).with("role", role)
}

/// The form that removes a member of the first organization.
pub(crate) async fn remove_form(browser: &BrowserCaller, member: &Person) -> Form {
    let path = path(member, "remove");
    browser.get(&path).await.form(&path)
}

/// The path of an action, in the organization of the person.
fn path(member: &Person, act: &str) -> String {
    format!("/o/{}/members/{}/{act}", member.organization.slug, member.id)
}

async fn remove(browser: &BrowserCaller, member: &Person) {
    let answer = browser.submit(&remove_form(browser, member).await).await;
    assert_eq!(answer.location(), format!("/o/{}/members?done=member-removed", member.organization.slug));
}

async fn give(browser: &BrowserCaller, member: &Person, role: &str) -> Answer {
    browser.submit(&role_form(browser, member, role).await).await
}

/// The current role; `None` if the person is not a member.
async fn role_of(app: &TestApp, person: &Person) -> Option<String> {
    let (org, user) = (person.organization.id.clone(), person.id.clone());
    app.inside().store.read(move |conn| memberships::role(conn, &org, &user)).await.unwrap()
}
