//! Ends a login, or a prompt of a command, on Ctrl-C.

use crate::context::Context;
use crate::error::ErrorKind;
#[cfg(feature = "cli")]
use crate::secret::Secret;
#[cfg(feature = "cli")]
use crate::signals::CaughtSignals;

/// Waits for a signal that ends the login, if a command asks for that. Signals are caught while the login waits for the
/// user; afterwards they have their default action again, which ends a command that waits for a server.
#[cfg(feature = "cli")]
pub(super) async fn requested(context: &Context) -> ErrorKind {
    if !context.app.catches_signals {
        return std::future::pending().await;
    }
    let signals = match CaughtSignals::new() {
        Ok(signals) => signals,
        Err(error) => return cannot_listen(&error),
    };
    match signals.next().await {
        Ok(()) => ErrorKind::Interrupted,
        Err(error) => cannot_listen(&error),
    }
}

#[cfg(not(feature = "cli"))]
pub(super) async fn requested(_context: &Context) -> ErrorKind {
    std::future::pending().await
}

#[cfg(feature = "cli")]
fn cannot_listen(error: &std::io::Error) -> ErrorKind {
    ErrorKind::LocalFailure { what: "listen for Ctrl-C".into(), cause: error.to_string() }
}

/// Prompts for a secret, for a command. [`Interrupted`](ErrorKind::Interrupted) on Ctrl-C.
#[cfg(feature = "cli")]
pub(crate) async fn prompt_secret(context: &Context, question: &str) -> Result<Option<Secret>, ErrorKind> {
    tokio::select! {
        kind = requested(context) => Err(kind),
        entered = context.ui.prompt_secret(question) => Ok(entered),
    }
}
