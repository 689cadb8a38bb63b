//! `keystiled user erase`

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde_json::json;

use super::people::{canonical, refused, unknown_user};
use super::{AdminError, Report};
use crate::services::audit_rebase;
use crate::services::erasure::{self, Erased};
use crate::store::{Store, StoreError, erasure as tables, users};

pub(super) async fn run(store: &Store, email: &str, yes: bool, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let looked_up = address.clone();
    if store.read(move |conn| users::find_by_email(conn, &looked_up)).await?.is_none() {
        return Err(unknown_user(&address));
    }
    if !yes {
        confirm(&address)?;
    }
    audit_rebase::run(store).await?;
    let target = address.clone();
    let erased = store.write_or_refuse(move |work| erasure::erase_by_address(work, &target)).await;
    let Erased { user_id, organizations, values } = erased.map_err(|error| refused(error, &address, ""))?;
    let compacted = store.report(tables::compact).await;
    let mut text = format!(
        "The person is erased; {user_id} stays as the id of an account without a name. Memberships ended: \
         {organizations}. Values erased from the audit log: {values}."
    );
    if let Err(error) = &compacted {
        text.push_str(&not_compacted(error));
    }
    text.push_str(
        "\nBackups, log files and, on PostgreSQL, archived WAL still have what they had. Delete them when they are due.",
    );
    let value = json!({
        "id": user_id,
        "organizations": organizations,
        "values": values,
        "compacted": compacted.is_ok(),
    });
    Ok(Report { json: value, text }.render(json))
}

fn not_compacted(error: &StoreError) -> String {
    format!(
        "\nThe file could not be compacted, so its free pages may still have remains of it: {error}. Run `VACUUM` on it \
         when the server is idle or stopped."
    )
}

/// Asks to type the address.
fn confirm(address: &str) -> Result<(), AdminError> {
    let refused = |text: String| Err(AdminError::Refused(text));
    if !io::stdin().is_terminal() {
        return refused(format!("Nothing was erased. To erase {address} without a question, add --yes."));
    }
    let mut stderr = io::stderr().lock();
    let question = format!(
        "This ends the account {address} and deletes everything that identifies the person. It cannot be undone.\n\
         Type the address to confirm: "
    );
    let asked = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    let mut typed = String::new();
    if asked.and_then(|()| io::stdin().lock().read_line(&mut typed)).is_err() || typed.trim() != address {
        return refused("Nothing was erased.".to_owned());
    }
    Ok(())
}
