//! Sign-on policies and the system log.

use serde::Deserialize;

/// A policy.
#[derive(Debug, Deserialize)]
pub(crate) struct Policy {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: Option<String>,
}

/// A rule of a sign-on policy.
#[derive(Debug, Deserialize)]
pub(crate) struct PolicyRule {
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) actions: Option<RuleActions>,
}

/// What a rule does.
#[derive(Debug, Deserialize)]
pub(crate) struct RuleActions {
    #[serde(default)]
    pub(crate) signon: Option<SignOn>,
}

/// How somebody may sign in.
#[derive(Debug, Deserialize)]
pub(crate) struct SignOn {
    #[serde(default)]
    pub(crate) access: Option<String>,
    #[serde(default)]
    pub(crate) session: Option<SessionRule>,
}

/// How long a session lives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRule {
    /// Zero: no end but by idling.
    #[serde(default)]
    pub(crate) max_session_lifetime_minutes: Option<u64>,
}

/// An event of the system log.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvent {
    pub(crate) published: String,
    pub(crate) event_type: String,
    #[serde(default)]
    pub(crate) actor: Option<Actor>,
    #[serde(default)]
    pub(crate) outcome: Option<Outcome>,
    #[serde(default)]
    target: Option<Vec<Actor>>,
    #[serde(default)]
    pub(crate) transaction: Option<Transaction>,
}

impl LogEvent {
    /// Whether something was done to whoever has this id.
    pub(crate) fn is_about(&self, id: &str) -> bool {
        self.target.iter().flatten().any(|target| target.id.as_deref() == Some(id))
    }
}

/// Who did it.
#[derive(Debug, Deserialize)]
pub(crate) struct Actor {
    #[serde(default)]
    pub(crate) id: Option<String>,
}

/// How it ended.
#[derive(Debug, Deserialize)]
pub(crate) struct Outcome {
    #[serde(default)]
    pub(crate) result: Option<String>,
}

/// What it was a part of.
#[derive(Debug, Deserialize)]
pub(crate) struct Transaction {
    #[serde(default)]
    pub(crate) detail: Option<TransactionDetail>,
}

/// How it was asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionDetail {
    #[serde(default)]
    pub(crate) request_api_token_id: Option<String>,
}
