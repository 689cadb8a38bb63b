//! Links: opened by anybody, accepted once, by the person with the address.

use chrono::TimeDelta;
use reqwest::Method;

use super::{LIST, PASSWORD, create_account, invite, join, newest, stranger};
use crate::support::at_once::at_once;
use crate::support::both_engines;

both_engines! {
    async fn p_02_guessed_links_are_unknown_and_throttled(app, |app| app.with("KEYSTILE_LIMITS__SIGN_INS_PER_MINUTE", "30")) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = invite(&owner, "ben@example.com", "member").await;
        let browser = app.browser();
        let near = crate::support::oauth::with_another_end(&link);
        let mut statuses = Vec::new();
        for path in [near, format!("/invite/{}", "x".repeat(43)), "/invite/%00".to_owned(), format!("{link}/"), "/invite/ä".to_owned()] {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
        for n in 0..60 {
            let answer = browser.get(&format!("/invite/{n:064x}")).await;
            if answer.status == 404 {
                assert!(answer.text().contains("This invitation is not known here"), "{}", answer.text());
            }
            statuses.push(answer.status);
        }
        assert!(statuses[..20].iter().all(|status| *status == 404), "{statuses:?}");
        assert_eq!(statuses[59], 429, "{statuses:?}");
        assert_eq!(app.invitations().await, ["waiting ben@example.com"]);
    }

    async fn p_03_opening_a_link_changes_nothing(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = invite(&owner, "ben@example.com", "member").await;
        let (_, ben) = stranger(app, "Ben").await;
        let counts = async || (app.invitations().await, app.count("audit_events").await, app.count("memberships").await, app.count("users").await);
        let before = counts().await;
        for _ in 0..10 {
            for browser in [&ben, &app.browser()] {
                assert_eq!(browser.get(&link).await.status, 200);
                assert_eq!(browser.send(browser.request(Method::HEAD, &link)).await.status, 200);
            }
            assert_eq!(app.anonymous().get(&format!("{link}?name=Ben&password={PASSWORD}")).await.status, 200);
        }
        assert_eq!(counts().await, before);
        assert_eq!(join(&ben, &link).await.status, 303);
    }

    async fn p_04_an_invitation_makes_one_member_however_often_it_is_accepted(app) {
        let owner = app.owner().await;
        let inviter = app.browser_of(&owner).await;
        let link = invite(&inviter, "ben@example.com", "member").await;
        let (_, ben) = stranger(app, "Ben").await;
        let (by_link, by_id) = (ben.get(&link).await.form(&link), ben.get("/invitations").await.form_to("/invitations/"));
        let answers = at_once(50, |n| ben.submit(if n % 2 == 0 { &by_link } else { &by_id }));
        let (joined, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 303);
        assert_eq!((joined.len(), others.len()), (1, 49));
        for other in others {
            assert_eq!(other.status, 409);
            assert!(other.text().contains("You are already a member of Northwind Labs"), "{}", other.text());
        }
        assert_eq!(app.members().await, ["olivia@example.com owner", "ben@example.com member"]);
        assert_eq!(app.audited("invitation.accepted").await, 1);
        assert_eq!(ben.get(&link).await.status, 409);
        let elsewhere = app.browser().get(&link).await;
        assert_eq!(elsewhere.status, 410);
        assert!(elsewhere.text().contains("This invitation was used"), "{}", elsewhere.text());
    }

    async fn p_04_an_invitation_makes_one_account_however_often_it_is_asked_for(app) {
        let inviter = app.browser_of(&app.owner().await).await;
        let link = invite(&inviter, "ben@example.com", "member").await;
        let browsers: Vec<_> = (0..12).map(|_| app.browser()).collect();
        let mut forms = Vec::new();
        for browser in &browsers {
            forms.push(browser.get(&link).await.form(&link).with("name", "Ben").with("password", PASSWORD));
        }
        let answers = at_once(browsers.len(), |n| browsers[n].submit(&forms[n]));
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 410)), (303, true), "{statuses:?}");
        assert_eq!((app.count("users").await, app.count("memberships").await), (2, 2));
    }

    async fn p_05_an_account_with_another_address_cannot_accept(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = invite(&owner, "ben@example.com", "member").await;
        let (_, cleo) = stranger(app, "Cleo").await;
        let (_, ben) = stranger(app, "Ben").await;
        // The form of somebody who had the page open before signing in as another person.
        let other = invite(&owner, "cleo@example.com", "member").await;
        let mut form = cleo.get(&other).await.form(&other);
        form.action.clone_from(&link);
        let refused = cleo.submit(&form.with("email", "ben@example.com")).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("This invitation is for another address"), "{}", refused.text());
        assert_eq!(app.count("memberships").await, 1);
        assert_eq!(app.invitations().await, ["waiting ben@example.com", "waiting cleo@example.com"]);
        assert_eq!(join(&ben, &link).await.status, 303, "nothing was consumed");
    }

    async fn p_06_an_account_is_made_for_the_invited_address_only(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = invite(&owner, "ben@example.com", "member").await;
        let browser = app.browser();
        let form = browser.get(&link).await.form(&link).with("name", "Ben").with("password", PASSWORD);
        let joined = browser.submit(&form.with("email", "olivia.other@example.com").with("role", "owner")).await;
        assert_eq!(joined.status, 303, "{}", joined.text());
        assert_eq!(app.members().await, ["olivia@example.com owner", "ben@example.com member"]);
        let link = invite(&owner, "cleo@example.com", "member").await;
        app.user("Cleo").await;
        let taken = create_account(&app.browser(), &link, "Cleo").await;
        assert_eq!(taken.status, 422, "an account is never taken over by a link");
        assert!(taken.text().contains("There is an account with this address. Sign in to join"), "{}", taken.text());
        assert_eq!((app.count("users").await, app.count("memberships").await), (3, 2));
        let claims = app.names("SELECT email AS name FROM users ORDER BY email").await;
        assert_eq!(claims, ["ben@example.com", "cleo@example.com", "olivia@example.com"]);
    }

    async fn p_07_an_invitation_is_open_to_the_second(app, |app| app.manual_clock()
        .with("KEYSTILE_ORGANIZATIONS__INVITATION", "1h").with("KEYSTILE_SIGN_IN__SESSION_IDLE", "12h")) {
        let owner = app.browser_of(&app.owner().await).await;
        let late = invite(&owner, "ben@example.com", "member").await;
        let (_, ben) = stranger(app, "Ben").await;
        let (_, cleo) = stranger(app, "Cleo").await;
        let form = ben.get(&late).await.form(&late);
        app.advance(TimeDelta::seconds(1));
        let in_time = invite(&owner, "cleo@example.com", "member").await;
        let in_time = cleo.get(&in_time).await.form(&in_time);
        app.advance(TimeDelta::seconds(3599));
        let refused = ben.submit(&form).await;
        assert_eq!(refused.status, 410, "{}", refused.text());
        assert!(refused.text().contains("This invitation has expired") && refused.text().contains("Ask Olivia for a new one"), "{}", refused.text());
        assert!(ben.get("/invitations").await.text().contains("There is no open invitation"));
        assert_eq!(cleo.submit(&in_time).await.status, 303, "a second before its end");
        assert_eq!(app.invitations().await, ["waiting ben@example.com", "accepted cleo@example.com"]);
        assert!(owner.get(LIST).await.text().contains("ben@example.com Expired"));
        let renewed = owner.submit(&owner.get(LIST).await.form(&format!("{}/new-link", newest(&owner).await))).await;
        assert_eq!(join(&ben, &super::links(&renewed).pop().unwrap()).await.status, 303, "a new link of an expired one works");
    }

    async fn a_canceled_invitation_says_so(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let link = invite(&owner, "ben@example.com", "member").await;
        let path = newest(&owner).await;
        let form = owner.get(LIST).await.form(&format!("{path}/cancel"));
        assert_eq!(owner.submit(&form).await.location(), format!("{LIST}?done=invitation-canceled"));
        let (_, ben) = stranger(app, "Ben").await;
        let page = ben.get(&link).await;
        assert_eq!(page.status, 410);
        assert!(page.text().contains("This invitation was canceled"), "{}", page.text());
        assert_eq!(owner.submit(&form).await.status, 409);
    }
}
