//! Processes share one refresh, and no session is lost.

use crate::support::app::{Builder, TestApp};
use crate::support::both_databases;
use crate::support::cli::{Cli, Running};
use crate::support::database::Database;
use crate::support::relay::Relay;

const PROCESSES: usize = 24;

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
        let asked = cli.run(&["auth", "token", "--min-ttl", "9h", "--no-retry"]).await.good();
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
}
