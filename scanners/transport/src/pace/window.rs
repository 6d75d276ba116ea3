//! One announced limit: never more than our share of a window, ever slower as the share runs low, nothing when the
//! service has nothing left.

use std::time::Duration;

use tokio::time::Instant as Tick;

use crate::dialect::Announced;

/// From here on what is left is spread over what remains of the window: a quarter of our share.
const LOW: f64 = 0.25;

#[derive(Debug)]
pub(super) struct Window {
    limit: u64,
    remaining: u64,
    reset: Tick,
    /// What we used of it, in requests or points.
    used: u64,
    /// When the last request was made, or will be.
    last: Tick,
}

impl Window {
    pub(super) fn new(announced: &Announced, now: Tick) -> Self {
        Self {
            limit: announced.limit.unwrap_or(u64::MAX),
            remaining: announced.remaining,
            reset: now + announced.reset,
            used: 1,
            last: now,
        }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Learns from one answer.
    pub(super) fn hear(&mut self, announced: &Announced, now: Tick) {
        let reset = now + announced.reset;
        let anew =
            now >= self.reset || (announced.remaining > self.remaining && reset > self.reset + Duration::from_secs(2));
        if anew {
            *self = Self { last: self.last, ..Self::new(announced, now) };
        } else {
            // Answers overtake each other: the lowest figure of a window is the latest.
            self.remaining = self.remaining.min(announced.remaining);
            self.reset = self.reset.max(reset);
            self.limit = announced.limit.unwrap_or(self.limit);
        }
        // One was counted when the request was made.
        self.used = self.used.saturating_add(announced.cost.saturating_sub(1));
    }

    /// Counts a request that will be made at `at`.
    pub(super) fn spend(&mut self, at: Tick) {
        self.used = self.used.saturating_add(1);
        self.last = self.last.max(at);
    }

    /// Time until the service has anything left.
    pub(super) fn closed(&self, now: Tick) -> Duration {
        if self.remaining == 0 { self.reset.saturating_duration_since(now) } else { Duration::ZERO }
    }

    /// Time until the next request may be made.
    pub(super) fn delay(&self, now: Tick, share: f64) -> Duration {
        let rest = self.reset.saturating_duration_since(now);
        if rest.is_zero() || self.limit == u64::MAX {
            return self.closed(now);
        }
        let ours = (self.limit as f64 * share).floor().max(1.0);
        let left = (ours - self.used as f64).min(self.remaining as f64);
        if left < 1.0 {
            return rest;
        }
        if left > ours * LOW {
            return Duration::ZERO;
        }
        let each = rest.div_f64(left);
        (self.last + each).saturating_duration_since(now).min(rest)
    }
}
