//! What ends with a membership.

use keystiled::domain::client::ClientKind;
use serde_json::json;

use super::{LEAVE, MEMBERS, path, remove};
use crate::support::api::ApiCaller;
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::rounds;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::device::Codes;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::{Ask, Returned, Session, Tokens};
use crate::support::people::Person;

/// One of everything that a member can use.
struct Held {
    session: Session,
    key: String,
    personal_token: String,
    /// Approved, and not fetched.
    codes: Codes,
    /// With a code that is not redeemed.
    ask: Ask,
    code: String,
}

impl Held {
    async fn by(app: &TestApp, browser: &BrowserCaller, person: &Person) -> Self {
        let client = app.client(ClientKind::Native).await;
        let session = app.session_in(browser, &client, person).await;
        let tool = app.tool_of(person, "keys:manage tokens:manage org:read").await;
        let secret = |made: &ApiCaller| made.credential.clone();
        let key =
            app.holder(&tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await);
        let token = json!({ "name": "laptop", "scopes": ["org:read"] });
        let token = app.holder(&tool.made("/api/v1/tokens", &token).await);
        let codes = app.new_device_codes().await;
        app.connect(browser, &codes).await;
        let ask = Ask::of(&client);
        let code = app.authorize(browser, &ask).await.code().to_owned();
        Self { session, key: secret(&key), personal_token: secret(&token), codes, ask, code }
    }

    /// The statuses of all static and access tokens at a node: whoami, verify, userinfo, personal token, key.
    async fn presented(&self, node: &TestApp) -> [u16; 5] {
        let access = &self.session.tokens.access;
        let verified = node.caller(access).get("/api/v1/verify").await.status;
        let whoami = async |secret: &str| node.caller(secret).get("/api/v1/whoami").await.status;
        [
            whoami(access).await,
            verified,
            node.userinfo(access).await.status,
            whoami(&self.personal_token).await,
            whoami(&self.key).await,
        ]
    }

    async fn refreshed(&self, node: &TestApp) -> Answer {
        node.refresh(&self.session.client, &self.session.tokens.refresh).await
    }

    /// Asserts that nothing works at this node.
    async fn is_dead(&self, node: &TestApp) {
        assert_eq!(self.presented(node).await, [401; 5]);
        let refreshed = self.refreshed(node).await;
        assert_eq!((refreshed.status, &refreshed.json()["error"]), (400, &json!("invalid_grant")));
        assert_eq!(refreshed.json()["error_code"], "membership_ended");
        let polled = node.poll(&self.codes).await;
        assert_eq!(polled.status, 400, "{}", polled.body);
        assert!(["expired_token", "invalid_grant"].map(|code| json!(code)).contains(&polled.json()["error"]));
        let exchanged = node.exchange(&self.ask, &self.code).await;
        assert_eq!((exchanged.status, &exchanged.json()["error"]), (400, &json!("invalid_grant")));
    }
}

/// Signs in a tool for another organization of the person.
async fn session_in(app: &TestApp, browser: &BrowserCaller, id: &str) -> (Ask, Tokens) {
    let ask = Ask::of(&app.client(ClientKind::Native).await);
    let consent = app.ask(browser, &ask).await;
    let form = consent.form_to("/authorize/").with("organization", id).with("decision", "authorize");
    let answer = browser.submit(&form).await;
    let returned = Returned::from_page(&browser.follow(answer).await);
    let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
    (ask, tokens)
}

both_engines! {
    async fn p_18_nothing_of_a_removed_member_works_and_their_other_organizations_are_untouched(app) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        let held = Held::by(app, &browser, &member).await;
        let acme = app.organization("Acme").await;
        app.join(&member, &acme, "member").await;
        let (ask, elsewhere) = session_in(app, &browser, &acme.id).await;
        assert_eq!(held.presented(app).await, [200; 5]);
        let owner = app.browser_of(&app.owner().await).await;
        let page = owner.get(&path(&member, "remove")).await;
        for words in ["CLI session", "Personal token laptop", "You decide: 1 API key CI"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        remove(&owner, &member).await;
        held.is_dead(app).await;
        let refreshed = held.refreshed(app).await.json();
        let told = "The session ended with your membership in Northwind Labs. Your other organizations are untouched.";
        assert_eq!((&refreshed["error_description"], &refreshed["organization"]), (&json!(told), &json!("Northwind Labs")));
        // The person stays signed in, and their other organization does not notice.
        assert_eq!(browser.get("/cli-sessions").await.status, 200);
        assert_eq!(browser.get(MEMBERS).await.status, 404);
        assert_eq!(app.whoami(&elsewhere.access).await.status, 200);
        assert_eq!(app.refresh(&ask.client, &elsewhere.refresh).await.status, 200);
        assert_eq!(app.names("SELECT reason AS name FROM ended_memberships").await, ["removed"]);
        let events = app.events_of(&member.organization.id).await;
        let removed = events.iter().find(|event| event.action == "member.removed").unwrap();
        assert_eq!(removed.target.as_deref(), Some(member.id.as_str()));
        let counts = r#"{"keys":1,"moved_keys":0,"personal_tokens":1,"role":"member","sessions":2}"#;
        assert_eq!(removed.details, counts);
        for (action, number) in [("session.revoked", 2), ("token.revoked", 1), ("key.revoked", 1)] {
            assert_eq!(events.iter().filter(|event| event.action == action).count(), number, "{action}");
        }
    }

    async fn p_18_nothing_of_somebody_who_left_works(app) {
        let member = app.member("viewer").await;
        let admin = app.member("admin").await;
        let browser = app.browser_of(&admin).await;
        let held = Held::by(app, &browser, &admin).await;
        let other = app.browser_of(&member).await;
        let beside = app.session_in(&other, &held.session.client, &member).await;
        let page = browser.get(LEAVE).await;
        assert!(page.text().contains("2 sessions, 1 personal token, 1 key"), "{}", page.text());
        assert_eq!(browser.submit(&page.form(LEAVE)).await.location(), "/?done=left");
        held.is_dead(app).await;
        assert_eq!(app.whoami(&beside.tokens.access).await.status, 200, "another member");
        assert_eq!(browser.get("/").await.status, 403, "in no organization");
        assert_eq!(app.audited("member.left").await, 1);
    }

    async fn p_19_coming_back_revives_nothing(app) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        let held = Held::by(app, &browser, &member).await;
        remove(&app.browser_of(&app.owner().await).await, &member).await;
        app.join(&member, &member.organization, "admin").await;
        held.is_dead(app).await;
        let fresh = Held::by(app, &browser, &member).await;
        assert_eq!(fresh.presented(app).await, [200; 5]);
        assert_eq!(app.count("memberships").await, 2);
        assert_eq!(app.count("ended_memberships").await, 1);
    }

    async fn p_21_members_of_another_organization_are_a_404(app) {
        let acme = app.organization("Acme").await;
        let theirs = app.member_of(&acme, "member").await;
        let owner = app.browser_of(&app.owner().await).await;
        let mine = app.member("member").await;
        for act in ["role", "remove"] {
            let here = path(&mine, act);
            let form = owner.get(&here).await.form(&here).with("role", "viewer");
            for id in [theirs.id.as_str(), "usr_unknown", "'", "%00"] {
                let foreign = format!("{MEMBERS}/{id}/{act}");
                assert_eq!(owner.get(&foreign).await.status, 404, "{foreign}");
                let mut form = form.clone();
                form.action = foreign;
                assert_eq!(owner.submit(&form).await.status, 404, "{}", form.action);
            }
            for id in [&theirs.id, &mine.id] {
                let foreign = format!("/o/acme/members/{id}/{act}");
                assert_eq!(owner.get(&foreign).await.status, 404, "{foreign}");
                let mut form = form.clone();
                form.action = foreign;
                assert_eq!(owner.submit(&form).await.status, 404, "{}", form.action);
            }
        }
        for page in ["/o/acme/members", "/o/acme/leave"] {
            assert_eq!(owner.get(page).await.status, 404, "{page}");
        }
        assert_eq!(super::role_of(app, &theirs).await.as_deref(), Some("member"));
        assert_eq!(super::role_of(app, &mine).await.as_deref(), Some("member"));
        assert_eq!(app.count("ended_memberships").await, 0);
    }
}

#[tokio::test]
async fn p_18_what_a_node_ends_is_refused_at_once_by_the_other() {
    let one = Builder::on(Database::postgres()).start().await;
    let app = &one;
    let other = Box::pin(app.another_node().start()).await;
    let owner = app.browser_of(&app.owner().await).await;
    for _ in 0..rounds(2) {
        let member = app.member("member").await;
        let held = Held::by(app, &app.browser_of(&member).await, &member).await;
        assert_eq!(held.presented(&other).await, [200; 5]);
        remove(&owner, &member).await;
        held.is_dead(&other).await;
    }
    other.stop().await;
    one.stop().await;
}
