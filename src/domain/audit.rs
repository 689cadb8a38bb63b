//! Audit events and their hash chain.

pub mod chain;
pub mod event;
pub mod export;
pub mod fact;
pub mod hashing;
pub mod recorded;
pub mod values;

pub use event::Event;
pub use fact::Fact;
pub use recorded::RecordedEvent;

use super::subject::SubjectId;
use super::text_enum::text_enum;

text_enum! {
    /// The kinds of events.
    Action {
        ApiKeyCreated = "key.created",
        ApiKeyLeaked = "key.leaked",
        ApiKeyMoved = "key.moved",
        ApiKeyRevoked = "key.revoked",
        ApiKeyRotated = "key.rotated",
        ApiKeyScopesChanged = "key.scopes_changed",
        ApiKeysOff = "organization.api_keys_off",
        ApiKeysOn = "organization.api_keys_on",
        AuditExported = "audit.exported",
        AuditRebased = "audit.rebased",
        AuthorizationApproved = "authorization.approved",
        AuthorizationDenied = "authorization.denied",
        AuthorizationNotPossible = "authorization.not_possible",
        AuthorizationSwitchedOff = "authorization.switched_off",
        BrowsersSignedOut = "user.browsers_signed_out",
        ClientCreated = "client.created",
        ClientOldSecretEnded = "client.old_secret_ended",
        ClientRemoved = "client.removed",
        ClientSecretRotated = "client.secret_rotated",
        ClientUpdated = "client.updated",
        CopyCodeOff = "organization.copy_code_off",
        CopyCodeOn = "organization.copy_code_on",
        CredentialLimitsChanged = "organization.credential_limits_changed",
        DeviceCodesGuessed = "device.codes_guessed",
        DeviceFlowChanged = "organization.device_flow_changed",
        DevicesForgotten = "user.devices_forgotten",
        InvitationAccepted = "invitation.accepted",
        InvitationCanceled = "invitation.canceled",
        InvitationCreated = "invitation.created",
        InvitationRenewed = "invitation.renewed",
        JoinLinkCreated = "join_link.created",
        JoinLinkEnded = "join_link.ended",
        JoinLinksOff = "organization.join_links_off",
        JoinLinksOn = "organization.join_links_on",
        JoinLinkUsed = "join_link.used",
        SigningKeyRevoked = "signing_key.revoked",
        SigningKeyRotated = "signing_key.rotated",
        MemberAdded = "member.added",
        MemberLeft = "member.left",
        MemberRemoved = "member.removed",
        MemberRoleChanged = "member.role_changed",
        OrganizationCreated = "organization.created",
        OrganizationDeleted = "organization.deleted",
        OrganizationDisabled = "organization.disabled",
        OrganizationLogRemoved = "organization.log_removed",
        OrganizationPurged = "organization.purged",
        OrganizationRenamed = "organization.renamed",
        OrganizationRestored = "organization.restored",
        OtherBrowsersSignedOut = "user.other_browsers_signed_out",
        PasswordChanged = "user.password_changed",
        PasswordReset = "user.password_reset",
        PersonalTokenCreated = "token.created",
        PersonalTokenLeaked = "token.leaked",
        PersonalTokenRevoked = "token.revoked",
        PersonalTokensOff = "organization.personal_tokens_off",
        PersonalTokensOn = "organization.personal_tokens_on",
        RecoveryClosed = "recovery.closed",
        RecoveryOpened = "recovery.opened",
        ResetLinkCreated = "user.reset_link_created",
        ServiceAccountCreated = "service_account.created",
        ServiceAccountDisabled = "service_account.disabled",
        ServiceAccountEnabled = "service_account.enabled",
        ServiceAccountRoleChanged = "service_account.role_changed",
        SessionAhead = "session.ahead",
        SessionCodeReuse = "session.code_reuse",
        SessionForeignClient = "session.foreign_client",
        SessionLeaked = "session.leaked",
        SessionRefreshReuse = "session.refresh_reuse",
        SessionRenamed = "session.renamed",
        SessionRevoked = "session.revoked",
        SessionStarted = "session.started",
        SignedIn = "user.signed_in",
        SignedOut = "user.signed_out",
        SignInFailed = "user.sign_in_failed",
        UserCreated = "user.created",
        UserDisabled = "user.disabled",
        UserEnabled = "user.enabled",
        UserErased = "user.erased",
    }
}

impl Action {
    /// Whether it concerns a person as such, in all organizations that they are a member of.
    pub fn concerns_member(self) -> bool {
        matches!(
            self,
            Self::BrowsersSignedOut
                | Self::DeviceCodesGuessed
                | Self::DevicesForgotten
                | Self::OtherBrowsersSignedOut
                | Self::PasswordChanged
                | Self::PasswordReset
                | Self::ResetLinkCreated
                | Self::SignedIn
                | Self::SignedOut
                | Self::SignInFailed
                | Self::UserDisabled
                | Self::UserEnabled
        )
    }
}

text_enum! {
    Outcome {
        Success = "success",
        Refused = "refused",
    }
}

/// The actor of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    User(String),
    ServiceAccount(String),
    Client(String),
    /// The administration commands of `keystiled`.
    Operator,
    Anonymous,
}

impl Actor {
    /// The id of the user, if the actor is one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id),
            Self::ServiceAccount(_) | Self::Client(_) | Self::Operator | Self::Anonymous => None,
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ServiceAccount(_) => "service_account",
            Self::Client(_) => "client",
            Self::Operator => "operator",
            Self::Anonymous => "anonymous",
        }
    }

    pub fn id(&self) -> Option<&str> {
        match self {
            Self::User(id) | Self::ServiceAccount(id) | Self::Client(id) => Some(id),
            Self::Operator | Self::Anonymous => None,
        }
    }
}

impl From<SubjectId> for Actor {
    fn from(subject: SubjectId) -> Self {
        match subject {
            SubjectId::User(id) => Self::User(id),
            SubjectId::ServiceAccount(id) => Self::ServiceAccount(id),
        }
    }
}

/// The origin of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

/// The chain of events that belong to no organization.
pub const INSTANCE_CHAIN: &str = "instance";
