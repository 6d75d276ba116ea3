//! What the configuration says about each kind of tracker, after every check. Plain data.

use std::collections::BTreeMap;
use std::time::Duration;

use scan_transport::{Connection, SecretRef};
use url::Url;

use crate::findings::Severity;

/// Words of a tracker for our severities.
pub type Words = BTreeMap<Severity, String>;

/// How we sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// User (or address) and password (or API token).
    Basic {
        /// User.
        user: String,
        /// Password or API token.
        secret: SecretRef,
    },
    /// A token, in the header where the tracker wants it.
    Token(SecretRef),
}

/// Products of Jira.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JiraFlavour {
    /// `SITE.atlassian.net`.
    Cloud,
    /// Data Center or Server.
    DataCenter,
}

/// A Jira project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jira {
    /// Address.
    pub url: Url,
    /// Product.
    pub flavour: JiraFlavour,
    /// Key of the project.
    pub project: String,
    /// Name of the issue type.
    pub issue_type: String,
    /// How we sign in.
    pub sign_in: SignIn,
    /// Names of priorities. Without one, none is set.
    pub priorities: Words,
    /// Whether `duedate` is set; it has to be on the project's screens.
    pub due_date: bool,
    /// Transition, or status it leads to, that closes. Without: the first that leads to the category `done`.
    pub resolve_to: Option<String>,
    /// The same for opening again. Without: the first that leads to another category.
    pub reopen_to: Option<String>,
    /// Resolution that is set where the transition asks for one.
    pub resolution: String,
    /// Resolutions that mean "nothing will be done".
    pub refused_resolutions: Vec<String>,
}

/// A table of ServiceNow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNow {
    /// Address of the instance.
    pub url: Url,
    /// Table.
    pub table: String,
    /// How we sign in.
    pub sign_in: SignIn,
    /// Urgency and impact, as in `1` and `2`.
    pub priorities: BTreeMap<Severity, (String, String)>,
    /// State that closes.
    pub resolve_to: String,
    /// State that opens again.
    pub reopen_to: String,
    /// States in which nobody works on it any more.
    pub done_states: Vec<String>,
    /// Those of them that mean "nothing will be done".
    pub refused_states: Vec<String>,
    /// `close_code` that is set on closing.
    pub close_code: Option<String>,
    /// Further fields of a new record, such as `assignment_group`.
    pub fields: BTreeMap<String, String>,
}

/// How we sign in at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitHubSignIn {
    /// A token.
    Token(SecretRef),
    /// An App that is installed for the repository.
    App {
        /// App id or client id.
        issuer: String,
        /// Private key, PEM.
        private_key: SecretRef,
        /// Installation; found by the repository where it is not given.
        installation_id: Option<u64>,
    },
}

/// Issues of one GitHub repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHub {
    /// `https://github.com`, or the address of a server.
    pub url: Url,
    /// Owner.
    pub owner: String,
    /// Repository.
    pub repository: String,
    /// How we sign in.
    pub sign_in: GitHubSignIn,
    /// Labels of severities.
    pub priorities: Words,
    /// Further labels of new issues.
    pub labels: Vec<String>,
}

/// Issues of one GitLab project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitLab {
    /// Address.
    pub url: Url,
    /// Id or path.
    pub project: String,
    /// Token.
    pub token: SecretRef,
    /// Labels of severities.
    pub priorities: Words,
    /// Further labels of new issues.
    pub labels: Vec<String>,
    /// Whether new issues are confidential.
    pub confidential: bool,
    /// Labels that mean "nothing will be done" on a closed issue.
    pub refused_labels: Vec<String>,
}

/// A queue of Request Tracker 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTracker {
    /// Address, with the path where there is one.
    pub url: Url,
    /// Queue.
    pub queue: String,
    /// Custom field that holds our key.
    pub key_field: String,
    /// Custom field with several values that holds the labels of findings.
    pub findings_field: Option<String>,
    /// How we sign in.
    pub sign_in: SignIn,
    /// Priorities, 0 to 100.
    pub priorities: BTreeMap<Severity, u8>,
    /// Status that closes.
    pub resolve_to: String,
    /// Status that opens again.
    pub reopen_to: String,
    /// Statuses in which nobody works on it any more.
    pub done_statuses: Vec<String>,
    /// Those of them that mean "nothing will be done".
    pub refused_statuses: Vec<String>,
}

/// Which markup a Redmine is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedmineMarkup {
    /// Textile.
    Textile,
    /// Markdown or CommonMark.
    Markdown,
}

/// A project of Redmine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redmine {
    /// Address, with the path where there is one.
    pub url: Url,
    /// Identifier of the project.
    pub project: String,
    /// Id of the tracker (kind of issue).
    pub tracker_id: u64,
    /// Id of the custom field that holds our key.
    pub key_field_id: u64,
    /// API key.
    pub api_key: SecretRef,
    /// Ids of priorities.
    pub priorities: BTreeMap<Severity, u64>,
    /// Id of the status that closes.
    pub resolve_to: u64,
    /// Id of the status that opens again.
    pub reopen_to: u64,
    /// Ids of closed statuses that mean "nothing will be done".
    pub refused_statuses: Vec<u64>,
    /// Whether new issues are private.
    pub private: bool,
    /// Markup.
    pub markup: RedmineMarkup,
}

/// A service of PagerDuty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerDuty {
    /// Address of the Events API.
    pub url: Url,
    /// Integration key.
    pub routing_key: SecretRef,
}

/// Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alertmanager {
    /// Every member of the cluster.
    pub urls: Vec<Url>,
    /// How we sign in at what stands before it, if anything.
    pub sign_in: Option<SignIn>,
    /// Further labels. They are part of what an alert is: a change makes new alerts.
    pub labels: BTreeMap<String, String>,
    /// How long an alert lasts without being sent again.
    pub keep_for: Duration,
}

/// An incoming webhook of Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// Origin of the address.
    pub origin: Url,
    /// The whole address, which is the secret.
    pub address: SecretRef,
}

/// A receiver of our own signed messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Address.
    pub url: Url,
    /// Key of the signature.
    pub key: SecretRef,
}

/// What sort of tracker, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Jira.
    Jira(Jira),
    /// ServiceNow.
    ServiceNow(ServiceNow),
    /// GitHub Issues.
    GitHub(GitHub),
    /// GitLab issues.
    GitLab(GitLab),
    /// Request Tracker.
    RequestTracker(RequestTracker),
    /// Redmine.
    Redmine(Redmine),
    /// PagerDuty.
    PagerDuty(PagerDuty),
    /// Alertmanager.
    Alertmanager(Alertmanager),
    /// Slack.
    Slack(Slack),
    /// A signed webhook.
    Webhook(Webhook),
}

impl Kind {
    /// The key under which it stands in the configuration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Jira(_) => "jira",
            Self::ServiceNow(_) => "servicenow",
            Self::GitHub(_) => "github",
            Self::GitLab(_) => "gitlab",
            Self::RequestTracker(_) => "request_tracker",
            Self::Redmine(_) => "redmine",
            Self::PagerDuty(_) => "pagerduty",
            Self::Alertmanager(_) => "alertmanager",
            Self::Slack(_) => "slack",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Whether it keeps tickets; the others tell people.
    pub fn keeps_tickets(&self) -> bool {
        match self {
            Self::Jira(_)
            | Self::ServiceNow(_)
            | Self::GitHub(_)
            | Self::GitLab(_)
            | Self::RequestTracker(_)
            | Self::Redmine(_) => true,
            Self::PagerDuty(_) | Self::Alertmanager(_) | Self::Slack(_) | Self::Webhook(_) => false,
        }
    }
}

/// One tracker and how it is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What sort of tracker.
    pub kind: Kind,
    /// How it is reached.
    pub connection: Connection,
}
