//! A token bucket that gives way when a service refuses too much, and comes back when it does not.
//!
//! Every twenty answers are looked at together. Four refusals or more: the rate becomes what the service let through.
//! One or none: the rate grows by a tenth of what is allowed. A service that refuses one in ten at random is therefore
//! read at full speed, and one that allows half our rate is soon asked at about that rate.

use std::time::Duration;

use tokio::time::Instant as Tick;

/// Answers that are looked at together.
const ANSWERS: u32 = 20;
/// Refusals among them that slow us down.
const MANY: u32 = 4;

#[derive(Debug)]
pub(super) struct Bucket {
    /// Requests a second, at most.
    allowed: f64,
    /// Requests a second, now.
    rate: f64,
    burst: f64,
    /// Tokens at `since`; below zero while requests wait for theirs.
    tokens: f64,
    since: Tick,
    answers: u32,
    refused: u32,
}

impl Bucket {
    pub(super) fn new(now: Tick, per_second: f64, burst: u32) -> Self {
        let burst = f64::from(burst);
        Self { allowed: per_second, rate: per_second, burst, tokens: burst, since: now, answers: 0, refused: 0 }
    }

    fn fill(&mut self, now: Tick) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.burst);
        self.since = now;
    }

    /// How long until the next request has its token.
    pub(super) fn delay(&mut self, now: Tick) -> Duration {
        self.fill(now);
        let missing = 1.0 - self.tokens;
        if missing <= 0.0 { Duration::ZERO } else { Duration::from_secs_f64((missing / self.rate).min(1e6)) }
    }

    /// Takes a token, which may have to be waited for.
    pub(super) fn take(&mut self, now: Tick) {
        self.fill(now);
        self.tokens -= 1.0;
    }

    /// Learns from one answer.
    pub(super) fn hear(&mut self, now: Tick, refused: bool) {
        self.answers += 1;
        self.refused += u32::from(refused);
        if self.answers < ANSWERS {
            return;
        }
        self.fill(now);
        if self.refused >= MANY {
            let passed = 1.0 - f64::from(self.refused) / f64::from(self.answers);
            self.rate = (self.rate * passed.max(0.5)).max(self.allowed / 50.0);
            // What was saved up is gone: the service has no room for it.
            self.tokens = self.tokens.min(0.0);
        } else if self.refused <= 1 {
            self.rate = (self.rate + self.allowed / 10.0).min(self.allowed);
        }
        self.answers = 0;
        self.refused = 0;
    }
}
