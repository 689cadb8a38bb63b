//! Guessing is slowed down, and nobody can lock anybody else out.

use chrono::TimeDelta;
use reqwest::Method;

use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::http::{Answer, BrowserCaller};

/// An attempt that a proxy says comes from this address.
async fn from(browser: &BrowserCaller, address: &str, email: &str, password: &str) -> Answer {
    let form = browser.get("/sign-in").await.form("/sign-in").with("email", email).with("password", password);
    let request = browser.request(Method::POST, "/sign-in").form(form.fields());
    browser.send(request.header("X-Forwarded-For", address)).await
}

/// Fails so often that the next try has to wait.
async fn exhaust(app: &TestApp, address: &str, email: &str) {
    for _ in 0..10 {
        assert_eq!(from(&app.browser(), address, email, "wrong").await.status, 422);
    }
}

fn behind_a_proxy(app: Builder) -> Builder {
    app.manual_clock().with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
}

both_engines! {
    async fn lg_05_failures_make_the_next_try_wait_longer_and_longer(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        exhaust(app, "198.51.100.1", &owner.email).await;
        let mut waits = Vec::new();
        for _ in 0..4 {
            let answer = from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await;
            assert_eq!(answer.status, 429, "{}", answer.text());
            let seconds: i64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!(answer.text().contains("Too many tries. Try again in"), "{}", answer.text());
            waits.push(seconds);
            app.advance(TimeDelta::seconds(seconds));
            assert_eq!(from(&app.browser(), "198.51.100.1", &owner.email, "wrong").await.status, 422);
        }
        assert!(waits.is_sorted() && waits[3] > waits[0], "{waits:?}");
        let answer = from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await;
        app.advance(TimeDelta::seconds(answer.header("retry-after").unwrap().parse().unwrap()));
        let answer = from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await;
        assert_eq!(answer.status, 303, "after the wait the right password works");
    }

    async fn lg_05_an_outsider_locks_nobody_out(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        exhaust(app, "198.51.100.1", &owner.email).await;
        let elsewhere = from(&app.browser(), "203.0.113.5", &owner.email, owner.password).await;
        assert_eq!(elsewhere.status, 303, "{}", elsewhere.text());
        let another = app.member("member").await;
        let answer = from(&app.browser(), "198.51.100.1", &another.email, another.password).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    async fn lg_05_a_device_that_signed_in_before_is_not_slowed_by_others(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        let known = app.browser();
        assert_eq!(from(&known, "203.0.113.5", &owner.email, owner.password).await.status, 303);
        known.submit(&known.get("/").await.form("/sign-out")).await;
        // Guessers everywhere, until the account as a whole is slowed down.
        for n in 0..100 {
            let answer = from(&app.browser(), &format!("198.51.{n}.1"), &owner.email, "wrong").await;
            assert_eq!(answer.status, 422);
        }
        let stranger = from(&app.browser(), "192.0.2.9", &owner.email, owner.password).await;
        assert_eq!(stranger.status, 429);
        let seconds: i64 = stranger.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds <= 60, "{seconds}");
        let answer = from(&known, "192.0.2.9", &owner.email, owner.password).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    async fn lg_07_an_address_that_the_caller_made_up_does_not_count(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        for n in 0..10 {
            let answer = from(&app.browser(), &format!("198.51.100.{n}"), &owner.email, "wrong").await;
            assert_eq!(answer.status, 422);
        }
        assert_eq!(from(&app.browser(), "203.0.113.5", &owner.email, "wrong").await.status, 429);
    }

    async fn lg_07_behind_a_proxy_only_its_own_word_counts(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        for n in 0..10 {
            let chain = format!("203.0.113.{n}, 198.51.100.1");
            assert_eq!(from(&app.browser(), &chain, &owner.email, "wrong").await.status, 422);
        }
        assert_eq!(from(&app.browser(), "192.0.2.1, 198.51.100.1", &owner.email, "wrong").await.status, 429);
    }

    async fn lg_01_waiting_does_not_tell_who_has_an_account(app, super::behind_a_proxy) {
        app.owner().await;
        exhaust(app, "198.51.100.1", "nobody@example.com").await;
        let answer = from(&app.browser(), "198.51.100.1", "nobody@example.com", "wrong").await;
        assert_eq!(answer.status, 429);
    }
}
