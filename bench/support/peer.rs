//! Another server, started as `bench/peers/README.md` describes.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keystiled::domain::secret::Secret;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::sleep;

use super::database::Database;
use super::deployment::free_address;
use super::load::Target;
use super::process::Process;

const PATIENCE: Duration = Duration::from_secs(60);

/// The content of `peer.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    /// Program and arguments, run in the folder of the peer.
    command: Vec<String>,
    /// Command that prints the version.
    version: Vec<String>,
    /// Path of the token endpoint.
    pub(crate) path: String,
    pub(crate) client_id: String,
    pub(crate) variants: Vec<Variant>,
    #[serde(skip)]
    folder: PathBuf,
}

/// A configuration of a peer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    /// Name in the table.
    pub(crate) name: String,
    store: Store,
    processes: usize,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Store {
    Memory,
    Sqlite,
    Postgres,
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl Manifest {
    /// All peers, by name.
    pub(crate) fn all() -> Result<Vec<Self>, Box<dyn Error>> {
        let mut manifests = Vec::new();
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/peers"))? {
            let folder = entry?.path();
            if folder.is_dir() {
                let text = fs::read_to_string(folder.join("peer.toml"))?;
                manifests.push(Self { folder, ..toml::from_str(&text)? });
            }
        }
        manifests.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(manifests)
    }

    /// The version of the peer and its platform, or why it cannot be measured here.
    pub(crate) fn version(&self) -> Result<String, String> {
        let [program, arguments @ ..] = self.version.as_slice() else {
            return Err("peer.toml has no version command".to_owned());
        };
        let output = Command::new(program).args(arguments).current_dir(&self.folder).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        let said = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
        };
        if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
    }
}

/// A running peer, killed when dropped.
pub(crate) struct Peer {
    child: Child,
    /// Directory of its files.
    folder: TempDir,
    pub(crate) target: Target,
    pub(crate) tokens: Vec<Secret>,
}

impl Peer {
    /// Starts a peer with this many sessions.
    pub(crate) async fn start(
        manifest: &Manifest,
        variant: &Variant,
        postgres: &Database,
        sessions: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let [program, arguments @ ..] = manifest.command.as_slice() else {
            return Err(format!("{}: peer.toml has no command", manifest.name).into());
        };
        let folder = TempDir::new()?;
        let path = |name| folder.path().join(name).display().to_string();
        let database = match variant.store {
            Store::Memory => String::new(),
            Store::Sqlite => path("peer.db"),
            Store::Postgres => {
                let name: String = manifest.name.chars().filter(char::is_ascii_alphanumeric).collect();
                postgres.another(&format!("peer_{name}"))?.url()
            }
        };
        let address = free_address()?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(&manifest.folder)
            .env("BENCH_PEER_ADDRESS", address.to_string())
            .env("BENCH_PEER_STORE", variant.store.name())
            .env("BENCH_PEER_DATABASE", database)
            .env("BENCH_PEER_PROCESSES", variant.processes.to_string())
            .env("BENCH_PEER_SESSIONS", sessions.to_string())
            .env("BENCH_PEER_TOKENS", path("tokens"))
            .stdin(Stdio::null())
            .stdout(fs::File::create(path("out"))?)
            .stderr(fs::File::create(path("err"))?)
            .spawn()?;
        let target = Target { address, process: Process::new(child.id()) };
        let mut peer = Self { child, folder, target, tokens: Vec::new() };
        peer.wait().await?;
        Ok(peer)
    }

    async fn wait(&mut self) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        let read = |name| fs::read_to_string(self.folder.path().join(name));
        while !read("out")?.lines().any(|line| line == "ready") {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended with {status}: {}", read("err")?).into());
            }
            if begun.elapsed() > PATIENCE {
                return Err("it did not become ready".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.tokens = read("tokens")?.lines().map(Secret::new).collect();
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have exited already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
