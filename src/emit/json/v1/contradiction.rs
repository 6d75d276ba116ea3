//! Tickets that say done while the system says no, in JSON v1.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Time;
use super::words::{AccessKind, Severity, TicketWord};
use crate::emit::json::ReadError;
use crate::report;
use crate::roster::PersonId;

/// A ticket that says done while the system says no.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Contradiction {
    /// Finding.
    pub fingerprint: String,
    /// Whose.
    pub person_id: String,
    /// System.
    pub system: String,
    /// Sort of access.
    pub access_kind: AccessKind,
    /// Which grant.
    pub grant_id: String,
    /// How bad the finding is.
    pub severity: Severity,
    /// Configured tracker.
    pub tracker: String,
    /// Address of the ticket.
    pub ticket: Option<String>,
    /// What the ticket says.
    pub ticket_says: TicketWord,
    /// When it was closed.
    pub ticket_closed_at: Option<Time>,
    /// When the access was last read in force.
    pub last_seen_at: Time,
    /// Team that can act.
    pub owner_team: Option<String>,
}

impl From<&report::Contradiction> for Contradiction {
    fn from(one: &report::Contradiction) -> Self {
        Self {
            fingerprint: one.fingerprint.to_string(),
            person_id: one.person_id.to_string(),
            system: one.system.to_string(),
            access_kind: one.access_kind.into(),
            grant_id: one.grant_id.to_string(),
            severity: one.severity.into(),
            tracker: one.tracker.clone(),
            ticket: one.ticket.clone(),
            ticket_says: one.ticket_says.into(),
            ticket_closed_at: one.ticket_closed_at.map(Into::into),
            last_seen_at: one.last_seen_at.into(),
            owner_team: one.owner_team.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<Contradiction> for report::Contradiction {
    type Error = ReadError;

    fn try_from(one: Contradiction) -> Result<Self, ReadError> {
        Ok(Self {
            fingerprint: one.fingerprint.parse().map_err(|why| ReadError::Value { field: "fingerprint", why })?,
            person_id: PersonId::new(one.person_id),
            system: one.system.into(),
            access_kind: one.access_kind.into(),
            grant_id: one.grant_id.into(),
            severity: one.severity.into(),
            tracker: one.tracker,
            ticket: one.ticket,
            ticket_says: one.ticket_says.into(),
            ticket_closed_at: one.ticket_closed_at.map(Into::into),
            last_seen_at: one.last_seen_at.into(),
            owner_team: one.owner_team.map(Arc::from),
        })
    }
}
