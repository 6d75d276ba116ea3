//! How each service says "slow down". One function a service, in one place, since a throttle that is read as a refusal
//! turns into a wrong gap, and a refusal that is read as a throttle into endless waiting (TIM-2, TIM-3).

pub(crate) mod hint;
mod words;

#[cfg(test)]
mod tests;

use std::time::Duration;

use http::StatusCode;

use self::hint::Unit;
pub use self::words::is_graphql_limit;
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
    /// `RATE_LIMITED` or `RATE_LIMIT`.
    GitHub,
    /// 429 with `X-Rate-Limit-Reset` in epoch seconds.
    Okta,
    /// 429 from quotas; 412, 472, 473 and 503 of nodes that cannot answer now.
    Vault,
    /// 503 that means a limit, with `Retry-After`, or 429.
    BambooHr,
    /// 429 with `Retry-After`, `RateLimit-*`, and `x-ms-throttle-limit-percentage` before it comes to that.
    Graph,
}

/// What a service says of a limit: how much, how much is left, and when it starts anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Which of the service's limits it is.
    pub(crate) key: String,
    /// Requests (or points) in one window.
    pub(crate) limit: Option<u64>,
    /// Of these, left for everybody.
    pub(crate) remaining: u64,
    /// Until the window ends, by the service's clock.
    pub(crate) reset: Duration,
    /// What this request cost.
    pub(crate) cost: u64,
}

/// Names of the headers in which a limit is announced.
struct Names {
    limit: &'static str,
    remaining: &'static str,
    reset: &'static str,
    unit: Unit,
}

/// `RateLimit-*`: draft-ietf-httpapi-ratelimit-headers counts seconds to go, and some services (GitLab) epoch seconds.
const DRAFT: Names =
    Names { limit: "ratelimit-limit", remaining: "ratelimit-remaining", reset: "ratelimit-reset", unit: Unit::BySize };
const COMMON: Names = Names {
    limit: "x-ratelimit-limit",
    remaining: "x-ratelimit-remaining",
    reset: "x-ratelimit-reset",
    unit: Unit::BySize,
};
/// docs.github.com, "Rate limits for the REST API": UTC epoch seconds.
const GITHUB: Names = Names { unit: Unit::Epoch, ..COMMON };
/// developer.okta.com, "Rate limits": UTC epoch seconds.
const OKTA: Names = Names {
    limit: "x-rate-limit-limit",
    remaining: "x-rate-limit-remaining",
    reset: "x-rate-limit-reset",
    unit: Unit::Epoch,
};
const DASHED: Names = Names { unit: Unit::BySize, ..OKTA };

impl Dialect {
    fn names(self) -> &'static [Names] {
        match self {
            Self::Plain | Self::BambooHr | Self::Vault => &[DRAFT, COMMON, DASHED],
            Self::GitHub => &[GITHUB],
            Self::Okta => &[OKTA],
            Self::Graph => &[DRAFT],
            Self::Aws => &[],
        }
    }

    /// What `reply` says about pace.
    pub fn read(self, reply: &Reply) -> Signal {
        if self.is_limit(reply) {
            return Signal::Throttled(self.wait(reply));
        }
        let stumbles = match reply.status.as_u16() {
            502..=504 => true,
            500 => self == Self::Aws,
            // Standby and sealed nodes, and nodes that have not caught up yet.
            412 | 472 | 473 => self == Self::Vault,
            _ => false,
        };
        if stumbles { Signal::Stumbled(self.wait(reply)) } else { Signal::Go }
    }

    fn is_limit(self, reply: &Reply) -> bool {
        let status = reply.status;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return true;
        }
        let says_when = reply.headers.contains_key("retry-after");
        match self {
            Self::Plain | Self::BambooHr | Self::Graph => status == StatusCode::SERVICE_UNAVAILABLE && says_when,
            Self::Aws => status.as_u16() >= 400 && words::aws_throttles(reply),
            Self::GitHub => Self::is_github_limit(reply, says_when),
            Self::Okta | Self::Vault => false,
        }
    }

    /// docs.github.com: a primary limit answers 403 or 429 with `x-ratelimit-remaining: 0`; a secondary one with
    /// `retry-after`, or with words alone; GraphQL answers 200 with an error of a type of its own.
    fn is_github_limit(reply: &Reply, says_when: bool) -> bool {
        match reply.status {
            StatusCode::FORBIDDEN => {
                let used_up = reply.header("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0");
                says_when || used_up || words::github_secondary(reply)
            }
            StatusCode::SERVICE_UNAVAILABLE => says_when,
            StatusCode::OK => words::graphql_limited(reply),
            _ => false,
        }
    }

    /// Whether a limit was hit that is not announced by counting, and concerns everything we send (TIM-3).
    pub(crate) fn is_secondary(self, reply: &Reply) -> bool {
        self == Self::GitHub
            && self.is_limit(reply)
            && reply.header("x-ratelimit-remaining").is_none_or(|left| left.trim() != "0")
            && reply.status != StatusCode::OK
    }

    /// Whether an answer that is none warns of a limit: learn.microsoft.com, "Throttling limits": sent once more than 0.8
    /// of the limit is used, as a share of it.
    pub(crate) fn warns(self, reply: &Reply) -> bool {
        let share = reply.header("x-ms-throttle-limit-percentage").and_then(|text| text.trim().parse::<f64>().ok());
        self == Self::Graph && share.is_some_and(|share| share >= 0.8)
    }

    fn wait(self, reply: &Reply) -> Wait {
        let by_header = reply.header("retry-after").and_then(|text| hint::retry_after(text, reply.at));
        let by_milliseconds = || {
            let text = ["retry-after-ms", "x-ms-retry-after-ms"].into_iter().find_map(|name| reply.header(name))?;
            hint::amount(text, Unit::Milliseconds, reply.at)
        };
        let by_reset =
            || self.announced(reply).filter(|announced| announced.remaining == 0).map(|announced| announced.reset);
        by_header.or_else(by_milliseconds).or_else(by_reset).map_or(Wait::NotSaid, Wait::For)
    }

    /// The limit that the headers of `reply` announce.
    pub(crate) fn announced(self, reply: &Reply) -> Option<Announced> {
        self.names().iter().find_map(|names| {
            let number = |name: &str| reply.header(name).and_then(first_number);
            let remaining = number(names.remaining)?;
            let reset = hint::reset(reply.header(names.reset)?, names.unit, reply.at)?;
            Some(Announced {
                key: self.key(reply),
                limit: number(names.limit),
                remaining,
                reset,
                cost: self.cost(reply),
            })
        })
    }

    /// Which limit a reply speaks of: GitHub names it; Okta has one an endpoint; elsewhere there is one.
    fn key(self, reply: &Reply) -> String {
        match self {
            Self::GitHub => reply.header("x-ratelimit-resource").unwrap_or("core").chars().take(40).collect(),
            Self::Okta => String::from(reply.operation),
            Self::Plain | Self::Aws | Self::Vault | Self::BambooHr | Self::Graph => String::new(),
        }
    }

    fn cost(self, reply: &Reply) -> u64 {
        let points = self == Self::GitHub && reply.header("x-ratelimit-resource") == Some("graphql");
        if points { words::graphql_cost(reply).unwrap_or(1).max(1) } else { 1 }
    }
}

/// The number a limit header begins with: some carry more after it (`100, 100;w=60`).
fn first_number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| text.split_at(end).0);
    digits.parse().ok()
}
