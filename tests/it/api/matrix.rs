//! Every route of the API, called by each role, by another organization and without a credential.

use std::collections::BTreeSet;
use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use super::wanted;
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;

/// The resource that `{id}` in a path refers to; each belongs to the owner of the first organization.
#[derive(Clone, Copy)]
enum Thing {
    Nothing,
    Session,
    Key,
    Token,
    ServiceAccount,
    Member,
    Invitation,
}

/// The statuses for owner, admin, member and viewer.
type Statuses = [u16; 4];

pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    thing: Thing,
    pub(super) body: fn() -> Value,
    statuses: Statuses,
    public: bool,
}

const fn get(path: &'static str, thing: Thing, statuses: Statuses) -> Route {
    Route { method: "GET", path, thing, body: nothing, statuses, public: false }
}

const fn post(path: &'static str, thing: Thing, body: fn() -> Value, statuses: Statuses) -> Route {
    Route { method: "POST", path, thing, body, statuses, public: false }
}

fn nothing() -> Value {
    json!({})
}

fn key() -> Value {
    wanted(&["org:read"])
}

fn token() -> Value {
    json!({ "name": "laptop", "scopes": ["org:read"] })
}

fn account() -> Value {
    json!({ "name": "CI", "purpose": "deploys", "role": "viewer" })
}

fn invitation() -> Value {
    json!({ "addresses": ["ben@example.com"], "role": "viewer" })
}

fn scopes() -> Value {
    json!({ "scopes": ["org:read"] })
}

fn role() -> Value {
    json!({ "role": "member" })
}

/// The body holds the credential; this one is not valid.
fn checked() -> Value {
    json!({ "credential": "keystile_live_x" })
}

fn leak() -> Value {
    json!([{ "token": "keystile_live_none" }])
}

pub(super) const ROUTES: &[Route] = &[
    Route { public: true, ..get("/api/openapi.json", Thing::Nothing, [200; 4]) },
    Route { public: true, ..post("/api/v1/leaked-secrets", Thing::Nothing, leak, [202; 4]) },
    get("/api/v1/whoami", Thing::Nothing, [200; 4]),
    get("/api/v1/verify", Thing::Nothing, [200; 4]),
    post("/api/v1/verify", Thing::Nothing, checked, [401; 4]),
    Route { public: true, ..get("/api/v1/scopes", Thing::Nothing, [200; 4]) },
    get("/api/v1/sessions", Thing::Nothing, [200; 4]),
    post("/api/v1/sessions/{id}/revoke", Thing::Session, nothing, [200, 404, 404, 404]),
    get("/api/v1/keys", Thing::Nothing, [200, 200, 200, 403]),
    post("/api/v1/keys", Thing::Nothing, key, [201, 201, 201, 403]),
    get("/api/v1/keys/{id}", Thing::Key, [200, 200, 404, 403]),
    post("/api/v1/keys/{id}/rotate", Thing::Key, nothing, [201, 403, 404, 403]),
    post("/api/v1/keys/{id}/revoke", Thing::Key, nothing, [200, 200, 404, 403]),
    post("/api/v1/keys/{id}/scopes", Thing::Key, scopes, [200, 200, 404, 403]),
    get("/api/v1/tokens", Thing::Nothing, [200; 4]),
    post("/api/v1/tokens", Thing::Nothing, token, [201; 4]),
    get("/api/v1/tokens/{id}", Thing::Token, [200, 404, 404, 404]),
    post("/api/v1/tokens/{id}/revoke", Thing::Token, nothing, [200, 404, 404, 404]),
    get("/api/v1/service-accounts", Thing::Nothing, [200, 200, 403, 403]),
    post("/api/v1/service-accounts", Thing::Nothing, account, [201, 201, 403, 403]),
    get("/api/v1/service-accounts/{id}", Thing::ServiceAccount, [200, 200, 403, 403]),
    post("/api/v1/service-accounts/{id}/disable", Thing::ServiceAccount, nothing, [200, 200, 403, 403]),
    post("/api/v1/service-accounts/{id}/enable", Thing::ServiceAccount, nothing, [200, 200, 403, 403]),
    post("/api/v1/service-accounts/{id}/role", Thing::ServiceAccount, role, [200, 200, 403, 403]),
    get("/api/v1/members", Thing::Nothing, [200, 200, 403, 403]),
    get("/api/v1/members/{id}", Thing::Member, [200, 200, 403, 403]),
    post("/api/v1/members/{id}/role", Thing::Member, role, [200, 200, 403, 403]),
    post("/api/v1/members/{id}/remove", Thing::Member, nothing, [200, 200, 403, 403]),
    get("/api/v1/invitations", Thing::Nothing, [200, 200, 403, 403]),
    post("/api/v1/invitations", Thing::Nothing, invitation, [201, 201, 403, 403]),
    post("/api/v1/invitations/{id}/renew", Thing::Invitation, nothing, [200, 200, 403, 403]),
    post("/api/v1/invitations/{id}/cancel", Thing::Invitation, nothing, [200, 200, 403, 403]),
    get("/api/v1/audit", Thing::Nothing, [200, 200, 403, 403]),
    get("/api/v1/audit/export", Thing::Nothing, [400, 400, 403, 403]),
    get("/api/v1/uses", Thing::Nothing, [200, 200, 403, 403]),
    get("/api/v1/usage", Thing::Nothing, [200, 200, 403, 403]),
    // The last, because the callers that may leave are gone afterwards.
    post("/api/v1/members/leave", Thing::Nothing, nothing, [403, 200, 200, 200]),
];

/// All routes that the server registers for the API.
pub(super) fn served() -> BTreeSet<(String, String)> {
    let source = fs::read_to_string("src/routes.rs").unwrap();
    source
        .split("resource(")
        .skip(1)
        .filter_map(|rest| {
            let path = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            path.starts_with("/api/").then_some((path, rest))
        })
        .flat_map(|(path, rest)| {
            let methods = ["get", "post", "put", "patch", "delete"];
            let has = move |method: &&str| rest.contains(&format!(".{method}("));
            methods.into_iter().filter(has).map(move |method| (method.to_uppercase(), path.to_owned()))
        })
        .collect()
}

#[test]
fn every_route_of_the_api_is_in_the_matrix() {
    let tried: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(served(), tried);
}

/// The path with a new resource that the owner created.
async fn path(app: &TestApp, owner: &ApiCaller, route: &Route) -> String {
    let made = match route.thing {
        Thing::Nothing => return route.path.to_owned(),
        Thing::Session => {
            let session = app.owners_tool().await.get("/api/v1/whoami").await.json();
            session["data"]["credential"].clone()
        }
        Thing::Key => owner.key(&key()).await,
        Thing::Token => owner.made("/api/v1/tokens", &token()).await,
        Thing::ServiceAccount => owner.made("/api/v1/service-accounts", &account()).await,
        Thing::Member => json!({ "id": app.member("viewer").await.id }),
        Thing::Invitation => {
            owner.made("/api/v1/invitations", &invitation()).await;
            owner.get("/api/v1/invitations").await.json()["data"][0].clone()
        }
    };
    route.path.replace("{id}", made["id"].as_str().unwrap())
}

async fn status(caller: &ApiCaller, route: &Route, path: &str) -> u16 {
    match route.method {
        "GET" => caller.get(path).await.status,
        _ => caller.post(path, &(route.body)()).await.status,
    }
}

both_engines! {
    async fn tn_01_every_route_answers_each_role_as_the_matrix_says(app) {
        let all = app.config.catalog.ids().collect::<Vec<_>>().join(" ");
        let owner = app.owners_tool().await;
        let mut callers = vec![app.owners_tool().await];
        // The owner is the person who created the resources.
        for role in ["admin", "member", "viewer"] {
            callers.push(app.tool_of(&app.member(role).await, &all).await);
        }
        let mut wrong = Vec::new();
        for route in ROUTES {
            for (caller, expected) in callers.iter().zip(route.statuses) {
                let path = path(app, &owner, route).await;
                let got = status(caller, route, &path).await;
                if got != expected {
                    wrong.push(format!("{} {path}: {got} instead of {expected}", route.method));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn tn_01_resources_of_another_organization_are_a_404_on_every_route(app) {
        let all = app.config.catalog.ids().collect::<Vec<_>>().join(" ");
        let owner = app.owners_tool().await;
        let elsewhere = app.organization("Elsewhere").await;
        let stranger = app.tool_of(&app.member_of(&elsewhere, "owner").await, &all).await;
        for route in ROUTES.iter().filter(|route| route.path.contains("{id}")) {
            let path = path(app, &owner, route).await;
            assert_eq!(status(&stranger, route, &path).await, 404, "{path}");
        }
        for list in ["keys", "tokens", "service-accounts"] {
            assert_eq!(stranger.get(&format!("/api/v1/{list}")).await.json()["data"], json!([]), "{list}");
            assert_ne!(owner.get(&format!("/api/v1/{list}")).await.json()["data"], json!([]), "{list}");
        }
    }

    async fn tn_01_without_a_credential_only_the_catalog_is_public(app) {
        let anonymous = app.anonymous();
        for route in ROUTES {
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let request = anonymous.request(method, &route.path.replace("{id}", "key_1")).json(&(route.body)());
            let answer = anonymous.send(request).await;
            assert_eq!(answer.status, if route.public { route.statuses[0] } else { 401 }, "{}", route.path);
        }
    }
}
