//! Accepts an invitation, with an account that exists or with a new one.

use super::standing::{self, EndedInvitation, OpenInvitation, Standing};
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::invitation::InvitationState;
use crate::domain::secret::Digest;
use crate::keys::master::MasterKey;
use crate::services::accounts::{self, NewUser};
use crate::services::sign_in::{self, NewSession};
use crate::store::invitations::{self, Invitation};
use crate::store::memberships::{self, Membership, OrganizationKey};
use crate::store::organizations::{self, Organization};
use crate::store::users::{self, User};
use crate::store::{RefusalReason, StoreError, TxError, Work};

/// Identifies an invitation.
#[derive(Debug, Clone)]
pub enum InvitationKey {
    /// By the digest of the token in its link.
    Token(Digest),
    /// By its id, among those for the address of the user.
    Id(String),
}

/// An account to create with an invitation, whose address it gets.
#[derive(Clone)]
pub struct NewAccount {
    pub name: String,
    /// A PHC string.
    pub password_hash: String,
}

/// Why an invitation was not accepted. Nothing was changed.
#[derive(Debug, Clone)]
pub enum AcceptRefusal {
    Unknown,
    /// It is for another address than the user's.
    OtherAddress,
    AlreadyMember(Box<Organization>),
    Ended(Box<EndedInvitation>),
    /// A new account was asked for, and its address has one.
    AccountExists,
}

impl RefusalReason for AcceptRefusal {}

/// Makes the user a member.
pub fn accept(
    work: &mut Work<'_>,
    config: &Config,
    key: &InvitationKey,
    user_id: &str,
    origin: &Origin,
) -> Result<Organization, TxError<AcceptRefusal>> {
    let invitation = lock(work, key)?;
    let user = users::find(work.conn, user_id)?.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or(AcceptRefusal::Unknown)?;
    if user.email != invitation.address {
        return Err(match key {
            InvitationKey::Token(_) => AcceptRefusal::OtherAddress,
            InvitationKey::Id(_) => AcceptRefusal::Unknown,
        }
        .into());
    }
    let organization = OrganizationKey::Id(&invitation.org_id);
    if let Some(joined) = memberships::of_user_named(work.conn, &user.id, organization)? {
        return Err(AcceptRefusal::AlreadyMember(Box::new(joined.organization)).into());
    }
    let open = require_open(work, config, invitation)?;
    join(work, &open, &user, origin)?;
    Ok(open.organization)
}

/// Creates an account with the invited address, makes it a member, and signs this browser in.
pub fn create_account(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    token: Digest,
    new: NewAccount,
    browser: Digest,
    origin: &Origin,
) -> Result<(NewSession, Organization), TxError<AcceptRefusal>> {
    let invitation = lock(work, &InvitationKey::Token(token))?;
    let open = require_open(work, config, invitation)?;
    let email = open.invitation.address.clone();
    if users::find_by_email(work.conn, &email)?.is_some() {
        return Err(AcceptRefusal::AccountExists.into());
    }
    let NewAccount { name, password_hash } = new;
    let new = NewUser { email, name, password_hash };
    let user = accounts::create_user(work, new, &Actor::Anonymous, origin)?;
    join(work, &open, &user, origin)?;
    // Moves requests of this browser, which come before organizations in the order of locks. Nothing else locks both:
    // no user is signed in to this browser, who could answer them.
    let session = sign_in::start_for(work, config, master, user, browser, origin)?;
    Ok((session, open.organization))
}

/// Locks the organization and then the invitation.
fn lock(work: &mut Work<'_>, key: &InvitationKey) -> Result<Invitation, TxError<AcceptRefusal>> {
    let found = match key {
        InvitationKey::Token(token) => invitations::find_by_token(work.conn, *token)?,
        InvitationKey::Id(id) => invitations::find(work.conn, id)?,
    };
    let found = found.ok_or(AcceptRefusal::Unknown)?;
    organizations::lock(work.conn, &found.org_id)?;
    Ok(invitations::lock(work.conn, &found.id)?.ok_or(AcceptRefusal::Unknown)?)
}

fn require_open(
    work: &mut Work<'_>,
    config: &Config,
    invitation: Invitation,
) -> Result<OpenInvitation, TxError<AcceptRefusal>> {
    match standing::of(work.conn, config, invitation, work.now)? {
        Standing::Open(open) => Ok(*open),
        Standing::Ended(ended) => Err(AcceptRefusal::Ended(ended).into()),
        Standing::Unknown => Err(AcceptRefusal::Unknown.into()),
    }
}

fn join(work: &mut Work<'_>, open: &OpenInvitation, user: &User, origin: &Origin) -> Result<(), StoreError> {
    let Invitation { id, org_id, role, invited_by, .. } = &open.invitation;
    let membership = Membership {
        org_id: org_id.clone(),
        user_id: user.id.clone(),
        role: role.clone(),
        created_at: work.now,
        invited_by: Some(invited_by.clone()),
    };
    memberships::insert(work.conn, &membership)?;
    invitations::settle(work.conn, id, InvitationState::Accepted, Some(&user.id), work.now)?;
    let event = Event::new(Action::InvitationAccepted, Actor::User(user.id.clone()), origin).org(org_id);
    work.record(event.target(id).detail("role", Fact::role(role)).detail("invited_by", Fact::id(invited_by)));
    Ok(())
}
