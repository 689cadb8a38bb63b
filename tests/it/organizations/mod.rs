//! Organizations that their people make, rename, delete and find.

mod creation;
mod deletion;
mod inviters;
mod join_links;
mod names;
mod operator;

use crate::support::app::TestApp;
use crate::support::html::Form;
use crate::support::http::{Answer, BrowserCaller};

pub(crate) const NEW: &str = "/organizations/new";
pub(crate) const GENERAL: &str = "/o/northwind-labs/settings";

/// The forms of this subject, by route.
pub(crate) const FORMS: [&str; 7] = [
    "/organizations/new",
    "/o/{org}/settings",
    "/o/{org}/settings/delete",
    "/o/{org}/settings/join-links",
    "/o/{org}/settings/join-links/new",
    "/o/{org}/invitations/join-links/{id}/end",
    "/join/{token}",
];

/// The form that creates an organization.
pub(crate) async fn new_form(browser: &BrowserCaller, name: &str, slug: &str) -> Form {
    let form = browser.get(NEW).await.form(NEW);
    form.with("name", name).with("slug", slug).with("act", "create")
}

/// Creates an organization and returns the answer.
pub(crate) async fn create(browser: &BrowserCaller, name: &str, slug: &str) -> Answer {
    browser.submit(&new_form(browser, name, slug).await).await
}

/// The form that renames the organization with this short name.
pub(crate) async fn rename_form(browser: &BrowserCaller, from: &str, name: &str, slug: &str) -> Form {
    let path = format!("/o/{from}/settings");
    browser.get(&path).await.form(&path).with("name", name).with("slug", slug)
}

/// The form that deletes the organization with this short name.
pub(crate) async fn delete_form(browser: &BrowserCaller, slug: &str) -> Form {
    let path = format!("/o/{slug}/settings/delete");
    browser.get(&path).await.form(&path).with("confirmation", slug)
}

/// Turns join links of the first organization on or off.
pub(crate) async fn turn_links(browser: &BrowserCaller, to: &str) -> Answer {
    let path = format!("{GENERAL}/join-links");
    browser.submit(&browser.get(GENERAL).await.form(&path).with("to", to)).await
}

/// The form that makes a join link of the first organization.
pub(crate) async fn link_form(browser: &BrowserCaller) -> Form {
    let path = format!("{GENERAL}/join-links/new");
    browser.get(&path).await.form(&path)
}

/// The path of the join link that a page shows.
pub(crate) fn shown_link(page: &Answer) -> String {
    let token = page.body.split("/join/").nth(1).unwrap_or_else(|| panic!("no link: {}", page.text()));
    format!("/join/{}", token.chars().take_while(char::is_ascii_hexdigit).collect::<String>())
}

/// Turns join links on and makes one.
pub(crate) async fn make_link(browser: &BrowserCaller, fields: &[(&str, &str)]) -> String {
    turn_links(browser, "on").await;
    let form = fields.iter().fold(link_form(browser).await, |form, (name, value)| form.with(name, value));
    let made = browser.submit(&form).await;
    assert_eq!(made.status, 200, "{}", made.text());
    shown_link(&made)
}

/// Forms of these routes, filled in so that they have an effect, in browsers that may submit them.
pub(crate) async fn form_of(app: &TestApp, browser: BrowserCaller, route: &str) -> (BrowserCaller, Form) {
    let owner = app.owner().await;
    let form = match route {
        "/organizations/new" => new_form(&browser, "Acme", "acme-by-form").await,
        "/o/{org}/settings" | "/o/{org}/settings/delete" => {
            let other = app.organization("Doomed").await;
            app.join(&owner, &other, "owner").await;
            match route {
                "/o/{org}/settings" => rename_form(&browser, &other.slug, "Renamed", &other.slug).await,
                _ => delete_form(&browser, &other.slug).await,
            }
        }
        "/o/{org}/settings/join-links" => {
            turn_links(&browser, "on").await;
            browser.get(GENERAL).await.form(&format!("{GENERAL}/join-links")).with("to", "off")
        }
        "/o/{org}/settings/join-links/new" => {
            turn_links(&browser, "on").await;
            link_form(&browser).await
        }
        "/o/{org}/invitations/join-links/{id}/end" => {
            make_link(&browser, &[]).await;
            let list = "/o/northwind-labs/invitations";
            browser.get(list).await.form_to(&format!("{list}/join-links/"))
        }
        _ => {
            let link = make_link(&browser, &[]).await;
            let joining = app.browser_of(&app.user("Jo").await).await;
            let form = joining.get(&link).await.form(&link);
            return (joining, form);
        }
    };
    (browser, form)
}
