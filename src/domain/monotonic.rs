//! The monotonic clock.

/// Microseconds since an arbitrary point in the past.
#[cfg(target_os = "linux")]
pub fn micros() -> i64 {
    // Unlike `Instant`, it continues while the machine is suspended.
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    at.tv_sec.saturating_mul(1_000_000).saturating_add(at.tv_nsec / 1000)
}

/// Microseconds since the first call.
#[cfg(not(target_os = "linux"))]
pub fn micros() -> i64 {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(START.elapsed().as_micros()).unwrap_or(i64::MAX)
}
