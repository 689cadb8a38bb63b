//! The documented reaction to a leak.

use std::fs;

use keystiled::domain::client::ClientKind;
use keystiled::store::users;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;
use crate::support::people::Person;

/// The random part of a browser's known-device cookie.
fn device(app: &TestApp, browser: &BrowserCaller) -> String {
    browser.cookie(&app.inside().cookie_names.known_device).unwrap().split('.').next().unwrap().to_owned()
}

/// Signs out and in.
async fn sign_in_again(app: &TestApp, browser: &BrowserCaller, person: &Person) {
    browser.submit(&browser.get("/").await.form("/sign-out")).await;
    app.sign_in(browser, person).await;
}

/// The `keystiled ...` commands in the section on leaks.
fn prescribed() -> Vec<String> {
    let text = fs::read_to_string("SECURITY.md").unwrap();
    let (_, section) = text.split_once("## After a leak").unwrap();
    let spans = section.split('`').skip(1).step_by(2);
    spans.filter(|span| span.starts_with("keystiled ")).map(str::to_owned).collect()
}

/// The arguments of a command, with placeholders replaced by values of this deployment.
async fn arguments(app: &TestApp, command: &str, address: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in command.split(' ').skip(1) {
        let argument = match word {
            "KID" => {
                let listed = app.operate(&["keys", "list"]).await;
                let active = listed.as_array().unwrap().iter().find(|key| key["state"] == "active");
                active.unwrap()["kid"].as_str().unwrap().to_owned()
            }
            "CLIENT" => app.client(ClientKind::Confidential).await.id,
            "ADDRESS" => address.to_owned(),
            word => word.to_owned(),
        };
        arguments.push(argument);
    }
    arguments
}

both_engines! {
    async fn ca_03_the_steps_of_security_md_after_a_leak_work(app) {
        let owner = app.owner().await;
        let prescribed = prescribed();
        assert!(prescribed.len() >= 9, "{prescribed:?}");
        for command in prescribed {
            let arguments = arguments(app, &command, &owner.email).await;
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            if arguments[0] == "init" {
                continue; // The first owner exists already.
            }
            let ran = app.keystiled(&arguments).await;
            assert_eq!(ran.code, Some(0), "{command}: {}", ran.stderr);
        }
        let events = app.audit_of("instance").await;
        for action in [
            "signing_key.revoked",
            "client.secret_rotated",
            "client.removed",
            "user.browsers_signed_out",
            "user.devices_forgotten",
        ] {
            assert!(events.iter().any(|known| known == action), "{action}: {events:?}");
        }
    }

    async fn ca_03_forgotten_devices_are_strangers_and_browsers_are_signed_out(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let known = device(app, &browser);
        sign_in_again(app, &browser, &owner).await;
        assert_eq!(device(app, &browser), known, "a known device keeps its id");

        app.operate(&["user", "forget-devices", &owner.email]).await;
        assert_eq!(browser.get("/cli-sessions").await.status, 200, "the web session continues");
        sign_in_again(app, &browser, &owner).await;
        let renewed = device(app, &browser);
        assert_ne!(renewed, known);
        sign_in_again(app, &browser, &owner).await;
        assert_eq!(device(app, &browser), renewed, "it is known from then on");

        let other = app.browser_of(&app.member("member").await).await;
        let signed_out = app.operate(&["user", "sign-out", &owner.email]).await;
        assert_eq!(signed_out["browsers"], 1);
        assert_eq!(browser.get("/cli-sessions").await.status, 303);
        assert_eq!(other.get("/cli-sessions").await.status, 200, "others stay");

        for command in ["forget-devices", "sign-out"] {
            let ran = app.keystiled(&["user", command, "nobody@example.com"]).await;
            assert_eq!((ran.code, ran.stderr.contains("There is no user with the address")), (Some(1), true), "{}", ran.stderr);
        }
    }

    async fn ca_03_a_new_password_and_a_disabled_account_forget_their_devices(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let mut known = device(app, &browser);
        for change in [true, false] {
            if change {
                let (now, id) = (app.inside().store.now().iso_micros(), &owner.id);
                let changed = format!("UPDATE users SET password_changed_at = '{now}' WHERE id = '{id}'");
                app.execute(&changed).await.unwrap();
            } else {
                let id = owner.id.clone();
                app.inside().store.write(move |work| {
                    users::set_disabled(work.conn, &id, Some(work.now))?;
                    users::set_disabled(work.conn, &id, None)
                }).await.unwrap();
            }
            sign_in_again(app, &browser, &owner).await;
            assert_ne!(device(app, &browser), known);
            known = device(app, &browser);
        }
    }
}
