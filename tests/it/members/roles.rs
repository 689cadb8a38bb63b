//! Who may give which role.

use super::{MEMBERS, give, path, remove_form, role_form, role_of};
use crate::support::both_engines;
use crate::support::html::Form;

/// A role with a scope that admins lack.
const AUDITORS: &str = r#"
[[roles]]
id = "auditor"
description = "Audits"
[[scopes]]
id = "org:read"
label = "See the organization"
not_label = "see the organization"
level = "read"
roles = ["owner", "admin", "auditor"]
[[scopes]]
id = "vault:read"
label = "Open the vault"
not_label = "open the vault"
level = "read"
roles = ["owner", "auditor"]
"#;

both_engines! {
    async fn a_role_is_changed_on_its_page_and_limits_from_the_next_request_on(app) {
        let member = app.member("member").await;
        let tool = app.tool_of(&member, "org:read deployments:write").await;
        let owner = app.browser_of(&app.owner().await).await;
        let page = owner.get(&path(&member, "role")).await;
        for words in ["Falls away: deployments:write", "what they use here now: 1 session"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert_eq!(give(&owner, &member, "viewer").await.location(), format!("{MEMBERS}?done=role-saved"));
        assert_eq!(role_of(app, &member).await.as_deref(), Some("viewer"));
        assert!(!tool.get("/api/v1/whoami").await.body.contains("deployments:write"));
        let events = app.events_of(&member.organization.id).await;
        let changed = events.iter().find(|event| event.action == "member.role_changed").unwrap();
        assert_eq!(changed.target.as_deref(), Some(member.id.as_str()));
        assert_eq!(changed.details, r#"{"after":"viewer","before":"member"}"#);
    }

    async fn p_11_nobody_gives_a_role_above_their_own_or_raises_themselves(app) {
        let (owner, admin, member) = (app.owner().await, app.member("admin").await, app.member("member").await);
        let (as_owner, as_admin, as_member) =
            (app.browser_of(&owner).await, app.browser_of(&admin).await, app.browser_of(&member).await);
        let form = role_form(&as_admin, &member, "viewer").await;
        let removal = remove_form(&as_admin, &member).await;
        let to = |form: &Form, action: String| {
            let mut form = form.clone();
            form.action = action;
            form
        };
        for (form, what) in [
            (form.clone().with("role", "owner"), "an owner"),
            (to(&form, path(&admin, "role")).with("role", "owner"), "oneself an owner"),
            (to(&form, path(&admin, "role")).with("role", "member"), "oneself a member"),
            (to(&form, path(&owner, "role")).with("role", "member"), "an owner a member"),
            (to(&removal, path(&owner, "remove")), "no owner"),
            (to(&removal, path(&admin, "remove")), "oneself gone"),
        ] {
            let answer = as_admin.submit(&form).await;
            assert_eq!(answer.status, 403, "an admin makes {what}: {}", answer.text());
        }
        for page in [path(&owner, "role"), path(&owner, "remove")] {
            assert_eq!(as_admin.get(&page).await.status, 403, "{page}");
        }
        // A member gets a token of the same form name only on a page that refuses them.
        for page in [path(&admin, "role"), path(&member, "role"), path(&admin, "remove")] {
            assert_eq!(as_member.get(&page).await.status, 403, "{page}");
        }
        let roles = async || [role_of(app, &owner).await, role_of(app, &admin).await, role_of(app, &member).await];
        let unchanged = ["owner", "admin", "member"].map(|role| Some(role.to_owned()));
        assert_eq!(roles().await, unchanged);
        assert_eq!(app.audited("member.role_changed").await + app.audited("member.removed").await, 0);
        // Fields that the form does not have decide nothing.
        let extra = form.with("owner", "on").with("user_id", &admin.id).with("organization", "acme");
        assert_eq!(as_admin.submit(&extra).await.status, 303);
        assert_eq!(role_of(app, &member).await.as_deref(), Some("viewer"));
        // What an admin cannot do, an owner can.
        assert_eq!(give(&as_owner, &member, "owner").await.status, 303);
        assert_eq!(give(&as_owner, &member, "admin").await.status, 303);
        assert_eq!(role_of(app, &member).await.as_deref(), Some("admin"));
    }

    async fn p_11_an_admin_gives_no_role_with_a_scope_that_admins_lack(app, |app| app.with_file(super::AUDITORS)) {
        let (owner, admin, other) = (app.owner().await, app.member("admin").await, app.member("admin").await);
        let as_admin = app.browser_of(&admin).await;
        let page = as_admin.get(&path(&other, "role")).await;
        assert!(page.text().contains("You cannot give it"), "{}", page.text());
        assert_eq!(give(&as_admin, &other, "auditor").await.status, 403);
        assert_eq!(role_of(app, &other).await.as_deref(), Some("admin"));
        assert_eq!(give(&app.browser_of(&owner).await, &other, "auditor").await.status, 303);
        // An admin changes the role of those who hold more all the same.
        assert_eq!(give(&as_admin, &other, "admin").await.status, 303);
    }

    async fn p_12_a_role_that_does_not_exist_is_refused_and_nothing_is_written(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let browser = app.browser_of(&owner).await;
        for role in ["emperor", "", "Owner", "member ", "owner\n"] {
            let answer = give(&browser, &member, role).await;
            assert_eq!(answer.status, 422, "{role:?}: {}", answer.text());
            assert!(answer.text().contains("Choose one of these roles"), "{}", answer.text());
            assert_eq!(role_of(app, &member).await.as_deref(), Some("member"));
        }
        assert_eq!(app.audited("member.role_changed").await, 0);
        // A role that the configuration no longer has can be replaced.
        let removed = format!("UPDATE memberships SET role = 'emperor' WHERE user_id = '{}'", member.id);
        app.execute(&removed).await.unwrap();
        assert_eq!(give(&browser, &member, "emperor").await.status, 422);
        assert_eq!(give(&browser, &member, "viewer").await.status, 303);
        assert_eq!(role_of(app, &member).await.as_deref(), Some("viewer"));
    }
}
