//! Checks this machine: loopback, browser, environment.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::Check;
use crate::context::Context;
use crate::error::Exit;

/// Time limit for a loopback connection.
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn checks(context: &Context) -> Vec<Check> {
    let mut checks = vec![loopback(context).await, browser(context)];
    checks.extend(variables(context));
    checks
}

/// Connects to a loopback listener, as a browser does after the approval.
async fn loopback(context: &Context) -> Check {
    const NAME: &str = "loopback";
    let connect = async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (mut client, accepted) = tokio::try_join!(TcpStream::connect(address), listener.accept())?;
        client.shutdown().await?;
        drop(accepted);
        Ok::<_, std::io::Error>(())
    };
    let remedy = format!("Sign in with `{}`", context.brand().command("auth login --device"));
    match timeout(LOOPBACK_TIMEOUT, connect).await {
        Ok(Ok(())) => Check::good(NAME, "loopback ports work"),
        Ok(Err(error)) => {
            Check::failed(NAME, Exit::Usage, format!("cannot listen on a loopback port: {error}"), remedy)
        }
        Err(_) => Check::failed(NAME, Exit::Usage, "a loopback port does not respond", remedy),
    }
}

fn browser(context: &Context) -> Check {
    const NAME: &str = "browser";
    let environment = &context.environment;
    let link = "The link is printed instead; open it in any browser";
    match environment.get("BROWSER") {
        Some(program) => Check::good(NAME, format!("BROWSER={program}")),
        None if environment.own_flag(context.brand(), "NO_BROWSER") => {
            Check::good(NAME, format!("disabled by {}", context.brand().variable("NO_BROWSER")))
        }
        None if environment.is_remote() => Check::attention(NAME, "remote shell", link),
        None if environment.has_desktop() => Check::good(NAME, "desktop browser"),
        None => Check::attention(NAME, "no desktop", link),
    }
}

/// Lists variables that select the credential or the server.
fn variables(context: &Context) -> Option<Check> {
    const NAME: &str = "environment";
    let names =
        ["API_KEY", "API_TOKEN", "PROFILE", "ORG", "API_BASE", "BASE_URL", "ISSUER", "HOME", "CONFIG"]
            .map(|suffix| context.brand().variable(suffix));
    let own = names.iter().map(String::as_str);
    let set: Vec<_> = own.filter(|name| context.environment.get(name).is_some()).collect();
    if set.is_empty() {
        return None;
    }
    let keys = [context.brand().variable("API_KEY"), context.brand().variable("API_TOKEN")];
    let detail = format!("set: {}", set.join(", "));
    Some(if set.iter().any(|name| keys.iter().any(|key| key == name)) {
        Check::attention(NAME, detail, "The key in the environment takes precedence over every profile")
    } else {
        Check::good(NAME, detail)
    })
}
