//! Trackers: Jira Cloud and Data Center, ServiceNow, GitHub Issues, GitLab, Redmine, PagerDuty, Slack, a webhook.
//!
//! All of them keep their tickets on one [`Desk`], each in its own dialect, written from the vendors' published
//! descriptions. The desk can be slow to find what is new, hide rows, deny, and reject; lost answers are the script's.

mod desk;
mod github;
mod gitlab;
mod jira;
mod redmine;
mod servicenow;
mod sinks;

pub use desk::{Desk, Message, Ticket};

use crate::fault::{Answer, Asked, Stub};

/// Whose dialect is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Jira Cloud, REST 3.
    JiraCloud,
    /// Jira Data Center, REST 2.
    JiraDataCenter,
    /// ServiceNow's Table API.
    ServiceNow,
    /// GitHub Issues.
    GitHub,
    /// GitLab issues.
    GitLab,
    /// Redmine.
    Redmine,
    /// PagerDuty, Events API v2.
    PagerDuty,
    /// An incoming webhook of Slack.
    Slack,
    /// A receiver of signed messages.
    Webhook,
}

impl Dialect {
    /// Those that keep tickets.
    pub const KEEPERS: [Self; 6] =
        [Self::JiraCloud, Self::JiraDataCenter, Self::ServiceNow, Self::GitHub, Self::GitLab, Self::Redmine];
}

/// One tracker.
pub struct TrackerStub {
    dialect: Dialect,
    /// What it keeps.
    pub desk: Desk,
}

impl TrackerStub {
    /// An empty tracker that takes this secret.
    pub fn new(dialect: Dialect, secret: &str) -> Self {
        Self { dialect, desk: Desk::new(secret) }
    }
}

impl Stub for TrackerStub {
    fn answer(&self, asked: &Asked) -> Answer {
        match self.dialect {
            Dialect::JiraCloud => jira::answer(&self.desk, asked, "3"),
            Dialect::JiraDataCenter => jira::answer(&self.desk, asked, "2"),
            Dialect::ServiceNow => servicenow::answer(&self.desk, asked),
            Dialect::GitHub => github::answer(&self.desk, asked),
            Dialect::GitLab => gitlab::answer(&self.desk, asked),
            Dialect::Redmine => redmine::answer(&self.desk, asked),
            Dialect::PagerDuty => sinks::pagerduty(&self.desk, asked),
            Dialect::Slack => sinks::slack(&self.desk, asked),
            Dialect::Webhook => sinks::webhook(&self.desk, asked),
        }
    }
}

/// A fresh RSA key, PEM, for an App.
///
/// # Panics
/// If none can be made.
#[expect(clippy::panic, reason = "a test without its key cannot go on")]
pub fn app_key() -> String {
    match rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256) {
        Ok(pair) => pair.serialize_pem(),
        Err(error) => panic!("no RSA key: {error}"),
    }
}

/// Whether `Authorization` is this user and secret, or the secret as a bearer token.
fn signed(desk: &Desk, asked: &Asked) -> bool {
    let Some(value) = asked.header("authorization") else { return false };
    if let Some(token) = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("token ")) {
        return token == desk.secret();
    }
    let pair = value.strip_prefix("Basic ").and_then(|text| data_encoding::BASE64.decode(text.as_bytes()).ok());
    pair.is_some_and(|pair| {
        String::from_utf8_lossy(&pair).split_once(':').is_some_and(|(_, secret)| secret == desk.secret())
    })
}
