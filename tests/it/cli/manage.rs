//! `key`, `pat`, `scope` and `audit` against the server.

use keystiled::domain::audit::{Action, Actor, Event, Origin};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::cli::{Cli, Ran, visit};

/// The owner's tool, with the management scopes.
async fn manager(app: &TestApp) -> Cli {
    let cli = app.cli();
    let scopes = "keys:read,keys:manage,tokens:manage,deployments:read,org:read";
    app.sign_cli_in(&cli, &app.owner().await, &["--scopes", scopes]).await;
    cli
}

/// The output of `whoami` for a key or token.
async fn whoami(app: &TestApp, secret: &str) -> Ran {
    app.cli().with("KEYSTILE_API_KEY", secret).run(&["whoami", "--json"]).await
}

both_engines! {
    async fn a_key_is_made_used_rotated_and_ended_from_the_terminal(app) {
        let cli = manager(app).await;
        let made = cli.run(&["key", "create", "CI", "--scopes", "deployments:read,org:read", "--expires", "90d"]).await;
        let first = made.good().out.trim().to_owned();
        assert_eq!(whoami(app, &first).await.good().json()["kind"], "api_key");
        let listed = cli.run(&["key", "list", "--json"]).await.good().json();
        let id = listed[0]["id"].as_str().unwrap();
        let text = cli.run(&["key", "list"]).await.good().out;
        assert!(text.contains(id) && text.contains("in 90d") && !text.contains(&first), "{text}");

        let changed = cli.run(&["key", "scopes", id, "deployments:read"]).await.good();
        assert_eq!(changed.out, "deployments:read\n");
        assert_eq!(whoami(app, &first).await.good().json()["scopes"], serde_json::json!(["deployments:read"]));

        let rotated = cli.run(&["key", "rotate", id, "--overlap", "1h"]).await.good();
        assert!(rotated.err.contains(&format!("  Replaces      {id}, which works for another ")), "{rotated:#?}");
        let second = rotated.out.trim().to_owned();
        assert_ne!(first, second);
        whoami(app, &first).await.good();
        cli.run(&["key", "revoke", id]).await.good();
        assert_eq!(whoami(app, &first).await.exit, 2);
        whoami(app, &second).await.good();
    }

    async fn cg_08_a_sign_in_without_the_scope_is_told_so_and_offered_it_once_on_a_terminal(app) {
        let owner = app.owner().await;
        let cli = app.cli().with("KEYSTILE_LOGIN_METHOD", "browser");
        app.sign_cli_in(&cli, &owner, &["--scopes", "org:read"]).await;
        for command in [["key", "list"], ["audit", "list"], ["pat", "list"]] {
            let ran = cli.run(&command).await.failed(2, "Insufficient permissions\n");
            assert!(ran.err.contains("Your sign-in does not have the required scope"), "{ran:#?}");
            assert!(ran.err.contains(", has org:read. Run `keystile auth refresh --scopes "), "{ran:#?}");
        }

        let mut terminal = cli.start(cli.terminal("key list"));
        let asks = |said: &str| said.contains("Your session lacks the scope keys:read. Sign in again to add it? [Y/n]").then_some(());
        terminal.on_terminal(asks).await;
        terminal.types("\n");
        let link = terminal
            .on_terminal(|said| said.lines().map(str::trim).find(|line| line.contains("/c/")).map(str::to_owned))
            .await;
        let browser = app.browser_of(&owner).await;
        visit(&app.answer(&browser, &link, "authorize").await.url).await;
        let ran = terminal.ended().await.good();
        assert!(ran.out.contains("keys:read") && !ran.out.contains("Insufficient"), "{ran:#?}");
        cli.run(&["key", "list"]).await.good();

        let mut terminal = cli.start(cli.terminal("audit list"));
        terminal.on_terminal(|said| said.contains("[Y/n]").then_some(())).await;
        terminal.types("n\n");
        let ran = terminal.ended().await;
        assert!(ran.exit == 2 && ran.out.contains("Needs audit:read"), "{ran:#?}");
    }

    async fn cg_08_a_scope_that_the_role_does_not_hold_is_not_offered_again(app) {
        let member = app.member("member").await;
        let cli = app.cli().with("KEYSTILE_LOGIN_METHOD", "browser");
        app.sign_cli_in(&cli, &member, &["--scopes", "org:read"]).await;
        let mut terminal = cli.start(cli.terminal("audit list"));
        terminal.on_terminal(|said| said.contains("[Y/n]").then_some(())).await;
        terminal.types("\n");
        let link = terminal
            .on_terminal(|said| said.lines().map(str::trim).find(|line| line.contains("/c/")).map(str::to_owned))
            .await;
        visit(&app.answer(&app.browser_of(&member).await, &link, "authorize").await.url).await;
        let ran = terminal.ended().await;
        assert!(ran.exit == 2 && ran.out.contains("Your role does not include audit:read."), "{ran:#?}");
        assert!(!ran.out.contains("auth refresh --scopes"), "{ran:#?}");
    }

    async fn cg_12_a_sign_in_with_fewer_scopes_replaces_a_wider_one_only_when_told(app) {
        let owner = app.owner().await;
        let cli = app.cli();
        app.sign_cli_in(&cli, &owner, &["--scopes", "keys:read,org:read"]).await;
        let before = cli.stored("default");
        let ran = cli.run(&["auth", "login", "--browser", "--scopes", "org:read"]).await;
        let ran = ran.failed(1, "This sign-in would remove keys:read from profile default\n");
        assert!(ran.err.contains("--force") && ran.err.contains("--scopes keys:read,org:read"), "{ran:#?}");
        assert_eq!(cli.stored("default"), before);
        app.sign_cli_in(&cli, &owner, &["--scopes", "org:read", "--force"]).await;
        app.sign_cli_in(&cli, &owner, &["--scopes", "org:read,keys:read"]).await;
        let scopes = async || cli.run(&["whoami", "--json"]).await.good().json()["scopes"].clone();
        assert_eq!(scopes().await, serde_json::json!(["keys:read", "org:read"]));
        // Without `--scopes` the session keeps its scopes, and `--force` requests the default of the server.
        app.sign_cli_in(&cli, &owner, &["--scopes", "keys:manage,keys:read,org:read"]).await;
        app.sign_cli_in(&cli, &owner, &[]).await;
        assert_eq!(scopes().await, serde_json::json!(["keys:manage", "keys:read", "org:read"]));
        app.sign_cli_in(&cli, &owner, &["--force"]).await;
        assert!(!scopes().await.as_array().unwrap().contains(&"keys:manage".into()));
    }

    async fn a_personal_token_is_made_used_and_ended_from_the_terminal(app) {
        let cli = manager(app).await;
        let made = cli.run(&["pat", "create", "backup", "--scopes", "deployments:read", "--json"]).await.good().json();
        let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
        assert_eq!(whoami(app, token).await.good().json()["kind"], "personal_token");
        let listed = cli.run(&["pat", "list"]).await.good().out;
        assert!(listed.contains(id) && !listed.contains("OWNER"), "{listed}");
        cli.run(&["pat", "revoke", id]).await.good();
        assert_eq!(whoami(app, token).await.exit, 2);
    }

    async fn a_read_only_sign_in_can_do_nothing_but_read(app) {
        let cli = app.cli();
        app.sign_cli_in(&cli, &app.owner().await, &["--read-only"]).await;
        let whoami = cli.run(&["whoami", "--json"]).await.good().json();
        let catalog = cli.run(&["scope", "list", "--json"]).await.good().json();
        let reads = |scope: &str| {
            catalog.as_array().unwrap().iter().any(|known| known["id"] == scope && known["level"] == "read")
        };
        let scopes: Vec<_> = whoami["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
        assert!(!scopes.is_empty() && scopes.iter().all(|scope| reads(scope)), "{scopes:?}");
        let ran = cli.run(&["key", "create", "CI", "--scopes", "deployments:read", "--expires", "never"]).await;
        let ran = ran.failed(2, "Insufficient permissions\n");
        assert!(ran.err.contains("Run `keystile auth refresh --scopes keys:manage`."), "{ran:#?}");
        cli.run(&["auth", "refresh"]).await.good();
    }

    async fn a_read_only_sign_in_asks_for_no_more_than_the_tool_may(app) {
        let narrow = "UPDATE clients SET scopes = 'keys:manage org:read', version = version + 1";
        app.execute(&format!("{narrow} WHERE id = 'keystile-cli'")).await.unwrap();
        let cli = app.cli();
        app.sign_cli_in(&cli, &app.owner().await, &["--read-only"]).await;
        assert_eq!(cli.run(&["whoami", "--json"]).await.good().json()["scopes"], json!(["org:read"]));
    }

    async fn the_audit_log_is_read_and_followed_from_the_terminal(app) {
        let cli = app.cli();
        let scopes = "keys:manage,deployments:read,audit:read";
        app.sign_cli_in(&cli, &app.owner().await, &["--scopes", scopes]).await;
        let session = cli.run(&["whoami", "--json"]).await.good().json()["credential"]["id"].clone();
        let made = cli.run(&["key", "create", "CI", "--scopes", "deployments:read", "--expires", "never", "--json"]).await.good().json();
        let id = made["id"].as_str().unwrap();
        let mut follows = cli.start(cli.command(&["audit", "list", "--key", id, "--follow", "--json"]));
        follows.on_terminal(|said| said.contains("key.created").then_some(())).await;
        cli.run(&["key", "revoke", id]).await.good();
        follows.on_terminal(|said| said.contains("key.revoked").then_some(())).await;
        follows.kill();
        assert_eq!(follows.ended().await.out.lines().count(), 2);

        let text = cli.run(&["audit", "list"]).await.good().out;
        let last = text.lines().last().unwrap();
        let session = session.as_str().unwrap();
        let said = format!("  success key.revoked  Olivia with {session} on {id} from 127.0.0.1");
        assert!(last.ends_with(&said), "{text}");
        let about = cli.run(&["audit", "list", "--key", id]).await.good().out;
        assert_eq!(about.lines().count(), 2, "{about}");
        // More events than the server returns in one page.
        let org_id = app.owner().await.organization.id;
        let recorded = app.inside().store.write(move |work| {
            for _ in 0..150 {
                work.record(Event::new(Action::SignedIn, Actor::Operator, &Origin::default()).org(&org_id));
            }
            Ok(())
        });
        recorded.await.unwrap();
        let all = cli.run(&["audit", "list", "--json"]).await.good().json();
        // Events of the instance have no number in the log of an organization.
        let sequences: Vec<_> = all.as_array().unwrap().iter().filter_map(|event| event["sequence"].as_i64()).collect();
        assert!(sequences.len() > 150 && sequences.is_sorted(), "{sequences:?}");
    }

    async fn without_its_scope_the_audit_log_is_refused_with_the_remedy(app) {
        let cli = manager(app).await;
        let ran = cli.run(&["audit", "list"]).await.failed(2, "Insufficient permissions\n");
        assert!(ran.err.contains("Run `keystile auth refresh --scopes audit:read`."), "{ran:#?}");
    }
}
