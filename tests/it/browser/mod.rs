//! Pages in a real browser.

mod back;
mod device;
mod invitations;
mod journey;
mod keyboard;
mod keys;
mod looks;
mod paste;
mod settle;
mod shown;

use std::time::Duration;

use keystiled::services::setup;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::app::TestApp;
use crate::support::browser::Page;
use crate::support::database::Database;
use crate::support::oauth::{Ask, Returned};
use crate::support::people::{Person, TestClient};

/// The server that the browser visits, on SQLite; differences of engines are tested without a browser.
async fn server() -> TestApp {
    TestApp::on(Database::sqlite()).await
}

/// The setup code printed at the start.
async fn setup_code(app: &TestApp) -> String {
    app.inside().write(|app, work| setup::code(work, &app.master)).await.unwrap().unwrap()
}

/// A tool that listens at a loopback address for the redirect.
struct Tool {
    pub(self) client: TestClient,
    answers: mpsc::UnboundedReceiver<String>,
}

impl Tool {
    /// Listens at a free port of this host: `127.0.0.1` or `[::1]`.
    async fn at(app: &TestApp, host: &str) -> Self {
        let listener = TcpListener::bind(format!("{host}:0")).await.unwrap();
        let redirect_uri = format!("http://{}/callback", listener.local_addr().unwrap());
        let issuer = app.issuer().to_owned();
        let (sender, answers) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 16 * 1024];
                let length = stream.read(&mut request).await.unwrap();
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                let Some(target) = text.split(' ').nth(1).filter(|target| target.starts_with("/callback?"))
                else {
                    continue;
                };
                let page = if target.contains("error=access_denied") { "denied" } else { "done" };
                let answer = format!(
                    "HTTP/1.1 303 See Other\r\nLocation: {issuer}/{page}?c=keystile-cli\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = sender.send(target.to_owned());
            }
        });
        Self { client: TestClient { id: "keystile-cli".to_owned(), secret: None, redirect_uri }, answers }
    }

    /// The authorization request of this tool.
    fn ask(&self) -> Ask {
        Ask::of(&self.client)
            .with("device_name", "maya-mbp")
            .with("device_os", "macOS 15.1")
            .with("tool_version", "Keystile CLI 0.1.0")
    }

    /// The response that the tool received.
    async fn answer(&mut self) -> Returned {
        let target = tokio::time::timeout(Duration::from_secs(60), self.answers.recv());
        let target = target.await.expect("the tool received no redirect").unwrap();
        Returned::from_url(&format!("http://tool{target}"))
    }

    fn heard_nothing(&mut self) -> bool {
        self.answers.try_recv().is_err()
    }
}

/// Pushes a request like the companion CLI; returns the link and the code that it shows.
async fn push(app: &TestApp, ask: &Ask) -> (String, String) {
    let form: Vec<(&str, &str)> =
        ask.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = app.anonymous().post("/oauth/par", &form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let body: Value = answer.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("login_url"), text("user_check"))
}

async fn sign_in(app: &TestApp, page: &Page, person: &Person) {
    page.goto(&format!("{}/sign-in", app.issuer())).await;
    page.fill("Email", &person.email).await;
    page.fill("Password", person.password).await;
    page.follow("Sign in").await;
}

/// Console messages, without Chromium's notes about error statuses of pages.
fn complaints(page: &Page) -> Vec<String> {
    let note = "Failed to load resource: the server responded with a status of 4";
    page.console().into_iter().filter(|line| !line.starts_with(note)).collect()
}
