//! The credential in use: whether there is one, and whether its server takes it.

use std::sync::Arc;

use super::Check;
use crate::commands::{session, whoami};
use crate::context::Context;
use crate::error::ErrorKind;

pub(super) async fn check(context: &Arc<Context>, is_reachable: bool) -> Check {
    const NAME: &str = "sign-in";
    let session = match session(context) {
        Ok(session) => session,
        // Having none is no illness.
        Err(ErrorKind::NotAuthenticated) => {
            let login = context.brand().command("auth login");
            return Check::attention(
                NAME,
                format!("profile {} is not signed in", context.profile),
                format!("`{login}`"),
            );
        }
        Err(kind) => return Check::from_kind(NAME, context, kind),
    };
    let source = session.source();
    if !is_reachable {
        return Check::attention(
            NAME,
            format!("there is a credential {source}"),
            "Whether the server takes it could not be checked",
        );
    }
    match whoami::ask(&session).await {
        Ok(whoami) => Check::good(
            NAME,
            format!("the server takes the credential {source}: {}", whoami.account().display_name()),
        ),
        Err(kind) => Check::from_kind(NAME, context, kind),
    }
}
