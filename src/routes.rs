//! All URLs of the server.

use actix_web::web::{Redirect, ServiceConfig, resource, scope, to};

use crate::http::{api, device, fallback, health, introspect, jwks, metadata, par, revoke, token, userinfo};
use crate::pages;
use crate::pages::shared::request::page_resource;

const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID_METADATA: &str = "/.well-known/openid-configuration";

/// Registers all routes. `path` is that of the issuer, empty if it is at the root. Routes for `GET` also handle `HEAD`,
/// which the envelope converts.
pub fn routes(config: &mut ServiceConfig, path: &str) {
    config.service(resource("/healthz").get(health::alive)).service(resource("/readyz").get(health::ready));
    if path.is_empty() {
        of_issuer(config);
    } else {
        // RFC 8414 section 3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery after it.
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
        .service(page_resource("/api").get(pages::reference::api::page))
        .service(scope("/api").default_service(to(fallback::no_resource)));
    pages(config);
    // After the pages, because the authorization endpoint is one of them.
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
        .service(resource("/api/v1/members").get(api::members::list))
        // Before the member with an id.
        .service(resource("/api/v1/members/leave").post(api::members::leave))
        .service(resource("/api/v1/members/{id}").get(api::members::find))
        .service(resource("/api/v1/members/{id}/role").post(api::members::set_role))
        .service(resource("/api/v1/members/{id}/remove").post(api::members::remove))
        .service(resource("/api/v1/invitations").get(api::invitations::list).post(api::invitations::invite))
        .service(resource("/api/v1/invitations/{id}/renew").post(api::invitations::renew))
        .service(resource("/api/v1/invitations/{id}/cancel").post(api::invitations::cancel))
        .service(resource("/api/v1/audit").get(api::audit::list))
        .service(resource("/api/v1/audit/export").get(api::audit::export))
        .service(resource("/api/v1/uses").get(api::uses::list))
        .service(resource("/api/v1/usage").get(api::uses::usage));
}

fn pages(config: &mut ServiceConfig) {
    config
        .service(
            page_resource("/oauth/authorize")
                .get(pages::authorize::start::start)
                .post(pages::authorize::start::start_by_post),
        )
        .service(page_resource("/cli-auth").get(pages::authorize::start::start_from_tool))
        .service(
            page_resource("/c/code").get(pages::authorize::paste::page).post(pages::authorize::paste::cancel),
        )
        .service(page_resource("/c/{code}").get(pages::authorize::start::short_link))
        .service(page_resource("/authorize/return").get(pages::authorize::return_page::return_page))
        .service(
            page_resource("/authorize/{id}")
                .get(pages::authorize::question::question)
                .post(pages::authorize::question::answer),
        )
        .service(page_resource("/device").get(pages::device::entry::entry).post(pages::device::entry::enter))
        .service(
            page_resource("/device/{id}")
                .get(pages::device::confirm::question)
                .post(pages::device::answer::answer),
        )
        .service(page_resource("/done").get(pages::shared::small_pages::done))
        .service(page_resource("/denied").get(pages::shared::small_pages::denied))
        .service(page_resource("/setup").get(pages::setup::form::setup_page).post(pages::setup::form::set_up))
        .service(
            page_resource("/sign-in")
                .get(pages::sign_in::form::sign_in_page)
                .post(pages::sign_in::form::sign_in),
        )
        .service(
            page_resource("/sign-in/again")
                .get(pages::sign_in::again::again_page)
                .post(pages::sign_in::again::sign_in_again),
        )
        .service(page_resource("/sign-out").post(pages::sign_in::form::sign_out))
        .configure(security_pages)
        .service(page_resource("/").get(pages::sessions::list::list))
        .service(page_resource("/cli-sessions").get(pages::sessions::list::list))
        .service(page_resource("/organizations").get(pages::organizations::list::list))
        .service(
            page_resource("/cli-sessions/end-all")
                .get(pages::sessions::session::end_all_page)
                .post(pages::sessions::session::end_all),
        )
        .service(
            page_resource("/cli-sessions/{id}/rename")
                .get(pages::sessions::session::rename_page)
                .post(pages::sessions::session::rename),
        )
        .service(
            page_resource("/cli-sessions/{id}/end")
                .get(pages::sessions::session::end_page)
                .post(pages::sessions::session::end),
        )
        .service(
            page_resource("/o/{org}/settings/api-access")
                .get(pages::settings::api_access::settings)
                .post(pages::settings::api_access::save),
        )
        .service(
            page_resource("/o/{org}/settings/api-access/sign-in-methods")
                .post(pages::settings::api_access::save_sign_in_methods),
        )
        // The former URL. The target is relative, to keep the organization and the issuer's path.
        .service(Redirect::new("/o/{org}/settings/api-access/roads", "sign-in-methods").permanent())
        .service(
            page_resource("/o/{org}/settings/api-access/personal-tokens/{to}")
                .get(pages::settings::api_access::confirm),
        )
        .service(
            page_resource("/o/{org}/settings/api-access/revoke-all")
                .get(pages::settings::api_access::revoke_all_page)
                .post(pages::settings::api_access::revoke_all),
        )
        .service(page_resource("/o/{org}/audit").get(pages::records::audit::events))
        .service(page_resource("/o/{org}/audit/export").get(pages::records::audit::export))
        .service(page_resource("/o/{org}/audit/uses").get(pages::records::uses::uses))
        .service(page_resource("/o/{org}/usage").get(pages::records::usage::usage))
        .configure(credential_pages)
        .configure(invitation_pages)
        .configure(organization_pages)
        .service(page_resource("/theme").post(pages::shared::small_pages::theme))
        .service(page_resource("/help").get(pages::shared::small_pages::help))
        .service(page_resource("/static/{name}").get(pages::shared::assets::get))
        .default_service(to(pages::shared::small_pages::not_found));
}

fn invitation_pages(config: &mut ServiceConfig) {
    config
        .service(
            page_resource("/o/{org}/members/invite")
                .get(pages::invitations::invite::form_page)
                .post(pages::invitations::invite::invite),
        )
        .service(page_resource("/o/{org}/invitations").get(pages::invitations::list::list))
        .service(page_resource("/o/{org}/invitations/{id}/new-link").post(pages::invitations::list::new_link))
        .service(page_resource("/o/{org}/invitations/{id}/cancel").post(pages::invitations::list::cancel))
        .service(
            page_resource("/o/{org}/invitations/join-links/{id}/end").post(pages::settings::join_links::end),
        )
        .service(
            page_resource("/join/{token}")
                .get(pages::invitations::join::show)
                .post(pages::invitations::join::join),
        )
        .service(
            page_resource("/invite/{token}")
                .get(pages::invitations::accept::show)
                .post(pages::invitations::accept::accept),
        )
        .service(page_resource("/invitations").get(pages::invitations::mine::list))
        .service(page_resource("/invitations/{id}/join").post(pages::invitations::mine::join));
}

fn organization_pages(config: &mut ServiceConfig) {
    config
        .service(
            page_resource("/organizations/new")
                .get(pages::organizations::new::form_page)
                .post(pages::organizations::new::create),
        )
        .service(
            page_resource("/o/{org}/settings")
                .get(pages::settings::general::general)
                .post(pages::settings::general::rename),
        )
        .service(
            page_resource("/o/{org}/settings/delete")
                .get(pages::settings::delete::page)
                .post(pages::settings::delete::delete),
        )
        .service(page_resource("/o/{org}/settings/join-links").post(pages::settings::join_links::switch))
        .service(
            page_resource("/o/{org}/settings/join-links/new")
                .get(pages::settings::join_links::form_page)
                .post(pages::settings::join_links::create),
        );
}

fn security_pages(config: &mut ServiceConfig) {
    config
        .service(page_resource("/security").get(pages::security::overview::page))
        .service(
            page_resource("/security/password")
                .get(pages::security::password::page)
                .post(pages::security::password::change),
        )
        .service(
            page_resource("/security/browsers/end-others")
                .get(pages::security::browsers::end_others_page)
                .post(pages::security::browsers::end_others),
        )
        .service(page_resource("/security/browsers/{id}/end").post(pages::security::browsers::end))
        .service(
            page_resource("/reset/{token}")
                .get(pages::security::reset::page)
                .post(pages::security::reset::reset),
        );
}

fn credential_pages(config: &mut ServiceConfig) {
    config
        .service(page_resource("/keys").get(pages::keys::list::home))
        .service(page_resource("/keys/new").get(pages::keys::list::new_home))
        .service(page_resource("/dashboard/api-keys").get(pages::keys::list::home))
        .service(page_resource("/o/{org}/keys").get(pages::keys::list::list))
        .service(page_resource("/o/{org}/keys/new").get(pages::keys::new::new).post(pages::keys::new::create))
        .service(
            page_resource("/o/{org}/keys/{id}/permissions")
                .get(pages::keys::permissions::page)
                .post(pages::keys::permissions::save),
        )
        .service(
            page_resource("/o/{org}/keys/{id}/rotate")
                .get(pages::keys::key::rotate_page)
                .post(pages::keys::key::rotate),
        )
        .service(
            page_resource("/o/{org}/keys/{id}/end")
                .get(pages::keys::key::revoke_page)
                .post(pages::keys::key::revoke),
        )
        .service(
            page_resource("/o/{org}/settings/api-access/api-keys")
                .post(pages::settings::credential_limits::save_switch),
        )
        .service(
            page_resource("/o/{org}/settings/api-access/api-keys/{to}")
                .get(pages::settings::credential_limits::confirm),
        )
        .service(
            page_resource("/o/{org}/settings/api-access/limits")
                .post(pages::settings::credential_limits::save_limits),
        )
        .service(page_resource("/o/{org}/service-accounts").get(pages::service_accounts::list::list))
        .service(
            page_resource("/o/{org}/service-accounts/new")
                .get(pages::service_accounts::new::new)
                .post(pages::service_accounts::new::create),
        )
        .service(page_resource("/o/{org}/service-accounts/{id}").get(pages::service_accounts::account::show))
        .service(
            page_resource("/o/{org}/service-accounts/{id}/role")
                .post(pages::service_accounts::account::set_role),
        )
        .service(
            page_resource("/o/{org}/service-accounts/{id}/disable")
                .get(pages::service_accounts::account::disable_page),
        )
        .service(
            page_resource("/o/{org}/service-accounts/{id}/state")
                .post(pages::service_accounts::account::set_state),
        )
        .service(page_resource("/o/{org}/members").get(pages::members::list::list))
        .service(
            page_resource("/o/{org}/members/{id}/role")
                .get(pages::members::role::page)
                .post(pages::members::role::save),
        )
        .service(
            page_resource("/o/{org}/members/{id}/remove")
                .get(pages::members::remove::page)
                .post(pages::members::remove::remove),
        )
        .service(
            page_resource("/o/{org}/leave")
                .get(pages::members::leave::page)
                .post(pages::members::leave::leave),
        )
        .service(page_resource("/tokens").get(pages::tokens::list::list))
        .service(page_resource("/tokens/new").get(pages::tokens::new::new).post(pages::tokens::new::create))
        .service(
            page_resource("/tokens/{id}/end")
                .get(pages::tokens::token::revoke_page)
                .post(pages::tokens::token::revoke),
        )
        .service(page_resource("/scopes").get(pages::reference::scopes::catalog));
}
