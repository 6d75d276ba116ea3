//! What the file says about each kind of tracker.

use schemars::JsonSchema;
use serde::Deserialize;

use super::connection::RawSecret;
use super::tickets::{RawFields, RawPriorities, RawPriorityNumbers, RawTrackerSignIn, RawUrgencies};
use crate::yaml::forms::WrittenDuration;

/// A Jira project. Tickets are found by a label.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawJira {
    /// Address, such as `https://acme.atlassian.net`, or of a Data Center with its path.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: String,
    /// Product. Default: `cloud` at `atlassian.net` and `api.atlassian.com`, `data_center` elsewhere.
    pub(in crate::config) flavour: Option<RawJiraFlavour>,
    /// Key of the project.
    #[schemars(regex(pattern = "^[A-Z][A-Z0-9_]{0,49}$"), extend("x-expected" = "the key of a project, such as SEC"))]
    pub(in crate::config) project: String,
    /// Issue type. Default: `Task`.
    #[schemars(length(min = 1))]
    pub(in crate::config) issue_type: Option<String>,
    /// How to sign in. Cloud: `user` is the address of the account.
    pub(in crate::config) sign_in: RawTrackerSignIn,
    /// Names of priorities.
    pub(in crate::config) priorities: Option<RawPriorities>,
    /// Whether the due date is set; it has to be on the project's screens. Default: false.
    pub(in crate::config) due_date: Option<bool>,
    /// Transition that closes, by its name or that of the status it leads to. Default: the first that leads to a status of the
    /// category done.
    #[schemars(length(min = 1))]
    pub(in crate::config) resolve_to: Option<String>,
    /// The same for opening again. Default: the first that leads to an open status.
    #[schemars(length(min = 1))]
    pub(in crate::config) reopen_to: Option<String>,
    /// Resolution that is set where the transition asks for one. Default: `Done`.
    #[schemars(length(min = 1))]
    pub(in crate::config) resolution: Option<String>,
    /// Resolutions that mean "nothing will be done". Default: `Won't Do`, `Won't Fix`, `Declined`.
    pub(in crate::config) refused_resolutions: Option<Vec<String>>,
}

/// Products of Jira.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawJiraFlavour {
    /// Cloud.
    Cloud,
    /// Data Center or Server.
    DataCenter,
}

/// A table of ServiceNow. Tickets are found by `correlation_id`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawServiceNow {
    /// Address of the instance, such as `https://acme.service-now.com`.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: String,
    /// Table. Default: `incident`.
    #[schemars(regex(pattern = "^[a-z][a-z0-9_]{0,79}$"), extend("x-expected" = "the name of a table, such as incident"))]
    pub(in crate::config) table: Option<String>,
    /// How to sign in: user and password, or an OAuth token that somebody else renews.
    pub(in crate::config) sign_in: RawTrackerSignIn,
    /// Urgency and impact.
    pub(in crate::config) priorities: Option<RawUrgencies>,
    /// State that closes. Default: `6`, resolved for incidents.
    pub(in crate::config) resolve_to: Option<String>,
    /// State that opens again. Default: `2`, in progress for incidents.
    pub(in crate::config) reopen_to: Option<String>,
    /// States in which nobody works on it any more. Default: `6`, `7`, `8`.
    #[schemars(length(min = 1))]
    pub(in crate::config) done_states: Option<Vec<String>>,
    /// Those of them that mean "nothing will be done". Default: `8`, cancelled for incidents.
    pub(in crate::config) refused_states: Option<Vec<String>>,
    /// Value of `close_code` on closing. Default: none is set.
    pub(in crate::config) close_code: Option<String>,
    /// Further fields of new records, such as `assignment_group` and `caller_id`.
    #[serde(default)]
    pub(in crate::config) fields: RawFields,
}

/// Issues of a GitHub repository. Tickets are found by a label.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawGithubIssues {
    /// Address. Default: `https://github.com`; for GitHub Enterprise Server, its own.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: Option<String>,
    /// Owner and name, such as `acme/offboarding`. It should be private.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$"),
        extend("x-expected" = "owner and name of a repository, such as acme/offboarding")
    )]
    pub(in crate::config) repository: String,
    /// How to sign in.
    pub(in crate::config) sign_in: RawGithubIssuesSignIn,
    /// Labels of severities.
    pub(in crate::config) priorities: Option<RawPriorities>,
    /// Further labels of new issues.
    #[serde(default)]
    pub(in crate::config) labels: Vec<String>,
}

/// How to sign in for issues.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::config) enum RawGithubIssuesSignIn {
    /// A token, fine-grained with `issues: write` on this repository alone.
    Token(RawSecret),
    /// An App that is installed for the repository. Its tokens are asked for with `issues: write` and nothing more.
    App {
        /// App id or client id.
        issuer: String,
        /// Private key, PEM.
        private_key: RawSecret,
        /// Installation. Default: found by the repository.
        installation_id: Option<u64>,
    },
}

/// Issues of a GitLab project. Tickets are found by a label.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawGitlab {
    /// Address. Default: `https://gitlab.com`.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: Option<String>,
    /// Id or path of the project, such as `security/offboarding`.
    #[schemars(length(min = 1))]
    pub(in crate::config) project: String,
    /// Token with the scope `api` and the role Reporter.
    pub(in crate::config) token: RawSecret,
    /// Labels of severities.
    pub(in crate::config) priorities: Option<RawPriorities>,
    /// Further labels of new issues.
    #[serde(default)]
    pub(in crate::config) labels: Vec<String>,
    /// Whether new issues are confidential. Default: true.
    pub(in crate::config) confidential: Option<bool>,
    /// Labels that mean "nothing will be done" on a closed issue. Default: none.
    #[serde(default)]
    pub(in crate::config) refused_labels: Vec<String>,
}

/// A queue of Request Tracker 5. Tickets are found by a custom field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawRequestTracker {
    /// Address, with its path where there is one.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: String,
    /// Queue.
    #[schemars(length(min = 1))]
    pub(in crate::config) queue: String,
    /// Custom field "Enter one value" of tickets of the queue, which holds our key. Default: `Finding Key`.
    #[schemars(length(min = 1))]
    pub(in crate::config) key_field: Option<String>,
    /// Custom field "Enter multiple values" which holds the labels of findings. Default: none.
    #[schemars(length(min = 1))]
    pub(in crate::config) findings_field: Option<String>,
    /// How to sign in: a token of RT, or user and password.
    pub(in crate::config) sign_in: RawTrackerSignIn,
    /// Priorities, 0 to 100.
    pub(in crate::config) priorities: Option<RawPriorityNumbers>,
    /// Status that closes. Default: `resolved`.
    pub(in crate::config) resolve_to: Option<String>,
    /// Status that opens again. Default: `open`.
    pub(in crate::config) reopen_to: Option<String>,
    /// Statuses in which nobody works on it any more. Default: `resolved`, `rejected`.
    #[schemars(length(min = 1))]
    pub(in crate::config) done_statuses: Option<Vec<String>>,
    /// Those of them that mean "nothing will be done". Default: `rejected`.
    pub(in crate::config) refused_statuses: Option<Vec<String>>,
}

/// A project of Redmine. Tickets are found by a custom field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawRedmine {
    /// Address, with its path where there is one.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: String,
    /// Identifier of the project.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9_-]{0,99}$"), extend("x-expected" = "the identifier of a project"))]
    pub(in crate::config) project: String,
    /// Id of the tracker (kind of issue).
    pub(in crate::config) tracker_id: u64,
    /// Id of the custom field that holds our key: text, for this tracker, used as a filter.
    pub(in crate::config) key_field_id: u64,
    /// API key.
    pub(in crate::config) api_key: RawSecret,
    /// Ids of priorities.
    pub(in crate::config) priorities: Option<RawPriorityNumbers>,
    /// Id of the status that closes.
    pub(in crate::config) resolve_to: u64,
    /// Id of the status that opens again.
    pub(in crate::config) reopen_to: u64,
    /// Ids of closed statuses that mean "nothing will be done". Default: none.
    #[serde(default)]
    pub(in crate::config) refused_statuses: Vec<u64>,
    /// Whether new issues are private. Default: true.
    pub(in crate::config) private: Option<bool>,
    /// Text formatting that this Redmine is set to. Default: `textile`.
    pub(in crate::config) text_formatting: Option<RawRedmineMarkup>,
}

/// Text formatting of Redmine.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawRedmineMarkup {
    /// Textile.
    Textile,
    /// Markdown or CommonMark.
    Markdown,
}

/// A service of PagerDuty (Events API v2).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPagerDuty {
    /// Address. Default: `https://events.pagerduty.com`.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: Option<String>,
    /// Integration key of the service.
    pub(in crate::config) routing_key: RawSecret,
}

/// Alertmanager.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawAlertmanager {
    /// Addresses of all members of the cluster, not that of a load balancer before them.
    #[schemars(length(min = 1))]
    pub(in crate::config) urls: Vec<String>,
    /// How to sign in at what stands before it. Default: not at all.
    pub(in crate::config) sign_in: Option<RawTrackerSignIn>,
    /// Further labels, to route by. They are a part of what an alert is: a change makes new alerts.
    #[serde(default)]
    pub(in crate::config) labels: RawFields,
    /// How long an alert lasts without being sent again: more than twice the time between two runs. Default: `50h`.
    pub(in crate::config) keep_for: Option<WrittenDuration>,
}

/// An incoming webhook of Slack.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSlack {
    /// The whole address of the webhook, which is a secret.
    pub(in crate::config) webhook: RawSecret,
    /// Its origin: nothing is sent anywhere else. Default: `https://hooks.slack.com`.
    #[schemars(length(min = 1))]
    pub(in crate::config) origin: Option<String>,
}

/// A receiver of signed messages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawWebhook {
    /// Address, without a query.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: String,
    /// Key of the signature; at least 32 random characters.
    pub(in crate::config) key: RawSecret,
}
