//! `credential-helper`: the protocols of git, docker, kubectl and the AWS tools.
//!
//! Each prints the access token, never the refresh token, and only for servers that the credential is bound to.

mod aws;
mod docker;
mod git;
mod kube;

use std::io::{IsTerminal, Read};
use std::sync::Arc;

use super::session;
use crate::args::HelperCommand;
use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::session::{ActiveCredential, Session, TokenNeed};

/// The user name for protocols that need one.
const USER_NAME: &str = "oauth2";
/// Maximum size of a request in bytes.
const MAX_INPUT: u64 = 64 * 1024;

pub(super) async fn run(context: &Arc<Context>, command: HelperCommand) -> Result<(), ErrorKind> {
    if std::io::stdout().is_terminal() {
        return Err(ErrorKind::Usage {
            message: "credential-helper is for programs, and standard output is a terminal".into(),
            hint: Some(format!("`{}` prints the token.", context.brand().command("auth token"))),
        });
    }
    match command {
        HelperCommand::Git { action } => git::run(context, &action).await,
        HelperCommand::Docker { action } => docker::run(context, action).await,
        HelperCommand::Kube => kube::run(context).await,
        HelperCommand::Aws { role_arn, region } => aws::run(context, role_arn, region).await,
    }
}

/// The session in use if it is bound to the server. `None` lets the calling program try another helper.
async fn session_for(
    context: &Arc<Context>,
    is_meant: impl Fn(&BaseUrl) -> bool,
) -> Result<Option<Session>, ErrorKind> {
    match session(context) {
        Ok(session) => {
            let bound = [session.api_base().await?, session.home().await?];
            Ok(bound.iter().any(is_meant).then_some(session))
        }
        Err(ErrorKind::NotAuthenticated) => {
            let app = &context.app;
            let is_own = std::iter::once(&app.issuer).chain(&app.api_base).any(is_meant);
            if is_own { Err(ErrorKind::NotAuthenticated) } else { Ok(None) }
        }
        Err(kind) => Err(kind),
    }
}

/// Replaces a refused token if it is the current one.
async fn replace(session: &Session, refused: &str) -> Result<(), ErrorKind> {
    let ActiveCredential::Session { session: stored, .. } = &session.chosen else { return Ok(()) };
    if stored.access_token.expose() != refused {
        return Ok(());
    }
    match session.token(TokenNeed::AfterRejection { generation: stored.generation }).await {
        Ok(_) => Ok(()),
        Err(kind) => Err(kind),
    }
}

fn input() -> Result<String, ErrorKind> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text);
    read.map_err(|error| ErrorKind::Usage {
        message: "Cannot read the request from standard input".into(),
        hint: Some(format!("{error}.")),
    })?;
    Ok(text)
}
