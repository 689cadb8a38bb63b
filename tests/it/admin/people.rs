//! Commands about users and organizations.

use keystiled::domain::client::ClientKind;
use keystiled::services::{operator_roles, user_state};
use keystiled::store::{Store, TxError};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::operator::Ran;
use crate::support::people::Person;

/// Asserts that a command is refused with this text, and prints nothing else.
#[track_caller]
fn refused(ran: &Ran, with: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:#?}");
    assert!(ran.stderr.contains(with), "{with}: {ran:#?}");
}

async fn role_of(app: &TestApp, person: &Person) -> String {
    let shown = app.operate(&["user", "show", &person.email]).await;
    shown["organizations"][0]["role"].as_str().unwrap().to_owned()
}

/// Whether an act of the operator was done, and not refused.
async fn is_done<T: Send + 'static, E: Send + std::fmt::Debug + 'static>(
    store: &Store,
    act: impl FnOnce(&mut keystiled::store::Work<'_>) -> Result<T, TxError<E>> + Clone + Send + 'static,
) -> bool {
    TxError::settle(store.write_or_refuse(act).await).unwrap().is_ok()
}

both_engines! {
    async fn users_are_listed_in_pages_and_shown(app) {
        let (owner, elsewhere) = (app.owner().await, app.organization("Elsewhere").await);
        let mut members = [app.member("member").await, app.member("viewer").await];
        members.sort_by(|one, other| one.email.cmp(&other.email));
        app.join(&members[0], &elsewhere, "admin").await;
        let listed = app.operate(&["user", "list"]).await;
        let addresses: Vec<_> = listed["users"].as_array().unwrap().iter().map(|user| &user["email"]).collect();
        assert_eq!(addresses.len(), 3);
        assert!(addresses.contains(&&json!(owner.email)) && listed["next"].is_null());
        let first = app.operate(&["user", "list", "--limit", "2"]).await;
        assert_eq!(first["users"].as_array().unwrap().len(), 2);
        let next = first["next"].as_str().unwrap();
        let rest = app.operate(&["user", "list", "--after", next]).await;
        assert_eq!((&rest["users"][0]["email"], rest["users"].as_array().unwrap().len()), (addresses[2], 1));
        let text = app.keystiled(&["user", "list", "--limit", "2"]).await.stdout;
        assert!(text.contains(&format!("There are more. To list them, add --after {next}")), "{text}");
        let there = app.operate(&["user", "list", "--org", &elsewhere.slug]).await;
        assert_eq!(there["users"].as_array().unwrap().len(), 1);
        assert_eq!(there["users"][0]["organizations"][0], json!({ "slug": "elsewhere", "role": "admin", "disabled": false }));
        refused(&app.keystiled(&["user", "list", "--org", "nowhere"]).await, "There is no organization nowhere.");

        app.session_of(&app.client(ClientKind::Native).await, &owner).await;
        let shown = app.operate(&["user", "show", &owner.email]).await;
        assert_eq!((&shown["browsers"], &shown["organizations"][0]["sessions"]), (&json!(1), &json!(1)));
        let text = app.keystiled(&["user", "show", &owner.email]).await.stdout;
        assert!(text.contains("northwind-labs: owner, CLI sessions: 1"), "{text}");
        refused(&app.keystiled(&["user", "show", "nobody@example.com"]).await, "There is no user with the address");
        for secret in ["argon2", "password_hash"] {
            assert!(!shown.to_string().contains(secret), "{shown}");
        }
    }

    async fn a_disabled_user_is_signed_out_everywhere_and_enabled_again(app) {
        let member = app.member("member").await;
        let session = app.session_of(&app.client(ClientKind::Native).await, &member).await;
        let browser = app.browser_of(&member).await;
        let disabled = app.operate(&["user", "disable", &member.email]).await;
        assert_eq!(disabled, json!({ "email": member.email, "changed": true, "browsers": 2 }));
        assert_eq!(browser.get("/cli-sessions").await.status, 303);
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        let again = app.operate(&["user", "disable", &member.email]).await;
        assert_eq!(again["changed"], false);
        let listed = app.keystiled(&["user", "list"]).await.stdout;
        assert!(listed.lines().any(|line| line.starts_with(&member.email) && line.ends_with("  disabled")), "{listed}");
        assert_eq!(app.operate(&["user", "enable", &member.email]).await["changed"], true);
        assert_eq!(app.operate(&["user", "enable", &member.email]).await["changed"], false);
        assert_eq!(browser.get("/cli-sessions").await.status, 303, "browsers sign in again");
        assert_eq!(app.whoami(&session.tokens.access).await.status, 200, "nothing else has ended");
        app.browser_of(&member).await;
        let events = app.events_of("instance").await;
        for action in ["user.disabled", "user.enabled"] {
            let recorded: Vec<_> = events.iter().filter(|event| event.action == action).collect();
            assert_eq!(recorded.len(), 1, "{action}");
            assert_eq!((recorded[0].actor_kind.as_str(), recorded[0].target.as_ref()), ("operator", Some(&member.id)));
        }
    }

    async fn p_17_the_last_owner_who_can_sign_in_is_not_disabled_and_keeps_the_role(app) {
        let owner = app.owner().await;
        let (slug, member) = (owner.organization.slug.as_str(), app.member("member").await);
        let browser = app.browser_of(&owner).await;
        let disable = ["user", "disable", owner.email.as_str()];
        let demote = ["user", "role", owner.email.as_str(), "--org", slug, "admin"];
        for command in [&disable[..], &demote] {
            let ran = app.keystiled(command).await;
            refused(&ran, "last_owner");
            assert!(ran.stderr.contains(&format!("keystiled org owner add {slug} ADDRESS")), "{ran:#?}");
        }
        assert_eq!(browser.get("/cli-sessions").await.status, 200, "nothing was changed");
        // An owner who cannot sign in does not count.
        let second = app.member("owner").await;
        app.operate(&["user", "disable", &second.email]).await;
        refused(&app.keystiled(&disable).await, "last_owner");
        app.execute(&format!("UPDATE users SET disabled_at = NULL, password_hash = NULL WHERE id = '{}'", second.id)).await.unwrap();
        refused(&app.keystiled(&demote).await, "last_owner");

        let promoted = app.operate(&["user", "role", &member.email, "--org", slug, "owner"]).await;
        assert_eq!(promoted["before"], "member");
        app.operate(&demote).await;
        assert_eq!(role_of(app, &owner).await, "admin");
        app.operate(&disable).await;
        refused(&app.keystiled(&["user", "disable", &member.email]).await, "last_owner");
        assert_eq!(app.audited("member.role_changed").await, 2);
    }

    async fn p_17_of_two_owners_who_are_taken_away_at_once_one_stays(app) {
        let owners = [app.owner().await, app.member("owner").await];
        let slug = owners[0].organization.slug.clone();
        let store = app.inside().store.clone();
        let disable = async |person: &Person| {
            let email = person.email.clone();
            is_done(&store, move |work| user_state::disable(work, &email)).await
        };
        let demote = async |person: &Person| {
            let (config, email, slug) = (app.config.clone(), person.email.clone(), slug.clone());
            is_done(&store, move |work| operator_roles::set_role(work, &config, &email, &slug, "admin")).await
        };
        for round in 0..25 {
            let done = match round % 3 {
                0 => tokio::join!(disable(&owners[0]), disable(&owners[1])),
                1 => tokio::join!(demote(&owners[0]), demote(&owners[1])),
                _ => tokio::join!(disable(&owners[0]), demote(&owners[1])),
            };
            assert!(done.0 != done.1, "round {round}: {done:?}");
            app.execute("UPDATE users SET disabled_at = NULL").await.unwrap();
            app.execute("UPDATE memberships SET role = 'owner'").await.unwrap();
        }
    }

    async fn a_role_is_changed_only_to_a_known_one_and_of_a_member(app) {
        let (owner, member) = (app.owner().await, app.member("viewer").await);
        let elsewhere = app.organization("Elsewhere").await;
        let (email, slug) = (member.email.as_str(), owner.organization.slug.as_str());
        for (arguments, words) in [
            ([email, "--org", slug, "emperor"], "There is no role emperor."),
            ([email, "--org", "nowhere", "admin"], "There is no organization nowhere."),
            ([email, "--org", &elsewhere.slug, "admin"], "is not a member of elsewhere"),
            (["nobody@example.com", "--org", slug, "admin"], "There is no user with the address"),
        ] {
            refused(&app.keystiled(&[&["user", "role"][..], &arguments].concat()).await, words);
        }
        let session = app.session_of(&app.client(ClientKind::Native).await, &member).await;
        let scopes = async || app.whoami(&session.tokens.access).await.json()["data"]["scopes"].to_string();
        let before = scopes().await;
        app.operate(&["user", "role", email, "--org", slug, "admin"]).await;
        assert_eq!(role_of(app, &member).await, "admin");
        app.operate(&["user", "role", email, "--org", slug, "admin"]).await;
        assert_eq!(app.audited("member.role_changed").await, 1, "the same role is no change");
        assert_eq!(scopes().await, before, "a session keeps what it was given");
    }

    async fn an_owner_is_added_where_nobody_is_left(app) {
        let elsewhere = app.organization("Elsewhere").await;
        let (member, viewer) = (app.member("member").await, app.member("viewer").await);
        let add = async |person: &Person| {
            let ran = app.keystiled(&["org", "owner", "add", &elsewhere.slug, &person.email, "--json"]).await;
            assert_eq!(ran.code, Some(0), "{ran:#?}");
            serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()["before"].clone()
        };
        assert_eq!(add(&member).await, json!(null), "a new member");
        assert_eq!(add(&member).await, json!("owner"));
        app.join(&viewer, &elsewhere, "viewer").await;
        assert_eq!(add(&viewer).await, json!("viewer"));
        app.operate(&["user", "disable", &viewer.email]).await;
        let disabled = app.keystiled(&["org", "owner", "add", &elsewhere.slug, &viewer.email]).await;
        refused(&disabled, "is disabled. Enable them first");
        let browser = app.browser_of(&member).await;
        assert_eq!(browser.get("/o/elsewhere/audit").await.status, 200);
        let events = app.events_of(&elsewhere.id).await;
        let of_operator: Vec<_> = events.iter().filter(|event| event.actor_kind == "operator").map(|event| event.action.as_str()).collect();
        assert_eq!(of_operator[..2], ["organization.created", "member.added"]);
        assert!(of_operator.contains(&"member.role_changed"));
    }

    async fn a_disabled_organization_is_refused_everywhere_until_it_is_restored(app) {
        let (owner, elsewhere) = (app.owner().await, app.organization("Elsewhere").await);
        app.join(&owner, &elsewhere, "owner").await;
        let session = app.session().await;
        let (slug, tool) = (owner.organization.slug.as_str(), app.owners_tool().await);
        let key = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read", "tokens:introspect"] })).await;
        let browser = app.browser_of(&owner).await;
        let page = format!("/o/{slug}/audit");
        let statuses = async || [
            browser.get(&page).await.status,
            app.whoami(&session.tokens.access).await.status,
            app.userinfo(&session.tokens.access).await.status,
            app.holder(&key).get("/api/v1/verify").await.status,
            app.refresh(&session.client, &session.tokens.refresh).await.status,
        ];
        assert_eq!(statuses().await, [200, 200, 200, 200, 200]);
        let text = app.keystiled(&["org", "disable", slug]).await;
        assert!(text.stdout.contains(&format!("`keystiled org restore {slug}` brings it back")), "{text:#?}");
        assert_eq!(statuses().await, [404, 401, 401, 401, 400]);
        assert_eq!(browser.get("/o/elsewhere/audit").await.status, 200, "others continue");
        assert_eq!(app.operate(&["org", "disable", slug]).await["changed"], false);
        let listed = app.operate(&["org", "list"]).await;
        assert_eq!(listed["organizations"].as_array().unwrap().len(), 2);
        assert!(listed["organizations"][1]["disabled_at"].is_string() && listed["organizations"][0]["disabled_at"].is_null());
        let restored = app.operate(&["org", "restore", slug]).await;
        assert_eq!(restored, json!({ "organization": slug, "changed": true, "has_owner": true }));
        assert_eq!(statuses().await, [200, 200, 200, 200, 200]);
        for (action, count) in [("organization.disabled", 1), ("organization.restored", 1)] {
            assert_eq!(app.audited(action).await, count, "{action}");
        }
        refused(&app.keystiled(&["org", "disable", "nowhere"]).await, "There is no organization nowhere.");
    }

    async fn a_restored_organization_without_an_owner_says_so(app) {
        let owner = app.owner().await;
        let slug = owner.organization.slug.as_str();
        app.operate(&["org", "disable", slug]).await;
        app.operate(&["user", "disable", &owner.email]).await;
        let restored = app.keystiled(&["org", "restore", slug]).await;
        assert!(restored.stdout.contains(&format!("Add one: `keystiled org owner add {slug} ADDRESS`")), "{restored:#?}");
        let first = app.operate(&["org", "list", "--limit", "1"]).await;
        assert!(first["next"].is_null());
    }
}
