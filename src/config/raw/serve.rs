//! What the file says about the service.

use schemars::JsonSchema;
use serde::Deserialize;

use super::connection::RawSecret;
use crate::yaml::forms::WrittenDuration;

/// How `holdover serve` runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawServe {
    /// When runs start. `config check` prints the next three times of each entry.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub(in crate::config) schedule: Vec<RawSchedule>,
    /// What happens after starts were missed because the service or the machine was not running. Default: `once`.
    pub(in crate::config) catch_up: Option<RawCatchUp>,
    /// Address and port for metrics, health and the page. Beyond loopback it needs `tls` and either `bearer` or
    /// `tls.client_ca`. Port 0 takes a free one. Default: `127.0.0.1:9911`.
    #[schemars(length(min = 1), extend("x-expected" = "an address with its port such as 127.0.0.1:9911"))]
    pub(in crate::config) listen: Option<String>,
    /// Host names under which the service is asked. Requests for another name are refused; addresses in digits are
    /// always taken, and `localhost` where it listens on loopback.
    #[serde(default)]
    pub(in crate::config) names: Vec<String>,
    /// Certificate of the service. Without it, plain HTTP, on loopback alone.
    pub(in crate::config) tls: Option<RawServeTls>,
    /// The secret that whoever asks has to know, at least 16 bytes long: as bearer token, or as password of HTTP Basic
    /// with any user name. Without it and without `tls.client_ca`, the page shows no persons and no run can be asked for.
    pub(in crate::config) bearer: Option<RawSecret>,
    /// Whether whoever is signed in may start a run by `POST /api/v1/runs`. Default: true.
    pub(in crate::config) run_on_request: Option<bool>,
    /// How often this file, the policy and the service's secrets are looked at for changes; `0s` never. Default: `30s`.
    pub(in crate::config) watch: Option<WrittenDuration>,
}

/// When runs start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSchedule {
    /// Name in metrics, logs and on the page. Default: `schedule-1` and so on.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"),
        extend("x-expected" = "a name of small letters, digits and hyphens")
    )]
    pub(in crate::config) name: Option<String>,
    /// Cron expression of five fields (minute, hour, day of month, month, day of week) or six (seconds first). Names
    /// such as `MON`, lists, ranges, steps, `L` (last) and `#` (nth weekday) are understood, and `@daily` and its like.
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::config) cron: String,
    /// Time zone of the expression. Default: `UTC`.
    #[schemars(length(min = 1))]
    pub(in crate::config) time_zone: Option<String>,
    /// Spreads starts: each entry is moved by a time of its own between zero and this, the same on every day of one
    /// installation. Default: `0m`.
    pub(in crate::config) jitter: Option<WrittenDuration>,
    /// Systems that are read. Default: all. What is known of the others is carried on, with its own age.
    #[schemars(length(min = 1))]
    pub(in crate::config) systems: Option<Vec<String>>,
}

/// What happens after missed starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawCatchUp {
    /// One run for all that were missed.
    Once,
    /// The next start is waited for.
    Never,
}

/// Certificate of the service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawServeTls {
    /// File of PEM certificates: the service's own, then those between it and its authority.
    #[schemars(length(min = 1))]
    pub(in crate::config) certificate: String,
    /// Its private key, as PEM.
    pub(in crate::config) key: RawSecret,
    /// File of PEM certificates of the authority whose client certificates sign somebody in.
    #[schemars(length(min = 1))]
    pub(in crate::config) client_ca: Option<String>,
}
