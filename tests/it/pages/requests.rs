//! Authorization requests until their answer: which browser may answer, effects of reading a page, and forms from
//! before the sign-in.

use std::fs;

use keystiled::domain::client::{ClientKind, Grant};
use reqwest::Method;
use serde_json::Value;

use super::{state, turn};
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::{Ask, Returned};
use crate::support::people::TestClient;
use crate::support::postgres::OwnDatabase;

/// Pushes a request and returns the path of its short link.
async fn short_link(app: &TestApp, client: &TestClient) -> String {
    format!("/c/{}", push(app, client).await["user_check"].as_str().unwrap())
}

async fn push(app: &TestApp, client: &TestClient) -> Value {
    let ask = Ask::of(client);
    let form: Vec<_> = ask.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = app.anonymous().post("/oauth/par", &form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

async fn open(browser: &BrowserCaller, path: &str) -> Answer {
    let opened = browser.get(path).await;
    browser.follow(opened).await
}

fn is_elsewhere(answer: &Answer) -> bool {
    answer.status == 409 && answer.text().contains("This sign-in is open in another browser")
}

/// The requests in the database, and the recorded events.
async fn requests(app: &TestApp) -> Vec<String> {
    let mut found = app
        .names("SELECT status || coalesce(user_id, '') AS name FROM authorization_requests ORDER BY id")
        .await;
    found.extend(
        app.names("SELECT status || coalesce(user_id, '') AS name FROM device_requests ORDER BY id").await,
    );
    found.push(app.count("audit_events").await.to_string());
    found
}

both_engines! {
    async fn cf_04_a_code_may_have_typographic_dashes_and_full_width_letters(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let wide = |code: &str, dash: char| -> String {
            let one = |c: char| if c == '-' { dash } else { char::from_u32(u32::from(c) + 0xFEE0).unwrap() };
            code.chars().map(one).collect()
        };
        for (dash, full) in [('–', false), ('—', false), ('\u{2011}', false), ('−', false), ('－', true), ('ー', true)] {
            let spelled = |code: &str| {
                if full { wide(code, dash) } else { code.replace('-', &dash.to_string()) }
            };
            let codes = app.new_device_codes().await;
            let question = app.enter_code(&browser, &spelled(&codes.user_code)).await;
            assert!(question.text().contains(&codes.user_code), "{dash}: {}", question.text());
            let client = app.client(ClientKind::Native).await;
            let code = push(app, &client).await["user_check"].as_str().unwrap().to_owned();
            let consent = open(&browser, &format!("/c/{}", spelled(&code).to_lowercase())).await;
            assert!(consent.status == 200 && consent.text().contains(&code), "{dash}: {}", consent.text());
        }
    }

    async fn cf_11_reading_a_question_answers_nothing(app) {
        let viewer = app.browser_of(&app.member("viewer").await).await;
        let client = app.client(ClientKind::Native).await;
        let ask = Ask::of(&client).with("scope", "deployments:delete");
        // The role holds none of the scopes.
        let opened = viewer.get(&ask.path()).await;
        let path = opened.location().to_owned();
        let before = requests(app).await;
        let refusal = viewer.get(&path).await;
        assert!(refusal.status == 403 && refusal.text().contains("You can’t grant this permission"), "{}", refusal.text());
        assert_eq!(requests(app).await, before);
        let answer = viewer.submit(&refusal.form_to("/authorize/").with("decision", "refuse")).await;
        let back = viewer.follow(answer).await;
        assert!(back.text().contains("Your role in Northwind Labs does not include the requested permissions."), "{}", back.text());
        let returned = Returned::from_page(&back);
        assert_eq!(returned.get("error"), Some("access_denied"));
        assert_eq!(returned.get("error_description"), Some("The user's role includes none of the requested scopes."));
        let denied = viewer.get("/denied").await.text();
        assert!(denied.contains("Your role in Northwind Labs does not include the requested permissions."), "{denied}");
        assert!(!denied.contains("by mistake") && !denied.contains("denying it"), "{denied}");
        assert_eq!((app.audited("authorization.denied").await, app.audited("authorization.not_possible").await), (0, 1));

        // The same for a device.
        let tool = app.client_with(ClientKind::Native, |client| client.grants.push(Grant::DeviceCode)).await;
        let codes = app.device_codes(&tool, &[("scope", "deployments:delete")]).await;
        assert!(app.enter_code(&viewer, &codes.user_code).await.text().contains("You can’t grant this permission"));
        let told = app.poll(&codes).await.json();
        assert_eq!(told["error_description"], "The user's role includes none of the requested scopes.");
        assert_eq!((app.audited("authorization.denied").await, app.audited("authorization.not_possible").await), (0, 2));

        // A person whose last membership has ended meanwhile cannot approve either.
        let person = app.member("member").await;
        let homeless = app.browser_of(&person).await;
        let opened = homeless.get(&Ask::of(&client).path()).await;
        app.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", person.id)).await.unwrap();
        let refusal = homeless.get(opened.location()).await;
        let answer = homeless.submit(&refusal.form_to("/authorize/").with("decision", "refuse")).await;
        let back = homeless.follow(answer).await;
        assert!(back.text().contains("You belong to no organization."), "{}", back.text());
        assert_eq!(Returned::from_page(&back).get("error_description"), Some("The user is not a member of any organization."));

        // Personal tokens are off.
        let member = app.browser_of(&app.member("member").await).await;
        let opened = member.get(&Ask::of(&client).path()).await;
        let path = opened.location().to_owned();
        turn(app, "off").await;
        let before = requests(app).await;
        let refusal = member.get(&path).await;
        assert!(refusal.text().contains("does not allow command-line sign-in"), "{}", refusal.text());
        assert_eq!(requests(app).await, before);
        turn(app, "on").await;
        assert_eq!(member.get(&path).await.status, 200, "the request is still open");
        turn(app, "off").await;
        let answer = member.submit(&refusal.form_to("/authorize/").with("decision", "refuse")).await;
        let returned = Returned::from_page(&member.follow(answer).await);
        assert_eq!((returned.get("error"), returned.get("error_code")), (Some("access_denied"), Some("personal_tokens_disabled")));
    }

    async fn cf_11_reading_the_question_of_a_device_answers_nothing(app) {
        let owner = app.owner().await;
        let member = app.browser_of(&app.member("member").await).await;
        let codes = app.new_device_codes().await;
        let question = app.enter_code(&member, &codes.user_code).await;
        let path = question.form_to("/device/").action;
        app.set_sign_in_methods(&app.browser_of(&owner).await, "off", "off").await;
        let before = requests(app).await;
        let refusal = member.get(&path).await;
        assert!(refusal.text().contains("does not allow device codes"), "{}", refusal.text());
        assert_eq!(requests(app).await, before);
        assert_eq!(app.poll(&codes).await.json()["error"], "authorization_pending");
        let answer = member.submit(&refusal.form_to("/device/").with("decision", "refuse")).await;
        let told = member.follow(answer).await;
        assert!(told.text().contains("does not allow device codes"), "{}", told.text());
        assert_eq!(app.poll(&codes).await.json()["error"], "access_denied");
    }

    async fn cf_11_a_request_that_can_be_approved_is_not_ended_by_refusing_it(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let consent = app.ask(&owner, &Ask::of(&app.client(ClientKind::Native).await)).await;
        let again = owner.submit(&consent.form_to("/authorize/").with("decision", "refuse")).await;
        assert_eq!(owner.follow(again).await.status, 200);
        let client = app.client_with(ClientKind::Native, |client| client.grants.push(Grant::DeviceCode)).await;
        let codes = app.device_codes(&client, &[]).await;
        let question = app.enter_code(&owner, &codes.user_code).await;
        let again = owner.submit(&question.form_to("/device/").with("decision", "refuse")).await;
        assert!(owner.follow(again).await.text().contains("Did you start this sign-in yourself?"));
        assert_eq!(app.poll(&codes).await.json()["error"], "authorization_pending");
    }

    async fn cf_12_invalid_path_characters_are_a_404(app) {
        let text = fs::read_to_string("src/routes.rs").unwrap();
        let routes = text.split("resource(\"").skip(1).map(|route| route.split('"').next().unwrap());
        let people = [app.browser(), app.browser_of(&app.owner().await).await];
        for route in routes.filter(|route| route.contains('{') && !route.starts_with("/api/")) {
            for bad in ["%01", "%0d%0aX:%20y", "%ff", "%7f", "%c3%a4", "%e2%80%ae", "..%2f", "%25", "a".repeat(2000).as_str()] {
                let path: String = route
                    .split('/')
                    .map(|part| if part.starts_with('{') { bad } else { part })
                    .collect::<Vec<_>>()
                    .join("/");
                for (browser, method) in people.iter().flat_map(|one| [(one, Method::GET), (one, Method::POST)]) {
                    let answer = browser.send(browser.request(method.clone(), &path)).await;
                    assert!(answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text());
                }
            }
        }
    }

    async fn cf_14_a_second_sign_in_form_leads_to_its_own_question(app) {
        let owner = app.owner().await;
        let (first, client) = (app.browser(), app.client(ClientKind::Native).await);
        first.get("/sign-in").await;
        let second = first.another_tab();
        let mut forms = Vec::new();
        for tab in [&first, &second] {
            let link = short_link(app, &client).await;
            let page = open(tab, &link).await;
            assert!(page.text().contains("to continue to"), "{}", page.text());
            let form = page.form("/sign-in").with("email", &owner.email).with("password", owner.password);
            forms.push((form, link));
        }
        let answer = first.submit(&forms[0].0).await;
        assert!(first.follow(answer).await.text().contains(forms[0].1.trim_start_matches("/c/")));
        let answer = second.submit(&forms[1].0).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let question = second.follow(answer).await;
        assert!(question.text().contains(forms[1].1.trim_start_matches("/c/")), "{}", question.text());
        // The password in a stale form is not verified: even a wrong one leads to the same question.
        let answer = second.submit(&forms[1].0.clone().with("password", "wrong")).await;
        let failed = app.count("audit_events WHERE action = 'user.sign_in_failed'").await;
        assert_eq!((answer.status, failed), (303, 0));
    }

    async fn cf_14_a_stale_form_keeps_its_request(app) {
        let owner = app.owner().await;
        let (browser, client) = (app.browser(), app.client(ClientKind::Native).await);
        let page = open(&browser, &short_link(app, &client).await).await;
        let form = page.form("/sign-in").with("csrf", "stale");
        let id = form.field("request").unwrap().to_owned();
        let refusal = browser.submit(&form).await;
        assert!(refusal.status == 403 && refusal.text().contains("This page was open too long"));
        assert!(refusal.body.contains(&format!("href=\"/sign-in?request={id}\"")), "{}", refusal.body);
        // If a form has no page of its own, the page that contained it is opened again.
        let owner = app.browser_of(&owner).await;
        let form = owner.get("/cli-sessions?state=all").await.form("/sign-out").with("csrf", "stale");
        let request = owner.request(Method::POST, "/sign-out").form(form.fields());
        let request = request.header("Origin", app.issuer());
        let refusal = owner.send(request.header("Referer", format!("{}/cli-sessions?state=all", app.issuer()))).await;
        assert!(refusal.body.contains("href=\"/cli-sessions?state=all\""), "{}", refusal.body);
        let request = owner.request(Method::POST, "/sign-out").form(form.fields());
        let foreign = format!("{}.evil.example/x", app.issuer());
        let refusal = owner.send(request.header("Origin", app.issuer()).header("Referer", foreign)).await;
        assert!(!refusal.body.contains("evil.example"), "{}", refusal.body);
    }

    async fn cf_15_a_pushed_request_belongs_to_the_first_browser_that_opens_it(app) {
        let client = app.client(ClientKind::Native).await;
        let (first, second) = (app.browser_of(&app.owner().await).await, app.browser_of(&app.owner().await).await);
        let pushed = push(app, &client).await;
        let link = format!("/c/{}", pushed["user_check"].as_str().unwrap());
        let uri = pushed["request_uri"].as_str().unwrap();
        let reference = format!("/oauth/authorize?client_id={}&request_uri={uri}", client.id);
        let question = open(&first, &link).await;
        assert_eq!(question.status, 200, "{}", question.text());
        for path in [&link, &reference] {
            let refusal = open(&second, path).await;
            assert!(is_elsewhere(&refusal), "{path}: {}", refusal.text());
            assert!(refusal.text().contains("No access was granted."));
        }
        let stolen = second.get(&question.form_to("/authorize/").action).await;
        assert_eq!(stolen.status, 404, "{}", stolen.text());
        // Both links still belong to the first browser, and so does the answer.
        assert_eq!(open(&first, &reference).await.status, 200);
        let answer = app.decide(&first, &open(&first, &link).await, "authorize").await;
        Returned::from_page(&answer).code();
    }

    async fn cf_15_one_of_many_browsers_gets_a_link(app) {
        let client = app.client(ClientKind::Native).await;
        let link = short_link(app, &client).await;
        let owner = app.owner().await;
        let mut browsers = Vec::new();
        for _ in 0..8 {
            browsers.push(app.browser_of(&owner).await);
        }
        let opened = futures_util::future::join_all(browsers.iter().map(|browser| browser.get(&link))).await;
        let got = opened.iter().filter(|answer| answer.status == 303).count();
        let refused = opened.iter().filter(|answer| is_elsewhere(answer)).count();
        assert_eq!((got, refused), (1, 7));
    }

    async fn cf_15_a_client_without_cookies_cannot_claim_a_link(app) {
        app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let pushed = push(app, &client).await;
        let link = format!("/c/{}", pushed["user_check"].as_str().unwrap());
        let uri = pushed["request_uri"].as_str().unwrap();
        let reference = format!("/oauth/authorize?client_id={}&request_uri={uri}", client.id);
        for path in [&link, &reference] {
            let seen = app.anonymous().get(path).await;
            assert_eq!(seen.status, 303, "{}", seen.text());
            let refusal = app.anonymous().get(seen.location()).await;
            assert!(refusal.status == 400 && refusal.text().contains("Cookies are needed"), "{}", refusal.text());
        }
        let browser = app.browser();
        let page = open(&browser, &link).await;
        assert!(page.text().contains("to continue to"), "{}", page.text());
        let session = app.session().await;
        let before = state(app, &session).await;
        assert!(is_elsewhere(&open(&app.browser(), &link).await));
        assert_eq!(state(app, &session).await, before);
    }
}

#[tokio::test]
async fn cf_15_of_two_browsers_that_open_a_request_at_once_one_gets_it() {
    let database = OwnDatabase::new("");
    let app = Builder::on(Database::sqlite()).with("KEYSTILE_DATABASE_URL", &database.url()).start().await;
    let (owner, client) = (app.owner().await, app.client(ClientKind::Native).await);
    let browsers = [app.browser_of(&owner).await, app.browser_of(&owner).await];
    for by_link in [true, false] {
        let pushed = push(&app, &client).await;
        let [code, uri] = ["user_check", "request_uri"].map(|name| pushed[name].as_str().unwrap());
        let path = if by_link {
            format!("/c/{code}")
        } else {
            format!("/oauth/authorize?client_id={}&request_uri={uri}", client.id)
        };
        // Both wait for the request before either has it.
        let held = database.in_transaction("SELECT 1 FROM authorization_requests FOR UPDATE");
        let release = async {
            database.until_waiting(2).await;
            drop(held);
        };
        let (one, other, ()) = tokio::join!(browsers[0].get(&path), browsers[1].get(&path), release);
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{path}");
    }
    app.stop().await;
}
