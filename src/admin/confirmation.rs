//! Questions on the terminal before something ends.

use std::io::{self, IsTerminal as _, Write as _};

use super::AdminError;

/// Asks on the terminal. Without one, the command must be told with `--yes`. `effect` is a sentence, `act` the question
/// ("Remove it?"), `remedy` what to do without a terminal.
pub(super) fn confirmed(effect: &str, act: &str, remedy: &str) -> Result<bool, AdminError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(AdminError::Refused(format!("{effect} {remedy}, add --yes.")));
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{effect} {act} [y/N] ")
        .and_then(|()| io::stderr().flush())
        .and_then(|()| io::stdin().read_line(&mut answer));
    asked
        .map(|_| matches!(answer.trim(), "y" | "Y" | "yes"))
        .map_err(|error| AdminError::Refused(format!("The terminal cannot be read: {error}.")))
}
