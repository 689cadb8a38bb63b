//! `/security` and `/reset/{token}`: changing and resetting a password, and the list of browsers.

use chrono::TimeDelta;
use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::client::ClientKind;
use keystiled::services::accounts::{self, NewUser};
use keystiled::services::password_reset;
use keystiled::store::Conn;
use reqwest::Method;
use reqwest::header::USER_AGENT;

use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::html::Form;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::Session;
use crate::support::people::Person;
use crate::support::ready_made::password_hash;

const CHANGE: &str = "/security/password";
pub(super) const NEW: &str = "nine copper kettles on a shelf";

/// The form of a new member that changes the password.
pub(super) async fn change_form(app: &TestApp) -> (BrowserCaller, Form) {
    let member = app.member("member").await;
    let browser = app.browser_of(&member).await;
    let form = change_from(&browser, member.password, NEW).await;
    (browser, form)
}

async fn change_from(browser: &BrowserCaller, current: &str, new: &str) -> Form {
    browser.get(CHANGE).await.form(CHANGE).with("current", current).with("password", new)
}

/// The form that signs out another browser of this user.
pub(super) async fn end_form(app: &TestApp, browser: &BrowserCaller, person: &Person) -> Form {
    app.browser_of(person).await;
    browser.get("/security").await.form_to("/security/browsers/")
}

/// The path of a reset link that was just made.
async fn reset_path(app: &TestApp, email: &str) -> String {
    let email = email.to_owned();
    let made = app.inside().store.write_or_refuse(move |work| password_reset::create_link(work, &email));
    format!("/reset/{}", made.await.unwrap().token.expose())
}

/// The form of a reset link of a new member.
pub(super) async fn reset_form(app: &TestApp) -> (BrowserCaller, Form) {
    let path = reset_path(app, &app.member("member").await.email).await;
    let browser = app.browser();
    let form = browser.get(&path).await.form(&path).with("password", NEW);
    (browser, form)
}

/// Whether this browser is signed in.
async fn signed_in(browser: &BrowserCaller) -> bool {
    browser.get("/cli-sessions").await.status == 200
}

/// The response to a sign-in with this password.
async fn sign_in_with(app: &TestApp, email: &str, password: &str) -> Answer {
    let browser = app.browser();
    let form = browser.get("/sign-in").await.form("/sign-in");
    browser.submit(&form.with("email", email).with("password", password)).await
}

/// A CLI session and a personal token of this user.
async fn tools(app: &TestApp, person: &Person) -> (Session, String) {
    let client = app.client(ClientKind::Native).await;
    let browser = app.browser_of(person).await;
    let session = app.session_in(&browser, &client, person).await;
    let page = browser.submit(&super::tokens::filled_in(&browser).await).await;
    (session, super::keys::secret(&page))
}

/// Statuses of a refresh and of a personal token.
async fn working(app: &TestApp, (session, token): &(Session, String)) -> (u16, u16) {
    let refreshed = app.refresh(&session.client, &session.tokens.refresh).await.status;
    (refreshed, app.caller(token).get("/api/v1/whoami").await.status)
}

async fn instance_events(app: &TestApp) -> Vec<String> {
    app.audit_of("instance").await
}

both_engines! {
    async fn p_30_a_password_is_changed_only_with_the_current_one(app) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        for (current, words) in
            [("", "Enter your current password"), ("not my password at all", "This is not your current password")]
        {
            let refused = browser.submit(&change_from(&browser, current, NEW).await).await;
            assert_eq!(refused.status, 422, "{}", refused.text());
            assert!(refused.text().contains(words), "{words}: {}", refused.text());
        }
        assert!(instance_events(app).await.iter().any(|action| action == "user.sign_in_failed"));
        assert_eq!(sign_in_with(app, &member.email, NEW).await.status, 422);
        assert!(signed_in(&browser).await);

        let changed = browser.submit(&change_from(&browser, member.password, NEW).await).await;
        assert_eq!(changed.location(), "/security?done=password-changed-tools");
        assert!(browser.follow(changed).await.text().contains("Password changed."));
        assert_eq!(sign_in_with(app, &member.email, member.password).await.status, 422);
        assert_eq!(sign_in_with(app, &member.email, NEW).await.status, 303);
        assert!(instance_events(app).await.iter().any(|action| action == "user.password_changed"));
    }

    async fn p_30_guesses_of_the_current_password_are_slowed_down_like_sign_ins(app, |app| app.manual_clock()) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        let mut last = 422;
        for _ in 0..30 {
            let answer = browser.submit(&change_from(&browser, "not my password at all", NEW).await).await;
            last = answer.status;
            if last == 429 {
                assert!(answer.header("retry-after").is_some() && answer.text().contains("Too many tries"));
                break;
            }
        }
        assert_eq!(last, 429);
        let waiting = browser.submit(&change_from(&browser, member.password, NEW).await).await;
        assert_eq!(waiting.status, 429, "the right one waits as well");
    }

    async fn a_new_password_follows_the_rules_of_the_first_one(app, |app| app.with("KEYSTILE_SIGN_IN__PASSWORD_MIN", "8")) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        for (new, words) in [
            ("", "Enter a new password"),
            ("two short word", "Use at least 15 characters"),
            ("passwordpassword", "easy to guess"),
            (member.password, "This is your current password"),
        ] {
            let refused = browser.submit(&change_from(&browser, member.password, new).await).await;
            assert_eq!(refused.status, 422, "{new}: {}", refused.text());
            assert!(refused.text().contains(words), "{words}: {}", refused.text());
        }
    }

    async fn p_31_a_new_password_signs_out_every_other_browser_and_the_old_cookie(app) {
        let member = app.member("member").await;
        let (browser, other) = (app.browser_of(&member).await, app.browser_of(&member).await);
        let stranger = app.browser_of(&app.owner().await).await;
        let copy = app.browser();
        copy.set_cookie(app.session_cookie(), &browser.cookie(app.session_cookie()).unwrap());
        assert!(signed_in(&copy).await && signed_in(&other).await);
        browser.submit(&change_from(&browser, member.password, NEW).await).await;
        assert!(signed_in(&browser).await, "the browser that asked stays");
        assert!(!signed_in(&other).await && !signed_in(&copy).await);
        assert!(signed_in(&stranger).await);
    }

    async fn a_new_password_ends_tools_as_the_box_says_and_never_personal_tokens(app) {
        let member = app.member("member").await;
        let (of_member, abroad) = (tools(app, &member).await, app.client(ClientKind::Native).await);
        let abroad = app.session_of(&abroad, &member).await;
        let elsewhere = app.organization("Elsewhere").await;
        app.join(&member, &elsewhere, "member").await;
        let moved = format!("UPDATE credentials SET org_id = '{}' WHERE id = '{}'", elsewhere.id, abroad.tokens.session());
        app.execute(&moved).await.unwrap();
        let of_owner = tools(app, &app.owner().await).await;
        let browser = app.browser_of(&member).await;
        let page = browser.get(CHANGE).await;
        assert!(page.text().contains("Personal tokens keep working."), "{}", page.text());
        let keeping = change_from(&browser, member.password, NEW).await;
        assert_eq!(keeping.field("tools"), Some("on"), "the box is ticked");
        let kept = browser.submit(&keeping.without("tools")).await;
        assert_eq!(kept.location(), "/security?done=password-changed");
        assert_eq!(working(app, &of_member).await, (200, 200));

        let back = change_from(&browser, NEW, member.password).await;
        app.set_sign_in_methods(&app.browser_of(&app.owner().await).await, "on", "on").await;
        let codes = app.new_device_codes().await;
        app.connect(&browser, &codes).await;
        browser.submit(&back).await;
        assert_eq!(app.poll(&codes).await.status, 400, "an approval that no tool has fetched ends as well");
        assert_eq!(working(app, &of_member).await, (400, 200));
        assert_eq!(app.refresh(&abroad.client, &abroad.tokens.refresh).await.status, 400, "in every organization");
        assert_eq!(working(app, &of_owner).await, (200, 200), "tools of others stay");
    }

    async fn browsers_are_listed_and_signed_out(app) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        let phone = app.browser();
        let form = phone.get("/sign-in").await.form("/sign-in");
        let form = form.with("email", &member.email).with("password", member.password);
        let request = phone.request(Method::POST, "/sign-in").form(form.fields()).header("Origin", app.issuer());
        phone.send(request.header(USER_AGENT, "Mozilla/5.0 (iPhone) Version/18.5 Safari/604.1")).await;
        let page = browser.get("/security").await;
        for words in ["This browser", "Safari on iPhone", "127.0.0.1", "not verified"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        let form = page.form_to("/security/browsers/");
        let stranger = app.browser_of(&app.owner().await).await;
        let csrf = end_form(app, &stranger, &app.owner().await).await.field("csrf").unwrap().to_owned();
        let foreign = stranger.submit(&form.clone().with("csrf", &csrf)).await;
        assert_eq!(foreign.status, 404, "a session of another person");
        assert!(signed_in(&phone).await);
        assert_eq!(browser.submit(&form).await.location(), "/security?done=browser-signed-out");
        assert!(!signed_in(&phone).await && signed_in(&browser).await);

        let others = [app.browser_of(&member).await, app.browser_of(&member).await];
        let confirm = browser.get("/security/browsers/end-others").await;
        let done = browser.submit(&confirm.form("/security/browsers/end-others")).await;
        assert!(browser.follow(done).await.text().contains("Every other browser signed out."));
        for other in &others {
            assert!(!signed_in(other).await);
        }
        assert!(!browser.get("/security").await.text().contains("Sign out the others"));
        let ended = instance_events(app).await.into_iter().filter(|action| action == "user.other_browsers_signed_out");
        assert_eq!(ended.count(), 2);
    }

    async fn a_user_in_no_organization_changes_the_password_as_well(app) {
        app.owner().await;
        let new = NewUser { email: "zoe@example.com".to_owned(), name: "Zoe".to_owned(), password_hash: password_hash() };
        let zoe = app.inside().store.write(move |work| {
            accounts::create_user(work, new, &Actor::Operator, &Origin::default())
        });
        let (zoe, organization) = (zoe.await.unwrap(), app.owner().await.organization);
        let person = Person { id: zoe.id, email: zoe.email, password: app.owner().await.password, organization };
        let browser = app.browser_of(&person).await;
        assert_eq!(browser.get("/security").await.status, 200);
        assert_eq!(browser.submit(&change_from(&browser, person.password, NEW).await).await.status, 303);
        assert_eq!(app.browser().get("/security").await.location(), "/sign-in?because=ended");
    }

    async fn p_27_a_reset_link_works_once_and_only_the_newest(app) {
        let member = app.member("member").await;
        let link = async || {
            let made = app.operate(&["user", "reset-link", &member.email]).await;
            made["url"].as_str().unwrap().strip_prefix(app.issuer()).unwrap().to_owned()
        };
        let (older, newest) = (link().await, link().await);
        let browser = app.browser();
        let ended = "This link no longer works";
        let refused = browser.get(&older).await;
        assert_eq!(refused.status, 410, "{}", refused.text());
        assert!(refused.text().contains(ended) && refused.text().contains("Ask the operator"), "{}", refused.text());
        for _ in 0..3 {
            assert!(browser.get(&newest).await.body.contains(&member.email), "reading it uses nothing up");
        }
        let form = browser.get(&newest).await.form(&newest).with("password", NEW);
        let stolen = form.clone();
        let unfit = browser.submit(&form.clone().with("password", "too short")).await;
        assert_eq!(unfit.status, 422, "{}", unfit.text());
        let done = browser.submit(&form).await;
        assert_eq!(done.location(), "/sign-in?because=password-set");
        assert!(browser.follow(done).await.text().contains("Your new password is set."));
        assert!(!signed_in(&browser).await, "a link signs nobody in");
        let again = browser.submit(&stolen.with("password", "eleven wooden spoons in a drawer")).await;
        assert_eq!(again.status, 410, "{}", again.text());
        assert_eq!(browser.get(&newest).await.status, 410);
        assert_eq!(sign_in_with(app, &member.email, NEW).await.status, 303);
        assert_eq!(sign_in_with(app, &member.email, member.password).await.status, 422);
        assert_eq!(browser.get(&format!("/reset/{}", "x".repeat(43))).await.status, 410);
        let events = instance_events(app).await;
        for (action, count) in [("user.reset_link_created", 2), ("user.password_reset", 1)] {
            assert_eq!(events.iter().filter(|known| *known == action).count(), count, "{action}");
        }
    }

    async fn p_27_of_many_uses_of_a_reset_link_at_once_one_sets_the_password(app) {
        let member = app.member("member").await;
        let path = reset_path(app, &member.email).await;
        let hash = password_hash();
        let token = keystiled::domain::secret::Digest::of(path.strip_prefix("/reset/").unwrap());
        let set = crate::support::at_once::at_once(20, |_| {
            let hash = hash.clone();
            app.inside().store.write(move |work| {
                password_reset::reset(work, token, &hash, true, &Origin::default())
            })
        });
        assert_eq!(set.into_iter().filter(|set| set.as_ref().unwrap().is_some()).count(), 1);
    }

    async fn a_reset_link_ends_after_a_quarter_of_an_hour(app, |app| app.manual_clock()) {
        let member = app.member("member").await;
        let path = reset_path(app, &member.email).await;
        let browser = app.browser();
        app.advance(TimeDelta::minutes(15) - TimeDelta::seconds(1));
        let form = browser.get(&path).await.form(&path).with("password", NEW);
        app.advance(TimeDelta::seconds(1));
        assert_eq!(browser.submit(&form).await.status, 410);
        assert_eq!(browser.get(&path).await.status, 410);
        app.sweep().await;
        assert_eq!(app.count("password_resets").await, 1, "it is kept until the next moment");
        app.advance(TimeDelta::seconds(1));
        app.sweep().await;
        assert_eq!(app.count("password_resets").await, 0);
    }

    async fn a_reset_ends_browsers_always_and_tools_as_the_box_says(app) {
        let member = app.member("member").await;
        let of_member = tools(app, &member).await;
        let old = app.browser_of(&member).await;
        let path = reset_path(app, &member.email).await;
        let browser = app.browser();
        let form = browser.get(&path).await.form(&path);
        assert_eq!(form.field("tools"), Some("on"), "the box is ticked");
        browser.submit(&form.without("tools").with("password", NEW)).await;
        assert!(!signed_in(&old).await);
        assert_eq!(working(app, &of_member).await, (200, 200));
        let path = reset_path(app, &member.email).await;
        browser.submit(&browser.get(&path).await.form(&path).with("password", member.password)).await;
        assert_eq!(working(app, &of_member).await, (400, 200));
    }

    async fn a_new_password_or_a_disabled_user_ends_the_reset_link(app) {
        let member = app.member("member").await;
        let browser = app.browser_of(&member).await;
        let path = reset_path(app, &member.email).await;
        browser.submit(&change_from(&browser, member.password, NEW).await).await;
        assert_eq!(app.browser().get(&path).await.status, 410);
        let path = reset_path(app, &member.email).await;
        app.operate(&["user", "disable", &member.email]).await;
        assert_eq!(app.browser().get(&path).await.status, 410);
        let refused = app.keystiled(&["user", "reset-link", &member.email]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        assert!(refused.stderr.contains("is disabled. Enable them first"), "{}", refused.stderr);
    }

    async fn only_the_digest_of_a_reset_link_is_stored(app) {
        let path = reset_path(app, &app.member("member").await.email).await;
        let token = path.strip_prefix("/reset/").unwrap().to_owned();
        assert_eq!(token.len(), 43, "256 bits");
        let digest = keystiled::domain::secret::Digest::of(&token);
        let now = app.inside().now();
        let find = move |conn: &mut Conn| keystiled::store::password_resets::find(conn, digest, now);
        assert!(app.inside().store.read(find).await.unwrap().is_some());
        assert_eq!(app.count(&format!("audit_events WHERE details LIKE '%{token}%'")).await, 0);
    }
}

#[tokio::test]
async fn p_31_a_new_password_signs_out_old_cookies_on_every_node() {
    let one = Builder::on(Database::postgres()).start().await;
    let other = one.another_node().start().await;
    let member = one.member("member").await;
    let (browser, elsewhere) = (one.browser_of(&member).await, one.browser_of(&member).await);
    let there = elsewhere.at_node(&other.base());
    let copy = other.browser();
    copy.set_cookie(other.session_cookie(), &browser.cookie(one.session_cookie()).unwrap());
    assert!(signed_in(&there).await && signed_in(&copy).await);
    let changed = browser.submit(&change_from(&browser, member.password, NEW).await).await;
    assert_eq!(changed.location(), "/security?done=password-changed-tools");
    assert!(!signed_in(&there).await && !signed_in(&copy).await, "at the next request");
    assert!(signed_in(&browser.at_node(&other.base())).await, "the browser that asked stays");
    let last = one.browser_of(&Person { password: NEW, ..member }).await;
    let others = last.get("/security/browsers/end-others").await.form("/security/browsers/end-others");
    last.submit(&others).await;
    assert!(!signed_in(&browser.at_node(&other.base())).await);
    other.stop().await;
    one.stop().await;
}
