//! Who may invite, as what, and whose invitations count.

use keystiled::store::memberships;

use super::{INVITE, LIST, PASSWORD, form_for, invite, join, links, newest, stranger};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::people::Person;

async fn set_role(app: &TestApp, person: &Person, role: &str) {
    let (org, user, role) = (person.organization.id.clone(), person.id.clone(), role.to_owned());
    let set = app.inside().store.write(move |work| memberships::set_role(work.conn, &org, &user, &role));
    assert!(set.await.unwrap());
}

both_engines! {
    async fn p_01_an_invitation_of_one_organization_is_unknown_to_another(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let acme = app.organization("Acme").await;
        let other = app.browser_of(&app.member_of(&acme, "owner").await).await;
        let link = invite(&owner, "ben@example.com", "member").await;
        let id = newest(&owner).await.rsplit('/').next().unwrap().to_owned();
        let own = { let path = "/o/acme/members/invite"; other.get(path).await.form(path) };
        let made = other.submit(&own.with("addresses", "cleo@example.com").with("role", "member")).await;
        assert_eq!(links(&made).len(), 1, "{}", made.text());
        let form = other.get("/o/acme/invitations").await.form_to("/o/acme/invitations/");
        let token = link.rsplit('/').next().unwrap();
        for path in [format!("/o/acme/invitations/{id}/cancel"), format!("/o/acme/invitations/{id}/new-link"),
            format!("/o/acme/invitations/{token}/cancel"), format!("{LIST}/{id}/cancel"), format!("{LIST}/{id}/new-link")] {
            let mut form = form.clone();
            form.action.clone_from(&path);
            assert_eq!(other.submit(&form).await.status, 404, "{path}");
        }
        for path in [INVITE, LIST] {
            assert_eq!(other.get(path).await.status, 404, "{path}");
        }
        let (_, cleo) = stranger(app, "Cleo").await;
        let mut join = cleo.get("/invitations").await.form_to("/invitations/");
        join.action = format!("/invitations/{id}/join");
        assert_eq!(cleo.submit(&join).await.status, 404, "an invitation for another address");
        assert_eq!(app.invitations().await, ["waiting ben@example.com", "waiting cleo@example.com"]);
    }

    async fn p_10_an_invitation_counts_only_while_its_inviter_could_make_it(app) {
        let admin = app.member("admin").await;
        let browser = app.browser_of(&admin).await;
        let link = invite(&browser, "ben@example.com", "member").await;
        let (_, ben) = stranger(app, "Ben").await;
        let form = ben.get(&link).await.form(&link);
        let mine = ben.get("/invitations").await.form_to("/invitations/");
        let disable = |to: &str| format!("UPDATE users SET disabled_at = {to} WHERE id = '{}'", admin.id);
        let refused = async || {
            let page = ben.get(&link).await;
            assert_eq!(page.status, 410);
            assert!(page.text().contains("This invitation was canceled") && page.text().contains("Ask Olivia"), "{}", page.text());
            for form in [&form, &mine] {
                assert_eq!(ben.submit(form).await.status, 410);
            }
            let stranger = app.browser();
            assert_eq!(stranger.get(&link).await.status, 410);
            assert!(ben.get("/invitations").await.text().contains("There is no open invitation"));
        };
        set_role(app, &admin, "member").await;
        refused().await;
        let listed = app.browser_of(&app.owner().await).await.get(LIST).await;
        assert!(listed.text().contains("can no longer invite for this role"), "{}", listed.text());
        set_role(app, &admin, "admin").await;
        app.execute(&disable("created_at")).await.unwrap();
        refused().await;
        app.execute(&disable("NULL")).await.unwrap();
        app.execute("UPDATE organizations SET disabled_at = created_at").await.unwrap();
        assert_eq!(ben.submit(&form).await.status, 410, "the organization is disabled");
        app.execute("UPDATE organizations SET disabled_at = NULL").await.unwrap();
        assert_eq!(app.invitations().await, ["waiting ben@example.com"]);
        assert_eq!(app.count("memberships").await, 2);
        assert_eq!(ben.submit(&form).await.status, 303);
    }

    async fn p_10_an_invitation_of_an_owner_needs_an_owner(app) {
        let first = app.owner().await;
        let second = app.member("owner").await;
        let link = invite(&app.browser_of(&second).await, "ben@example.com", "owner").await;
        let (_, ben) = stranger(app, "Ben").await;
        let form = ben.get(&link).await.form(&link);
        set_role(app, &second, "admin").await;
        assert_eq!(ben.submit(&form).await.status, 410);
        let admin = app.browser_of(&second).await;
        let listed = admin.get(LIST).await;
        assert!(listed.text().contains("ben@example.com") && !listed.body.contains("/new-link"), "{}", listed.body);
        let owner = app.browser_of(&first).await;
        let id = newest(&owner).await;
        invite(&admin, "cleo@example.com", "member").await;
        let mut form = admin.get(LIST).await.form_to(&format!("{LIST}/"));
        for act in ["new-link", "cancel"] {
            form.action = format!("{id}/{act}");
            assert_eq!(admin.submit(&form).await.status, 403, "{act}");
        }
        let renewed = owner.submit(&owner.get(LIST).await.form(&format!("{id}/new-link"))).await;
        assert_eq!(join(&ben, &links(&renewed).pop().unwrap()).await.status, 303);
    }

    async fn p_11_nobody_invites_for_more_than_they_hold(app) {
        let admin = app.browser_of(&app.member("admin").await).await;
        assert!(admin.get(INVITE).await.text().contains("It can do more than your role."));
        let refused = admin.submit(&form_for(&admin, "ben@example.com", "owner").await).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        for role in ["member", "viewer"] {
            let browser = app.browser_of(&app.member(role).await).await;
            for path in [INVITE, LIST] {
                assert_eq!(browser.get(path).await.status, 403, "{role} {path}");
            }
        }
        let person = app.member("admin").await;
        let demoted = app.browser_of(&person).await;
        let form = form_for(&demoted, "ben@example.com", "member").await;
        set_role(app, &person, "member").await;
        assert_eq!(demoted.submit(&form).await.status, 403);
        assert_eq!(app.count("invitations").await, 0);
        for role in ["admin", "member", "viewer"] {
            invite(&admin, "ben@example.com", role).await;
        }
    }

    async fn p_12_an_unknown_role_makes_no_invitation_and_no_member(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let unknown = owner.submit(&form_for(&owner, "ben@example.com", "emperor").await).await;
        assert_eq!(unknown.status, 422, "{}", unknown.text());
        let missing = owner.submit(&form_for(&owner, "ben@example.com", "member").await.without("role")).await;
        assert!(missing.status == 422 && missing.text().contains("Choose a role"), "{}", missing.text());
        assert_eq!(app.count("invitations").await, 0);
        let link = invite(&owner, "ben@example.com", "member").await;
        let (_, ben) = stranger(app, "Ben").await;
        let form = ben.get(&link).await.form(&link);
        let browser = app.browser();
        let new = browser.get(&link).await.form(&link).with("name", "Ben").with("password", PASSWORD);
        app.execute("UPDATE invitations SET role = 'gone'").await.unwrap();
        let refused = ben.submit(&form).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains("no longer has the role"), "{}", refused.text());
        assert_eq!(browser.submit(&new).await.status, 422);
        assert_eq!(app.invitations().await, ["waiting ben@example.com"]);
        assert_eq!(app.count("memberships").await, 1);
        app.execute("UPDATE invitations SET role = 'member'").await.unwrap();
        assert_eq!(ben.submit(&form).await.status, 303);
    }
}
