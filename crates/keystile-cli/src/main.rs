//! The companion CLI: the commands around the library's `auth`, and the reference brand.

mod api;
mod args;
mod config;
mod init;
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
