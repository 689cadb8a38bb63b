//! The running server.

mod chores;
pub mod logging;
mod masked;
mod use_log;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use tokio::net::TcpSocket;
use tokio::signal::ctrl_c;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::config::Config;
use crate::domain::time::Clock;
use crate::http::api::openapi;
use crate::http::fallback;
use crate::http::metadata::{BadMetadata, Document};
use crate::keys::password::Passwords;
use crate::keys::signer::Signer;
use crate::pages::handlers::misc;
use crate::routes;
use crate::services::instance::{self, Instance, OpenError};
use crate::services::signing_keys::{self, KeyFailure};
use crate::services::{accounts, setup};
use crate::store::StoreError;
use crate::web::app::{App, Parts};
use crate::web::clients::KnownClients;
use crate::web::cookie_names::CookieNames;
use crate::web::envelope::envelope;
use crate::web::exhausted::KnownExhausted;
use crate::web::form::LARGEST_BODY;
use crate::web::gate::Gate;
use crate::web::keyring::Keyring;
use crate::web::limits::Limits;
use crate::web::uses::UseLog;

use use_log::UseWriter;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 2048;
/// A request whose head takes longer to arrive is dropped.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// An idle connection is kept for a next request.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Seconds that requests have to finish when the server stops.
const STOP_SECONDS: u64 = 15;

/// A server that answers.
pub struct Server {
    app: App,
    address: SocketAddr,
    handle: ServerHandle,
    running: JoinHandle<io::Result<()>>,
    chores: JoinHandle<()>,
    uses: UseWriter,
}

/// The server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen at {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Keys(#[from] KeyFailure),
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] io::Error),
}

impl Server {
    /// Opens everything that the configuration names, and listens.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let address = config.server.listen;
        let listener = listen(address).map_err(|error| StartError::Listen { address, error })?;
        Self::start_on(listener, config, clock).await
    }

    /// The same on a socket that listens already; so a caller that asked for any free port knows it before the
    /// configuration says what the public URL is.
    pub async fn start_on(listener: TcpListener, config: Config, clock: Clock) -> Result<Self, StartError> {
        let address = listener.local_addr()?;
        let (uses, waiting) = UseLog::new();
        let app = open(config, address, clock, uses).await?;
        let document = web::Data::new(Document::new(&app.config)?);
        let api = web::Data::new(openapi::build(app.config.clone()));
        let data = web::Data::new(app.clone());
        let server = HttpServer::new(move || {
            let issuer_path = data.config.server.public_url.path().to_owned();
            actix_web::App::new()
                .app_data(data.clone())
                .app_data(document.clone())
                .app_data(api.clone())
                .app_data(web::PayloadConfig::new(LARGEST_BODY))
                .app_data(web::PathConfig::default().error_handler(fallback::unreadable))
                .wrap(from_fn(envelope))
                .configure(|config| routes::routes(config, &issuer_path))
                .default_service(web::to(misc::not_found))
        })
        .workers(app.config.server.workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(STOP_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self {
            address,
            handle: server.handle(),
            running: tokio::spawn(server),
            chores: tokio::spawn(chores::run(app.clone())),
            uses: UseWriter::start(app.clone(), waiting),
            app,
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stops listening, lets the requests that are being answered finish, writes down what they used, and ends.
    pub async fn stop(self) -> io::Result<()> {
        self.chores.abort();
        self.handle.stop(true).await;
        let ended = self.running.await.map_err(io::Error::other)?;
        self.uses.stop().await;
        ended
    }
}

async fn open(config: Config, address: SocketAddr, clock: Clock, uses: UseLog) -> Result<App, StartError> {
    let (to_open, its_clock) = (config.clone(), clock.clone());
    let opened = spawn_blocking(move || instance::begin(&to_open, its_clock)).await;
    let Instance { store, master } = opened.map_err(io::Error::other)??;
    signing_keys::bootstrap(&store, &master, config.keys.rsa_bits).await?;
    let keys = store.read(signing_keys::list).await?;
    let set = signing_keys::open(&keys, &master).map_err(KeyFailure::from)?;
    let to_register = config.clone();
    store.write(move |work| accounts::ensure_companion(work, &to_register)).await?;
    let signer = Signer::start(available_parallelism().map_or(1, usize::from))?;
    Ok(App::new(Parts {
        gate: Gate::new(&config, address),
        cookie_names: CookieNames::new(&config.server.public_url),
        clients: KnownClients::default(),
        limits: Limits::new(config.limits),
        exhausted: KnownExhausted::default(),
        uses,
        keyring: Keyring::new(set, signer),
        passwords: Passwords::new(config.sign_in.max_parallel_hashes),
        config: Arc::new(config),
        store,
        master: Arc::new(master),
        clock,
    }))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows the same option would let another process take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves until the process is asked to stop. `announce` gets what a person who starts the server wants to read.
pub async fn until_stopped(config: Config, announce: impl FnOnce(&str)) -> Result<(), StartError> {
    let server = Box::pin(Server::start(config, Clock::System)).await?;
    announce(&banner(&server).await?);
    stop_signal().await?;
    tracing::info!("stopping");
    Ok(server.stop().await?)
}

/// Where it listens, where the data is, and what to do next.
async fn banner(server: &Server) -> Result<String, StoreError> {
    let Config { server: settings, database, .. } = &*server.app.config;
    let public_url = &settings.public_url;
    let code = server.app.write(|app, work| setup::code(work, &app.master)).await?;
    let next = match code {
        Some(code) => format!("Set it up at {public_url}/setup with the code {code} (once, within a day)"),
        None => format!("Sign in at {public_url}"),
    };
    Ok(format!(
        "Keystile {version}\n  Listening  {address}, for {public_url}\n  Database   {url}\n  Data       {data}\n  Next       {next}",
        version = env!("CARGO_PKG_VERSION"),
        address = server.address,
        url = database.url,
        data = settings.data_dir.display(),
    ))
}

#[cfg(unix)]
async fn stop_signal() -> io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        asked = ctrl_c() => asked,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> io::Result<()> {
    ctrl_c().await
}
