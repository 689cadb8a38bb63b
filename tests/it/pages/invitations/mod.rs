//! Invitations by link: made on the pages of owners and admins, accepted by the people who are invited.

mod accepting;
mod inviting;
mod rights;
mod story;

use keystiled::domain::entropy::Entropy;
use keystiled::domain::id::IdKind;

use crate::support::app::TestApp;
use crate::support::html::Form;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::people::Person;

pub(super) const INVITE: &str = "/o/northwind-labs/members/invite";
pub(super) const LIST: &str = "/o/northwind-labs/invitations";
/// A password that a new account may have.
pub(super) const PASSWORD: &str = "twelve copper kettles whistling";

/// The form that invites these addresses.
pub(super) async fn form_for(browser: &BrowserCaller, addresses: &str, role: &str) -> Form {
    let form = browser.get(INVITE).await.form(INVITE);
    form.with("addresses", addresses).with("role", role)
}

/// The paths of the links that a page shows.
pub(super) fn links(page: &Answer) -> Vec<String> {
    let after = page.body.split("/invite/").skip(1);
    let tokens = after.map(|rest| rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
    tokens.filter(|token| token.len() == 64).map(|token| format!("/invite/{token}")).collect()
}

/// Invites one address and returns the path of its link.
pub(super) async fn invite(browser: &BrowserCaller, address: &str, role: &str) -> String {
    let answer = browser.submit(&form_for(browser, address, role).await).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    links(&answer).pop().unwrap_or_else(|| panic!("no link: {}", answer.text()))
}

/// Path of the newest open invitation, without what is done with it.
pub(super) async fn newest(browser: &BrowserCaller) -> String {
    let action = browser.get(LIST).await.form_to(&format!("{LIST}/")).action;
    action.trim_end_matches("/new-link").to_owned()
}

/// Opens a link and accepts it as the signed-in user.
pub(super) async fn join(browser: &BrowserCaller, link: &str) -> Answer {
    browser.submit(&browser.get(link).await.form(link)).await
}

/// Opens a link without an account and creates one.
pub(super) async fn create_account(browser: &BrowserCaller, link: &str, name: &str) -> Answer {
    let form = browser.get(link).await.form(link).with("name", name).with("password", PASSWORD);
    browser.submit(&form).await
}

impl TestApp {
    /// State and address of every invitation.
    pub(super) async fn invitations(&self) -> Vec<String> {
        self.names("SELECT state || ' ' || address AS name FROM invitations ORDER BY created_at, id").await
    }

    /// The members of the first organization, with their roles.
    pub(super) async fn members(&self) -> Vec<String> {
        let org = self.owner().await.organization.id;
        let query = format!(
            "SELECT u.email || ' ' || m.role AS name FROM memberships m JOIN users u ON u.id = m.user_id
             WHERE m.org_id = '{org}' ORDER BY m.created_at, u.email"
        );
        self.names(&query).await
    }
}

/// Forms of these routes, filled in so that they have an effect, in browsers that may submit them.
pub(super) async fn form_of(app: &TestApp, browser: BrowserCaller, route: &str) -> (BrowserCaller, Form) {
    let invited = app.user(&IdKind::User.new_id(Entropy)).await;
    match route {
        "/o/{org}/members/invite" => {
            let form = form_for(&browser, "ken@example.com", "member").await;
            (browser, form)
        }
        "/o/{org}/invitations/{id}/new-link" | "/o/{org}/invitations/{id}/cancel" => {
            invite(&browser, &invited.email, "member").await;
            let path = newest(&browser).await;
            let act = route.rsplit('/').next().unwrap();
            let form = browser.get(LIST).await.form(&format!("{path}/{act}"));
            (browser, form)
        }
        "/invite/{token}" => {
            let link = invite(&browser, &invited.email, "member").await;
            let browser = app.browser_of(&invited).await;
            let form = browser.get(&link).await.form(&link);
            (browser, form)
        }
        _ => {
            invite(&browser, &invited.email, "member").await;
            let browser = app.browser_of(&invited).await;
            let form = browser.get("/invitations").await.form_to("/invitations/");
            (browser, form)
        }
    }
}

/// An invited user who signs in.
pub(super) async fn stranger(app: &TestApp, name: &str) -> (Person, BrowserCaller) {
    let person = app.user(name).await;
    let browser = app.browser_of(&person).await;
    (person, browser)
}
