//! Server metadata: RFC 8414 and OpenID Connect Discovery in one document.
//!
//! It lists only supported features; all URLs are built from the configured issuer.

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, Responder};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, IssuerUrl, JsonWebKeySetUrl, PkceCodeChallengeMethod,
    ProviderMetadata, ResponseTypes, Scope, TokenUrl, UserInfoUrl,
};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::domain::client::Grant;
use crate::domain::key_grant::KeyGrant;

type Metadata = ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Fields beyond OpenID Connect Discovery.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Additional {
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    pushed_authorization_request_endpoint: String,
    device_authorization_endpoint: String,
    code_challenge_methods_supported: Vec<PkceCodeChallengeMethod>,
    authorization_response_iss_parameter_supported: bool,
    refresh_token_expiration_types_supported: Vec<String>,
    cli_configuration: CliConfiguration,
}

impl AdditionalProviderMetadata for Additional {}

/// Fields for command-line tools.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct CliConfiguration {
    api_base: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    support_url: Option<String>,
    /// Page where users create keys.
    dashboard_keys_url: String,
    /// The scope catalog.
    scopes_url: String,
    key_prefixes: Vec<String>,
    device_flow: bool,
    /// Status of a pushed request, for clients that wait for a copied code.
    pushed_request_status_url: String,
    providers: Vec<String>,
}

/// The serialized document, constant while the server runs.
#[derive(Clone)]
pub struct Document(Bytes);

/// The document cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the metadata cannot be written: {0}")]
pub struct MetadataError(String);

impl From<url::ParseError> for MetadataError {
    fn from(error: url::ParseError) -> Self {
        Self(error.to_string())
    }
}

impl Document {
    pub fn new(config: &Config) -> Result<Self, MetadataError> {
        let text =
            serde_json::to_vec(&describe(config)?).map_err(|error| MetadataError(error.to_string()))?;
        Ok(Self(text.into()))
    }
}

/// `GET /.well-known/oauth-authorization-server` and `GET /.well-known/openid-configuration`
pub async fn metadata(document: web::Data<Document>) -> impl Responder {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .insert_header(ContentType::json())
        .body(document.0.clone())
}

fn describe(config: &Config) -> Result<Metadata, MetadataError> {
    let issuer = &config.server.public_url;
    let client_authentication = vec![
        CoreClientAuthMethod::None,
        CoreClientAuthMethod::ClientSecretBasic,
        CoreClientAuthMethod::ClientSecretPost,
    ];
    let claims = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "email"];
    let additional = Additional {
        revocation_endpoint: issuer.join("/oauth/revoke"),
        revocation_endpoint_auth_methods_supported: client_authentication.clone(),
        introspection_endpoint: issuer.join("/oauth/introspect"),
        // An API key is presented as a bearer token.
        introspection_endpoint_auth_methods_supported: vec![
            CoreClientAuthMethod::ClientSecretBasic,
            CoreClientAuthMethod::ClientSecretPost,
            CoreClientAuthMethod::Extension("Bearer".to_owned()),
        ],
        pushed_authorization_request_endpoint: issuer.join("/oauth/par"),
        device_authorization_endpoint: issuer.join("/oauth/device_authorization"),
        code_challenge_methods_supported: vec![PkceCodeChallengeMethod::new("S256".to_owned())],
        authorization_response_iss_parameter_supported: true,
        refresh_token_expiration_types_supported: vec![
            "authorization".to_owned(),
            "token_timeout".to_owned(),
        ],
        cli_configuration: cli_configuration(config),
    };
    let metadata = Metadata::new(
        IssuerUrl::new(issuer.as_str().to_owned())?,
        AuthUrl::new(issuer.join("/oauth/authorize"))?,
        JsonWebKeySetUrl::new(issuer.join("/oauth/jwks"))?,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
        additional,
    );
    Ok(metadata
        .set_token_endpoint(Some(TokenUrl::new(issuer.join("/oauth/token"))?))
        .set_userinfo_endpoint(Some(UserInfoUrl::new(issuer.join("/oauth/userinfo"))?))
        .set_scopes_supported(Some(config.catalog.ids().map(|id| Scope::new(id.to_owned())).collect()))
        .set_response_modes_supported(Some(vec![CoreResponseMode::Query]))
        .set_grant_types_supported(Some(vec![
            CoreGrantType::AuthorizationCode,
            CoreGrantType::RefreshToken,
            CoreGrantType::Extension(Grant::DeviceCode.as_str().to_owned()),
            CoreGrantType::ClientCredentials,
            CoreGrantType::Extension(KeyGrant::TokenExchange.as_str().to_owned()),
        ]))
        .set_token_endpoint_auth_methods_supported(Some(client_authentication))
        .set_claims_supported(Some(claims.map(|name| CoreClaimName::new(name.to_owned())).into()))
        .set_claims_parameter_supported(Some(false))
        .set_request_parameter_supported(Some(false))
        .set_request_uri_parameter_supported(Some(false)))
}

fn cli_configuration(config: &Config) -> CliConfiguration {
    let prefix = &config.brand.token_prefix;
    CliConfiguration {
        api_base: config.server.public_url.as_str().to_owned(),
        status_url: config.brand.status_url.clone(),
        support_url: config.brand.support_url.clone(),
        dashboard_keys_url: config.server.public_url.join("/keys"),
        scopes_url: config.server.public_url.join("/api/v1/scopes"),
        key_prefixes: vec![format!("{prefix}_live_"), format!("{prefix}_test_")],
        device_flow: true,
        pushed_request_status_url: config.server.public_url.join("/oauth/par/status"),
        providers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Env;

    #[test]
    fn every_url_is_built_from_the_issuer_byte_for_byte() {
        let issuer = "https://auth.example.com/keystile";
        let env: Env = [("KEYSTILE_PUBLIC_URL", issuer), ("HOME", "/tmp")].into_iter().collect();
        let document = Document::new(&Config::load(None, &env).unwrap()).unwrap();
        let document: Value = serde_json::from_slice(&document.0).unwrap();
        assert_eq!(document["issuer"], issuer);
        for (name, value) in document.as_object().unwrap() {
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                assert!(value.as_str().unwrap().starts_with(&format!("{issuer}/oauth/")), "{name}: {value}");
            }
        }
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["response_types_supported"], json!(["code"]));
        let of_keys = KeyGrant::ALL.iter().map(|grant| grant.as_str());
        let grants = Grant::ALL.iter().map(|grant| grant.as_str()).chain(of_keys).collect::<Vec<_>>();
        assert_eq!(document["grant_types_supported"], json!(grants));
        assert_eq!(document["request_uri_parameter_supported"], json!(false));
        let methods = json!(["none", "client_secret_basic", "client_secret_post"]);
        assert_eq!(document["token_endpoint_auth_methods_supported"], methods);
        assert_eq!(document["cli_configuration"]["api_base"], issuer);
        assert!(document["cli_configuration"].get("status_url").is_none());
    }
}
