//! The global options of a tool. Doc comments are the text of `--help`.

use super::base_url::BaseUrl;
use super::profile::ProfileName;
use super::secret::Secret;

/// The global options. With the feature `cli`, flatten them into the parser of the tool, which then accepts them before and
/// after the command. Otherwise begin with the default and set fields.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args), command(next_help_heading = "Global options"))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[non_exhaustive]
pub struct Globals {
    /// Print one JSON document
    #[cfg_attr(feature = "cli", arg(long, global = true))]
    pub json: bool,
    /// Show each request; -vv also shows headers
    #[cfg_attr(feature = "cli", arg(short, long, global = true, action = clap::ArgAction::Count))]
    pub verbose: u8,
    /// Print only data and errors
    #[cfg_attr(feature = "cli", arg(short, long, global = true))]
    pub quiet: bool,
    /// Use this profile
    #[cfg_attr(feature = "cli", arg(short, long, global = true, value_name = "NAME", value_parser = ProfileName::parse))]
    pub profile: Option<ProfileName>,
    /// Act for this organization
    #[cfg_attr(feature = "cli", arg(long, global = true, value_name = "ORG"))]
    pub org: Option<String>,
    /// Use this key (an environment variable keeps it out of the shell history)
    #[cfg_attr(feature = "cli", arg(long, global = true, value_name = "KEY", hide_env_values = true))]
    pub api_key: Option<Secret>,
    /// Use this authorization server
    #[cfg_attr(feature = "cli", arg(long, global = true, value_name = "URL", value_parser = BaseUrl::parse))]
    pub issuer: Option<BaseUrl>,
    /// Use the API at this URL
    #[cfg_attr(feature = "cli", arg(long, global = true, value_name = "URL", value_parser = BaseUrl::parse))]
    pub api_base: Option<BaseUrl>,
    /// Never prompt and never wait for input
    #[cfg_attr(feature = "cli", arg(long, global = true))]
    pub no_input: bool,
    /// Disable colors
    #[cfg_attr(feature = "cli", arg(long, global = true))]
    pub no_color: bool,
    /// Do not retry failed requests
    #[cfg_attr(feature = "cli", arg(long, global = true))]
    pub no_retry: bool,
}
