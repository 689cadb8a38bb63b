//! Checks the network: proxy, DNS, metadata, clock, API.

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
use crate::http::{ApiResponse, PROTOCOL_LIMIT, Plan, Replay};
use crate::oauth::{Metadata, ask_for_metadata, read_metadata};

const DNS_TIMEOUT: Duration = Duration::from_secs(5);
const PLAN: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(15), limit: PROTOCOL_LIMIT };
/// The clock difference that the server tolerates.
const TOLERATED_SKEW: TimeDelta = TimeDelta::seconds(30);
/// Above this, tokens seem to be expired or not valid yet.
const HARMFUL_SKEW: TimeDelta = TimeDelta::seconds(300);

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
                checks.push(Check::good("server", format!("{issuer} is an authorization server")));
                checks.extend(clock(&answer));
                checks.extend(api(context, &issuer, &metadata).await);
            }
        },
    }
    checks
}

/// The issuer named by the variable, the settings or the session of the profile; otherwise that of the tool.
fn issuer(context: &Context) -> Result<BaseUrl, ErrorKind> {
    if let Some(wanted) = context.wanted_issuer()? {
        return Ok(wanted);
    }
    // Problems of the store are reported by its own check.
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
    let addresses = match timeout(DNS_TIMEOUT, lookup_host((host.as_str(), port))).await {
        Ok(Ok(addresses)) => Ok(addresses.map(|address| address.ip().to_string()).collect::<Vec<_>>()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no response".into()),
    };
    match addresses {
        Ok(mut addresses) => {
            addresses.dedup();
            Check::good(NAME, format!("{host} resolves to {}", addresses.join(", ")))
        }
        // The proxy resolves names.
        Err(cause) if context.environment.proxy(issuer.url().scheme()).is_some() => Check::attention(
            NAME,
            format!("{host} does not resolve here ({cause})"),
            "Expected behind a proxy",
        ),
        Err(cause) => Check::failed(
            NAME,
            Exit::Server,
            format!("{host} does not resolve ({cause})"),
            "Check the name, and whether this machine is online",
        ),
    }
}

/// Compares the clock with the `Date` header of the server.
fn clock(answer: &ApiResponse) -> Option<Check> {
    const NAME: &str = "clock";
    let date = answer.headers().get("date")?.to_str().ok()?;
    let server = DateTime::parse_from_rfc2822(date).ok()?.with_timezone(&Utc);
    let skew = answer.received() - server;
    let direction = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
    let detail = format!("{} {direction} the server", remaining(skew.abs()));
    Some(match skew.abs() {
        skew if skew <= TOLERATED_SKEW => Check::good(NAME, "in sync with the server"),
        skew if skew <= HARMFUL_SKEW => {
            Check::attention(NAME, detail, "Synchronize the clock (timedatectl set-ntp true)")
        }
        _ => Check::failed(
            NAME,
            Exit::Usage,
            detail,
            "Tokens seem to be expired or not valid yet. Synchronize the clock (timedatectl set-ntp true)",
        ),
    })
}

/// Checks that the API responds, if it is not the issuer.
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
