//! What the file says about reaching live systems: secrets by reference, and the connection.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::forms::WrittenDuration;

/// Where a secret is kept: exactly one of the keys. The secret itself never stands in a configuration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "minProperties" = 1,
    "maxProperties" = 1,
    "x-secret" = true,
    "x-expected" = "a reference such as { file: PATH } or { env: NAME }, never the secret itself"
))]
pub(in crate::config) struct RawSecret {
    /// A file that belongs to the running user and that nobody else can read.
    #[schemars(length(min = 1))]
    pub(in crate::config) file: Option<String>,
    /// An environment variable.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub(in crate::config) env: Option<String>,
    /// A program and its arguments; what it writes to standard output is the secret. The path is absolute, and no shell
    /// is involved.
    #[schemars(length(min = 1))]
    pub(in crate::config) command: Option<Vec<String>>,
}

/// How a live system is reached. Every key has a sane default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawConnection {
    /// File of PEM certificates that are trusted instead of those of the machine.
    #[schemars(length(min = 1))]
    pub(in crate::config) ca_file: Option<String>,
    /// Whether its addresses may be private ones. Default: false, so that no answer of a system outside leads inside.
    pub(in crate::config) internal: Option<bool>,
    /// Whether plain text is allowed to a loopback address; nowhere else is it ever. Default: false.
    pub(in crate::config) plain_to_loopback: Option<bool>,
    /// Proxy, such as `http://proxy.example:3128`. The environment's is not used. Default: none.
    #[schemars(regex(pattern = "^https?://"), extend("x-expected" = "an address such as http://proxy.example:3128"))]
    pub(in crate::config) proxy: Option<String>,
    /// Time until a connection stands. Default: `10s`.
    pub(in crate::config) connect_timeout: Option<WrittenDuration>,
    /// Time between two reads of one answer. Default: `30s`.
    pub(in crate::config) idle_timeout: Option<WrittenDuration>,
    /// Time for one request with its whole answer. Default: `2m`.
    pub(in crate::config) total_timeout: Option<WrittenDuration>,
    /// Largest answer in MiB, after decompression. Default: 64.
    #[schemars(range(min = 1, max = 4096))]
    pub(in crate::config) largest_answer_mib: Option<u64>,
    /// How fast it may be asked. Without it: what suits the system.
    pub(in crate::config) pace: Option<RawPace>,
}

/// How fast a system may be asked, for each credential and host.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPace {
    /// Requests a second in the long run. Default: 20.
    #[schemars(range(min = 0.01, max = 1000.0))]
    pub(in crate::config) per_second: Option<f64>,
    /// Requests at once after a rest. Default: 20.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) burst: Option<u32>,
    /// Requests at the same time. Default: 8.
    #[schemars(range(min = 1, max = 256))]
    pub(in crate::config) in_flight: Option<usize>,
    /// Share of a limit announced by the service that may be used: others use it too. Default: 0.5.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub(in crate::config) share: Option<f64>,
    /// Share of all requests that may be repeats. Default: 0.2.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(in crate::config) retry_share: Option<f64>,
    /// Longest single wait; a service that asks for more leaves a gap. Default: `15m`.
    pub(in crate::config) longest_wait: Option<WrittenDuration>,
}
