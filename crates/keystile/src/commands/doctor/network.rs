//! The way to the server: its name, the proxy, TLS, its metadata, and whether the clocks agree.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::http::Request;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Check;
use crate::base_url::{BaseUrl, is_loopback};
use crate::context::Context;
use crate::duration::remaining;
use crate::error::{ErrorKind, Exit};
use crate::http::{ApiResponse, Plan, Replay};
use crate::oauth::{Metadata, ask_for_metadata, read_metadata};

const DNS_PATIENCE: Duration = Duration::from_secs(5);
const PLAN: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(15) };
/// The server forgives this much.
const SLIGHT_SKEW: TimeDelta = TimeDelta::seconds(30);
/// From here on tokens seem to have ended, or not to have begun.
const HEAVY_SKEW: TimeDelta = TimeDelta::seconds(300);

pub(super) async fn checks(context: &Context) -> Vec<Check> {
    let issuer = match issuer(context) {
        Ok(issuer) => issuer,
        Err(kind) => return vec![Check::from_kind("server", context, kind)],
    };
    let mut checks: Vec<_> = proxy(context, &issuer).into_iter().collect();
    checks.push(name(context, &issuer).await);
    match ask_for_metadata(&context.transport, &issuer).await {
        Err(kind) => checks.push(Check::from_kind("server", context, kind)),
        Ok(answer) => match read_metadata(&issuer, &answer) {
            Err(kind) => checks.push(Check::from_kind("server", context, kind)),
            Ok(metadata) => {
                checks.push(Check::good("server", format!("{issuer} answers as an authorization server")));
                checks.extend(clock(&answer));
                checks.extend(api(context, &issuer, &metadata).await);
            }
        },
    }
    checks
}

/// The server that the profile is for.
fn issuer(context: &Context) -> Result<BaseUrl, ErrorKind> {
    if let Some(wanted) = context.wanted_issuer()? {
        return Ok(wanted);
    }
    // What is wrong with the store has a check of its own.
    let stored = context.stored_session().unwrap_or_default();
    Ok(stored.map_or_else(|| context.app.issuer.clone(), |session| session.issuer))
}

fn proxy(context: &Context, issuer: &BaseUrl) -> Option<Check> {
    if is_loopback(issuer.url()) {
        return None;
    }
    Some(Check::good("proxy", context.environment.proxy(issuer.url().scheme())?))
}

async fn name(context: &Context, issuer: &BaseUrl) -> Check {
    const NAME: &str = "dns";
    let host = issuer.url().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = issuer.url().port_or_known_default().unwrap_or(443);
    let addresses = match timeout(DNS_PATIENCE, lookup_host((host.as_str(), port))).await {
        Ok(Ok(addresses)) => Ok(addresses.map(|address| address.ip().to_string()).collect::<Vec<_>>()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer".into()),
    };
    match addresses {
        Ok(mut addresses) => {
            addresses.dedup();
            Check::good(NAME, format!("{host} is {}", addresses.join(", ")))
        }
        // The proxy looks names up itself.
        Err(cause) if context.environment.proxy(issuer.url().scheme()).is_some() => Check::attention(
            NAME,
            format!("{host} has no address here ({cause})"),
            "Behind a proxy that is usual",
        ),
        Err(cause) => Check::failed(
            NAME,
            Exit::Server,
            format!("{host} has no address ({cause})"),
            "Is the name right, and this machine online?",
        ),
    }
}

/// Compares the clock with the server's.
fn clock(answer: &ApiResponse) -> Option<Check> {
    const NAME: &str = "clock";
    let date = answer.headers().get("date")?.to_str().ok()?;
    let server = DateTime::parse_from_rfc2822(date).ok()?.with_timezone(&Utc);
    let skew = answer.received() - server;
    let direction = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
    let detail = format!("{} {direction} the server's", remaining(skew.abs()));
    Some(match skew.abs() {
        skew if skew <= SLIGHT_SKEW => Check::good(NAME, "it agrees with the server's"),
        skew if skew <= HEAVY_SKEW => {
            Check::attention(NAME, detail, "Let the system set its clock (timedatectl set-ntp true)")
        }
        _ => Check::failed(
            NAME,
            Exit::Usage,
            detail,
            "Tokens seem ended or not yet valid. Set the clock (timedatectl set-ntp true)",
        ),
    })
}

/// Whether the API answers at all, where it is not the server itself.
async fn api(context: &Context, issuer: &BaseUrl, metadata: &Metadata) -> Option<Check> {
    const NAME: &str = "api";
    let wanted = match context.wanted_api_base() {
        Ok(wanted) => wanted,
        Err(kind) => return Some(Check::from_kind(NAME, context, kind)),
    };
    let base =
        wanted.or_else(|| context.app.api_base.clone()).or(metadata.cli_configuration.api_base.clone())?;
    if base.same_origin(issuer) {
        return None;
    }
    let request = Request::get(base.as_str()).body(Vec::new()).ok()?;
    Some(match context.transport.send(request, PLAN).await {
        Ok(answer) => Check::good(NAME, format!("{base} answers ({})", answer.status())),
        Err(kind) => Check::from_kind(NAME, context, kind),
    })
}
