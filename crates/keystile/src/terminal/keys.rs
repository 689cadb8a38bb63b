//! Reads single keys from the terminal without blocking. A thread that blocks would take input meant for later prompts.

use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, kill_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::Ready;

/// Reads what is available, without blocking.
pub(super) fn read() -> Ready {
    read_from(&std::io::stdin())
}

fn read_from(input: &impl AsFd) -> Ready {
    let mut watched = [PollFd::new(input, PollFlags::IN)];
    let events = match poll(&mut watched, Some(&Timespec::default())) {
        Ok(count) if count > 0 => watched[0].revents(),
        Ok(_) | Err(_) => return Ready::Nothing,
    };
    let never_blocks = tcgetattr(input).is_ok_and(|modes| never_blocks(&modes));
    if !may_read(events, never_blocks) {
        return Ready::Nothing;
    }
    // Without the buffer of the standard library, which would keep input from other readers.
    let mut bytes = vec![0; 4096];
    match rustix::io::read(input, &mut bytes) {
        Ok(0) if never_blocks && !events.contains(PollFlags::HUP) => Ready::Nothing,
        Ok(0) => Ready::Ended,
        Ok(count) => {
            bytes.truncate(count);
            Ready::Bytes(bytes)
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ready::Nothing,
        Err(_) => Ready::Ended,
    }
}

/// Whether a read after `poll` cannot block: there is input or an end, or the terminal returns without input. On macOS
/// `poll` cannot tell for a terminal and answers `POLLNVAL`.
fn may_read(events: PollFlags, never_blocks: bool) -> bool {
    never_blocks || events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
}

/// Whether a read returns at once without input, as [`silent`] sets it.
fn never_blocks(modes: &Termios) -> bool {
    !modes.local_modes.contains(LocalModes::ICANON)
        && modes.special_codes[SpecialCodeIndex::VMIN] == 0
        && modes.special_codes[SpecialCodeIndex::VTIME] == 0
}

/// These modes without echo, line buffering and a key that stops the job, and with reads that never block.
fn silent(before: &Termios) -> Termios {
    let mut modes = before.clone();
    modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    modes.special_codes[SpecialCodeIndex::VMIN] = 0;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    modes.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
    modes
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
        tcsetattr(std::io::stdin(), OptionalActions::Now, &silent(&self.before)).is_ok()
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

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::fs::{Mode, OFlags};
    use rustix::io::{FdFlags, fcntl_setfd};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// Both ends of a terminal.
    fn terminal() -> (OwnedFd, OwnedFd) {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        // A process that another test starts would keep it open.
        fcntl_setfd(&keyboard, FdFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let terminal = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        (keyboard, terminal)
    }

    fn bytes(ready: Ready) -> Option<Vec<u8>> {
        match ready {
            Ready::Bytes(bytes) => Some(bytes),
            Ready::Nothing | Ready::Ended => None,
        }
    }

    #[test]
    fn ch_05_without_input_only_a_terminal_that_never_blocks_is_read() {
        for events in [PollFlags::NVAL, PollFlags::empty()] {
            assert!(!may_read(events, false), "{events:?}");
            assert!(may_read(events, true), "{events:?}");
        }
        for events in [PollFlags::IN, PollFlags::HUP, PollFlags::ERR] {
            assert!(may_read(events, false), "{events:?}");
        }
    }

    #[test]
    fn ch_05_a_silent_terminal_returns_at_once_and_gives_its_keys() {
        let (keyboard, terminal) = terminal();
        let before = tcgetattr(&terminal).unwrap();
        assert!(!never_blocks(&before));
        tcsetattr(&terminal, OptionalActions::Now, &silent(&before)).unwrap();
        assert!(never_blocks(&tcgetattr(&terminal).unwrap()));
        // The behavior of a read without any input, as on macOS.
        let started = Instant::now();
        assert_eq!(rustix::io::read(&terminal, &mut [0; 16]).unwrap(), 0);
        assert!(matches!(read_from(&terminal), Ready::Nothing));
        assert!(started.elapsed() < Duration::from_secs(1));
        rustix::io::write(&keyboard, b"d").unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let typed = loop {
            if let Some(typed) = bytes(read_from(&terminal)) {
                break typed;
            }
            assert!(Instant::now() < deadline, "the key does not arrive");
        };
        assert_eq!(typed, b"d");
        drop(keyboard);
        assert!(matches!(read_from(&terminal), Ready::Ended));
    }

    #[test]
    fn the_end_of_a_pipe_is_the_end_of_input() {
        let (reader, writer) = std::io::pipe().unwrap();
        assert!(matches!(read_from(&reader), Ready::Nothing));
        drop(writer);
        assert!(matches!(read_from(&reader), Ready::Ended));
    }
}
