//! Concurrent calls.

use std::sync::Barrier;
use std::thread;

/// Environment variable with the number of rounds of the tests of races, for a longer run.
const ROUNDS: &str = "KEYSTILE_TEST_RACES";

/// How often a test repeats a race: `usual` times, or as often as the variable says.
pub(crate) fn rounds(usual: usize) -> usize {
    std::env::var(ROUNDS).map_or(usual, |rounds| rounds.parse().unwrap())
}

/// Runs `call` on `n` threads, each with its number; all start together.
pub(crate) fn at_once<T, F, R>(n: usize, call: F) -> Vec<R>
where
    F: Fn(usize) -> T + Sync,
    T: Future<Output = R>,
    R: Send,
{
    let barrier = Barrier::new(n);
    let run = |number| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let call = call(number);
        barrier.wait();
        runtime.block_on(call)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..n).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
