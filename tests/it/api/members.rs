//! Members and invitations through the API.

use serde_json::json;

use super::{is, refusal};
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;

/// All scopes of the catalog.
fn everything(app: &TestApp) -> String {
    app.config.catalog.ids().collect::<Vec<_>>().join(" ")
}

async fn count(caller: &ApiCaller, path: &str) -> usize {
    caller.get(path).await.json()["data"].as_array().unwrap().len()
}

both_engines! {
    async fn members_are_listed_searched_and_filtered(app) {
        let tool = app.owners_tool().await;
        let (admin, viewer) = (app.member("admin").await, app.member("viewer").await);
        assert_eq!(count(&tool, "/api/v1/members").await, 3);
        assert_eq!(count(&tool, "/api/v1/members?role=viewer").await, 1);
        assert_eq!(count(&tool, "/api/v1/members?role=emperor").await, 0);
        let found = tool.get(&format!("/api/v1/members?q={}", viewer.email)).await.json();
        assert_eq!(found["data"][0]["id"], viewer.id);
        assert_eq!(found["data"][0]["role"], "viewer");
        let first = tool.get("/api/v1/members?limit=2").await.json();
        let rest = format!("/api/v1/members?limit=2&cursor={}", first["nextCursor"].as_str().unwrap());
        assert_eq!((first["data"].as_array().unwrap().len(), count(&tool, &rest).await), (2, 1));
        let one = tool.get(&format!("/api/v1/members/{}", admin.id)).await.json();
        assert_eq!((&one["data"]["email"], &one["data"]["credentials"]["sessions"]), (&json!(admin.email), &json!(0)));
        assert_eq!(tool.get("/api/v1/members/usr_nobody").await.status, 404);
        let narrow = app.tool_of(&admin, "org:read").await;
        assert_eq!(refusal(&narrow.get("/api/v1/members").await), is(403, "insufficient_scope"));
    }

    async fn a_changed_role_limits_the_tools_of_a_member_at_once(app) {
        let (tool, member) = (app.owners_tool().await, app.member("member").await);
        let theirs = app.tool_of(&member, "keys:read org:read").await;
        assert_eq!(theirs.get("/api/v1/keys").await.status, 200);
        let role = format!("/api/v1/members/{}/role", member.id);
        let changed = tool.post(&role, &json!({ "role": "viewer" })).await;
        assert_eq!((changed.status, &changed.json()["data"]["role"]), (200, &json!("viewer")));
        assert_eq!(refusal(&theirs.get("/api/v1/keys").await), is(403, "insufficient_scope"));
        assert_eq!(refusal(&tool.post(&role, &json!({ "role": "emperor" })).await), is(422, "invalid_parameter"));
        assert_eq!(app.audited("member.role_changed").await, 1);
    }

    async fn p_22_no_credential_makes_changes_or_removes_an_owner(app) {
        let (owner, tool) = (app.owner().await, app.owners_tool().await);
        let (second, member) = (app.member("owner").await, app.member("member").await);
        let admin = app.tool_of(&app.member("admin").await, &everything(app)).await;
        for caller in [&tool, &admin] {
            for (path, body) in [
                (format!("/api/v1/members/{}/role", member.id), json!({ "role": "owner" })),
                (format!("/api/v1/members/{}/role", member.id), json!({ "role": "admin" })),
                (format!("/api/v1/members/{}/role", second.id), json!({ "role": "member" })),
                (format!("/api/v1/members/{}/remove", second.id), json!({})),
                ("/api/v1/invitations".to_owned(), json!({ "addresses": ["eve@example.com"], "role": "owner" })),
            ] {
                assert_eq!(refusal(&caller.post(&path, &body).await), is(403, "needs_person"), "{path} {body}");
            }
        }
        assert_eq!(refusal(&tool.post("/api/v1/members/leave", &json!({})).await), is(403, "needs_person"));
        assert_eq!(tool.get(&format!("/api/v1/members/{}", owner.id)).await.json()["data"]["role"], "owner");
        assert_eq!(tool.get(&format!("/api/v1/members/{}", second.id)).await.json()["data"]["role"], "owner");
    }

    async fn a_removed_member_loses_everything_but_a_key_that_moves(app) {
        let (tool, member) = (app.owners_tool().await, app.member("member").await);
        let theirs = app.tool_of(&member, &everything(app)).await;
        let body = json!({ "name": "report", "mode": "live", "scopes": ["org:read"] });
        let key = app.holder(&theirs.key(&body).await);
        let account = json!({ "name": "CI", "purpose": "Reports", "role": "viewer" });
        let account = tool.made("/api/v1/service-accounts", &account).await;
        let remove = format!("/api/v1/members/{}/remove", member.id);
        for wrong in [json!({ "keys": "keep" }), json!({ "keys": "move" }), json!({ "serviceAccount": "sa_1" })] {
            assert_eq!(refusal(&tool.post(&remove, &wrong).await), is(422, "invalid_parameter"), "{wrong}");
        }
        let moved = tool.post(&remove, &json!({ "keys": "move", "serviceAccount": account["id"] })).await;
        let ended = moved.json()["data"].clone();
        assert_eq!((&ended["sessions"], &ended["movedKeys"], &ended["keys"]), (&json!(1), &json!(1), &json!(0)));
        assert_eq!(theirs.get("/api/v1/whoami").await.status, 401);
        let whoami = key.get("/api/v1/whoami").await.json();
        assert_eq!(whoami["data"]["subject"]["id"], account["id"], "{whoami}");
        assert_eq!(tool.get(&format!("/api/v1/members/{}", member.id)).await.status, 404);
        assert_eq!(tool.post(&remove, &json!({})).await.status, 404);
    }

    async fn a_tool_leaves_for_its_user_and_a_key_does_not(app) {
        let member = app.member("member").await;
        let tool = app.tool_of(&member, &everything(app)).await;
        let key = app.holder(&tool.key(&json!({ "name": "x", "mode": "live", "scopes": ["org:read"] })).await);
        assert_eq!(refusal(&key.post("/api/v1/members/leave", &json!({})).await), is(403, "needs_person"));
        let left = tool.post("/api/v1/members/leave", &json!({})).await;
        assert_eq!((left.status, &left.json()["data"]["id"]), (200, &json!(member.id)));
        assert_eq!(tool.get("/api/v1/whoami").await.status, 401);
        assert_eq!(key.get("/api/v1/whoami").await.status, 401);
        assert_eq!(app.audited("member.left").await, 1);
    }

    async fn a_tool_invites_with_a_link_that_it_sees_once(app) {
        let tool = app.owners_tool().await;
        let asked = json!({ "addresses": ["ben@example.com", "nobody"], "role": "member", "note": "Welcome" });
        let invited = tool.post("/api/v1/invitations", &asked).await;
        let rows = invited.json()["data"].clone();
        let outcome = |address: &str| rows.as_array().unwrap().iter().find(|row| row["address"] == address).unwrap().clone();
        assert_eq!((invited.status, &outcome("nobody")["outcome"]), (201, &json!("not_an_address")));
        let link = outcome("ben@example.com")["url"].as_str().unwrap().to_owned();
        let list = tool.get("/api/v1/invitations").await;
        let listed = list.json()["data"][0].clone();
        assert_eq!((&listed["address"], &listed["note"], &listed["valid"]), (&json!("ben@example.com"), &json!("Welcome"), &json!(true)));
        assert!(!list.text().contains(link.rsplit('/').next().unwrap()), "the link is not stored");
        let path = format!("/api/v1/invitations/{}", listed["id"].as_str().unwrap());
        let renewed = tool.post(&format!("{path}/renew"), &json!({})).await.json();
        assert_ne!(renewed["data"]["url"], json!(link));
        assert_eq!(refusal(&tool.post(&format!("{path}/cancel"), &json!({})).await), is(409, "ended"));
        let newer = tool.get("/api/v1/invitations").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(tool.post(&format!("/api/v1/invitations/{newer}/cancel"), &json!({})).await.status, 200);
        assert_eq!(tool.get("/api/v1/invitations").await.json()["data"], json!([]));
        let admin = app.tool_of(&app.member("admin").await, &everything(app)).await;
        assert_eq!(admin.post("/api/v1/invitations", &asked).await.status, 201);
        let member = app.tool_of(&app.member("member").await, &everything(app)).await;
        assert_eq!(refusal(&member.post("/api/v1/invitations", &asked).await), is(403, "insufficient_scope"));
    }
}
