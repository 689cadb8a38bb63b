//! Audit events and their hash chain.

pub mod chain;
pub mod export;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::subject::SubjectId;
use super::text_enum::text_enum;
use super::time::Time;

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
        KeyRevoked = "signing_key.revoked",
        KeyRotated = "signing_key.rotated",
        MemberAdded = "member.added",
        MemberLeft = "member.left",
        MemberRemoved = "member.removed",
        MemberRoleChanged = "member.role_changed",
        OrganizationCreated = "organization.created",
        OrganizationDisabled = "organization.disabled",
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

/// An event that is not in a chain yet.
#[derive(Debug, Clone)]
pub struct Event {
    pub action: Action,
    pub actor: Actor,
    pub org_id: Option<String>,
    pub credential_id: Option<String>,
    pub target: Option<String>,
    pub outcome: Outcome,
    pub origin: Origin,
    pub details: Map<String, Value>,
}

impl Event {
    pub fn new(action: Action, actor: Actor, origin: &Origin) -> Self {
        Self {
            action,
            actor,
            org_id: None,
            credential_id: None,
            target: None,
            outcome: Outcome::Success,
            origin: origin.clone(),
            details: Map::new(),
        }
    }

    #[must_use]
    pub fn org(mut self, id: &str) -> Self {
        self.org_id = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn credential(mut self, id: &str) -> Self {
        self.credential_id = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn target(mut self, id: &str) -> Self {
        self.target = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Refused;
        self
    }

    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// The chain of events that belong to no organization.
pub const INSTANCE_CHAIN: &str = "instance";

/// An event in its chain.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    pub id: String,
    pub chain: String,
    pub sequence: i64,
    pub at: Time,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub org_id: Option<String>,
    pub credential_id: Option<String>,
    pub action: String,
    pub target: Option<String>,
    pub outcome: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// A JSON object, as the exact text that was hashed.
    pub details: String,
}

/// The hash of an event: SHA-256 of the previous hash followed by the event as a JSON array in a fixed order.
pub fn hash(previous: &[u8], event: &RecordedEvent) -> [u8; 32] {
    let fields = json!([
        event.id,
        event.chain,
        event.sequence,
        event.at.micros(),
        event.actor_kind,
        event.actor_id,
        event.org_id,
        event.credential_id,
        event.action,
        event.target,
        event.outcome,
        event.ip,
        event.user_agent,
        event.request_id,
        event.details,
    ]);
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(fields.to_string());
    hasher.finalize().into()
}
