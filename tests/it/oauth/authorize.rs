//! The authorization endpoint: who is shown an error, and what a response is bound to.

use chrono::TimeDelta;
use keystiled::domain::client::{ClientKind, Grant};
use keystiled::store::clients;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tokio::net::TcpListener;
use url::form_urlencoded::Serializer;

use super::told_to_the_person;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::html;
use crate::support::oauth::{Ask, Returned, STATE, Tokens};
use crate::support::ready_made::PASSWORD;

const REQUESTS: &str = "authorization_requests";
const CODES: &str = "authorization_codes";

both_engines! {
    async fn az_01_an_unknown_client_is_named_to_the_person_alone(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        for id in ["nobody", "", "<script>alert(1)</script>"] {
            let answer = browser.get(&ask.clone().with("client_id", id).path()).await;
            told_to_the_person(&answer, id);
            assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
        }
        told_to_the_person(&browser.get(&ask.without("client_id").path()).await, "no client_id");
        assert_eq!(app.count(REQUESTS).await, 0);
    }

    async fn az_02_an_unregistered_redirect_uri_wins_over_every_other_error(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let good = Ask::of(&app.client(ClientKind::Native).await);
        let ask = good.clone().with("redirect_uri", "https://evil.example/callback");
        for (name, value) in [
            ("state", "same"),
            ("scope", "no-such-scope"),
            ("response_type", "token"),
            ("code_challenge", ""),
            ("code_challenge_method", "plain"),
            ("prompt", "none"),
            ("prompt", "none login"),
            ("request", "e30.e30."),
            ("request_uri", "https://evil.example/request"),
            ("response_mode", "form_post"),
        ] {
            told_to_the_person(&browser.get(&ask.clone().with(name, value).path()).await, name);
        }
        assert_eq!(app.count(REQUESTS).await, 0);
    }

    async fn az_03_the_redirect_uri_may_not_be_left_out(app) {
        let browser = app.browser_of(&app.owner().await).await;
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let ask = Ask::of(&app.client(kind).await);
            told_to_the_person(&browser.get(&ask.clone().without("redirect_uri").path()).await, "absent");
            told_to_the_person(&browser.get(&ask.with("redirect_uri", "").path()).await, "empty");
        }
    }

    async fn az_04_errors_go_to_the_tool_only_after_sign_in(app) {
        let owner = app.owner().await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).without("response_type");
        let browser = app.browser();
        let page = app.ask(&browser, &ask).await;
        assert_eq!((page.status, html::refresh(&page.body)), (200, None));
        let form = page.form("/sign-in").with("email", &owner.email).with("password", PASSWORD);
        let answer = browser.submit(&form).await;
        let returned = Returned::from_page(&browser.follow(answer).await);
        assert_eq!(returned.get("error"), Some("invalid_request"));
        assert_eq!(returned.get("state"), Some(STATE));
        let unsupported = app.refused(&browser, &ask.with("response_type", "token")).await;
        assert_eq!(unsupported.get("error"), Some("unsupported_response_type"));
        assert_eq!(app.count(CODES).await, 0);
    }

    async fn az_06_a_repeated_client_id_is_an_unknown_client(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (one, other) = (app.client(ClientKind::Native).await, app.client(ClientKind::Native).await);
        for second in [&one.id, &other.id] {
            told_to_the_person(&browser.get(&Ask::of(&one).and("client_id", second).path()).await, second);
        }
        assert_eq!(app.count(REQUESTS).await, 0);
    }

    async fn az_07_no_value_of_a_repeated_parameter_is_used(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("scope", "openid");
        for (name, value) in [
            ("scope", "openid"),
            ("scope", "deployments:write"),
            ("state", "other"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("response_type", "code"),
        ] {
            let returned = app.refused(&browser, &ask.clone().and(name, value)).await;
            assert_eq!(returned.get("error"), Some("invalid_request"), "{name}");
            assert_eq!(returned.get("state"), (name != "state").then_some(STATE), "{name}");
        }
        let twice = ask.clone().and("redirect_uri", &ask.client.redirect_uri);
        told_to_the_person(&browser.get(&twice.path()).await, "redirect_uri");
        assert_eq!(app.count(CODES).await, 0);
    }

    async fn az_09_an_empty_scope_is_the_default_and_never_everything(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let mut seen = Vec::new();
        for ask in [ask.clone(), ask.clone().with("scope", ""), ask.with("scope", "  ")] {
            let returned = app.authorize(&browser, &ask).await;
            let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
            seen.push(tokens.body["scope"].as_str().unwrap().to_owned());
        }
        assert!(seen.iter().all(|scope| scope == &app.config.catalog.defaults().to_string()), "{seen:?}");
        assert!(app.config.catalog.defaults().len() < app.config.catalog.ids().count());
    }

    async fn az_10_unknown_parameters_are_ignored_however_often_they_come(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).and("foo", "bar").and("foo", "baz");
        assert_eq!(app.authorize(&browser, &ask).await.names(), ["code", "state", "iss"]);
    }

    async fn az_12_a_scope_that_cannot_be_one_is_invalid_and_breaks_nothing(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let long = "a".repeat(5_000);
        for scope in ["a\tb", "openid\"", "a\\b", "ä", "openid\u{7f}", "nothing-like-it", &long] {
            let returned = app.refused(&browser, &ask.clone().with("scope", scope)).await;
            assert_eq!(returned.get("error"), Some("invalid_scope"), "{scope:?}");
        }
        let nul = app.browser().get(&format!("{}&scope=a%00b", ask.path())).await;
        told_to_the_person(&nul, "NUL");
        let longer = browser.get(&ask.with("scope", &"a".repeat(10_000)).path()).await;
        assert_eq!(longer.status, 414);
        assert_eq!(app.count(CODES).await, 0);
    }

    async fn az_13_state_is_returned_unchanged_or_not_at_all(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let state = format!("%+&=?#/\"<ü€\u{1f511} %25{}", "x".repeat(2_000));
        let returned = app.authorize(&browser, &ask.clone().with("state", &state)).await;
        assert_eq!(returned.get("state"), Some(state.as_str()));
        let body = |ask: Ask| Serializer::new(String::new()).extend_pairs(ask.parameters()).finish();
        let post = |body: String| {
            browser.request(Method::POST, "/oauth/authorize")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
        };
        let too_long = browser.send(post(body(ask.clone().with("state", &"x".repeat(8_193))))).await;
        told_to_the_person(&too_long, "8193 characters");
        let longest = browser.send(post(body(ask.with("state", &"x".repeat(8_192))))).await;
        assert_eq!(longest.status, 303);
    }

    async fn az_15_a_request_may_come_as_a_form_but_not_as_json(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let posted = browser.send(browser.request(Method::POST, "/oauth/authorize").form(ask.parameters())).await;
        let consent = browser.follow(posted).await;
        let returned = Returned::from_page(&app.decide(&browser, &consent, "authorize").await);
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);
        let json = browser.request(Method::POST, "/oauth/authorize").header(CONTENT_TYPE, "application/json");
        assert_eq!(browser.send(json.body(json!({ "client_id": ask.client.id }).to_string())).await.status, 415);
        assert_eq!(app.count(REQUESTS).await, 1);
    }

    async fn az_16_no_page_may_be_read_by_another_site(app) {
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let anonymous = app.anonymous();
        for path in [ask.path().as_str(), "/sign-in", "/authorize/txn_1", "/cli-sessions"] {
            for method in [Method::OPTIONS, Method::GET] {
                let request = anonymous.request(method, path).header("Origin", "https://evil.example");
                let request = request.header("Access-Control-Request-Method", "POST");
                let answer = anonymous.send(request).await;
                let allowed = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(allowed, None, "{path}");
            }
        }
    }

    async fn az_18_prompt_none_cannot_be_combined(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        for prompt in ["none login", "login none", "none consent", "sometimes"] {
            let returned = app.refused(&browser, &ask.clone().with("prompt", prompt)).await;
            assert_eq!(returned.get("error"), Some("invalid_request"), "{prompt}");
        }
    }

    async fn az_19_consent_is_always_required(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let client = app.client(kind).await;
            let session = app.session_in(&browser, &client, &owner).await;
            let codes = app.count(CODES).await;
            let silent = app.refused(&browser, &Ask::of(&session.client).with("prompt", "none")).await;
            assert_eq!((silent.get("error"), silent.get("code")), (Some("consent_required"), None));
            assert_eq!(app.count(CODES).await, codes);
        }
    }

    async fn az_20_prompt_login_asks_for_the_password_again(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        app.advance(TimeDelta::seconds(90));
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("prompt", "login");
        let page = app.ask(&browser, &ask).await;
        app.advance(TimeDelta::seconds(5));
        let answer = browser.submit(&page.form("/sign-in/again").with("password", PASSWORD)).await;
        let consent = browser.follow(answer).await;
        let returned = Returned::from_page(&app.decide(&browser, &consent, "authorize").await);
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        assert_eq!(tokens.claims()["auth_time"], app.clock.now().seconds());
    }

    async fn az_22_a_request_object_is_not_supported_and_changes_nothing(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let unsigned = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ.";
        let returned = app.refused(&browser, &ask.clone().with("request", unsigned)).await;
        assert_eq!(returned.get("error"), Some("request_not_supported"));
        assert!(returned.url.starts_with(&ask.client.redirect_uri), "{}", returned.url);
    }

    async fn az_23_a_request_uri_is_never_fetched(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}/request", trap.local_addr().unwrap());
        for uri in ["http://169.254.169.254/", "https://evil.example/request", "file:///etc/passwd", &here] {
            let returned = app.refused(&browser, &ask.clone().with("request_uri", uri)).await;
            assert_eq!(returned.get("error"), Some("request_uri_not_supported"), "{uri}");
        }
        let caught = tokio::time::timeout(std::time::Duration::from_millis(200), trap.accept()).await;
        assert!(caught.is_err(), "somebody came");
    }

    async fn az_24_only_response_mode_query_is_supported(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        for mode in ["fragment", "web_message", "form_post", "jwt", "foo"] {
            let returned = app.refused(&browser, &ask.clone().with("response_mode", mode)).await;
            assert_eq!(returned.get("error"), Some("invalid_request"), "{mode}");
            assert!(!returned.url.contains('#'), "{}", returned.url);
        }
        assert!(app.authorize(&browser, &ask.with("response_mode", "query")).await.get("code").is_some());
    }

    async fn az_26_a_login_hint_does_not_change_the_signed_in_person(app) {
        let owner = app.owner().await;
        let other = app.member("admin").await;
        let client = app.client(ClientKind::Native).await;
        let theirs = app.session_of(&client, &other).await.tokens.body["id_token"].as_str().unwrap().to_owned();
        let browser = app.browser_of(&owner).await;
        for hint in [theirs.as_str(), "e30.e30.", "forged"] {
            let ask = Ask::of(&client).with("id_token_hint", hint).with("login_hint", &other.email);
            let consent = app.ask(&browser, &ask).await;
            assert!(!consent.text().contains(&other.email), "{}", consent.text());
            let returned = Returned::from_page(&app.decide(&browser, &consent, "authorize").await);
            let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
            assert_eq!(tokens.claims()["sub"], json!(owner.id));
        }
    }

    async fn az_27_deny_is_told_to_the_tool_and_leaves_no_code(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let consent = app.ask(&browser, &ask).await;
        let returned = Returned::from_page(&app.decide(&browser, &consent, "deny").await);
        assert_eq!(returned.get("error"), Some("access_denied"));
        assert_eq!((returned.get("state"), returned.get("iss")), (Some(STATE), Some(app.issuer())));
        assert_eq!((app.count(CODES).await, app.audited("authorization.denied").await), (0, 1));
    }

    async fn cs_14_without_a_state_none_is_invented(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).without("state");
        let returned = app.authorize(&browser, &ask).await;
        assert_eq!(returned.get("state"), None);
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);
    }

    async fn az_28_form_fields_cannot_change_the_stored_request(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let other = app.client(ClientKind::Native).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("scope", "openid");
        let consent = app.ask(&browser, &ask).await;
        let form = consent.form_to("/authorize/")
            .with("scope", "openid deployments:delete")
            .with("scopes", "deployments:delete")
            .with("client_id", &other.id)
            .with("redirect_uri", "https://evil.example/")
            .with("state", "forged")
            .with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
            .with("user_id", "usr_1")
            .with("decision", "authorize");
        let answer = browser.submit(&form).await;
        let returned = Returned::from_page(&browser.follow(answer).await);
        assert!(returned.url.starts_with(&ask.client.redirect_uri), "{}", returned.url);
        assert_eq!(returned.get("state"), Some(STATE));
        assert_eq!(Tokens::of(&app.exchange(&ask, returned.code()).await).body["scope"], "openid");
    }

    async fn az_28_an_organization_that_is_not_the_persons_cannot_be_chosen(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let foreign = app.organization("Elsewhere").await;
        let consent = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await)).await;
        for id in [foreign.id.as_str(), "org_nowhere"] {
            let form = consent.form_to("/authorize/").with("organization", id).with("decision", "authorize");
            assert!(browser.submit(&form).await.location().starts_with("/authorize/txn_"), "asked again");
        }
        assert_eq!(app.count(CODES).await, 0);
    }

    async fn az_29_a_question_has_one_answer(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let consent = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await)).await;
        let form = consent.form_to("/authorize/");
        let approve = form.clone().with("decision", "authorize");
        assert_eq!(browser.submit(&approve).await.status, 303);
        for again in [approve, form.with("decision", "deny")] {
            let page = browser.submit(&again).await;
            assert!(page.text().contains("already answered"), "{}", page.text());
            assert_eq!((page.header("location"), html::refresh(&page.body)), (None, None));
        }
        assert_eq!((app.count(CODES).await, app.audited("authorization.denied").await), (1, 0));
    }

    async fn az_29_twenty_answers_at_once_are_one(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let consent = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await)).await;
        let form = consent.form_to("/authorize/").with("decision", "authorize");
        let statuses = at_once(20, |_| {
            let (browser, form) = (browser.another_tab(), form.clone());
            async move { browser.submit(&form).await.status }
        });
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert_eq!((app.count(CODES).await, app.audited("authorization.approved").await), (1, 1));
    }

    async fn az_31_a_request_ends_after_ten_minutes(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let opened = browser.get(&ask.path()).await;
        let consent = browser.get(opened.location()).await;
        app.advance(TimeDelta::minutes(10));
        let page = browser.get(opened.location()).await;
        assert_eq!((page.status, page.text().contains("fred login")), (410, false));
        let late = browser.submit(&consent.form_to("/authorize/").with("decision", "authorize")).await;
        assert_eq!((late.status, app.count(CODES).await), (410, 0));
    }

    async fn az_32_a_removed_or_unauthorized_client_gets_no_code(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app.client(ClientKind::Native).await;
        let consent = app.ask(&browser, &Ask::of(&client).with("state", "before")).await;
        let id = client.id.clone();
        app.inside().store.write(move |work| clients::disable(work.conn, &id, work.now)).await.unwrap();
        told_to_the_person(&browser.get(&Ask::of(&client).path()).await, "a new request");
        let late = browser.submit(&consent.form_to("/authorize/").with("decision", "authorize")).await;
        told_to_the_person(&late, "an open request");
        let other = app.client_with(ClientKind::Native, |client| client.grants = vec![Grant::RefreshToken]).await;
        let returned = app.refused(&browser, &Ask::of(&other)).await;
        assert_eq!(returned.get("error"), Some("unauthorized_client"));
        assert_eq!(app.count(CODES).await, 0);
    }
}
