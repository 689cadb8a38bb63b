//! The log: one event a line on the standard error stream, as text or as JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::masked::Masked;
use crate::config::{Log, LogFormat};

/// What libraries say of themselves when nothing is wrong.
const QUIET: &str = "actix_server=warn";

/// Starts logging for the whole process. Of a token that begins with this prefix, no line shows more.
pub fn start(log: &Log, token_prefix: &str) {
    let filter = EnvFilter::builder().parse_lossy(format!("{QUIET},{}", log.level));
    let builder = fmt().with_env_filter(filter).with_writer(Masked::new(io::stderr, token_prefix));
    match log.format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}
