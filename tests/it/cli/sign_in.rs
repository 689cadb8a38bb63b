//! `auth login`.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use url::Url;

use crate::support::both_engines;
use crate::support::cli::{Cli, companion, visit};
use crate::support::http::Anonymous;

/// The redirect URL with one parameter replaced.
fn replaced(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(known, old)| {
            let new = if known == name { value.into() } else { old };
            (known.into_owned(), new.into_owned())
        })
        .collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

both_engines! {
    async fn a_person_signs_in_and_the_terminal_says_as_whom(app) {
        let owner = app.owner().await;
        let cli = app.cli();
        let login = cli.login(&[]);
        let link = login.link().await;
        let browser = app.browser_of(&owner).await;
        let opened = browser.get(&link).await;
        let consent = browser.follow(opened).await;
        let check = link.rsplit('/').next().unwrap();
        assert!(consent.text().contains(check), "the page shows the code of the link: {}", consent.text());
        let back = crate::support::oauth::Returned::from_page(&app.decide(&browser, &consent, "authorize").await);
        let page = visit(&back.url).await;
        assert_eq!((page.status, page.location()), (303, format!("{}/done?c=keystile-cli", app.issuer()).as_str()));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let done = browser.get(page.location()).await;
        assert_eq!(done.status, 200, "{}", done.text());

        let ran = login.ended().await.good();
        assert_eq!(ran.out, "");
        for said in [
            format!("  Check that the page shows this code:  {check}"),
            format!("✓ Signed in as {}", owner.email),
            format!("  Organization  {} ({})", owner.organization.name, owner.organization.id),
            "  Profile       default".to_owned(),
            format!("  Stored in     {} (0600)", cli.credentials_file().display()),
            "  Access        8 hours, refreshed automatically; ends after 90 days without use".to_owned(),
        ] {
            assert!(ran.err.lines().any(|line| line == said), "{said}: {ran:#?}");
        }
        let whoami = cli.run(&["auth", "whoami", "--json"]).await.good().json();
        assert_eq!(whoami["subject"]["email"], owner.email);
        assert_eq!(whoami["kind"], "cli_session");
    }

    async fn cli_01_wrong_state_fails_in_the_browser_and_leaves_nothing_on_disk(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "authorize").await;
        let page = visit(&replaced(&back.url, "state", "not-the-one")).await;
        assert_eq!(page.status, 400);
        assert!(page.text().contains("Sign-in failed"), "{}", page.text());
        login.ended().await.says_at_its_end(2, "OAuth state mismatch\n  The browser callback did not match the \
            original session token. Possible CSRF — aborting.");
        assert!(!cli.credentials_file().exists());
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn an_answer_of_another_server_is_refused(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "authorize").await;
        assert_eq!(visit(&replaced(&back.url, "iss", "https://evil.example")).await.status, 400);
        login.ended().await.says_at_its_end(2, "OAuth issuer mismatch");
        assert!(!cli.credentials_file().exists());
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn cli_02_probes_and_scripts_do_not_settle_a_sign_in(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "authorize").await.url;
        let caller = Anonymous::at(Url::parse(&back).unwrap().origin().ascii_serialization().as_str());
        assert_eq!(caller.send(caller.request(Method::OPTIONS, &back)).await.status, 405);
        assert_eq!(caller.send(caller.request(Method::POST, &back)).await.status, 405);
        assert_eq!(caller.get("/favicon.ico").await.status, 404);
        for (name, value) in [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "iframe")] {
            assert_eq!(caller.send(caller.request(Method::GET, &back).header(name, value)).await.status, 400);
        }
        assert_eq!(caller.send(caller.request(Method::GET, &back).header("Host", "evil.example")).await.status, 400);
        assert!(!cli.credentials_file().exists());
        assert_eq!(visit(&back).await.status, 303);
        login.ended().await.good();
    }

    async fn cli_03_a_browser_that_hangs_up_after_the_code_does_not_lose_the_sign_in(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = Url::parse(&app.answer(&browser, &login.link().await, "authorize").await.url).unwrap();
        let address = (back.host_str().unwrap(), back.port().unwrap());
        let mut stream = TcpStream::connect(address).await.unwrap();
        let target = format!("{}?{}", back.path(), back.query().unwrap());
        let head = format!("GET {target} HTTP/1.1\r\nHost: {}:{}\r\n\r\n", address.0, address.1);
        stream.write_all(head.as_bytes()).await.unwrap();
        drop(stream);
        login.ended().await.good();
        assert_eq!(cli.stored("default")["state"], "ok");
    }

    async fn a_denial_is_reported_and_stores_nothing(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "deny").await;
        let page = visit(&back.url).await;
        assert_eq!((page.status, page.location()), (303, format!("{}/denied", app.issuer()).as_str()));
        login.ended().await.says_at_its_end(2, "Sign-in was denied\n  \
            You chose Deny on the approval page, or could not approve there. Nothing was stored.");
        assert!(!cli.credentials_file().exists());
    }

    async fn a_sign_in_that_nobody_approves_ends_at_its_deadline(app) {
        let cli = app.cli();
        cli.login(&["--timeout", "1s"]).ended().await.says_at_its_end(2, "OAuth flow timed out\n  \
            No callback received within 1 second.");
        assert!(!cli.credentials_file().exists());
    }

    async fn a_second_sign_in_replaces_the_session_and_ends_the_old_one(app) {
        let owner = app.owner().await;
        let cli = app.cli_of(&owner).await;
        let first = cli.stored("default");
        app.sign_cli_in(&cli, &owner, &[]).await;
        let second = cli.stored("default");
        assert_ne!(first["session_id"], second["session_id"]);
        assert!(app.stored(first["session_id"].as_str().unwrap()).await.revoked_at.is_some());
        assert!(app.stored(second["session_id"].as_str().unwrap()).await.revoked_at.is_none());
    }

    async fn two_profiles_hold_two_people(app) {
        let (owner, member) = (app.owner().await, app.member("member").await);
        let cli = app.cli_of(&owner).await;
        app.sign_cli_in(&cli, &member, &["--profile", "work"]).await;
        let email = async |profile: &str| {
            let ran = cli.run(&["whoami", "--json", "-p", profile]).await.good();
            ran.json()["subject"]["email"].as_str().unwrap().to_owned()
        };
        assert_eq!((email("default").await, email("work").await), (owner.email, member.email));
    }

    async fn cli_13_on_a_terminal_the_browser_opens_and_the_link_is_one_line_at_40_columns(app) {
        let cli = app.cli().with_recording_browser().with("TERM", "xterm");
        let command = format!("stty cols 40; exec {} auth login", companion());
        let mut script = cli.wrapped("script", &["-qec", &command, "/dev/null"]);
        script.stdin(std::process::Stdio::piped());
        let mut login = cli.start(script);
        let link = login.on_terminal(|said| {
            let line = said.lines().map(str::trim).find(|line| line.contains("/c/"))?;
            said.contains("Waiting for you").then(|| line.to_owned())
        }).await;
        assert_eq!(Url::parse(&link).unwrap().path().len(), "/c/7KQ2-XM4T".len(), "{link}");
        let started = Instant::now();
        while cli.opened().is_empty() && started.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(cli.opened(), std::slice::from_ref(&link));
        login.types("\n");
        while cli.opened().len() < 2 && started.elapsed() < Duration::from_secs(40) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(cli.opened().len(), 2, "Enter opens the browser again");
        let browser = app.browser_of(&app.owner().await).await;
        visit(&app.answer(&browser, &link, "authorize").await.url).await;
        let ran = login.ended().await.good();
        assert!(ran.out.contains("Signed in as"), "{ran:#?}");
    }

    async fn ctrl_c_stops_a_sign_in_at_once(app) {
        let cli = app.cli();
        let login = cli.login(&[]);
        login.link().await;
        login.interrupt();
        login.ended().await.says_at_its_end(130, "Stopped");
        assert!(!cli.credentials_file().exists());
    }
}

#[tokio::test]
async fn cli_06_without_a_terminal_and_a_credential_every_command_ends_at_once_and_no_browser_opens() {
    // No one listens there, so a command that waits or calls would be noticed.
    let cli = Cli::at("http://127.0.0.1:9").with_recording_browser();
    for command in [
        &["auth", "login"][..],
        &["login"],
        &["auth", "status"],
        &["auth", "whoami"],
        &["auth", "token"],
        &["auth", "refresh"],
        &["api", "GET", "/api/v1/whoami"],
    ] {
        let started = Instant::now();
        let ran = cli.run(command).await.failed(2, "Not authenticated\n  Run `keystile auth login` and");
        let took = started.elapsed();
        assert!(ran.err.contains("In scripts and CI, set KEYSTILE_API_KEY."), "{ran:#?}");
        assert!(took < Duration::from_secs(1), "{command:?} took {took:?}");
    }
    // The fastest of several runs counts, because the machine may be busy.
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        cli.run(&["auth", "login"]).await.failed(2, "Not authenticated\n");
        fastest = fastest.min(started.elapsed());
    }
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
    assert!(cli.opened().is_empty());
    assert!(!cli.folder().join("credentials.json").exists());
}

#[tokio::test]
async fn a_server_that_is_down_is_reported() {
    let cli = Cli::at("http://127.0.0.1:9");
    cli.run(&["auth", "login", "--browser", "--no-retry"])
        .await
        .failed(3, "Cannot reach 127.0.0.1:9\n  connection refused.");
    assert!(fs::read_dir(cli.home()).unwrap().count() > 0);
}
