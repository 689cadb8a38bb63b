//! Password hashing, and its effect on refreshes.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keystiled::domain::secret::Secret;
use tokio::time::sleep;

use crate::support::callers::{Refresher, TokenEndpoint};
use crate::support::deployment::Deployment;
use crate::support::load::{Load, Tolerance};
use crate::support::measured::{Measured, real};
use crate::support::plan::{CONNECTIONS, Length, Plan};
use crate::support::server::Server;
use crate::support::visitor::{self, PASSWORD, Visitor};

/// Wrong attempts at one account; within its burst, so that all are verified.
const TRIES: usize = 10;
/// The rate of refreshes, as a share of the signing limit.
const SHARE: f64 = 0.2;

/// Results of the measurement of passwords.
pub(crate) struct Passwords {
    /// Passwords hashed in parallel.
    pub(crate) at_once: usize,
    /// Resident memory in KiB before the first password, and its peak under wrong ones.
    pub(crate) idle: u64,
    pub(crate) peak: u64,
    /// Median duration of a refusal: unknown address, wrong password, disabled account.
    pub(crate) refusals: [Duration; 3],
    /// Refreshes without concurrent sign-ins, and with them.
    pub(crate) alone: Measured,
    pub(crate) beside: Measured,
    /// Sign-ins per second during the refreshes.
    pub(crate) sign_ins: f64,
}

/// `limit` is the number of signatures per second that the machine can make.
pub(crate) async fn measure(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
    limit: f64,
) -> Result<(Passwords, Vec<Secret>), Box<dyn Error>> {
    let samples = if plan.length == Length::Quick { 50 } else { 200 };
    visitor::add(deployment, "present", CONNECTIONS, false).await?;
    visitor::add(deployment, "mistyped", samples / TRIES, false).await?;
    visitor::add(deployment, "gone", samples / TRIES, true).await?;
    let server = Server::start(deployment).await?;
    sleep(Duration::from_secs(1)).await;
    let process = server.target.process;
    let idle = process.memory()?;
    process.forget_peak()?;
    let wrong = crowd(deployment, |n| visitor::email("nobody", n), "wrong", 422);
    sleep(plan.short).await;
    wrong.stop().await?;
    let peak = process.peak()?;
    let refusals = refusals(deployment, samples).await?;
    drop(server);

    let server = Server::start(deployment).await?;
    let load = Load::steady(limit * SHARE, plan.warm_up, plan.half);
    let tools = Refresher::share(endpoint, sessions, CONNECTIONS);
    let (alone, tools) = load.drive(server.target, tools).await?;
    let begun = Instant::now();
    let right = crowd(deployment, |n| visitor::email("present", n % CONNECTIONS), PASSWORD, 303);
    let load = Load { tolerance: Tolerance::Counted, ..load };
    let (beside, tools) = load.drive(server.target, tools).await?;
    let sign_ins = real(right.stop().await?) / begun.elapsed().as_secs_f64();
    let at_once = deployment.config.sign_in.max_parallel_hashes;
    let passwords = Passwords { at_once, idle, peak, refusals, alone, beside, sign_ins };
    Ok((passwords, Refresher::gather(tools)))
}

/// People who sign in one after the other on each of several connections.
struct Crowd {
    ended: Arc<AtomicBool>,
    connections: Vec<tokio::task::JoinHandle<io::Result<usize>>>,
}

fn crowd(
    deployment: &Deployment<'_>,
    email: fn(usize) -> String,
    password: &'static str,
    expected: u16,
) -> Crowd {
    let (ended, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let address = deployment.address;
    let connection = |_| {
        let (ended, next) = (ended.clone(), next.clone());
        tokio::spawn(async move {
            let mut visitor = Visitor::open(address).await?;
            let mut answered = 0;
            while !ended.load(Ordering::Relaxed) {
                let email = email(next.fetch_add(1, Ordering::Relaxed));
                match visitor.sign_in(&email, password).await?.0 {
                    503 => {}
                    status if status == expected => answered += 1,
                    status => return Err(io::Error::other(format!("a sign-in was answered with {status}"))),
                }
            }
            Ok(answered)
        })
    };
    Crowd { connections: (0..CONNECTIONS).map(connection).collect(), ended }
}

impl Crowd {
    /// Returns the number of verified passwords.
    async fn stop(self) -> io::Result<usize> {
        self.ended.store(true, Ordering::Relaxed);
        let mut answered = 0;
        for connection in self.connections {
            answered += connection.await.map_err(io::Error::other)??;
        }
        Ok(answered)
    }
}

/// Measures the three kinds in turn, so that disturbances affect all of them.
async fn refusals(deployment: &Deployment<'_>, samples: usize) -> io::Result<[Duration; 3]> {
    let mut visitor = Visitor::open(deployment.address).await?;
    let mut times = [const { Vec::new() }; 3];
    for sample in 0..samples {
        for (name, times) in ["unknown", "mistyped", "gone"].into_iter().zip(&mut times) {
            let email = visitor::email(name, sample / TRIES);
            let (status, took) = visitor.sign_in(&email, "wrong").await?;
            if status != 422 {
                return Err(io::Error::other(format!("a wrong password was answered with {status}")));
            }
            times.push(took);
        }
    }
    Ok(times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    }))
}
