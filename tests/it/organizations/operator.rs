//! The commands of the operator about organizations.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::operator::Ran;

#[track_caller]
fn refused(ran: &Ran, with: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:#?}");
    assert!(ran.stderr.contains(with), "{with}: {ran:#?}");
}

async fn slugs(app: &TestApp) -> Vec<Value> {
    let listed = app.operate(&["org", "list"]).await;
    listed["organizations"].as_array().unwrap().iter().map(|found| found["slug"].clone()).collect()
}

both_engines! {
    async fn an_organization_is_added_with_a_short_name_of_any_script_or_a_chosen_one(app) {
        let owner = app.owner().await.email;
        let add = async |name: &str, rest: &[&str]| {
            app.keystiled(&[&["org", "add", "--json", "--name", name, "--owner", &owner][..], rest].concat()).await
        };
        let slug = |ran: Ran| serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{ran:#?}"))["slug"].clone();
        assert_eq!(slug(add("北京", &[]).await), "bei-jing");
        assert_eq!(slug(add("北京", &[]).await), "bei-jing-2");
        assert_eq!(slug(add("北京", &["--slug", "peking"]).await), "peking");
        refused(&add("北京", &["--slug", "peking"]).await, "This short name is taken.");
        refused(&add("北京", &["--slug", "Peking!"]).await, "Use 1 to 48 lowercase letters");
        refused(&add("北京", &["--slug", "admin"]).await, "reserved");
        app.operate(&["org", "rename", "peking", "--slug", "beijing"]).await;
        refused(&add("北京", &["--slug", "peking"]).await, "This short name is taken.");
    }

    async fn creation_is_off_for_the_operator_as_well(app, |app| app.with("KEYSTILE_ORGANIZATIONS__CREATION", "off")) {
        let owner = app.owner().await;
        let line = format!("KEYSTILE_ORGANIZATIONS__CREATION=off keystiled org add --name Acme --owner {}", owner.email);
        refused(&app.shell(&line).await, "organizations.creation is \"off\"");
        assert_eq!(app.browser_of(&owner).await.get(super::NEW).await.status, 403);
    }

    async fn the_operator_renames_and_the_former_short_name_leads_on(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let renamed = app.keystiled(&["org", "rename", "northwind-labs", "--name", "Northwind", "--slug", "northwind"]).await;
        assert!(renamed.stdout.contains("Links with northwind-labs lead on for 90 days"), "{renamed:#?}");
        assert_eq!(browser.get("/o/northwind-labs/members").await.location(), "/o/northwind/members");
        assert_eq!(slugs(app).await, ["northwind"]);
        let named = app.operate(&["org", "rename", "northwind", "--name", "North"]).await;
        assert_eq!((&named["name"], &named["slug"]), (&json!("North"), &json!("northwind")));
        refused(&app.keystiled(&["org", "rename", "northwind-labs", "--name", "X"]).await, "There is no organization northwind-labs.");
        refused(&app.keystiled(&["org", "rename", "northwind", "--slug", "static"]).await, "reserved");
        assert_eq!(app.keystiled(&["org", "rename", "northwind"]).await.code, Some(2));
        let elsewhere = app.organization("Elsewhere").await;
        refused(&app.keystiled(&["org", "rename", "northwind", "--slug", &elsewhere.slug]).await, "is taken");
        assert_eq!(app.audited("organization.renamed").await, 2);
    }

    async fn the_operator_deletes_after_a_question_and_exports_what_is_kept(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let id = owner.organization.id.clone();
        let asked = app.keystiled(&["org", "delete", "northwind-labs"]).await;
        refused(&asked, "To delete it without being asked, add --yes.");
        assert!(asked.stderr.contains("ends the access of its members: 1."), "{asked:#?}");
        assert_eq!(browser.get("/o/northwind-labs/members").await.status, 200);
        let deleted = app.operate(&["org", "delete", "northwind-labs", "--yes"]).await;
        assert_eq!((&deleted["changed"], &deleted["members"]), (&json!(true), &json!(1)));
        assert!(deleted["undo_until"].is_string());
        assert_eq!(browser.get("/o/northwind-labs/members").await.status, 404);
        assert_eq!(app.operate(&["org", "delete", "northwind-labs", "--yes"]).await["changed"], false);
        let listed = app.keystiled(&["org", "list"]).await.stdout;
        assert!(listed.contains("northwind-labs  Northwind Labs  members: 1  deleted"), "{listed}");
        refused(&app.keystiled(&["org", "delete", "nowhere", "--yes"]).await, "There is no organization nowhere.");
        for named in ["northwind-labs", id.as_str()] {
            let exported = app.keystiled(&["audit", "export", named]).await.stdout;
            let actions: Vec<String> = exported
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()["action"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(actions[0], "audit.exported");
            assert!(actions.contains(&"organization.deleted".to_owned()), "{actions:?}");
        }
        let table = app.keystiled(&["audit", "export", "northwind-labs", "--format", "csv"]).await.stdout;
        assert!(table.starts_with("\"id\",\"sequence\",") && table.lines().count() > 3, "{table}");
        refused(&app.keystiled(&["audit", "export", "nowhere"]).await, "There is no organization nowhere.");
        assert_eq!(app.operate(&["org", "restore", "northwind-labs"]).await["changed"], true);
        assert_eq!(browser.get("/o/northwind-labs/members").await.status, 200);
        assert_eq!(app.operate(&["org", "restore", "northwind-labs"]).await["changed"], false);
    }
}
