//! No secret appears in logs, CLI output, pages, the audit log or the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use url::form_urlencoded::{byte_serialize, parse};

use crate::support::both_databases;
use crate::support::cli::{Cli, Ran, visit};
use crate::support::daemon::Daemons;
use crate::support::database::Database;
use crate::support::http::{Anonymous, BrowserCaller};
use crate::support::oauth::{Ask, Returned, Tokens};
use crate::support::people::TestClient;
use crate::support::ports::unused_address;
use crate::support::relay::{Exchange, Relay};

const PASSWORD: &str = "nine umbrellas for one duck";
const WRONG_PASSWORD: &str = "eight umbrellas for no duck";
const EMAIL: &str = "ada@example.com";

/// The fields of forms and JSON that hold secrets.
const FIELDS: [&str; 12] = [
    "access_token",
    "client_secret",
    "code",
    "code_verifier",
    "csrf",
    "id_token",
    "password",
    "refresh_token",
    "request_uri",
    "state",
    "token",
    "api_key",
];

/// The secrets of this run, by kind.
#[derive(Default)]
struct Secrets(BTreeMap<String, BTreeSet<String>>);

impl Secrets {
    fn add(&mut self, kind: &str, secret: &str) {
        if secret.len() >= 8 {
            self.0.entry(kind.to_owned()).or_default().insert(secret.to_owned());
        }
    }

    fn of_exchanges(exchanges: &[Exchange]) -> Self {
        let mut secrets = Self::default();
        for Exchange { request, answer } in exchanges {
            secrets.of_head(request);
            secrets.of_head(answer);
            let body = |message: &str| message.split_once("\r\n\r\n").unwrap_or_default().1.to_owned();
            for (name, value) in parse(body(request).as_bytes()) {
                secrets.of_field(&name, &value);
            }
            if let Ok(Value::Object(fields)) = serde_json::from_str(&body(answer)) {
                for (name, value) in fields {
                    secrets.of_field(&name, value.as_str().unwrap_or_default());
                }
            }
        }
        secrets
    }

    fn of_field(&mut self, name: &str, value: &str) {
        if FIELDS.contains(&name) {
            self.add(name, value);
        }
    }

    fn of_head(&mut self, message: &str) {
        let head = message.split("\r\n\r\n").next().unwrap_or_default();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "set-cookie" => {
                    let pair = value.split(';').next().unwrap_or_default();
                    self.add("cookie", pair.split_once('=').unwrap_or_default().1);
                }
                "authorization" => {
                    let (scheme, credentials) = value.split_once(' ').unwrap();
                    self.add("authorization", credentials);
                    if scheme == "Basic" {
                        let pair = String::from_utf8(STANDARD.decode(credentials).unwrap()).unwrap();
                        self.add("client_secret", pair.split_once(':').unwrap().1);
                    }
                }
                _ => {}
            }
        }
    }

    /// Searches for all secrets except those of the kinds that belong there.
    fn are_not_in(&self, place: &str, text: &str, except: &[&str]) {
        for (kind, secrets) in self.0.iter().filter(|(kind, _)| !except.contains(&kind.as_str())) {
            for secret in secrets {
                let encoded: String = byte_serialize(secret.as_bytes()).collect();
                let at = text.find(secret.as_str()).or_else(|| text.find(&encoded));
                if let Some(at) = at {
                    let around: String =
                        text[..at].chars().rev().take(200).collect::<Vec<_>>().iter().rev().collect();
                    panic!("a {kind} is in {place}, after: {around}");
                }
            }
        }
    }
}

/// The content of the database as text.
fn dump(database: &Database) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }

    match database {
        Database::Sqlite(folder) => {
            let files =
                fs::read_dir(folder.path()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
            files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
        }
        Database::Postgres { .. } => {
            let mut connection = PgConnection::establish(&database.url()).unwrap();
            let tables = "SELECT table_name AS line FROM information_schema.tables WHERE table_schema = current_schema()";
            let tables: Vec<Line> = diesel::sql_query(tables).load(&mut connection).unwrap();
            let rows = tables.iter().flat_map(|Line { line: table }| {
                let query = format!("SELECT t::text AS line FROM {table} t");
                diesel::sql_query(query).load::<Line>(&mut connection).unwrap()
            });
            rows.map(|row| row.line).collect::<Vec<_>>().join("\n")
        }
    }
}

async fn authorize(browser: &BrowserCaller, path: &str) -> Returned {
    let opened = browser.get(path).await;
    let consent = browser.follow(opened).await;
    let form = consent.form_to("/authorize/").with("decision", "authorize");
    let answer = browser.submit(&form).await;
    Returned::from_page(&browser.follow(answer).await)
}

/// All operations of a person with the tool, with the most verbose output.
async fn use_the_tool(cli: &Cli, browser: &BrowserCaller) -> Vec<Ran> {
    let login = cli.login(&["-vv"]);
    let back = authorize(browser, &login.link().await).await;
    assert_eq!(visit(&back.url).await.status, 303);
    let mut ran = vec![login.ended().await.good()];
    for command in [
        &["whoami"][..],
        &["auth", "status"],
        &["auth", "refresh"],
        &["auth", "refresh", "--json"],
        &["api", "GET", "/api/v1/sessions"],
        &["api", "GET", "/api/v1/nothing"],
    ] {
        ran.push(cli.run(&[command, &["-vv"]].concat()).await);
    }
    let denied = cli.login(&["-vv"]);
    let link = denied.link().await;
    let opened = browser.get(&link).await;
    let consent = browser.follow(opened).await;
    let answer = browser.submit(&consent.form_to("/authorize/").with("decision", "deny")).await;
    visit(&Returned::from_page(&browser.follow(answer).await).url).await;
    ran.push(denied.ended().await);
    ran
}

/// The operations of a confidential client, and those of an attacker with old secrets.
async fn use_the_protocol(url: &str, browser: &BrowserCaller, client: &TestClient) {
    let caller = Anonymous::at(url);
    let secret = client.secret.as_deref();
    let ask = Ask::of(client).with("scope", "openid offline_access");
    let code = authorize(browser, &ask.path()).await.code().to_owned();
    let exchange = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", &ask.verifier)];
    let token = |form: &[(&str, &str)], secret: Option<&str>| {
        caller.send(caller.request(Method::POST, "/oauth/token").basic_auth(&client.id, secret).form(form))
    };
    assert_eq!(token(&exchange, Some("not-the-secret-of-this-client")).await.status, 401);
    let mut wrong_verifier = exchange;
    wrong_verifier[2].1 = "another-verifier-that-is-long-enough-to-be-one";
    assert_eq!(token(&wrong_verifier, secret).await.status, 400);
    let first = Tokens::of(&token(&exchange, secret).await);
    let refresh = async |refresh_token: &str| {
        token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)], secret).await
    };
    let second = Tokens::of(&refresh(&first.refresh).await);
    let third = Tokens::of(&refresh(&second.refresh).await);
    for path in ["/api/v1/whoami", "/oauth/userinfo"] {
        let bearer = caller.request(Method::GET, path).bearer_auth(&third.access);
        assert!(caller.send(bearer).await.status < 500);
        let in_query = format!("{path}?access_token={}", third.access);
        assert_eq!(caller.get(&in_query).await.status, 400);
    }
    assert_eq!(refresh(&first.refresh).await.status, 400, "reuse");
    assert_eq!(refresh(&third.refresh).await.status, 400, "the reuse has ended the session");
    assert_eq!(token(&exchange, secret).await.status, 400);
    assert_eq!(caller.post("/oauth/token", &[("refresh_token", &third.refresh)]).await.status, 401);
    let revoke = caller.request(Method::POST, "/oauth/revoke").basic_auth(&client.id, secret);
    caller.send(revoke.form(&[("token", &third.refresh)])).await;
}

both_databases! {
    async fn lo_01_no_secret_is_in_logs_output_pages_audit_or_database(database) {
        let (relay, folder) = (Relay::start(), TempDir::new().unwrap());
        let listen = unused_address();
        relay.lead_to(listen);
        let daemons = Daemons::new(
            &[
                ("KEYSTILE_PUBLIC_URL", relay.url()),
                ("KEYSTILE_LISTEN", listen.to_string()),
                ("KEYSTILE_DATA_DIR", folder.path().display().to_string()),
                ("KEYSTILE_DATABASE_URL", database.url()),
                ("KEYSTILE_LOG__LEVEL", "trace".to_owned()),
            ],
            &relay.url(),
            folder.path(),
        );
        let mut server = daemons.start().await;
        let setup_code = daemons.prints(|said| Some(said.split("with the code ").nth(1)?.split(' ').next()?.to_owned()));
        let setup_code = setup_code.await;
        let browser = BrowserCaller::at(&relay.url());
        let form = browser.get("/setup").await.form("/setup").with("code", &setup_code).with("name", "Ada");
        let form = form.with("email", EMAIL).with("password", PASSWORD).with("organization", "Analytical");
        assert_eq!(browser.submit(&form).await.status, 200);

        let add = ["client", "add", "--name", "Fred", "--kind", "confidential", "--json",
            "--redirect-uri", "https://app.example/callback"];
        let added = daemons.command(&add).output().unwrap();
        let added: Value = serde_json::from_slice(&added.stdout).unwrap_or_else(|_| panic!("{added:?}"));
        let client = TestClient {
            id: added["client_id"].as_str().unwrap().to_owned(),
            secret: added["client_secret"].as_str().map(str::to_owned),
            redirect_uri: "https://app.example/callback".to_owned(),
        };

        let other = BrowserCaller::at(&relay.url());
        let sign_in = other.get("/sign-in").await.form("/sign-in").with("email", EMAIL);
        assert_ne!(other.submit(&sign_in.clone().with("password", WRONG_PASSWORD)).await.status, 303);
        assert_eq!(other.submit(&sign_in.with("password", PASSWORD)).await.status, 303);

        let cli = Cli::at(&relay.url());
        let mut ran = use_the_tool(&cli, &other).await;
        use_the_protocol(&relay.url(), &other, &client).await;
        ran.push(cli.run(&["auth", "logout", "-vv"]).await.good());
        server.kill();

        let seen = relay.seen();
        let mut secrets = Secrets::of_exchanges(&seen);
        secrets.add("setup code", &setup_code);
        for kind in ["access_token", "authorization", "client_secret", "code", "code_verifier", "cookie", "csrf",
            "id_token", "password", "refresh_token", "request_uri", "state"] {
            assert!(secrets.0.get(kind).is_some_and(|found| !found.is_empty()), "this run had no {kind}");
        }

        // The setup code is printed once at the start.
        let log = daemons.output();
        assert!(log.contains("POST"), "the log is not empty");
        secrets.are_not_in("the log", &log.replacen(&setup_code, "", 1), &[]);
        for ran in &ran {
            secrets.are_not_in("what the tool prints", &format!("{}\n{}", ran.out, ran.err), &[]);
        }
        for Exchange { request, answer } in seen.iter().filter(|seen| seen.answer.contains("text/html")) {
            let page = request.lines().next().unwrap_or_default().split('?').next().unwrap_or_default();
            let body = answer.split_once("\r\n\r\n").unwrap_or_default().1;
            // The redirect contains code and state, and each form its CSRF token; a wrong setup code, or a link with
            // one, is shown to the person who typed it.
            secrets.are_not_in(page, body, &["code", "state", "csrf"]);
        }
        // A request is stored with its state, and found by the code of its link.
        secrets.are_not_in("the database", &dump(&database), &["state"]);
    }
}

#[test]
#[should_panic(expected = "a password is in the log")]
fn a_secret_is_found_also_where_it_is_encoded() {
    let mut secrets = Secrets::default();
    secrets.add("password", PASSWORD);
    secrets.are_not_in("the log", "refused password=nine+umbrellas+for+one+duck", &[]);
}
