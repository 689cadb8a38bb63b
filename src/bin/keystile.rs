//! The companion CLI.

use std::process::ExitCode;

fn main() -> ExitCode {
    keystile::cli::run(std::env::args_os().collect())
}
