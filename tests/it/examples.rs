//! The example clients in other languages, with the OAuth libraries of their languages, against a running server.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::cli::{Cli, Ran, Running, visit};

/// A program of `examples/`.
struct Example {
    cli: Cli,
    /// Script to run before its commands.
    script: Option<String>,
}

impl Example {
    fn new(app: &TestApp, program: &str, script: Option<&str>) -> Self {
        let cli = Cli::of_brand(program, "sign-in-example").with("ISSUER", app.issuer());
        Self { cli: cli.with_recording_browser(), script: script.map(str::to_owned) }
    }

    fn bash(app: &TestApp) -> Self {
        Self::new(app, "bash", Some(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/device_flow.sh")))
    }

    fn python(app: &TestApp) -> Self {
        Self::new(app, "python3", Some(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sign_in.py")))
    }

    fn go(app: &TestApp) -> Self {
        Self::new(app, &prepared("KEYSTILE_TEST_GO_EXAMPLE"), None)
    }

    fn node(app: &TestApp) -> Self {
        Self::new(app, "node", Some(&prepared("KEYSTILE_TEST_NODE_EXAMPLE")))
    }

    fn start(&self, command: &[&str]) -> Running {
        let line: Vec<_> = self.script.as_deref().into_iter().chain(command.iter().copied()).collect();
        self.cli.start(self.cli.command(&line))
    }

    async fn run(&self, command: &str) -> Ran {
        self.start(&[command]).ended().await
    }

    /// Makes the stored access token an expired one.
    fn let_expire(&self) {
        self.cli.edit(|kept| {
            let (name, then) = match kept.get("expiry") {
                Some(_) => ("expiry", json!("2020-01-01T00:00:00Z")),
                None => ("ends_at", json!(0)),
            };
            kept[name] = then;
        });
    }

    fn refresh_token(&self) -> String {
        let text = std::fs::read_to_string(self.cli.credentials_file()).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
        kept["refresh_token"].as_str().unwrap().to_owned()
    }
}

fn prepared(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("tests/run prepares {variable}"))
}

/// The first word of the output for which `is_it` holds.
fn word(said: &str, is_it: impl Fn(&str) -> bool) -> Option<String> {
    said.split_once('\n')?.0.split_whitespace().find(|word| is_it(word)).map(str::to_owned)
}

/// The user code in the output.
fn user_code(said: &str) -> Option<String> {
    word(said, |word| word.len() == 9 && word.as_bytes()[4] == b'-')
}

async fn connect(app: &TestApp, user_code: &str) {
    let browser = app.browser_of(&app.owner().await).await;
    let question = app.enter_code(&browser, user_code).await;
    let page = app.answer_device(&browser, &question, "connect").await;
    assert!(page.text().contains("You can return to your device"), "{}", page.text());
}

/// Signs in with the browser, calls the API, refreshes, and signs out.
async fn signs_in_with_the_browser(app: &TestApp, example: &Example) {
    let login = example.start(&["login"]);
    let link = login.on_terminal(|said| word(said, |word| word.contains("/c/"))).await;
    let browser = app.browser_of(&app.owner().await).await;
    let page = visit(&app.answer(&browser, &link, "authorize").await.url).await;
    assert!(page.text().contains("You can return to your terminal"), "{page:#?}");
    assert!(login.ended().await.good().out.ends_with("Signed in.\n"));
    stays_signed_in(app, example).await;
}

/// Signs in with a device code, calls the API, refreshes, and signs out.
async fn signs_in_with_a_device_code(app: &TestApp, example: &Example) {
    let login = example.start(&["device"]);
    connect(app, &login.on_terminal(user_code).await).await;
    assert!(login.ended().await.good().out.ends_with("Signed in.\n"));
    stays_signed_in(app, example).await;
}

async fn stays_signed_in(app: &TestApp, example: &Example) {
    let owner = app.owner().await;
    let first = example.refresh_token();
    assert_eq!(example.run("whoami").await.good().json()["data"]["subject"]["id"], owner.id);
    assert_eq!(example.refresh_token(), first, "nothing had ended");
    example.let_expire();
    assert_eq!(example.run("whoami").await.good().json()["data"]["subject"]["email"], owner.email);
    assert_ne!(example.refresh_token(), first);
    assert_eq!(example.run("logout").await.good().out, "Signed out.\n");
    assert!(!example.cli.credentials_file().exists());
    let refused = example.run("whoami").await;
    assert_eq!(refused.exit, 1, "{refused:#?}");
    assert!(refused.err.to_lowercase().contains("not signed in"), "{refused:#?}");
}

/// Sends a request to the loopback port of a sign-in and returns the status of the answer.
async fn knock(port: u16, head: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The other side may reset the connection.
    let _ = stream.read_to_end(&mut answer).await;
    let line = String::from_utf8_lossy(&answer).into_owned();
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// A web page that knows the port neither ends nor answers the sign-in, and neither does a connection that sends nothing.
async fn withstands_hostile_requests(app: &TestApp, example: &Example) {
    let login = example.start(&["login"]);
    let link = login.on_terminal(|said| word(said, |word| word.contains("/c/"))).await;
    let browser = app.browser_of(&app.owner().await).await;
    let callback = app.answer(&browser, &link, "authorize").await.url;
    let port: u16 = callback.split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    let own = format!("127.0.0.1:{port}");
    let silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut unfinished = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    unfinished.write_all(b"GET /callback?error=access_denied HTTP/1.1\r\n").await.unwrap();
    let denial = "/callback?error=access_denied&state=x";
    for head in [
        format!("GET {denial} HTTP/1.1\r\nHost: evil.example"),
        format!("GET {denial} HTTP/1.1\r\nHost: evil.example:{port}"),
        format!("GET {denial} HTTP/1.1\r\nHost: localhost:{port}"),
        format!("GET {denial} HTTP/1.1\r\nHost: {own}\r\nSec-Fetch-Mode: cors"),
        format!("GET {denial} HTTP/1.1\r\nHost: {own}\r\nSec-Fetch-Mode: no-cors"),
        format!("OPTIONS {denial} HTTP/1.1\r\nHost: {own}"),
        format!("POST {denial} HTTP/1.1\r\nHost: {own}\r\nContent-Length: 0"),
        format!("GET /favicon.ico HTTP/1.1\r\nHost: {own}"),
    ] {
        let status = knock(port, &head).await;
        assert!(["400", "403", "404", "405", "501"].contains(&status.as_str()), "{head}: {status}");
    }
    let page = visit(&callback).await;
    assert!(page.text().contains("You can return to your terminal"), "{page:#?}");
    assert!(login.ended().await.good().out.ends_with("Signed in.\n"));
    drop((silent, unfinished));
}

both_engines! {
    async fn ch_20_a_web_page_and_an_idle_connection_cannot_disturb_a_sign_in(app) {
        for example in [Example::python(app), Example::go(app), Example::node(app)] {
            withstands_hostile_requests(app, &example).await;
        }
    }

    async fn cg_02_the_registration_in_the_readme_is_enough_for_every_example(app) {
        app.register_documented_tool().await;
        let registered = |example: Example| {
            Example { cli: example.cli.with("CLIENT_ID", "weather-cli"), ..example }
        };
        let bash = registered(Example::bash(app));
        let script = bash.start(&[]);
        connect(app, &script.says(user_code).await).await;
        script.ended().await.good();
        for example in [Example::python(app), Example::go(app), Example::node(app)] {
            signs_in_with_the_browser(app, &registered(example)).await;
        }
        for example in [Example::go(app), Example::node(app)] {
            signs_in_with_a_device_code(app, &registered(example)).await;
        }
    }

    async fn bash_and_curl_sign_in_with_a_device_code(app) {
        let example = Example::bash(app);
        let script = example.start(&[]);
        connect(app, &script.says(user_code).await).await;
        let ran = script.ended().await.good();
        assert_eq!(ran.json()["data"]["subject"]["id"], app.owner().await.id);
    }

    async fn python_signs_in_with_the_browser(app) {
        signs_in_with_the_browser(app, &Example::python(app)).await;
    }

    async fn go_signs_in_with_the_browser(app) {
        signs_in_with_the_browser(app, &Example::go(app)).await;
    }

    async fn go_signs_in_with_a_device_code(app) {
        signs_in_with_a_device_code(app, &Example::go(app)).await;
    }

    async fn node_signs_in_with_the_browser(app) {
        signs_in_with_the_browser(app, &Example::node(app)).await;
    }

    async fn node_signs_in_with_a_device_code(app) {
        signs_in_with_a_device_code(app, &Example::node(app)).await;
    }
}
