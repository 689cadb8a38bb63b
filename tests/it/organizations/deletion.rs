//! Deleting an organization, undoing it, and what is left.

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::services::janitor;
use keystiled::store::organization_purge::PURGED;
use serde_json::json;

use super::{delete_form, make_link};
use crate::organizations::creation::by_users;
use crate::support::api::ApiCaller;
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::device::Codes;
use crate::support::http::BrowserCaller;
use crate::support::oauth::{Ask, Session};
use crate::support::reading::Cost;

const SLUG: &str = "northwind-labs";

fn with_links(builder: Builder) -> Builder {
    by_users(builder).with("KEYSTILE_ORGANIZATIONS__JOIN_LINKS", "accounts")
}

/// One of everything that acts in the first organization.
struct Held {
    session: Session,
    key: ApiCaller,
    service_key: ApiCaller,
    personal_token: ApiCaller,
    codes: Codes,
    ask: Ask,
    code: String,
}

impl Held {
    async fn by(app: &TestApp, browser: &BrowserCaller) -> Self {
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let session = app.session_in(browser, &client, &owner).await;
        let tool = app.owners_tool().await;
        let scopes = json!(["org:read", "tokens:introspect"]);
        let key = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": scopes })).await;
        let account = tool
            .made(
                "/api/v1/service-accounts",
                &json!({ "name": "CI", "purpose": "deploys", "role": "member" }),
            )
            .await;
        let of_account =
            json!({ "name": "CI", "mode": "live", "scopes": ["org:read"], "serviceAccount": account["id"] });
        let service_key = tool.key(&of_account).await;
        let token = tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await;
        let codes = app.new_device_codes().await;
        app.connect(browser, &codes).await;
        let ask = Ask::of(&client);
        let code = app.authorize(browser, &ask).await.code().to_owned();
        let [key, service_key, personal_token] = [&key, &service_key, &token].map(|made| app.holder(made));
        Self { session, key, service_key, personal_token, codes, ask, code }
    }

    /// Statuses at a node: verify with each, userinfo, and the pages.
    async fn presented(&self, node: &TestApp, browser: &BrowserCaller) -> [u16; 7] {
        let verified = async |secret: &str| node.caller(secret).get("/api/v1/verify").await.status;
        [
            verified(&self.session.tokens.access).await,
            verified(&self.key.credential).await,
            verified(&self.service_key.credential).await,
            verified(&self.personal_token.credential).await,
            node.userinfo(&self.session.tokens.access).await.status,
            node.caller(&self.key.credential).get("/api/v1/whoami").await.status,
            browser.at_node(&node.base()).get(&format!("/o/{SLUG}/members")).await.status,
        ]
    }

    /// Asserts that nothing works at this node.
    async fn is_dead(&self, node: &TestApp, browser: &BrowserCaller) {
        assert_eq!(self.presented(node, browser).await, [401, 401, 401, 401, 401, 401, 404]);
        let refreshed = node.refresh(&self.session.client, &self.session.tokens.refresh).await;
        assert_eq!((refreshed.status, &refreshed.json()["error"]), (400, &json!("invalid_grant")));
        assert_eq!(node.poll(&self.codes).await.status, 400);
        let exchanged = node.exchange(&self.ask, &self.code).await;
        assert_eq!((exchanged.status, &exchanged.json()["error"]), (400, &json!("invalid_grant")));
    }
}

/// Whether an access token is active, as a client of another organization is told.
async fn is_active(app: &TestApp, token: &str) -> bool {
    let client = app.client(ClientKind::Confidential).await;
    let answer = app.client_post(&client, "/oauth/introspect", &[("token", token)]).await;
    answer.json()["active"] == true
}

async fn sweep(app: &TestApp) {
    janitor::sweep(&app.inside().store, &app.config).await;
}

both_engines! {
    async fn p_23_nothing_of_a_deleted_organization_works_until_it_is_restored(app, |app| crate::organizations::deletion::with_links(app)) {
        let owner = app.owner().await;
        let member = app.member("member").await;
        let browser = app.browser_of(&owner).await;
        let elsewhere = app.organization("Elsewhere").await;
        app.join(&member, &elsewhere, "member").await;
        let held = Held::by(app, &browser).await;
        assert_eq!(held.presented(app, &browser).await, [200; 7]);
        let link = make_link(&browser, &[]).await;
        let page = browser.get(&format!("/o/{SLUG}/settings/delete")).await.text();
        for words in ["Members 2", "CLI sessions 2", "Personal tokens 1", "API keys 2", "Service accounts 1"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let form = delete_form(&browser, SLUG).await;
        for wrong in ["", "northwind", "Northwind Labs", "elsewhere"] {
            let answer = browser.submit(&form.clone().with("confirmation", wrong)).await;
            assert!(answer.status == 422 && answer.text().contains("Enter northwind-labs to delete"), "{wrong}: {}", answer.text());
        }
        assert_eq!(held.presented(app, &browser).await, [200; 7], "nothing was changed");
        assert_eq!(browser.submit(&form).await.location(), "/organizations?done=organization-deleted");
        held.is_dead(app, &browser).await;
        assert!(!is_active(app, &held.session.tokens.access).await);
        assert_eq!(browser.submit(&form).await.status, 404);
        let jo = app.browser_of(&app.user("Jo").await).await;
        assert_eq!(jo.get(&link).await.status, 410);
        assert_eq!(app.browser_of(&member).await.get("/o/elsewhere/members").await.status, 200, "others continue");
        let taken = jo.submit(&super::new_form(&jo, "Mine", SLUG).await).await;
        assert!(taken.status == 422 && taken.text().contains("is taken"), "P-24: {}", taken.text());

        let restored = app.operate(&["org", "restore", SLUG]).await;
        assert_eq!(restored, json!({ "organization": SLUG, "changed": true, "has_owner": true }));
        assert_eq!(held.presented(app, &browser).await, [401, 200, 200, 200, 401, 200, 200], "all but the session");
        let refreshed = app.refresh(&held.session.client, &held.session.tokens.refresh).await;
        assert_eq!(refreshed.status, 400, "sessions do not come back");
        assert_eq!(jo.get(&link).await.status, 410, "nor do join links");
        let ended = browser.get("/cli-sessions?state=ended").await.text();
        assert!(ended.contains("Ended because the organization was deleted.") || ended.contains("organization was deleted"), "{ended}");
        let events = app.events_of(&owner.organization.id).await;
        let deleted = events.iter().find(|event| event.action == "organization.deleted").unwrap();
        assert_eq!(deleted.actor_id.as_deref(), Some(owner.id.as_str()));
        assert_eq!(deleted.details, r#"{"invitations":0,"keys":2,"members":2,"personal_tokens":1,"service_accounts":1,"sessions":2}"#);
        assert!(events.iter().any(|event| event.action == "organization.restored" && event.details.contains("deleted_at")));
    }

    async fn only_an_owner_in_a_browser_deletes(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let form = delete_form(&browser, SLUG).await;
        for role in ["admin", "member", "viewer"] {
            let other = app.browser_of(&app.member(role).await).await;
            assert_eq!(other.get(&form.action).await.status, 403, "{role}");
        }
        let acme = app.organization("Acme").await;
        let other = app.browser_of(&app.member_of(&acme, "owner").await).await;
        assert_eq!(other.get(&form.action).await.status, 404);
        let second = app.member("owner").await;
        let demoted = app.browser_of(&second).await;
        let form = delete_form(&demoted, SLUG).await;
        browser.submit(&crate::members::role_form(&browser, &second, "admin").await).await;
        assert_eq!(demoted.submit(&form).await.status, 403);
        assert_eq!(app.audited("organization.deleted").await, 0);
    }

    async fn p_17_the_last_owner_may_delete_the_organization(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        assert_eq!(browser.submit(&delete_form(&browser, SLUG).await).await.status, 303);
        // Who owns only deleted organizations can be disabled; a restored one then says that it has no owner.
        app.operate(&["user", "disable", &owner.email]).await;
        assert_eq!(app.operate(&["org", "restore", SLUG]).await["has_owner"], false);
    }

    async fn a_deletion_is_undone_for_30_days_and_then_purged(app, |app| crate::organizations::deletion::with_links(app).manual_clock()) {
        let owner = app.owner().await;
        let id = owner.organization.id.clone();
        let browser = app.browser_of(&owner).await;
        let elsewhere = app.organization("Elsewhere").await;
        let other = app.member_of(&elsewhere, "owner").await;
        app.tool_of(&other, "keys:manage org:read").await.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
        Held::by(app, &browser).await;
        make_link(&browser, &[]).await;
        let leaver = app.browser_of(&app.member("member").await).await;
        leaver.submit(&leaver.get(crate::members::LEAVE).await.form(crate::members::LEAVE)).await;
        let tool = app.owners_tool().await;
        let key = tool.key(&json!({ "name": "turned", "mode": "live", "scopes": ["org:read"] })).await;
        let rotate = format!("/api/v1/keys/{}/rotate", key["id"].as_str().unwrap());
        tool.made(&rotate, &json!({ "overlapSeconds": 3600 })).await;
        browser.submit(&delete_form(&browser, SLUG).await).await;
        app.advance(TimeDelta::days(30) - TimeDelta::minutes(1));
        sweep(app).await;
        assert_eq!(app.operate_at(&["org", "restore", SLUG]).await, Ok(true), "until the last minute");
        let browser = app.browser_of(&owner).await;
        assert_eq!(browser.get(&format!("/o/{SLUG}/members")).await.status, 200);
        browser.submit(&delete_form(&browser, SLUG).await).await;
        app.advance(TimeDelta::days(30));
        let refused = app.operate_at(&["org", "restore", SLUG]).await.unwrap_err();
        assert!(refused.contains("UndoOver"), "{refused}");
        app.advance(TimeDelta::minutes(1));
        sweep(app).await;
        for table in ["memberships", "ended_memberships", "credentials", "service_accounts", "join_links", "invitations", "uses", "usage", "authorization_codes", "device_requests"] {
            let left = app.count(&format!("{table} WHERE org_id = '{id}'")).await;
            assert_eq!(left, 0, "{table}");
        }
        assert!(app.count("memberships").await == 1 && app.count("credentials").await >= 2, "others keep theirs");
        assert_eq!(app.names("SELECT slug AS name FROM organizations WHERE purged_at IS NOT NULL").await, [id.as_str()]);
        assert_eq!(app.events_of(&id).await.last().unwrap().action, "organization.purged");
        sweep(app).await;
        assert_eq!(app.audited("organization.purged").await, 1);
        let jo = app.browser_of(&app.user("Jo").await).await;
        let taken = jo.submit(&super::new_form(&jo, "Mine", SLUG).await).await;
        assert!(taken.status == 422 && taken.text().contains("is taken"), "P-24: {}", taken.text());
        // A year after the deletion, the name is free; after 400 days the log is gone.
        app.advance(TimeDelta::days(335));
        let jo = app.browser_of(&app.user("Jo").await).await;
        assert_eq!(jo.submit(&super::new_form(&jo, "Mine", SLUG).await).await.status, 303);
        assert!(app.events_of(&id).await.len() > 5);
        let events = app.events_of(&id).await.len();
        app.advance(TimeDelta::days(36));
        sweep(app).await;
        assert_eq!(app.events_of(&id).await.len(), 0);
        for left in ["person_values WHERE event_id NOT IN (SELECT id FROM audit_events)".to_owned(), format!("member_events WHERE org_id = '{id}'")] {
            assert_eq!(app.count(&left).await, 0, "{left}");
        }
        let removed = app.events_of("instance").await.into_iter().find(|event| event.action == "organization.log_removed").unwrap();
        assert!(removed.details.contains(&format!("\"events\":{events}")) && removed.target.as_deref() == Some(id.as_str()), "{}", removed.details);
        let verified = app.operate(&["audit", "verify"]).await;
        assert_eq!(verified["intact"], true, "{verified}");
        assert_eq!(app.names(&format!("SELECT name || '.' AS name FROM organizations WHERE id = '{id}'")).await, ["."]);
    }

    async fn audit_events_of_others_stay_append_only(app) {
        let id = app.owner().await.organization.id;
        app.browser_of(&app.owner().await).await;
        assert!(app.execute(&format!("DELETE FROM audit_events WHERE chain = '{id}'")).await.is_err());
        app.execute(&format!("UPDATE organizations SET deleted_at = created_at, purged_at = created_at WHERE id = '{id}'")).await.unwrap();
        assert!(app.execute(&format!("DELETE FROM audit_events WHERE chain = '{id}'")).await.is_err());
        assert!(app.execute("UPDATE audit_events SET ip = 'x'").await.is_err());
    }
}

/// The plans of SQLite, where every other write waits for a step.
#[tokio::test]
async fn a_purge_finds_its_rows_by_an_index() {
    let app = TestApp::on(Database::sqlite()).await;
    for rows in &PURGED {
        let cost = app.cost("organizations", move |conn| rows.delete(conn, "org_x", 10).map(drop)).await;
        let Cost::Plan(steps) = &cost else { panic!("no plan: {cost:?}") };
        assert!(steps.iter().all(|step| !step.starts_with("SCAN ")), "{rows:?}: {steps:#?}");
    }
    app.stop().await;
}

/// What one node deletes is refused at once by the other.
#[tokio::test]
async fn p_23_a_deletion_on_one_node_counts_on_the_other() {
    let one = with_links(Builder::on(Database::postgres())).start().await;
    let other = one.another_node().start().await;
    let browser = one.browser_of(&one.owner().await).await;
    let held = Held::by(&one, &browser).await;
    assert_eq!(held.presented(&other, &browser).await, [200; 7]);
    browser.submit(&delete_form(&browser, SLUG).await).await;
    held.is_dead(&other, &browser).await;
    held.is_dead(&one, &browser).await;
    one.operate(&["org", "restore", SLUG]).await;
    assert_eq!(held.presented(&other, &browser).await, [401, 200, 200, 200, 401, 200, 200]);
    other.stop().await;
    one.stop().await;
}

impl TestApp {
    /// Restores an organization at the time of the test's clock.
    async fn operate_at(&self, command: &[&str]) -> Result<bool, String> {
        let slug = command.last().unwrap().to_string();
        let restored = self
            .inside()
            .store
            .write_or_refuse(move |work| keystiled::services::organization_state::restore(work, &slug));
        restored.await.map(|restored| restored.changed).map_err(|refused| format!("{refused:?}"))
    }
}
