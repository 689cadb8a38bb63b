//! Device codes under attack (RFC 8628, RFC 10027).

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::services::device;
use reqwest::Method;
use serde_json::Value;

use super::{is, refusal};
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::device::Codes;
use crate::support::http::BrowserCaller;
use crate::support::oauth::Tokens;

/// All letters of user codes, to derive different ones.
const LETTERS: &str = "BCDFGHJKLMNPQRSTVWXZ";

/// A user code that was not issued.
fn wrong_code(n: usize) -> String {
    let letter = |at: usize| LETTERS.as_bytes()[(n >> (4 * at)) % LETTERS.len()] as char;
    format!("BBBB-{}{}{}B", letter(2), letter(1), letter(0))
}

async fn pending(app: &TestApp, codes: &Codes) {
    assert_eq!(refusal(&app.poll(codes).await), is(400, "authorization_pending"));
}

async fn exhaust(app: &TestApp, browser: &BrowserCaller, n: usize) {
    for at in 0..n {
        let page = app.enter_code(browser, &wrong_code(at)).await;
        assert_eq!(page.status, 422, "{at}: {}", page.text());
    }
}

both_engines! {
    async fn a_device_signs_in(app) {
        let client = app.device_client().await;
        let form = [("scope", "openid org:read"), ("device_name", "build-07")];
        let answer = app.client_post(&client, "/oauth/device_authorization", &form).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        let body = answer.json();
        let (uri, code) = (format!("{}/device", app.issuer()), body["user_code"].as_str().unwrap());
        assert_eq!(body["verification_uri"], uri);
        assert_eq!(body["verification_uri_complete"], format!("{uri}?user_code={code}"));
        assert_eq!((&body["expires_in"], &body["interval"]), (&Value::from(600), &Value::from(5)));
        assert!(!app.holds(body["device_code"].as_str().unwrap()).await);
        assert!(!app.holds(code).await && !app.holds(&code.replace('-', "")).await);

        let device_code = body["device_code"].as_str().unwrap().to_owned();
        let codes = Codes { client: client.clone(), device_code, user_code: code.to_owned() };
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let page = app.connect(&browser, &codes).await;
        assert!(page.text().contains("You can return to your device"), "{}", page.text());
        let answer = app.poll(&codes).await;
        let tokens = Tokens::of(&answer);
        assert_eq!(tokens.body["scope"], "openid org:read");
        assert_eq!(tokens.body["expires_in"], 28_800);
        assert!(tokens.body["id_token"].is_string());
        assert_eq!(app.whoami(&tokens.access).await.json()["data"]["subject"]["id"], owner.id);
        let stored = app.stored(&tokens.session()).await;
        assert_eq!((stored.name.as_str(), stored.kind.as_str()), ("build-07", "cli_session"));
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
        assert_eq!(app.audited("authorization.approved").await, 1);
        assert_eq!(app.audited("session.started").await, 1);
    }

    async fn dv_01_a_tool_that_asks_too_soon_slows_down_and_recovers(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        pending(app, &codes).await;
        app.advance(TimeDelta::seconds(5));
        pending(app, &codes).await;
        app.advance(TimeDelta::seconds(4));
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "slow_down"));
        app.advance(TimeDelta::seconds(9));
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "slow_down"), "the interval is ten seconds from now on");
        app.advance(TimeDelta::seconds(15));
        pending(app, &codes).await;
        app.advance(TimeDelta::seconds(14));
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "slow_down"), "the interval stays");
        app.advance(TimeDelta::seconds(20));
        pending(app, &codes).await;
        app.connect(&app.browser_of(&app.owner().await).await, &codes).await;
        assert_eq!(app.poll(&codes).await.status, 200, "an approval is returned regardless of the interval");
    }

    async fn dv_02_a_device_code_is_worth_nothing_to_another_client(app) {
        let (codes, other) = (app.new_device_codes().await, app.device_client().await);
        app.connect(&app.browser_of(&app.owner().await).await, &codes).await;
        assert_eq!(refusal(&app.poll_as(&other, &codes.device_code).await), is(400, "invalid_grant"));
        for nonsense in ["x", "' OR 1=1 --", &"ü".repeat(5000)] {
            assert_eq!(refusal(&app.poll_as(&codes.client, nonsense).await), is(400, "invalid_grant"));
        }
        assert_eq!(app.poll(&codes).await.status, 200, "the right client still gets its tokens");
    }

    async fn dv_03_a_device_code_works_once(app) {
        let codes = app.new_device_codes().await;
        app.connect(&app.browser_of(&app.owner().await).await, &codes).await;
        let tokens = Tokens::of(&app.poll(&codes).await);
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "invalid_grant"));
        assert_eq!(app.whoami(&tokens.access).await.status, 200);
        assert_eq!(app.count("credentials").await, 1);
    }

    async fn dv_03_twenty_polls_at_once_give_one_session(app) {
        let codes = app.new_device_codes().await;
        app.connect(&app.browser_of(&app.owner().await).await, &codes).await;
        let polls = at_once(20, |_| app.poll(&codes));
        let good = polls.iter().filter(|answer| answer.status == 200).count();
        let refused = polls.iter().filter(|answer| answer.status == 400);
        assert_eq!((good, refused.count()), (1, 19));
        assert_eq!(app.count("credentials").await, 1);
    }

    async fn dv_04_a_code_ends_after_ten_minutes(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        let browser = app.browser_of(&app.owner().await).await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        app.advance(TimeDelta::seconds(600));
        let page = app.answer_device(&browser, &question, "connect").await;
        assert_eq!(page.status, 410, "{}", page.text());
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "expired_token"));
        assert_eq!(app.enter_code(&browser, &codes.user_code).await.status, 422);
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn dv_04_an_unfetched_approval_expires_too(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        app.connect(&app.browser_of(&app.owner().await).await, &codes).await;
        app.advance(TimeDelta::seconds(600));
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "expired_token"));
    }

    async fn dv_05_guessing_codes_comes_to_an_end(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        let guesser = app.member("member").await;
        let browser = app.browser_of(&guesser).await;
        exhaust(app, &browser, 10).await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        assert_eq!((page.status, page.header("retry-after")), (429, Some("90")), "{}", page.text());
        assert!(page.text().contains("Too many tries. Try again in 90 seconds"), "{}", page.text());
        let another = app.browser_of(&guesser).await;
        assert_eq!(app.enter_code(&another, &codes.user_code).await.status, 429, "in every browser");
        assert_eq!(app.audit_of("instance").await.iter().filter(|a| *a == "device.codes_guessed").count(), 1);
        app.advance(TimeDelta::seconds(90));
        assert_eq!(app.enter_code(&browser, &codes.user_code).await.status, 200);
    }

    async fn dv_05_a_guesser_locks_nobody_else_out(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        exhaust(app, &app.browser_of(&app.member("member").await).await, 10).await;
        let owner = app.browser_of(&app.owner().await).await;
        assert_eq!(app.enter_code(&owner, &codes.user_code).await.status, 200);
    }

    async fn dv_05_a_network_full_of_guessers_has_a_limit_too(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        for _ in 0..3 {
            exhaust(app, &app.browser_of(&app.member("member").await).await, 10).await;
        }
        // A person who has entered no wrong code is not blocked by others.
        let another = app.browser_of(&app.member("member").await).await;
        assert_eq!(app.enter_code(&another, &codes.user_code).await.status, 200);
        let browser = app.browser_of(&app.member("member").await).await;
        exhaust(app, &browser, 1).await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        assert_eq!((page.status, page.header("retry-after")), (429, Some("30")));
    }

    async fn dv_05_twenty_guesses_at_once_are_twenty(app) {
        let person = app.member("member").await;
        let browser = app.browser_of(&person).await;
        let page = browser.get("/device").await;
        let form = page.form("/device");
        let answers = at_once(20, |n| {
            let (tab, form) = (browser.another_tab(), form.clone().with("user_code", &wrong_code(n)));
            async move { tab.submit(&form).await.status }
        });
        let wrong = answers.iter().filter(|status| **status == 422).count();
        let waits = answers.iter().filter(|status| **status == 429).count();
        assert_eq!((wrong, waits), (10, 10));
    }

    async fn dv_06_user_codes_cannot_be_tried_without_signing_in(app) {
        let codes = app.new_device_codes().await;
        app.owner().await;
        let stranger = app.browser();
        let real = stranger.get(&format!("/device?user_code={}", codes.user_code)).await;
        let wrong = stranger.get("/device?user_code=BBBB-BBBB").await;
        assert_eq!((real.status, wrong.status), (303, 303));
        assert!(real.location().starts_with("/sign-in?request=device_"), "{}", real.location());
        let sign_in = stranger.follow(real).await;
        assert!(!sign_in.text().contains("Fred"), "{}", sign_in.text());
        // A form of the sign-in page does not work on the device page, and nothing can be submitted without the form of
        // that page.
        let form = sign_in.form("/sign-in").with("user_code", &codes.user_code);
        let posted = stranger.send(
            stranger.request(Method::POST, "/device").header("Origin", app.issuer()).form(form.fields())
        ).await;
        assert_eq!(posted.status, 403);
        assert_eq!(app.count("rates").await, 0);
    }

    async fn dv_08_a_code_in_the_link_is_still_to_be_confirmed(app) {
        let codes = app.new_device_codes().await;
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        // Even if the person has approved this tool before.
        let earlier = app.device_codes(&codes.client, &[]).await;
        app.connect(&browser, &earlier).await;
        assert_eq!(app.poll(&earlier).await.status, 200);
        let page = browser.get(&format!("/device?user_code={}", codes.user_code.to_lowercase())).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("value=\"{}\"", codes.user_code)), "{}", page.body);
        pending(app, &codes).await;
        let question = app.enter_code(&browser, &codes.user_code.to_lowercase().replace('-', " ")).await;
        for said in [&codes.user_code, "Fred", "build-07", "127.0.0.1"] {
            assert!(question.text().contains(said), "{said}: {}", question.text());
        }
        assert_eq!(app.count("credentials").await, 1);
        let after_sign_in = app.browser();
        let opened = after_sign_in.get(&format!("/device?user_code={}", codes.user_code)).await;
        let sign_in = after_sign_in.follow(opened).await;
        let form = sign_in.form("/sign-in").with("email", &owner.email).with("password", owner.password);
        let answer = after_sign_in.submit(&form).await;
        assert_eq!(answer.location(), format!("/device?user_code={}", codes.user_code));
    }

    async fn dv_10_form_fields_cannot_change_the_stored_request(app) {
        let (codes, other) = (app.new_device_codes().await, app.new_device_codes().await);
        let browser = app.browser_of(&app.owner().await).await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        let form = question
            .form_to("/device/")
            .with("decision", "connect")
            .with("user_code", &other.user_code)
            .with("client_id", &other.client.id)
            .with("scope", "deployments:delete");
        browser.submit(&form).await;
        assert_eq!(refusal(&app.poll(&other).await), is(400, "authorization_pending"));
        let tokens = Tokens::of(&app.poll(&codes).await);
        assert!(!tokens.body["scope"].as_str().unwrap().contains("delete"));
        assert_eq!(tokens.claims()["client_id"], codes.client.id.as_str());
    }

    async fn dv_10_an_organization_of_others_cannot_be_chosen(app) {
        let codes = app.new_device_codes().await;
        let elsewhere = app.organization("Elsewhere").await;
        let browser = app.browser_of(&app.owner().await).await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        let form = question.form_to("/device/").with("decision", "connect").with("organization", &elsewhere.id);
        let answer = browser.submit(&form).await;
        let again = browser.follow(answer).await;
        assert!(again.text().contains("Did you start this sign-in yourself?"), "{}", again.text());
        pending(app, &codes).await;
    }

    async fn dv_10_only_the_browser_that_entered_the_code_answers(app) {
        let codes = app.new_device_codes().await;
        let browser = app.browser_of(&app.owner().await).await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        let form = question.form_to("/device/").with("decision", "connect");
        let another = app.browser_of(&app.member("member").await).await;
        assert_eq!(another.get(&form.action).await.status, 404);
        let own = another.get("/device").await.form("/device");
        let foreign = form.clone().with("csrf", own.field("csrf").unwrap());
        assert_eq!(another.submit(&foreign).await.status, 403);
        pending(app, &codes).await;
    }

    async fn dv_12_a_denial_is_reported_once(app) {
        let codes = app.new_device_codes().await;
        let browser = app.browser_of(&app.owner().await).await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        let page = app.answer_device(&browser, &question, "deny").await;
        assert!(page.text().contains("Thank you. The request has ended. No access was granted."), "{}", page.text());
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "access_denied"));
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "invalid_grant"));
        let late = app.answer_device(&browser, &question, "connect").await;
        assert!(late.text().contains("The request has ended"), "{}", late.text());
        assert_eq!((app.audited("authorization.denied").await, app.count("credentials").await), (1, 0));
        assert_eq!(app.enter_code(&browser, &codes.user_code).await.status, 422, "an answered code counts as wrong");
    }

    async fn dv_13_a_client_may_be_kept_from_device_codes(app) {
        let client = app.client(ClientKind::Native).await;
        let path = "/oauth/device_authorization";
        assert_eq!(refusal(&app.client_post(&client, path, &[]).await), is(400, "unauthorized_client"));
        assert_eq!(refusal(&app.poll_as(&client, "x").await), is(400, "unauthorized_client"));
        assert_eq!(refusal(&app.anonymous().post(path, &[]).await), is(401, "invalid_client"));
        let may = app.device_client().await;
        for (name, value, error) in [
            ("scope", "nothing-like-it", "invalid_scope"),
            ("resource", "https://evil.example", "invalid_target"),
            ("org", &"x".repeat(300), "invalid_request"),
        ] {
            assert_eq!(refusal(&app.client_post(&may, path, &[(name, value)]).await), is(400, error), "{name}");
        }
        let twice = [("scope", "openid"), ("scope", "openid")];
        assert_eq!(app.client_post(&may, path, &twice).await.status, 400);
        let anonymous = app.anonymous();
        assert_eq!(anonymous.send(anonymous.request(Method::GET, path)).await.status, 405);
        assert_eq!(app.count("device_requests").await, 0);
    }

    async fn dv_15_a_user_code_in_use_is_drawn_again(app) {
        let codes = app.new_device_codes().await;
        let taken = app.names("SELECT id AS name FROM device_requests").await.remove(0);
        let first = taken.clone();
        let (id, code) = app.inside().write(move |app, work| {
            let mut draws = [taken, "dev_another".to_owned()].into_iter();
            device::unused_id(work.conn, &app.master, || draws.next().unwrap())
        }).await.unwrap();
        assert_eq!(device::user_code(&app.inside().master, &first).unwrap().formatted(), codes.user_code);
        assert_ne!((id, code.formatted()), (first.clone(), codes.user_code));
        let nothing_else = app.inside().write(move |app, work| {
            device::unused_id(work.conn, &app.master, || first.clone())
        });
        assert!(nothing_else.await.is_err(), "the number of attempts is limited");
    }

    async fn dv_16_an_organization_may_forbid_device_codes(app) {
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "off", "off").await;
        let codes = app.new_device_codes().await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        assert_eq!(page.status, 403);
        assert!(page.text().contains("Northwind Labs does not allow device codes"), "{}", page.text());
        let answer = app.poll(&codes).await;
        assert_eq!(refusal(&answer), is(400, "access_denied"));
        assert_eq!(answer.json()["error_code"], "device_flow_disabled");
        assert_eq!(answer.json()["organization"], "Northwind Labs");
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn dv_16_an_earlier_approval_gives_nothing_once_device_codes_are_off(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (before, open) = (app.new_device_codes().await, app.new_device_codes().await);
        app.connect(&browser, &before).await;
        let question = app.enter_code(&browser, &open.user_code).await;
        app.set_sign_in_methods(&browser, "off", "off").await;
        assert_eq!(refusal(&app.poll(&before).await), is(400, "access_denied"));
        let late = app.answer_device(&browser, &question, "connect").await;
        assert_eq!(late.status, 403, "{}", late.text());
        assert_eq!(refusal(&app.poll(&open).await), is(400, "access_denied"));
        app.set_sign_in_methods(&browser, "on", "off").await;
        assert_eq!(app.poll(&before).await.status, 200, "the device code was not consumed");
    }

    async fn dv_16_an_organization_may_require_the_same_network(app, |app| app.with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")) {
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "same_network", "off").await;
        let client = app.device_client().await;
        let near = app.device_codes(&client, &[]).await;
        app.connect(&browser, &near).await;
        assert_eq!(app.poll(&near).await.status, 200);
        let anonymous = app.anonymous();
        let form = [("client_id", client.id.as_str())];
        let far = anonymous.request(Method::POST, "/oauth/device_authorization").form(&form);
        let far = anonymous.send(far.header("X-Forwarded-For", "198.51.100.7")).await.json();
        let text = |name: &str| far[name].as_str().unwrap().to_owned();
        let far = Codes { client, device_code: text("device_code"), user_code: text("user_code") };
        let page = app.enter_code(&browser, &far.user_code).await;
        assert!(page.status == 403 && page.text().contains("on a different network"), "{}", page.text());
        assert_eq!(refusal(&app.poll(&far).await), is(400, "access_denied"));
    }

    async fn dv_17_the_switch_stops_a_device_that_waits(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (approved, open) = (app.new_device_codes().await, app.new_device_codes().await);
        app.connect(&browser, &approved).await;
        let question = app.enter_code(&browser, &open.user_code).await;
        app.switch(false).await;
        for _ in 0..2 {
            let answer = app.poll(&approved).await;
            assert_eq!(refusal(&answer), is(403, "access_denied"));
            assert_eq!(answer.json()["error_code"], "personal_tokens_disabled");
        }
        let page = app.answer_device(&browser, &question, "connect").await;
        assert_eq!(page.status, 403, "{}", page.text());
        let answer = app.poll(&open).await;
        assert_eq!(refusal(&answer), is(403, "access_denied"));
        assert_eq!(answer.json()["error_code"], "personal_tokens_disabled");
        assert_eq!(app.count("credentials").await, 0);
        app.switch(true).await;
        assert_eq!(app.poll(&approved).await.status, 200, "the device code was not consumed");
        assert_eq!(app.poll(&open).await.status, 403, "the refused request stays refused");
    }

    async fn revoking_everything_ends_unfetched_approvals(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let codes = app.new_device_codes().await;
        app.connect(&browser, &codes).await;
        let path = "/o/northwind-labs/settings/api-access/revoke-all";
        let form = browser.get(path).await.form(path);
        assert_eq!(browser.submit(&form).await.status, 303);
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "expired_token"));
    }

    async fn ended_requests_are_swept_away(app, |app| app.manual_clock()) {
        let codes = app.new_device_codes().await;
        app.connect(&app.browser_of(&app.owner().await).await, &codes).await;
        assert_eq!(app.poll(&codes).await.status, 200);
        app.advance(TimeDelta::hours(1));
        app.sweep().await;
        assert_eq!((app.count("device_requests").await, app.count("credentials").await), (0, 1));
        assert_eq!(refusal(&app.poll(&codes).await), is(400, "invalid_grant"));
    }

    async fn beginning_sign_ins_has_a_limit_for_each_network(app, |app| {
        app.manual_clock()
            .with("KEYSTILE_LIMITS__SIGN_INS_PER_MINUTE", "4")
            .with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
    }) {
        let client = app.device_client().await;
        let (anonymous, browser) = (app.anonymous(), app.browser());
        browser.get("/help").await;
        let from = async |method: Method, path: &str, address: &str| {
            let form = [("client_id", client.id.as_str())];
            let request = anonymous.request(method.clone(), path).header("X-Forwarded-For", address);
            if method == Method::POST { anonymous.send(request.form(&form)).await } else { browser.send(request).await }
        };
        let doors = [
            (Method::POST, "/oauth/device_authorization"),
            (Method::POST, "/oauth/par"),
            (Method::GET, "/oauth/authorize"),
            (Method::GET, "/c/AAAA-AAAA"),
        ];
        for (method, path) in doors.clone() {
            assert_ne!(from(method, path, "198.51.100.7").await.status, 429, "{path}");
        }
        for (method, path) in doors {
            let answer = from(method.clone(), path, "198.51.100.7").await;
            assert_eq!((answer.status, answer.header("retry-after")), (429, Some("15")), "{path}");
            if method == Method::POST {
                let body = answer.json();
                assert_eq!((&body["error"], &body["error_code"]), (&Value::from("temporarily_unavailable"), &Value::from("rate_limited")));
            } else {
                assert!(answer.text().contains("Too many tries"), "{}", answer.text());
            }
            assert_ne!(from(method, path, "203.0.113.5").await.status, 429, "{path}");
        }
        app.advance(TimeDelta::seconds(15));
        assert_eq!(from(Method::POST, "/oauth/device_authorization", "198.51.100.7").await.status, 200);
    }
}

#[tokio::test]
async fn dv_03_a_device_code_is_used_once_across_nodes() {
    let one = Builder::on(Database::postgres()).start().await;
    let other = one.another_node().start().await;
    let codes = one.new_device_codes().await;
    one.connect(&one.browser_of(&one.owner().await).await, &codes).await;
    let nodes = [&one, &other];
    let polls = at_once(10, |n| nodes[n % 2].poll(&codes));
    assert_eq!(polls.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(one.count("credentials").await, 1);
    other.stop().await;
    one.stop().await;
}
