//! Checks and texts that the commands about people and organizations share.

use super::AdminError;
use crate::config::Config;
use crate::domain::email;
use crate::domain::request::device_name;
use crate::services::operator_refusal::OperatorRefusal;
use crate::services::refusal::ServiceRefusal;
use crate::store::TxError;

/// A name for the terminal, without control and format characters: people choose their own.
pub(super) fn printable(name: &str) -> String {
    device_name(name)
}

pub(super) fn canonical(typed: &str) -> Result<String, AdminError> {
    email::canonical(typed).ok_or_else(|| {
        AdminError::Refused(format!("{typed} is not an email address. Use one like ada@example.com."))
    })
}

/// Refuses a role that the configuration does not have.
pub(super) fn check_role(config: &Config, role: &str) -> Result<(), AdminError> {
    if config.role(role).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = config.roles.iter().map(|role| role.id.as_str()).collect();
    Err(AdminError::Refused(format!("There is no role {role}. Use one of: {}.", known.join(", "))))
}

pub(super) fn unknown_user(address: &str) -> AdminError {
    AdminError::Refused(format!("There is no user with the address {address}."))
}

pub(super) fn unknown_organization(slug: &str) -> AdminError {
    AdminError::Refused(format!("There is no organization {slug}. `keystiled org list` shows them."))
}

/// The text of a refusal about this address and this organization.
pub(super) fn refused(error: TxError<OperatorRefusal>, address: &str, slug: &str) -> AdminError {
    let refusal = match error {
        TxError::Refused(refusal) => refusal,
        TxError::Store(error) => return error.into(),
    };
    AdminError::Refused(match refusal {
        OperatorRefusal::NoSuchUser => return unknown_user(address),
        OperatorRefusal::NoSuchOrganization => return unknown_organization(slug),
        OperatorRefusal::NotAMember => format!(
            "{address} is not a member of {slug}. Add them with `keystiled user add --email {address} --org {slug}`."
        ),
        OperatorRefusal::UserDisabled => {
            format!("{address} is disabled. Enable them first: `keystiled user enable {address}`.")
        }
        OperatorRefusal::ValuesInEvents => {
            "The server is still moving personal values out of older audit events. Try again in a minute."
                .to_owned()
        }
        OperatorRefusal::Names(refusal) => return AdminError::Refused(message_of(refusal)),
        OperatorRefusal::UndoOver { since } => format!(
            "{slug} was deleted. Until {since} that could be undone; since then its rows are being removed."
        ),
        OperatorRefusal::LastOwner(last) => format!(
            "last_owner: {address} is the only owner of {0} who can sign in, so nobody would be left to manage it. \
             Add another owner first: `keystiled org owner add {0} ADDRESS`.",
            last.slug
        ),
    })
}

/// The text of a refusal that names a field.
pub(super) fn message_of(refusal: ServiceRefusal) -> String {
    match refusal {
        ServiceRefusal::Forbidden { message, .. }
        | ServiceRefusal::Invalid { message, .. }
        | ServiceRefusal::Ended(message) => message,
        ServiceRefusal::NotFound(message) => message.to_owned(),
        ServiceRefusal::Credential(_)
        | ServiceRefusal::MissingScopes(_)
        | ServiceRefusal::LastOwner { .. } => "The command is refused.".to_owned(),
    }
}
