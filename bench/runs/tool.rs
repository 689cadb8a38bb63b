//! Time to get a stored token from the companion CLI.

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::limits::median;

/// The median duration of `keystile auth token`; `None` without a client built for it.
pub(crate) fn measure() -> Result<Option<Duration>, Box<dyn Error>> {
    let Some(program) = env::var_os("KEYSTILE_BENCH_CLIENT") else { return Ok(None) };
    let home = TempDir::new()?;
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700))?;
    let session = json!({ "version": 1, "profiles": { "default": {
        "kind": "oauth", "issuer": "https://auth.example.com", "api_base": "https://auth.example.com",
        "client_id": "keystile-cli", "access_token": "x".repeat(800), "refresh_token": "keystile_rt_x",
        "access_expires_at": "2999-01-01T00:00:00Z", "session_expires_at": "2999-01-01T00:00:00Z", "state": "ok",
    } } });
    let file = home.path().join("credentials.json");
    fs::write(&file, session.to_string())?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    let time = median(51, || {
        let ended = Command::new(&program)
            .args(["auth", "token"])
            .env_clear()
            .env("KEYSTILE_HOME", home.path())
            .env("KEYSTILE_ISSUER", "https://auth.example.com")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        if ended.success() { Ok(()) } else { Err(std::io::Error::other(format!("auth token: {ended}"))) }
    })?;
    Ok(Some(time))
}
