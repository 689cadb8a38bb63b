//! `auth doctor`: checks everything that logins and API calls need, with a remedy for each problem.

mod credential;
mod local;
mod machine;
mod network;

use std::sync::Arc;

use serde_json::json;

use crate::args::DoctorArgs;
use crate::context::Context;
use crate::error::{ErrorKind, Exit};
use crate::output::{Icon, labeled};

/// The result of a check.
#[derive(Debug)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    detail: String,
    remedy: Option<String>,
}

/// The severity of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// A problem that has been fixed.
    Mended,
    /// Something that may be a problem.
    Attention,
    /// A problem, with the exit code of the command.
    Failed(Exit),
}

impl Check {
    fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Good, detail: detail.into(), remedy: None }
    }

    fn mended(name: &'static str, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Mended, ..Self::good(name, detail) }
    }

    fn attention(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Attention, remedy: Some(remedy.into()), ..Self::good(name, detail) }
    }

    fn failed(name: &'static str, exit: Exit, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed(exit), remedy: Some(remedy.into()), ..Self::good(name, detail) }
    }

    /// A failed check in the words of the error.
    fn from_kind(name: &'static str, context: &Context, kind: ErrorKind) -> Self {
        let error = context.error(kind);
        let (headline, remedy) = error.finding();
        Self { remedy: Some(remedy), ..Self::failed(name, error.exit_code(), headline, "") }
    }
}

pub(super) async fn run(context: &Arc<Context>, args: DoctorArgs) -> Result<(), ErrorKind> {
    let mut checks = local::checks(context, args.fix);
    checks.extend(machine::checks(context).await);
    let network = network::checks(context).await;
    let is_reachable = network.iter().all(|check| !matches!(check.verdict, Verdict::Failed(_)));
    checks.extend(network);
    checks.push(credential::check(context, is_reachable).await);
    print(context, &checks, args.fix)?;
    let failed: Vec<_> = checks
        .iter()
        .filter_map(|check| match check.verdict {
            Verdict::Failed(exit) => Some((check.name, exit)),
            Verdict::Good | Verdict::Mended | Verdict::Attention => None,
        })
        .collect();
    match failed.first() {
        None => Ok(()),
        Some(&(_, exit)) => {
            Err(ErrorKind::ChecksFailed { checks: failed.iter().map(|(name, _)| *name).collect(), exit })
        }
    }
}

fn print(context: &Context, checks: &[Check], fixes: bool) -> Result<(), ErrorKind> {
    let screen = &context.output;
    if screen.is_json() {
        let documents: Vec<_> = checks
            .iter()
            .map(|check| {
                let verdict = match check.verdict {
                    Verdict::Good => "good",
                    Verdict::Mended => "mended",
                    Verdict::Attention => "attention",
                    Verdict::Failed(_) => "failed",
                };
                json!({ "name": check.name, "verdict": verdict, "detail": check.detail, "remedy": check.remedy })
            })
            .collect();
        return screen.json(&json!({ "checks": documents }));
    }
    for check in checks {
        let icon = match check.verdict {
            Verdict::Good | Verdict::Mended => Icon::Good,
            Verdict::Attention => Icon::Attention,
            Verdict::Failed(_) => Icon::Bad,
        };
        screen.headline(icon, labeled(check.name, &check.detail).trim_start())?;
        if let Some(remedy) = check.remedy.as_deref().filter(|remedy| !remedy.is_empty()) {
            screen.data(&labeled("", &format!("  {remedy}")))?;
        }
    }
    let is_mendable =
        checks.iter().any(|check| check.remedy.as_deref().is_some_and(|text| text.contains("--fix")));
    if is_mendable && !fixes {
        screen.tell(&format!("\n`{}` fixes what it can.", context.brand().command("auth doctor --fix")));
    }
    Ok(())
}
