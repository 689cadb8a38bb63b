//! The log of uses.

use std::time::{Duration, Instant};

use keystiled::domain::client::ClientKind;
use keystiled::domain::subject::SubjectId;
use keystiled::domain::usage::{CredentialRef, Use, UseOutcome};
use keystiled::services::usage;
use reqwest::Method;
use serde_json::{Value, json};

use super::{get, reader};
use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::both_engines;

const USES: &str = "/api/v1/uses";

/// Waits until this many uses are written, which takes less than a second.
pub(super) async fn wait_for_uses(app: &TestApp, expected: i64) {
    wait_for_rows(app, "uses", expected).await;
}

/// Waits until a table has this many rows.
async fn wait_for_rows(app: &TestApp, table: &str, expected: i64) {
    let started = Instant::now();
    while app.count(table).await < expected {
        assert!(started.elapsed() < Duration::from_secs(20), "{} of {expected}", app.count(table).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

both_engines! {
    async fn r176_to_r179_each_use_has_time_address_endpoint_and_owner(app) {
        let owner = app.owner().await;
        let tokens = reader(app, &app.client(ClientKind::Native).await, &owner).await;
        let request = app.anonymous().request(Method::GET, "/api/v1/sessions?limit=5").bearer_auth(&tokens.access);
        let answer = app.anonymous().send(request.header("X-Request-Id", "trace-1")).await;
        assert_eq!(answer.status, 200);
        get(app, "/oauth/userinfo", &tokens.access).await;
        wait_for_uses(app, 2).await;
        let list = get(app, USES, &tokens.access).await.json();
        let entries = list["data"].as_array().unwrap();
        let used = &entries[1];
        assert_eq!(used["endpoint"], json!("GET /api/v1/sessions"), "the path pattern, without the query");
        assert_eq!((&used["outcome"], &used["status"]), (&json!("allowed"), &json!(200)));
        assert_eq!(used["credential"]["id"], json!(tokens.session()));
        assert_eq!(used["credential"]["kind"], json!("cli_session"));
        assert_eq!(used["user"], json!({ "id": owner.id, "name": "Olivia" }));
        assert_eq!((&used["ip"], &used["requestId"]), (&json!("127.0.0.1"), &json!("trace-1")));
        let denied = &entries[0];
        assert_eq!((&denied["outcome"], &denied["status"]), (&json!("denied"), &json!(403)));
        assert_eq!(denied["endpoint"], json!("GET /oauth/userinfo"));
    }

    async fn r176_a_key_a_personal_token_and_a_service_account_leave_a_use_each(app) {
        let owner = app.owners_tool().await;
        let account = owner.made("/api/v1/service-accounts", &json!({
            "name": "CI", "purpose": "deploys", "role": "viewer",
        })).await;
        let mut wanted = json!({ "name": "pipeline", "mode": "live", "scopes": ["org:read"], "serviceAccount": account["id"] });
        let accounts_key = owner.key(&wanted).await;
        wanted.as_object_mut().unwrap().remove("serviceAccount");
        let key = owner.key(&wanted).await;
        let token = owner.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await;
        let maker = json!({ "id": app.owner().await.id, "name": "Olivia" });
        let runs = json!({ "id": account["id"], "name": "CI" });
        for (made, kind, user, service_account) in [
            (&key, "api_key", &maker, &Value::Null),
            (&accounts_key, "api_key", &Value::Null, &runs),
            (&token, "personal_token", &maker, &Value::Null),
        ] {
            let holder = app.holder(made);
            assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
            assert_eq!(holder.get("/api/v1/keys").await.status, 403);
            let path = if kind == "api_key" { "keys" } else { "tokens" };
            owner.post(&format!("/api/v1/{path}/{}/revoke", made["id"].as_str().unwrap()), &json!({})).await;
            assert_eq!(holder.get("/api/v1/whoami").await.status, 401);
            let found = owner.uses_of(made, 3).await;
            let outcomes: Vec<_> = found.iter().map(|used| &used["status"]).collect();
            assert_eq!(outcomes, [&json!(401), &json!(403), &json!(200)], "newest first");
            assert_eq!(found[0]["outcome"], json!("denied"));
            assert_eq!(found[2]["credential"], json!({ "id": made["id"], "kind": kind, "name": made["name"] }));
            assert_eq!((&found[2]["user"], &found[2]["serviceAccount"]), (user, service_account));
        }
    }

    async fn r98_r99_live_and_test_keys_are_counted_apart(app) {
        let owner = app.owners_tool().await;
        for (mode, times) in [("live", 3), ("test", 2)] {
            let key = owner.key(&json!({ "name": mode, "mode": mode, "scopes": ["org:read"] })).await;
            let holder = app.holder(&key);
            for _ in 0..times {
                holder.get("/api/v1/whoami").await;
            }
            owner.uses_of(&key, times).await;
            let path = format!("/api/v1/usage?credential={}", key["id"].as_str().unwrap());
            let usage = owner.get(&path).await.json();
            let count = &usage["data"][0];
            assert_eq!((&count["mode"], &count["count"]), (&json!(mode), &json!(times)), "{usage}");
        }
    }

    async fn a_use_after_the_end_is_denied_and_in_the_log(app) {
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let (reading, ended) = (reader(app, &client, &owner).await, reader(app, &client, &owner).await);
        app.client_post(&client, "/oauth/revoke", &[("token", &ended.refresh)]).await;
        assert_eq!(app.whoami(&ended.access).await.status, 401);
        assert_eq!(app.whoami("e30.e30.e30").await.status, 401, "a token that no credential issued is not logged");
        wait_for_uses(app, 1).await;
        let path = format!("{USES}?outcome=denied&credential={}", ended.session());
        let uses = get(app, &path, &reading.access).await.json();
        assert_eq!(uses["data"].as_array().unwrap().len(), 1);
        assert_eq!(uses["data"][0]["status"], json!(401));
    }

    async fn without_the_log_a_credential_still_says_when_it_was_used_last(app, |app| {
        app.with("KEYSTILE_AUDIT__LOG_USES", "false")
    }) {
        let owner = app.owners_tool().await;
        let key = owner.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
        assert_eq!(app.holder(&key).get("/api/v1/whoami").await.status, 200);
        let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
        let started = Instant::now();
        while owner.get(&path).await.json()["data"]["lastUsedAt"].is_null() {
            assert!(started.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!((app.count("uses").await, app.count("usage").await), (0, 0));
    }

    async fn a_refresh_is_not_logged_as_a_use_but_updates_the_last_use(app) {
        let session = app.session().await;
        app.refresh(&session.client, &session.tokens.refresh).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(app.count("uses").await, 0);
    }

    async fn many_at_once_are_all_in_the_log_and_in_the_counts(app) {
        let owner = app.owner().await;
        let tokens = reader(app, &app.client(ClientKind::Native).await, &owner).await;
        at_once(24, async |_| {
            for _ in 0..25 {
                assert_eq!(app.whoami(&tokens.access).await.status, 200);
            }
        });
        wait_for_uses(app, 600).await;
        assert_eq!(app.count("uses").await, 600);
        let usage = get(app, "/api/v1/usage", &tokens.access).await.json();
        let whoami: Vec<&Value> = usage["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|count| count["endpoint"] == json!("GET /api/v1/whoami"))
            .collect();
        let total: i64 = whoami.iter().map(|count| count["count"].as_i64().unwrap()).sum();
        assert_eq!(total, 600, "{usage}");
        assert!(whoami.iter().all(|count| count["credential"] == json!(tokens.session())));
    }

    async fn callers_cannot_make_up_endless_endpoints(app) {
        let owner = app.owners_tool().await;
        let key = owner.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
        let id = key["id"].as_str().unwrap();
        let person = app.owner().await;
        for names in [0..150, 100..300, 0..400] {
            let used = |name| Use {
                at: app.clock.now(),
                credential: CredentialRef {
                    id: id.to_owned(),
                    org_id: person.organization.id.clone(),
                    owner: SubjectId::User(person.id.clone()),
                },
                endpoint: format!("GET /{name}"),
                outcome: UseOutcome::Allowed,
                status: 200,
                ip: None,
                request_id: String::new(),
            detailed: true,
            };
            let (used, keep) = (names.map(used).collect::<Vec<_>>(), app.config.audit);
            app.inside().store.write(move |work| usage::record(work, &used, keep)).await.unwrap();
        }
        let usage = owner.get(&format!("/api/v1/usage?limit=1000&credential={id}")).await.json();
        let counts = usage["data"].as_array().unwrap();
        let count = |endpoint: &str| counts.iter().find(|count| count["endpoint"] == endpoint).unwrap()["count"].clone();
        assert_eq!(counts.len(), 201, "{usage}");
        assert_eq!((count("GET /0"), count("GET /120"), count("(other)")), (json!(2), json!(3), json!(300)));
    }

    async fn the_list_continues_after_its_last_entry(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let tokens = reader(app, &app.client(ClientKind::Native).await, &owner).await;
        for _ in 0..5 {
            app.whoami(&tokens.access).await;
        }
        wait_for_uses(app, 5).await;
        let mut found = Vec::new();
        let mut path = format!("{USES}?limit=2&until={}", app.clock.now() + chrono::TimeDelta::seconds(1));
        let beginning = path.clone();
        app.advance(chrono::TimeDelta::seconds(5));
        loop {
            let page = get(app, &path, &tokens.access).await.json();
            found.extend(page["data"].as_array().unwrap().iter().map(|used| used["id"].to_string()));
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("{beginning}&cursor={cursor}");
        }
        let all = found.len();
        found.sort();
        found.dedup();
        assert_eq!((all, found.len()), (5, 5), "each once, although all have the same time");
        // Reading the log is logged as a use too.
        wait_for_uses(app, 8).await;
        let mut days = Vec::new();
        let mut path = "/api/v1/usage?limit=1".to_owned();
        loop {
            let page = get(app, &path, &tokens.access).await.json();
            days.extend(page["data"].as_array().unwrap().iter().map(|count| count["endpoint"].to_string()));
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("/api/v1/usage?limit=1&cursor={cursor}");
        }
        days.dedup();
        assert!(days.len() >= 2, "{days:?}");
        for bad in ["/api/v1/usage?from=x", "/api/v1/usage?to=2026-1-1", "/api/v1/uses?outcome=x"] {
            assert_eq!(get(app, bad, &tokens.access).await.status, 400, "{bad}");
        }
    }

    async fn cb_07_denied_uses_are_counted_and_ten_a_minute_are_recorded_in_detail(app, |app| app.manual_clock()) {
        let owner = app.owners_tool().await;
        let made = owner.key(&json!({ "name": "pipeline", "mode": "live", "scopes": ["org:read"] })).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/keys/{id}/revoke");
        assert_eq!(owner.post(&path, &json!({})).await.status, 200);
        let key = made["apiKey"].as_str().unwrap();
        let present = async |times: usize| {
            for _ in 0..times {
                let request = app.anonymous().request(Method::GET, "/api/v1/verify").bearer_auth(key);
                assert_eq!(app.anonymous().send(request).await.status, 401);
            }
        };
        let counted = format!("usage WHERE credential_id = '{id}' AND outcome = 'denied' AND count =");
        let kept = format!("uses WHERE credential_id = '{id}' AND outcome = 'denied'");
        present(60).await;
        wait_for_rows(app, &format!("{counted} 60"), 1).await;
        assert_eq!(app.count(&kept).await, 10);
        app.advance(chrono::TimeDelta::minutes(1));
        present(15).await;
        wait_for_rows(app, &format!("{counted} 75"), 1).await;
        assert_eq!(app.count(&kept).await, 20);
    }

    async fn old_uses_are_deleted(app, |app| {
        app.manual_clock().with("KEYSTILE_AUDIT__KEEP_USES", "2d").with("KEYSTILE_AUDIT__KEEP_USAGE", "4d")
    }) {
        let tokens = app.session().await.tokens;
        for _ in 0..3 {
            app.whoami(&tokens.access).await;
        }
        wait_for_uses(app, 3).await;
        app.sweep().await;
        assert_eq!((app.count("uses").await, app.count("usage").await), (3, 1));
        app.advance(chrono::TimeDelta::days(3));
        app.sweep().await;
        assert_eq!((app.count("uses").await, app.count("usage").await), (0, 1));
        app.advance(chrono::TimeDelta::days(3));
        assert_eq!((app.sweep().await, app.count("usage").await), (1, 0));
        assert!(app.count("audit_events").await > 0, "events stay");
    }
}
