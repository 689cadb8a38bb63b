//! Verify requests: requirements, and the original request.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::answer::ScopeId;
use super::super::error::ApiError;
use super::super::page;
use crate::domain::endpoint::Endpoint;
use crate::domain::rate_policy::RatePolicy;
use crate::domain::resource;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::http::api_auth;
use crate::services::authenticate::Audience;
use crate::web::app::App;

/// Headers of nginx; of Traefik and Caddy.
const METHOD: [&str; 2] = ["x-original-method", "x-forwarded-method"];
const TARGET: [&str; 2] = ["x-original-uri", "x-forwarded-uri"];

/// Path prefix for proxies that append the path of the original request.
const PREFIX: &str = "/api/v1/verify/";

pub(super) struct VerifyRequest {
    pub(super) required: Requirements,
    /// The original request, if the proxy describes it.
    pub(super) original: Option<Endpoint>,
}

/// Requirements on a request, from the configuration of the gateway.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requirements {
    pub(super) scopes: ScopeSet,
    /// A rate policy by name, in addition to those that apply by route and scopes.
    pub(super) policy: Option<String>,
    /// Required audience of access tokens.
    pub(super) audience: Audience,
}

impl VerifyRequest {
    /// The rate policies that apply.
    pub(super) fn policies(&self, all: &[RatePolicy]) -> Vec<RatePolicy> {
        let Requirements { scopes, policy: named, .. } = &self.required;
        let counts = |policy: &&RatePolicy| {
            named.as_ref() == Some(&policy.name) || policy.applies_to(scopes, self.original.as_ref())
        };
        all.iter().filter(counts).cloned().collect()
    }
}

impl Requirements {
    /// Reads `scope=a+b&policy=name&resource=https://api.example.com`. Unknown parameters are refused: a typo
    /// must not let requests pass.
    pub(super) fn parse(app: &App, query: &str) -> Result<Self, ApiError> {
        const KNOWN: [&str; 3] = ["scope", "policy", "resource"];
        let parameters = page::parse(query)?;
        api_auth::not_in_query(query)?;
        if parameters.all("resource").len() > 1 {
            return Err(ApiError::bad_request("The query may contain only one resource."));
        }
        let [scope, policy, resource] = KNOWN.map(|name| parameters.get(name));
        let required = Self::of(app, scope.unwrap_or_default(), policy, resource)?;
        if parameters.into_pairs().iter().any(|(name, _)| !KNOWN.contains(&name.as_str())) {
            let message = "The query may contain only scope, policy and one resource.";
            return Err(ApiError::bad_request(message));
        }
        Ok(required)
    }

    fn of(app: &App, scopes: &str, policy: Option<&str>, resource: Option<&str>) -> Result<Self, ApiError> {
        let config = &app.config;
        let audience = match resource {
            None => Audience::Issuer,
            Some(id) => match resource::find(app.issuer(), &config.resources, id) {
                Ok(None) => Audience::Issuer,
                Ok(Some(resource)) => Audience::Resource(resource.id.clone()),
                Err(_) => return Err(ApiError::bad_request("There is no such resource.")),
            },
        };
        let bad = || ApiError::bad_request("scope is not a list of scopes.");
        let scopes = ScopeSet::parse(scopes).map_err(|_| bad())?;
        if let Some(unknown) = scopes.iter().find(|scope| !app.config.catalog.contains(scope)) {
            return Err(ApiError::bad_request(format!("The catalog has no scope {unknown}.")));
        }
        let named = |name: &str| app.config.rate_policies.iter().any(|policy| policy.name == name);
        match policy {
            Some(name) if !named(name) => {
                Err(ApiError::bad_request(format!("There is no rate policy {name}.")))
            }
            _ => Ok(Self { scopes, policy: policy.map(str::to_owned), audience }),
        }
    }
}

/// The original request from the proxy's headers. Contradicting headers are refused, because one of them
/// could come from the client.
pub(super) fn original(headers: &HeaderMap) -> Result<Option<Endpoint>, ApiError> {
    match (only(headers, METHOD)?, only(headers, TARGET)?) {
        (method, Some(target)) => described(method.unwrap_or("GET"), target).map(Some),
        (_, None) => Ok(None),
    }
}

fn only<'a>(headers: &'a HeaderMap, names: [&str; 2]) -> Result<Option<&'a str>, ApiError> {
    let mut values = names.into_iter().flat_map(|name| headers.get_all(name));
    let Some(first) = values.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| values.all(|other| other == first));
    text.map(Some)
        .ok_or_else(|| ApiError::bad_request("The headers of the proxy describe different requests."))
}

/// The original request, whose path the proxy appended to `{issuer path}/api/v1/verify/{required}`. The raw
/// path is used: decoded, it could differ from the one that the API will see.
pub(super) fn behind_prefix(issuer_path: &str, request: &HttpRequest) -> Result<Endpoint, ApiError> {
    let below = request.uri().path().strip_prefix(issuer_path).and_then(|rest| rest.strip_prefix(PREFIX));
    let (_, path) = below.and_then(|rest| rest.split_once('/')).ok_or_else(|| {
        ApiError::bad_request("The path does not have the form /api/v1/verify/{required}/{path}.")
    })?;
    described(request.method().as_str(), &format!("/{path}?{}", request.query_string()))
}

/// Parses a method and target. A target with a credential is refused.
pub(super) fn described(method: &str, target: &str) -> Result<Endpoint, ApiError> {
    api_auth::not_in_query(target.split_once('?').map_or("", |(_, query)| query))?;
    Endpoint::parse(method, target)
        .map_err(|why| ApiError::bad_request(format!("The original method or URI cannot be read: {why}.")))
}

/// The same as JSON.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VerifyRequest)]
pub(super) struct Described {
    /// The presented credential.
    credential: String,
    /// Method of the request; `GET` if omitted.
    method: Option<String>,
    /// Path of the request, with its query.
    #[schema(example = "/v1/conversations")]
    uri: Option<String>,
    /// Required scopes.
    #[serde(default)]
    #[schema(value_type = Vec<ScopeId>)]
    scopes: Vec<String>,
    /// A rate policy by name, in addition to those that apply by route and scopes.
    policy: Option<String>,
    /// Required audience of an access token; this server if omitted. Keys and personal tokens are valid for
    /// any.
    resource: Option<String>,
}

impl Described {
    pub(super) fn read(self, app: &App) -> Result<(Secret, VerifyRequest), ApiError> {
        let secret = Secret::new(self.credential);
        let original = match &self.uri {
            Some(uri) => Some(described(self.method.as_deref().unwrap_or("GET"), uri)?),
            None => None,
        };
        let required =
            Requirements::of(app, &self.scopes.join(" "), self.policy.as_deref(), self.resource.as_deref())?;
        Ok((secret, VerifyRequest { required, original }))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::services::auth_error::AuthError;

    fn name(headers: &[(&str, &str)]) -> Result<Option<String>, ApiError> {
        let mut request = TestRequest::default();
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let request = request.to_http_request();
        Ok(original(request.headers())?.map(|endpoint| endpoint.name()))
    }

    #[test]
    fn the_original_request_is_named_by_either_family_of_headers() {
        let expected = Some("POST /v1/users".to_owned());
        assert_eq!(
            name(&[("x-original-method", "POST"), ("x-original-uri", "/v1/users?a=1")]).unwrap(),
            expected
        );
        assert_eq!(
            name(&[("x-forwarded-method", "POST"), ("x-forwarded-uri", "/v1/users")]).unwrap(),
            expected
        );
        assert_eq!(name(&[]).unwrap(), None);
        assert_eq!(name(&[("x-original-uri", "/")]).unwrap(), Some("GET /".to_owned()));
    }

    #[test]
    fn headers_that_contradict_each_other_are_refused() {
        for headers in [
            [("x-original-uri", "/a"), ("x-forwarded-uri", "/b")],
            [("x-original-uri", "/a"), ("x-original-uri", "/b")],
            [("x-original-uri", "/a"), ("x-original-method", "a b")],
        ] {
            assert!(matches!(name(&headers), Err(ApiError::BadRequest(_))), "{headers:?}");
        }
    }

    #[test]
    fn ak_04_a_credential_in_the_original_address_is_refused() {
        let denied = name(&[("x-original-uri", "/v1/users?api_key=abc")]);
        assert!(matches!(denied, Err(ApiError::Auth(AuthError::InQuery))));
    }
}
