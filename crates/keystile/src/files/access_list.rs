//! Access control lists of Windows.

use std::io;
use std::path::Path;

use windows_permissions::constants::{SeObjectType, SecurityInformation};
use windows_permissions::utilities::current_process_sid;
use windows_permissions::wrappers::SetNamedSecurityInfo;
use windows_permissions::{LocalBox, SecurityDescriptor};

/// Gives the current user alone access to a file.
pub(super) fn restrict_file(path: &Path) -> io::Result<()> {
    restrict(path, "")
}

/// Gives the current user alone access to a directory and to everything that is created in it.
pub(super) fn restrict_folder(path: &Path) -> io::Result<()> {
    restrict(path, "OICI")
}

/// Replaces the access control list with one that inherits nothing (`P`) and allows everything (`FA`) to the user and to
/// the system (`SY`), whose backups and virus scans would fail otherwise and which cannot be locked out. In the language
/// of security descriptors (SDDL).
fn restrict(path: &Path, inheritance: &str) -> io::Result<()> {
    let user = current_process_sid()?;
    let text = format!("D:P(A;{inheritance};FA;;;{user})(A;{inheritance};FA;;;SY)");
    let descriptor: LocalBox<SecurityDescriptor> = text.parse()?;
    SetNamedSecurityInfo(
        path,
        SeObjectType::SE_FILE_OBJECT,
        SecurityInformation::Dacl | SecurityInformation::ProtectedDacl,
        None,
        None,
        descriptor.dacl(),
        None,
    )
}
