//! Service accounts: made by people, with a role of their own, and still there when those people have left.

use std::collections::HashMap;

use super::acting::Acting;
use super::field_validation;
use super::refusal::Refusal;
use crate::config::Config;
use crate::domain::audit::Action;
use crate::domain::credential::CredentialKind;
use crate::domain::id::Kind;
use crate::domain::management::SERVICE_ACCOUNTS_MANAGE;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::store::service_accounts::{self, ServiceAccount};
use crate::store::{Conn, StoreError, TxError, Work, static_credentials, users};

/// Characters of the longest purpose.
const LONGEST_PURPOSE: usize = 200;

const NO_SUCH_ACCOUNT: Refusal = Refusal::NotFound("There is no such service account.");

/// A service account to be.
#[derive(Debug, Clone)]
pub struct NewServiceAccount {
    pub name: String,
    pub purpose: String,
    pub role: String,
}

/// A service account and the name of the person who made it.
#[derive(Debug, Clone)]
pub struct Made {
    pub account: ServiceAccount,
    pub creator_name: Option<String>,
}

pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    new: &NewServiceAccount,
) -> Result<Made, TxError<Refusal>> {
    let acting = manager(work, config, acting)?;
    let not_a_person = || Refusal::forbidden("Service accounts are made by people. Sign in as one.");
    let creator = acting.person().ok_or_else(not_a_person)?;
    known(config, &new.role)?;
    acting.reaches(&config.catalog, &new.role)?;
    let account = ServiceAccount {
        id: Kind::ServiceAccount.new_id(work.entropy),
        org_id: acting.organization.id.clone(),
        name: field_validation::name(&new.name)?,
        purpose: field_validation::line("purpose", &new.purpose, LONGEST_PURPOSE)?,
        role: new.role.clone(),
        created_by: Some(creator.to_owned()),
        created_at: work.now,
        disabled_at: None,
    };
    service_accounts::insert(work.conn, &account)?;
    let event = acting.event(Action::ServiceAccountCreated).target(&account.id);
    work.record(event.detail("name", account.name.clone()).detail("role", account.role.clone()));
    Ok(made(work.conn, account)?)
}

/// A page of service accounts, the newest first; `after` is where the page before it ended.
pub fn list(
    conn: &mut Conn,
    acting: &Acting,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<Made>, TxError<Refusal>> {
    acting.require(SERVICE_ACCOUNTS_MANAGE)?;
    let page = service_accounts::page(conn, &acting.organization.id, after, limit)?;
    Ok(all_made(conn, page)?)
}

pub fn find(conn: &mut Conn, acting: &Acting, id: &str) -> Result<Made, TxError<Refusal>> {
    acting.require(SERVICE_ACCOUNTS_MANAGE)?;
    let account = service_accounts::find(conn, &acting.organization.id, id)?.ok_or(NO_SUCH_ACCOUNT)?;
    Ok(made(conn, account)?)
}

/// Disables a service account: its keys stop at once. Or lets it act again, and they with it.
pub fn set_enabled(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    id: &str,
    enabled: bool,
) -> Result<Made, TxError<Refusal>> {
    let acting = manager(work, config, acting)?;
    let account = managed(work, config, &acting, id)?;
    if enabled && account.disabled_at.is_some() {
        may_gain(work, config, &acting, &account, None, &account.role)?;
    }
    if account.disabled_at.is_none() != enabled {
        service_accounts::set_disabled(work.conn, id, (!enabled).then_some(work.now))?;
        let action = if enabled { Action::ServiceAccountEnabled } else { Action::ServiceAccountDisabled };
        work.record(acting.event(action).target(id).detail("name", account.name));
    }
    find(work.conn, &acting, id)
}

/// Gives a service account another role, and its keys what that role holds.
pub fn set_role(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    id: &str,
    role: &str,
) -> Result<Made, TxError<Refusal>> {
    let acting = manager(work, config, acting)?;
    let account = managed(work, config, &acting, id)?;
    known(config, role)?;
    acting.reaches(&config.catalog, role)?;
    may_gain(work, config, &acting, &account, Some(&account.role), role)?;
    if account.role != role {
        service_accounts::set_role(work.conn, id, role)?;
        let event = acting.event(Action::ServiceAccountRoleChanged).target(id);
        work.record(event.detail("before", account.role).detail("after", role));
    }
    find(work.conn, &acting, id)
}

fn manager(work: &mut Work<'_>, config: &Config, acting: &Acting) -> Result<Acting, TxError<Refusal>> {
    let acting = acting.confirm(work, config)?;
    acting.require(SERVICE_ACCOUNTS_MANAGE)?;
    Ok(acting)
}

/// An account that they may change, locked.
fn managed(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    id: &str,
) -> Result<ServiceAccount, TxError<Refusal>> {
    let account = service_accounts::lock(work.conn, &acting.organization.id, id)?.ok_or(NO_SUCH_ACCOUNT)?;
    acting.reaches(&config.catalog, &account.role)?;
    Ok(account)
}

/// Refuses to let the keys of an account do what the credential in use cannot. Disabled, they could do nothing `before`.
fn may_gain(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    account: &ServiceAccount,
    before: Option<&str>,
    after: &str,
) -> Result<(), TxError<Refusal>> {
    let policy = acting.organization.key_policy(&config.organizations);
    let keys = static_credentials::living_of_account(work.conn, &account.org_id, &account.id, work.now)?;
    let gained = keys.iter().flat_map(|key| {
        let may = |role| policy.leaves(&key.granted, &config.catalog, role);
        let had = before.map(may).unwrap_or_default();
        may(after).difference(&had).iter().map(str::to_owned).collect::<Vec<_>>()
    });
    Ok(acting.may_hand_on(&gained.collect())?)
}

fn known(config: &Config, role: &str) -> Result<(), Refusal> {
    if config.roles.iter().any(|known| known.id == role) {
        return Ok(());
    }
    let roles = config.roles.iter().map(|role| role.id.as_str()).collect::<Vec<_>>().join(", ");
    Err(Refusal::invalid("role", format!("role is none that exists. Use one of {roles}.")))
}

/// The keys of a service account that would stop with it.
pub fn living_keys(conn: &mut Conn, org_id: &str, id: &str, now: Time) -> Result<i64, StoreError> {
    let owner = SubjectId::ServiceAccount(id.to_owned());
    static_credentials::count_living(conn, org_id, CredentialKind::ApiKey, Some(&owner), now)
}

fn made(conn: &mut Conn, account: ServiceAccount) -> Result<Made, StoreError> {
    let named = all_made(conn, vec![account])?.pop();
    named.ok_or_else(|| StoreError::Failed("a service account got lost beside its maker".to_owned()))
}

/// Adds the names of those who made them, with one query however many there are.
fn all_made(conn: &mut Conn, accounts: Vec<ServiceAccount>) -> Result<Vec<Made>, StoreError> {
    let makers: Vec<&str> = accounts.iter().filter_map(|account| account.created_by.as_deref()).collect();
    let names: HashMap<String, String> = users::names(conn, &makers)?.into_iter().collect();
    let made = |account: ServiceAccount| {
        let creator_name = account.created_by.as_ref().and_then(|id| names.get(id)).cloned();
        Made { account, creator_name }
    };
    Ok(accounts.into_iter().map(made).collect())
}
