//! Organizations that users make.

use keystiled::store::memberships;

use super::{NEW, create, new_form};
use crate::support::app::Builder;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;

pub(super) fn by_users(builder: Builder) -> Builder {
    builder.with("KEYSTILE_ORGANIZATIONS__CREATION", "users")
}

both_engines! {
    async fn a_user_makes_an_organization_and_owns_it(app, |app| crate::organizations::creation::by_users(app)) {
        let jo = app.user("Jo").await;
        let browser = app.browser_of(&jo).await;
        let nowhere = browser.get("/").await;
        assert!(nowhere.status == 403 && nowhere.text().contains("Create an organization"), "{}", nowhere.text());
        let answer = create(&browser, "Acme Works", "acme").await;
        assert_eq!(answer.location(), "/o/acme/members?done=organization-created");
        let page = browser.follow(answer).await;
        assert!(page.text().contains("You are its owner.") && page.text().contains("Acme Works"), "{}", page.text());
        let id = app.names("SELECT id AS name FROM organizations WHERE slug = 'acme'").await.remove(0);
        let (org, user) = (id.clone(), jo.id.clone());
        let role = app.inside().store.read(move |conn| memberships::role(conn, &org, &user)).await.unwrap();
        assert_eq!(role.as_deref(), Some("owner"));
        let events = app.events_of(&id).await;
        let told: Vec<_> = events.iter().map(|event| (event.action.as_str(), event.actor_id.as_deref())).collect();
        assert_eq!(told, [("organization.created", Some(jo.id.as_str())), ("member.added", Some(jo.id.as_str()))]);
        assert!(browser.get("/organizations").await.body.contains("/organizations/new"));
    }

    async fn who_may_not_make_one_is_told_and_offered_nothing(app) {
        let browser = app.browser_of(&app.owner().await).await;
        assert!(!browser.get("/organizations").await.body.contains("/organizations/new"));
        let refused = browser.get(NEW).await;
        assert!(refused.status == 403 && refused.text().contains("Ask the operator for one."), "{}", refused.text());
        assert_eq!(app.browser().get(NEW).await.location(), "/sign-in?request=organization");
        let nobody = app.browser_of(&app.user("Jo").await).await.get("/").await;
        assert!(!nobody.text().contains("Create an organization"), "{}", nobody.text());
    }

    async fn a_short_name_is_proposed_checked_and_kept(app, |app| crate::organizations::creation::by_users(app)) {
        let browser = app.browser_of(&app.owner().await).await;
        let form = browser.get(NEW).await.form(NEW).with("name", "北京");
        let proposed = browser.submit(&form).await;
        assert_eq!(proposed.status, 200);
        assert!(proposed.text().contains("bei-jing is free, and made of the name."), "{}", proposed.text());
        let form = proposed.form(NEW);
        assert_eq!((form.field("name"), form.field("slug")), (Some("北京"), Some("bei-jing")));
        let checked = browser.submit(&form.clone().with("act", "check")).await;
        assert!(checked.text().contains("bei-jing is free."), "{}", checked.text());
        assert_eq!(app.count("organizations").await, 1, "a check makes nothing");
        assert_eq!(browser.submit(&form.with("act", "create")).await.status, 303);
        let again = browser.submit(&browser.get(NEW).await.form(NEW).with("name", "北京")).await;
        assert!(again.text().contains("bei-jing-2 is free"), "{}", again.text());
    }

    async fn a_short_name_that_is_taken_reserved_or_malformed_is_refused(app, |app| crate::organizations::creation::by_users(app)) {
        let browser = app.browser_of(&app.owner().await).await;
        for (slug, words) in [
            ("northwind-labs", "This short name is taken. Choose another one"),
            ("api", "This short name is reserved. Choose another one"),
            ("a--b", "Use 1 to 48 lowercase letters and digits"),
            ("acme/labs", "Use 1 to 48 lowercase letters and digits"),
            ("аcme", "Use 1 to 48 lowercase letters and digits"),
        ] {
            for act in ["check", "create"] {
                let answer = browser.submit(&new_form(&browser, "Acme", slug).await.with("act", act)).await;
                assert!(answer.status == 422 && answer.text().contains(words), "{slug} {act}: {}", answer.text());
                assert_eq!(answer.form(NEW).field("name"), Some("Acme"), "what was typed stays");
            }
        }
        for name in ["", "two\nlines", &"x".repeat(101)] {
            let answer = create(&browser, name, "acme").await;
            assert!(answer.status == 422 && answer.text().contains("Enter a name"), "{name}: {}", answer.text());
        }
        assert_eq!(app.count("organizations").await, 1);
    }

    async fn p_15_a_hostile_name_is_text(app, |app| crate::organizations::creation::by_users(app)) {
        let browser = app.browser_of(&app.owner().await).await;
        for (slug, name) in [("one", "\"><script>alert(1)</script>"), ("two", "https://evil.example/login")] {
            assert_eq!(create(&browser, name, slug).await.status, 303);
            for path in [format!("/o/{slug}/members"), format!("/o/{slug}/settings"), format!("/o/{slug}/settings/delete")] {
                let page = browser.get(&path).await;
                assert!(page.text().contains(name), "{path}: {}", page.text());
                assert!(!page.body.contains("<script>alert") && !page.body.contains("href=\"https://evil"), "{path}");
            }
        }
    }

    async fn one_user_makes_only_so_many(app, |app| crate::organizations::creation::by_users(app).manual_clock()) {
        let owner = app.owner().await;
        let mut made = 0;
        for hour in 0..4 {
            let browser = app.browser_of(&owner).await;
            for _ in 0..5 {
                made += 1;
                assert_eq!(create(&browser, "Acme", &format!("acme-{made}")).await.status, 303, "{hour}");
            }
            let more = create(&browser, "Acme", "one-more").await;
            let words = "You have made 5 organizations within an hour";
            assert!(more.status == 429 && more.text().contains(words), "{}", more.text());
            app.advance(chrono::TimeDelta::minutes(61));
        }
        let browser = app.browser_of(&owner).await;
        let more = create(&browser, "Acme", "one-more").await;
        assert!(more.status == 429 && more.text().contains("You have made 20 organizations."), "{}", more.text());
    }
}

/// On two nodes, of many who want one short name at once, one gets it.
#[tokio::test(flavor = "multi_thread")]
async fn p_24_of_many_at_once_one_gets_a_short_name() {
    let one = by_users(Builder::on(Database::postgres())).start().await;
    let other = one.another_node().start().await;
    let mut browsers = Vec::new();
    for number in 0..8 {
        let browser = one.browser_of(&one.user(&format!("Jo{number}")).await).await;
        let form = new_form(&browser, "Acme", "acme").await;
        let node = if number % 2 == 0 { &one } else { &other };
        browsers.push((browser.at_node(&node.base()), form));
    }
    let answers = tokio::task::block_in_place(|| {
        at_once(8, |number| {
            let (browser, form) = &browsers[number];
            browser.submit(form)
        })
    });
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422, 422, 422, 422, 422, 422, 422]);
    assert_eq!(one.count("organizations WHERE slug = 'acme'").await, 1);
    assert_eq!(one.count("organization_names WHERE slug = 'acme'").await, 1);
    other.stop().await;
    one.stop().await;
}

/// A node whose configuration does not let users make organizations takes no form of one that did.
#[tokio::test]
async fn a_form_of_before_creation_was_closed_makes_nothing() {
    let one = by_users(Builder::on(Database::postgres())).start().await;
    let closed = one.another_node().with("KEYSTILE_ORGANIZATIONS__CREATION", "operators").start().await;
    let browser = one.browser_of(&one.owner().await).await;
    let form = new_form(&browser, "Acme", "acme").await;
    assert_eq!(browser.at_node(&closed.base()).submit(&form).await.status, 403);
    assert_eq!(one.count("organizations").await, 1);
    closed.stop().await;
    one.stop().await;
}
