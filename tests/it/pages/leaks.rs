//! Nothing that is secret is written down: not in the log, not in the database, not in an audit event.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use keystile::domain::secret::Secret;
use keystile::web::browser::FormTokens;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use super::SESSION_COOKIE;
use crate::support::both_engines;
use crate::support::http::{Anonymous, BrowserCaller};
use crate::support::oauth::{Ask, Returned, Tokens};
use crate::support::people::TestClient;

const PASSWORD: &str = "seven lanterns under the bridge";
const WRONG_PASSWORD: &str = "eight lanterns under the bridge";
/// What a person types into the wrong field.
const MISPLACED: &str = "nine-lanterns-under-the-bridge@example.com";

/// The built server in a process of its own, with everything that it logs.
struct Process {
    child: std::process::Child,
    base: String,
    output: thread::JoinHandle<String>,
    errors: thread::JoinHandle<String>,
    folder: TempDir,
}

impl Process {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let base = format!("http://{address}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_keystiled"))
            .env("KEYSTILE_PUBLIC_URL", &base)
            .env("KEYSTILE_LISTEN", address.to_string())
            .env("KEYSTILE_DATA_DIR", folder.path())
            .env("KEYSTILE_LOG__FORMAT", "json")
            .env("KEYSTILE_LOG__LEVEL", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let collect = |mut from: Box<dyn std::io::Read + Send>| {
            thread::spawn(move || {
                let mut text = String::new();
                from.read_to_string(&mut text).unwrap();
                text
            })
        };
        let output = collect(Box::new(child.stdout.take().unwrap()));
        let errors = collect(Box::new(child.stderr.take().unwrap()));
        let anonymous = Anonymous::at(&base);
        for _ in 0..600 {
            if anonymous.request(Method::GET, "/healthz").send().await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { child, base, output, errors, folder }
    }

    /// Ends the server and returns what it printed and what it logged.
    fn end(mut self) -> (String, String, TempDir) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.output.join().unwrap(), self.errors.join().unwrap(), self.folder)
    }
}

#[tokio::test]
async fn lo_01_no_secret_of_a_whole_sign_in_is_written_down() {
    let server = Process::start().await;
    let anonymous = Anonymous::at(&server.base);
    let browser = BrowserCaller::at(&server.base);
    let mut secrets: Vec<String> = [PASSWORD, WRONG_PASSWORD, MISPLACED].map(str::to_owned).into();

    let setup = browser.get("/setup").await;
    secrets.push(setup.form("/setup").field("csrf").unwrap().to_owned());
    secrets.push(browser.cookie(SESSION_COOKIE).unwrap());
    let sign_in = [("email", MISPLACED), ("password", WRONG_PASSWORD)];
    let mut form = setup.form("/setup").with("password", PASSWORD).with("code", "AAAA-AAAA");
    form = form.with("name", "Ada").with("email", "ada@example.com").with("organization", "Northwind Labs");
    assert_eq!(browser.submit(&form).await.status, 422);
    // The process cannot be asked for its setup code, so the first owner is made by the command for operators.
    let mut init = Command::new(env!("CARGO_BIN_EXE_keystiled"))
        .args(["init", "--org", "Northwind Labs", "--email", "ada@example.com", "--password-stdin"])
        .env("KEYSTILE_DATA_DIR", server.folder.path())
        .env("KEYSTILE_PUBLIC_URL", &server.base)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut init.stdin.take().unwrap(), PASSWORD.as_bytes()).unwrap();
    assert!(init.wait().unwrap().success());

    let mut form = browser.get("/sign-in").await.form("/sign-in");
    for (name, value) in sign_in {
        form = form.with(name, value);
    }
    assert_eq!(browser.submit(&form).await.status, 422);
    let form = form.with("email", "ada@example.com").with("password", PASSWORD);
    assert_eq!(browser.submit(&form).await.status, 303);
    secrets.extend([SESSION_COOKIE, "keystile_known"].map(|name| browser.cookie(name).unwrap()));

    let client = TestClient {
        id: "keystile-cli".to_owned(),
        secret: None,
        redirect_uri: "http://127.0.0.1:54321/callback".to_owned(),
    };
    let ask = Ask::of(&client);
    secrets.push(ask.verifier.clone());
    let form: Vec<(&str, &str)> =
        ask.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let pushed = anonymous.post("/oauth/par", &form).await.json();
    let reference = pushed["request_uri"].as_str().unwrap();
    secrets.push(reference.rsplit(':').next().unwrap().to_owned());
    secrets.push(pushed["user_check"].as_str().unwrap().to_owned());
    let link = pushed["login_url"].as_str().unwrap().strip_prefix(&server.base).unwrap();
    let consent = browser.follow(browser.get(link).await).await;
    let form = consent.form_to("/authorize/").with("decision", "authorize");
    secrets.push(form.field("csrf").unwrap().to_owned());
    let returned = Returned::from_page(&browser.follow(browser.submit(&form).await).await);
    secrets.push(returned.code().to_owned());
    let exchange = [
        ("client_id", "keystile-cli"),
        ("grant_type", "authorization_code"),
        ("code", returned.code()),
        ("code_verifier", &ask.verifier),
        ("redirect_uri", &client.redirect_uri),
    ];
    let first = Tokens::of(&anonymous.post("/oauth/token", &exchange).await);
    let refresh =
        [("client_id", "keystile-cli"), ("grant_type", "refresh_token"), ("refresh_token", &first.refresh)];
    let second = Tokens::of(&anonymous.post("/oauth/token", &refresh).await);
    for tokens in [&first, &second] {
        secrets.extend([tokens.access.clone(), tokens.refresh.clone()]);
        secrets.push(tokens.access.rsplit('.').next().unwrap().to_owned());
    }
    for path in ["/api/v1/whoami", "/oauth/userinfo"] {
        let request = anonymous.request(Method::GET, path).bearer_auth(&second.access);
        assert_eq!(anonymous.send(request).await.status, 200, "{path}");
        anonymous.get(&format!("{path}?access_token={}", second.access)).await;
    }
    let revoke = [("client_id", "keystile-cli"), ("token", second.refresh.as_str())];
    anonymous.post("/oauth/revoke", &revoke).await;
    let ansi = anonymous.request(Method::GET, "/%1b[31m%0d%0aforged").header("User-Agent", "a\tb \"c\" {d}");
    anonymous.send(ansi).await;

    let (printed, logged, folder) = server.end();
    assert!(logged.lines().count() > 20, "the log is empty, so nothing was proved: {logged}");
    // LO-02: one event a line, each of them JSON.
    for line in logged.lines() {
        assert!(
            serde_json::from_str::<Value>(line).is_ok() || printed.contains(line) || is_banner(line),
            "{line}"
        );
        assert!(!line.contains('\u{1b}'), "{line}");
    }
    let mut written =
        vec![("the log".to_owned(), logged.into_bytes()), ("the output".to_owned(), printed.into_bytes())];
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            written.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    for (place, bytes) in &written {
        let text = String::from_utf8_lossy(bytes);
        for secret in &secrets {
            // The short code is on the person's screen; the database needs it to find the request.
            let shown = secret.len() == 9 && place.contains("keystile.db");
            assert!(shown || !text.contains(secret.as_str()), "{secret} is in {place}");
        }
    }
}

/// What the server prints for people when it starts.
fn is_banner(line: &str) -> bool {
    line.starts_with("Keystile ") || line.starts_with("  ")
}

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
