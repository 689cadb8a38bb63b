//! The protocol of `git credential`: `name=value` lines.

use std::sync::Arc;

use super::{USER_NAME, input, replace, session_for};
use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::secret::Secret;
use crate::session::{TokenNeed, USUAL_TTL};

/// The attributes of a request.
#[derive(Debug, Default, PartialEq, Eq)]
struct GitRequest {
    server: Option<BaseUrl>,
    password: Option<Secret>,
}

pub(super) async fn run(context: &Arc<Context>, action: &str) -> Result<(), ErrorKind> {
    match action {
        "get" => get(context).await,
        "erase" => erase(context).await,
        // There is nothing to `store`, and git requires that unknown actions are ignored.
        _ => Ok(()),
    }
}

async fn get(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let Some(server) = GitRequest::read(&input()?).server else { return Ok(()) };
    let Some(session) = session_for(context, |bound| bound.same_origin(&server)).await? else {
        return Ok(());
    };
    let token = session.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
    let end = token.expires_at().map(|end| format!("password_expiry_utc={}\n", end.timestamp()));
    let answer = format!("username={USER_NAME}\npassword={}\n{}", token.secret(), end.unwrap_or_default());
    context.output.raw(answer.as_bytes())
}

/// Replaces a password that a server has refused.
async fn erase(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let asked = GitRequest::read(&input()?);
    let (Some(server), Some(password)) = (asked.server, asked.password) else { return Ok(()) };
    match session_for(context, |bound| bound.same_origin(&server)).await? {
        Some(session) => replace(&session, password.expose()).await,
        None => Ok(()),
    }
}

impl GitRequest {
    fn read(text: &str) -> Self {
        let value = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let server = value("protocol")
            .zip(value("host"))
            .and_then(|(protocol, host)| BaseUrl::parse(&format!("{protocol}://{host}")).ok());
        Self { server, password: value("password").map(Secret::new) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol_and_host_identify_the_server() {
        let asked = GitRequest::read("protocol=https\nhost=git.acme.dev:8443\npath=a.git\n\n");
        assert_eq!(asked.server.unwrap().as_str(), "https://git.acme.dev:8443");
        assert_eq!(GitRequest::read("host=git.acme.dev\n"), GitRequest::default());
        assert_eq!(GitRequest::read("protocol=ssh\nhost=git.acme.dev\n"), GitRequest::default());
    }
}
