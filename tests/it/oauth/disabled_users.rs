//! A disabled user is refused by every grant, every endpoint that takes a credential, and every page.

use keystiled::domain::client::ClientKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::{Ask, claims};
use crate::support::people::Person;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

async fn set(app: &TestApp, state: &str, person: &Person) {
    app.operate(&["user", state, &person.email]).await;
}

/// The secrets of an API key and of a personal token of this user.
async fn static_secrets(app: &TestApp, person: &Person) -> [String; 2] {
    let scopes = app.config.catalog.ids().collect::<Vec<_>>().join(" ");
    let tool = app.tool_of(person, &scopes).await;
    let key = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
    let token = tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["org:read"] })).await;
    [&key["apiKey"], &token["token"]].map(|secret| secret.as_str().unwrap().to_owned())
}

/// Active, as a key of the owner is told.
async fn introspected(app: &TestApp, asking: &Value, token: &str) -> Value {
    let anonymous = app.anonymous();
    let request = anonymous.request(Method::POST, "/oauth/introspect");
    let request = request.bearer_auth(asking["apiKey"].as_str().unwrap()).form(&[("token", token)]);
    anonymous.send(request).await.json()["active"].clone()
}

both_engines! {
    async fn p_49_a_disabled_user_gets_nothing_for_an_authorization_code(app) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let code = app.authorize(&browser, &ask).await.code().to_owned();
        set(app, "disable", &member).await;
        assert_eq!(refusal(&app.exchange(&ask, &code).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn p_49_a_disabled_user_gets_nothing_for_a_refresh_token(app) {
        let member = app.member("member").await;
        let session = app.session_of(&app.client(ClientKind::Native).await, &member).await;
        set(app, "disable", &member).await;
        for _ in 0..2 {
            let refused = app.refresh(&session.client, &session.tokens.refresh).await;
            assert_eq!(refusal(&refused), is(400, "invalid_grant"));
        }
        // Nothing was consumed.
        set(app, "enable", &member).await;
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200);
    }

    async fn p_49_a_disabled_user_gets_nothing_for_a_device_code(app) {
        app.set_sign_in_methods(&app.browser_of(&app.owner().await).await, "on", "on").await;
        let member = app.member("member").await;
        let codes = app.new_device_codes().await;
        app.connect(&app.browser_of(&member).await, &codes).await;
        set(app, "disable", &member).await;
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn p_49_a_disabled_user_exchanges_no_key(app) {
        app.owner().await;
        let admin = app.member("admin").await;
        let secrets = static_secrets(app, &admin).await;
        let exchange = async |secret: &str| {
            let form = [("grant_type", EXCHANGE), ("subject_token", secret), ("subject_token_type", ACCESS_TOKEN)];
            app.anonymous().post("/oauth/token", &form).await
        };
        let mut exchanged = Vec::new();
        for secret in &secrets {
            let answer = exchange(secret).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            exchanged.push(answer.json()["access_token"].as_str().unwrap().to_owned());
        }
        set(app, "disable", &admin).await;
        for (secret, token) in secrets.iter().zip(exchanged) {
            assert_eq!(exchange(secret).await.status, 400);
            let id = claims(&token)["client_id"].as_str().unwrap().to_owned();
            let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", secret)];
            assert!(matches!(app.anonymous().post("/oauth/token", &form).await.status, 400 | 401));
            assert_eq!(app.whoami(&token).await.status, 401, "the token of an earlier exchange");
        }
    }

    async fn p_49_a_disabled_user_is_refused_by_verify_and_the_api(app) {
        app.owner().await;
        let admin = app.member("admin").await;
        let [key, token] = static_secrets(app, &admin).await;
        let access = app.session_of(&app.client(ClientKind::Native).await, &admin).await.tokens.access;
        for credential in [&key, &token, &access] {
            assert_eq!(app.caller(credential).get("/api/v1/verify").await.status, 200);
        }
        set(app, "disable", &admin).await;
        for credential in [&key, &token, &access] {
            for path in ["/api/v1/verify", "/api/v1/whoami"] {
                assert_eq!(app.caller(credential).get(path).await.status, 401, "{path}");
            }
            let anonymous = app.anonymous();
            let request = anonymous.request(Method::POST, "/api/v1/verify").json(&json!({ "token": credential }));
            let answer = anonymous.send(request).await;
            assert!(answer.status != 200 || answer.json()["data"]["valid"] == false, "{}", answer.body);
        }
    }

    async fn p_49_a_token_of_a_disabled_user_is_not_active(app) {
        let asking = app.owners_tool().await.key(&json!({ "name": "API", "mode": "live", "scopes": ["tokens:introspect"] })).await;
        let admin = app.member("admin").await;
        let [key, token] = static_secrets(app, &admin).await;
        let access = app.session_of(&app.client(ClientKind::Native).await, &admin).await.tokens.access;
        for (state, active) in [("enable", true), ("disable", false), ("enable", true)] {
            set(app, state, &admin).await;
            for credential in [&key, &token, &access] {
                assert_eq!(introspected(app, &asking, credential).await, json!(active), "{state}");
            }
        }
    }

    async fn p_49_userinfo_tells_nothing_about_a_disabled_user(app) {
        let member = app.member("member").await;
        let access = app.session_of(&app.client(ClientKind::Native).await, &member).await.tokens.access;
        assert_eq!(app.userinfo(&access).await.status, 200);
        set(app, "disable", &member).await;
        let answer = app.userinfo(&access).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.body.contains(&member.email), "{}", answer.body);
    }

    async fn p_49_a_disabled_user_has_no_page_and_does_not_sign_in(app) {
        let member = app.member("member").await;
        let (browser, other) = (app.browser_of(&member).await, app.browser());
        let consent = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await)).await;
        let form = consent.form_to("/authorize/").with("decision", "authorize");
        set(app, "disable", &member).await;
        for page in ["/", "/cli-sessions", "/tokens", "/security", "/security/password", "/organizations"] {
            let answer = browser.get(page).await;
            assert!(answer.location().starts_with("/sign-in"), "{page}: {}", answer.status);
        }
        let approved = browser.submit(&form).await;
        assert_eq!(app.count("authorization_codes").await, 0, "{}", approved.text());
        let form = other.get("/sign-in").await.form("/sign-in");
        let refused = other.submit(&form.with("email", &member.email).with("password", member.password)).await;
        assert_eq!(refused.status, 422);
    }
}
