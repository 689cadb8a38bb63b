//! `/cli-sessions`: a person's own sessions in each organization, and no others.

use chrono::TimeDelta;
use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::client::ClientKind;
use keystiled::domain::credential::EndReason;
use keystiled::services::accounts;
use keystiled::store::users;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::links;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::{Ask, Session, Tokens};
use crate::support::people::Person;

async fn submit(browser: &BrowserCaller, path: &str, change: &[(&str, &str)]) -> Answer {
    let mut form = browser.get(path).await.form(path);
    for (name, value) in change {
        form = form.with(name, value);
    }
    browser.submit(&form).await
}

/// Adds a person to another organization as a member.
async fn join(app: &TestApp, person: &Person, name: &str) -> String {
    let organization = app.organization(name).await;
    let (id, joined) = (person.id.clone(), organization.clone());
    let added = app.inside().store.write(move |work| {
        let user = users::find(work.conn, &id)?.unwrap();
        accounts::add_member(work, &joined, &user, "member", &Actor::Operator, &Origin::default())
    });
    added.await.unwrap();
    organization.slug
}

/// A session in the organization with this slug.
async fn session_in(app: &TestApp, browser: &BrowserCaller, person: &Person, org: &str) -> Session {
    let client = app.client(ClientKind::Native).await;
    let ask = Ask::of(&client).with("org", org).with("device_name", "build-07");
    let returned = app.authorize(browser, &ask).await;
    let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
    Session { client, person: person.clone(), tokens }
}

both_engines! {
    async fn a_new_session_is_listed_with_what_it_may_do(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let page = browser.get("/").await.text();
        for words in ["Active sessions 1", "Never used 1", "Next to end In 90 days", "Fred", "See deployments"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        app.refresh(&session.client, &session.tokens.refresh).await;
        assert!(browser.get("/").await.text().contains("Access renewed 1 time"));
    }

    async fn a_person_renames_a_session(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let path = format!("/cli-sessions/{}/rename", session.tokens.session());
        let answer = submit(&browser, &path, &[("name", " work laptop ")]).await;
        assert_eq!(answer.location(), "/cli-sessions?done=renamed");
        let list = browser.get(answer.location()).await.text();
        assert!(list.contains("Session renamed.") && list.contains("work laptop"), "{list}");
        let too_long = "x".repeat(64);
        for wrong in ["", "  ", "a\u{7}b", &too_long] {
            let answer = submit(&browser, &path, &[("name", wrong)]).await;
            assert_eq!(answer.status, 422, "{wrong:?}");
            assert!(answer.text().contains("Enter a name of at most 63 characters"), "{}", answer.text());
        }
        assert_eq!(app.stored(&session.tokens.session()).await.name, "work laptop");
    }

    async fn signing_a_session_out_stops_the_tool_at_once(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let path = format!("/cli-sessions/{}/end", session.tokens.session());
        assert_eq!(submit(&browser, &path, &[]).await.location(), "/cli-sessions?done=signed-out");
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 400);
        let list = browser.get("/cli-sessions?state=ended").await.text();
        assert!(list.contains("Signed out here."), "{list}");
        let stored = app.stored(&session.tokens.session()).await;
        assert_eq!(stored.revoked_reason, Some(EndReason::SignedOut));
    }

    async fn signing_out_everywhere_ends_every_session_of_one_person_in_one_organization(app) {
        let owner = app.owner().await;
        let slug = join(app, &owner, "Acme").await;
        let browser = app.browser_of(&owner).await;
        let here = [session_in(app, &browser, &owner, "northwind-labs").await,
            session_in(app, &browser, &owner, "northwind-labs").await];
        let there = session_in(app, &browser, &owner, &slug).await;
        let other = app.session_of(&app.client(ClientKind::Native).await, &app.member("member").await).await;
        let page = browser.get("/cli-sessions/end-all?org=northwind-labs").await;
        assert!(page.text().contains("This ends 2 sessions now."), "{}", page.text());
        let answer = browser.submit(&page.form_to("/cli-sessions/end-all")).await;
        assert_eq!(answer.location(), "/cli-sessions?org=northwind-labs&done=signed-out-everywhere");
        for session in &here {
            assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        }
        for session in [&there, &other] {
            assert_eq!(app.whoami(&session.tokens.access).await.status, 200);
        }
        assert_eq!(browser.get("/").await.status, 200, "the web session continues");
    }

    async fn a_session_of_a_second_organization_is_reached_like_any_other(app) {
        let owner = app.owner().await;
        let slug = join(app, &owner, "Acme").await;
        let browser = app.browser_of(&owner).await;
        let session = session_in(app, &browser, &owner, &slug).await;
        let list = browser.get(&format!("/cli-sessions?org={slug}")).await;
        assert!(list.text().contains("build-07"), "{}", list.text());
        let path = format!("/cli-sessions/{}/rename", session.tokens.session());
        let answer = submit(&browser, &path, &[("name", "theirs")]).await;
        assert_eq!(answer.location(), format!("/cli-sessions?org={slug}&done=renamed"));
        let path = format!("/cli-sessions/{}/end", session.tokens.session());
        let answer = submit(&browser, &path, &[]).await;
        assert_eq!(answer.location(), format!("/cli-sessions?org={slug}&done=signed-out"));
    }

    async fn tn_05_a_session_of_another_person_is_a_404(app) {
        let session = app.session().await;
        let id = session.tokens.session();
        let member = app.member("member").await;
        let stranger = app.member_of(&app.organization("Acme").await, "owner").await;
        for person in [member, stranger] {
            let browser = app.browser_of(&person).await;
            let token = browser.get("/cli-sessions/end-all").await.form_to("/cli-sessions/end-all");
            for act in ["rename", "end"] {
                let path = format!("/cli-sessions/{id}/{act}");
                assert_eq!(browser.get(&path).await.status, 404, "{path}");
                let mut form = token.clone().with("name", "mine");
                form.action = path;
                let answer = browser.submit(&form).await;
                assert!(matches!(answer.status, 403 | 404), "{act}: {}", answer.status);
            }
            assert!(!browser.get("/").await.text().contains("Fred"));
        }
        let stored = app.stored(&id).await;
        assert!(stored.revoked_at.is_none() && stored.name != "mine");
    }

    async fn the_list_is_filtered_and_has_pages(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        for n in 0..12 {
            let ask = Ask::of(&client).with("device_name", &format!("host-{n:02}"));
            let returned = app.authorize(&browser, &ask).await;
            Tokens::of(&app.exchange(&ask, returned.code()).await);
        }
        let cards = |page: &Answer| page.body.matches("class=\"session\"").count();
        let first = browser.get("/cli-sessions").await;
        assert_eq!(cards(&first), 10);
        assert!(first.body.len() < 30 * 1024, "{}", first.body.len());
        let older = links(&first.body).into_iter().find(|link| link.contains("cursor=")).unwrap();
        let second = browser.get(&older).await;
        assert_eq!(cards(&second), 2);
        let newer = links(&second.body).into_iter().find(|link| link.contains("state=active")).unwrap();
        assert_eq!(cards(&browser.get(&newer).await), 10);
        assert_eq!(cards(&browser.get("/cli-sessions?q=HOST-03").await), 1);
        for nothing in ["q=zzz", "state=ended", "state=expired"] {
            let page = browser.get(&format!("/cli-sessions?{nothing}")).await;
            assert!(page.text().contains("Nothing matches."), "{nothing}");
        }
        assert_eq!(cards(&browser.get("/cli-sessions?cursor=-1&state=%22%3E").await), 10);
    }

    async fn a_session_says_when_it_has_ended_by_itself(app, |app| app.manual_clock()) {
        let session = app.session().await;
        app.advance(TimeDelta::days(91));
        let browser = app.browser_of(&session.person).await;
        for marked in [0, 1] {
            assert_eq!(app.count("credentials WHERE expired_at IS NOT NULL").await, marked);
            let page = browser.get("/cli-sessions?state=expired").await;
            assert_eq!(page.body.matches("class=\"session\"").count(), 1);
            assert!(page.text().contains("Expired") && page.text().contains("Active sessions 0"), "{}", page.text());
            app.sweep().await;
        }
    }

    async fn each_theme_is_kept_in_a_cookie(app) {
        app.owner().await;
        let browser = app.browser();
        for (theme, shown) in [("dark", "data-theme=\"dark\""), ("light", "data-theme=\"light\"")] {
            let form = browser.get("/help?a=1").await.form("/theme").with("theme", theme);
            let answer = browser.submit(&form).await;
            assert_eq!(answer.location(), "/help?a=1");
            assert!(browser.get("/help").await.body.contains(shown), "{theme}");
        }
    }
}
