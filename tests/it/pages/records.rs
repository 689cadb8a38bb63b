//! What is recorded of what people do, and what is not.

use keystile::domain::secret::Secret;
use keystile::web::browser::FormTokens;

use crate::support::both_engines;
use crate::support::oauth::Ask;

#[test]
fn lo_10_a_secret_in_a_debug_print_is_redacted() {
    assert_eq!(format!("{:?}", Secret::new("swordfish")), "[redacted]");
    assert_eq!(format!("{:?}", FormTokens::new([7; 32])), "[redacted]");
    assert!(!format!("{:?}", Secret::new("swordfish").digest()).contains("swordfish"));
}

both_engines! {
    async fn lo_03_everything_that_people_do_is_recorded(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let id = session.tokens.session();
        let path = format!("/cli-sessions/{id}/rename");
        browser.submit(&browser.get(&path).await.form(&path).with("name", "laptop")).await;
        let deny = app.ask(&browser, &Ask::of(&session.client)).await;
        app.decide(&browser, &deny, "deny").await;
        super::turn(app, "off").await;
        app.ask(&browser, &Ask::of(&session.client)).await;
        super::turn(app, "on").await;
        let path = format!("/cli-sessions/{id}/end");
        browser.submit(&browser.get(&path).await.form(&path)).await;
        browser.submit(&browser.get("/").await.form("/sign-out")).await;
        let mut recorded = app.audit_of(&session.person.organization.id).await;
        recorded.extend(app.audit_of("instance").await);
        for action in [
            "authorization.approved", "authorization.denied", "authorization.switched_off", "client.created",
            "member.added", "organization.created", "organization.personal_tokens_off",
            "organization.personal_tokens_on", "session.renamed", "session.revoked", "session.started",
            "user.created", "user.signed_in", "user.signed_out",
        ] {
            assert!(recorded.iter().any(|known| known == action), "{action}: {recorded:?}");
        }
        let incomplete = "audit_events WHERE actor_kind = 'user' AND (ip IS NULL OR request_id IS NULL)";
        assert_eq!(app.count(incomplete).await, 0, "from where, and under which request");
    }
}
