//! The protocol of `docker-credential-...` programs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{USER_NAME, input, session, session_for};
use crate::args::DockerAction;
use crate::base_url::{BaseUrl, is_loopback};
use crate::context::Context;
use crate::error::ErrorKind;
use crate::session::{TokenNeed, USUAL_TTL};

/// The text on standard output by which docker recognizes a missing credential.
const NOTHING: &str = "credentials not found in native keychain";

pub(super) async fn run(context: &Arc<Context>, action: DockerAction) -> Result<(), ErrorKind> {
    match action {
        DockerAction::Get => get(context, input()?.trim()).await,
        DockerAction::List => list(context).await,
        DockerAction::Version => {
            let brand = context.brand();
            context.output.data(&format!("docker-credential-{0} ({0}) {1}", brand.name(), brand.version()))
        }
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
    let asked = Registry::parse(registry);
    let is_meant = |bound: &BaseUrl| asked.as_ref().is_some_and(|asked| asked.is_within(bound));
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

/// A registry as docker names it.
struct Registry {
    url: BaseUrl,
    /// Whether docker named the scheme. Without one, docker uses https, and http for this machine alone.
    has_scheme: bool,
}

impl Registry {
    fn parse(text: &str) -> Option<Self> {
        let has_scheme = text.contains("://");
        let with_scheme = if has_scheme { text.to_owned() } else { format!("https://{text}") };
        BaseUrl::parse(&with_scheme).ok().map(|url| Self { url, has_scheme })
    }

    /// Whether the registry is the server that a credential is bound to, or below its path.
    fn is_within(&self, bound: &BaseUrl) -> bool {
        let is_same_server = if self.has_scheme || !is_loopback(bound.url()) {
            self.url.same_origin(bound)
        } else {
            self.url.host() == bound.host()
        };
        let rest = self.url.url().path().strip_prefix(bound.url().path().trim_end_matches('/'));
        is_same_server && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ch_19_a_registry_is_identified_by_its_whole_url() {
        let is_meant = |registry: &str, bound: &str| {
            Registry::parse(registry)
                .is_some_and(|registry| registry.is_within(&BaseUrl::parse(bound).unwrap()))
        };
        for (registry, bound) in [
            ("registry.acme.dev", "https://registry.acme.dev"),
            ("https://registry.acme.dev/v1/", "https://registry.acme.dev"),
            ("registry.acme.dev/tenant/v2", "https://registry.acme.dev/tenant"),
            ("localhost:5000", "http://localhost:5000"),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ] {
            assert!(is_meant(registry, bound), "{registry} {bound}");
        }
        for (registry, bound) in [
            ("http://registry.acme.dev", "https://registry.acme.dev"),
            ("registry.acme.dev", "http://registry.acme.dev"),
            ("https://registry.acme.dev:8443", "https://registry.acme.dev"),
            ("https://registry.acme.dev/other", "https://registry.acme.dev/tenant"),
            ("https://registry.acme.dev/tenant2", "https://registry.acme.dev/tenant"),
            ("https://registry.acme.dev.evil.example", "https://registry.acme.dev"),
            ("https://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("", "https://registry.acme.dev"),
        ] {
            assert!(!is_meant(registry, bound), "{registry} {bound}");
        }
    }
}
