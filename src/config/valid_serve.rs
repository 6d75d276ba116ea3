//! The service's settings after every check.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use scan_contract::SystemId;
use scan_transport::SecretRef;

use super::cron::CronExpression;

/// What happens after missed starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// One run for all that were missed (default).
    Once,
    /// The next start is waited for.
    Never,
}

/// One entry of the schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleConfig {
    /// Name; a label in metrics.
    pub name: String,
    /// Expression.
    pub cron: CronExpression,
    /// Its zone.
    pub time_zone: Tz,
    /// Largest shift of its starts.
    pub jitter: Duration,
    /// Systems that are read; empty is all.
    pub systems: Vec<SystemId>,
}

/// Certificate of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeTls {
    /// PEM file of the chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: SecretRef,
    /// PEM file of the authority whose client certificates sign in.
    pub client_ca: Option<PathBuf>,
}

/// The service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServeConfig {
    /// When runs start.
    pub schedule: Vec<ScheduleConfig>,
    /// What happens after missed starts.
    pub catch_up: CatchUp,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Host names under which it may be asked, folded to small letters.
    pub names: Vec<String>,
    /// Certificate; plain HTTP without one.
    pub tls: Option<ServeTls>,
    /// What signs somebody in.
    pub bearer: Option<SecretRef>,
    /// Whether a run may be asked for.
    pub run_on_request: bool,
    /// How often files are looked at; `None` never.
    pub watch: Option<Duration>,
}

impl ServeConfig {
    /// Whether anybody can be known at all.
    pub fn has_sign_in(&self) -> bool {
        self.bearer.is_some() || self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some())
    }
}
