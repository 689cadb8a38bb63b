//! The arguments of `auth login`.

use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::base_url::BaseUrl;
use crate::duration;
use crate::secret::Secret;

/// `auth login`
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("sign_in_method").args(["browser", "device", "no_browser", "api_key", "token", "with_token", "resume"]))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct LoginArgs {
    /// Sign in with the browser of this machine, also without a terminal
    #[arg(long)]
    pub(crate) browser: bool,
    /// Sign in with a code that you type on any other device
    #[arg(long)]
    pub(crate) device: bool,
    /// Sign in with a link for any browser, and paste the code that it shows
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Store this key; without KEY it is asked for, and - reads standard input
    // The same name as the global flag, whose value is not optional.
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) api_key: Option<Secret>,
    /// Store this key or personal token
    #[arg(long, value_name = "KEY")]
    pub(crate) token: Option<Secret>,
    /// Store the key or personal token that standard input gives
    #[arg(long)]
    pub(crate) with_token: bool,
    /// Only get a device code, and print it with a handle for --resume
    #[arg(long, conflicts_with_all = ["browser", "no_browser", "api_key", "token", "with_token", "resume"])]
    pub(crate) start: bool,
    /// Wait for the approval of what --start began
    #[arg(long, value_name = "HANDLE")]
    pub(crate) resume: Option<String>,
    /// Sign in at this server
    #[arg(long, value_name = "URL", value_parser = BaseUrl::parse)]
    pub(crate) issuer: Option<BaseUrl>,
    /// Sign in with this provider, where the server offers it
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Ask for these scopes only
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// Ask only for scopes that read
    #[arg(long, conflicts_with_all = ["scopes", "api_key", "token", "with_token", "resume"])]
    pub(crate) read_only: bool,
    /// Listen on this port for the browser's answer
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Wait this long for the approval [default: 5m, or as long as the code is good]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,
    /// Replace what the profile holds without asking
    #[arg(long)]
    pub(crate) force: bool,
    /// Call this machine so in the list of sessions
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Who will sign in
    #[arg(long, value_name = "EMAIL")]
    pub(crate) login_hint: Option<String>,
    /// Draw the device code as a picture for the camera of a phone
    #[cfg(feature = "qr")]
    #[arg(long)]
    pub(crate) qr: bool,
}
