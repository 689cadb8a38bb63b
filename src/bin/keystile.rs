//! The companion CLI.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    keystile::cli::run(&arguments)
}
