//! Sign-in with a device code.

use keystiled::domain::client::{ClientKind, Grant};
use keystiled::store::organizations;

use super::app::TestApp;
use super::http::{Answer, BrowserCaller};
use super::people::TestClient;

/// The `grant_type` of RFC 8628.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A device authorization response.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    pub(crate) client: TestClient,
    pub(crate) device_code: String,
    /// "WDJB-MJHT"
    pub(crate) user_code: String,
}

impl TestApp {
    /// Creates a native client with the device code grant.
    pub(crate) async fn device_client(&self) -> TestClient {
        self.client_with(ClientKind::Native, |client| client.grants.push(Grant::DeviceCode)).await
    }

    /// Requests device codes as this client.
    pub(crate) async fn device_codes(&self, client: &TestClient, form: &[(&str, &str)]) -> Codes {
        let answer = self.client_post(client, "/oauth/device_authorization", form).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Codes { client: client.clone(), device_code: text("device_code"), user_code: text("user_code") }
    }

    /// Device codes of a new client that reports its machine.
    pub(crate) async fn new_device_codes(&self) -> Codes {
        let client = self.device_client().await;
        let device = [("device_name", "build-07"), ("device_os", "Linux"), ("tool_version", "Fred 2.1")];
        self.device_codes(&client, &device).await
    }

    /// Polls the token endpoint.
    pub(crate) async fn poll(&self, codes: &Codes) -> Answer {
        self.poll_as(&codes.client, &codes.device_code).await
    }

    pub(crate) async fn poll_as(&self, client: &TestClient, device_code: &str) -> Answer {
        let form = [("grant_type", DEVICE_GRANT), ("device_code", device_code)];
        self.client_post(client, "/oauth/token", &form).await
    }

    /// Enters a user code in a signed-in browser, and follows to the next page.
    pub(crate) async fn enter_code(&self, browser: &BrowserCaller, user_code: &str) -> Answer {
        let page = browser.get("/device").await;
        let answer = browser.submit(&page.form("/device").with("user_code", user_code)).await;
        browser.follow(answer).await
    }

    /// Answers the consent page and returns the result page.
    pub(crate) async fn answer_device(
        &self,
        browser: &BrowserCaller,
        question: &Answer,
        decision: &str,
    ) -> Answer {
        let form = question.form_to("/device/").with("decision", decision);
        let answer = browser.submit(&form).await;
        browser.follow(answer).await
    }

    /// Enters the code and approves.
    pub(crate) async fn connect(&self, browser: &BrowserCaller, codes: &Codes) -> Answer {
        let question = self.enter_code(browser, &codes.user_code).await;
        assert_eq!(question.status, 200, "{}", question.text());
        self.answer_device(browser, &question, "connect").await
    }

    /// Sets the sign-in methods on the settings page of the first organization.
    pub(crate) async fn set_sign_in_methods(
        &self,
        manager: &BrowserCaller,
        device_flow: &str,
        copy_code: &str,
    ) {
        let settings = "/o/northwind-labs/settings/api-access";
        let form = manager.get(settings).await.form(&format!("{settings}/sign-in-methods"));
        let form = form.with("device_flow", device_flow).with("copy_code", copy_code);
        let answer = manager.submit(&form).await;
        assert_eq!(answer.location(), format!("{settings}?done=sign-in-methods"));
    }

    /// Turns personal tokens of the first organization on or off.
    pub(crate) async fn switch(&self, on: bool) {
        let id = self.owner().await.organization.id;
        let turned =
            self.inside().store.write(move |work| organizations::set_personal_tokens(work.conn, &id, on));
        turned.await.unwrap();
    }
}
