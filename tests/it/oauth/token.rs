//! The token endpoint: request format and client authentication.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystiled::domain::client::{ClientKind, Grant};
use keystiled::domain::secret::Digest;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use super::{is, refusal};
use crate::head::taking;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Tokens};

/// An unused code, with its request.
async fn fresh_code(app: &TestApp, kind: ClientKind) -> (Ask, String) {
    let ask = Ask::of(&app.client(kind).await);
    let browser = app.browser_of(&app.owner().await).await;
    let code = app.authorize(&browser, &ask).await.code().to_owned();
    (ask, code)
}

fn form<'a>(ask: &'a Ask, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("grant_type", "authorization_code"), ("code", code), ("code_verifier", &ask.verifier)]
}

/// Sends a form with this `Authorization` header.
async fn authorized(app: &TestApp, header: &str, form: &[(&str, &str)]) -> Answer {
    let anonymous = app.anonymous();
    let request = anonymous.request(Method::POST, "/oauth/token").header(AUTHORIZATION, header);
    anonymous.send(request.form(form)).await
}

fn basic(joined: &str) -> String {
    format!("Basic {}", STANDARD.encode(joined))
}

both_engines! {
    async fn te_01_only_post_is_answered(app) {
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        let anonymous = app.anonymous();
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH] {
            let request = anonymous.request(method.clone(), "/oauth/token").form(&form(&ask, &code));
            let answer = anonymous.send(request).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        }
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_02_another_content_type_is_refused(app) {
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        let anonymous = app.anonymous();
        let post = || anonymous.request(Method::POST, "/oauth/token");
        let text = format!(
            "client_id={}&grant_type=authorization_code&code={code}&code_verifier={}", ask.client.id, ask.verifier
        );
        let in_json = json!({ "client_id": ask.client.id, "grant_type": "authorization_code", "code": code });
        for request in [
            post().header(CONTENT_TYPE, "application/json").body(in_json.to_string()),
            post().header(CONTENT_TYPE, "text/plain").body(text.clone()),
            post().header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(text.clone()),
            post().body(text.clone()),
        ] {
            assert_eq!(refusal(&anonymous.send(request).await), is(415, "invalid_request"));
        }
        let charset = post().header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8");
        assert_eq!(anonymous.send(charset.body(text)).await.status, 200);
    }

    async fn te_03_parameters_in_the_query_are_refused_and_not_used(app) {
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        let path = format!("/oauth/token?code={code}");
        let answer = app.client_post(&ask.client, &path, &form(&ask, &code)).await;
        assert_eq!(refusal(&answer), is(400, "invalid_request"));
        assert!(!answer.body.contains(&code));
        assert_eq!(app.count("credentials").await, 0);
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_04_a_repeated_parameter_is_refused_and_consumes_nothing(app) {
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        for twice in [
            ("grant_type", "authorization_code"),
            ("code", "other"),
            ("client_id", ask.client.id.as_str()),
            ("code_verifier", ask.verifier.as_str()),
        ] {
            let mut form = form(&ask, &code);
            form.push(twice);
            let answer = app.client_post(&ask.client, "/oauth/token", &form).await;
            assert_eq!(refusal(&answer), is(400, "invalid_request"), "{}", twice.0);
        }
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_05_an_unknown_or_missing_grant_type_has_its_own_error(app) {
        let client = app.client(ClientKind::Native).await;
        for grant in ["password", "implicit", "none", "urn:ietf:params:oauth:grant-type:nothing"] {
            let form = [("grant_type", grant), ("username", "ada"), ("password", "secret")];
            let answer = app.client_post(&client, "/oauth/token", &form).await;
            assert_eq!(refusal(&answer), is(400, "unsupported_grant_type"), "{grant}");
        }
        let answer = app.client_post(&client, "/oauth/token", &[("code", "x")]).await;
        assert_eq!(refusal(&answer), is(400, "invalid_request"));
    }

    async fn te_06_a_client_gets_only_the_grants_it_is_registered_for(app) {
        let only = |grant| app.client_with(ClientKind::Native, move |client| client.grants = vec![grant]);
        let code_only = only(Grant::AuthorizationCode).await;
        let ask = Ask::of(&code_only);
        let browser = app.browser_of(&app.owner().await).await;
        let returned = app.authorize(&browser, &ask).await;
        let answer = app.exchange(&ask, returned.code()).await;
        assert_eq!((answer.status, answer.json().get("refresh_token")), (200, None));
        let foreign = app.session().await.tokens.refresh;
        assert_eq!(refusal(&app.refresh(&code_only, &foreign).await), is(400, "unauthorized_client"));
        let refresh_only = only(Grant::RefreshToken).await;
        let answer = app.exchange_with(&refresh_only, "code", "verifier").await;
        assert_eq!(refusal(&answer), is(400, "unauthorized_client"));
    }

    async fn te_07_a_wrong_secret_and_an_unknown_client_look_the_same(app) {
        let (ask, code) = fresh_code(app, ClientKind::Confidential).await;
        let mut seen = Vec::new();
        for (id, secret) in [(ask.client.id.as_str(), "wrong"), ("nobody", "wrong")] {
            let in_header = authorized(app, &basic(&format!("{id}:{secret}")), &form(&ask, &code)).await;
            let mut in_body = form(&ask, &code);
            in_body.extend([("client_id", id), ("client_secret", secret)]);
            let in_body = app.anonymous().post("/oauth/token", &in_body).await;
            for answer in [in_header, in_body] {
                assert_eq!(refusal(&answer), is(401, "invalid_client"));
                assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
                let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
                names.sort();
                seen.push((answer.body, names));
            }
        }
        assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:?}");
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_08_two_client_authentication_methods_are_refused_even_if_both_are_right(app) {
        let (ask, code) = fresh_code(app, ClientKind::Confidential).await;
        let secret = ask.client.secret.clone().unwrap();
        let mut both = form(&ask, &code);
        both.push(("client_secret", &secret));
        let answer = authorized(app, &basic(&format!("{}:{secret}", ask.client.id)), &both).await;
        assert_eq!(refusal(&answer), is(400, "invalid_request"));
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_09_a_public_client_that_sends_an_empty_secret_in_the_header_is_served(app) {
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        let header = basic(&format!("{}:", ask.client.id));
        assert_eq!(authorized(app, &header, &form(&ask, &code)).await.status, 200);
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        let wrong = basic(&format!("{}:guessed", ask.client.id));
        assert_eq!(refusal(&authorized(app, &wrong, &form(&ask, &code)).await), is(401, "invalid_client"));
        assert_eq!(app.exchange(&ask, &code).await.status, 200, "the failed attempt did not consume the code");
    }

    async fn te_10_id_and_secret_are_encoded_inside_basic(app) {
        let client = app
            .client_with(ClientKind::Confidential, |client| {
                client.id = "a:b c".into();
                client.secret = Some(Digest::of("p%:+ä"));
            })
            .await;
        let ask = Ask::of(&client);
        let browser = app.browser_of(&app.owner().await).await;
        let code = app.authorize(&browser, &ask).await.code().to_owned();
        for bad in [
            "Basic",
            "Basic !!!",
            &basic("a%3Ab+c"),
            &basic(":p%25%3A%2B%C3%A4"),
            &basic("a%3Ab+c:p%25%3A+%C3%A4"),
            &basic("a%3Ab+c:%"),
            "Bearer abc",
        ] {
            assert_eq!(refusal(&authorized(app, bad, &form(&ask, &code)).await), is(401, "invalid_client"), "{bad}");
        }
        let good = basic("a%3Ab+c:p%25%3A%2B%C3%A4");
        assert_eq!(authorized(app, &good, &form(&ask, &code)).await.status, 200);
    }

    async fn te_12_a_confidential_client_must_authenticate(app) {
        let (ask, code) = fresh_code(app, ClientKind::Confidential).await;
        for secret in [None, Some("")] {
            let mut form = form(&ask, &code);
            form.extend(secret.map(|secret| ("client_secret", secret)));
            let answer = app.machine(&ask.client.id).post("/oauth/token", &form).await;
            assert_eq!(refusal(&answer), is(401, "invalid_client"));
        }
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_13_header_and_body_must_name_the_same_client(app) {
        let (ask, code) = fresh_code(app, ClientKind::Confidential).await;
        let other = app.client(ClientKind::Native).await;
        let header = basic(&format!("{}:{}", ask.client.id, ask.client.secret.as_deref().unwrap()));
        let mut form = form(&ask, &code);
        form.push(("client_id", &other.id));
        assert_eq!(refusal(&authorized(app, &header, &form).await), is(400, "invalid_request"));
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
    }

    async fn te_14_the_answer_has_the_form_of_the_rfc(app) {
        let (ask, code) = fresh_code(app, ClientKind::Native).await;
        let answer = app.exchange(&ask, &code).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let tokens = Tokens::of(&answer);
        assert_eq!(tokens.body["token_type"], "Bearer");
        assert_eq!(tokens.body["expires_in"], json!(28_800));
        assert_eq!(tokens.body["scope"].as_str().unwrap(), app.config.catalog.defaults().to_string());
        let refreshed = Tokens::of(&app.refresh(&ask.client, &tokens.refresh).await);
        assert_eq!((&refreshed.body["expires_in"], &refreshed.body["scope"]), (&json!(28_800), &tokens.body["scope"]));
        assert!(tokens.access.len() + tokens.refresh.len() < 1_280, "they fit into a Windows credential");
    }

    async fn te_20_no_other_site_may_call_any_route(app) {
        let anonymous = app.anonymous();
        let paths = taking(&[".get(", ".post(", ".to("]);
        assert!(paths.len() > 80 && paths.contains(&"/oauth/token".to_owned()), "{paths:?}");
        for path in &paths {
            // The token endpoints are called with every kind of origin.
            let origins = ["https://evil.example", "null", "http://127.0.0.1:1"];
            for origin in &origins[..if path.starts_with("/oauth/") { 3 } else { 1 }] {
                let foreign = |method| anonymous.request(method, path).header("Origin", *origin);
                let preflight = foreign(Method::OPTIONS)
                    .header("Access-Control-Request-Method", "POST")
                    .header("Access-Control-Request-Headers", "authorization");
                let answers = [
                    anonymous.send(preflight).await,
                    anonymous.send(foreign(Method::GET)).await,
                    anonymous.send(foreign(Method::POST).form(&[("a", "b")])).await,
                ];
                for answer in &answers {
                    let allowed = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
                    assert_eq!(allowed, None, "{path} {origin}");
                }
                assert!(answers[0].status >= 400, "{path}: {:#?}", answers[0]);
            }
        }
    }
}
