//! The arguments of `auth login`.

use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::duration;
use crate::secret::Secret;

/// `auth login`
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("sign_in_method").args(["browser", "device", "no_browser", "api_key", "token", "with_token", "resume"]))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct LoginArgs {
    /// Sign in with a browser on this machine, even without a terminal
    #[arg(long)]
    pub(crate) browser: bool,
    /// Sign in with a device code, entered on any other device
    #[arg(long)]
    pub(crate) device: bool,
    /// Sign in with a link for any browser, and paste the code that it shows
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Store this key; without KEY, prompt for it; - reads standard input
    // Overrides the global flag of this name, whose value is required.
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) api_key: Option<Secret>,
    /// Store this key or personal token
    #[arg(long, value_name = "KEY")]
    pub(crate) token: Option<Secret>,
    /// Read the key or personal token from standard input
    #[arg(long)]
    pub(crate) with_token: bool,
    /// Print a device code and a handle for --resume, and exit
    #[arg(long, conflicts_with_all = ["browser", "no_browser", "api_key", "token", "with_token", "resume"])]
    pub(crate) start: bool,
    /// Wait for the approval of a sign-in started with --start
    #[arg(long, value_name = "HANDLE")]
    pub(crate) resume: Option<String>,
    /// Sign in with this identity provider
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Request only these scopes
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// Request only read scopes
    #[arg(long, conflicts_with_all = ["scopes", "api_key", "token", "with_token", "resume"])]
    pub(crate) read_only: bool,
    /// Listen for the callback on this port
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Wait this long for approval [default: 5m, or the lifetime of the device code]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,
    /// Replace the credential of the profile without confirmation
    #[arg(long)]
    pub(crate) force: bool,
    /// Name of this machine in the list of sessions
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Email address to suggest on the sign-in page
    #[arg(long, value_name = "EMAIL")]
    pub(crate) login_hint: Option<String>,
    /// Show the device code as a QR code too
    #[cfg(feature = "qr")]
    #[arg(long)]
    pub(crate) qr: bool,
}
