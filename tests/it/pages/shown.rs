//! Counts, names and links on pages match the data.

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;

use super::{API_ACCESS, turn};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;
use crate::support::oauth::{Ask, Returned, Tokens};

/// Creates a personal token in its owner's browser.
async fn personal_token(browser: &BrowserCaller) {
    let form = super::tokens::filled_in(browser).await;
    assert_eq!(browser.submit(&form).await.status, 200);
}

/// The details of the newest event with this action.
async fn details(app: &TestApp, action: &str) -> String {
    let query =
        format!("SELECT details AS name FROM audit_events WHERE action = '{action}' ORDER BY sequence DESC");
    app.names(&query).await.swap_remove(0)
}

both_engines! {
    async fn cg_07_the_question_is_true_for_every_command_of_the_tool(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let known = app.client(ClientKind::Native).await;
        let unknown = app.client_with(ClientKind::Native, |client| client.command = None).await;
        let page = app.ask(&browser, &Ask::of(&known)).await.text();
        for words in ["Did you just run fred login", "or another command of Fred", "If not, choose Deny."] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let page = app.ask(&browser, &Ask::of(&unknown)).await.text();
        for words in ["Did you just start this with Fred yourself?", "If not, choose Deny."] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains(&unknown.id), "{page}");
    }

    async fn cg_01_affected_credentials_are_counted_by_kind(app) {
        let client = app.client(ClientKind::Native).await;
        let (owner, member) = (app.owner().await, app.member("member").await);
        app.session_of(&client, &owner).await;
        app.session_of(&client, &member).await;
        let (browser, theirs) = (app.browser_of(&owner).await, app.browser_of(&member).await);
        personal_token(&browser).await;
        let both = "2 sessions and 1 personal token of 2 people";
        let off = format!("{API_ACCESS}/personal-tokens/off");
        let all = format!("{API_ACCESS}/revoke-all");
        for (path, words) in [
            (API_ACCESS, format!("Turning this off stops {both}.")),
            (API_ACCESS, format!("{both}. Revoking all of them ends both kinds")),
            (&off, format!("Turning this off stops {both}.")),
            (&all, format!("This ends {both} permanently.")),
            (&all, "Revoke 2 sessions and 1 personal token".to_owned()),
            (&all, "Revoke every session and personal token of Northwind Labs ?".to_owned()),
        ] {
            let page = browser.get(path).await.text();
            assert!(page.contains(&words), "{path}: {words}: {page}");
        }
        turn(app, "off").await;
        let recorded = details(app, "organization.personal_tokens_off").await;
        for counted in [r#""sessions":2"#, r#""personal_tokens":1"#, r#""people":2"#] {
            assert!(recorded.contains(counted), "{counted}: {recorded}");
        }
        assert!(browser.get(API_ACCESS).await.text().contains(&format!("Turning this on makes {both} work again.")));
        turn(app, "on").await;
        // If there are only tokens, they are counted and can be revoked.
        theirs.submit(&theirs.get("/cli-sessions/end-all").await.form_to("/cli-sessions/end-all")).await;
        browser.submit(&browser.get("/cli-sessions/end-all").await.form_to("/cli-sessions/end-all")).await;
        assert!(browser.get(&all).await.text().contains("This ends 1 personal token of 1 person permanently."));
        let done = browser.submit(&browser.get(&all).await.form(&all)).await;
        assert!(browser.follow(done).await.text().contains("All sessions and personal tokens of the organization revoked."));
        assert_eq!(app.audited("token.revoked").await, 1);
    }

    async fn cg_03_a_person_who_denied_reads_what_to_do(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app.client(ClientKind::Native).await;
        let nothing = browser.get("/denied?c=x").await.text();
        assert!(nothing.contains("this browser has not denied one within the last 10 minutes."), "{nothing}");
        let ask = Ask::of(&client).with("device_name", "build-07");
        let consent = app.ask(&browser, &ask).await;
        let returned = Returned::from_page(&app.decide(&browser, &consent, "deny").await);
        assert_eq!(returned.get("error"), Some("access_denied"));
        let page = browser.get(&format!("/denied?c={}", client.id)).await.text();
        for words in [
            "No access was granted", "The request of Fred has ended", "build-07", "Reported by the tool, not verified.",
            "Did you not start this sign-in yourself?", "You do not need to run anything again.", "audit log",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        // Only this browser shows it, and only for a while.
        let other = app.browser_of(&app.member("member").await).await;
        assert!(!other.get("/denied").await.text().contains("build-07"));
    }

    async fn cg_03_a_denial_is_shown_for_a_limited_time(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let consent = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await)).await;
        app.decide(&browser, &consent, "deny").await;
        assert!(browser.get("/denied").await.text().contains("The request of Fred has ended"));
        app.advance(TimeDelta::minutes(11));
        assert!(!browser.get("/denied").await.text().contains("Fred"));
    }

    async fn cg_05_lists_name_the_registered_client_and_mark_what_a_tool_claims(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        let ask = Ask::of(&client).with("tool_version", "keystile 0.1.0").with("device_os", "macOS 15");
        let code = app.authorize(&browser, &ask).await;
        Tokens::of(&app.exchange(&ask, code.code()).await);
        let list = browser.get("/").await.text();
        assert!(list.contains("Fred (reported by the tool: keystile 0.1.0, macOS 15 )"), "{list}");
        let table = browser.get(API_ACCESS).await.text();
        assert!(table.contains("Fred Reported by the tool: keystile 0.1.0"), "{table}");
        let end = browser.get("/").await;
        let path = end.body.split("/cli-sessions/").find_map(|rest| rest.split_once("/end\"").map(|(id, _)| id.to_owned()));
        let confirm = browser.get(&format!("/cli-sessions/{}/end", path.unwrap())).await.text();
        assert!(confirm.contains("Fred there stops working now."), "{confirm}");
    }

    async fn cg_06_a_fresh_session_is_no_reason_to_worry(app, |app| app.manual_clock()) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let page = browser.get("/").await;
        assert!(page.body.contains("<span class=\"tag\">Not used yet</span>"), "{}", page.body);
        app.advance(TimeDelta::days(2));
        let page = app.browser_of(&session.person).await.get("/").await;
        assert!(page.text().contains("Never used") && !page.text().contains("Not used yet"), "{}", page.text());
        assert!(!page.body.contains("tag bad"), "{}", page.body);
    }

    async fn cg_10_many_permissions_are_grouped_with_the_strongest_first(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let scope = "openid profile email org:read deployments:read deployments:write deployments:delete operations:read keys:read keys:manage audit:read";
        let consent = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await).with("scope", scope)).await;
        let page = consent.text();
        let mut from = 0;
        for words in ["Administer 1 permission", "Delete 1 permission", "Change 1 permission", "Read 8 permissions", "Deny"] {
            let at = page[from..].find(words).unwrap_or_else(|| panic!("{words}: {page}"));
            from += at;
        }
        let folded = consent.body.split("<details class=\"fold\">").nth(1).unwrap().split("</details>").next().unwrap();
        assert!(folded.contains("See API keys") && !folded.contains("Delete deployments"), "{folded}");
        // A few permissions are one list.
        let few = app.ask(&browser, &Ask::of(&app.client(ClientKind::Native).await).with("scope", "deployments:read deployments:write")).await;
        assert!(!few.body.contains("class=\"fold\""));
        let (change, read) = (few.text().find("Create and change").unwrap(), few.text().find("See deployments").unwrap());
        assert!(change < read);
    }

    async fn cg_10_a_form_for_machines_offers_levels_and_no_sign_in_scopes(app) {
        let member = app.browser_of(&app.member("member").await).await;
        for path in ["/o/northwind-labs/keys/new", "/tokens/new"] {
            let page = member.get(path).await;
            for scope in ["openid", "profile", "email", "offline_access"] {
                assert!(!page.body.contains(&format!("name=\"scope.{scope}\"")), "{path}: {scope}");
            }
            let all = page.body.split("<label class=\"radio js-only\">").nth(1).unwrap().split("</label>").next().unwrap();
            assert!(all.contains("All of Read") && !all.contains("name="), "only the boxes that it ticks are submitted: {all}");
        }
    }

    async fn cg_13_done_says_signed_in_only_to_the_person_who_has_just_signed_a_tool_in(app, |app| app.manual_clock()) {
        let session = app.session().await;
        let done = format!("/done?c={}", session.client.id);
        let person = app.browser_of(&session.person).await;
        assert!(person.get(&done).await.text().contains("is signed in to Northwind Labs"));
        let others = [
            app.browser().get(&done).await,
            app.browser_of(&app.member("member").await).await.get(&done).await,
            person.get("/done").await,
            person.get("/done?c=nobody").await,
        ];
        for page in others {
            assert!(page.text().contains("Look at your terminal"), "{}", page.text());
            assert!(!page.text().contains("is signed in to Northwind"), "{}", page.text());
        }
        app.advance(TimeDelta::minutes(11));
        assert!(!app.browser_of(&session.person).await.get(&done).await.text().contains("is signed in to Northwind"));
    }

    async fn cg_13_the_links_of_the_deployment_stand_on_every_page(app, |app| {
        app.with("KEYSTILE_BRAND__HELP_URL", "https://help.northwind.dev/")
            .with("KEYSTILE_BRAND__SUPPORT_URL", "mailto:help@northwind.dev")
            .with("KEYSTILE_BRAND__STATUS_URL", "https://status.northwind.dev/")
    }) {
        let owner = app.browser_of(&app.owner().await).await;
        for path in ["/help", "/", "/nothing", "/denied", "/done", API_ACCESS, "/api"] {
            let page = owner.get(path).await;
            let foot = page.body.split("<footer").nth(1).unwrap();
            for link in ["https://help.northwind.dev/\">Help<", "mailto:help@northwind.dev\">Support<", "https://status.northwind.dev/\">Status<"] {
                assert!(foot.contains(link), "{path}: {link}");
            }
        }
        assert!(owner.get("/denied").await.body.contains("<a href=\"mailto:help@northwind.dev\">your support</a>"));
    }

    async fn cg_13_links_that_are_not_configured_are_omitted(app) {
        let page = app.browser().get("/help").await;
        assert!(!page.body.contains(">Support<") && !page.body.contains(">Status<") && !page.body.contains(">Help<"));
    }
}
