//! A person with more organizations than a page lists.

use keystiled::domain::client::ClientKind;

use crate::store::numbers;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::links;
use crate::support::oauth::{Ask, Returned, Tokens};

/// Organizations that the owner joins besides the first one.
const MANY: usize = 60;
const MORE: &str = "Only some of your organizations are listed.";

/// Makes the owner a member of "Many 101" to "Many 160", in this order.
async fn join_many(app: &TestApp) {
    let (user, at) = (app.owner().await.id, "'2090-01-01T00:00:00.000000Z'");
    let organizations = "INSERT INTO organizations (id, slug, name, personal_tokens, api_keys, created_at)";
    let values =
        format!("'org_many' || (100 + i), 'many-' || (100 + i), 'Many ' || (100 + i), TRUE, TRUE, {at}");
    app.execute(&format!("{} {organizations} SELECT {values} FROM numbers", numbers(MANY))).await.unwrap();
    let memberships = "INSERT INTO memberships (org_id, user_id, role, created_at)";
    let values = format!("'org_many' || (100 + i), '{user}', 'member', {at}");
    app.execute(&format!("{} {memberships} SELECT {values} FROM numbers", numbers(MANY))).await.unwrap();
}

/// The organizations that a page has links to, by their slugs, each once.
fn slugs(html: &str, beginning: &str) -> Vec<String> {
    let mut slugs: Vec<String> = Vec::new();
    for link in links(html) {
        let slug = link.strip_prefix(beginning).map(str::to_owned);
        slugs.extend(slug.filter(|slug| !slug.contains('&') && !slugs.contains(slug)));
    }
    slugs
}

/// The first organization, and of the many so many.
fn first(many: usize) -> Vec<String> {
    let many = (101..101 + many).map(|n| format!("many-{n}"));
    ["northwind-labs".to_owned()].into_iter().chain(many).collect()
}

both_engines! {
    async fn the_navigation_names_the_first_and_a_page_lists_them_all(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let one = browser.get("/cli-sessions").await;
        assert!(!one.text().contains("All organizations"), "{}", one.text());
        join_many(app).await;
        let page = browser.get("/cli-sessions").await;
        assert_eq!(slugs(&page.body, "/cli-sessions?org="), first(7));
        assert!(links(&page.body).contains(&"/organizations?org=northwind-labs".to_owned()), "{}", page.body);
        for path in ["/cli-sessions?org=many-160", "/tokens?org=many-160"] {
            let beyond = browser.get(path).await;
            assert_eq!(beyond.status, 200);
            let mut named = first(6);
            named.insert(0, "many-160".to_owned());
            let beginning = path.strip_suffix("many-160").unwrap();
            assert_eq!(slugs(&beyond.body, beginning), named, "and the one that it is about");
        }
        assert_eq!(browser.get("/o/many-160/keys").await.status, 200);
        assert_eq!(browser.get("/cli-sessions?org=many-161").await.status, 404);
        let (mut path, mut all, mut pages) = (Some("/organizations".to_owned()), Vec::new(), 0);
        while let Some(next) = path {
            let page = browser.get(&next).await;
            let main = page.body.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
            all.extend(slugs(main, "/cli-sessions?org="));
            path = links(main).into_iter().find(|link| link.contains("cursor="));
            pages += 1;
        }
        assert_eq!((pages, all), (3, first(MANY)));
        for (text, found) in [("many%2016", 1), ("MANY-15", 10), ("northwind", 1), ("no%25such", 0), ("Many", 25)] {
            let page = browser.get(&format!("/organizations?q={text}")).await;
            let main = page.body.split("<main").nth(1).unwrap();
            assert_eq!(slugs(main, "/cli-sessions?org=").len(), found, "{text}: {}", page.text());
        }
        let page = browser.get("/organizations?q=Many").await;
        let older = links(&page.body).into_iter().find(|link| link.contains("cursor=")).unwrap();
        let next = browser.get(&older).await;
        assert!(next.text().contains("Many 126") && !next.text().contains("Northwind Labs owner"), "{}", next.text());
    }

    async fn whoami_lists_the_first_and_the_one_of_the_session(app) {
        let session = app.session().await;
        let whoami = app.whoami(&session.tokens.access).await.json()["data"].clone();
        assert_eq!((whoami["organizations"].as_array().unwrap().len(), &whoami["moreOrganizations"]), (1, &false.into()));
        join_many(app).await;
        let listed = async |access: &str| {
            let whoami = app.whoami(access).await.json()["data"].clone();
            assert_eq!(whoami["moreOrganizations"], true);
            let slug = |organization: &serde_json::Value| organization["slug"].as_str().unwrap().to_owned();
            whoami["organizations"].as_array().unwrap().iter().map(slug).collect::<Vec<_>>()
        };
        assert_eq!(listed(&session.tokens.access).await, first(49));
        let browser = app.browser_of(&session.person).await;
        let ask = Ask::of(&session.client).with("org", "many-155");
        let returned = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        assert_eq!(app.whoami(&tokens.access).await.json()["data"]["organization"]["slug"], "many-155");
        let mut expected = first(49);
        expected.push("many-155".to_owned());
        assert_eq!(listed(&tokens.access).await, expected);
    }

    async fn a_question_offers_the_first_and_the_one_that_the_tool_names(app) {
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&app.owner().await).await;
        join_many(app).await;
        let offers = |page: &crate::support::http::Answer| page.body.matches("name=\"organization\"").count();
        let plain = app.ask(&browser, &Ask::of(&client)).await;
        assert_eq!(offers(&plain), 50);
        assert!(plain.text().contains(MORE), "{}", plain.text());
        for named in ["many-160", "org_many160"] {
            let page = app.ask(&browser, &Ask::of(&client).with("org", named)).await;
            assert_eq!(offers(&page), 51);
            let chosen = page.form_to("/authorize/");
            assert_eq!(chosen.field("organization"), Some("org_many160"), "{}", page.body);
            let returned = Returned::from_page(&app.decide(&browser, &page, "authorize").await);
            assert!(!returned.code().is_empty());
        }
        let known = app.ask(&browser, &Ask::of(&client).with("org", "many-110")).await;
        assert_eq!(offers(&known), 50, "none is offered twice");
        app.set_sign_in_methods(&browser, "on", "on").await;
        let codes = app.new_device_codes().await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        assert_eq!((offers(&question), question.text().contains(MORE)), (50, true), "{}", question.text());
    }

    async fn a_page_names_five_who_can_change_the_policy(app) {
        let member = app.member("member").await;
        app.execute("UPDATE organizations SET personal_tokens = FALSE").await.unwrap();
        let client = app.client(ClientKind::Native).await;
        // A name ends before a comma with a space in the text of a page.
        let told = async || {
            let page = app.ask(&app.browser_of(&member).await, &Ask::of(&client)).await;
            page.text().replace(" ,", ",")
        };
        assert!(told().await.contains("Ask Olivia to turn personal tokens on."), "{}", told().await);
        for (at, name) in ["Ada", "Bea", "Cleo", "Dora", "Edda", "Fay"].into_iter().enumerate() {
            let admin = app.member("admin").await;
            let named = format!("UPDATE users SET name = '{name}' WHERE id = '{}'", admin.id);
            app.execute(&named).await.unwrap();
            if at == 3 {
                let words = "Ask Olivia, Ada, Bea, Cleo or Dora to turn personal tokens on.";
                assert!(told().await.contains(words), "{}", told().await);
            }
        }
        app.execute("UPDATE users SET disabled_at = '2026-01-01T00:00:00.000000Z' WHERE name = 'Ada'").await.unwrap();
        let words = "Ask Olivia, Bea, Cleo, Dora or Edda, or another owner or admin, to turn personal tokens on.";
        assert!(told().await.contains(words), "{}", told().await);
        let admin = app.member("admin").await;
        let own = app.ask(&app.browser_of(&admin).await, &Ask::of(&client)).await.text();
        assert!(own.contains("You can turn them on under API access."), "{own}");
    }
}
