//! The pages over HTTP, without a browser, and ways to abuse them.

mod api_access;
mod credential_lists;
mod device;
mod forms;
mod forms_of_others;
mod headers;
mod hostile;
mod invitations;
mod key_permissions;
mod keys;
mod limits;
mod many_organizations;
mod memory;
mod paste;
mod records;
mod requests;
mod security;
mod service_accounts;
mod sessions;
mod setup;
mod shown;
mod sign_in;
mod switch;
mod throttle;
mod tokens;
mod web_sessions;

use keystiled::domain::client::ClientKind;
use keystiled::store::organizations as stored;

use crate::support::app::{Builder, TestApp};
use crate::support::html::Form;
use crate::support::http::BrowserCaller;
use crate::support::oauth::{Ask, Session};
use crate::{members, organizations};

/// Path of the settings of the first organization.
const API_ACCESS: &str = "/o/northwind-labs/settings/api-access";

/// All forms of the pages, by route. `/setup` exists only until the server has an owner.
const FORMS: [&str; 37] = [
    "/authorize/{id}",
    "/sign-in",
    "/sign-in/again",
    "/sign-out",
    "/cli-sessions/end-all",
    "/cli-sessions/{id}/rename",
    "/cli-sessions/{id}/end",
    "/o/{org}/settings/api-access",
    "/o/{org}/settings/api-access/revoke-all",
    "/o/{org}/settings/api-access/sign-in-methods",
    "/device",
    "/device/{id}",
    "/c/code",
    "/o/{org}/keys/new",
    "/o/{org}/keys/{id}/permissions",
    "/o/{org}/keys/{id}/rotate",
    "/o/{org}/keys/{id}/end",
    "/tokens/new",
    "/tokens/{id}/end",
    "/o/{org}/service-accounts/new",
    "/o/{org}/service-accounts/{id}/role",
    "/o/{org}/service-accounts/{id}/state",
    "/o/{org}/settings/api-access/api-keys",
    "/o/{org}/settings/api-access/limits",
    "/o/{org}/members/invite",
    "/o/{org}/invitations/{id}/new-link",
    "/o/{org}/invitations/{id}/cancel",
    "/invite/{token}",
    "/invitations/{id}/join",
    "/security/password",
    "/security/browsers/{id}/end",
    "/security/browsers/end-others",
    "/reset/{token}",
    "/o/{org}/members/{id}/role",
    "/o/{org}/members/{id}/remove",
    "/o/{org}/leave",
    "/theme",
];

fn forms() -> Vec<&'static str> {
    [&FORMS[..], &organizations::FORMS].concat()
}

/// The configuration with which every form exists.
pub(crate) fn every_form(builder: Builder) -> Builder {
    builder
        .with("KEYSTILE_ORGANIZATIONS__CREATION", "users")
        .with("KEYSTILE_ORGANIZATIONS__JOIN_LINKS", "accounts")
}

/// The forms whose response shows a secret. They cannot redirect, because the secret is not kept for a later page.
const SECRETS: [&str; 6] = [
    "/o/{org}/keys/new",
    "/o/{org}/keys/{id}/rotate",
    "/tokens/new",
    "/o/{org}/members/invite",
    "/o/{org}/invitations/{id}/new-link",
    "/o/{org}/settings/join-links/new",
];

/// A form of this route, filled in so that it would have an effect, in a browser that may submit it.
async fn form(app: &TestApp, session: &Session, route: &str) -> (BrowserCaller, Form) {
    let person = app.owner().await;
    if route == "/sign-in" {
        let browser = app.browser();
        let page = browser.get("/sign-in").await;
        let form = page.form(route).with("email", &person.email).with("password", person.password);
        return (browser, form);
    }
    match route {
        "/security/password" => return security::change_form(app).await,
        "/reset/{token}" => return security::reset_form(app).await,
        _ => {}
    }
    let browser = app.browser_of(&person).await;
    if organizations::FORMS.contains(&route) {
        return organizations::form_of(app, browser, route).await;
    }
    if route.contains("invit") {
        return invitations::form_of(app, browser, route).await;
    }
    let id = session.tokens.session();
    let form = match route {
        "/authorize/{id}" => {
            let client = app.client(ClientKind::Native).await;
            let consent = app.ask(&browser, &Ask::of(&client)).await;
            consent.form_to("/authorize/").with("decision", "authorize")
        }
        "/sign-in/again" => browser.get(route).await.form(route).with("password", person.password),
        "/sign-out" => browser.get("/").await.form(route),
        "/cli-sessions/end-all" => browser.get(route).await.form_to(route),
        "/cli-sessions/{id}/rename" => {
            let path = format!("/cli-sessions/{id}/rename");
            browser.get(&path).await.form(&path).with("name", "renamed")
        }
        "/cli-sessions/{id}/end" => {
            let path = format!("/cli-sessions/{id}/end");
            browser.get(&path).await.form(&path)
        }
        "/o/{org}/settings/api-access" => {
            browser.get(&format!("{API_ACCESS}/personal-tokens/off")).await.form(API_ACCESS)
        }
        "/o/{org}/settings/api-access/revoke-all" => {
            let path = format!("{API_ACCESS}/revoke-all");
            browser.get(&path).await.form(&path)
        }
        "/o/{org}/settings/api-access/sign-in-methods" => {
            let path = format!("{API_ACCESS}/sign-in-methods");
            browser.get(API_ACCESS).await.form(&path).with("device_flow", "off").with("copy_code", "on")
        }
        "/device" => {
            app.set_sign_in_methods(&browser, "on", "on").await;
            let codes = app.new_device_codes().await;
            browser.get(route).await.form(route).with("user_code", &codes.user_code)
        }
        "/device/{id}" => {
            app.set_sign_in_methods(&browser, "on", "on").await;
            let codes = app.new_device_codes().await;
            let question = app.enter_code(&browser, &codes.user_code).await;
            question.form_to("/device/").with("decision", "connect")
        }
        "/c/code" => {
            app.set_sign_in_methods(&browser, "on", "on").await;
            let consent = app.ask(&browser, &paste::ask(app)).await;
            app.decide(&browser, &consent, "authorize").await.form(route)
        }
        "/o/{org}/keys/new" => keys::filled_in(&browser).await,
        "/o/{org}/keys/{id}/permissions" => {
            keys::form_of_new(&browser, "permissions").await.with("scope.keys:read", "on")
        }
        "/o/{org}/keys/{id}/rotate" => keys::form_of_new(&browser, "rotate").await,
        "/o/{org}/keys/{id}/end" => keys::form_of_new(&browser, "end").await,
        "/tokens/new" => tokens::filled_in(&browser).await,
        "/tokens/{id}/end" => tokens::form_of_new(&browser).await,
        "/o/{org}/service-accounts/new" => service_accounts::filled_in(&browser).await,
        "/o/{org}/service-accounts/{id}/role" => service_accounts::role_form(&browser).await,
        "/o/{org}/service-accounts/{id}/state" => service_accounts::state_form(&browser).await,
        "/o/{org}/settings/api-access/api-keys" => limits::switch_form(&browser).await,
        "/o/{org}/settings/api-access/limits" => limits::limits_form(&browser).await,
        "/security/browsers/{id}/end" => security::end_form(app, &browser, &person).await,
        "/security/browsers/end-others" => {
            app.browser_of(&person).await;
            browser.get(route).await.form(route)
        }
        "/o/{org}/members/{id}/role" => {
            members::role_form(&browser, &app.member("member").await, "viewer").await
        }
        "/o/{org}/members/{id}/remove" => members::remove_form(&browser, &app.member("member").await).await,
        "/o/{org}/leave" => {
            let browser = app.browser_of(&app.member("member").await).await;
            let form = browser.get(members::LEAVE).await.form(members::LEAVE);
            return (browser, form);
        }
        "/theme" => browser.get("/help").await.form(route).with("theme", "dark"),
        other => panic!("no form for {other}"),
    };
    (browser, form)
}

/// All state that the forms could change, as text.
async fn state(app: &TestApp, session: &Session) -> String {
    let stored = app.stored(&session.tokens.session()).await;
    let counts = [
        app.count("audit_events").await,
        app.count("authorization_codes").await,
        app.count("web_sessions").await,
        app.count("throttled_sources").await,
    ];
    let waiting = app
        .names("SELECT status || CASE WHEN browser_hash IS NULL THEN '' ELSE ', entered' END AS name FROM device_requests")
        .await;
    let codes = app.names("SELECT CAST(expires_at AS text) AS name FROM authorization_codes").await;
    let sign_in_methods = app
        .names("SELECT coalesce(device_flow, '') || coalesce(CAST(copy_code AS text), '') AS name FROM organizations")
        .await;
    let invitations = app.invitations().await;
    let names = app
        .names("SELECT slug || name || coalesce(CAST(deleted_at AS text), '') || join_links AS name FROM organizations ORDER BY id")
        .await;
    let links = app.names("SELECT CAST(ends_at AS text) || uses AS name FROM join_links ORDER BY id").await;
    format!(
        "{counts:?} {} {:?} {} {waiting:?} {codes:?} {sign_in_methods:?} {invitations:?} {names:?} {links:?}",
        stored.name,
        stored.revoked_at,
        personal_tokens(app).await
    )
}

/// Whether personal tokens are allowed in the first organization.
async fn personal_tokens(app: &TestApp) -> bool {
    let id = app.owner().await.organization.id;
    let found = app.inside().store.read(move |conn| stored::find(conn, &id)).await.unwrap();
    found.unwrap().personal_tokens
}

/// Turns personal tokens of the first organization on or off, on its page.
async fn turn(app: &TestApp, to: &str) {
    let browser = app.browser_of(&app.owner().await).await;
    let page = browser.get(&format!("{API_ACCESS}/personal-tokens/{to}")).await;
    let answer = browser.submit(&page.form(API_ACCESS)).await;
    assert_eq!(answer.location(), format!("{API_ACCESS}?done=personal-tokens-{to}"));
}
