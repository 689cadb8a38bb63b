//! Who is invited, and how many at a time.

use chrono::TimeDelta;

use super::{LIST, form_for, invite, join, links, newest, stranger};
use crate::support::both_engines;
use crate::support::html::active_parts;

both_engines! {
    async fn p_08_a_new_link_replaces_the_old_one_which_says_so(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let (_, browser) = stranger(app, "Ben").await;
        let old = invite(&owner, "ben@example.com", "member").await;
        let answer = owner.submit(&owner.get(LIST).await.form(&format!("{}/new-link", newest(&owner).await))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let new = links(&answer).pop().unwrap();
        assert_ne!(old, new);
        let page = browser.get(&old).await;
        assert_eq!(page.status, 410);
        let day = app.clock.now().utc().format("%-d %B %Y").to_string();
        assert!(page.text().contains("This link was replaced by a newer one"), "{}", page.text());
        assert!(page.text().contains(&format!("was made on {day}")) && page.text().contains("Ask Olivia"), "{}", page.text());
        let again = invite(&owner, "ben@example.com", "viewer").await;
        assert_eq!(browser.get(&new).await.status, 410, "inviting again replaces as well");
        assert_eq!(app.invitations().await, ["superseded ben@example.com", "superseded ben@example.com", "waiting ben@example.com"]);
        assert_eq!(join(&browser, &again).await.status, 303);
        assert_eq!(app.members().await, ["olivia@example.com owner", "ben@example.com viewer"]);
    }

    async fn p_09_two_spellings_of_an_address_are_one_invitation(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let both = owner.submit(&form_for(&owner, "A@EXAMPLE.com\r\n a@example.com ", "member").await).await;
        assert_eq!(links(&both).len(), 1, "{}", both.text());
        assert_eq!(app.invitations().await, ["waiting a@example.com"]);
        let again = owner.submit(&form_for(&owner, "a@Example.COM", "member").await).await;
        assert!(again.text().contains("The earlier link for this address no longer works."), "{}", again.text());
        assert_eq!(app.invitations().await, ["superseded a@example.com", "waiting a@example.com"]);
    }

    async fn each_address_is_told_what_became_of_it(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let typed = format!("ben@example.com\n\n{}\nnobody\ncleo@example.com", owner.email);
        let answer = browser.submit(&form_for(&browser, &typed, "member").await).await;
        assert_eq!((answer.status, links(&answer).len()), (200, 2), "{}", answer.text());
        for words in ["olivia@example.com Already a member", "nobody Not an email address"] {
            assert!(answer.text().contains(words), "{words}: {}", answer.text());
        }
        assert_eq!(app.count("invitations").await, 2);
    }

    async fn p_13_an_organization_has_at_most_fifty_open_invitations(app) {
        let organization = app.owner().await.organization;
        let addresses = |from: usize, to: usize| {
            (from..to).map(|n| format!("person{n}@example.com")).collect::<Vec<_>>().join("\n")
        };
        for (from, to) in [(0, 20), (20, 40), (40, 50)] {
            let browser = app.browser_of(&app.member("admin").await).await;
            let answer = browser.submit(&form_for(&browser, &addresses(from, to), "member").await).await;
            assert_eq!(links(&answer).len(), to - from, "{}", answer.text());
        }
        let browser = app.browser_of(&app.owner().await).await;
        let refused = browser.submit(&form_for(&browser, &addresses(49, 51), "member").await).await;
        assert_eq!(refused.status, 429);
        assert!(refused.text().contains("An organization can have 50 open invitations"), "{}", refused.text());
        assert_eq!((links(&refused).len(), app.count("invitations").await), (0, 50));
        assert!(refused.body.contains("person49@example.com\nperson50@example.com</textarea>"), "what was typed stays");
        let replaced = browser.submit(&form_for(&browser, &addresses(49, 50), "member").await).await;
        assert_eq!(replaced.status, 200, "one that replaces another is not one more");
        let expire = format!("UPDATE invitations SET ends_at = created_at WHERE org_id = '{}'", organization.id);
        app.execute(&expire).await.unwrap();
        let after = browser.submit(&form_for(&browser, &addresses(50, 60), "member").await).await;
        assert_eq!(after.status, 200, "expired ones do not count: {}", after.text());
    }

    async fn p_13_one_inviter_makes_twenty_an_hour(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let many = |n: usize| (0..n).map(|n| format!("person{n}@example.com")).collect::<Vec<_>>().join("\n");
        let too_many = browser.submit(&form_for(&browser, &many(21), "member").await).await;
        assert_eq!(too_many.status, 422, "{}", too_many.text());
        assert_eq!(browser.submit(&form_for(&browser, &many(20), "member").await).await.status, 200);
        let refused = browser.submit(&form_for(&browser, "late@example.com", "member").await).await;
        assert_eq!(refused.status, 429, "{}", refused.text());
        let link = browser.submit(&browser.get(LIST).await.form(&format!("{}/new-link", newest(&browser).await))).await;
        assert_eq!((link.status, links(&link).len()), (403, 0), "{}", link.text());
        assert_eq!(app.count("invitations").await, 20);
        app.advance(TimeDelta::minutes(61));
        let browser = app.browser_of(&owner).await;
        assert_eq!(browser.submit(&form_for(&browser, "late@example.com", "member").await).await.status, 200);
    }

    async fn p_14_what_is_no_address_is_not_invited(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let long = format!("{}@example.com", "a".repeat(300));
        for bad in ["a@example.com\rBcc: b@example.com", &long, "a@b@example.com", "\"a b\"@example.com",
            "ad\u{430}@example.com", "ada@ex\u{430}mple.com", "Ada <ada@example.com>", "a@example.com, b@example.com", "ada"] {
            let answer = browser.submit(&form_for(&browser, bad, "member").await).await;
            assert_eq!(answer.status, 422, "{bad:?}: {}", answer.text());
            assert!(answer.text().contains("This is not an email address"), "{}", answer.text());
        }
        let nul = browser.submit(&form_for(&browser, "a\0@example.com", "member").await).await;
        assert_eq!(nul.status, 400, "no form holds it");
        let split = browser.submit(&form_for(&browser, "a@example.com\r\nBcc: b@example.com", "member").await).await;
        assert_eq!((split.status, links(&split).len()), (200, 1), "each line is an address of its own");
        assert_eq!(app.invitations().await, ["waiting a@example.com"]);
        for bad in ["x".repeat(201), "a\nb".to_owned()] {
            let form = form_for(&browser, "b@example.com", "member").await.with("note", &bad);
            assert_eq!(browser.submit(&form).await.status, 422);
        }
        let note = form_for(&browser, "b@example.com", "member").await.with("note", &"ä".repeat(200));
        assert_eq!(browser.submit(&note).await.status, 200);
    }

    async fn p_15_names_and_notes_are_text_and_never_links(app) {
        let hostile = "\"><script>alert(1)</script> https://evil.example/";
        let organization = app.organization(hostile).await;
        let person = app.member_of(&organization, "owner").await;
        app.execute(&format!("UPDATE users SET name = '{hostile}' WHERE id = '{}'", person.id)).await.unwrap();
        let browser = app.browser_of(&person).await;
        let path = format!("/o/{}/members/invite", organization.slug);
        let form = browser.get(&path).await.form(&path).with("role", "member").with("note", hostile);
        let made = browser.submit(&form.with("addresses", &format!("ben@example.com\n{hostile}"))).await;
        let link = links(&made).pop().unwrap();
        let (_, ben) = stranger(app, "Ben").await;
        let (_, cleo) = stranger(app, "Cleo").await;
        let mut pages = vec![made, browser.get(&format!("/o/{}/invitations", organization.slug)).await];
        for browser in [&app.browser(), &ben, &cleo] {
            pages.push(browser.get(&link).await);
        }
        pages.push(ben.get("/invitations").await);
        app.execute("UPDATE invitations SET state = 'cancelled'").await.unwrap();
        pages.push(ben.get(&link).await);
        for page in pages {
            assert_eq!(active_parts(&page.body), Vec::<String>::new(), "{}", page.body);
            assert!(page.text().contains("https://evil.example/"), "{}", page.text());
        }
    }
}
