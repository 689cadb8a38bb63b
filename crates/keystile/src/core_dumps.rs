//! Disables core dumps, which would write tokens in memory to disk.

use std::io;

/// Disables core dumps of this process, because its memory holds tokens. On Linux it also denies other processes of the
/// same user access to that memory (`PR_SET_DUMPABLE`). Call it first in `main`.
#[cfg(unix)]
pub fn disable_core_dumps() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // The limit does not apply when the kernel pipes dumps to a program (`core_pattern`).
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Does nothing: systems other than Unix write no core dumps by default.
#[cfg(not(unix))]
pub fn disable_core_dumps() -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn ce_03_neither_a_file_nor_a_program_gets_a_core_dump() {
        super::disable_core_dumps().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
