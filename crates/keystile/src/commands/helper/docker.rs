//! The protocol of `docker-credential-...` programs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{USER_NAME, input, session, session_for};
use crate::args::DockerAction;
use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::session::{TokenNeed, USUAL_TTL};

/// The text on standard output by which docker recognizes a missing credential.
const NOTHING: &str = "credentials not found in native keychain";

pub(super) async fn run(context: &Arc<Context>, action: DockerAction) -> Result<(), ErrorKind> {
    match action {
        DockerAction::Get => get(context, input()?.trim()).await,
        DockerAction::List => list(context).await,
        // `docker logout` of one registry must not end the session.
        DockerAction::Erase => Ok(()),
        DockerAction::Store => Err(ErrorKind::Usage {
            message: "This helper does not store passwords".into(),
            hint: Some(format!(
                "Sign in with `{}`; docker uses the same session.",
                context.brand().command("auth login")
            )),
        }),
    }
}

async fn get(context: &Arc<Context>, registry: &str) -> Result<(), ErrorKind> {
    let host = host(registry);
    let is_meant = |bound: &BaseUrl| host.as_deref() == Some(bound.host().as_str());
    let Some(session) = session_for(context, is_meant).await? else {
        context.output.raw(format!("{NOTHING}\n").as_bytes())?;
        return Err(ErrorKind::NotFound {
            message: format!("There is no credential for {registry}."),
            request_id: None,
        });
    };
    let token = session.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
    let answer = json!({ "ServerURL": registry, "Username": USER_NAME, "Secret": token.secret() });
    context.output.json(&answer)
}

async fn list(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let registries = match session(context) {
        Ok(session) => {
            let base = session.api_base().await?;
            [(base.to_string(), Value::from(USER_NAME))].into_iter().collect()
        }
        Err(ErrorKind::NotAuthenticated) => serde_json::Map::new(),
        Err(kind) => return Err(kind),
    };
    context.output.json(&Value::Object(registries))
}

/// The host of a registry, given with or without scheme and path.
fn host(registry: &str) -> Option<String> {
    let with_scheme =
        if registry.contains("://") { registry.to_owned() } else { format!("https://{registry}") };
    BaseUrl::parse(&with_scheme).ok().map(|url| url.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_identified_by_its_host() {
        assert_eq!(host("registry.acme.dev").as_deref(), Some("registry.acme.dev"));
        assert_eq!(host("https://registry.acme.dev/v1/").as_deref(), Some("registry.acme.dev"));
        assert_eq!(host("localhost:5000").as_deref(), Some("localhost:5000"));
        assert_eq!(host(""), None);
    }
}
