//! Runs the commands of the library.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::app::App;
use super::args;
use super::command_line::ToolCommand;
use super::commands;
use super::error::Error;
use super::globals::Globals;
use super::offload::{detached, runtime};

impl App {
    /// Runs a command of the library and prints its result. Takes an [`AuthCommand`](crate::AuthCommand), any other
    /// command type, or a [`ToolCommand`], which is one of them.
    ///
    /// The command runs on a thread and a Tokio runtime of its own, because it waits for the user and for files. It is
    /// canceled if the future is dropped.
    ///
    /// While a login waits, Ctrl-C, SIGTERM and SIGHUP end it with [`Interrupted`](crate::ErrorKind::Interrupted). Afterwards they
    /// have their default action again. [`AppBuilder::own_signal_handlers`](crate::AppBuilder::own_signal_handlers) turns
    /// that off.
    pub async fn run(&self, command: impl Into<ToolCommand>, globals: &Globals) -> Result<(), Error> {
        let (app, command, globals) = (self.clone(), command.into(), globals.clone());
        // Dropped together with this future.
        let (_cancel, mut cancelled) = oneshot::channel::<()>();
        let running = detached("keystile", async move || {
            tokio::select! {
                biased;
                _ = &mut cancelled => Ok(()),
                ended = execute(&app, command, &globals) => ended,
            }
        });
        running.await.unwrap_or_else(|kind| Err(self.error(kind)))
    }

    /// Like [`run`](Self::run), on the calling thread and for a caller without a runtime.
    ///
    /// # Panics
    /// Panics inside of a Tokio runtime.
    pub fn run_blocking(&self, command: impl Into<ToolCommand>, globals: &Globals) -> Result<(), Error> {
        let runtime = runtime().map_err(|kind| self.error(kind))?;
        runtime.block_on(execute(self, command.into(), globals))
    }
}

async fn execute(app: &App, command: ToolCommand, globals: &Globals) -> Result<(), Error> {
    let app = app.catching_signals();
    let command = command.0;
    if let args::ToolCommand::Config(args::ConfigCommand::Setting(command)) = &command {
        return commands::change_settings(&app, globals, command).map_err(|kind| app.error(kind));
    }
    let context = Arc::new(app.context(globals)?);
    let result = commands::run(&context, command).await;
    context.print_warnings();
    result.map_err(|kind| context.error(kind))
}
