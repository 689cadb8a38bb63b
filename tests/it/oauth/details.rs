//! Protocol details that third-party clients rely on.

use keystiled::domain::client::ClientKind;
use keystiled::domain::redirect_uri::RedirectUri;
use reqwest::Method;
use serde_json::json;

use super::{is, refusal, told_to_the_person};
use crate::support::both_engines;
use crate::support::oauth::{Ask, Returned};
use crate::support::people::TestClient;

both_engines! {
    async fn cf_01_prompt_none_shows_no_page(app) {
        let owner = app.owner().await;
        let signed_in = app.browser_of(&owner).await;
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let ask = Ask::of(&app.client(kind).await).with("prompt", "none");
            let invalid = ask.clone().without("code_challenge");
            let contradictory = ask.clone().with("prompt", "none login");
            for (browser, ask, error) in [
                (&app.browser(), &ask, "login_required"),
                (&signed_in, &ask, "consent_required"),
                (&app.browser(), &invalid, "invalid_request"),
                (&signed_in, &invalid, "invalid_request"),
                (&app.browser(), &contradictory, "invalid_request"),
            ] {
                let answer = browser.get(&ask.path()).await;
                assert_eq!(answer.status, 303, "{}", answer.text());
                assert!(answer.location().starts_with(&ask.client.redirect_uri), "{}", answer.location());
                let returned = Returned::from_url(answer.location());
                assert_eq!((returned.get("error"), returned.get("code")), (Some(error), None));
                assert_eq!((returned.get("state"), returned.get("iss")), (Some(crate::support::oauth::STATE), Some(app.issuer())));
            }
            let foreign = ask.clone().with("redirect_uri", "https://evil.example/callback");
            told_to_the_person(&app.browser().get(&foreign.path()).await, "an address that is not registered");
        }
        // The same for a pushed request.
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("prompt", "none");
        let form: Vec<_> = ask.parameters()[1..].iter().map(|(name, value)| (&**name, &**value)).collect();
        let pushed = app.machine(&ask.client.id).post("/oauth/par", &form).await.json();
        let link = format!("/c/{}", pushed["user_check"].as_str().unwrap());
        let browser = app.browser();
        let answer = browser.get(&link).await;
        let answer = browser.follow(answer).await;
        assert_eq!(Returned::from_url(answer.location()).get("error"), Some("login_required"));
        // Also if the browser stores no cookies, as in a frame of another site.
        let pushed = app.machine(&ask.client.id).post("/oauth/par", &form).await.json();
        let answer = app.anonymous().get(&format!("/c/{}", pushed["user_check"].as_str().unwrap())).await;
        let answer = app.anonymous().get(answer.location()).await;
        assert_eq!(Returned::from_url(answer.location()).get("error"), Some("login_required"));
    }

    async fn cf_03_a_redirect_uri_with_an_answer_in_it_is_not_registered(app) {
        for name in ["code", "state", "iss", "error", "error_description", "error_uri", "response"] {
            let text = format!("https://app.example/callback?{name}=x");
            let refused = RedirectUri::register(&text).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
        // Other parameters are returned once.
        let uri = RedirectUri::register("https://app.example/callback?keep=1").unwrap();
        let client = app.client_with(ClientKind::Browser, |client| client.redirect_uris = vec![uri]).await;
        let client = TestClient { redirect_uri: "https://app.example/callback?keep=1".to_owned(), ..client };
        let browser = app.browser_of(&app.owner().await).await;
        let returned = app.authorize(&browser, &Ask::of(&client)).await;
        assert_eq!(returned.names(), ["keep", "code", "state", "iss"]);
    }

    async fn cf_05_userinfo_takes_a_token_in_one_place(app) {
        let session = app.session().await;
        let caller = app.anonymous();
        let token = session.tokens.access.as_str();
        let post = || caller.request(Method::POST, "/oauth/userinfo");
        let scopes = session.tokens.claims()["scope"].as_str().unwrap().to_owned();
        assert!(scopes.contains("openid"), "{scopes}");
        for request in [post().bearer_auth(token), post().form(&[("access_token", token)]), post().bearer_auth(token).form(&[("x", "y")])] {
            let answer = caller.send(request).await;
            assert_eq!((answer.status, &answer.json()["sub"]), (200, &json!(session.person.id)), "{}", answer.body);
        }
        for in_body in [token, "something else"] {
            let both = caller.send(post().bearer_auth(token).form(&[("access_token", in_body)])).await;
            assert_eq!(refusal(&both), is(400, "invalid_request"));
            let both = caller.send(post().header("X-API-Key", token).form(&[("access_token", in_body)])).await;
            assert_eq!(refusal(&both), is(400, "invalid_request"));
        }
        let twice = [("access_token", token), ("access_token", token)];
        assert_eq!(refusal(&caller.send(post().form(&twice)).await), is(400, "invalid_request"));
        let in_query = caller.request(Method::POST, &format!("/oauth/userinfo?access_token={token}"));
        assert_eq!(refusal(&caller.send(in_query).await), is(400, "invalid_request"));
        assert_eq!(caller.send(post().form(&[("access_token", "x")])).await.status, 401);
        let neither = caller.send(post()).await;
        assert_eq!((neither.status, neither.header("www-authenticate")), (401, Some(r#"Bearer realm="api""#)));
    }

    async fn cf_06_registration_within_a_request_is_not_supported(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("registration", r#"{"client_name":"x"}"#);
        let returned = app.refused(&browser, &ask).await;
        assert_eq!((returned.get("error"), returned.get("code")), (Some("registration_not_supported"), None));
        let form: Vec<_> = ask.parameters()[1..].iter().map(|(name, value)| (&**name, &**value)).collect();
        let pushed = app.machine(&ask.client.id).post("/oauth/par", &form).await;
        assert_eq!(refusal(&pushed), is(400, "registration_not_supported"));
    }

    async fn cf_09_a_request_by_post_has_its_parameters_in_the_body_alone(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let requests = app.count("authorization_requests").await;
        let query = ask.path();
        for path in [query.as_str(), "/oauth/authorize?prompt=login", "/oauth/authorize?x"] {
            for form in [ask.parameters(), &[]] {
                let answer = browser.send(browser.request(Method::POST, path).form(form)).await;
                told_to_the_person(&answer, path);
                assert_eq!(answer.status, 400);
                assert!(answer.text().contains("parameters in its body"), "{}", answer.text());
            }
        }
        assert_eq!(app.count("authorization_requests").await, requests);
        let good = browser.send(browser.request(Method::POST, "/oauth/authorize").form(ask.parameters())).await;
        assert_eq!(good.status, 303);
        assert_eq!(app.count("authorization_requests").await, requests + 1);
    }
}
