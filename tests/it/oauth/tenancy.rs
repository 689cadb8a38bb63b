//! Isolation of people, roles and organizations behind tokens.

use keystiled::domain::client::ClientKind;
use keystiled::store::memberships;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::json;

use crate::support::both_engines;
use crate::support::oauth::{Ask, Returned, Session, Tokens};

both_engines! {
    async fn tn_05_a_session_of_another_person_is_a_404(app) {
        let Session { tokens: mine, client, .. } = app.session().await;
        let colleague = app.session_of(&client, &app.member("member").await).await;
        let elsewhere = app.organization("Elsewhere").await;
        let stranger = app.session_of(&client, &app.member_of(&elsewhere, "owner").await).await;
        let revoke = async |token: &str, session: &str| {
            let anonymous = app.anonymous();
            let request = anonymous.request(Method::POST, &format!("/api/v1/sessions/{session}/revoke"));
            anonymous.send(request.bearer_auth(token)).await
        };
        for session in [colleague.tokens.session(), stranger.tokens.session(), "ses_nowhere".to_owned()] {
            let answer = revoke(&mine.access, &session).await;
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!("not_found")));
        }
        for tokens in [&colleague.tokens, &stranger.tokens] {
            assert_eq!(revoke(&tokens.access, &mine.session()).await.status, 404);
            assert_eq!(app.whoami(&tokens.access).await.status, 200);
        }
        let listed = app.machine("").get("/api/v1/sessions", &mine.access).await.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(revoke(&mine.access, &mine.session()).await.status, 200);
        assert_eq!(app.whoami(&mine.access).await.status, 401);
    }

    async fn tn_07_a_token_never_holds_more_than_the_persons_role(app) {
        let viewer = app.member("viewer").await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&viewer).await;
        let ask = Ask::of(&client).with("scope", "deployments:read deployments:write deployments:delete");
        let consent = app.ask(&browser, &ask).await;
        assert!(consent.text().contains("Left out"), "{}", consent.text());
        let returned = Returned::from_page(&app.decide(&browser, &consent, "authorize").await);
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        assert_eq!(tokens.body["scope"], "deployments:read");
        assert_eq!(app.stored(&tokens.session()).await.scopes, "deployments:read");
    }

    async fn tn_07_a_token_shrinks_with_the_role_at_once(app) {
        let member = app.member("member").await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&member).await;
        let ask = Ask::of(&client).with("scope", "openid deployments:write");
        let returned = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        let scopes = async |access: &str| app.whoami(access).await.json()["data"]["scopes"].clone();
        assert_eq!(scopes(&tokens.access).await, json!(["deployments:write", "openid"]));
        let (org, user) = (member.organization.id.clone(), member.id.clone());
        app.inside().store.write(move |work| memberships::set_role(work.conn, &org, &user, "viewer")).await.unwrap();
        assert_eq!(scopes(&tokens.access).await, json!(["openid"]));
        let next = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!(next.body["scope"], "openid");
    }

    async fn tn_08_tokens_open_no_page_and_cookies_no_api(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let Session { tokens, .. } = app.session_in(&browser, &app.client(ClientKind::Native).await, &owner).await;
        let anonymous = app.anonymous();
        for path in ["/cli-sessions", "/o/northwind-labs/settings/api-access"] {
            let answer = anonymous.send(anonymous.request(Method::GET, path).bearer_auth(&tokens.access)).await;
            assert_ne!(answer.status, 200, "{path}");
            let sneaked = format!("{}={}", app.session_cookie(), tokens.access);
            let answer = anonymous.send(anonymous.request(Method::GET, path).header(COOKIE, sneaked)).await;
            assert_ne!(answer.status, 200, "{path}");
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
        for path in ["/api/v1/whoami", "/api/v1/sessions", "/oauth/userinfo"] {
            assert_eq!(browser.get(path).await.status, 401, "{path}");
            let cookie = browser.cookie(app.session_cookie()).unwrap();
            assert_eq!(app.machine("").get(path, &cookie).await.status, 401, "{path}");
        }
    }
}
