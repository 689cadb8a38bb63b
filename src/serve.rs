//! Starts, runs and stops the server.

mod clocks;
mod connections;
mod descriptors;
mod listener;
mod log_queue;
pub mod logging;
mod maintenance;
mod masked;
mod signals;
mod tracked;
mod use_log;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use tokio::net::TcpSocket;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::config::Config;
use crate::domain::clock::Clock;
use crate::http::metadata::MetadataError;
use crate::keys::hashing::PasswordHasher;
use crate::keys::signer::Signer;
use crate::services::claim::{self, DatabaseClaim};
use crate::services::instance::{self, Instance, InstanceError};
use crate::services::signing_keys::{self, SigningKeyError};
use crate::services::{accounts, setup};
use crate::store::StoreError;
use crate::web::app::{App, Parts};
use crate::web::clients::ClientCache;
use crate::web::cookie_names::CookieNames;
use crate::web::exhausted::KnownExhausted;
use crate::web::gate::Gate;
use crate::web::keyring::Keyring;
use crate::web::limits::Limits;
use crate::web::readiness::Readiness;
use crate::web::use_log::UseLog;

use connections::Connections;
use listener::Documents;
use signals::StopSignals;
use use_log::UseWriter;

/// Backlog: connections that may wait to be accepted.
const BACKLOG: u32 = 2048;
/// Interval of attempts to print the startup banner while the database is unreachable.
const ANNOUNCE_AGAIN: Duration = Duration::from_secs(1);

/// A running server.
pub struct Server {
    app: App,
    address: SocketAddr,
    handle: ServerHandle,
    running: JoinHandle<io::Result<()>>,
    chores: Vec<JoinHandle<()>>,
    uses: UseWriter,
    connections: Connections,
    /// Released last, after all writes.
    _claim: Option<DatabaseClaim>,
}

/// The remedy if the server cannot listen on its address.
fn remedy(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::AddrInUse {
        ". Another server may be running: stop it, or set KEYSTILE_LISTEN and KEYSTILE_PUBLIC_URL"
    } else {
        ""
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {address}: {error}{}", remedy(error))]
    Listen { address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Open(#[from] InstanceError),
    #[error(transparent)]
    Keys(#[from] SigningKeyError),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] io::Error),
}

impl Server {
    /// Opens the database and the keys, and starts to listen.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let address = config.server.listen;
        let listener = listen(address).map_err(|error| StartError::Listen { address, error })?;
        Box::pin(Self::start_on(listener, config, clock)).await
    }

    /// Like [`Server::start`], on a socket that already listens, so that the caller can put an ephemeral port into the
    /// public URL.
    pub async fn start_on(listener: TcpListener, config: Config, clock: Clock) -> Result<Self, StartError> {
        let address = listener.local_addr()?;
        let (uses, waiting) = UseLog::new();
        let (app, claim) = Box::pin(open(config, address, clock, uses)).await?;
        let connections = connection_limits(&app.config);
        let server = listener::serve(listener, &app, Documents::new(&app)?, &connections)?;
        Ok(Self {
            address,
            handle: server.handle(),
            running: tokio::spawn(server),
            chores: maintenance::start(&app).into_iter().chain([clocks::start(&app)]).collect(),
            uses: UseWriter::start(app.clone(), waiting),
            app,
            connections,
            _claim: claim,
        })
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stops listening, waits for open requests, writes recorded uses, and ends.
    pub async fn stop(self) -> io::Result<()> {
        self.chores.iter().for_each(JoinHandle::abort);
        let stopping = self.handle.stop(true);
        self.connections.drain();
        stopping.await;
        // If the listener ended by itself, its result has been taken already.
        let ended = if self.running.is_finished() { Ok(Ok(())) } else { self.running.await };
        self.uses.stop().await;
        ended.map_err(io::Error::other)?
    }

    /// Waits until the listener ends by itself.
    async fn failure(&mut self) -> io::Error {
        match (&mut self.running).await {
            Ok(Ok(())) => io::Error::other("the listener ended by itself"),
            Ok(Err(error)) => error,
            Err(panicked) => io::Error::other(panicked),
        }
    }
}

async fn open(
    config: Config,
    address: SocketAddr,
    clock: Clock,
    uses: UseLog,
) -> Result<(App, Option<DatabaseClaim>), StartError> {
    let to_open = config.clone();
    let opened = spawn_blocking(move || {
        // Taken before migrations, so that none runs while another server uses the database.
        let claim = claim::claim(&to_open)?;
        Ok::<_, InstanceError>((claim, instance::open_or_create(&to_open, clock)?))
    })
    .await;
    let (claim, Instance { store, master }) = opened.map_err(io::Error::other)??;
    signing_keys::bootstrap(&store, &master, config.keys.rsa_bits).await?;
    let (access, read_at) = (config.tokens.access, Instant::now());
    let keys = store.read(move |conn| signing_keys::read(conn, access)).await?;
    let set = signing_keys::open(&keys, &master).map_err(SigningKeyError::from)?;
    let to_register = config.clone();
    store.write(move |work| accounts::ensure_companion(work, &to_register)).await?;
    let signer = Signer::start(available_parallelism().map_or(1, usize::from), store.tasks())?;
    let app = App::new(Parts {
        gate: Gate::new(&config, address),
        cookie_names: CookieNames::new(&config.server.public_url),
        clients: ClientCache::default(),
        limits: Limits::new(config.limits),
        exhausted: KnownExhausted::default(),
        uses,
        keyring: Keyring::new(set, keys, read_at, signer),
        passwords: PasswordHasher::start(config.sign_in.max_parallel_hashes, store.tasks())?,
        readiness: Readiness::default(),
        clock: store.clock().clone(),
        config: Arc::new(config),
        store,
        master: Arc::new(master),
    });
    Ok((app, claim))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows, this option would let another process take over the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Limits connections by the configuration and by file descriptors. One address gets at most three quarters.
fn connection_limits(config: &Config) -> Connections {
    let pooled = config.database.pool_size.saturating_add(config.database.report_pool_size);
    let most = descriptors::connections(config.server.max_connections, pooled);
    let per_address = config.server.max_connections_per_address.min((most * 3 / 4).max(1));
    Connections::new(most, per_address, config.server.trusted_proxies.clone())
}

/// Runs the server until the process is asked to stop. Calls `announce` with the startup banner once the database
/// answers.
pub async fn until_stopped(config: Config, announce: impl FnOnce(String)) -> Result<(), StartError> {
    let mut signals = StopSignals::listen()?;
    descriptors::raise();
    let mut server = tokio::select! {
        started = Box::pin(Server::start(config, Clock::System)) => started?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped during startup");
            return Ok(());
        }
    };
    let app = server.app.clone();
    let address = server.address;
    let announced = async {
        announce(banner(&app, address).await);
        std::future::pending::<()>().await;
    };
    let failure = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "stopping");
            None
        }
        error = server.failure() => Some(error),
        () = announced => None,
    };
    let stopped = tokio::select! {
        stopped = server.stop() => stopped,
        signal = signals.next() => {
            tracing::warn!(signal, "second stop signal: open requests are aborted");
            Ok(())
        }
    };
    Ok(failure.map_or(stopped, Err)?)
}

/// The startup banner, once the database answers.
async fn banner(app: &App, address: SocketAddr) -> String {
    loop {
        match try_banner(app, address).await {
            Ok(banner) => return banner,
            Err(error) => {
                tracing::warn!(%error, "the startup banner is delayed: the database does not answer");
            }
        }
        tokio::time::sleep(ANNOUNCE_AGAIN).await;
    }
}

/// Addresses, database, data directory, and the next step.
async fn try_banner(app: &App, address: SocketAddr) -> Result<String, StoreError> {
    let Config { server: settings, database, .. } = &*app.config;
    let public_url = &settings.public_url;
    let code = app.write(|app, work| setup::code(work, &app.master)).await?;
    let next = match code {
        Some(code) => format!("Set it up at {public_url}/setup with the code {code} (once, within a day)"),
        None => format!("Sign in at {public_url}"),
    };
    Ok(format!(
        "Keystile {version}\n  Listening  {address}, for {public_url}\n  Database   {url}\n  Data       {data}\n  Next       {next}",
        version = env!("CARGO_PKG_VERSION"),
        url = database.url,
        data = settings.data_dir.display(),
    ))
}
