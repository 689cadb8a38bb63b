//! All security decisions are recorded: actor, action, time, organization, address, outcome and request id.

use std::collections::BTreeSet;
use std::fs;

use chrono::TimeDelta;
use keystiled::domain::audit::hashing::ChainEvent;
use keystiled::domain::audit::{Action, Actor, INSTANCE_CHAIN, Origin, Outcome};
use keystiled::domain::client::ClientKind;
use keystiled::services::accounts;
use keystiled::services::signing_keys::{self, RotationTiming};
use reqwest::Method;
use serde_json::{Value, json};

use crate::members::{LEAVE, remove_form, role_form};
use crate::support::app::TestApp;
use crate::support::http::BrowserCaller;
use crate::support::oauth::{Ask, Session, Tokens};
use crate::support::{both_engines, sources};

/// Actions covered by tests of their own.
const ELSEWHERE: [&str; 30] = [
    "audit.rebased",
    "authorization.not_possible",
    "client.old_secret_ended",
    "client.secret_rotated",
    "client.updated",
    "device.codes_guessed",
    "join_link.created",
    "join_link.ended",
    "join_link.used",
    "organization.deleted",
    "organization.disabled",
    "organization.join_links_off",
    "organization.join_links_on",
    "organization.log_removed",
    "organization.purged",
    "organization.renamed",
    "organization.restored",
    "recovery.closed",
    "recovery.opened",
    "session.ahead",
    "signing_key.revoked",
    "user.browsers_signed_out",
    "user.devices_forgotten",
    "user.disabled",
    "user.enabled",
    "user.erased",
    "user.other_browsers_signed_out",
    "user.password_changed",
    "user.password_reset",
    "user.reset_link_created",
];

const SETTINGS: &str = "/o/northwind-labs/settings/api-access";

/// Fills in the form with this action on a page and submits it.
async fn submit(browser: &BrowserCaller, page: &str, action: &str, fields: &[(&str, &str)]) {
    let form = browser.get(page).await.form(action);
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    let answer = browser.submit(&form).await;
    assert!(
        matches!(answer.status, 200 | 303 | 401 | 403 | 422),
        "{page}: {} {}",
        answer.status,
        answer.text()
    );
}

/// Signs in with a wrong password and with the right one, and signs out.
async fn sign_in_and_out(app: &TestApp) {
    let owner = app.owner().await;
    let fields = [("email", owner.email.as_str()), ("password", "not the password at all")];
    submit(&app.browser(), "/sign-in", "/sign-in", &fields).await;
    let browser = app.browser_of(&owner).await;
    browser.submit(&browser.get("/").await.form("/sign-out")).await;
}

/// Approves one tool and denies another, and tries while personal tokens are off.
async fn consent(app: &TestApp, browser: &BrowserCaller) -> Session {
    let session = app.session().await;
    let deny = app.ask(browser, &Ask::of(&session.client)).await;
    app.decide(browser, &deny, "deny").await;
    let (off, on) = (format!("{SETTINGS}/personal-tokens/off"), format!("{SETTINGS}/personal-tokens/on"));
    submit(browser, &off, SETTINGS, &[]).await;
    let closed = app.ask(browser, &Ask::of(&session.client)).await;
    app.decide(browser, &closed, "refuse").await;
    submit(browser, &on, SETTINGS, &[]).await;
    session
}

/// Replays a code and an old refresh token, presents a refresh token as another client, renames a session and ends it.
async fn sessions(app: &TestApp, browser: &BrowserCaller, session: &Session) {
    let ask = Ask::of(&session.client);
    let code = app.authorize(browser, &ask).await.code().to_owned();
    assert_eq!(app.exchange(&ask, &code).await.status, 200);
    assert_eq!(app.exchange(&ask, &code).await.status, 400);
    let reused = app.session_of(&session.client, &session.person).await;
    let second = Tokens::of(&app.refresh(&session.client, &reused.tokens.refresh).await);
    assert_eq!(app.refresh(&session.client, &second.refresh).await.status, 200);
    assert_eq!(app.refresh(&session.client, &reused.tokens.refresh).await.status, 400);
    let other = app.client(ClientKind::Native).await;
    assert_eq!(app.refresh(&other, &session.tokens.refresh).await.status, 400);
    let path = format!("/cli-sessions/{}", session.tokens.session());
    submit(browser, &format!("{path}/rename"), &format!("{path}/rename"), &[("name", "laptop")]).await;
    submit(browser, &format!("{path}/end"), &format!("{path}/end"), &[]).await;
}

/// Creates, changes, rotates and revokes keys, personal tokens and service accounts over the API, and reports one of
/// each as leaked.
async fn credentials(app: &TestApp) {
    let tool = app.owners_tool().await;
    let done = async |path: String, body: Value| {
        let answer = tool.post(&path, &body).await;
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.body);
    };
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let key = json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] });
    let (changed, leaked) = (tool.key(&key).await, tool.key(&key).await);
    done(format!("/api/v1/keys/{}/scopes", id(&changed)), json!({ "scopes": ["org:read", "keys:read"] }))
        .await;
    done(format!("/api/v1/keys/{}/rotate", id(&changed)), json!({ "overlapSeconds": 3600 })).await;
    done(format!("/api/v1/keys/{}/revoke", id(&changed)), json!({})).await;
    let token = json!({ "name": "laptop", "scopes": ["org:read"] });
    let (revoked, found) =
        (tool.made("/api/v1/tokens", &token).await, tool.made("/api/v1/tokens", &token).await);
    done(format!("/api/v1/tokens/{}/revoke", id(&revoked)), json!({})).await;
    let account = json!({ "name": "CI", "purpose": "deploys", "role": "member" });
    let account =
        format!("/api/v1/service-accounts/{}", id(&tool.made("/api/v1/service-accounts", &account).await));
    done(format!("{account}/role"), json!({ "role": "viewer" })).await;
    done(format!("{account}/disable"), json!({})).await;
    done(format!("{account}/enable"), json!({})).await;
    assert_eq!(tool.get("/api/v1/audit/export?format=jsonl").await.status, 200);
    let session = app.owners_tool().await.credential;
    let secrets = [leaked["apiKey"].as_str().unwrap(), found["token"].as_str().unwrap(), &session];
    let report: Vec<Value> = secrets.map(|secret| json!({ "token": secret, "type": "keystile" })).into();
    let anonymous = app.anonymous();
    let request = anonymous.request(Method::POST, "/api/v1/leaked-secrets").json(&report);
    assert_eq!(anonymous.send(request).await.status, 202);
}

/// Changes all settings of the organization.
async fn settings(app: &TestApp, browser: &BrowserCaller) {
    let keys = format!("{SETTINGS}/api-keys");
    for to in ["off", "on"] {
        submit(browser, &format!("{keys}/{to}"), &keys, &[]).await;
    }
    app.set_sign_in_methods(browser, "same_network", "on").await;
    app.set_sign_in_methods(browser, "off", "off").await;
    let limits = [("key_lifetime", "604800"), ("token_lifetime", "604800"), ("token_creators", "admins")];
    submit(browser, SETTINGS, &format!("{SETTINGS}/limits"), &limits).await;
}

/// Invites a user, who joins by a new link, and cancels another invitation.
async fn invitations(app: &TestApp, browser: &BrowserCaller) {
    let (invite, list) = ("/o/northwind-labs/members/invite", "/o/northwind-labs/invitations");
    let yui = app.user("Yui").await;
    submit(browser, invite, invite, &[("addresses", &yui.email)]).await;
    let renew = browser.get(list).await.form_to(list);
    assert_eq!(browser.submit(&renew).await.status, 200);
    let invited = app.browser_of(&yui).await;
    let join = invited.get("/invitations").await.form_to("/invitations/");
    assert_eq!(invited.submit(&join).await.status, 303);
    submit(browser, invite, invite, &[("addresses", "ken@example.com")]).await;
    let renew = browser.get(list).await.form_to(list).action;
    submit(browser, list, &renew.replace("/new-link", "/cancel"), &[]).await;
}

/// Changes the role of a member, removes them with a key that moves, and lets another one leave.
async fn members(app: &TestApp, browser: &BrowserCaller) {
    let body = json!({ "name": "CI", "purpose": "deploys", "role": "member" });
    let account = app.owners_tool().await.made("/api/v1/service-accounts", &body).await;
    let member = app.member("member").await;
    let tool = app.tool_of(&member, "keys:manage org:read").await;
    tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
    browser.submit(&role_form(browser, &member, "viewer").await).await;
    let removal = remove_form(browser, &member).await.with("keys", "move");
    let removal = removal.with("service_account", account["id"].as_str().unwrap());
    assert_eq!(browser.submit(&removal).await.status, 303);
    let leaver = app.browser_of(&app.member("member").await).await;
    submit(&leaver, LEAVE, LEAVE, &[]).await;
}

/// Removes a client and rotates a signing key, as the operator.
async fn operate(app: &TestApp) {
    let client = app.client(ClientKind::Native).await.id;
    app.member("member").await;
    let removed = app
        .inside()
        .store
        .write(move |work| accounts::remove_client(work, &client, &Actor::Operator, &Origin::default()));
    removed.await.unwrap();
    let inside = app.inside();
    signing_keys::rotate(&inside.store, &inside.master, &app.config.keys, RotationTiming::Now).await.unwrap();
}

both_engines! {
    async fn lo_03_every_security_decision_is_recorded(app) {
        let (owner, begun) = (app.owner().await, app.clock.now());
        let browser = app.browser_of(&owner).await;
        sign_in_and_out(app).await;
        let session = consent(app, &browser).await;
        sessions(app, &browser, &session).await;
        credentials(app).await;
        members(app, &browser).await;
        settings(app, &browser).await;
        invitations(app, &browser).await;
        operate(app).await;
        let mut events = app.events_of(&owner.organization.id).await;
        assert!(events.iter().all(|event| event.org_id.as_deref() == Some(owner.organization.id.as_str())));
        events.extend(app.events_of(INSTANCE_CHAIN).await);

        let known: BTreeSet<&str> = events.iter().map(|event| event.action.as_str()).collect();
        let all = Action::ALL.iter().map(|action| action.as_str());
        let missing: BTreeSet<&str> = all.filter(|action| !known.contains(action)).collect();
        assert_eq!(missing, BTreeSet::from(ELSEWHERE));
        let tests: String = sources("tests")
            .into_iter()
            .filter(|path| !path.ends_with("audit/everything.rs"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        for action in missing {
            assert!(tests.contains(&format!("\"{action}\"")), "{action} is recorded in no test");
        }

        let refused = [
            "session.code_reuse", "session.foreign_client", "session.refresh_reuse", "user.sign_in_failed",
            "authorization.switched_off",
        ];
        for event in &events {
            let ChainEvent { action, actor_kind, ip, request_id, outcome, at, .. } = event;
            assert!(*at >= begun - TimeDelta::minutes(5) && *at <= app.clock.now(), "{event:?}");
            if actor_kind == "operator" {
                continue;
            }
            assert_eq!(ip.as_deref(), Some("127.0.0.1"), "{event:?}");
            assert!(request_id.as_deref().is_some_and(|id| id.starts_with("req_")), "{event:?}");
            assert_eq!(event.actor_id.is_some(), actor_kind != "anonymous", "{event:?}");
            if refused.contains(&action.as_str()) {
                assert_eq!(outcome, Outcome::Refused.as_str(), "{event:?}");
            }
        }
        let by = |action: &str| events.iter().find(|event| event.action == action).unwrap();
        assert_eq!(by("session.renamed").actor_id.as_deref(), Some(owner.id.as_str()));
        assert_eq!(by("session.renamed").credential_id, Some(session.tokens.session()));
        assert_eq!(by("user.sign_in_failed").actor_kind, "anonymous");
        assert_eq!(by("signing_key.rotated").actor_kind, "operator");
        assert_eq!(by("key.leaked").actor_kind, "anonymous");
    }
}
