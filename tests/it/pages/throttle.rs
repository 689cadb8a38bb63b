//! Guessing is slowed down, and no one can lock others out.

use chrono::TimeDelta;
use reqwest::Method;

use super::sign_in::{disable, shown};
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::html::Form;
use crate::support::http::{Answer, BrowserCaller};

async fn sign_in_form(browser: &BrowserCaller, email: &str, password: &str) -> Form {
    browser.get("/sign-in").await.form("/sign-in").with("email", email).with("password", password)
}

/// Submits a form through a proxy that reports this address.
async fn send_from(browser: &BrowserCaller, address: &str, form: &Form) -> Answer {
    let request = browser.request(Method::POST, "/sign-in").form(form.fields());
    browser.send(request.header("X-Forwarded-For", address)).await
}

/// An attempt through a proxy that reports this address.
async fn from(browser: &BrowserCaller, address: &str, email: &str, password: &str) -> Answer {
    let form = sign_in_form(browser, email, password).await;
    send_from(browser, address, &form).await
}

/// Makes failed attempts until the next one has to wait.
async fn exhaust(app: &TestApp, address: &str, email: &str) {
    for _ in 0..10 {
        assert_eq!(from(&app.browser(), address, email, "wrong").await.status, 422);
    }
}

fn behind_a_proxy(app: Builder) -> Builder {
    app.manual_clock().with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
}

/// `Retry-After` in seconds.
fn retry_after(answer: &Answer) -> i64 {
    assert_eq!(answer.status, 429, "{}", answer.text());
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// Advances to the next minute of the clock.
fn next_minute(app: &TestApp) {
    app.advance(TimeDelta::seconds(60 - app.clock.now().seconds() % 60));
}

/// The number of responses that show that the password was verified.
fn verified(answers: &[Answer]) -> usize {
    assert!(answers.iter().all(|answer| matches!(answer.status, 422 | 429)), "{answers:?}");
    answers.iter().filter(|answer| answer.status == 422).count()
}

/// Concurrent attempts with wrong passwords, each from an address of its own. The forms are fetched before.
async fn guess_at_once(nodes: &[&TestApp], email: &str, addresses: &[String]) -> Vec<Answer> {
    let mut callers = Vec::new();
    for n in 0..addresses.len() {
        let browser = nodes[0].browser().at_node(&nodes[n % nodes.len()].base());
        let form = sign_in_form(&browser, email, "wrong").await;
        callers.push((browser, form));
    }
    at_once(addresses.len(), |n| {
        let (browser, form) = &callers[n];
        send_from(browser, &addresses[n], form)
    })
}

/// Addresses in this many different networks.
fn networks(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|n| format!("10.{}.{}.1", n / 256, n % 256)).collect()
}

both_engines! {
    async fn cb_07_failed_sign_ins_are_recorded_so_many_times_an_hour(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        let fail = async |address: &str, n: usize| {
            let answer = from(&app.browser(), address, &format!("nobody{n}@example.com"), "wrong").await;
            assert_eq!(answer.status, 422, "{}", answer.text());
        };
        for (address, recorded) in [("198.51.100.1", 30), ("198.51.100.9", 30), ("203.0.113.1", 60)] {
            for n in 0..35 {
                fail(address, n).await;
            }
            let events = app.count("audit_events WHERE action = 'user.sign_in_failed'").await;
            assert_eq!(events, recorded, "{address}");
        }
        app.advance(TimeDelta::hours(1));
        assert_eq!(from(&app.browser(), "198.51.100.1", &owner.email, "wrong").await.status, 422);
        let said = "audit_events WHERE details LIKE '%\"not_recorded_before\":40%'";
        assert_eq!(app.count(said).await, 1);
    }

    async fn lg_05_failures_make_the_next_try_wait_longer_and_longer(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        exhaust(app, "198.51.100.1", &owner.email).await;
        let mut waits = Vec::new();
        for _ in 0..4 {
            let answer = from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await;
            let seconds = retry_after(&answer);
            assert!(answer.text().contains("Too many tries. Try again in"), "{}", answer.text());
            waits.push(seconds);
            app.advance(TimeDelta::seconds(seconds));
            assert_eq!(from(&app.browser(), "198.51.100.1", &owner.email, "wrong").await.status, 422);
        }
        assert_eq!(waits, [1, 2, 4, 8]);
        let answer = from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await;
        app.advance(TimeDelta::seconds(retry_after(&answer)));
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
        exhaust(app, "192.0.2.9", &owner.email).await;
        retry_after(&from(&app.browser(), "192.0.2.9", &owner.email, owner.password).await);
        let answer = from(&known, "192.0.2.9", &owner.email, owner.password).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    async fn cb_04_wrong_attempts_at_many_accounts_block_nobody_at_the_same_address(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        for n in 0..11 {
            exhaust(app, "198.51.100.1", &format!("somebody{n}@example.com")).await;
        }
        let answer = from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    async fn cb_04_addresses_of_one_network_are_counted_together(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        for n in 0..10 {
            for network in ["198.51.100.", "2001:db8:7:"] {
                let address = if network.contains(':') { format!("{network}{n}::1") } else { format!("{network}{n}") };
                assert_eq!(from(&app.browser(), &address, &owner.email, "wrong").await.status, 422, "{address}");
            }
        }
        for address in ["198.51.100.200", "2001:db8:7:ffff::2"] {
            retry_after(&from(&app.browser(), address, &owner.email, "wrong").await);
        }
        for address in ["198.51.101.1", "2001:db8:8::1"] {
            assert_eq!(from(&app.browser(), address, &owner.email, "wrong").await.status, 422);
        }
    }

    async fn cb_04_quiet_networks_share_twenty_tries_a_minute_and_nineteen_cannot_keep_one_out(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        next_minute(app);
        for address in networks(0, 20) {
            assert_eq!(from(&app.browser(), &address, &owner.email, "wrong").await.status, 422);
        }
        // Others ask before the owner, repeatedly.
        for address in networks(100, 19).iter().chain(&networks(100, 19)) {
            retry_after(&from(&app.browser(), address, &owner.email, "wrong").await);
        }
        let seconds = retry_after(&from(&app.browser(), "192.0.2.9", &owner.email, owner.password).await);
        assert!(seconds <= 60, "{seconds}");
        app.advance(TimeDelta::seconds(seconds));
        // For networks that come only now, all units are reserved by those that asked.
        for address in networks(200, 20) {
            retry_after(&from(&app.browser(), &address, &owner.email, "wrong").await);
        }
        let answer = from(&app.browser(), "192.0.2.9", &owner.email, owner.password).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    async fn cb_04_a_network_that_holds_units_and_lets_them_pass_leaves_the_draw(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        next_minute(app);
        for address in networks(0, 20) {
            assert_eq!(from(&app.browser(), &address, &owner.email, "wrong").await.status, 422);
        }
        let idle = networks(100, 20);
        for address in &idle {
            retry_after(&from(&app.browser(), address, &owner.email, "wrong").await);
        }
        next_minute(app);
        retry_after(&from(&app.browser(), "192.0.2.9", &owner.email, "wrong").await);
        next_minute(app);
        let answers = guess_at_once(&[app], &owner.email, &idle).await;
        assert_eq!(verified(&answers), 20, "each counts as a network that has tried");
        // None of them asked in this minute, so it has 19 units besides the reserved one.
        let answers = guess_at_once(&[app], &owner.email, &networks(200, 25)).await;
        assert_eq!(verified(&answers), 19);
    }

    async fn lg_07_an_address_that_the_caller_made_up_does_not_count(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        for n in 0..10 {
            let answer = from(&app.browser(), &format!("198.51.{n}.1"), &owner.email, "wrong").await;
            assert_eq!(answer.status, 422);
        }
        assert_eq!(from(&app.browser(), "203.0.113.5", &owner.email, "wrong").await.status, 429);
    }

    async fn lg_07_behind_a_proxy_only_the_address_that_it_adds_counts(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        for n in 0..10 {
            let chain = format!("203.0.{n}.1, 198.51.100.1");
            assert_eq!(from(&app.browser(), &chain, &owner.email, "wrong").await.status, 422);
        }
        assert_eq!(from(&app.browser(), "192.0.2.1, 198.51.100.1", &owner.email, "wrong").await.status, 429);
    }

    async fn lg_01_waiting_does_not_tell_who_has_an_account(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        let gone = app.member("member").await;
        disable(app, &gone).await;
        let mut answers = Vec::new();
        for email in ["nobody@example.com", "not an address", &owner.email, &gone.email] {
            exhaust(app, "198.51.100.1", email).await;
            let answer = from(&app.browser(), "198.51.100.1", email, "wrong").await;
            answers.push(shown(&answer, email));
        }
        assert_eq!(answers[0].0, 429);
        for answer in &answers[1..] {
            assert_eq!(*answer, answers[0]);
        }
    }

    async fn cb_05_a_right_password_returns_its_unit_and_resets_no_other(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        for _ in 0..9 {
            assert_eq!(from(&app.browser(), "198.51.100.1", &owner.email, "wrong").await.status, 422);
        }
        for _ in 0..3 {
            assert_eq!(from(&app.browser(), "198.51.100.1", &owner.email, owner.password).await.status, 303);
        }
        assert_eq!(from(&app.browser(), "198.51.100.1", &owner.email, "wrong").await.status, 422);
        retry_after(&from(&app.browser(), "198.51.100.1", &owner.email, "wrong").await);
        let another = app.member("member").await;
        assert_eq!(from(&app.browser(), "198.51.100.1", &another.email, another.password).await.status, 303);
        let rows = app.count("throttled_accounts").await + app.count("throttled_sources").await;
        assert_eq!(rows, 2, "two rows of the owner; successful sign-ins store nothing");
    }

    async fn cb_05_outdated_attempts_are_deleted(app, super::behind_a_proxy) {
        app.owner().await;
        for n in 0..3 {
            from(&app.browser(), "198.51.100.1", &format!("somebody{n}@example.com"), "wrong").await;
        }
        let sweep = || keystiled::services::janitor::sweep(&app.inside().store, &app.config);
        sweep().await;
        assert_eq!((app.count("throttled_accounts").await, app.count("throttled_sources").await), (3, 3));
        app.advance(TimeDelta::hours(26));
        sweep().await;
        assert_eq!((app.count("throttled_accounts").await, app.count("throttled_sources").await), (0, 0));
    }
}

mod across_nodes {
    use super::*;

    /// Two nodes of one deployment: two servers on PostgreSQL; on SQLite, the same one twice.
    async fn nodes(database: Database) -> (TestApp, Option<TestApp>) {
        let is_shared = database.url().starts_with("postgres");
        let one = behind_a_proxy(Builder::on(database)).start().await;
        let other = if is_shared { Some(one.another_node().start().await) } else { None };
        (one, other)
    }

    crate::support::both_databases! {
        async fn cb_05_sixty_guesses_at_once_are_ten_on_two_nodes(database) {
            let (one, other) = nodes(database).await;
            let both = [&one, other.as_ref().unwrap_or(&one)];
            let owner = one.owner().await;
            let here = vec!["198.51.100.1".to_owned(); 60];
            assert_eq!(verified(&guess_at_once(&both, &owner.email, &here).await), 10);
            for seconds in [1, 2] {
                one.advance(TimeDelta::seconds(seconds));
                assert_eq!(verified(&guess_at_once(&both, &owner.email, &here[..30]).await), 1, "one attempt is available");
            }
            if let Some(other) = other {
                other.stop().await;
            }
            one.stop().await;
        }

        async fn cb_05_thirty_networks_at_once_are_twenty_on_two_nodes(database) {
            let (one, other) = nodes(database).await;
            let both = [&one, other.as_ref().unwrap_or(&one)];
            let owner = one.owner().await;
            next_minute(&one);
            assert_eq!(verified(&guess_at_once(&both, &owner.email, &networks(0, 30)).await), 20);
            if let Some(other) = other {
                other.stop().await;
            }
            one.stop().await;
        }
    }
}
