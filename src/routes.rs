//! Every URL of the server.

use actix_web::web::{ServiceConfig, resource, scope, to};

use crate::http::{api, device, fallback, health, introspect, jwks, metadata, par, revoke, token, userinfo};
use crate::pages::assets;
use crate::pages::handlers::api_reference;
use crate::pages::handlers::device as device_pages;
use crate::pages::handlers::{
    account, api_access, audit, authorize, credential_limits, key_permissions, keys, misc, one_key,
    one_service_account, one_session, paste, scopes, service_accounts, sessions, setup, tokens, usage,
};

const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID_METADATA: &str = "/.well-known/openid-configuration";

/// Registers every route. `path` is the issuer's, empty when the server has the host for itself. Whatever takes `GET`
/// takes `HEAD` as well: the envelope turns one into the other.
pub fn routes(config: &mut ServiceConfig, path: &str) {
    config.service(resource("/healthz").get(health::alive)).service(resource("/readyz").get(health::ready));
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
        .service(resource(OAUTH_METADATA).get(metadata::metadata))
        .service(resource(OPENID_METADATA).get(metadata::metadata))
        .service(resource("/oauth/jwks").get(jwks::jwks))
        .service(resource("/oauth/par").post(par::push))
        .service(resource("/oauth/par/status").post(par::status))
        .service(resource("/oauth/device_authorization").post(device::start))
        .service(resource("/oauth/token").post(token::token))
        .service(resource("/oauth/revoke").post(revoke::revoke))
        .service(resource("/oauth/introspect").post(introspect::introspect))
        .service(resource("/oauth/userinfo").get(userinfo::userinfo).post(userinfo::userinfo))
        .configure(management)
        .service(resource("/api").get(api_reference::page))
        .service(scope("/api").default_service(to(fallback::no_resource)));
    pages(config);
    // Behind the pages, because one of them is the authorization endpoint.
    config.service(scope("/oauth").default_service(to(fallback::no_endpoint)));
}

fn management(config: &mut ServiceConfig) {
    config
        .service(resource("/api/openapi.json").get(api::openapi::document))
        .service(resource("/api/v1/leaked-secrets").post(api::leaks::report))
        .service(resource("/api/v1/whoami").get(api::whoami::whoami))
        .service(resource("/api/v1/verify").get(api::verify::for_proxy).post(api::verify::for_program))
        .service(resource("/api/v1/verify/{required}/{path:.*}").to(api::verify::for_prefixing_proxy))
        .service(resource("/api/v1/scopes").get(api::scopes::list))
        .service(resource("/api/v1/sessions").get(api::sessions::list))
        .service(resource("/api/v1/sessions/{id}/revoke").post(api::sessions::revoke))
        .service(resource("/api/v1/keys").get(api::keys::list).post(api::keys::create))
        .service(resource("/api/v1/keys/{id}").get(api::keys::find))
        .service(resource("/api/v1/keys/{id}/rotate").post(api::keys::rotate))
        .service(resource("/api/v1/keys/{id}/revoke").post(api::keys::revoke))
        .service(resource("/api/v1/keys/{id}/scopes").post(api::keys::set_scopes))
        .service(resource("/api/v1/tokens").get(api::tokens::list).post(api::tokens::create))
        .service(resource("/api/v1/tokens/{id}").get(api::tokens::find))
        .service(resource("/api/v1/tokens/{id}/revoke").post(api::tokens::revoke))
        .service(
            resource("/api/v1/service-accounts")
                .get(api::service_accounts::list)
                .post(api::service_accounts::create),
        )
        .service(resource("/api/v1/service-accounts/{id}").get(api::service_accounts::find))
        .service(resource("/api/v1/service-accounts/{id}/disable").post(api::service_accounts::disable))
        .service(resource("/api/v1/service-accounts/{id}/enable").post(api::service_accounts::enable))
        .service(resource("/api/v1/service-accounts/{id}/role").post(api::service_accounts::set_role))
        .service(resource("/api/v1/audit").get(api::audit::list))
        .service(resource("/api/v1/audit/export").get(api::audit::export))
        .service(resource("/api/v1/uses").get(api::uses::list))
        .service(resource("/api/v1/usage").get(api::uses::usage));
}

fn pages(config: &mut ServiceConfig) {
    config
        .service(resource("/oauth/authorize").get(authorize::start).post(authorize::start_by_post))
        .service(resource("/cli-auth").get(authorize::start_from_tool))
        .service(resource("/c/code").get(paste::page).post(paste::cancel))
        .service(resource("/c/{code}").get(authorize::short_link))
        .service(resource("/authorize/return").get(authorize::return_page))
        .service(resource("/authorize/{id}").get(authorize::question).post(authorize::answer))
        .service(resource("/device").get(device_pages::entry).post(device_pages::enter))
        .service(resource("/device/{id}").get(device_pages::question).post(device_pages::answer))
        .service(resource("/done").get(misc::done))
        .service(resource("/denied").get(misc::denied))
        .service(resource("/setup").get(setup::setup_page).post(setup::set_up))
        .service(resource("/sign-in").get(account::sign_in_page).post(account::sign_in))
        .service(resource("/sign-in/again").get(account::again_page).post(account::sign_in_again))
        .service(resource("/sign-out").post(account::sign_out))
        .service(resource("/").get(sessions::list))
        .service(resource("/cli-sessions").get(sessions::list))
        .service(resource("/cli-sessions/end-all").get(one_session::end_all_page).post(one_session::end_all))
        .service(
            resource("/cli-sessions/{id}/rename").get(one_session::rename_page).post(one_session::rename),
        )
        .service(resource("/cli-sessions/{id}/end").get(one_session::end_page).post(one_session::end))
        .service(resource("/o/{org}/settings/api-access").get(api_access::settings).post(api_access::save))
        .service(resource("/o/{org}/settings/api-access/roads").post(api_access::save_roads))
        .service(resource("/o/{org}/settings/api-access/personal-tokens/{to}").get(api_access::confirm))
        .service(
            resource("/o/{org}/settings/api-access/revoke-all")
                .get(api_access::revoke_all_page)
                .post(api_access::revoke_all),
        )
        .service(resource("/o/{org}/audit").get(audit::events))
        .service(resource("/o/{org}/audit/export").get(audit::export))
        .service(resource("/o/{org}/audit/uses").get(audit::uses))
        .service(resource("/o/{org}/usage").get(usage::usage))
        .configure(credential_pages)
        .service(resource("/theme").post(misc::theme))
        .service(resource("/help").get(misc::help))
        .service(resource("/static/{name}").get(assets::get))
        .default_service(to(misc::not_found));
}

fn credential_pages(config: &mut ServiceConfig) {
    config
        .service(resource("/keys").get(keys::home))
        .service(resource("/keys/new").get(keys::new_home))
        .service(resource("/dashboard/api-keys").get(keys::home))
        .service(resource("/o/{org}/keys").get(keys::list))
        .service(resource("/o/{org}/keys/new").get(keys::new).post(keys::create))
        .service(
            resource("/o/{org}/keys/{id}/permissions").get(key_permissions::page).post(key_permissions::save),
        )
        .service(resource("/o/{org}/keys/{id}/rotate").get(one_key::rotate_page).post(one_key::rotate))
        .service(resource("/o/{org}/keys/{id}/end").get(one_key::revoke_page).post(one_key::revoke))
        .service(resource("/o/{org}/settings/api-access/api-keys").post(credential_limits::save_switch))
        .service(resource("/o/{org}/settings/api-access/api-keys/{to}").get(credential_limits::confirm))
        .service(resource("/o/{org}/settings/api-access/limits").post(credential_limits::save_limits))
        .service(resource("/o/{org}/service-accounts").get(service_accounts::list))
        .service(
            resource("/o/{org}/service-accounts/new")
                .get(service_accounts::new)
                .post(service_accounts::create),
        )
        .service(resource("/o/{org}/service-accounts/{id}").get(one_service_account::show))
        .service(resource("/o/{org}/service-accounts/{id}/role").post(one_service_account::set_role))
        .service(resource("/o/{org}/service-accounts/{id}/disable").get(one_service_account::disable_page))
        .service(resource("/o/{org}/service-accounts/{id}/state").post(one_service_account::set_state))
        .service(resource("/tokens").get(tokens::list))
        .service(resource("/tokens/new").get(tokens::new).post(tokens::create))
        .service(resource("/tokens/{id}/end").get(tokens::revoke_page).post(tokens::revoke))
        .service(resource("/scopes").get(scopes::catalog));
}
