//! What the file says about tickets and about those who are told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::connection::{RawConnection, RawSecret};
use super::trackers::{
    RawAlertmanager, RawGithubIssues, RawGitlab, RawJira, RawPagerDuty, RawRedmine, RawRequestTracker, RawServiceNow,
    RawSlack, RawWebhook,
};
use crate::yaml::forms::WrittenDuration;

/// How findings become tickets. `scan` only notes what is wished; `tickets sync` sends it, with credentials of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawTickets {
    /// What one ticket holds. A change concerns new tickets only. Default: `person_owner`.
    pub(in crate::config) group_by: Option<RawGroupBy>,
    /// How people are shown. Default: `id`; a tracker is read by many.
    pub(in crate::config) person_display: Option<RawTicketPersons>,
    /// Time after closing in which a ticket is opened again instead of making a new one. Default: `720h`.
    pub(in crate::config) reopen_window: Option<WrittenDuration>,
    /// How many tickets may be made at once; what is above goes into one ticket per system.
    pub(in crate::config) caps: Option<RawCaps>,
    /// When nothing is sent until an operator releases it.
    pub(in crate::config) breaker: Option<RawBreaker>,
    /// Address of the web page of `serve`, for links to one finding. Default: no links.
    #[schemars(length(min = 1))]
    pub(in crate::config) page_base: Option<String>,
    /// Where tickets are kept, and who is told. A finding goes to the first tracker that names the team which owns its
    /// system, else to the first that names none; those that keep no tickets are told beside it.
    #[schemars(length(min = 1))]
    pub(in crate::config) trackers: Vec<RawTracker>,
}

/// What one ticket holds.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawGroupBy {
    /// One person and the team that owns the system.
    PersonOwner,
    /// One finding.
    Finding,
    /// One system.
    System,
    /// A parent for each announced batch of leavers and a child for each team.
    Batch,
}

/// How people are shown in tickets.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawTicketPersons {
    /// Number in the roster.
    Id,
    /// Number and name.
    Name,
}

/// How many tickets may be made at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawCaps {
    /// In one run. Default: 25.
    #[schemars(range(min = 1, max = 10000))]
    pub(in crate::config) per_run: Option<u32>,
    /// In 24 hours. Default: 100.
    #[schemars(range(min = 1, max = 100_000))]
    pub(in crate::config) per_day: Option<u32>,
}

/// When nothing is sent until an operator releases it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawBreaker {
    /// So many new tickets in one run are always allowed. Default: 20.
    #[schemars(range(min = 0, max = 10000))]
    pub(in crate::config) floor: Option<u32>,
    /// Share of all open findings that new tickets may hold, once there are more than `floor`. Default: 0.25.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(in crate::config) share: Option<f64>,
}

/// One tracker, or one that is told: exactly one of the keys that name a kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawTracker {
    /// Its name: a label in metrics and a part of keys in the store. It has to stay the same.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,39}$"),
        extend("x-expected" = "a name of small letters, digits and dashes")
    )]
    pub(in crate::config) id: String,
    /// Teams whose systems it serves. Default: all.
    #[serde(default)]
    pub(in crate::config) owner_teams: Vec<String>,
    /// Time after which a new ticket is surely found there. Default: what suits the tracker.
    pub(in crate::config) lag: Option<WrittenDuration>,
    /// How it is reached.
    pub(in crate::config) connection: Option<RawConnection>,
    /// Jira Cloud or Data Center.
    pub(in crate::config) jira: Option<RawJira>,
    /// ServiceNow.
    pub(in crate::config) servicenow: Option<RawServiceNow>,
    /// GitHub Issues.
    pub(in crate::config) github: Option<RawGithubIssues>,
    /// GitLab issues.
    pub(in crate::config) gitlab: Option<RawGitlab>,
    /// Request Tracker 5.
    pub(in crate::config) request_tracker: Option<RawRequestTracker>,
    /// Redmine.
    pub(in crate::config) redmine: Option<RawRedmine>,
    /// PagerDuty. Keeps no tickets.
    pub(in crate::config) pagerduty: Option<RawPagerDuty>,
    /// Alertmanager. Keeps no tickets.
    pub(in crate::config) alertmanager: Option<RawAlertmanager>,
    /// An incoming webhook of Slack. Keeps no tickets.
    pub(in crate::config) slack: Option<RawSlack>,
    /// A receiver of signed messages. Keeps no tickets.
    pub(in crate::config) webhook: Option<RawWebhook>,
}

/// How to sign in: a token alone, or a user (for Jira Cloud: the address) with password or API token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawTrackerSignIn {
    /// User. Without one the token stands alone.
    #[schemars(length(min = 1))]
    pub(in crate::config) user: Option<String>,
    /// Token, or password of the user.
    pub(in crate::config) token: RawSecret,
}

/// A word of the tracker for each severity. What is left out is not set.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPriorities {
    /// For critical.
    pub(in crate::config) critical: Option<String>,
    /// For high.
    pub(in crate::config) high: Option<String>,
    /// For medium.
    pub(in crate::config) medium: Option<String>,
    /// For low.
    pub(in crate::config) low: Option<String>,
    /// For info.
    pub(in crate::config) info: Option<String>,
}

/// A number of the tracker for each severity. What is left out is not set.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPriorityNumbers {
    /// For critical.
    pub(in crate::config) critical: Option<u64>,
    /// For high.
    pub(in crate::config) high: Option<u64>,
    /// For medium.
    pub(in crate::config) medium: Option<u64>,
    /// For low.
    pub(in crate::config) low: Option<u64>,
    /// For info.
    pub(in crate::config) info: Option<u64>,
}

/// Urgency and impact for each severity. What is left out is not set.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawUrgencies {
    /// For critical.
    pub(in crate::config) critical: Option<RawUrgency>,
    /// For high.
    pub(in crate::config) high: Option<RawUrgency>,
    /// For medium.
    pub(in crate::config) medium: Option<RawUrgency>,
    /// For low.
    pub(in crate::config) low: Option<RawUrgency>,
    /// For info.
    pub(in crate::config) info: Option<RawUrgency>,
}

/// Values of two fields from which ServiceNow reckons the priority.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawUrgency {
    /// Value of `urgency`, such as `"1"`.
    pub(in crate::config) urgency: String,
    /// Value of `impact`.
    pub(in crate::config) impact: String,
}

/// Names with values, such as further fields.
pub(in crate::config) type RawFields = BTreeMap<String, String>;
