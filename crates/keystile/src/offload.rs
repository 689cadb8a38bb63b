//! Work that the caller only waits for: on the blocking pool of the runtime, or on a task of its own.

use std::panic::resume_unwind;

/// Runs work that may block (locks, files, prompts) on the blocking pool of the runtime.
pub(crate) async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    joined(tokio::task::spawn_blocking(work)).await
}

/// Runs work on a task of its own, which goes on if the caller is cancelled.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    joined(tokio::spawn(work)).await
}

async fn joined<T>(task: tokio::task::JoinHandle<T>) -> T {
    match task.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and will not poll this future again.
            Err(_) => std::future::pending().await,
        },
    }
}
