//! `defaults.store = "keyring"` with a real secret service: gnome-keyring on a session bus of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::both_engines;
use crate::support::cli::{Cli, Running};

const PROCESSES: usize = 12;

/// A session bus with a keyring. Both end with it.
struct SecretService {
    folder: TempDir,
    address: String,
    children: Vec<Child>,
}

impl Drop for SecretService {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl SecretService {
    /// A bus without a keyring.
    fn bus() -> Self {
        let folder = TempDir::new().unwrap();
        let mut bus = Command::new("dbus-daemon")
            // Not the configuration of the system, whose services would be started on demand.
            .arg(format!("--config-file={}", configuration(&folder)))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            // It warns of the limit of file descriptors.
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed (package dbus)");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { folder, address: address.trim_end().to_owned(), children: vec![bus] }
    }

    /// A bus with an unlocked keyring.
    fn start() -> Self {
        let mut service = Self::bus();
        let mut keyring = service
            .program("gnome-keyring-daemon")
            .args(["--foreground", "--components=secrets", "--unlock"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // It warns that nothing asks for the password of a locked keyring.
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring-daemon is installed (package gnome-keyring)");
        // The password of the keyring, which is made with it.
        keyring.stdin.take().unwrap().write_all(b"open sesame").unwrap();
        service.children.push(keyring);
        let started = Instant::now();
        while service.items().is_none() {
            assert!(started.elapsed() < Duration::from_secs(30), "the keyring does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        service
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("HOME", self.folder.path()).env("XDG_RUNTIME_DIR", self.folder.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    fn call(&self, arguments: &[&str]) -> Option<String> {
        let service = ["--session", "--print-reply", "--dest=org.freedesktop.secrets"];
        let ran = self.program("dbus-send").args(service).args(arguments).output().unwrap();
        ran.status.success().then(|| String::from_utf8(ran.stdout).unwrap())
    }

    /// The number of secrets in the keyring; `None` while there is no keyring.
    fn items(&self) -> Option<usize> {
        let said = self.call(&[
            "/org/freedesktop/secrets/collection/login",
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Items",
        ])?;
        Some(said.matches("object path").count())
    }

    fn lock(&self) {
        let locked = self.call(&[
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ]);
        locked.unwrap();
    }

    /// A CLI that stores its secrets in the keyring.
    fn set_for(&self, cli: Cli) -> Cli {
        fs::create_dir(cli.folder()).unwrap();
        fs::write(cli.folder().join("config.toml"), "[defaults]\nstore = \"keyring\"\n").unwrap();
        cli.with("DBUS_SESSION_BUS_ADDRESS", &self.address)
    }
}

/// A bus that starts no service by itself.
fn configuration(folder: &TempDir) -> String {
    let file = folder.path().join("bus.conf");
    let text = format!(
        "<busconfig><type>session</type><listen>unix:path={}/bus</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
         <allow own=\"*\"/></policy></busconfig>",
        folder.path().display()
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

both_engines! {
    async fn ch_04_a_session_in_the_keyring_is_refreshed_by_one_process_and_signed_out(app) {
        let service = SecretService::start();
        let cli = service.set_for(app.cli());
        app.sign_cli_in(&cli, &app.owner().await, &[]).await;
        assert!(cli.stored("default")["refresh_token"].is_null());
        assert_eq!(service.items(), Some(1), "the refresh token, and no trace of the probe");
        let session = cli.stored("default")["session_id"].as_str().unwrap().to_owned();
        let status = cli.run(&["auth", "status", "--json"]).await.good().json();
        assert_eq!((&status["source"], &status["refreshable"]), (&"keyring".into(), &true.into()));
        cli.run(&["auth", "token"]).await.good();
        for _ in 0..3 {
            let before = app.stored(&session).await.generation;
            cli.let_expire();
            let running: Vec<Running> =
                (0..PROCESSES).map(|_| cli.start(cli.command(&["auth", "token"]))).collect();
            let mut tokens = Vec::new();
            for process in running {
                tokens.push(process.ended().await.good().out);
            }
            tokens.dedup();
            assert_eq!(tokens.len(), 1, "all use the token of the process that refreshed");
            assert_eq!(app.stored(&session).await.generation, before + 1);
            assert_eq!(service.items(), Some(1), "the secret that was replaced is deleted");
        }
        assert_eq!(app.audited("session.refresh_reuse").await, 0);
        let ran = cli.run(&["auth", "logout"]).await.good();
        assert!(ran.err.contains("session revoked at "), "{ran:#?}");
        assert_eq!(service.items(), Some(0));
    }

    async fn a_locked_keyring_is_an_error_that_keeps_the_session(app) {
        let service = SecretService::start();
        let cli = service.set_for(app.cli());
        app.sign_cli_in(&cli, &app.owner().await, &[]).await;
        let before = fs::read(cli.credentials_file()).unwrap();
        service.lock();
        let started = Instant::now();
        for arguments in [&["auth", "token"][..], &["auth", "refresh"], &["auth", "logout"]] {
            let ran = cli.run(arguments).await.failed(2, "Cannot use the keyring of this system\n");
            assert!(ran.err.contains("Unlock it, or keep credentials in the file: "), "{ran:#?}");
        }
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(fs::read(cli.credentials_file()).unwrap(), before);
        let error = cli.run(&["auth", "token", "--json"]).await.error();
        assert_eq!(error["code"], "keyring_unusable");
    }
}

#[tokio::test]
async fn a_bus_without_a_keyring_is_an_error_before_the_sign_in() {
    let service = SecretService::bus();
    let cli = service.set_for(Cli::at("http://127.0.0.1:9"));
    let ran = cli.run(&["auth", "login", "--browser"]).await;
    let ran = ran.failed(2, "Cannot use the keyring of this system\n");
    assert!(ran.err.contains("KEYSTILE_CREDENTIAL_STORE=file"), "{ran:#?}");
    assert!(!cli.credentials_file().exists());
}
