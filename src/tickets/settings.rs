//! How findings become tickets, after every check of the configuration. Plain data.

use std::time::Duration;

use url::Url;

use super::trackers::settings::Place;

/// Configured name of a tracker or of a receiver of alerts: a label in metrics, a part of keys in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackerId(String);

impl TrackerId {
    /// A name that the configuration has checked.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TrackerId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What one ticket holds. A change concerns new tickets only; those that exist keep what they hold until they close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// One person and the team that owns the system (default).
    #[default]
    PersonOwner,
    /// One finding.
    Finding,
    /// One system.
    System,
    /// A parent for each announced batch of leavers and a child for each team; critical findings alone.
    Batch,
}

impl GroupBy {
    /// The word used in the configuration and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PersonOwner => "person_owner",
            Self::Finding => "finding",
            Self::System => "system",
            Self::Batch => "batch",
        }
    }
}

/// How persons are shown in tickets. Trackers with wide reading rights get ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShowPersons {
    /// Roster id only (default).
    #[default]
    Id,
    /// Id and name.
    Name,
}

/// How many tickets may be made at once (TKT-6). What is above goes into one digest ticket per system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// In one run.
    pub per_run: u32,
    /// In 24 hours.
    pub per_day: u32,
}

impl Default for Caps {
    fn default() -> Self {
        Self { per_run: 25, per_day: 100 }
    }
}

/// When nothing is sent until an operator says so (TKT-5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerLimits {
    /// So many new tickets in one run are always allowed.
    pub floor: u32,
    /// Share of all open findings that new tickets may hold, 0 to 1, once there are more than [`Self::floor`].
    pub share: f64,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { floor: 20, share: 0.25 }
    }
}

/// What holds for all trackers alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Habits {
    /// What one ticket holds.
    pub group_by: GroupBy,
    /// How persons are shown.
    pub persons: ShowPersons,
    /// Time after closing in which a ticket is opened again instead of making a new one.
    pub reopen_window: Duration,
    /// Caps.
    pub caps: Caps,
    /// Breaker.
    pub breaker: BreakerLimits,
    /// Address of our own web page, for links to one finding.
    pub page_base: Option<Url>,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            group_by: GroupBy::default(),
            persons: ShowPersons::default(),
            reopen_window: Duration::from_hours(30 * 24),
            caps: Caps::default(),
            breaker: BreakerLimits::default(),
            page_base: None,
        }
    }
}

/// Which findings go to a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The tracker.
    pub id: TrackerId,
    /// Teams whose systems it serves; empty takes all. A finding goes to the first tracker that names its team, else to
    /// the first that takes all.
    pub owner_teams: Vec<String>,
    /// Whether it keeps tickets. Receivers of alerts are told beside the tracker and never instead of it.
    pub keeps_tickets: bool,
    /// Time after which a new ticket is surely found, where it differs from the tracker's own.
    pub lag: Option<Duration>,
}

/// One configured tracker or receiver of alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerConfig {
    /// Which findings go there.
    pub route: Route,
    /// What it is and how it is reached.
    pub place: Place,
}

/// The section `tickets` of the configuration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TicketsConfig {
    /// In the order of the file.
    pub trackers: Vec<TrackerConfig>,
    /// What holds for all of them.
    pub habits: Habits,
}

impl TicketsConfig {
    /// Whether tickets may show names of people.
    pub fn shows_names(&self) -> bool {
        self.habits.persons == ShowPersons::Name
    }

    /// Trackers and receivers, in the order of the file.
    pub fn routes(&self) -> Vec<Route> {
        self.trackers.iter().map(|tracker| tracker.route.clone()).collect()
    }
}
