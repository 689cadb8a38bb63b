//! The arguments of the commands beside `auth login` and its kin.

use clap::{Args, Subcommand, ValueEnum};

use super::{AuditCommand, AuthCommand, ConfigCommand, KeyCommand, PatCommand, ScopeCommand};
use crate::base_url::BaseUrl;
use crate::profile::ProfileName;

/// Everything that the library does for a tool, to be mounted whole or in parts.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum ToolCommand {
    /// Sign in and out, and see who you are
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Keep several accounts apart
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// See and change the organization you act for
    #[command(subcommand)]
    Org(OrgCommand),
    /// Make, list and end API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, list and end your personal tokens
    #[command(subcommand)]
    Pat(PatCommand),
    /// See what can be asked for
    #[command(subcommand)]
    Scope(ScopeCommand),
    /// See what was done in the organization
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Give your credential to git, docker, kubectl or the AWS tools
    #[command(subcommand)]
    CredentialHelper(HelperCommand),
    /// Show and change the settings
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `auth switch`
#[derive(Args, Clone, Debug)]
pub(crate) struct SwitchArgs {
    /// The profile to use from now on; the other one if there are two
    pub(crate) name: Option<ProfileName>,
}

/// `auth refresh`
#[derive(Args, Clone, Debug)]
pub(crate) struct RefreshArgs {
    /// Ask for these scopes besides the ones that the session has
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
}

/// `auth sessions ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum SessionsCommand {
    /// List your sessions
    List,
    /// End a session
    Revoke {
        /// The session, as `auth sessions` names it
        id: String,
    },
}

/// `auth doctor`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DoctorArgs {
    /// Mend what can be mended without losing anything
    #[arg(long)]
    pub(crate) fix: bool,
}

/// `profile ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum ProfileCommand {
    /// List the profiles
    List,
    /// Use this profile from now on
    Use {
        /// The profile
        name: ProfileName,
    },
    /// Begin a profile; --org and --api-base become its settings
    Create {
        /// The profile
        name: ProfileName,
        /// Sign in at this server
        #[arg(long, value_name = "URL", value_parser = BaseUrl::parse)]
        issuer: Option<BaseUrl>,
    },
    /// Give a profile another name
    Rename {
        /// The profile
        from: ProfileName,
        /// Its new name
        to: ProfileName,
    },
    /// Sign out of a profile and forget its settings
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
    /// Act for another organization, signing in for it if need be
    Switch {
        /// Its short name, name or id
        org: String,
    },
    /// Say for which organization you act
    Current,
}

/// `credential-helper ...`: each speaks the protocol of one tool on standard input and output.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum HelperCommand {
    /// For `credential.helper` of git
    Git {
        /// What git asks for; what is not known is ignored, as git wants it
        action: String,
    },
    /// For a `docker-credential-...` program
    Docker {
        /// What docker asks for
        #[arg(value_enum)]
        action: DockerAction,
    },
    /// For `users[].user.exec` of a kubeconfig
    Kube,
    /// For `credential_process` of the AWS tools: trades the session for credentials of a role
    Aws {
        /// The role to take; that of the environment unless said
        #[arg(long, value_name = "ARN")]
        role_arn: Option<String>,
        /// The region whose token service is asked; that of the environment unless said
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
    },
}

/// What docker asks of its helpers.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DockerAction {
    /// The credential for a registry.
    Get,
    /// Keep a credential; refused, because signing in does that.
    Store,
    /// Forget a credential.
    Erase,
    /// The registries that there are credentials for.
    List,
}
