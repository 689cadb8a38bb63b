//! The log: one event per line on standard error, as text or JSON.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::log_queue::LogQueue;
use super::masked::Masked;
use crate::config::{Log, LogFormat};
use crate::domain::token_mask::mask;
use crate::supervise;

/// Silences routine messages of libraries.
const QUIET: &str = "actix_server=warn";
/// How long the process waits for its last lines to be written.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// The log of the process. Dropping it flushes the queue.
pub struct Logging {
    queue: LogQueue,
    token_prefix: String,
}

/// Starts logging for the process, including panics. Tokens with this prefix are masked.
pub fn start(log: &Log, token_prefix: &str) -> io::Result<Logging> {
    let queue = LogQueue::start(io::stderr())?;
    let filter = EnvFilter::builder().parse_lossy(format!("{QUIET},{}", with_server_targets(&log.level)));
    // Formatting errors would be written to standard error, bypassing the queue.
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(Masked::new(queue.clone(), token_prefix))
        .log_internal_errors(false);
    match log.format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(supervise::log_panic));
    Ok(Logging { queue, token_prefix: token_prefix.to_owned() })
}

/// Makes `keystile::store=debug` in a filter also mean `keystiled::store=debug`. Only the access log has a
/// target that begins with `keystile::`.
fn with_server_targets(filter: &str) -> String {
    let twin = |directive: &str| {
        let rest = directive.trim().strip_prefix("keystile")?;
        (rest.starts_with("::") || rest.starts_with('=')).then(|| format!("keystiled{rest},"))
    };
    let directives = filter.split(',').map(|directive| twin(directive).unwrap_or_default() + directive);
    directives.collect::<Vec<_>>().join(",")
}

impl Logging {
    /// Logs the error that ends the process.
    pub fn log_fatal(&self, error: &dyn Display) {
        let line = format!("{error}\n");
        self.queue.push(mask(&line, &self.token_prefix).into_owned().into_bytes());
    }
}

/// Prints a line to standard output from a separate thread, so that a reader that does not read blocks
/// nothing.
pub fn print(line: String) {
    let printed = thread::Builder::new().name("stdout".to_owned()).spawn(move || {
        let mut out = io::stdout();
        if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
            tracing::warn!(%error, "the standard output cannot be written");
        }
    });
    if let Err(error) = printed {
        tracing::warn!(%error, "the standard output cannot be written");
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.queue.flush(SHUTDOWN_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use super::with_server_targets;

    #[test]
    fn a_filter_for_keystile_also_holds_for_the_server() {
        for (filter, expected) in [
            ("info", "info"),
            ("info,keystiled::store=debug", "info,keystiled::store=debug"),
            ("warn,keystile::store=debug", "warn,keystiled::store=debug,keystile::store=debug"),
            ("keystile=trace,actix=info", "keystiled=trace,keystile=trace,actix=info"),
        ] {
            assert_eq!(with_server_targets(filter), expected);
        }
    }
}
