//! From an invitation to a tool that is signed in.

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;

use super::{LIST, PASSWORD, create_account, form_for, invite, join, links, newest, stranger};
use crate::support::both_engines;
use crate::support::html::links as links_of;
use crate::support::people::Person;

both_engines! {
    async fn ada_invites_ben_by_link_and_ben_signs_in_a_tool(app) {
        let owner = app.owner().await;
        let ada = app.browser_of(&owner).await;
        let form = form_for(&ada, "Ben@Example.com", "member").await.with("note", "Welcome, Ben. Ping me.");
        let made = ada.submit(&form).await;
        let link = links(&made).pop().unwrap();
        assert!(made.body.contains(&format!("{}{link}", app.issuer())), "{}", made.text());
        assert!(ada.get(LIST).await.text().contains("ben@example.com Waiting"));

        let browser = app.browser();
        let page = browser.get(&link).await;
        for words in ["Join Northwind Labs", "Olivia invited you", "Welcome, Ben. Ping me.", "Your role member",
            "Invited by Olivia , owner", "Open until"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert_eq!(page.form(&link).field("email"), Some("ben@example.com"));
        let joined = create_account(&browser, &link, "Ben").await;
        assert_eq!(joined.location(), "/organizations?org=northwind-labs&done=joined");
        let list = browser.get(joined.location()).await;
        assert!(list.text().contains("You joined.") && list.text().contains("Northwind Labs"), "{}", list.text());
        assert_eq!(app.members().await, ["olivia@example.com owner", "ben@example.com member"]);
        assert_eq!(app.invitations().await, ["accepted ben@example.com"]);
        assert!(ada.get(LIST).await.text().contains("No open invitations."));

        let organization = owner.organization.clone();
        let ben = Person { id: String::new(), email: "ben@example.com".to_owned(), password: PASSWORD, organization };
        let client = app.client(ClientKind::Native).await;
        let session = app.session_in(&browser, &client, &ben).await;
        let who = app.whoami(&session.tokens.access).await;
        assert!(who.body.contains("ben@example.com") && who.body.contains("\"member\""), "{}", who.body);
        assert_eq!(app.session_of(&client, &ben).await.tokens.claims()["sub"], session.tokens.claims()["sub"]);

        let invited_by = app.names("SELECT invited_by AS name FROM memberships WHERE invited_by IS NOT NULL").await;
        assert_eq!(invited_by, [owner.id]);
    }

    async fn somebody_with_an_account_finds_the_invitation_after_any_sign_in(app) {
        let ada = app.browser_of(&app.owner().await).await;
        let ben = app.user("Ben").await;
        let link = invite(&ada, &ben.email, "viewer").await;
        let browser = app.browser();
        let page = browser.get(&link).await;
        let sign_in = links_of(&page.body).into_iter().find(|link| link.contains("/sign-in")).unwrap();
        let form = browser.get(&sign_in).await.form("/sign-in").with("email", &ben.email).with("password", ben.password);
        let mine = browser.follow(browser.submit(&form).await).await;
        assert!(mine.text().contains("Northwind Labs") && mine.text().contains("Invited by Olivia"), "{}", mine.text());
        let none = browser.get("/").await;
        assert!(none.text().contains("You don’t belong to an organization yet"), "{}", none.text());
        assert!(links_of(&none.body).contains(&"/invitations".to_owned()));
        let joined = browser.submit(&mine.form_to("/invitations/")).await;
        assert_eq!(joined.location(), "/organizations?org=northwind-labs&done=joined");
        assert_eq!(app.members().await, ["olivia@example.com owner", "ben@example.com viewer"]);
        let after = browser.get("/invitations").await;
        assert!(after.text().contains("There is no open invitation for ben@example.com"), "{}", after.text());
        let list = browser.get("/organizations").await;
        assert!(links_of(&list.body).contains(&"/invitations".to_owned()));
        assert_eq!(app.browser().get("/invitations").await.location(), "/sign-in?request=invitations");
    }

    async fn whoever_is_signed_in_with_another_address_may_sign_out_and_continue(app) {
        let owner = app.owner().await;
        let ada = app.browser_of(&owner).await;
        let link = invite(&ada, "ben@example.com", "member").await;
        let (_, browser) = stranger(app, "Cleo").await;
        let page = browser.get(&link).await;
        for words in ["This invitation is for another address", "ben@example.com", "cleo@example.com"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        let out = browser.submit(&page.form("/sign-out")).await;
        assert_eq!(out.location(), link);
        assert_eq!(create_account(&browser, &link, "Ben").await.status, 303);
        for bad in ["", "//evil.example", "../x", &"A".repeat(64)] {
            let form = browser.get("/").await.form("/sign-out").with("invitation", bad);
            assert_eq!(browser.submit(&form).await.location(), "/sign-in?because=signed-out", "{bad}");
            let ben = Person { id: String::new(), email: "ben@example.com".to_owned(), password: PASSWORD, organization: owner.organization.clone() };
            app.sign_in(&browser, &ben).await;
        }
    }

    async fn a_weak_password_makes_no_account_and_nothing_else_is_forgotten(app) {
        let ada = app.browser_of(&app.owner().await).await;
        let link = invite(&ada, "ben.lovelace@example.com", "member").await;
        let browser = app.browser();
        for weak in ["short", "passwordpassword", "northwindlabs12", "ben.lovelace1234", "aaaaaaaaaaaaaaaaaaaa"] {
            let form = browser.get(&link).await.form(&link).with("name", "Ben").with("password", weak);
            let answer = browser.submit(&form).await;
            assert_eq!(answer.status, 422, "{weak}");
            let form = answer.form(&link);
            assert_eq!((form.field("name"), form.field("password")), (Some("Ben"), Some("")));
        }
        for name in ["", &"x".repeat(101), "a\u{7}b"] {
            assert_eq!(create_account(&browser, &link, name).await.status, 422, "{name}");
        }
        assert_eq!((app.count("users").await, app.invitations().await), (1, vec!["waiting ben.lovelace@example.com".to_owned()]));
    }

    async fn the_log_of_events_names_the_address_and_holds_no_token(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let ada = app.browser_of(&owner).await;
        let link = invite(&ada, "ben@example.com", "member").await;
        app.advance(TimeDelta::seconds(1));
        let renewed = ada.submit(&ada.get(LIST).await.form(&format!("{}/new-link", newest(&ada).await))).await;
        let newer = links(&renewed).pop().unwrap();
        let (_, ben) = stranger(app, "Ben").await;
        assert_eq!(join(&ben, &newer).await.status, 303);
        invite(&ada, "cleo@example.com", "member").await;
        ada.submit(&ada.get(LIST).await.form(&format!("{}/cancel", newest(&ada).await))).await;
        let actions = ["invitation.created", "invitation.renewed", "invitation.accepted", "invitation.created", "invitation.canceled"];
        let recorded: Vec<_> = app.audit_of(&owner.organization.id).await.into_iter().filter(|action| action.starts_with("invitation.")).collect();
        assert_eq!(recorded, actions);
        for link in [&link, &newer] {
            assert!(!app.holds(link.rsplit('/').next().unwrap()).await, "a token is in the database");
        }
        let page = ada.get("/o/northwind-labs/audit").await;
        for words in ["Olivia invited ben@example.com as member", "Ben accepted an invitation and joined as member",
            "Olivia canceled the invitation of cleo@example.com"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
    }
}
