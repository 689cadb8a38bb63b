//! The arguments of `auth switch`, `auth refresh`, `auth sessions`, `auth doctor`, `profile`, `org` and
//! `credential-helper`, and the enum of all commands.

use clap::{Args, Subcommand, ValueEnum};

use super::{AuditCommand, AuthCommand, ConfigCommand, KeyCommand, PatCommand, ScopeCommand};
use crate::profile::ProfileName;

/// All commands of the library.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum ToolCommand {
    /// Sign in, sign out, and manage sessions
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Manage profiles: several accounts side by side
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Show and switch the organization, and manage its members
    #[command(subcommand)]
    Org(OrgCommand),
    /// Manage API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage your personal tokens
    #[command(subcommand)]
    Pat(PatCommand),
    /// Show the scope catalog
    #[command(subcommand)]
    Scope(ScopeCommand),
    /// Show the audit log of the organization
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Provide credentials to git, docker, kubectl or the AWS tools
    #[command(subcommand)]
    CredentialHelper(HelperCommand),
    /// Show and change the settings
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `auth switch`
#[derive(Args, Clone, Debug)]
pub(crate) struct SwitchArgs {
    /// The new active profile; may be omitted if there are only two
    pub(crate) name: Option<ProfileName>,
}

/// `auth refresh`
#[derive(Args, Clone, Debug)]
pub(crate) struct RefreshArgs {
    /// Sign in again for these scopes in addition to the current ones
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
}

/// `auth sessions ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum SessionsCommand {
    /// List your sessions
    List,
    /// Revoke a session
    Revoke {
        /// The ID of the session, from `auth sessions`
        id: String,
    },
}

/// `auth doctor`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DoctorArgs {
    /// Fix what can be fixed without losing data
    #[arg(long)]
    pub(crate) fix: bool,
}

/// `profile ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum ProfileCommand {
    /// List the profiles
    List,
    /// Make a profile the active one
    Use {
        /// The profile
        name: ProfileName,
    },
    /// Create a profile; --issuer, --org and --api-base become its settings
    Create {
        /// The profile
        name: ProfileName,
    },
    /// Rename a profile
    Rename {
        /// The profile
        from: ProfileName,
        /// The new name
        to: ProfileName,
    },
    /// Sign out of a profile and remove its settings
    Delete {
        /// The profile
        name: ProfileName,
    },
}

/// `org ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum OrgCommand {
    /// List your organizations
    List,
    /// Switch to another organization, with a new sign-in if needed
    Switch {
        /// The slug, name or ID of the organization
        org: String,
    },
    /// Show the current organization
    Current,
    /// List the members of the organization
    Members(MembersArgs),
    /// Invite people, and print a link for each
    Invite(InviteArgs),
    /// Change the role of a member
    Role {
        /// The address or ID of the member
        #[arg(value_name = "MEMBER")]
        member: String,
        /// The new role
        role: String,
    },
    /// Remove a member; what they use in the organization ends
    Remove(RemoveArgs),
    /// Leave the organization; what you use in it ends
    Leave {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// `org members`
#[derive(Args, Clone, Debug)]
pub(crate) struct MembersArgs {
    /// Only members whose name or address contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only members with this role
    #[arg(long)]
    pub(crate) role: Option<String>,
}

/// `org invite`
#[derive(Args, Clone, Debug)]
pub(crate) struct InviteArgs {
    /// Email addresses, at most 20
    #[arg(required = true, value_name = "ADDRESS")]
    pub(crate) addresses: Vec<String>,
    /// The role that they get
    #[arg(long)]
    pub(crate) role: String,
    /// A line for the page of the invitation
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
}

/// `org remove`
#[derive(Args, Clone, Debug)]
pub(crate) struct RemoveArgs {
    /// The address or ID of the member
    #[arg(value_name = "MEMBER")]
    pub(crate) member: String,
    /// Move the member's API keys to this service account instead of ending them
    #[arg(long, value_name = "ID")]
    pub(crate) move_keys_to: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `credential-helper ...`: each subcommand speaks the protocol of one program on standard input and output.
#[derive(Subcommand, Clone, Debug)]
#[expect(clippy::doc_markdown, reason = "the text is shown by --help")]
pub(crate) enum HelperCommand {
    /// For `credential.helper` of git
    Git {
        /// The action; unknown actions are ignored, as git requires
        action: String,
    },
    /// For a `docker-credential-...` program
    Docker {
        /// The action
        #[arg(value_enum)]
        action: DockerAction,
    },
    /// For `users[].user.exec` of a kubeconfig
    Kube,
    /// For `credential_process` of the AWS tools: exchanges the session for credentials of a role
    Aws {
        /// The role to assume [default: the variable AWS_ROLE_ARN]
        #[arg(long, value_name = "ARN")]
        role_arn: Option<String>,
        /// The region of the STS endpoint [default: the variable AWS_REGION or AWS_DEFAULT_REGION]
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
    },
}

/// Actions of the docker protocol.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DockerAction {
    /// Print the credential for a registry.
    Get,
    /// Store a credential; refused, because `auth login` does that.
    Store,
    /// Remove a credential; does nothing, because `auth logout` does that.
    Erase,
    /// List the registries with credentials.
    List,
    /// Print the version of the helper.
    Version,
}
