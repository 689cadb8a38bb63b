//! Clocks that are wrong, and clocks that jump.

use std::fs;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Setup, exits_successfully, under_clock_offset};
use crate::support::both_databases;
use crate::support::database::Database;
use crate::support::http::{Anonymous, Machine};
use crate::support::oauth::Tokens;
use crate::support::ports::unused_address;

/// Waits until a line with this text was logged this often. Maintenance runs once a minute.
async fn wait_for_log(setup: &Setup, text: &str, times: usize) {
    let started = Instant::now();
    while setup.daemons.output().matches(text).count() < times {
        assert!(started.elapsed() < Duration::from_secs(90), "{text}: {}", setup.daemons.output());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

both_databases! {
    async fn cb_11_a_clock_that_jumps_ends_no_token_and_deletes_nothing(database) {
        // Maintenance deletes uses older than this.
        let setup = Setup::on(database, &[("KEYSTILE_AUDIT__KEEP_USES", "1d")]).await;
        let folder = TempDir::new().unwrap();
        let clock = folder.path().join("clock");
        fs::write(&clock, "+0").unwrap();
        let daemon = setup.daemons.start_with(under_clock_offset(&clock)).await;
        let mut current = setup.session.tokens.refresh.clone();
        for (n, jump) in ["-2h", "+100d"].into_iter().enumerate() {
            fs::write(&clock, jump).unwrap();
            let red = setup.readiness(503).await;
            let off = red["checks"]["clock"]["offSeconds"].as_i64().unwrap_or_default();
            assert!(off.abs() > 7000 && (off > 0) == jump.starts_with('+'), "{red}");
            assert_eq!(red["checks"]["database"]["status"], "ok", "{red}");
            assert_eq!(setup.whoami().await.status, 200, "{jump}");
            let answer = setup.refresh(&current).await;
            assert_eq!(answer.status, 200, "{jump}: {}", answer.body);
            current = Tokens::of(&answer).refresh;
            wait_for_log(&setup, "seconds=", n + 1).await;
            if jump == "+100d" {
                wait_for_log(&setup, "the sweep pauses", 1).await;
            }
            fs::write(&clock, "+0").unwrap();
            setup.readiness(200).await;
            wait_for_log(&setup, "the clocks agree again", n + 1).await;
        }
        drop(daemon);
        let app = setup.same_deployment.start().await;
        assert!(app.count("uses").await > 0, "the uses are kept");
        app.stop().await;
    }
}

#[tokio::test]
async fn cb_11_a_clock_that_is_wrong_at_the_start_deletes_nothing() {
    // On PostgreSQL, such a clock would differ from that of the database.
    let setup = Setup::on(Database::sqlite(), &[("KEYSTILE_AUDIT__KEEP_USES", "1d")]).await;
    let mut right = setup.daemons.start().await;
    assert_eq!(setup.whoami().await.status, 200);
    right.signal("TERM");
    assert!(exits_successfully(&mut right).await);
    let folder = TempDir::new().unwrap();
    let clock = folder.path().join("clock");
    fs::write(&clock, "+100d").unwrap();
    let wrong = setup.daemons.start_with(under_clock_offset(&clock)).await;
    wait_for_log(&setup, "the sweep pauses", 1).await;
    drop(wrong);
    let app = setup.same_deployment.start().await;
    assert!(app.count("uses").await > 0, "the uses are kept");
    app.stop().await;
}

#[tokio::test]
async fn cc_06_nodes_whose_clocks_differ_go_by_the_clock_of_the_database() {
    let setup = Setup::on(Database::postgres(), &[]).await;
    let folder = TempDir::new().unwrap();
    let clock = folder.path().join("clock");
    fs::write(&clock, "-70s").unwrap();
    let right = setup.daemons.start().await;
    let elsewhere = unused_address();
    let late = setup.daemons.spawn_with(|command| {
        under_clock_offset(&clock)(command);
        command.env("KEYSTILE_LISTEN", elsewhere.to_string());
    });
    let there = format!("http://{elsewhere}");
    let probe = Anonymous::at(&there);
    while probe.request(reqwest::Method::GET, "/healthz").send().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let red = probe.get("/readyz").await;
    assert_eq!(red.status, 503, "{}", red.body);
    let off = red.json()["checks"]["clock"]["offSeconds"].as_i64().unwrap();
    assert!((-72..=-68).contains(&off), "{off}");
    assert_eq!(setup.anonymous().get("/readyz").await.status, 200);

    // The node whose clock is late gets a token that the other one has just rotated, and vice versa.
    let form =
        |token: &str| [("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
    let late_node = Machine::at(&there, &setup.session.client.id);
    let ask_late = async |token: &str| {
        let form = form(token);
        late_node.post("/oauth/token", &form.each_ref().map(|(name, value)| (*name, value.as_str()))).await
    };
    let first = setup.session.tokens.refresh.clone();
    let second = Tokens::of(&setup.refresh(&first).await);
    let again = ask_late(&first).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(Tokens::of(&again).refresh, second.refresh, "the same successor");
    let third = Tokens::of(&ask_late(&second.refresh).await);
    let again = setup.refresh(&second.refresh).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(Tokens::of(&again).refresh, third.refresh);
    assert!(setup.daemons.output().contains("the system clock differs"), "{}", setup.daemons.output());
    drop((right, late));
}
