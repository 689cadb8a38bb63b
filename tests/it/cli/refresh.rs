//! Processes share one refresh, and no session is lost.

use std::fs;
use std::os::unix::fs::symlink;

use chrono::TimeDelta;
use keystiled::domain::clock::Clock;

use crate::support::app::{Builder, TestApp};
use crate::support::both_databases;
use crate::support::cli::{Cli, Running};
use crate::support::database::Database;
use crate::support::relay::Relay;

const PROCESSES: usize = 24;

/// Puts the configuration folder on a disk of its own, which is full.
const FULL: &str = r#"
    cp -a "$1" "$1.copy"
    mount -t tmpfs -o size=64k,mode=0700 none "$1"
    cp -a "$1.copy/." "$1"
    rm -r "$1.copy"
    dd if=/dev/zero of="$1/filler" bs=1k 2>/dev/null || true
"#;
/// Makes the configuration folder read-only.
const READ_ONLY: &str = r#"mount --bind "$1" "$1"; mount -o remount,bind,ro "$1""#;

/// A server behind a relay, and a signed-in tool that knows only the relay.
async fn behind_relay(database: Database) -> (Relay, TestApp, Cli) {
    let relay = Relay::start();
    let app = Builder::on(database).with("KEYSTILE_PUBLIC_URL", &relay.url()).start().await;
    relay.lead_to(app.address());
    let cli = app.cli();
    let login = cli.login(&[]);
    let browser = crate::support::http::BrowserCaller::at(&relay.url());
    app.sign_in(&browser, &app.owner().await).await;
    let back = app.answer(&browser, &login.link().await, "authorize").await;
    crate::support::cli::visit(&back.url).await;
    login.ended().await.good();
    (relay, app, cli)
}

async fn generation(app: &TestApp, cli: &Cli) -> i64 {
    app.stored(cli.stored("default")["session_id"].as_str().unwrap()).await.generation
}

both_databases! {
    async fn twenty_four_processes_at_expiry_make_one_token_request(database) {
        let (relay, app, cli) = behind_relay(database).await;
        let (requests, before) = (relay.count("/oauth/token"), generation(&app, &cli).await);
        cli.let_expire();
        let running: Vec<Running> = (0..PROCESSES).map(|_| cli.start(cli.command(&["auth", "token"]))).collect();
        let mut tokens = Vec::new();
        for process in running {
            tokens.push(process.ended().await.good().out);
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "all use the token of the process that refreshed");
        assert_eq!(app.whoami(tokens[0].trim_end()).await.status, 200);
        assert_eq!(relay.count("/oauth/token"), requests + 1);
        assert_eq!(generation(&app, &cli).await, before + 1);
        assert_eq!(app.audited("session.refresh_reuse").await, 0);
        cli.run(&["whoami"]).await.good();
        app.stop().await;
    }

    async fn a_process_killed_between_answer_and_write_takes_no_session_with_it(database) {
        let (relay, app, cli) = behind_relay(database).await;
        for _ in 0..3 {
            let (stored, before) = (cli.stored("default"), generation(&app, &cli).await);
            cli.let_expire();
            let answered = relay.keep_back("/oauth/token");
            let mut dying = cli.start(cli.command(&["auth", "token"]));
            answered.await.unwrap();
            let waiting: Vec<Running> = (0..5).map(|_| cli.start(cli.command(&["auth", "token"]))).collect();
            dying.kill();
            assert_eq!(dying.ended().await.exit, 128 + 9);
            assert_eq!(cli.stored("default")["refresh_token"], stored["refresh_token"], "nothing was written");
            for process in waiting {
                process.ended().await.good();
            }
            assert_ne!(cli.stored("default")["refresh_token"], stored["refresh_token"]);
            assert_eq!(generation(&app, &cli).await, before + 1, "the lost response was sent again");
            cli.run(&["whoami"]).await.good();
        }
        assert_eq!(app.audited("session.refresh_reuse").await, 0);
        app.stop().await;
    }

    async fn a_token_that_the_api_refuses_is_refreshed_once_and_the_call_repeated(database) {
        let (relay, app, cli) = behind_relay(database).await;
        let before = relay.count("/oauth/token");
        cli.edit(|document| {
            let token = &mut document["profiles"]["default"]["access_token"];
            *token = serde_json::Value::from(token.as_str().unwrap().replace('.', ".x"));
        });
        cli.run(&["whoami"]).await.good();
        assert_eq!(relay.count("/oauth/token"), before + 1);
        app.stop().await;
    }

    async fn a_server_that_is_down_loses_no_session(database) {
        let (relay, app, cli) = behind_relay(database).await;
        let stored = cli.stored("default");
        let address = app.address();
        relay.lead_to(std::net::SocketAddr::from(([127, 0, 0, 1], 9)));
        // An old token that is still valid is better than none.
        cli.edit(|document| {
            let soon = Clock::System.now().utc() + TimeDelta::seconds(50);
            document["profiles"]["default"]["access_expires_at"] = serde_json::json!(soon);
        });
        let asked = cli.run(&["auth", "token", "--no-retry"]).await.good();
        assert_eq!(asked.out.trim_end(), stored["access_token"]);
        cli.run(&["auth", "refresh", "--no-retry"]).await.failed(3, "Cannot reach ");
        cli.let_expire();
        cli.run(&["auth", "token", "--no-retry"]).await.failed(3, "Cannot reach ");
        cli.run(&["auth", "status", "--no-retry"]).await.failed(3, "Cannot reach ");
        assert_eq!(cli.stored("default")["refresh_token"], stored["refresh_token"]);
        relay.lead_to(address);
        cli.run(&["whoami"]).await.good();
        app.stop().await;
    }

    async fn ch_06_without_room_for_the_answer_no_refresh_is_requested(database) {
        let (relay, app, cli) = behind_relay(database).await;
        let (before, stored) = (relay.count("/oauth/token"), cli.stored("default"));
        for (disk, cause) in [(FULL, "No space left on device"), (READ_ONLY, "Read-only file system")] {
            // Less than the usual 60 s, so that a refresh is due.
            cli.expire_in(TimeDelta::seconds(40));
            let ran = cli.start(cli.mounted(disk, &["auth", "token"])).ended().await.good();
            assert_eq!(ran.out.trim_end(), stored["access_token"]);
            cli.let_expire();
            let ran = cli.start(cli.mounted(disk, &["auth", "token"])).ended().await.failed(2, "Could not ");
            assert!(ran.err.contains(cause), "{ran:#?}");
            assert_eq!(relay.count("/oauth/token"), before, "no refresh token was used");
        }
        assert_eq!(cli.stored("default")["refresh_token"], stored["refresh_token"]);
        cli.run(&["auth", "token"]).await.good();
        assert_eq!(relay.count("/oauth/token"), before + 1);
        assert_eq!(app.audited("session.refresh_reuse").await, 0);
        app.stop().await;
    }

    async fn ch_08_two_homes_that_share_a_file_by_a_link_share_its_refreshes(database) {
        let (relay, app, cli) = behind_relay(database).await;
        let other = app.cli();
        fs::create_dir(other.folder()).unwrap();
        symlink(cli.credentials_file(), other.credentials_file()).unwrap();
        for round in 1..=3 {
            let before = relay.count("/oauth/token");
            cli.let_expire();
            let running: Vec<Running> = (0..PROCESSES)
                .map(|number| if number % 2 == 0 { &cli } else { &other })
                .map(|home| home.start(home.command(&["auth", "token"])))
                .collect();
            for process in running {
                process.ended().await.good();
            }
            assert_eq!(relay.count("/oauth/token"), before + 1, "one refresh in round {round}");
        }
        assert!(fs::symlink_metadata(other.credentials_file()).unwrap().is_symlink());
        let left: Vec<_> = fs::read_dir(other.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["credentials.json"], "locks and temporary files are beside the target");
        assert_eq!(app.audited("session.refresh_reuse").await, 0);
        other.run(&["auth", "logout"]).await.good();
        assert!(cli.stored("default").is_null() && other.stored("default").is_null());
        app.stop().await;
    }
}
