//! Web sessions: cookie, expiry, and isolation.

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::domain::secret::Digest;
use keystiled::store::{Conn, web_sessions as stored};
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::http::BrowserCaller;
use crate::support::oauth::Ask;

/// Whether this browser is signed in.
async fn signed_in(browser: &BrowserCaller) -> bool {
    browser.get("/cli-sessions").await.status == 200
}

fn browser_with(app: &TestApp, cookie: &str) -> BrowserCaller {
    let browser = app.browser();
    browser.set_cookie(app.session_cookie(), cookie);
    browser
}

both_engines! {
    async fn wb_01_the_session_cookie_is_for_this_server_alone(app,
        |app| app.with("KEYSTILE_PUBLIC_URL", "https://auth.example.com")) {
        let owner = app.owner().await;
        let browser = app.browser();
        let form = browser.get("/sign-in").await.form("/sign-in");
        let form = form.with("email", &owner.email).with("password", owner.password);
        let request = browser.request(Method::POST, "/sign-in").form(form.fields());
        let answer = browser.send(request.header("Origin", "https://auth.example.com")).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookies: Vec<&str> =
            answer.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
        assert_eq!(cookies.len(), 2);
        for (cookie, name) in cookies.iter().zip(["__Host-sid=", "__Host-known="]) {
            assert!(cookie.starts_with(name), "{cookie}");
            for attribute in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
        // 256 random bits, of which only the digest is stored.
        let value = browser.cookie("__Host-sid").unwrap();
        assert_eq!(value.len(), 43);
        let (digest, now) = (Digest::of(&value), app.inside().now());
        let find = move |conn: &mut Conn| stored::find(conn, digest, now, now - TimeDelta::hours(1));
        let (session, user) = app.inside().store.read(find).await.unwrap().unwrap();
        assert_eq!((session.hash, user.id), (digest, owner.id));
    }

    async fn wb_10_two_session_cookies_count_as_none(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let own = browser.cookie(app.session_cookie()).unwrap();
        for planted in ["x".repeat(43), own.clone()] {
            let both = format!("{0}={planted}; {0}={own}", app.session_cookie());
            let request = app.anonymous().request(Method::GET, "/cli-sessions").header(COOKIE, both);
            let answer = app.anonymous().send(request).await;
            assert_eq!((answer.status, answer.location()), (303, "/sign-in"));
        }
    }

    async fn cf_13_two_servers_on_one_host_keep_their_cookies_apart(app) {
        let other = TestApp::on(Database::sqlite()).await;
        let (here, there) = (app.owner().await, other.owner().await);
        let browser = app.browser_of(&here).await;
        // Browsers send cookies to all ports of a host.
        let at_other = browser.at_node(&other.base()).with_origin(other.issuer());
        other.sign_in(&at_other, &there).await;
        assert!(signed_in(&browser).await && signed_in(&at_other).await, "signing in there left the session here");
        let answer = at_other.submit(&at_other.get("/").await.form("/sign-out")).await;
        assert_eq!(answer.location(), "/sign-in?because=signed-out");
        assert!(signed_in(&browser).await && !signed_in(&at_other).await, "signing out there left the session here");
        other.stop().await;
    }

    async fn cs_05_signing_in_changes_the_session_id(app) {
        let owner = app.owner().await;
        let attacker = app.browser();
        attacker.get("/sign-in").await;
        let planted = attacker.cookie(app.session_cookie()).unwrap();
        let victim = browser_with(app, &planted);
        app.sign_in(&victim, &owner).await;
        assert_ne!(victim.cookie(app.session_cookie()), Some(planted.clone()));
        assert!(signed_in(&victim).await);
        assert!(!signed_in(&attacker).await && !signed_in(&browser_with(app, &planted)).await);
    }

    async fn cs_06_signing_in_again_changes_the_session_id_and_ends_the_old_one(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let old = browser.cookie(app.session_cookie()).unwrap();
        let form = browser.get("/sign-in/again").await.form("/sign-in/again").with("password", owner.password);
        assert_eq!(browser.submit(&form).await.location(), "/");
        assert_ne!(browser.cookie(app.session_cookie()), Some(old.clone()));
        assert!(signed_in(&browser).await && !signed_in(&browser_with(app, &old)).await);
    }

    async fn signing_out_ends_the_session_for_every_copy_of_its_cookie(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let copy = browser_with(app, &browser.cookie(app.session_cookie()).unwrap());
        let answer = browser.submit(&browser.get("/").await.form("/sign-out")).await;
        assert_eq!(answer.location(), "/sign-in?because=signed-out");
        assert_eq!(browser.cookie(app.session_cookie()), None);
        assert!(!signed_in(&browser).await && !signed_in(&copy).await);
    }

    async fn cs_08_a_request_that_another_browser_opened_is_not_there(app) {
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let attacker = app.browser_of(&app.member("member").await).await;
        let opened = attacker.get(&Ask::of(&client).path()).await;
        let path = opened.location().to_owned();
        let victim = app.browser_of(&owner).await;
        let answer = victim.get(&path).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        let id = path.rsplit('/').next().unwrap();
        let answer = victim.get(&format!("/authorize/return?request={id}")).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        // The attacker's form does not work even with the victim's own CSRF token.
        let own = app.ask(&victim, &Ask::of(&client)).await.form_to("/authorize/");
        let mut form = own.with("decision", "authorize");
        form.action.clone_from(&path);
        assert_eq!(victim.submit(&form).await.status, 404);
        assert_eq!(app.count("authorization_codes").await, 0);
    }

    async fn cs_11_a_session_ends_when_nobody_uses_it_for_half_an_hour(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        app.advance(TimeDelta::minutes(29));
        assert!(signed_in(&browser).await);
        app.advance(TimeDelta::minutes(29));
        assert!(signed_in(&browser).await, "use extends the session");
        app.advance(TimeDelta::minutes(31));
        assert!(!signed_in(&browser).await);
    }

    async fn cs_11_a_session_ends_after_half_a_day_however_it_is_used(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        for _ in 0..35 {
            app.advance(TimeDelta::minutes(20));
            assert!(signed_in(&browser).await);
        }
        app.advance(TimeDelta::minutes(21));
        assert!(!signed_in(&browser).await);
    }

    async fn a_form_of_a_session_that_has_ended_leads_to_the_sign_in(app, |app| app.manual_clock()) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let path = format!("/cli-sessions/{}/end", session.tokens.session());
        let form = browser.get(&path).await.form(&path);
        app.advance(TimeDelta::minutes(31));
        assert_eq!(browser.submit(&form).await.location(), "/sign-in?because=ended");
        assert!(app.stored(&session.tokens.session()).await.revoked_at.is_none());
    }
}
