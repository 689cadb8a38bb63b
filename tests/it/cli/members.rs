//! `org members`, `org invite`, `org role`, `org remove` and `org leave`.

use serde_json::json;

use crate::support::both_engines;

const SCOPES: [&str; 3] = [
    "--force",
    "--scopes",
    "openid,email,offline_access,org:read,members:read,members:manage,keys:manage,keys:read,tokens:manage",
];

both_engines! {
    async fn an_owner_invites_and_a_member_is_changed_and_removed(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let cli = app.cli_of(&owner).await;
        app.sign_cli_in(&cli, &owner, &SCOPES).await;
        let theirs = app.cli_of(&member).await;

        let invited = cli.run(&["org", "invite", "ben@example.com", "--role", "viewer"]).await.good();
        assert!(invited.err.contains("✓ Invited ben@example.com as viewer, open for 7d"), "{invited:#?}");
        assert!(invited.out.starts_with("ben@example.com  http"), "{invited:#?}");
        assert!(invited.out.contains("/invite/"), "{invited:#?}");
        let wrong = cli.run(&["org", "invite", "nobody", "--role", "viewer"]).await;
        assert_eq!(wrong.exit, 1, "{wrong:#?}");
        assert!(wrong.err.contains("nobody is not an email address"), "{wrong:#?}");
        assert!(wrong.err.contains("✗ Not every address could be invited"), "{wrong:#?}");
        let again = cli.run(&["org", "invite", &member.email, "--role", "viewer", "--json"]).await.good().json();
        assert_eq!(again[0]["outcome"], "already_member");

        let table = cli.run(&["org", "members"]).await.good().out;
        assert!(table.lines().next().unwrap().starts_with("NAME "), "{table}");
        assert!(table.contains(&member.email) && table.contains(&owner.email), "{table}");
        let found = cli.run(&["org", "members", "--search", &member.email, "--json"]).await.good().json();
        assert_eq!((found.as_array().unwrap().len(), &found[0]["credentials"]["sessions"]), (1, &json!(1)));
        assert_eq!(cli.run(&["org", "members", "--role", "admin"]).await.good().err, "No members match.\n");

        let changed = cli.run(&["org", "role", &member.email, "viewer"]).await.good();
        assert_eq!(changed.err, format!("✓ {} is viewer now, no longer member\n", member.email));
        cli.run(&["org", "role", "carol@example.com", "viewer"]).await.failed(5, "Not found\n");

        let asked = cli.run(&["org", "remove", &member.id]).await.failed(1, "Nobody was removed");
        assert!(asked.err.contains("In a script, add --yes."), "{asked:#?}");
        theirs.run(&["whoami"]).await.good();
        let removed = cli.run(&["org", "remove", &member.email, "--yes"]).await.good();
        assert!(removed.err.contains("Ended 1 sessions, 0 personal tokens and 0 API keys"), "{removed:#?}");
        theirs.run(&["whoami"]).await.failed(2, "Session refresh failed (401)\n");
    }

    async fn a_member_leaves_and_the_owner_cannot(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let (cli, theirs) = (app.cli_of(&owner).await, app.cli_of(&member).await);
        theirs.run(&["org", "leave"]).await.failed(1, "You are still a member");
        let left = theirs.run(&["org", "leave", "--yes"]).await.good();
        assert!(left.err.contains("✓ You left the organization."), "{left:#?}");
        theirs.run(&["whoami"]).await.failed(2, "Session refresh failed (401)\n");
        let refused = cli.run(&["org", "leave", "--yes"]).await.failed(2, "Permission denied (403)\n");
        assert!(refused.err.contains("browser"), "{refused:#?}");
        cli.run(&["whoami"]).await.good();
    }
}
