//! Erasure of a person: nothing of them is left, and the audit log still verifies.

use std::time::Duration;

use keystiled::domain::client::ClientKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;
use crate::support::oauth::Session;
use crate::support::people::Person;

/// The address of the person, behind a proxy.
const ADDRESS: &str = "198.51.100.77";
const LOG: &str = "/o/northwind-labs/audit";

/// What only the person has in the database.
const TRACES: [&str; 3] = ["Zebulon", "zebulon", ADDRESS];

async fn submit(browser: &BrowserCaller, page: &str, action: &str, fields: &[(&str, &str)]) -> u16 {
    let form = browser.get(page).await.form_to(action);
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    browser.submit(&form).await.status
}

/// A person who was invited and joined, signed in, used a tool and a key, and was looked up by many tables.
async fn active_person(app: &TestApp, role: &str) -> (Person, BrowserCaller, Session) {
    let owner = app.browser_of(&app.owner().await).await;
    let person = app.user("Zebulon").await;
    let invite = "/o/northwind-labs/members/invite";
    let fields = [("addresses", person.email.as_str()), ("role", role), ("note", "Zebulon, join us")];
    assert_eq!(submit(&owner, invite, invite, &fields).await, 200);
    let browser = BrowserCaller::from_address(&app.base(), ADDRESS);
    let wrong = [("email", person.email.as_str()), ("password", "not the password at all")];
    submit(&browser, "/sign-in", "/sign-in", &wrong).await;
    app.sign_in(&browser, &person).await;
    assert_eq!(submit(&browser, "/invitations", "/invitations/", &[]).await, 303);
    let client = app.client(ClientKind::Native).await;
    let session = app.session_in(&browser, &client, &person).await;
    let rename = format!("/cli-sessions/{}/rename", session.tokens.session());
    submit(&browser, &rename, &rename, &[("name", "zebulons-laptop")]).await;
    let tool = app.tool_of(&person, "keys:manage org:read").await;
    tool.key(&json!({ "name": "zebulon-ci", "mode": "live", "scopes": ["org:read"] })).await;
    let whoami = browser.request(Method::GET, "/api/v1/whoami").bearer_auth(&session.tokens.access);
    assert_eq!(app.anonymous().send(whoami).await.status, 200);
    app.operate(&["user", "reset-link", &person.email]).await;
    // Uses are written in the background.
    for _ in 0..100 {
        if app.count(&format!("uses WHERE ip = '{ADDRESS}'")).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for trace in TRACES {
        assert!(app.holds(trace).await, "{trace} is there before");
    }
    (person, browser, session)
}

async fn verified(app: &TestApp) -> Value {
    app.operate(&["audit", "verify"]).await
}

both_engines! {
    async fn p_55_no_byte_of_an_erased_person_is_left_and_the_chain_verifies(app, |app| {
        app.with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
    }) {
        let (person, browser, session) = active_person(app, "member").await;
        assert!(verified(app).await["chains"].as_array().unwrap().iter().all(|chain| chain["erased"] == 0));
        let refused = app.keystiled(&["user", "erase", &person.email]).await;
        assert_eq!(refused.code, Some(1), "{refused:#?}");
        assert!(refused.stderr.contains("--yes") && app.holds("zebulon").await, "{refused:#?}");

        let erased = app.operate(&["user", "erase", &person.email, "--yes"]).await;
        assert_eq!((&erased["id"], &erased["organizations"], &erased["compacted"]), (&json!(person.id), &json!(1), &json!(true)));
        assert!(erased["values"].as_u64().unwrap() > 10, "{erased}");
        for trace in TRACES {
            assert!(!app.holds(trace).await, "{trace} is left");
        }

        let report = verified(app).await;
        assert_eq!(report["intact"], true, "{report}");
        assert!(report["chains"].as_array().unwrap().iter().all(|chain| chain["erased"].as_u64() > Some(0)), "{report}");
        assert!(browser.get("/").await.status == 303, "signed out");
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 400);
        let again = app.keystiled(&["user", "erase", &person.email, "--yes"]).await;
        assert!(again.stderr.contains("There is no user with the address"), "{again:#?}");
        assert_ne!(app.user("Zebulon").await.id, person.id, "the id never means anybody else");
    }

    async fn p_55_pages_and_files_say_what_was_erased(app, |app| {
        app.with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
    }) {
        let (person, ..) = active_person(app, "member").await;
        app.operate(&["user", "erase", &person.email, "--yes"]).await;
        let owner = app.browser_of(&app.owner().await).await;
        let page = owner.get(&format!("{LOG}?action=session.renamed&actor={}", person.id)).await;
        assert!(page.text().contains("Erased person renamed the session"), "{}", page.text());
        assert!(page.text().contains("before erased") || page.body.contains("<bdi>erased</bdi>"), "{}", page.body);
        let export = |format: &str| format!("{LOG}/export?format={format}&action=session.renamed");
        let line: Value = serde_json::from_str(&owner.get(&export("jsonl")).await.body).unwrap();
        assert_eq!((&line["ip"], &line["details"]), (&Value::Null, &json!({})));
        assert_eq!(line["erased"], json!(["details.after", "details.before", "ip"]), "{line}");
        let csv = owner.get(&export("csv")).await.body;
        assert!(csv.contains("\"details.after details.before ip\""), "{csv}");
        let ended = owner.get(&format!("{LOG}?action=member.removed")).await;
        assert!(ended.text().contains("removed Erased person from the organization"), "{}", ended.text());
        assert!(app.events_of("instance").await.iter().any(|event| event.action == "user.erased"));
    }

    async fn p_55_values_of_others_stay(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let browser = app.browser_of(&owner).await;
        app.browser_of(&member).await;
        let page = browser.get(&format!("/o/northwind-labs/members/{}/role", member.id)).await;
        let form = page.form_to("/o/northwind-labs/members/").with("role", "viewer");
        browser.submit(&form).await;
        app.operate(&["user", "erase", &member.email, "--yes"]).await;
        let recorded = app.recorded_of(&owner.organization.id).await;
        let change = recorded.iter().find(|recorded| recorded.event.action == "member.role_changed").unwrap();
        assert_eq!((change.event.ip.as_deref(), &change.erased), (Some("127.0.0.1"), &Vec::new()), "the owner did it");
        let sign_ins = app.events_of("instance").await;
        let of = |id: &str| sign_ins.iter().find(|event| event.actor_id.as_deref() == Some(id)).unwrap();
        assert_eq!((of(&owner.id).ip.is_some(), of(&member.id).ip.is_some()), (true, false));
    }

    async fn p_17_the_last_owner_is_not_erased(app) {
        let owner = app.owner().await;
        let refused = app.keystiled(&["user", "erase", &owner.email, "--yes"]).await;
        assert!(refused.code == Some(1) && refused.stderr.contains("last_owner: "), "{refused:#?}");
        app.browser_of(&owner).await;
        let second = app.member("owner").await;
        app.operate(&["user", "erase", &owner.email, "--yes"]).await;
        let refused = app.keystiled(&["user", "erase", &second.email, "--yes"]).await;
        assert!(refused.stderr.contains("last_owner: "), "{refused:#?}");
    }

    async fn p_55_no_personal_value_is_in_the_hashed_part_of_an_event(app, |app| {
        app.with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
    }) {
        active_person(app, "member").await;
        for trace in ["zebulon", ADDRESS] {
            let rows = format!(
                "audit_events WHERE COALESCE(ip, '') || COALESCE(user_agent, '') || COALESCE(target, '') || details
                    LIKE '%{trace}%'"
            );
            assert_eq!(app.count(&rows).await, 0, "{trace}");
            assert!(app.count(&format!("person_values WHERE value LIKE '%{trace}%'")).await > 0, "{trace}");
        }
        for change in ["UPDATE person_values SET value = '\"x\"'", "UPDATE audit_events SET ip = 'x'"] {
            app.execute(change).await.unwrap_err();
        }
    }
}
