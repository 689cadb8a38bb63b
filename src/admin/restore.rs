//! `keystiled restore`: what to do after the database was restored from a copy.

use chrono::TimeDelta;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{AdminError, Report, duration};
use crate::domain::audit::Actor;
use crate::domain::time::Time;
use crate::services::recovery::{self, DEFAULT_LENGTH, MAX_LENGTH, Status};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accept that the database is an older copy
    Accept {
        /// Accept refresh tokens that are newer than the database
        #[arg(long, required = true)]
        forward: bool,
        /// How long to accept them, up to 7d; 24h if omitted
        #[arg(long = "for", value_name = "DURATION")]
        length: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show whether a recovery is open, and how many sessions were ahead of the database
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close the recovery before its time
    Close {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(store: &Store, command: Command) -> Result<String, AdminError> {
    match command {
        Command::Accept { forward: _, length, json } => {
            let length = length.map_or(Ok(DEFAULT_LENGTH), |text| duration("--for", &text, MAX_LENGTH))?;
            if length <= TimeDelta::zero() {
                return Err(AdminError::Refused(
                    "--for needs a duration of more than 0s, such as 24h.".to_owned(),
                ));
            }
            let ends_at = store.write(move |work| recovery::open(work, length, &Actor::Operator)).await?;
            let text = format!(
                "Until {ends_at}, refresh tokens that are newer than the database are accepted, and their sessions continue from there. \
                 `keystiled restore status` counts these sessions; `keystiled restore close` ends the recovery early."
            );
            Ok(Report { json: json!({ "ends_at": ends_at }), text }.render(json))
        }
        Command::Status { json } => {
            let status = store.read(recovery::status).await?;
            Ok(report(&status, store.now()).render(json))
        }
        Command::Close { json } => {
            let closed = store.write(|work| recovery::close(work, &Actor::Operator)).await?;
            let text = if closed { "The recovery is closed." } else { "No recovery is open." };
            Ok(Report { json: json!({ "closed": closed }), text: text.to_owned() }.render(json))
        }
    }
}

fn report(status: &Status, now: Time) -> Report {
    let Status { last, forwarded, ended } = *status;
    let recovery = match last {
        Some(last) if last.is_open(now) => format!("A recovery is open until {}.", last.ends_at),
        Some(last) => format!("No recovery is open. The last one ended at {}.", last.ends_at),
        None => "No recovery was ever open.".to_owned(),
    };
    Report {
        json: json!({
            "open": last.is_some_and(|last| last.is_open(now)),
            "ends_at": last.map_or(Value::Null, |last| json!(last.ends_at)),
            "sessions_moved_forward": forwarded,
            "sessions_ended": ended,
        }),
        text: format!(
            "{recovery}\nSessions ahead of the database since the deployment began: {forwarded} moved forward, {ended} ended."
        ),
    }
}
