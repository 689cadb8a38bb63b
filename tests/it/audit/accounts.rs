//! Events of members' accounts, such as sign-ins, in the audit log of their organizations.

use keystiled::domain::client::ClientKind;
use serde_json::{Value, json};

use super::{get, reader};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;
use crate::support::people::Person;

const LOG: &str = "/o/northwind-labs/audit";

/// Submits a wrong password.
async fn fail_to_sign_in(app: &TestApp, person: &Person) {
    let browser = app.browser();
    let form = browser.get("/sign-in").await.form("/sign-in").with("email", &person.email);
    browser.submit(&form.with("password", "not the password at all")).await;
}

/// The events with this action that the API shows to a token.
async fn events(app: &TestApp, token: &str, action: &str) -> Vec<Value> {
    let page = get(app, &format!("/api/v1/audit?limit=100&action={action}"), token).await.json();
    page["data"].as_array().unwrap().clone()
}

/// The people who signed in, as this log says.
async fn signed_in(app: &TestApp, token: &str) -> Vec<String> {
    let events = events(app, token, "user.signed_in").await;
    events.iter().map(|event| event["actor"]["id"].as_str().unwrap().to_owned()).collect()
}

async fn leave(browser: &BrowserCaller) {
    let form = browser.get(crate::members::LEAVE).await.form_to(crate::members::LEAVE);
    assert_eq!(browser.submit(&form).await.status, 303);
}

both_engines! {
    async fn sign_ins_of_members_are_in_the_log_of_their_organization(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let browser = app.browser_of(&owner).await;
        app.browser_of(&member).await;
        fail_to_sign_in(app, &member).await;
        app.operate(&["user", "disable", &member.email]).await;
        let page = browser.get(&format!("{LOG}?action=user.signed_in")).await.text();
        assert!(page.contains("Olivia signed in Account") && page.contains("signed in Account"), "{page}");
        let page = browser.get(&format!("{LOG}?action=user.sign_in_failed")).await;
        assert!(page.text().contains("failed to sign in"), "{}", page.text());
        assert!(page.body.contains("127.0.0.1"));

        let token = reader(app, &app.client(ClientKind::Native).await, &owner).await.access;
        let [failed] = &events(app, &token, "user.sign_in_failed").await[..] else { panic!("one") };
        assert_eq!((&failed["target"], &failed["chain"], &failed["sequence"]), (&json!(member.id), &json!("instance"), &Value::Null));
        assert_eq!((&failed["ip"], &failed["details"]), (&json!("127.0.0.1"), &json!({})));
        let [disabled] = &events(app, &token, "user.disabled").await[..] else { panic!("one") };
        assert_eq!((&disabled["actor"]["kind"], &disabled["details"]), (&json!("operator"), &json!({})), "no counts of elsewhere");
        let exported = get(app, "/api/v1/audit/export?format=jsonl&action=user.disabled", &token).await.body;
        assert_eq!(serde_json::from_str::<Value>(&exported).unwrap(), *disabled);
        let by_actor = get(app, &format!("/api/v1/audit?action=user.signed_in&actor={}", member.id), &token).await.json();
        assert_eq!(by_actor["data"].as_array().unwrap().len(), 1);
        let refused = get(app, "/api/v1/audit?outcome=refused", &token).await.json();
        assert_eq!(refused["data"][0]["action"], "user.sign_in_failed");
    }

    async fn lo_06_an_organization_sees_an_account_only_while_the_person_is_a_member(app) {
        let owner = app.owner().await;
        let other = app.organization("Other Labs").await;
        let stranger = app.member_of(&other, "owner").await;
        let person = app.user("Ida").await;
        app.browser_of(&person).await;
        app.join(&person, &owner.organization, "member").await;
        let client = app.client(ClientKind::Native).await;
        let (here, there) = (reader(app, &client, &owner).await.access, reader(app, &client, &stranger).await.access);
        assert!(!signed_in(app, &here).await.contains(&person.id), "before they joined");
        let browser = app.browser_of(&person).await;
        let seen = |ids: &[String]| ids.iter().filter(|id| **id == person.id).count();
        assert_eq!(seen(&signed_in(app, &here).await), 1);
        assert_eq!(seen(&signed_in(app, &there).await), 0, "only in the other one");
        leave(&browser).await;
        app.join(&person, &other, "member").await;
        app.browser_of(&person).await;
        fail_to_sign_in(app, &person).await;
        assert_eq!(seen(&signed_in(app, &here).await), 1, "after they left");
        assert_eq!(seen(&signed_in(app, &there).await), 1);
        assert_eq!(events(app, &here, "user.sign_in_failed").await.len(), 0);
        assert_eq!(events(app, &there, "user.sign_in_failed").await.len(), 1);
        let all = get(app, "/api/v1/audit?limit=100", &there).await.body;
        assert!(!all.contains(&owner.id) && !all.contains(&owner.organization.id), "{all}");
    }

    async fn both_kinds_of_events_are_one_list_by_time_whose_pages_have_each_once(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let token = reader(app, &app.client(ClientKind::Native).await, &owner).await.access;
        for round in 0..4 {
            // Several events of both kinds at the same time, and some at others.
            for _ in 0..2 {
                app.browser_of(&owner).await;
                app.member("member").await;
            }
            app.advance(chrono::TimeDelta::seconds(round));
        }
        let whole = get(app, "/api/v1/audit?limit=100", &token).await.json();
        let whole: Vec<Value> = whole["data"].as_array().unwrap().clone();
        let chains = |chain: &str| whole.iter().filter(|event| event["chain"] == chain).count();
        assert!(chains("instance") >= 9 && chains("organization") >= 9, "{whole:?}");
        assert!(whole.is_sorted_by(|one, next| one["at"].as_str() >= next["at"].as_str()));
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = get(app, &format!("/api/v1/audit?limit=3{cursor}"), &token).await.json();
            found.extend(page["data"].as_array().unwrap().iter().map(|event| event["id"].clone()));
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, whole.iter().map(|event| event["id"].clone()).collect::<Vec<_>>());
    }

    async fn the_operator_lists_the_events_of_the_server_and_of_an_organization(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        app.browser_of(&owner).await;
        app.browser_of(&member).await;
        fail_to_sign_in(app, &member).await;
        let text = app.keystiled(&["audit", "list"]).await.stdout;
        let first = text.lines().next().unwrap();
        assert!(first.contains("  user.sign_in_failed  anonymous  -> ") && first.ends_with("  127.0.0.1  refused"), "{text}");
        let actions = |listed: &Value| -> Vec<String> {
            listed["events"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
        };
        let list = async |filters: &[&str]| app.operate(&[&["audit", "list"], filters].concat()).await;
        let signed_in = list(&["--action", "user.signed_in"]).await;
        assert_eq!(actions(&signed_in), ["user.signed_in"; 2]);
        let one = list(&["--actor", &owner.email]).await;
        assert_eq!((actions(&one), &one["events"][0]["actor"]["name"]), (vec!["user.signed_in".to_owned()], &json!("Olivia")));
        let all = list(&["--limit", "1000"]).await;
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut filters = vec!["--limit", "2"];
            filters.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
            let page = list(&filters).await;
            found.extend(actions(&page));
            let Some(next) = page["next"].as_str() else { break };
            after = Some(next.to_owned());
        }
        assert_eq!(found, actions(&all));
        assert!(found.contains(&"client.created".to_owned()) && found.contains(&"user.created".to_owned()));
        let of_org = actions(&list(&["--org", &owner.organization.slug]).await);
        assert!(of_org.contains(&"member.added".to_owned()) && of_org.contains(&"user.sign_in_failed".to_owned()), "{of_org:?}");
        assert!(!of_org.contains(&"client.created".to_owned()), "{of_org:?}");
        assert_eq!(actions(&list(&["--since", "2020-01-01", "--until", "2020-01-02"]).await), Vec::<String>::new());
        for (bad, why) in [
            (["--action", "nothing"], "There is no action nothing."),
            (["--org", "nowhere"], "There is no organization nowhere."),
            (["--actor", "nobody@example.com"], "There is no user with the address"),
            (["--after", "evt_nothing"], "There is no event evt_nothing in this log."),
            (["--since", "yesterday"], "since and until must be times"),
        ] {
            let refused = app.keystiled(&[&["audit", "list"], &bad[..]].concat()).await;
            assert!(refused.code == Some(1) && refused.stderr.contains(why), "{refused:#?}");
        }
    }
}
