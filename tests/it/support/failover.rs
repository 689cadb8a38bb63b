//! PostgreSQL failover: a primary with a standby, an address that can switch between them, and PgBouncer.

use std::fs;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::ports::unused_address;
use super::postgres::value;

/// A primary and its standby, stopped on drop.
pub(crate) struct Cluster {
    folder: TempDir,
    pub(crate) primary: String,
    pub(crate) standby: String,
}

impl Cluster {
    pub(crate) fn with_standby() -> Self {
        let folder = TempDir::new().unwrap();
        let started = bash(
            &folder,
            "start_cluster \"$0\" fsync=off; start_standby \"$0\" \"$cluster_url\"; echo \"$cluster_url $standby_url\"",
        );
        let (primary, standby) = started.trim().split_once(' ').unwrap();
        Self { primary: primary.to_owned(), standby: standby.to_owned(), folder }
    }

    /// Waits until the standby has caught up.
    pub(crate) fn settle(&self) {
        let end = value(&self.primary, "pg_current_wal_lsn()");
        let replayed = format!("pg_last_wal_replay_lsn() >= '{end}'");
        wait_for("the standby does not follow", || value(&self.standby, &replayed) == "true");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        bash(&self.folder, "stop_clusters \"$0\"");
    }
}

/// Runs functions of `tests/cluster.sh` on a folder.
fn bash(folder: &TempDir, script: &str) -> String {
    let script = format!("set -euo pipefail; source tests/cluster.sh; {script}");
    let done = Command::new("bash").arg("-c").arg(script).arg(folder.path()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// Polls a condition.
pub(crate) fn wait_for(otherwise: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "{otherwise}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Host and port of a URL.
pub(crate) fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once('@').unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

/// An address that can switch between servers, like a virtual IP or DNS name.
pub(crate) struct Tunnel {
    address: SocketAddr,
    leads_to: Arc<Mutex<SocketAddr>>,
    cut: watch::Sender<u32>,
}

impl Tunnel {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let leads_to = Arc::new(Mutex::new(server));
        let (cut, cuts) = watch::channel(0);
        let shared = leads_to.clone();
        // On a separate thread, because a test may block its own.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((caller, _)) = listener.accept().await {
                    let server = *shared.lock().unwrap();
                    tokio::spawn(pass_on(caller, server, cuts.clone()));
                }
            });
        });
        Self { address, leads_to, cut }
    }

    /// The URL of a database, at this address.
    pub(crate) fn url(&self, direct: &str) -> String {
        direct.replace(&address_of(direct).to_string(), &self.address.to_string())
    }

    /// Switches new connections to another server.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.leads_to.lock().unwrap() = server;
    }

    /// Closes all connections.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}

async fn pass_on(mut caller: TcpStream, server: SocketAddr, mut cuts: watch::Receiver<u32>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    cuts.mark_unchanged();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut caller, &mut server) => {}
        _ = cuts.changed() => {}
    }
}

/// A PgBouncer in transaction mode, stopped on drop.
pub(crate) struct PgBouncer {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts in front of the server at this host and port. `round_robin` gives each transaction another
    /// server session if there are several.
    pub(crate) fn start(server: &str, round_robin: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let address = unused_address();
        let (host, port) = server.split_once(':').unwrap();
        let settings = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}/users\npool_mode = transaction\n\
             default_pool_size = 6\nserver_round_robin = {}\nmax_client_conn = 200\n",
            address.port(),
            folder.path().display(),
            u8::from(round_robin),
        );
        // It refuses to run as root, and drops privileges before it reads its files.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("users"), "\"keystile\" \"\"\n").unwrap();
        fs::write(folder.path().join("pgbouncer.ini"), settings).unwrap();
        let mut command = Command::new("pgbouncer");
        // Debian installs it in /usr/sbin.
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap()));
        if is_root() {
            command.args(["-u", "postgres"]);
        }
        command.arg("-q").arg(folder.path().join("pgbouncer.ini")).stdin(Stdio::null());
        let child = command.spawn().expect("pgbouncer does not start; `make test` installs it");
        wait_for("pgbouncer does not listen", || StdStream::connect(address).is_ok());
        Self { child, address, _folder: folder }
    }

    /// The URL of a database, through this.
    pub(crate) fn url(&self, direct: &str) -> String {
        direct.replace(&address_of(direct).to_string(), &self.address.to_string())
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
