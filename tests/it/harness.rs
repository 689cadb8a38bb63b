//! Tests of the test support.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use keystiled::domain::client::ClientKind;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::html::{self, Form};
use crate::support::http::{Anonymous, BrowserCaller, Machine};

const PAGE: &str = r#"<!doctype html><html lang="en"><head><title>One</title><link rel="icon" href="data:,">
<style>@media (prefers-color-scheme: dark) { body { background: black; color: white } }</style></head>
<body><main><h1>First page</h1><p id="script">without script</p>
<script>document.getElementById("script").textContent = "with script"; console.log("hello", 1)</script>
<form action="/send" method="post"><input type="hidden" name="csrf" value="a&amp;b">
<input type="submit" name="decision" value="Deny">
<label for="name">Name</label><input id="name" name="name" value="old"><input type="checkbox" name="no" aria-label="No">
<input type="radio" name="org" value="1" aria-label="One"><input type="radio" name="org" value="2" checked aria-label="Two">
<button>Send it</button></form><a href="/two">Second page</a></main></body></html>"#;

/// Serves the page above at `/` and JSON at `/json`, and echoes all other requests.
async fn echo_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 65536];
                let mut length = 0;
                loop {
                    length += stream.read(&mut request[length..]).await.unwrap();
                    let text = String::from_utf8_lossy(&request[..length]);
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let expected = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    if body.len() < expected.unwrap_or(0) {
                        continue;
                    }
                    let answer = answer(head, body);
                    return stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    format!("http://{address}")
}

fn answer(head: &str, body: &str) -> String {
    let page = if head.starts_with("GET / ") {
        PAGE.to_owned()
    } else if head.starts_with("GET /json ") {
        r#"{"a":1}"#.to_owned()
    } else {
        format!(
            "<!doctype html><html lang=en><title>Echo</title><link rel=icon href=data:,><pre>{head}\n{body}</pre>"
        )
    };
    let cookies = "Set-Cookie: kept=1; HttpOnly\r\nSet-Cookie: ended=; Max-Age=0\r\n";
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nLocation: /next\r\n{cookies}Connection: close\r\n\
         Content-Length: {}\r\n\r\n{page}",
        page.len()
    )
}

#[tokio::test]
async fn a_person_reads_clicks_and_types() {
    let base = echo_server().await;
    let browser = Browser::new().await;
    let page = browser.page().await;
    page.goto(&base).await;
    page.shows("with script").await;
    assert!(page.transferred() > PAGE.len() as u64);
    page.fill("Name", "Ada & co").await;
    assert_eq!(page.focused().await, "Name");
    page.follow("Send it").await;
    page.arrives_at(&format!("{base}/send")).await;
    page.shows("csrf=a%26b&name=Ada+%26+co&org=2").await;
    assert_eq!(page.cookies().await[0].name, "kept");
    assert_eq!(page.console(), ["\"hello\" 1"]);
    page.goto(&base).await;
    page.click("Second page").await;
    page.shows("GET /two").await;
}

#[tokio::test]
async fn a_person_uses_the_keyboard_alone() {
    let base = echo_server().await;
    let page = Browser::new().await.page().await;
    page.goto(&base).await;
    for name in ["Deny", "Name"] {
        page.press("Tab").await;
        assert_eq!(page.focused().await, name);
    }
    page.type_text("Bob").await;
    page.press("Enter").await;
    page.shows("decision=Deny&name=Bob").await;
}

#[tokio::test]
async fn a_person_works_without_java_script() {
    let base = echo_server().await;
    let page = Browser::new().await.page().await;
    page.java_script(false).await;
    page.goto(&base).await;
    assert!(page.text().await.contains("without script"));
    page.follow("Second page").await;
    assert_eq!(page.url().await, format!("{base}/two"));
    page.java_script(true).await;
    page.goto(&base).await;
    assert!(page.html().await.contains("with script"));
}

#[tokio::test]
async fn a_page_is_inspected() {
    let base = echo_server().await;
    let browser = Browser::new().await;
    let page = browser.page().await;
    page.goto(&base).await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.evaluate::<()>("void (document.title = '')").await;
    assert!(page.axe().await.concat().contains("document-title"));
    let background = "getComputedStyle(document.body).backgroundColor";
    page.set_dark(true).await;
    assert_eq!(page.evaluate::<String>(background).await, "rgb(0, 0, 0)");
    page.set_dark(false).await;
    assert_eq!(page.evaluate::<String>(background).await, "rgba(0, 0, 0, 0)");
    page.set_viewport(320, 640).await;
    assert_eq!(page.evaluate::<u32>("innerWidth").await, 320);
    assert!(!page.scrolls_sideways().await);
    page.evaluate::<()>("void (document.querySelector('h1').style.width = '900px')").await;
    assert!(page.scrolls_sideways().await);
    let folder = TempDir::new().unwrap();
    page.screenshot(&folder.path().join("page.png")).await;
    assert!(folder.path().join("page.png").exists());
}

#[tokio::test]
async fn two_browsers_share_no_cookies() {
    let base = echo_server().await;
    let (one, other) = (Browser::new().await, Browser::new().await);
    let (one, other) = (one.page().await, other.page().await);
    one.goto(&base).await;
    assert_eq!(one.cookies().await.len(), 1);
    other.goto("about:blank").await;
    assert!(other.cookies().await.is_empty());
}

#[test]
fn a_form_is_read_as_a_browser_would_send_it() {
    let form = Form::of(PAGE, "/send");
    assert_eq!(form.field("csrf"), Some("a&b"));
    assert_eq!(form.field("org"), Some("2"));
    assert_eq!(form.field("no"), None);
    assert_eq!(form.field("decision"), None);
    let form = form.with("name", "new").without("csrf");
    assert_eq!((form.field("name"), form.field("csrf")), (Some("new"), None));
    assert!(html::text(PAGE).starts_with("First page without script Name"));
}

#[tokio::test]
async fn callers_of_each_kind_send_their_own_headers() {
    let base = echo_server().await;
    let anonymous = Anonymous::at(&base);
    let answer = anonymous.post("/token", &[("a", "1 2")]).await;
    assert_eq!((answer.status, answer.location(), answer.header("location")), (200, "/next", Some("/next")));
    assert!(answer.text().ends_with("a=1+2"), "{}", answer.text());
    assert_eq!(anonymous.get("/json").await.json()["a"], 1);

    let machine = Machine::at(&base, "cli");
    assert!(machine.post("/token", &[("a", "1")]).await.text().ends_with("client_id=cli&a=1"));
    assert!(machine.get("/x", "secret").await.text().contains("authorization: Bearer secret"));

    let browser = BrowserCaller::at(&base);
    browser.set_cookie("ended", "soon");
    let page = browser.get("/").await;
    let sent = browser.submit(&page.form("/send").with("name", "Ada")).await;
    assert!(sent.text().contains("cookie: kept=1"), "{}", sent.text());
    assert_eq!((browser.cookie("kept").as_deref(), browser.cookie("ended")), (Some("1"), None));
}

both_engines! {
    async fn a_test_has_a_database_and_an_address_of_its_own(app) {
        let url = app.database().url();
        match app.database() {
            Database::Sqlite(_) => SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap()
                .batch_execute("CREATE TABLE a (b int)").unwrap(),
            Database::Postgres { .. } => PgConnection::establish(&url).unwrap()
                .batch_execute("CREATE TABLE a (b int)").unwrap(),
        }
        assert_eq!(app.config.database.url.expose(), url);
        assert!(app.config.server.data_dir.starts_with(app.data_dir()));
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
        let other = TestApp::on(Database::sqlite()).await;
        assert_ne!(other.config.server.public_url, app.config.server.public_url);
        other.stop().await;
    }

    async fn a_person_signs_in_to_a_tool(app) {
        let session = app.session().await;
        assert_eq!(app.whoami(&session.tokens.access).await.json()["data"]["subject"]["id"], session.person.id);
        assert_eq!(app.stored(&session.tokens.session()).await.generation, 1);
        assert_eq!((app.count("credentials").await, app.audited("session.started").await), (1, 1));
        let member = app.member("viewer").await;
        let client = app.client(ClientKind::Confidential).await;
        let theirs = app.session_of(&client, &member).await;
        assert_eq!(app.refresh(&client, &theirs.tokens.refresh).await.status, 200);
    }

    async fn time_passes_when_a_test_says_so(app, |app| app.manual_clock()) {
        let session = app.session().await;
        app.advance(TimeDelta::hours(8));
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
    }
}
