//! The HTTP server on a listening socket.

use std::future::ready;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web;
use tokio::net::TcpStream;

use super::connections::Connections;
use super::tracked::Tracked;
use crate::http::api::openapi;
use crate::http::fallback;
use crate::http::metadata::{Document, MetadataError};
use crate::web::api_document::ApiDocument;
use crate::web::app::App;
use crate::web::envelope::envelope;
use crate::web::form::MAX_BODY;
use crate::{pages, routes};

/// Timeout for a request head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Keep-alive of an idle connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a closing connection waits for its peer.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Grace period for running requests at a stop, in seconds.
const STOP_SECONDS: u64 = 15;
/// Connections beyond the limit that a worker accepts in order to refuse them instead of letting them wait.
const EXTRA_ACCEPTED: usize = 1024;

/// Static documents that handlers serve.
pub(super) struct Documents {
    metadata: web::Data<Document>,
    api: web::Data<ApiDocument>,
}

impl Documents {
    pub(super) fn new(app: &App) -> Result<Self, MetadataError> {
        let metadata = web::Data::new(Document::new(&app.config)?);
        Ok(Self { metadata, api: web::Data::new(openapi::build(app.config.clone())) })
    }
}

/// Serves the routes until stopped.
pub(super) fn serve(
    listener: TcpListener,
    app: &App,
    documents: Documents,
    connections: &Connections,
) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let (data, connections) = (web::Data::new(app.clone()), connections.clone());
    Ok(Server::build()
        .workers(app.config.server.workers)
        .max_concurrent_connections(connections.limit() + EXTRA_ACCEPTED)
        .shutdown_timeout(STOP_SECONDS)
        .disable_signals()
        .listen("http", listener, move || {
            let issuer_path = data.config.server.public_url.path().to_owned();
            let routed = actix_web::App::new()
                .app_data(data.clone())
                .app_data(documents.metadata.clone())
                .app_data(documents.api.clone())
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .app_data(web::PathConfig::default().error_handler(fallback::unreadable))
                .wrap(from_fn(envelope))
                .configure(|config| routes::routes(config, &issuer_path))
                .default_service(web::to(pages::shared::small_pages::not_found));
            let answering = routed.into_factory().map_err(|error: actix_web::Error| error.error_response());
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_TIME)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                .local_addr(address)
                // Handlers use the public URL and never actix's host name.
                .h1(map_config(answering, |()| AppConfig::default()));
            let connections = connections.clone();
            fn_service(move |stream| ready(tracked(&connections, stream))).and_then(http)
        })?
        .run())
}

type Connected = (Tracked, Option<std::net::SocketAddr>);

fn tracked(connections: &Connections, stream: TcpStream) -> Result<Connected, DispatchError> {
    let from = stream.peer_addr().map_err(DispatchError::Io)?;
    let place = connections.admit(from.ip()).map_err(|none| DispatchError::Io(io::Error::other(none)))?;
    Ok((Tracked::new(stream, place), Some(from)))
}
