//! Reads single keys from the terminal without blocking. A thread that blocks would take input meant for later prompts.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// The result of reading standard input.
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

/// Turns off echo and line buffering until dropped. Ctrl-C still sends a signal.
pub(super) struct SilentKeys {
    before: Termios,
}

impl SilentKeys {
    /// `None` without a terminal, or if the process is in the background.
    pub(super) fn listen() -> Option<Self> {
        let input = std::io::stdin();
        let before = tcgetattr(&input).ok()?;
        // A background process that changes the terminal would be stopped (SIGTTOU).
        if tcgetpgrp(&input).ok()? != getpgrp() {
            return None;
        }
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        tcsetattr(&input, OptionalActions::Now, &silent).ok()?;
        Some(Self { before })
    }
}

impl Drop for SilentKeys {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
