//! Single keys of the terminal, without waiting and without a thread that would swallow what is typed later.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// What standard input has to give at this moment.
pub(super) enum Ready {
    Nothing,
    Bytes(Vec<u8>),
    /// Nobody will type any more.
    Ended,
}

/// Reads what is there; never waits.
pub(super) fn read() -> Ready {
    let input = std::io::stdin();
    let mut watched = [PollFd::new(&input, PollFlags::IN)];
    match poll(&mut watched, Some(&Timespec::default())) {
        Ok(count) if count > 0 => {}
        Ok(_) | Err(_) => return Ready::Nothing,
    }
    // The buffer of the standard library would keep what another reader waits for.
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

/// While it lives, the terminal shows no keys and hands them over one by one. Ctrl-C stays Ctrl-C.
pub(super) struct SilentKeys {
    before: Termios,
}

impl SilentKeys {
    /// `None` where there is no terminal, or where it belongs to another program at the moment.
    pub(super) fn listen() -> Option<Self> {
        let input = std::io::stdin();
        let before = tcgetattr(&input).ok()?;
        // The system stops a program in the background that changes the terminal.
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
        // A terminal that is gone needs no mending.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
