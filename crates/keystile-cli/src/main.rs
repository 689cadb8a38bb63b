//! The companion CLI: the commands of the library under the name `keystile`, and raw API calls.

mod api;
mod args;
mod reference;
mod run;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(error) = keystile::disable_core_dumps() {
        eprintln!("! Core dumps cannot be turned off: {error}");
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    run::run(&arguments)
}
