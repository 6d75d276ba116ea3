//! Leavers, exceptions, grants without a certain owner, and notices in JSON v1.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Time;
use super::words::{AccessKind, CellVerdict, ExceptionState, NoticeLevel, Severity};
use crate::report;
use crate::roster::PersonId;

/// A grant that may belong to one of several people.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Ambiguous {
    /// System.
    pub system: String,
    /// Scope.
    pub scope: String,
    /// Sort of access.
    pub access_kind: AccessKind,
    /// Grant.
    pub grant_id: String,
    /// Text for people. Foreign text.
    pub grant_display: Option<String>,
    /// Candidates in order of id.
    pub candidates: Vec<Candidate>,
    /// Whether one of them left.
    pub may_be_leaver: bool,
    /// Why it could not be decided.
    pub reason: String,
}

/// One candidate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Who.
    pub person_id: String,
    /// What speaks for them.
    pub evidence: Vec<String>,
}

/// A grant that belongs to nobody known.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Unattributed {
    /// System.
    pub system: String,
    /// Scope.
    pub scope: String,
    /// Sort of access.
    pub access_kind: AccessKind,
    /// Grant.
    pub grant_id: String,
    /// Text for people. Foreign text.
    pub grant_display: Option<String>,
    /// Why nobody.
    pub reason: String,
    /// First run that listed it without an owner.
    pub first_seen_at: Time,
    /// Team that answers for it.
    pub owner_team: Option<String>,
}

/// One leaver.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Leaver {
    /// Who.
    pub person_id: String,
    /// Name, where names are shown.
    pub display_name: Option<String>,
    /// When access should have ended.
    pub access_end_at: Time,
    /// Worst open severity.
    pub worst: Option<Severity>,
    /// Open findings.
    pub open: u64,
    /// One per system, in the order of `systems`.
    pub cells: Vec<Cell>,
    /// Complete scopes.
    pub complete_scopes: u64,
    /// Declared scopes.
    pub declared_scopes: u64,
}

/// One leaver in one system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// How they stand.
    pub verdict: CellVerdict,
    /// Open findings.
    pub open: u64,
}

/// An exception as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: ExceptionState,
    /// Whose.
    pub person_id: String,
    /// Where.
    pub system: String,
    /// First instant it no longer holds.
    pub expires_at: Time,
    /// Findings it covers now.
    pub covers: u64,
    /// Ends soon.
    pub expiring: bool,
    /// Matched nothing for several complete runs.
    pub stale: bool,
    /// Review overdue.
    pub review_overdue: bool,
    /// Why it is invalid.
    pub problems: Vec<String>,
}

/// A planted leaver.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Sentinel {
    /// Planted person.
    pub person_id: String,
    /// Where.
    pub system: String,
    /// What.
    pub access_kind: AccessKind,
    /// Which grant.
    pub grant_id: String,
    /// Whether it was found.
    pub found: bool,
}

/// Something the run says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Stable id.
    pub id: String,
    /// How loud.
    pub level: NoticeLevel,
    /// One sentence.
    pub says: String,
}

impl From<&report::AmbiguousGrant> for Ambiguous {
    fn from(grant: &report::AmbiguousGrant) -> Self {
        Self {
            system: grant.system.to_string(),
            scope: grant.scope.to_string(),
            access_kind: grant.kind.into(),
            grant_id: grant.grant_id.to_string(),
            grant_display: grant.grant_display.clone(),
            candidates: grant
                .candidates
                .iter()
                .map(|(person, evidence)| Candidate { person_id: person.to_string(), evidence: evidence.clone() })
                .collect(),
            may_be_leaver: grant.may_be_leaver,
            reason: grant.reason.clone(),
        }
    }
}

impl From<Ambiguous> for report::AmbiguousGrant {
    fn from(grant: Ambiguous) -> Self {
        Self {
            system: grant.system.into(),
            scope: grant.scope.into(),
            kind: grant.access_kind.into(),
            grant_id: grant.grant_id.into(),
            grant_display: grant.grant_display,
            candidates: grant
                .candidates
                .into_iter()
                .map(|candidate| (PersonId::new(candidate.person_id), candidate.evidence))
                .collect(),
            may_be_leaver: grant.may_be_leaver,
            reason: grant.reason,
        }
    }
}

impl From<&report::UnattributedGrant> for Unattributed {
    fn from(grant: &report::UnattributedGrant) -> Self {
        Self {
            system: grant.system.to_string(),
            scope: grant.scope.to_string(),
            access_kind: grant.kind.into(),
            grant_id: grant.grant_id.to_string(),
            grant_display: grant.grant_display.clone(),
            reason: grant.reason.clone(),
            first_seen_at: grant.first_seen_at.into(),
            owner_team: grant.owner_team.clone(),
        }
    }
}

impl From<Unattributed> for report::UnattributedGrant {
    fn from(grant: Unattributed) -> Self {
        Self {
            system: grant.system.into(),
            scope: grant.scope.into(),
            kind: grant.access_kind.into(),
            grant_id: grant.grant_id.into(),
            grant_display: grant.grant_display,
            reason: grant.reason,
            first_seen_at: grant.first_seen_at.into(),
            owner_team: grant.owner_team,
        }
    }
}

impl From<&report::LeaverVerdict> for Leaver {
    fn from(leaver: &report::LeaverVerdict) -> Self {
        Self {
            person_id: leaver.person_id.to_string(),
            display_name: leaver.display_name.clone(),
            access_end_at: leaver.access_end_at.into(),
            worst: leaver.worst.map(Into::into),
            open: leaver.open,
            cells: leaver
                .cells
                .iter()
                .map(|(verdict, open)| Cell { verdict: (*verdict).into(), open: *open })
                .collect(),
            complete_scopes: leaver.complete_scopes,
            declared_scopes: leaver.declared_scopes,
        }
    }
}

impl From<Leaver> for report::LeaverVerdict {
    fn from(leaver: Leaver) -> Self {
        Self {
            person_id: PersonId::new(leaver.person_id),
            display_name: leaver.display_name,
            access_end_at: leaver.access_end_at.into(),
            worst: leaver.worst.map(Into::into),
            open: leaver.open,
            cells: leaver.cells.into_iter().map(|cell| (cell.verdict.into(), cell.open)).collect(),
            complete_scopes: leaver.complete_scopes,
            declared_scopes: leaver.declared_scopes,
        }
    }
}

impl From<&report::ExceptionFact> for Exception {
    fn from(exception: &report::ExceptionFact) -> Self {
        Self {
            id: exception.id.to_string(),
            state: exception.state.into(),
            person_id: exception.person_id.to_string(),
            system: exception.system.clone(),
            expires_at: exception.expires_at.into(),
            covers: exception.covers,
            expiring: exception.expiring,
            stale: exception.stale,
            review_overdue: exception.review_overdue,
            problems: exception.problems.clone(),
        }
    }
}

impl From<Exception> for report::ExceptionFact {
    fn from(exception: Exception) -> Self {
        Self {
            id: Arc::from(exception.id),
            state: exception.state.into(),
            person_id: PersonId::new(exception.person_id),
            system: exception.system,
            expires_at: exception.expires_at.into(),
            covers: exception.covers,
            expiring: exception.expiring,
            stale: exception.stale,
            review_overdue: exception.review_overdue,
            problems: exception.problems,
        }
    }
}

impl From<&report::SentinelFact> for Sentinel {
    fn from(sentinel: &report::SentinelFact) -> Self {
        Self {
            person_id: sentinel.person_id.to_string(),
            system: sentinel.system.to_string(),
            access_kind: sentinel.kind.into(),
            grant_id: sentinel.grant_id.to_string(),
            found: sentinel.found,
        }
    }
}

impl From<Sentinel> for report::SentinelFact {
    fn from(sentinel: Sentinel) -> Self {
        Self {
            person_id: PersonId::new(sentinel.person_id),
            system: sentinel.system.into(),
            kind: sentinel.access_kind.into(),
            grant_id: sentinel.grant_id.into(),
            found: sentinel.found,
        }
    }
}

impl From<&report::Notice> for Notice {
    fn from(notice: &report::Notice) -> Self {
        Self { id: notice.id.clone(), level: notice.level.into(), says: notice.says.clone() }
    }
}

impl From<Notice> for report::Notice {
    fn from(notice: Notice) -> Self {
        Self { id: notice.id, level: notice.level.into(), says: notice.says }
    }
}
