//! Several accounts, sessions and organizations in one tool.

use serde_json::Value;

use crate::support::both_engines;
use crate::support::cli::Cli;

both_engines! {
    async fn profiles_are_listed_chosen_renamed_and_deleted(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let cli = app.cli_of(&owner).await;
        app.sign_cli_in(&cli, &member, &["--profile", "work"]).await;
        let list = cli.run(&["profile", "list", "--json"]).await.good().json();
        assert_eq!((&list[0]["name"], &list[0]["active"]), (&Value::from("default"), &Value::Bool(true)));
        assert_eq!(list[1]["account"]["email"], member.email);
        let table = cli.run(&["profile", "list"]).await.good().out;
        assert!(table.lines().any(|line| line.starts_with("*  default  ")), "{table}");

        let switched = cli.run(&["auth", "switch"]).await.good();
        assert_eq!(switched.err, format!("✓ Using profile work ({})\n", member.email));
        assert!(cli.run(&["whoami"]).await.good().out.starts_with(&member.email));
        cli.run(&["profile", "use", "default"]).await.good();
        assert!(cli.run(&["whoami"]).await.good().out.starts_with(&owner.email));
        let missing = cli.run(&["profile", "use", "home"]).await.failed(5, "Not found\n");
        assert!(missing.err.contains("There is no profile home. There is default, work."), "{missing:#?}");

        cli.run(&["profile", "rename", "work", "job"]).await.good();
        assert!(cli.stored("work").is_null());
        assert!(cli.run(&["whoami", "-p", "job"]).await.good().out.starts_with(&member.email));
        cli.run(&["profile", "rename", "job", "default"]).await.failed(1, "Profile default already exists\n");

        let session = cli.stored("job")["session_id"].as_str().unwrap().to_owned();
        cli.run(&["profile", "delete", "job"]).await.good();
        assert!(app.stored(&session).await.revoked_at.is_some(), "deleting a profile ends its session at the server");
        cli.run(&["whoami", "-p", "job"]).await.failed(2, "Not authenticated\n");
        cli.run(&["whoami"]).await.good();
    }

    async fn sessions_of_every_machine_are_listed_and_ended(app) {
        let owner = app.owner().await;
        let (cli, other) = (app.cli_of(&owner).await, app.cli_of(&owner).await);
        let id = |cli: &Cli| cli.stored("default")["session_id"].as_str().unwrap().to_owned();
        let (own, others) = (id(&cli), id(&other));
        let list = cli.run(&["auth", "sessions", "--json"]).await.good().json();
        let current = |id: &str| {
            list.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()["current"].as_bool().unwrap()
        };
        assert!(current(&own) && !current(&others));
        let table = cli.run(&["auth", "sessions", "list"]).await.good().out;
        assert!(table.lines().any(|line| line.starts_with(&format!("*  {own}"))), "{table}");

        cli.run(&["auth", "sessions", "revoke", &others]).await.good();
        other.run(&["whoami"]).await.failed(2, "Session refresh failed (401)\n");
        let table = cli.run(&["auth", "sessions"]).await.good().out;
        assert!(!table.contains(&others), "{table}");
        cli.run(&["auth", "sessions", "revoke", "ses_nothing"]).await.failed(5, "Not found\n");
        cli.run(&["auth", "sessions", "revoke", "../whoami"]).await.failed(5, "Not found\n");

        let ended = cli.run(&["auth", "sessions", "revoke", &own]).await.good();
        assert!(ended.err.contains("It was the session in use"), "{ended:#?}");
        assert!(cli.stored("default").is_null());
        cli.run(&["whoami"]).await.failed(2, "Not authenticated\n");
    }

    async fn removing_the_folder_of_the_tool_resets_it(app) {
        let owner = app.owner().await;
        let cli = app.cli_of(&owner).await;
        std::fs::remove_dir_all(cli.folder()).unwrap();
        cli.run(&["whoami"]).await.failed(2, "Not authenticated\n");
        cli.run(&["auth", "logout"]).await.good();
        app.sign_cli_in(&cli, &owner, &[]).await;
        cli.run(&["whoami"]).await.good();
    }

    async fn status_lists_the_other_profiles_without_asking_for_them(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let cli = app.cli_of(&owner).await;
        app.sign_cli_in(&cli, &member, &["--profile", "work"]).await;
        let json = cli.run(&["auth", "status", "--all", "--json"]).await.good().json();
        assert_eq!(json["other_profiles"][0]["name"], "work");
        let text = cli.run(&["auth", "status", "--all"]).await.good().out;
        assert!(text.contains(&format!("  work: {}", member.email)), "{text}");
        // The exit code is about the selected profile.
        let away = cli.run(&["auth", "status", "--all", "--profile", "home"]).await;
        assert_eq!(away.exit, 2, "{away:#?}");
    }

    async fn another_organization_is_another_session(app) {
        let owner = app.owner().await;
        let cli = app.cli_of(&owner).await;
        let current = cli.run(&["org", "current", "--json"]).await.good().json();
        assert_eq!((current["id"].as_str(), current["role"].as_str()), (Some(owner.organization.id.as_str()), Some("owner")));
        let list = cli.run(&["org", "list", "--json"]).await.good().json();
        assert_eq!((&list[0]["current"], list.as_array().unwrap().len()), (&Value::Bool(true), 1));
        assert_eq!((&list[0]["profile"], &list[0]["role"]), (&Value::from("default"), &Value::from("owner")));
        let elsewhere = app.organization("Elsewhere").await;
        app.join(&owner, &elsewhere, "viewer").await;
        let list = cli.run(&["org", "list", "--json"]).await.good().json();
        let other = &list[1];
        assert_eq!((&other["slug"], &other["role"]), (&Value::from(elsewhere.slug), &Value::from("viewer")));
        assert_eq!((&other["profile"], &other["current"]), (&Value::Null, &Value::Bool(false)));
        let text = cli.run(&["org", "list"]).await.good().out;
        assert!(text.lines().any(|line| line.starts_with('*') && line.contains(&owner.organization.name)), "{text}");
        let same = cli.run(&["org", "switch", &owner.organization.slug]).await.good();
        assert!(same.err.starts_with(&format!("✓ Acting for {} with profile default", owner.organization.name)));
        // There is no session for it, and no person to sign in.
        cli.run(&["org", "switch", "elsewhere"]).await.failed(2, "Not authenticated\n");
        cli.run(&["whoami"]).await.good();
    }
}

#[tokio::test]
async fn a_profile_can_be_begun_before_its_first_sign_in() {
    let cli = Cli::at("http://127.0.0.1:9");
    let created = ["profile", "create", "work", "--issuer", "https://auth.acme.dev", "--org", "analytical"];
    cli.run(&created).await.good();
    assert_eq!(cli.run(&["config", "get", "profiles.work.org"]).await.good().out, "analytical\n");
    assert_eq!(
        cli.run(&["config", "get", "issuer", "-p", "work"]).await.good().out,
        "https://auth.acme.dev\n"
    );
    cli.run(&created).await.failed(1, "Profile work already exists\n");
    let mut overridden = cli.command(&["auth", "switch", "work"]);
    overridden.env("KEYSTILE_PROFILE", "home");
    let ran = cli.start(overridden).ended().await.good();
    assert!(ran.err.contains("! KEYSTILE_PROFILE is set and still selects profile home"), "{ran:#?}");
}

#[tokio::test]
async fn config_init_writes_the_settings_and_says_how_to_go_on() {
    let cli = Cli::at("http://127.0.0.1:9");
    let ran = cli.run(&["config", "init", "--issuer", "https://auth.acme.dev"]).await.good();
    assert_eq!(ran.err, "Wrote ~/.keystile/config.toml.\nSign in with `keystile auth login`.\n");
    assert_eq!(cli.run(&["config", "get", "issuer"]).await.good().out, "https://auth.acme.dev\n");
    let again = cli.run(&["config", "init", "--json"]).await.good().json();
    assert_eq!(again["created"], false);
    cli.run(&["config", "login"]).await.failed(2, "Not authenticated\n");
    cli.run(&["config", "logout"]).await.good();
}
