//! The companion CLI.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(error) = keystile::core_dumps::disable() {
        eprintln!("! Core dumps cannot be turned off: {error}");
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    keystile::cli::run(&arguments)
}
