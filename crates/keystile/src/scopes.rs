//! The scope catalog of a server.

use std::time::Duration;

use oauth2::http::Request;
use serde::{Deserialize, Serialize};
use url::Url;
use url::form_urlencoded::Serializer;

use super::base_url::BaseUrl;
use super::context::Context;
use super::error::ErrorKind;
use super::http::{PROTOCOL_LIMIT, Plan, Replay};
use super::oauth::Metadata;

const PLAN: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(15), limit: PROTOCOL_LIMIT };
const PATH: &str = "/api/v1/scopes";

/// The scopes of a server, and named sets of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Catalog {
    pub(crate) scopes: Vec<Scope>,
    #[serde(default)]
    pub(crate) bundles: Vec<Bundle>,
}

/// A scope.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Scope {
    pub(crate) id: String,
    pub(crate) label: String,
    /// `read` for a scope that changes nothing.
    pub(crate) level: String,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

/// A named set of scopes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Bundle {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Envelope {
    data: Catalog,
}

/// The URL of the catalog.
fn address(issuer: &BaseUrl, metadata: &Metadata) -> String {
    let url = metadata.cli_configuration.scopes_url.as_ref().map(Url::to_string);
    url.unwrap_or_else(|| format!("{issuer}{PATH}"))
}

fn no_catalog(issuer: &BaseUrl) -> ErrorKind {
    ErrorKind::Usage {
        message: format!("{} does not publish its scopes", issuer.host()),
        hint: Some("Request the scopes by name with --scopes.".into()),
    }
}

impl Catalog {
    /// Fetches all scopes, without a credential.
    pub(crate) async fn of(
        context: &Context,
        issuer: &BaseUrl,
        metadata: &Metadata,
    ) -> Result<Self, ErrorKind> {
        Self::at(context, issuer, address(issuer, metadata)).await?.ok_or_else(|| no_catalog(issuer))
    }

    /// Fetches the scopes that the client may request. Fetches all if the server does not know the client, because the
    /// login has a better error for that.
    pub(crate) async fn of_tool(
        context: &Context,
        issuer: &BaseUrl,
        metadata: &Metadata,
    ) -> Result<Self, ErrorKind> {
        let url = address(issuer, metadata);
        let separator = if url.contains('?') { '&' } else { '?' };
        let client_id =
            Serializer::new(String::new()).append_pair("client_id", &context.app.client_id).finish();
        match Self::at(context, issuer, format!("{url}{separator}{client_id}")).await? {
            Some(catalog) => Ok(catalog),
            None => Self::of(context, issuer, metadata).await,
        }
    }

    /// `None` on 404.
    async fn at(context: &Context, issuer: &BaseUrl, url: String) -> Result<Option<Self>, ErrorKind> {
        let request = Request::get(url)
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|error| ErrorKind::Usage { message: error.to_string(), hint: None })?;
        let response = context.transport.send(request, PLAN).await?;
        match response.status() {
            200 => Ok(Some(response.parse::<Envelope>()?.data)),
            404 => Ok(None),
            status @ 500.. => Err(ErrorKind::ServerError { status, request_id: None }),
            _ => Err(no_catalog(issuer)),
        }
    }

    /// The requested scopes that have the level `read`; if none are requested, all scopes that have it. A scope that
    /// the catalog does not list is kept: it is a protocol scope such as `openid`, which grants no access.
    pub(crate) fn only_reading(&self, asked: &[String]) -> Vec<String> {
        let reads = |scope: &&Scope| scope.level == "read";
        if asked.is_empty() {
            return self.scopes.iter().filter(reads).map(|scope| scope.id.clone()).collect();
        }
        let is_harmless = |asked: &&String| {
            self.scopes.iter().find(|scope| scope.id == **asked).is_none_or(|scope| reads(&scope))
        };
        asked.iter().filter(is_harmless).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let scope = |id: &str, level: &str| Scope {
            id: id.into(),
            label: String::new(),
            level: level.into(),
            roles: Vec::new(),
        };
        let scopes =
            vec![scope("org:read", "read"), scope("org:write", "change"), scope("org:delete", "delete")];
        Catalog { scopes, bundles: Vec::new() }
    }

    #[test]
    fn read_only_keeps_what_reads_and_what_the_protocol_wants() {
        assert_eq!(catalog().only_reading(&[]), ["org:read"]);
        let asked = ["offline_access", "org:write", "org:read"].map(String::from);
        assert_eq!(catalog().only_reading(&asked), ["offline_access", "org:read"]);
    }
}
