//! The organization's setting for personal tokens, as the tool experiences it.

use keystiled::domain::audit::{Actor, Origin};
use keystiled::services::api_access;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::cli::visit;
use crate::support::oauth::Returned;

async fn turn(app: &TestApp, on: bool) {
    let organization = app.owner().await.organization;
    let turned = app.inside().store.write(move |work| {
        api_access::set_personal_tokens(work, &organization, on, &Actor::Operator, &Origin::default())
    });
    assert!(turned.await.unwrap());
}

async fn off_text(app: &TestApp) -> String {
    let organization = app.owner().await.organization;
    format!(
        "Personal access tokens are not enabled for {} (403)\n  \
         An organization admin can turn them on at Settings > API access > Personal tokens:\n  \
         {}/o/{}/settings/api-access\n",
        organization.name,
        app.issuer(),
        organization.slug
    )
}

both_engines! {
    async fn off_stops_a_session_and_on_lets_the_same_one_go_on(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let stored = cli.stored("default");
        let session = stored["session_id"].as_str().unwrap();
        let before = app.stored(session).await.generation;
        turn(app, false).await;
        let off = off_text(app).await;
        for command in [&["auth", "refresh"][..], &["whoami"], &["auth", "status"]] {
            cli.run(command).await.failed(2, &off);
        }
        let error = cli.run(&["auth", "refresh", "--json"]).await.error();
        assert_eq!((error["code"].as_str(), error["type"].as_str()), (Some("personal_tokens_disabled"), Some("permission_error")));
        assert_eq!(app.stored(session).await.generation, before, "nothing is consumed");
        assert_eq!(cli.stored("default"), stored);
        turn(app, true).await;
        cli.run(&["whoami"]).await.good();
        cli.run(&["auth", "refresh"]).await.good();
        assert_eq!(app.stored(session).await.generation, before + 1);
        assert_eq!(cli.stored("default")["session_id"], session);
    }

    async fn off_at_the_consent_page_the_tool_gets_the_name_of_the_organization(app) {
        let cli = app.cli();
        turn(app, false).await;
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let opened = browser.get(&login.link().await).await;
        let refused = browser.follow(opened).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        let back = Returned::from_page(&app.decide(&browser, &refused, "refuse").await);
        assert!(visit(&back.url).await.location().contains("/denied"));
        login.ended().await.says_at_its_end(2, &off_text(app).await);
        assert!(!cli.credentials_file().exists());
    }

    async fn off_between_approval_and_exchange_gives_nothing_and_names_the_organization(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "authorize").await;
        turn(app, false).await;
        assert!(visit(&back.url).await.location().contains("/denied"));
        let name = app.owner().await.organization.name;
        login.ended().await.says_at_its_end(2, &format!("Personal access tokens are not enabled for {name} (403)\n"));
        assert!(!cli.credentials_file().exists());
        assert_eq!(app.count("credentials").await, 0);
    }
}
