//! Ctrl-C, SIGTERM and SIGHUP while a command waits for the user.

/// Signals are caught while one of these exists. Afterwards they have their default action again.
pub(crate) struct CaughtSignals(());

#[cfg(unix)]
mod system {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, PoisonError};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag::register_conditional_default;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::CaughtSignals;

    /// The number of existing [`CaughtSignals`], and the flag that is set while there are none. `None` before the first.
    static CAUGHT: Mutex<(usize, Option<Arc<AtomicBool>>)> = Mutex::new((0, None));

    impl CaughtSignals {
        pub(crate) fn new() -> io::Result<Self> {
            let (count, released) = &mut *CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
            let released = if let Some(released) = released {
                released
            } else {
                // Tokio never removes its handlers, which ignore a signal that no task waits for.
                let flag = Arc::new(AtomicBool::new(false));
                for number in [SIGINT, SIGTERM, SIGHUP] {
                    register_conditional_default(number, flag.clone())?;
                }
                released.insert(flag)
            };
            *count += 1;
            released.store(false, Ordering::SeqCst);
            Ok(Self(()))
        }

        /// Waits for a signal.
        pub(crate) async fn next(&self) -> io::Result<()> {
            let listen = |kind: SignalKind| -> io::Result<Signal> { signal(kind) };
            let mut interrupt = listen(SignalKind::interrupt())?;
            let mut terminate = listen(SignalKind::terminate())?;
            let mut hang_up = listen(SignalKind::hangup())?;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
            Ok(())
        }
    }

    impl Drop for CaughtSignals {
        fn drop(&mut self) {
            let (count, released) = &mut *CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
            *count -= 1;
            if let (0, Some(released)) = (*count, released) {
                released.store(true, Ordering::SeqCst);
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    use super::CaughtSignals;

    impl CaughtSignals {
        #[expect(clippy::unnecessary_wraps, reason = "it may fail on Unix")]
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self(()))
        }

        /// Waits for Ctrl-C. Once no task waits for it, Tokio leaves it to the system.
        pub(crate) async fn next(&self) -> io::Result<()> {
            tokio::signal::ctrl_c().await
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    /// Not a test of its own: [`ch_21_after_the_wait_signals_have_their_default_action_again`] runs it as a process.
    #[test]
    #[ignore = "another test runs it as a process"]
    fn process_that_has_waited() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let signals = CaughtSignals::new().unwrap();
            tokio::select! {
                biased;
                caught = signals.next() => caught.unwrap(),
                // Polled once the wait has begun.
                () = async { println!("\nwaits"); std::future::pending().await } => {}
            }
            drop(signals);
            println!("\nhas waited");
            std::future::pending::<()>().await;
        });
    }

    #[test]
    fn ch_21_after_the_wait_signals_have_their_default_action_again() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "signals::tests::process_that_has_waited", "--ignored", "--nocapture"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let id = Pid::from_child(&child);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut until = |text: &str| assert!(lines.any(|line| line.unwrap() == text), "{text}");
            until("waits");
            kill_process(id, signal).unwrap();
            until("has waited");
            kill_process(id, signal).unwrap();
            assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()), "{signal:?}");
        }
    }
}
