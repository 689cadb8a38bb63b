//! Checks the credential in use.

use std::sync::Arc;

use super::Check;
use crate::commands::{session, whoami};
use crate::context::Context;
use crate::error::ErrorKind;

pub(super) async fn check(context: &Arc<Context>, is_reachable: bool) -> Check {
    const NAME: &str = "sign-in";
    let session = match session(context) {
        Ok(session) => session,
        // No failure: the user may not have signed in yet.
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
            format!("credential {source}"),
            "Not verified: the server cannot be reached",
        );
    }
    match whoami::ask(&session).await {
        Ok(whoami) => Check::good(
            NAME,
            format!("the server accepts the credential {source}: {}", whoami.account().display_name()),
        ),
        Err(kind) => Check::from_kind(NAME, context, kind),
    }
}
