//! Every URL of the server.

use actix_web::web::{ServiceConfig, get, resource, scope};

use crate::http::{api, fallback, health, jwks, metadata, par, revoke, token, userinfo};

const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID_METADATA: &str = "/.well-known/openid-configuration";

/// Puts everything in its place. `path` is the issuer's, empty when the server has the host for itself.
pub fn routes(config: &mut ServiceConfig, path: &str) {
    config
        .service(resource("/healthz").get(health::alive).head(health::alive))
        .service(resource("/readyz").get(health::ready).head(health::ready));
    if path.is_empty() {
        of_issuer(config);
    } else {
        // RFC 8414 section 3.1 puts the well-known part before the issuer's path, OpenID Connect behind it.
        config
            .service(resource(format!("{OAUTH_METADATA}{path}")).get(metadata::metadata))
            .service(resource(format!("{OPENID_METADATA}{path}")).get(metadata::metadata))
            .service(scope(path).configure(of_issuer));
    }
}

fn of_issuer(config: &mut ServiceConfig) {
    config
        .service(resource(OAUTH_METADATA).get(metadata::metadata).head(metadata::metadata))
        .service(resource(OPENID_METADATA).get(metadata::metadata).head(metadata::metadata))
        .service(resource("/oauth/jwks").get(jwks::jwks).head(jwks::jwks))
        .service(resource("/oauth/par").post(par::push))
        .service(resource("/oauth/token").post(token::token))
        .service(resource("/oauth/revoke").post(revoke::revoke))
        .service(resource("/oauth/userinfo").get(userinfo::userinfo).post(userinfo::userinfo))
        .service(resource("/api/v1/whoami").get(api::whoami::whoami))
        .service(resource("/api/v1/sessions").get(api::sessions::list))
        .service(resource("/api/v1/sessions/{id}/revoke").post(api::sessions::revoke))
        .default_service(get().to(fallback::not_found));
}
