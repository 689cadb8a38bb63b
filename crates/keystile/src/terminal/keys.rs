//! Reads single keys from the terminal without blocking. A thread that blocks would take input meant for later prompts.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, kill_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

/// What standard input has to offer.
pub(super) enum Ready {
    Nothing,
    Bytes(Vec<u8>),
    /// End of input.
    Ended,
}

/// Reads what is available, without blocking.
pub(super) fn read() -> Ready {
    let input = std::io::stdin();
    let mut watched = [PollFd::new(&input, PollFlags::IN)];
    match poll(&mut watched, Some(&Timespec::default())) {
        Ok(count) if count > 0 => {}
        Ok(_) | Err(_) => return Ready::Nothing,
    }
    // Without the buffer of the standard library, which would keep input from other readers.
    let mut bytes = vec![0; 4096];
    match rustix::io::read(&input, &mut bytes) {
        Ok(0) => Ready::Ended,
        Ok(count) => {
            bytes.truncate(count);
            Ready::Bytes(bytes)
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ready::Nothing,
        Err(_) => Ready::Ended,
    }
}

/// Turns off echo and line buffering until dropped. Ctrl-C still sends a signal. Ctrl-Z arrives as a byte, so that the
/// terminal is restored before the process stops.
pub(super) struct SilentKeys {
    before: Termios,
}

impl SilentKeys {
    /// `None` without a terminal, or if the process is in the background.
    pub(super) fn listen() -> Option<Self> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let silent = Self { before };
        silent.apply().then_some(silent)
    }

    /// The byte of Ctrl-Z, if the terminal has a key for it.
    fn suspend_key(&self) -> Option<u8> {
        let key = self.before.special_codes[SpecialCodeIndex::VSUSP];
        (key != DISABLED).then_some(key)
    }

    /// Whether one of these bytes is Ctrl-Z.
    pub(super) fn suspends(&self, bytes: &[u8]) -> bool {
        self.suspend_key().is_some_and(|key| bytes.contains(&key))
    }

    /// Hides again what a shell that stopped and continued the process shows.
    pub(super) fn hide_again(&self) {
        if tcgetattr(std::io::stdin()).is_ok_and(|now| now.local_modes.contains(LocalModes::ECHO)) {
            self.apply();
        }
    }

    /// Restores the terminal and stops the job as Ctrl-Z does. Returns when it is continued.
    pub(super) fn suspend(self) {
        drop(self);
        // The whole job, as the terminal would. Without a shell that controls jobs, the signal has no effect.
        let _ = kill_process_group(getpgrp(), Signal::TSTP);
    }

    fn apply(&self) -> bool {
        if !in_foreground() {
            return false;
        }
        let mut silent = self.before.clone();
        silent.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        silent.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
        tcsetattr(std::io::stdin(), OptionalActions::Now, &silent).is_ok()
    }
}

/// The value of a special character that no key has: `_POSIX_VDISABLE`.
const DISABLED: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

/// Whether the process may change the terminal. One in the background would be stopped (SIGTTOU).
fn in_foreground() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|foreground| foreground == getpgrp())
}

impl Drop for SilentKeys {
    fn drop(&mut self) {
        if in_foreground() {
            // The terminal may be gone.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
        }
    }
}
