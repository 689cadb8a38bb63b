//! Disables core dumps, which would write keys and secrets from memory to disk.

use std::io;

/// Disables core dumps of this process. On Linux, also keeps other processes of the same user from reading its memory.
#[cfg(unix)]
pub fn disable() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // The limit does not apply if the kernel pipes dumps into a program (`core_pattern`).
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Other systems do not write core dumps by default.
#[cfg(not(unix))]
pub fn disable() -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn ce_03_neither_a_file_nor_a_program_gets_a_core_dump() {
        super::disable().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
