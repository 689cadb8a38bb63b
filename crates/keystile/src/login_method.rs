//! The methods of a login that a user can ask for.

use serde::{Deserialize, Serialize};

/// How a user signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LoginMethod {
    /// Chosen by the environment: the browser on a desktop, a device code elsewhere, a copied code if the server
    /// offers no device codes. Without a terminal, a login fails with
    /// [`NotInteractive`](crate::ErrorKind::NotInteractive).
    Auto,
    /// The browser of this machine, redirected to a loopback port (RFC 8252).
    Browser,
    /// A device code (RFC 8628), entered on any other device.
    Device,
    /// A link for any browser, and the authorization code that its page shows.
    Paste,
}
