//! Repeats what fails only because another program has the file open. On Windows, a virus scanner or an indexer opens a
//! file that was just written, and until it is done the file can be neither renamed nor read.

use std::io;
use std::time::{Duration, Instant};

/// How long to repeat. A scan takes milliseconds.
const LIMIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Error codes of Windows for a file in use: `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`,
/// `ERROR_USER_MAPPED_FILE`.
pub(super) const IN_USE_FOR_READING: &[i32] = &[32, 33, 1224];
/// A rename answers `ERROR_ACCESS_DENIED` as well.
pub(super) const IN_USE_FOR_RENAME: &[i32] = &[5, 32, 33, 1224];

/// Repeats an operation while it fails with one of these error codes of Windows, for at most 2 s. Elsewhere an open file
/// delays nothing, and the operation runs once.
pub(super) fn while_in_use<T>(codes: &[i32], operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    if cfg!(windows) { repeat(codes, LIMIT, operation) } else { once(operation) }
}

fn once<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    operation()
}

fn repeat<T>(codes: &[i32], limit: Duration, mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let started = Instant::now();
    loop {
        match operation() {
            Err(error)
                if error.raw_os_error().is_some_and(|code| codes.contains(&code))
                    && started.elapsed() < limit =>
            {
                std::thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs an operation that fails with these codes in turn, then succeeds. Also returns how often it ran.
    fn run(failures: &[i32], limit: Duration) -> (io::Result<()>, usize) {
        let mut runs = 0;
        let result = repeat(IN_USE_FOR_RENAME, limit, || {
            runs += 1;
            failures.get(runs - 1).map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code)))
        });
        (result, runs)
    }

    #[test]
    fn ch_04_a_rename_waits_for_a_file_in_use_and_for_nothing_else() {
        assert!(matches!(run(&[5, 32, 33], LIMIT), (Ok(()), 4)));
        let (result, runs) = run(&[32, 2, 32], LIMIT);
        assert_eq!((result.unwrap_err().raw_os_error(), runs), (Some(2), 2));
    }

    #[test]
    fn ch_04_the_wait_for_a_file_in_use_ends() {
        let started = Instant::now();
        let (result, runs) = run(&[32; 1000], PAUSE * 3);
        assert_eq!(result.unwrap_err().raw_os_error(), Some(32));
        assert!((2..100).contains(&runs) && started.elapsed() < LIMIT, "{runs}");
    }
}
