//! Service accounts: created by users, with a role of their own, and independent of their creators'
//! membership.

use std::collections::{BTreeSet, HashMap};

use super::field_validation;
use super::org_actor::OrgActor;
use super::refusal::ServiceRefusal;
use crate::config::Config;
use crate::domain::audit::{Action, Fact};
use crate::domain::credential::CredentialKind;
use crate::domain::id::IdKind;
use crate::domain::management::SERVICE_ACCOUNTS_MANAGE;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::store::service_accounts::{self, ServiceAccount};
use crate::store::{Conn, StoreError, TxError, Work, static_credentials, users};

/// Number of keys that are read at a time.
const KEYS: i64 = 500;
/// Maximum length of a purpose, in characters.
const MAX_PURPOSE: usize = 200;

const NO_SUCH_ACCOUNT: ServiceRefusal = ServiceRefusal::NotFound("There is no such service account.");

/// Fields of a new service account.
#[derive(Debug, Clone)]
pub struct NewServiceAccount {
    pub name: String,
    pub purpose: String,
    pub role: String,
}

/// A service account with the name of its creator.
#[derive(Debug, Clone)]
pub struct AccountWithCreator {
    pub account: ServiceAccount,
    pub creator_name: Option<String>,
}

pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    new: &NewServiceAccount,
) -> Result<AccountWithCreator, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, SERVICE_ACCOUNTS_MANAGE)?;
    let not_a_user = || {
        ServiceRefusal::forbidden(
            "Only users can create service accounts. Sign in instead of using an API key.",
        )
    };
    let creator = actor.person().ok_or_else(not_a_user)?;
    require_known_role(config, &new.role)?;
    actor.require_not_outranked(&config.catalog, &new.role)?;
    let account = ServiceAccount {
        id: IdKind::ServiceAccount.new_id(work.entropy),
        org_id: actor.organization.id.clone(),
        name: field_validation::name(&new.name)?,
        purpose: field_validation::line("purpose", &new.purpose, MAX_PURPOSE)?,
        role: new.role.clone(),
        created_by: Some(creator.to_owned()),
        created_at: work.now,
        disabled_at: None,
    };
    service_accounts::insert(work.conn, &account)?;
    let event = actor.event(Action::ServiceAccountCreated).target(&account.id);
    work.record(event.text("name", Some(&account.name)).detail("role", Fact::role(&account.role)));
    Ok(with_creator(work.conn, account)?)
}

/// A page of service accounts, newest first, starting after the cursor `after`.
pub fn list(
    conn: &mut Conn,
    actor: &OrgActor,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<AccountWithCreator>, TxError<ServiceRefusal>> {
    actor.require(SERVICE_ACCOUNTS_MANAGE)?;
    let page = service_accounts::page(conn, &actor.organization.id, after, limit)?;
    Ok(with_creators(conn, page)?)
}

pub fn find(
    conn: &mut Conn,
    actor: &OrgActor,
    id: &str,
) -> Result<AccountWithCreator, TxError<ServiceRefusal>> {
    actor.require(SERVICE_ACCOUNTS_MANAGE)?;
    let account = service_accounts::find(conn, &actor.organization.id, id)?.ok_or(NO_SUCH_ACCOUNT)?;
    Ok(with_creator(conn, account)?)
}

/// Disables a service account, which stops its keys at once, or enables it and its keys again.
pub fn set_enabled(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
    enabled: bool,
) -> Result<AccountWithCreator, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, SERVICE_ACCOUNTS_MANAGE)?;
    let account = managed(work, config, &actor, id)?;
    if enabled && account.disabled_at.is_some() {
        require_may_grant(work, config, &actor, &account, None, &account.role)?;
    }
    if account.disabled_at.is_none() != enabled {
        service_accounts::set_disabled(work.conn, id, (!enabled).then_some(work.now))?;
        let action = if enabled { Action::ServiceAccountEnabled } else { Action::ServiceAccountDisabled };
        work.record(actor.event(action).target(id).text("name", Some(&account.name)));
    }
    find(work.conn, &actor, id)
}

/// Changes the role of a service account, which changes the effective scopes of its keys.
pub fn set_role(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
    role: &str,
) -> Result<AccountWithCreator, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, SERVICE_ACCOUNTS_MANAGE)?;
    let account = managed(work, config, &actor, id)?;
    require_known_role(config, role)?;
    actor.require_not_outranked(&config.catalog, role)?;
    require_may_grant(work, config, &actor, &account, Some(&account.role), role)?;
    if account.role != role {
        service_accounts::set_role(work.conn, id, role)?;
        let event = actor.event(Action::ServiceAccountRoleChanged).target(id);
        work.record(event.detail("before", Fact::role(&account.role)).detail("after", Fact::role(role)));
    }
    find(work.conn, &actor, id)
}

/// Locks a service account that the actor may change.
fn managed(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
) -> Result<ServiceAccount, TxError<ServiceRefusal>> {
    let account = service_accounts::lock(work.conn, &actor.organization.id, id)?.ok_or(NO_SUCH_ACCOUNT)?;
    actor.require_not_outranked(&config.catalog, &account.role)?;
    Ok(account)
}

/// Refuses a change after which the account's keys have more scopes than `before` that the actor lacks.
/// `before` is `None` for a disabled account.
fn require_may_grant(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    account: &ServiceAccount,
    before: Option<&str>,
    after: &str,
) -> Result<(), TxError<ServiceRefusal>> {
    let policy = actor.organization.key_policy(&config.organizations);
    let (mut place, mut gained) = (None, BTreeSet::new());
    loop {
        let (org_id, id) = (&account.org_id, &account.id);
        let keys =
            static_credentials::active_of_account(work.conn, org_id, id, work.now, place.as_ref(), KEYS)?;
        for key in &keys {
            let may = |role| policy.effective_scopes(&key.granted, &config.catalog, role);
            let had = before.map(may).unwrap_or_default();
            gained.extend(may(after).difference(&had).iter().map(str::to_owned));
        }
        let Some(last) = keys.last() else { break };
        place = Some((last.created_at, last.id.clone()));
    }
    Ok(actor.require_may_grant(&gained.into_iter().collect())?)
}

pub(super) fn require_known_role(config: &Config, role: &str) -> Result<(), ServiceRefusal> {
    if config.role(role).is_some() {
        return Ok(());
    }
    let roles = config.roles.iter().map(|role| role.id.as_str()).collect::<Vec<_>>().join(", ");
    Err(ServiceRefusal::invalid("role", format!("role does not exist. Use one of {roles}.")))
}

/// Number of active keys of a service account.
pub fn count_active_keys(conn: &mut Conn, org_id: &str, id: &str, now: Time) -> Result<i64, StoreError> {
    let owner = SubjectId::ServiceAccount(id.to_owned());
    static_credentials::count_active(conn, org_id, CredentialKind::ApiKey, Some(&owner), now)
}

fn with_creator(conn: &mut Conn, account: ServiceAccount) -> Result<AccountWithCreator, StoreError> {
    let named = with_creators(conn, vec![account])?.pop();
    named.ok_or_else(|| {
        StoreError::Failed("a service account is missing in the query of its creator".to_owned())
    })
}

/// Adds the names of the creators, with one query for any number of accounts.
fn with_creators(
    conn: &mut Conn,
    accounts: Vec<ServiceAccount>,
) -> Result<Vec<AccountWithCreator>, StoreError> {
    let makers: Vec<&str> = accounts.iter().filter_map(|account| account.created_by.as_deref()).collect();
    let names: HashMap<String, String> = users::names(conn, &makers)?.into_iter().collect();
    let made = |account: ServiceAccount| {
        let creator_name = account.created_by.as_ref().and_then(|id| names.get(id)).cloned();
        AccountWithCreator { account, creator_name }
    };
    Ok(accounts.into_iter().map(made).collect())
}
