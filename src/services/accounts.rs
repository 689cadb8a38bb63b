//! Creation of organizations, users and clients.

use super::organization_names;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::client::{COMPANION, Client, ClientKind, Grant};
use crate::domain::id::IdKind;
use crate::domain::policy::PASTE_PATH;
use crate::domain::redirect_uri::RedirectUri;
use crate::store::memberships::{self, Membership};
use crate::store::organizations::{self, Organization};
use crate::store::users::{self, User};
use crate::store::{
    Conn, StoreError, Work, authorization_requests, clients, credentials, deployment_settings,
    device_requests, web_sessions,
};

pub use super::organization_names::MAX_NAME;

/// A user to create.
#[derive(Clone)]
pub struct NewUser {
    /// Already in its canonical form.
    pub email: String,
    pub name: String,
    /// A PHC string.
    pub password_hash: String,
}

/// Creates a user.
pub fn create_user(
    work: &mut Work<'_>,
    new: NewUser,
    actor: &Actor,
    origin: &Origin,
) -> Result<User, StoreError> {
    let user = User {
        id: IdKind::User.new_id(work.entropy),
        email: new.email,
        name: new.name,
        password_hash: Some(new.password_hash),
        password_changed_at: Some(work.now),
        created_at: work.now,
        disabled_at: None,
        devices_forgotten_at: None,
    };
    users::insert(work.conn, &user)?;
    work.record(Event::new(Action::UserCreated, actor.clone(), origin).target(&user.id));
    Ok(user)
}

/// Adds an organization. Its short name is derived from its name.
pub fn create_organization(
    work: &mut Work<'_>,
    name: &str,
    actor: &Actor,
    origin: &Origin,
) -> Result<Organization, StoreError> {
    let slug = organization_names::propose(work.conn, name, work.now)?;
    insert_organization(work, name, slug, actor, origin)
}

/// Adds an organization with a short name that is free; `StoreError::Conflict` if it was taken at the same moment.
pub fn insert_organization(
    work: &mut Work<'_>,
    name: &str,
    slug: String,
    actor: &Actor,
    origin: &Origin,
) -> Result<Organization, StoreError> {
    let organization = Organization {
        id: IdKind::Organization.new_id(work.entropy),
        slug,
        name: name.to_owned(),
        personal_tokens: true,
        api_keys: true,
        created_at: work.now,
        disabled_at: None,
        device_flow: None,
        copy_code: None,
        unrestricted_keys: None,
        key_max_seconds: None,
        personal_token_creators: None,
        personal_token_max_seconds: None,
        created_by: actor.user().map(str::to_owned),
        deleted_at: None,
        purged_at: None,
        log_removed_at: None,
        join_links: false,
    };
    organizations::insert(work.conn, &organization)?;
    let event = Event::new(Action::OrganizationCreated, actor.clone(), origin).org(&organization.id);
    work.record(event.target(&organization.id));
    Ok(organization)
}

/// Forgets all known devices of a user; `None` if no user has this email address.
pub fn forget_devices(
    work: &mut Work<'_>,
    email: &str,
    actor: &Actor,
    origin: &Origin,
) -> Result<Option<User>, StoreError> {
    let Some(user) = users::find_by_email(work.conn, email)? else { return Ok(None) };
    users::forget_devices(work.conn, &user.id, work.now)?;
    work.record(Event::new(Action::DevicesForgotten, actor.clone(), origin).target(&user.id));
    Ok(Some(user))
}

/// Signs out every browser of a user and returns how many; `None` if no user has this email address.
pub fn sign_out_browsers(
    work: &mut Work<'_>,
    email: &str,
    actor: &Actor,
    origin: &Origin,
) -> Result<Option<usize>, StoreError> {
    let Some(user) = users::find_by_email(work.conn, email)? else { return Ok(None) };
    let browsers = web_sessions::delete_of_user(work.conn, &user.id)?;
    let event = Event::new(Action::BrowsersSignedOut, actor.clone(), origin).target(&user.id);
    work.record(event.detail("browsers", browsers));
    Ok(Some(browsers))
}

/// Adds a user to an organization.
pub fn add_member(
    work: &mut Work<'_>,
    organization: &Organization,
    user: &User,
    role: &str,
    actor: &Actor,
    origin: &Origin,
) -> Result<(), StoreError> {
    let membership = Membership {
        org_id: organization.id.clone(),
        user_id: user.id.clone(),
        role: role.to_owned(),
        created_at: work.now,
        invited_by: None,
    };
    memberships::insert(work.conn, &membership)?;
    let event = Event::new(Action::MemberAdded, actor.clone(), origin).org(&organization.id).target(&user.id);
    work.record(event.detail("role", Fact::role(role)));
    Ok(())
}

/// Registers a client; `StoreError::Conflict` if its id is in use. The id of a removed client can be
/// registered again: sessions and pending requests of the removed client do not pass to the new one.
pub fn create_client(
    work: &mut Work<'_>,
    client: &Client,
    actor: &Actor,
    origin: &Origin,
) -> Result<(), StoreError> {
    let removed = clients::is_removed(work.conn, &client.id)?;
    if removed {
        authorization_requests::delete_of_client(work.conn, &client.id)?;
        device_requests::delete_of_client(work.conn, &client.id)?;
    }
    if removed && clients::replace_removed(work.conn, client)? {
        credentials::revoke_of_client(work.conn, &client.id, work.now)?;
    } else {
        clients::insert(work.conn, client)?;
    }
    let event = Event::new(Action::ClientCreated, actor.clone(), origin).target(&client.id);
    work.record(event.detail("kind", client.kind.as_str()));
    Ok(())
}

/// Removes a client and ends every session of it; `None` if there is no such client.
pub fn remove_client(
    work: &mut Work<'_>,
    id: &str,
    actor: &Actor,
    origin: &Origin,
) -> Result<Option<usize>, StoreError> {
    if !clients::disable(work.conn, id, work.now)? {
        return Ok(None);
    }
    let ended = credentials::revoke_of_client(work.conn, id, work.now)?;
    let event = Event::new(Action::ClientRemoved, actor.clone(), origin).target(id);
    work.record(event.detail("sessions_ended", ended.len()));
    Ok(Some(ended.len()))
}

/// Deployment setting that records when the companion CLI was registered.
const COMPANION_REGISTERED: &str = "companion";

/// Registers the companion CLI once. Of nodes that start together, one does it; a removed registration stays
/// removed. Redirect URIs and grants follow this version and this public URL, unless an operator registered
/// the id again.
pub fn ensure_companion(work: &mut Work<'_>, config: &Config) -> Result<(), StoreError> {
    let pasted = config.server.public_url.join(PASTE_PATH);
    let redirect_uris: Vec<RedirectUri> =
        ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback", &pasted]
            .into_iter()
            .map(|uri| RedirectUri::from_stored(uri.to_owned()))
            .collect();
    let grants = vec![Grant::AuthorizationCode, Grant::RefreshToken, Grant::DeviceCode];
    if !deployment_settings::claim(work.conn, COMPANION_REGISTERED, COMPANION, work.now)? {
        let Some((_, registered_at)) = deployment_settings::find(work.conn, COMPANION_REGISTERED)? else {
            return Ok(());
        };
        return clients::update_registration(work.conn, COMPANION, registered_at, &redirect_uris, &grants);
    }
    let client = Client {
        id: COMPANION.to_owned(),
        name: format!("{} CLI", config.brand.name),
        kind: ClientKind::Native,
        secret: None,
        old_secret: None,
        redirect_uris,
        scopes: None,
        grants,
        command: Some(config.brand.login_command.clone()),
        access: None,
        created_at: work.now,
        disabled_at: None,
        version: 1,
    };
    create_client(work, &client, &Actor::Operator, &Origin::default())
}

/// Whether this is the companion CLI as [`ensure_companion`] registered it, and not a registration by the operator.
pub fn is_own_companion(conn: &mut Conn, client: &Client) -> Result<bool, StoreError> {
    if client.id != COMPANION {
        return Ok(false);
    }
    let registered = deployment_settings::find(conn, COMPANION_REGISTERED)?;
    Ok(registered.is_some_and(|(_, registered_at)| registered_at == client.created_at))
}
