//! A key is limited by the current permissions of its owner.

use keystiled::store::memberships;
use serde_json::json;

use super::{is, refusal, wanted};
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::people::Person;

async fn set_role(app: &TestApp, person: &Person, role: &'static str) {
    let (org, user) = (person.organization.id.clone(), person.id.clone());
    let changed =
        app.inside().store.write(move |work| memberships::set_role(work.conn, &org, &user, role)).await;
    assert!(changed.unwrap());
}

async fn remove(app: &TestApp, person: &Person) {
    let (org, user) = (person.organization.id.clone(), person.id.clone());
    assert!(app.inside().store.write(move |work| memberships::remove(work.conn, &org, &user)).await.unwrap());
}

both_engines! {
    async fn ak_07_a_key_shrinks_with_its_creator_and_dies_when_they_leave(app) {
        let member = app.member("member").await;
        let tool = app.tool_of(&member, "keys:manage deployments:read deployments:write").await;
        let key = app.holder(&tool.key(&wanted(&["deployments:read", "deployments:write"])).await);
        let scopes = async || key.get("/api/v1/whoami").await.json()["data"]["scopes"].clone();
        assert_eq!(scopes().await, json!(["deployments:read", "deployments:write"]));
        set_role(app, &member, "viewer").await;
        assert_eq!(scopes().await, json!(["deployments:read"]));
        set_role(app, &member, "member").await;
        assert_eq!(scopes().await, json!(["deployments:read", "deployments:write"]));
        remove(app, &member).await;
        assert_eq!(refusal(&key.get("/api/v1/whoami").await), is(401, "revoked_api_key"));
    }

    async fn credentials_stop_while_their_person_or_their_organization_is_disabled(app) {
        let tool = app.owners_tool().await;
        let body = json!({ "name": "CI", "purpose": "deploys", "role": "member" });
        let account = tool.made("/api/v1/service-accounts", &body).await;
        let mut of_account = wanted(&["org:read"]);
        of_account["serviceAccount"] = account["id"].clone();
        let key = tool.key(&wanted(&["org:read"])).await;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", key["id"].as_str().unwrap()),
            ("client_secret", key["apiKey"].as_str().unwrap()),
        ];
        let exchanged = app.anonymous().post("/oauth/token", &form).await.json();
        let persons = [
            app.holder(&key),
            app.holder(&tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await),
            app.caller(exchanged["access_token"].as_str().unwrap()),
        ];
        let program = app.holder(&tool.key(&of_account).await);
        let all = async || {
            let mut statuses = Vec::new();
            for holder in persons.iter().chain([&program]) {
                statuses.push(holder.get("/api/v1/whoami").await.status);
            }
            statuses
        };
        assert_eq!(all().await, [200; 4]);
        app.execute("UPDATE users SET disabled_at = created_at").await.unwrap();
        assert_eq!(all().await, [401, 401, 401, 200], "a service account does not depend on its creator");
        app.execute("UPDATE users SET disabled_at = NULL").await.unwrap();
        app.execute("UPDATE organizations SET disabled_at = created_at").await.unwrap();
        assert_eq!(all().await, [401; 4]);
        app.execute("UPDATE organizations SET disabled_at = NULL").await.unwrap();
        assert_eq!(all().await, [200; 4]);
    }

    async fn the_key_of_a_service_account_lives_on_when_its_creator_leaves(app) {
        let admin = app.member("admin").await;
        let tool = app.tool_of(&admin, "keys:manage service_accounts:manage deployments:write").await;
        let account = tool.made("/api/v1/service-accounts", &json!({ "name": "CI", "purpose": "deploys", "role": "member" })).await;
        let mut body = wanted(&["deployments:write"]);
        body["serviceAccount"] = account["id"].clone();
        let made = tool.key(&body).await;
        assert_eq!((&made["owner"]["kind"], &made["owner"]["name"]), (&json!("service_account"), &json!("CI")));
        assert_eq!(made["createdBy"]["id"], admin.id);
        remove(app, &admin).await;
        let whoami = app.holder(&made).get("/api/v1/whoami").await.json();
        assert_eq!(whoami["data"]["subject"], json!({ "kind": "service_account", "id": account["id"], "email": null, "name": "CI" }));
        assert_eq!(whoami["data"]["scopes"], json!(["deployments:write"]));
    }

    async fn ak_09_keys_of_another_organization_are_not_there(app) {
        let elsewhere = app.organization("Elsewhere").await;
        let theirs = app.tool_of(&app.member_of(&elsewhere, "owner").await, "keys:manage org:read").await;
        let key = theirs.key(&wanted(&["org:read"])).await;
        let mine = app.owners_tool().await;
        let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
        assert_eq!(refusal(&mine.get(&path).await), is(404, "not_found"));
        for (act, body) in [("rotate", json!({})), ("revoke", json!({})), ("scopes", json!({ "scopes": ["org:read"] }))] {
            let answer = mine.post(&format!("{path}/{act}"), &body).await;
            assert_eq!(refusal(&answer), is(404, "not_found"), "{act}");
        }
        assert_eq!(app.holder(&key).get("/api/v1/whoami").await.status, 200);
        assert_eq!(mine.get("/api/v1/keys").await.json()["data"], json!([]));
    }

    async fn members_see_their_own_keys_and_admins_every_one(app) {
        let one = app.tool_of(&app.member("member").await, "keys:manage org:read").await;
        let other = app.tool_of(&app.member("member").await, "keys:manage org:read").await;
        let admin = app.tool_of(&app.member("admin").await, "keys:manage org:read").await;
        let key = one.key(&wanted(&["org:read"])).await;
        let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
        assert_eq!(other.get(&path).await.status, 404);
        assert_eq!(other.post(&format!("{path}/revoke"), &json!({})).await.status, 404);
        assert_eq!(other.get("/api/v1/keys").await.json()["data"], json!([]));
        assert_eq!(admin.get("/api/v1/keys").await.json()["data"][0]["id"], key["id"]);
        assert_eq!(admin.post(&format!("{path}/revoke"), &json!({})).await.status, 200);
        assert_eq!(app.holder(&key).get("/api/v1/whoami").await.status, 401);
    }
}

#[tokio::test]
async fn ak_07_on_one_node_demoted_is_demoted_on_the_other() {
    let one = Builder::on(Database::postgres()).start().await;
    let app = &one;
    let member = app.member("member").await;
    let tool = app.tool_of(&member, "keys:manage deployments:write").await;
    let made = tool.key(&wanted(&["deployments:write"])).await;
    let other = Box::pin(app.another_node().start()).await;
    let there = other.holder(&made);
    assert_eq!(there.get("/api/v1/whoami").await.json()["data"]["scopes"], json!(["deployments:write"]));
    set_role(app, &member, "viewer").await;
    assert_eq!(there.get("/api/v1/whoami").await.json()["data"]["scopes"], json!([]));
    set_role(app, &member, "member").await;
    let revoke = format!("/api/v1/keys/{}/revoke", made["id"].as_str().unwrap());
    assert_eq!(tool.post(&revoke, &json!({})).await.status, 200);
    assert_eq!(refusal(&there.get("/api/v1/whoami").await), is(401, "revoked_api_key"));
    other.stop().await;
    one.stop().await;
}
