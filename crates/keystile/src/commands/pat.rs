//! `pat`: personal tokens.

use std::sync::Arc;

use serde_json::json;

use super::session;
use super::static_credential::{Kind, expiry};
use crate::args::PatCommand;
use crate::context::Context;
use crate::error::ErrorKind;

const TOKEN: Kind = Kind {
    path: "/api/v1/tokens",
    secret: "token",
    name: "personal token",
    heading: "TOKEN",
    names_owners: false,
};

pub(super) async fn run(context: &Arc<Context>, command: PatCommand) -> Result<(), ErrorKind> {
    let session = session(context)?;
    match command {
        PatCommand::List(args) => TOKEN.list(context, &session, args.all).await,
        PatCommand::Create { name, scopes, expires } => {
            let mut asked = json!({ "name": name, "scopes": scopes });
            if let Some(span) = expires {
                asked["expiresAt"] = expiry(context, span)?.into();
            }
            TOKEN.issue(context, &session, TOKEN.path, &asked).await
        }
        PatCommand::Revoke { id } => TOKEN.revoke(context, &session, &id).await,
    }
}
