//! What becomes of the invitations of people who may no longer invite.

use keystiled::services::janitor;

use crate::members::{LEAVE, remove_form, role_form};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;

const INVITE: &str = "/o/northwind-labs/members/invite";

async fn invite(browser: &BrowserCaller, address: &str, role: &str) -> String {
    let form = browser.get(INVITE).await.form(INVITE).with("addresses", address).with("role", role);
    let page = browser.submit(&form).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let token: String =
        page.body.split("/invite/").nth(1).unwrap().chars().take_while(char::is_ascii_hexdigit).collect();
    format!("/invite/{token}")
}

/// State, address and role of every invitation.
async fn states(app: &TestApp) -> Vec<String> {
    app.names("SELECT state || ' ' || address || ' ' || role AS name FROM invitations ORDER BY address").await
}

async fn reasons(app: &TestApp) -> Vec<String> {
    let events = app.events_of(&app.owner().await.organization.id).await;
    let canceled = events.into_iter().filter(|event| event.action == "invitation.canceled");
    canceled.map(|event| event.details).collect()
}

both_engines! {
    async fn p_10_the_invitations_of_a_demoted_inviter_are_canceled_and_stay_so(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let second = app.member("owner").await;
        let browser = app.browser_of(&second).await;
        let link = invite(&browser, "ben@example.com", "owner").await;
        invite(&browser, "cleo@example.com", "admin").await;
        invite(&browser, "dan@example.com", "viewer").await;
        owner.submit(&role_form(&owner, &second, "admin").await).await;
        assert_eq!(states(app).await, ["cancelled ben@example.com owner", "waiting cleo@example.com admin", "waiting dan@example.com viewer"]);
        owner.submit(&role_form(&owner, &second, "member").await).await;
        assert_eq!(states(app).await, ["cancelled ben@example.com owner", "cancelled cleo@example.com admin", "cancelled dan@example.com viewer"]);
        assert_eq!(reasons(app).await, [r#"{"reason":"inviter_role_changed"}"#; 3]);
        owner.submit(&role_form(&owner, &second, "owner").await).await;
        let page = app.browser().get(&link).await;
        assert!(page.status == 410 && page.text().contains("This invitation was canceled"), "{}", page.text());
        assert!(owner.get("/o/northwind-labs/invitations").await.text().contains("No open invitations."));
        invite(&owner, "ben@example.com", "member").await;
    }

    async fn p_10_the_invitations_of_a_removed_inviter_are_canceled(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let (removed, leaver) = (app.member("admin").await, app.member("admin").await);
        let browser = app.browser_of(&leaver).await;
        invite(&app.browser_of(&removed).await, "ben@example.com", "member").await;
        invite(&browser, "cleo@example.com", "member").await;
        invite(&owner, "dan@example.com", "member").await;
        owner.submit(&remove_form(&owner, &removed).await).await;
        assert_eq!(states(app).await, ["cancelled ben@example.com member", "waiting cleo@example.com member", "waiting dan@example.com member"]);
        browser.submit(&browser.get(LEAVE).await.form(LEAVE)).await;
        assert_eq!(states(app).await, ["cancelled ben@example.com member", "cancelled cleo@example.com member", "waiting dan@example.com member"]);
        assert_eq!(reasons(app).await, [r#"{"reason":"inviter_left"}"#; 2]);
    }

    async fn p_10_the_operator_cancels_them_as_well(app) {
        let admins = [app.member("admin").await, app.member("admin").await];
        for (admin, address) in admins.iter().zip(["ben@example.com", "cleo@example.com"]) {
            invite(&app.browser_of(admin).await, address, "member").await;
        }
        app.operate(&["user", "role", &admins[0].email, "--org", "northwind-labs", "viewer"]).await;
        app.operate(&["user", "disable", &admins[1].email]).await;
        app.operate(&["user", "enable", &admins[1].email]).await;
        assert_eq!(states(app).await, ["cancelled ben@example.com member", "cancelled cleo@example.com member"]);
        assert_eq!(reasons(app).await, [r#"{"reason":"inviter_role_changed"}"#, r#"{"reason":"inviter_disabled"}"#]);
    }

    async fn ended_invitations_are_swept_some_time_after_their_end(app, |app| app.manual_clock()) {
        let owner = app.browser_of(&app.owner().await).await;
        invite(&owner, "ben@example.com", "member").await;
        invite(&owner, "cleo@example.com", "member").await;
        invite(&owner, "cleo@example.com", "viewer").await;
        let sweep = async || janitor::sweep(&app.inside().store, &app.config).await;
        app.advance(app.config.credentials.keep_ended);
        sweep().await;
        assert_eq!(app.count("invitations").await, 3);
        app.advance(chrono::TimeDelta::minutes(1));
        sweep().await;
        assert_eq!(states(app).await, ["waiting ben@example.com member", "waiting cleo@example.com viewer"], "the replaced one");
        app.advance(app.config.organizations.invitation);
        sweep().await;
        assert_eq!(app.count("invitations").await, 0);
    }
}
