//! What a door is told.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::dialect::Dialect;

/// Which addresses an origin may resolve to (NET-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Private and loopback addresses too: the operator declared the system as internal.
    Internal,
    /// The link-local metadata service of a cloud host, and nothing else. Plain text is usual there.
    MetadataService,
}

/// An origin that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginRule {
    /// `https` or `http`.
    pub scheme: String,
    /// Host name, or `*.` and a suffix of at least two labels that belong to one vendor (`*.amazonaws.com`).
    pub host: String,
    /// Port.
    pub port: u16,
    /// Which addresses it may have.
    pub reach: Reach,
}

impl OriginRule {
    /// The origin of one address. `None` without a host, with user information in it, or with another scheme.
    pub fn of(url: &Url, reach: Reach) -> Option<Self> {
        let bare = url.username().is_empty() && url.password().is_none() && matches!(url.scheme(), "https" | "http");
        let host = url.host_str().filter(|_| bare)?;
        let port = url.port_or_known_default()?;
        Some(Self { scheme: String::from(url.scheme()), host: String::from(host), port, reach })
    }
}

/// A proxy. From the configuration only, never from the environment (NET-4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `http://` or `https://` address without user information.
    pub url: Url,
}

/// Limits of time (TIM-1). All of them always hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Between two reads.
    pub idle: Duration,
    /// For one request with its whole body.
    pub total: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), idle: seconds(30), total: seconds(120) }
    }
}

/// Limits before anything is parsed (NET-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body after decompression.
    pub body: u64,
    /// Levels of JSON or XML.
    pub depth: usize,
    /// Bytes of one string.
    pub string: usize,
    /// Bytes of all headers of a reply.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 64 * 1024 * 1024, depth: 64, string: 1024 * 1024, headers: 64 * 1024 }
    }
}

/// How fast we may be (per credential and host).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceSettings {
    /// Requests a second, in the long run.
    pub per_second: f64,
    /// Requests at once after a rest.
    pub burst: u32,
    /// Requests in flight.
    pub in_flight: usize,
    /// Share of a limit the service announces that we may use, 0 to 1: others use it too.
    pub share: f64,
    /// Share of all requests that may be retries (TIM-6).
    pub retry_share: f64,
    /// Attempts at one request, the first included.
    pub attempts: u32,
    /// Longest single wait. A hint beyond it ends the scope as rate limited (TIM-4).
    pub longest_wait: Duration,
}

impl Default for PaceSettings {
    fn default() -> Self {
        Self {
            per_second: 20.0,
            burst: 20,
            in_flight: 8,
            share: 0.5,
            retry_share: 0.2,
            attempts: 6,
            longest_wait: Duration::from_mins(15),
        }
    }
}

/// How a system is reached: what the configuration says under `connection`, the same for every connector.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connection {
    /// File of PEM certificates that are trusted instead of the platform's.
    pub roots: Option<PathBuf>,
    /// Whether its addresses may be private or loopback ones.
    pub internal: bool,
    /// Whether plain text to a loopback address is allowed. Nowhere else is it ever.
    pub plain_to_loopback: bool,
    /// Proxy.
    pub proxy: Option<Proxy>,
    /// Limits of time.
    pub time: TimeLimits,
    /// Limits of size.
    pub limits: Limits,
    /// Pace. `None`: what suits the connector.
    pub pace: Option<PaceSettings>,
}

impl Connection {
    /// Which addresses its origins may have.
    pub fn reach(&self) -> Reach {
        if self.internal { Reach::Internal } else { Reach::Public }
    }
}

/// Everything a door is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Configured id of the system, for messages and recordings.
    pub system: String,
    /// Origins that may be asked. Credentials go nowhere else (NET-2).
    pub origins: Vec<OriginRule>,
    /// How the service says "slow down".
    pub dialect: Dialect,
    /// How it is reached.
    pub connection: Connection,
}

impl Settings {
    /// A system with these origins.
    pub fn new(system: impl Into<String>, origins: Vec<OriginRule>, dialect: Dialect, connection: Connection) -> Self {
        Self { system: system.into(), origins, dialect, connection }
    }
}
