//! `auth whoami`

use std::sync::Arc;

use oauth2::http::Method;
use serde_json::json;

use super::session;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::output::labeled;
use crate::session::{Session, WHOAMI_PATH, Whoami, WhoamiEnvelope};

pub(super) async fn run(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let whoami = ask(&session(context)?).await?;
    if context.output.is_json() {
        return context.output.json(&json!(whoami));
    }
    let account = whoami.account();
    context.output.data(account.display_name())?;
    if let Some(org) = &whoami.organization {
        let role = org.role.as_deref().map(|role| format!(", {role}")).unwrap_or_default();
        let name = whoami.org().map(|org| org.display_name().to_owned()).unwrap_or_default();
        context.output.data(&labeled("Organization", &format!("{name} ({}){role}", org.id)))?;
    }
    context.output.data(&labeled(
        "Credential",
        &format!("{} {}", whoami.kind.replace('_', " "), whoami.credential.id),
    ))?;
    context.output.data(&labeled("Scopes", &whoami.scopes.join(" ")))
}

/// Asks the server for the identity of the credential.
pub(super) async fn ask(session: &Session) -> Result<Whoami, ErrorKind> {
    let envelope: WhoamiEnvelope = session.client().home(Method::GET, WHOAMI_PATH).fetch_kind().await?;
    Ok(envelope.data)
}
