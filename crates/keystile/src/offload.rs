//! Work that the caller only waits for: on the blocking pool of the runtime, or on a thread of its own.

use std::io;
use std::panic::resume_unwind;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::error::ErrorKind;

/// Runs work that may block (locks, files, prompts) on the blocking pool of the runtime.
pub(crate) async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and will not poll this future again.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Runs work on a thread and a runtime of its own, where it continues for as long as the process lives. A task would
/// stop with the runtime of the caller, or while no thread runs that runtime.
///
/// The work must bring its own HTTP client: a pooled connection is driven by the runtime that opened it.
pub(crate) async fn detached<F, T>(
    name: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<T, ErrorKind>
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    let (done, result) = oneshot::channel();
    let run = move || {
        let outcome = runtime().map(|runtime| runtime.block_on(work()));
        // The caller may have been canceled.
        let _ = done.send(outcome);
    };
    let thread =
        std::thread::Builder::new().name(name.into()).spawn(run).map_err(|error| no_thread(&error))?;
    match result.await {
        Ok(outcome) => outcome,
        // The sender is only dropped unused by a panic, so the thread is about to end.
        Err(_) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => Err(ErrorKind::Interrupted),
        },
    }
}

/// A runtime that works while a thread waits for it.
pub(crate) fn runtime() -> Result<Runtime, ErrorKind> {
    Builder::new_current_thread().enable_all().build().map_err(|error| ErrorKind::LocalFailure {
        what: "start the async runtime".into(),
        cause: error.to_string(),
    })
}

pub(crate) fn no_thread(error: &io::Error) -> ErrorKind {
    ErrorKind::LocalFailure { what: "start a thread".into(), cause: error.to_string() }
}
