//! The place that asks the time. Everything else is given `now`.

use std::time::Duration;

use scan_contract::Instant;

/// Tells wall time and measures durations.
pub trait Clock: Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> Instant;

    /// Time since an arbitrary start that never goes back; for durations.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// Starts the monotonic count at zero.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    pub fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    fn now(&self) -> Instant {
        chrono::Utc::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that stands still: `--as-of`, exercises and tests. Durations are zero, so that equal inputs give equal
/// bytes.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Instant);

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}
