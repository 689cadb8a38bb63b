//! The pages for connecting a device.

use keystiled::domain::client::ClientKind;
use keystiled::domain::client::Grant;
use reqwest::Method;

use super::API_ACCESS;
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::device::Codes;

/// Codes requested by a device at this address.
async fn from(app: &TestApp, address: &str, form: &[(&str, &str)]) -> Codes {
    let client = app.device_client().await;
    let anonymous = app.anonymous();
    let form: Vec<_> = [("client_id", client.id.as_str())].into_iter().chain(form.iter().copied()).collect();
    let request = anonymous.request(Method::POST, "/oauth/device_authorization").form(&form);
    let body = anonymous.send(request.header("X-Forwarded-For", address)).await.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Codes { client, device_code: text("device_code"), user_code: text("user_code") }
}

fn behind_a_proxy(app: Builder) -> Builder {
    app.manual_clock().with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
}

both_engines! {
    async fn dv_09_the_page_says_who_asks_from_where_and_for_what(app, super::behind_a_proxy) {
        let form = [("scope", "openid deployments:write"), ("device_name", "build-07"), ("device_os", "Linux 6"), ("tool_version", "Fred 2.1")];
        let codes = from(app, "198.51.100.7", &form).await;
        let browser = app.browser_of(&app.owner().await).await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        for said in [
            "Did you start this sign-in yourself?",
            "The device must show this code right now",
            &codes.user_code,
            "Fred",
            "build-07",
            "Linux 6, Fred 2.1 . Reported by the tool, not verified.",
            "A different network",
            "198.51.100.7",
            "This device is on a different network from your browser.",
            "You have not used this tool here before.",
            "It could change things, not only read them.",
            "Create and change deployments",
            "Northwind Labs",
            "8 hours",
            "Nobody from Northwind Labs will ever ask you to enter a code.",
            "No, not me",
            "Yes, connect build-07",
        ] {
            assert!(page.text().contains(said), "{said}: {}", page.text());
        }
        let (no, yes) = (page.body.find("value=\"deny\"").unwrap(), page.body.find("value=\"connect\"").unwrap());
        assert!(no < yes && !page.body.contains("autofocus"), "No comes first, and neither button has the focus");
    }

    async fn dv_09_a_device_on_the_same_network_is_shown_as_such(app, super::behind_a_proxy) {
        let browser = app.browser_of(&app.owner().await).await;
        let codes = from(app, "127.0.0.1", &[]).await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        assert!(page.text().contains("The same network as this browser"), "{}", page.text());
        assert!(page.text().contains("Not reported by the tool"), "{}", page.text());
    }

    async fn dv_09_behind_an_untrusted_proxy_the_network_is_not_compared(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let codes = app.new_device_codes().await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        let path = question.form_to("/device/").action;
        let proxied = browser.send(browser.request(Method::GET, &path).header("X-Forwarded-For", "203.0.113.5")).await;
        assert!(!proxied.text().contains("network"), "{}", proxied.text());
    }

    async fn a_device_may_act_in_the_organization_that_the_person_chooses(app) {
        let owner = app.owner().await;
        let other = app.organization("Elsewhere").await;
        let (org, user) = (other.id.clone(), owner.id.clone());
        app.execute(&format!("INSERT INTO memberships (org_id, user_id, role, created_at) SELECT '{org}', user_id, 'viewer', created_at FROM memberships WHERE user_id = '{user}'")).await.unwrap();
        let browser = app.browser_of(&owner).await;
        app.set_sign_in_methods(&browser, "off", "off").await;
        let codes = app.new_device_codes().await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        assert!(question.text().contains("Northwind Labs (owner) Does not allow device codes"), "{}", question.text());
        let form = question.form_to("/device/").with("decision", "connect").with("organization", &other.id);
        let answer = browser.submit(&form).await;
        let page = browser.follow(answer).await;
        assert!(page.text().contains("may act as you in Elsewhere"), "{}", page.text());
        assert_eq!(app.poll(&codes).await.status, 200);
    }

    async fn a_role_that_holds_nothing_of_it_ends_the_request(app) {
        let client = app.client_with(ClientKind::Native, |client| client.grants.push(Grant::DeviceCode)).await;
        let codes = app.device_codes(&client, &[("scope", "deployments:delete")]).await;
        let browser = app.browser_of(&app.member("viewer").await).await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        assert!(page.status == 403 && page.text().contains("You can’t grant this permission"), "{}", page.text());
        assert_eq!(app.poll(&codes).await.json()["error"], "access_denied");
    }

    async fn a_suspicious_device_needs_a_fresh_password(app, super::behind_a_proxy) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        app.advance(chrono::TimeDelta::minutes(20));
        let codes = from(app, "198.51.100.7", &[]).await;
        let page = app.enter_code(&browser, &codes.user_code).await;
        assert!(page.text().contains("Confirm it is you"), "{}", page.text());
        let form = page.form("/sign-in/again").with("password", owner.password);
        let answer = browser.submit(&form).await;
        let question = browser.follow(answer).await;
        assert!(question.text().contains("Did you start this sign-in yourself?"), "{}", question.text());
        app.answer_device(&browser, &question, "connect").await;
        assert_eq!(app.poll(&codes).await.status, 200);
    }

    async fn the_answer_can_be_read_again(app) {
        let codes = app.new_device_codes().await;
        let browser = app.browser_of(&app.owner().await).await;
        let question = app.enter_code(&browser, &codes.user_code).await;
        let path = question.form_to("/device/").action;
        app.answer_device(&browser, &question, "connect").await;
        let again = browser.get(&path).await;
        assert!(again.text().contains("You can return to your device"), "{}", again.text());
        let other = app.answer_device(&browser, &question, "deny").await;
        assert!(other.text().contains("You can return to your device"), "an answer is final: {}", other.text());
        assert_eq!(app.poll(&codes).await.status, 200);
    }

    async fn only_managers_set_the_device_code_policy(app) {
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "same_network", "on").await;
        app.set_sign_in_methods(&browser, "same_network", "on").await;
        let page = browser.get(API_ACCESS).await;
        assert!(page.body.contains("value=\"same_network\" required checked"), "{}", page.body);
        assert_eq!(app.audited("organization.device_flow_changed").await, 1);
        assert_eq!(app.audited("organization.copy_code_on").await, 1);
        app.set_sign_in_methods(&browser, "on", "off").await;
        assert_eq!(app.audited("organization.copy_code_off").await, 1);
        let member = app.browser_of(&app.member("member").await).await;
        let own = member.get("/").await.form("/sign-out");
        let form = page.form(&format!("{API_ACCESS}/sign-in-methods")).with("csrf", own.field("csrf").unwrap());
        assert_eq!(member.submit(&form).await.status, 403);
        assert_eq!(member.get(API_ACCESS).await.status, 403);
    }
}
