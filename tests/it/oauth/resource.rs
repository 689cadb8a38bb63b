//! Resource access with tokens, revocation and userinfo.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::both_engines;
use crate::support::oauth::{Ask, Session, Tokens, claims};

const PATHS: [&str; 3] = ["/api/v1/whoami", "/api/v1/sessions", "/oauth/userinfo"];

both_engines! {
    async fn rs_01_without_a_token_there_is_a_challenge_and_no_error(app) {
        for path in PATHS {
            let answer = app.anonymous().get(path).await;
            assert_eq!(answer.status, 401);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer ") && !challenge.contains("error"), "{challenge}");
        }
    }

    async fn rs_02_an_expired_token_is_401_and_a_missing_scope_is_403(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("scope", "org:read");
        let returned = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        assert_eq!(tokens.body.get("id_token"), None);
        let answer = app.userinfo(&tokens.access).await;
        assert_eq!(refusal(&answer), is(403, "insufficient_scope"));
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains(r#"error="insufficient_scope", scope="openid""#), "{challenge}");
        app.advance(TimeDelta::hours(8));
        for path in PATHS {
            let answer = app.machine("").get(path, &tokens.access).await;
            assert_eq!(answer.status, 401);
            assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#));
        }
    }

    async fn rs_03_a_token_in_the_query_is_refused(app) {
        let token = app.session().await.tokens.access;
        for path in PATHS {
            let answer = app.anonymous().get(&format!("{path}?access_token={token}")).await;
            assert_eq!((answer.status, answer.body.contains(&token)), (400, false), "{path}");
            let both = app.machine("").get(&format!("{path}?access_token={token}"), &token).await;
            assert_eq!(both.status, 400, "{path}");
        }
    }

    async fn rs_05_the_scheme_is_bearer_in_any_case_and_no_other(app) {
        let token = app.session().await.tokens.access;
        let anonymous = app.anonymous();
        for (scheme, status) in [("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Token", 401), ("DPoP", 401)] {
            let request = anonymous.request(Method::GET, "/api/v1/whoami");
            let answer = anonymous.send(request.header(AUTHORIZATION, format!("{scheme} {token}"))).await;
            assert_eq!(answer.status, status, "{scheme}");
        }
        let posted = anonymous.request(Method::POST, "/oauth/userinfo").bearer_auth(&token);
        assert_eq!(anonymous.send(posted).await.status, 200);
    }

    async fn rs_07_an_unknown_resource_is_an_invalid_target(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        for resource in ["https://unknown.example", "foo", &format!("{}#fragment", app.issuer())] {
            let returned = app.refused(&browser, &ask.clone().and("resource", resource)).await;
            assert_eq!(returned.get("error"), Some("invalid_target"), "{resource}");
        }
        let known = app.authorize(&browser, &ask.and("resource", app.issuer())).await;
        assert!(known.get("code").is_some());
    }

    async fn rs_12_revoking_either_token_ends_both_at_once(app) {
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            for revoked in ["access_token", "refresh_token"] {
                let client = app.client(kind).await;
                let Session { tokens, .. } = app.session_of(&client, &app.owner().await).await;
                let form = [("token", tokens.body[revoked].as_str().unwrap()), ("token_type_hint", "nonsense")];
                let answer = app.client_post(&client, "/oauth/revoke", &form).await;
                assert_eq!((answer.status, answer.body.as_str()), (200, ""));
                assert_eq!(app.whoami(&tokens.access).await.status, 401);
                assert_eq!(app.userinfo(&tokens.access).await.status, 401);
                assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
                assert_eq!(app.client_post(&client, "/oauth/revoke", &form).await.status, 200, "revocation is idempotent");
            }
        }
        assert_eq!(app.audited("session.revoked").await, 4);
    }

    async fn rs_13_a_client_revokes_only_its_own_tokens(app) {
        let Session { client, tokens, .. } = app.session().await;
        for token in ["garbage", "", "keystile_rt_x", "e30.e30.e30"] {
            let answer = app.client_post(&client, "/oauth/revoke", &[("token", token)]).await;
            assert_eq!(answer.status, if token.is_empty() { 400 } else { 200 }, "{token}");
        }
        assert_eq!(refusal(&app.client_post(&client, "/oauth/revoke", &[]).await), is(400, "invalid_request"));
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let other = app.client(kind).await;
            for token in [&tokens.access, &tokens.refresh] {
                let answer = app.client_post(&other, "/oauth/revoke", &[("token", token)]).await;
                assert_eq!(answer.status, 400, "{}", answer.body);
            }
        }
        let mut wrong = app.client(ClientKind::Confidential).await;
        wrong.secret = Some("guessed".to_owned());
        let answer = app.client_post(&wrong, "/oauth/revoke", &[("token", &tokens.refresh)]).await;
        assert_eq!(refusal(&answer), is(401, "invalid_client"));
        assert_eq!(app.whoami(&tokens.access).await.status, 200);
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
    }

    async fn rs_15_userinfo_sees_that_a_grant_has_ended(app) {
        let Session { client, tokens, .. } = app.session().await;
        assert_eq!(app.userinfo(&tokens.access).await.status, 200);
        let second = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        app.client_post(&client, "/oauth/revoke", &[("token", &second.refresh)]).await;
        for access in [&tokens.access, &second.access] {
            assert_eq!(refusal(&app.userinfo(access).await), is(401, "invalid_token"));
        }
    }

    async fn rs_16_userinfo_says_what_the_scopes_allow_about_the_same_person(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        for (scope, expected) in [
            ("openid", json!({ "sub": owner.id })),
            ("openid email", json!({ "sub": owner.id, "email": owner.email })),
            ("openid profile", json!({ "sub": owner.id, "name": "Olivia" })),
        ] {
            let ask = Ask::of(&client).with("scope", scope);
            let returned = app.authorize(&browser, &ask).await;
            let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
            assert_eq!(app.userinfo(&tokens.access).await.json(), expected, "{scope}");
            assert_eq!(claims(tokens.body["id_token"].as_str().unwrap())["sub"], json!(owner.id));
            assert_eq!(tokens.claims()["sub"], json!(owner.id));
        }
    }

    async fn oi_01_an_id_token_is_for_its_client_and_holds_no_other_token(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let signed_in = app.clock.now();
        app.advance(TimeDelta::minutes(5));
        let nonce = "n-0S6_WzA2Mj %+\u{fc}";
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("nonce", nonce);
        let returned = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        let id_token = tokens.body["id_token"].as_str().unwrap();
        let said = claims(id_token);
        assert_eq!((&said["iss"], &said["aud"]), (&json!(app.issuer()), &json!([ask.client.id])));
        assert_eq!((&said["sub"], &said["nonce"]), (&json!(owner.id), &json!(nonce)));
        assert_eq!(said["auth_time"], json!(signed_in.seconds()));
        let lifetime = said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
        assert!((1..=3_600).contains(&lifetime), "{lifetime}");
        let header = URL_SAFE_NO_PAD.decode(id_token.split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["alg"], "RS256");
        // It contains no part of a token: neither claims and signature of the access token nor the refresh token.
        let parts = tokens.access.split('.').skip(1).chain([tokens.refresh.rsplit('_').next().unwrap()]);
        for part in parts {
            assert!(part.len() > 40 && !said.to_string().contains(part) && !id_token.contains(part), "{part}");
        }
        // It is not accepted as an access token or refresh token.
        assert_eq!(app.whoami(id_token).await.status, 401);
        assert_eq!(refusal(&app.refresh(&ask.client, id_token).await), is(400, "invalid_grant"));
    }
}
