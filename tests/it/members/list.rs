//! `/o/{org}/members`: what each role sees, search, filter and pages.

use std::time::{Duration, Instant};

use super::MEMBERS;
use crate::store::numbers;
use crate::support::both_engines;
use crate::support::html::links;

/// Members besides the owner.
const MANY: usize = 10_000;

both_engines! {
    async fn every_member_sees_names_and_roles_and_managers_see_the_rest(app) {
        let (owner, viewer) = (app.owner().await, app.member("viewer").await);
        app.session().await;
        let as_owner = app.browser_of(&owner).await.get(MEMBERS).await;
        for words in ["2 members of Northwind Labs", "Olivia (you) olivia@example.com Role owner", "1 session", &viewer.email] {
            assert!(as_owner.text().contains(words), "{words}: {}", as_owner.text());
        }
        let browser = app.browser_of(&viewer).await;
        let page = browser.get(MEMBERS).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Olivia Role owner"), "{}", page.text());
        for hidden in [owner.email.as_str(), "1 session", "/role", "/remove", "Change role", "Joined"] {
            assert!(!page.body.split("<main").nth(1).unwrap().contains(hidden), "{hidden}: {}", page.text());
        }
        // A search does not tell what the list hides.
        let found = browser.get(&format!("{MEMBERS}?q=olivia%40")).await;
        assert!(found.text().contains("No member matches."), "{}", found.text());
        assert!(browser.get(&format!("{MEMBERS}?q=OLIV")).await.text().contains("1 member found"));
    }

    async fn ten_thousand_members_are_searched_filtered_and_paged(app) {
        let owner = app.owner().await;
        let (org, at) = (&owner.organization.id, "'2090-01-01T00:00:00.000000Z'");
        let users = format!("INSERT INTO users (id, email, name, created_at) SELECT 'usr_' || (10000 + i), 'm' || i || '@example.com', 'Person ' || i, {at} FROM numbers");
        app.execute(&format!("{} {users}", numbers(MANY))).await.unwrap();
        let role = "CASE WHEN i % 100 = 0 THEN 'admin' ELSE 'member' END";
        let joined = format!("INSERT INTO memberships (org_id, user_id, role, created_at) SELECT '{org}', 'usr_' || (10000 + i), {role}, {at} FROM numbers");
        app.execute(&format!("{} {joined}", numbers(MANY))).await.unwrap();
        let browser = app.browser_of(&owner).await;
        let started = Instant::now();
        let first = browser.get(MEMBERS).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert!(first.text().contains("10,001 members"), "{}", first.text());
        assert!(first.text().contains("Olivia (you)") && first.text().contains("Person 49 ") && !first.text().contains("Person 50 "));
        let next = |page: &str| links(page).into_iter().find(|link| link.contains("cursor="));
        let second = browser.get(&next(&first.body).unwrap()).await;
        assert!(second.text().contains("Person 50 ") && second.text().contains("Person 99 ") && second.text().contains("Back to the first"));
        for query in ["Person%2010000", "M10000@Example"] {
            let found = browser.get(&format!("{MEMBERS}?q={query}")).await;
            assert!(found.text().contains("1 member found") && found.text().contains("Person 10000"), "{query}: {}", found.text());
        }
        for wild in ["%25", "_", "Person!"] {
            let found = browser.get(&format!("{MEMBERS}?q={wild}")).await;
            assert!(found.text().contains("No member matches."), "{wild}: {}", found.text());
        }
        let mut page = browser.get(&format!("{MEMBERS}?role=admin")).await;
        assert!(page.text().contains("100 members found"), "{}", page.text());
        let mut rows = page.body.matches("scope=\"row\"").count();
        while let Some(more) = next(&page.body) {
            page = browser.get(&more).await;
            rows += page.body.matches("scope=\"row\"").count();
        }
        assert_eq!(rows, 100);
        let owners = browser.get(&format!("{MEMBERS}?role=owner")).await;
        assert!(owners.text().contains("1 member found"), "{}", owners.text());
    }
}
