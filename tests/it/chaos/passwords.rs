//! Password guessing.

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::support::database::Database;
use crate::support::http::BrowserCaller;
use std::time::Instant;

/// Concurrent guesses.
const AT_ONCE: usize = 25;
/// Minimum number of guesses of each.
const EACH: usize = 4;

#[tokio::test]
async fn a_hundred_wrong_passwords() {
    let scenario = Scenario::on("100 wrong passwords and more", Database::sqlite()).await;
    let mut daemon = scenario.daemons.start().await;
    let url = scenario.target.url.clone();
    let observed = scenario
        .run(&mut daemon, async |_| {
            let until = Instant::now() + fault_duration();
            let guesses = (0..AT_ONCE).map(|number| {
                let url = url.clone();
                tokio::spawn(async move {
                    let browser = BrowserCaller::at(&url);
                    let mut tried = 0;
                    while tried < EACH || Instant::now() < until {
                        let page = browser.get("/sign-in").await;
                        let form = page.form_to("/sign-in");
                        let email = format!("ada-{number}-{tried}@example.com");
                        let answer = browser
                            .submit(
                                &form.with("email", &email).with("password", "a wrong one, but long enough"),
                            )
                            .await;
                        assert!([401, 422, 429, 503].contains(&answer.status), "{}", answer.status);
                        tried += 1;
                    }
                })
            });
            for guess in guesses.collect::<Vec<_>>() {
                guess.await.unwrap();
            }
        })
        .await;
    assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
}
