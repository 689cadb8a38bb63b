//! Join links: who makes, uses and ends them.

use chrono::TimeDelta;

use super::{GENERAL, link_form, make_link, shown_link, turn_links};
use crate::members::role_form;
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::http::{Answer, BrowserCaller};

const LIST: &str = "/o/northwind-labs/invitations";

fn with_links(builder: Builder) -> Builder {
    builder.with("KEYSTILE_ORGANIZATIONS__JOIN_LINKS", "accounts")
}

async fn join(browser: &BrowserCaller, link: &str) -> Answer {
    browser.submit(&browser.get(link).await.form(link)).await
}

async fn stranger(app: &TestApp, name: &str) -> BrowserCaller {
    app.browser_of(&app.user(name).await).await
}

async fn members(app: &TestApp) -> i64 {
    app.count("memberships").await
}

both_engines! {
    async fn a_join_link_lets_people_with_an_account_in_until_it_is_used_up(app, |app| crate::organizations::join_links::with_links(app)) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = make_link(&owner, &[("role", "viewer"), ("uses", "2"), ("days", "3")]).await;
        let listed = owner.get(LIST).await;
        assert!(listed.text().contains("Open link") && listed.text().contains("Used 0 of 2 times."), "{}", listed.text());
        assert!(!listed.body.contains(&link), "a link is shown once");
        let before = app.count("audit_events").await;
        let signed_out = app.browser().get(&link).await;
        assert!(signed_out.status == 200 && signed_out.text().contains("The link makes no account."), "{}", signed_out.text());
        assert!(!signed_out.body.contains(&format!("action=\"{link}\"")));
        let jo = stranger(app, "Jo").await;
        let page = jo.get(&link).await;
        assert!(page.text().contains("You join as jo@example.com"), "{}", page.text());
        assert_eq!(app.count("audit_events WHERE action = 'join_link.used'").await, 0, "opening changes nothing");
        assert!(before > 0);
        assert_eq!(join(&jo, &link).await.location(), "/organizations?org=northwind-labs&done=joined");
        assert_eq!(jo.get(&link).await.status, 409, "already a member");
        assert_eq!(join(&stranger(app, "Kim").await, &link).await.status, 303);
        let late = stranger(app, "Lee").await;
        let ended = late.get(&link).await;
        assert!(ended.status == 410 && ended.text().contains("enough people have joined"), "{}", ended.text());
        let roles = app.names("SELECT role || coalesce(' by ' || invited_by, '') AS name FROM memberships WHERE role = 'viewer'").await;
        assert_eq!(roles, vec![format!("viewer by {}", app.owner().await.id); 2]);
        assert_eq!(app.audited("join_link.used").await, 2);
        assert_eq!(app.audited("join_link.created").await, 1);
        assert_eq!(app.audited("organization.join_links_on").await, 1);
    }

    async fn a_join_link_gives_no_more_than_it_may(app, |app| crate::organizations::join_links::with_links(app)) {
        let owner = app.browser_of(&app.owner().await).await;
        turn_links(&owner, "on").await;
        for (field, value, words) in [
            ("role", "owner", "A join link gives the role member or viewer"),
            ("role", "admin", "A join link gives the role member or viewer"),
            ("role", "emperor", "A join link gives the role member or viewer"),
            ("days", "31", "1 to 30 days"), ("days", "0", "1 to 30 days"), ("days", "x", "1 to 30 days"),
            ("uses", "101", "1 to 100 people"), ("uses", "-1", "1 to 100 people"),
            ("domains", "not a domain!", "domains like example.com"),
        ] {
            let answer = owner.submit(&link_form(&owner).await.with(field, value)).await;
            assert!(answer.status == 422 && answer.text().contains(words), "{field} {value}: {}", answer.text());
        }
        assert_eq!(app.count("join_links").await, 0);
        for role in ["admin", "member", "viewer"] {
            let other = app.browser_of(&app.member(role).await).await;
            assert_eq!(other.get(&format!("{GENERAL}/join-links/new")).await.status, 403, "{role}");
        }
        for _ in 0..10 {
            make_link(&owner, &[]).await;
        }
        let more = owner.submit(&link_form(&owner).await).await;
        assert!(more.status == 403 && more.text().contains("End one first."), "{}", more.text());
    }

    async fn only_addresses_of_its_domains_join(app, |app| crate::organizations::join_links::with_links(app)) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = make_link(&owner, &[("domains", "acme.example evil-example.com")]).await;
        let jo = stranger(app, "Jo").await;
        let page = jo.get(&link).await;
        assert!(page.status == 403 && page.text().contains("acme.example evil-example.com"), "{}", page.text());
        let mut form = jo.get("/help").await.form("/theme");
        form.action.clone_from(&link);
        assert_eq!(jo.submit(&form).await.status, 403);
        let open = make_link(&owner, &[("domains", "EXAMPLE.com")]).await;
        let mut form = jo.get(&open).await.form(&open);
        form.action.clone_from(&link);
        assert_eq!(jo.submit(&form).await.status, 403, "with the token of the other link's page");
        let before = members(app).await;
        assert_eq!(join(&jo, &open).await.status, 303);
        assert_eq!(members(app).await, before + 1);
    }

    async fn a_join_link_is_ended_by_whoever_manages_and_with_its_maker(app, |app| crate::organizations::join_links::with_links(app)) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = make_link(&owner, &[]).await;
        let jo = stranger(app, "Jo").await;
        let form = jo.get(&link).await.form(&link);
        let viewer = app.browser_of(&app.member("viewer").await).await;
        let admin = app.browser_of(&app.member("admin").await).await;
        let end = admin.get(LIST).await.form_to(&format!("{LIST}/join-links/"));
        assert_eq!(viewer.get(LIST).await.status, 403);
        let acme = app.organization("Acme").await;
        let other = app.browser_of(&app.member_of(&acme, "owner").await).await;
        let mut foreign = end.clone().with("csrf", viewer.get("/help").await.form("/theme").field("csrf").unwrap());
        foreign.action = end.action.replace("northwind-labs", "acme");
        assert!(matches!(other.submit(&foreign).await.status, 403 | 404));
        assert_eq!(admin.submit(&end).await.location(), format!("{LIST}?done=join-link-ended"));
        assert_eq!(admin.submit(&end).await.status, 409);
        assert_eq!(jo.submit(&form).await.status, 410);

        let second = app.member("owner").await;
        let theirs = app.browser_of(&second).await;
        let link = { let made = theirs.submit(&link_form(&theirs).await).await; shown_link(&made) };
        assert_eq!(jo.get(&link).await.status, 200);
        owner.submit(&role_form(&owner, &second, "admin").await).await;
        assert_eq!(jo.get(&link).await.status, 200, "an admin could still invite a viewer");
        owner.submit(&role_form(&owner, &second, "member").await).await;
        assert_eq!(jo.get(&link).await.status, 410);
        owner.submit(&role_form(&owner, &second, "owner").await).await;
        assert_eq!(jo.get(&link).await.status, 410, "it stays ended");

        let link = make_link(&owner, &[]).await;
        turn_links(&owner, "off").await;
        turn_links(&owner, "on").await;
        assert_eq!(jo.get(&link).await.status, 410);
        assert_eq!(app.audited("join_link.ended").await, 3);
        assert_eq!(app.audited("organization.join_links_off").await, 1);
    }

    async fn a_join_link_works_to_its_last_second(app, |app| crate::organizations::join_links::with_links(app).manual_clock()) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = make_link(&owner, &[("days", "1")]).await;
        app.advance(TimeDelta::days(1) - TimeDelta::seconds(1));
        let (jo, kim) = (stranger(app, "Jo").await, stranger(app, "Kim").await);
        let forms = [jo.get(&link).await.form(&link), kim.get(&link).await.form(&link)];
        assert_eq!(jo.submit(&forms[0]).await.status, 303);
        app.advance(TimeDelta::seconds(1));
        assert_eq!(kim.submit(&forms[1]).await.status, 410);
    }

    async fn a_guessed_join_link_is_unknown_and_throttled(app, |app| crate::organizations::join_links::with_links(app).with("KEYSTILE_LIMITS__SIGN_INS_PER_MINUTE", "30")) {
        app.owner().await;
        let browser = app.browser();
        assert_eq!(browser.get(&format!("/join/{}", "a".repeat(64))).await.status, 404);
        let mut last = 404;
        for number in 0..200 {
            last = browser.get(&format!("/join/{number:064}")).await.status;
            if last == 429 {
                break;
            }
        }
        assert_eq!(last, 429);
    }
}

/// On two nodes, no more join at once than the link allows.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_no_more_join_than_the_link_allows() {
    let one = with_links(Builder::on(Database::postgres())).start().await;
    let other = one.another_node().start().await;
    let owner = one.browser_of(&one.owner().await).await;
    let link = make_link(&owner, &[("uses", "3")]).await;
    let mut joining = Vec::new();
    for number in 0..12 {
        let browser = stranger(&one, &format!("Jo{number}")).await;
        let form = browser.get(&link).await.form(&link);
        let node = if number % 2 == 0 { &one } else { &other };
        joining.push((browser.at_node(&node.base()), form));
    }
    let answers = tokio::task::block_in_place(|| {
        at_once(12, |number| {
            let (browser, form) = &joining[number];
            browser.submit(form)
        })
    });
    let joined = answers.iter().filter(|answer| answer.status == 303).count();
    let late = answers.iter().filter(|answer| answer.status == 410).count();
    assert_eq!((joined, late), (3, 9));
    assert_eq!(members(&one).await, 4);
    assert_eq!(one.audited("join_link.used").await, 3);
    other.stop().await;
    one.stop().await;
}

#[tokio::test]
async fn join_links_are_off_until_operator_and_owner_allow_them() {
    let one = Builder::on(Database::postgres()).start().await;
    let owner = one.browser_of(&one.owner().await).await;
    assert!(!owner.get(GENERAL).await.text().contains("Join links"));
    let open = one.another_node().with("KEYSTILE_ORGANIZATIONS__JOIN_LINKS", "accounts").start().await;
    let there = owner.at_node(&open.base());
    assert!(there.get(GENERAL).await.text().contains("Join links Off"));
    assert_eq!(there.get(&format!("{GENERAL}/join-links/new")).await.location(), GENERAL);
    let form = there.get(GENERAL).await.form(&format!("{GENERAL}/join-links")).with("to", "on");
    assert_eq!(owner.submit(&form).await.status, 403, "the operator does not allow them");
    let link = make_link(&there, &[]).await;
    let jo = stranger(&one, "Jo").await;
    assert_eq!(jo.get(&link).await.status, 410, "a link counts only while the operator allows it");
    assert_eq!(jo.at_node(&open.base()).get(&link).await.status, 200);
    open.stop().await;

    one.stop().await;
}
