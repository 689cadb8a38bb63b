//! Ends a login, or a prompt of a command, on Ctrl-C.

use crate::context::Context;
use crate::error::ErrorKind;
#[cfg(feature = "cli")]
use crate::secret::Secret;
#[cfg(feature = "cli")]
use crate::signals::CaughtSignals;

/// The signals that end a login, if a command asks for them. They are caught while it waits for the user; afterwards they
/// have their default action again, which ends a command that waits for a server.
pub(super) struct Stop {
    #[cfg(feature = "cli")]
    is_asked_for: bool,
}

impl Stop {
    #[cfg(feature = "cli")]
    pub(super) fn of(context: &Context) -> Self {
        Self { is_asked_for: context.app.catches_signals }
    }

    /// Waits for a signal.
    #[cfg(feature = "cli")]
    pub(super) async fn requested(&self) -> ErrorKind {
        if !self.is_asked_for {
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
    pub(super) fn of(_context: &Context) -> Self {
        Self {}
    }

    #[cfg(not(feature = "cli"))]
    pub(super) async fn requested(&self) -> ErrorKind {
        std::future::pending().await
    }
}

#[cfg(feature = "cli")]
fn cannot_listen(error: &std::io::Error) -> ErrorKind {
    ErrorKind::LocalFailure { what: "listen for Ctrl-C".into(), cause: error.to_string() }
}

/// Prompts for a secret, for a command. [`Interrupted`](ErrorKind::Interrupted) on Ctrl-C.
#[cfg(feature = "cli")]
pub(crate) async fn prompt_secret(context: &Context, question: &str) -> Result<Option<Secret>, ErrorKind> {
    let stop = Stop::of(context);
    tokio::select! {
        kind = stop.requested() => Err(kind),
        entered = context.ui.prompt_secret(question) => Ok(entered),
    }
}
