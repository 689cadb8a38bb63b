//! Renaming, and what becomes of the former short name.

use chrono::TimeDelta;
use reqwest::Method;

use super::{GENERAL, create, rename_form};
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;
use crate::support::oauth::Ask;

async fn rename(browser: &BrowserCaller, from: &str, to: &str) {
    let renamed = browser.submit(&rename_form(browser, from, "Northwind", to).await).await;
    assert_eq!(renamed.location(), format!("/o/{to}/settings?done=organization-renamed"));
}

async fn slug_of(app: &TestApp, caller: &ApiCaller) -> String {
    let whoami = app.whoami(&caller.credential).await.json();
    whoami["data"]["organization"]["slug"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn a_renamed_organization_keeps_everything_else(app) {
        let owner = app.owner().await;
        let (browser, tool) = (app.browser_of(&owner).await, app.owners_tool().await);
        let id = owner.organization.id.clone();
        rename(&browser, "northwind-labs", "northwind").await;
        let page = browser.get("/o/northwind/members").await;
        assert!(page.status == 200 && page.text().contains("Northwind"), "{}", page.text());
        assert_eq!(slug_of(app, &tool).await, "northwind");
        assert_eq!(app.whoami(&tool.credential).await.json()["data"]["organization"]["id"], id.as_str());
        let events = app.events_of(&id).await;
        let renamed = events.iter().find(|event| event.action == "organization.renamed").unwrap();
        for part in [r#""before":"Northwind Labs""#, r#""after":"Northwind""#, r#""before_short_name":"northwind-labs""#, r#""after_short_name":"northwind""#] {
            assert!(renamed.details.contains(part), "{part}: {}", renamed.details);
        }
        assert_eq!(renamed.actor_id.as_deref(), Some(owner.id.as_str()));
        let log = browser.get("/o/northwind/audit").await.text();
        assert!(log.contains("renamed the organization from Northwind Labs to Northwind , its short name from northwind-labs to northwind"), "{log}");
        // Saving without a change is no event.
        rename(&browser, "northwind", "northwind").await;
        assert_eq!(app.audited("organization.renamed").await, 1);
    }

    async fn p_24_a_former_short_name_leads_on_for_90_days_and_is_free_after_a_year(app, |app| crate::organizations::creation::by_users(app).manual_clock()) {
        let owner = app.owner().await;
        let member = app.member("viewer").await;
        let browser = app.browser_of(&owner).await;
        rename(&browser, "northwind-labs", "northwind").await;
        let answer = browser.get("/o/northwind-labs/members?q=a%20b").await;
        assert_eq!((answer.status, answer.location()), (308, "/o/northwind/members?q=a%20b"));
        assert_eq!(browser.get("/cli-sessions?org=northwind-labs").await.status, 200);
        assert_eq!(app.browser_of(&member).await.get("/o/northwind-labs/members").await.status, 308);
        let jo = app.browser_of(&app.user("Jo").await).await;
        assert_eq!(jo.get("/o/northwind-labs/members").await.status, 404, "nothing is told to others");
        assert_eq!(app.browser().get("/o/northwind-labs/members").await.location(), "/sign-in");

        let taken = async |browser: &BrowserCaller| {
            let answer = create(browser, "Mine now", "northwind-labs").await;
            answer.status == 422 && answer.text().contains("This short name is taken.")
        };
        assert!(taken(&jo).await && taken(&browser).await);
        // A tool that knows the former name gets the same organization.
        let second = app.organization("Second").await;
        app.join(&owner, &second, "owner").await;
        let ask = Ask::of(&app.client(keystiled::domain::client::ClientKind::Native).await);
        for (hint, first) in [("northwind-labs", "Northwind"), ("second", "Second")] {
            let consent = app.ask(&browser, &ask.clone().with("org", hint)).await;
            let chosen = consent.body.split("name=\"organization\"").nth(1).unwrap().to_owned();
            assert!(chosen.contains("checked") && chosen.contains(first), "{hint}: {chosen}");
        }
        app.advance(TimeDelta::days(90) - TimeDelta::minutes(1));
        let browser = app.browser_of(&owner).await;
        assert_eq!(browser.get("/o/northwind-labs/members").await.status, 308);
        app.advance(TimeDelta::minutes(2));
        assert_eq!(browser.get("/o/northwind-labs/members").await.status, 404);
        app.advance(TimeDelta::days(275) - TimeDelta::minutes(3));
        let jo = app.browser_of(&app.user("Jo").await).await;
        assert!(taken(&jo).await, "a year is not over");
        app.advance(TimeDelta::minutes(3));
        assert_eq!(create(&jo, "Mine now", "northwind-labs").await.status, 303);
        assert_eq!(jo.get("/o/northwind-labs/members").await.status, 200);
    }

    async fn a_form_of_before_the_rename_is_led_on_with_its_fields(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let form = crate::members::role_form(&browser, &app.member("member").await, "viewer").await;
        rename(&browser, "northwind-labs", "northwind").await;
        let answer = browser.submit(&form).await;
        assert_eq!(answer.status, 308, "{}", answer.text());
        let mut again = form;
        again.action = answer.location().to_owned();
        assert!(again.action.starts_with("/o/northwind/members/"), "{}", again.action);
        assert_eq!(browser.submit(&again).await.status, 303);
        assert_eq!(app.audited("member.role_changed").await, 1);
    }

    async fn an_organization_takes_its_own_former_name_back(app) {
        let browser = app.browser_of(&app.owner().await).await;
        rename(&browser, "northwind-labs", "northwind").await;
        rename(&browser, "northwind", "northwind-labs").await;
        assert_eq!(browser.get("/o/northwind-labs/members").await.status, 200);
        assert_eq!(browser.get("/o/northwind/members").await.status, 308);
        let names = app.names("SELECT slug AS name FROM organization_names WHERE retired_at IS NULL").await;
        assert_eq!(names, ["northwind-labs"]);
    }

    async fn p_24_renaming_reserves_no_more_than_ten_names(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let mut now = "northwind-labs".to_owned();
        for number in 0..10 {
            let next = format!("northwind-{number}");
            rename(&browser, &now, &next).await;
            now = next;
        }
        let more = browser.submit(&rename_form(&browser, &now, "Northwind", "one-more").await).await;
        assert!(more.status == 422 && more.text().contains("10 times a year"), "{}", more.text());
    }

    async fn only_an_owner_in_a_browser_renames(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let form = rename_form(&owner, "northwind-labs", "Mine", "mine").await;
        for role in ["admin", "member", "viewer"] {
            let browser = app.browser_of(&app.member(role).await).await;
            let page = browser.get(GENERAL).await;
            assert!(page.status == 403 && page.text().contains("Owners only"), "{role}: {}", page.text());
            let token = browser.get("/help").await.form("/theme").field("csrf").unwrap().to_owned();
            assert_eq!(browser.submit(&form.clone().with("csrf", &token)).await.status, 403, "{role}");
            assert!(!browser.get("/o/northwind-labs/members").await.body.contains("settings\""), "{role}");
        }
        assert!(owner.get("/o/northwind-labs/members").await.body.contains("/o/northwind-labs/settings\""));
        let answer = owner.send(owner.request(Method::PUT, GENERAL)).await;
        assert_eq!(answer.status, 405);
        // An owner who was demoted since the page was loaded.
        let second = app.member("owner").await;
        let browser = app.browser_of(&second).await;
        let form = rename_form(&browser, "northwind-labs", "Mine", "mine").await;
        owner.submit(&crate::members::role_form(&owner, &second, "admin").await).await;
        assert_eq!(browser.submit(&form).await.status, 403);
        assert_eq!(app.audited("organization.renamed").await, 0);
    }

    async fn a_name_in_any_script_is_shown_as_it_is(app, |app| crate::organizations::creation::by_users(app)) {
        let browser = app.browser_of(&app.owner().await).await;
        for (name, slug) in [("北京", "a"), ("مختبرات الشمال", "b"), ("Ünïcödé & Söhne", "c")] {
            assert_eq!(create(&browser, name, slug).await.status, 303, "{name}");
            let page = browser.get(&format!("/o/{slug}/settings")).await;
            let shown = page.body.contains(&format!("<bdi>{}</bdi>", name.replace('&', "&#38;")));
            assert!(shown || page.text().contains(name), "{name}: {}", page.body);
        }
    }
}
