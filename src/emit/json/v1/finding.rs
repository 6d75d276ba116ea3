//! Findings, remnants and licences in JSON v1.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::{FactTime, Time};
use super::words::{
    AccessKind, Change, Class, Confidence, EndSource, FindingState, Privilege, Relation, RoleTier, Severity, Status,
    Subtype, Usability, UsedAfterEnd,
};
use crate::emit::json::ReadError;
use crate::findings as domain;
use crate::roster::PersonId;

/// One residual access, licence or remnant: person, system, concrete grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Identity over all runs: `ra1:` and 32 hex digits.
    pub fingerprint: String,
    /// Where it is in its life.
    pub state: FindingState,
    /// Residual access, licence or remnant.
    pub class: Class,
    /// What this run did to it.
    pub change: Change,
    /// The rule with the highest weight.
    pub rule: String,
    /// All rules that hold.
    pub rules: Vec<RuleHit>,
    /// Rules that could not be decided, and why.
    pub undecided: Vec<RuleUndecided>,
    /// How bad.
    pub severity: Severity,
    /// Every step that led to the severity.
    pub severity_reasons: Vec<String>,
    /// How sure the match is.
    pub confidence: Confidence,
    /// Whose; roster id or pseudonym.
    pub person_id: String,
    /// Which stint ended.
    pub stint: u32,
    /// Tier of the person in that stint.
    pub role_tier: Option<RoleTier>,
    /// Configured system.
    pub system: String,
    /// Scope it was read in.
    pub scope: String,
    /// Sort of access.
    pub access_kind: AccessKind,
    /// What it is beyond its kind.
    pub subtype: Option<Subtype>,
    /// The provider's immutable id; masked where persons are pseudonyms.
    pub grant_id: String,
    /// Text for people. Foreign text.
    pub grant_display: Option<String>,
    /// What it opens. Foreign text.
    pub target: Option<String>,
    /// How the person relates to it.
    pub relation: Relation,
    /// The grant's own switch.
    pub status: Status,
    /// How far it reaches.
    pub privilege: Privilege,
    /// Whether it can be used.
    pub usability: Usability,
    /// When access should have ended.
    pub access_end: AccessEnd,
    /// End plus the agreed time.
    pub due_at: Time,
    /// Whether that has passed.
    pub due: bool,
    /// Policy rule that set `due_at`.
    pub due_rule: String,
    /// When the grant was made.
    pub created_at: FactTime,
    /// When it was last used.
    pub last_used_at: FactTime,
    /// When it ends by itself.
    pub expires_at: FactTime,
    /// Latest instant at which an unlistable session can still be alive.
    pub live_until: Option<Time>,
    /// Used after the end?
    pub used_after_end: UsedAfterEnd,
    /// First run that saw it.
    pub first_seen_at: Time,
    /// Last run that read the object itself.
    pub last_seen_at: Time,
    /// Last complete read of its scope.
    pub last_complete_read_at: Option<Time>,
    /// From the end of access to `last_seen_at`, in seconds.
    pub exposure_seconds: i64,
    /// How it was tied to the person.
    #[serde(rename = "match")]
    pub matched: Match,
    /// What to do, in the right order.
    pub remediation: String,
    /// Control ids.
    pub controls: Vec<String>,
    /// Exception that covers it, or has lapsed.
    pub exception_id: Option<String>,
    /// End of that exception.
    pub exception_expires_at: Option<Time>,
    /// Ticket address.
    pub ticket: Option<String>,
    /// Team that can act.
    pub owner_team: Option<String>,
    /// Where the truth is kept if not in the system.
    pub managed_by: Option<String>,
    /// Remarks.
    pub notes: Vec<String>,
    /// Where it was seen. Foreign text.
    pub evidence: Vec<String>,
    /// For closed findings: the two reads between which it ended.
    pub revoked_between: Option<Between>,
}

/// One rule that holds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuleHit {
    /// Rule id.
    pub rule: String,
    /// Rule version.
    pub version: u32,
}

/// One rule that could not be decided.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuleUndecided {
    /// Rule id.
    pub rule: String,
    /// The fact that was withheld.
    pub fact: String,
}

/// How a grant was tied to a person.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// Method in one word.
    pub method: String,
    /// Evidence, one sentence each.
    pub evidence: Vec<String>,
    /// Chain across systems, from the grant to the roster.
    pub chain: Vec<String>,
}

/// End of access.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccessEnd {
    /// The instant that counts.
    pub at: Time,
    /// Earliest it can be.
    pub earliest: Time,
    /// Latest it can be.
    pub latest: Time,
    /// Field it came from.
    pub source: EndSource,
    /// Time zone used.
    pub zone: String,
    /// Whether the zone is the source's default, so that the end is an interval.
    pub zone_is_default: bool,
    /// When this end first stood in an accepted roster.
    pub known_at: Option<Time>,
}

/// Two instants.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Between {
    /// The grant was still there.
    pub from: Time,
    /// It was gone.
    pub until: Time,
}

impl From<&crate::roster::AccessEnd> for AccessEnd {
    fn from(end: &crate::roster::AccessEnd) -> Self {
        Self {
            at: end.at.into(),
            earliest: end.earliest.into(),
            latest: end.latest.into(),
            source: end.source.into(),
            zone: end.zone.to_string(),
            zone_is_default: end.zone_is_default,
            known_at: end.known_at.map(Time),
        }
    }
}

impl From<AccessEnd> for crate::roster::AccessEnd {
    fn from(end: AccessEnd) -> Self {
        Self {
            at: end.at.into(),
            earliest: end.earliest.into(),
            latest: end.latest.into(),
            source: end.source.into(),
            zone: end.zone.into(),
            zone_is_default: end.zone_is_default,
            known_at: end.known_at.map(Into::into),
        }
    }
}

impl From<&domain::Finding> for Finding {
    fn from(finding: &domain::Finding) -> Self {
        Self {
            fingerprint: finding.fingerprint.to_string(),
            state: finding.state.into(),
            class: finding.class.into(),
            change: finding.change.into(),
            rule: finding.rule.to_string(),
            rules: finding
                .rules
                .iter()
                .map(|hit| RuleHit { rule: hit.rule.to_string(), version: hit.version })
                .collect(),
            undecided: finding
                .undecided
                .iter()
                .map(|rule| RuleUndecided { rule: rule.rule.to_string(), fact: rule.fact.clone() })
                .collect(),
            severity: finding.severity.into(),
            severity_reasons: finding.severity_reasons.clone(),
            confidence: finding.confidence.into(),
            person_id: finding.person_id.to_string(),
            stint: finding.stint,
            role_tier: finding.role_tier.map(Into::into),
            system: finding.system.to_string(),
            scope: finding.scope.to_string(),
            access_kind: finding.access_kind.into(),
            subtype: finding.subtype.map(Into::into),
            grant_id: finding.grant_id.to_string(),
            grant_display: finding.grant_display.clone(),
            target: finding.target.clone(),
            relation: finding.relation.into(),
            status: finding.status.into(),
            privilege: finding.privilege.into(),
            usability: finding.usability.into(),
            access_end: (&finding.access_end).into(),
            due_at: finding.due_at.into(),
            due: finding.due,
            due_rule: finding.due_rule.to_string(),
            created_at: (&finding.created_at).into(),
            last_used_at: (&finding.last_used_at).into(),
            expires_at: (&finding.expires_at).into(),
            live_until: finding.live_until.map(Time),
            used_after_end: finding.used_after_end.into(),
            first_seen_at: finding.first_seen_at.into(),
            last_seen_at: finding.last_seen_at.into(),
            last_complete_read_at: finding.last_complete_read_at.map(Time),
            exposure_seconds: finding.exposure_seconds,
            matched: Match {
                method: finding.matched.method.clone(),
                evidence: finding.matched.evidence.clone(),
                chain: finding.matched.chain.clone(),
            },
            remediation: finding.remediation.clone(),
            controls: finding.controls.iter().map(ToString::to_string).collect(),
            exception_id: finding.exception_id.as_deref().map(str::to_owned),
            exception_expires_at: finding.exception_expires_at.map(Time),
            ticket: finding.ticket.clone(),
            owner_team: finding.owner_team.as_deref().map(str::to_owned),
            managed_by: finding.managed_by.clone(),
            notes: finding.notes.clone(),
            evidence: finding.evidence.clone(),
            revoked_between: finding
                .revoked_between
                .map(|(from, until)| Between { from: from.into(), until: until.into() }),
        }
    }
}

impl TryFrom<Finding> for domain::Finding {
    type Error = ReadError;

    fn try_from(finding: Finding) -> Result<Self, ReadError> {
        Ok(Self {
            fingerprint: finding.fingerprint.parse().map_err(|why| ReadError::Value { field: "fingerprint", why })?,
            state: finding.state.into(),
            class: finding.class.into(),
            change: finding.change.into(),
            rule: finding.rule.into(),
            rules: finding
                .rules
                .into_iter()
                .map(|hit| domain::RuleHit { rule: hit.rule.into(), version: hit.version })
                .collect(),
            undecided: finding
                .undecided
                .into_iter()
                .map(|rule| domain::RuleUndecided { rule: rule.rule.into(), fact: rule.fact })
                .collect(),
            severity: finding.severity.into(),
            severity_reasons: finding.severity_reasons,
            confidence: finding.confidence.into(),
            person_id: PersonId::new(finding.person_id),
            stint: finding.stint,
            role_tier: finding.role_tier.map(Into::into),
            system: finding.system.into(),
            scope: finding.scope.into(),
            access_kind: finding.access_kind.into(),
            subtype: finding.subtype.map(Into::into),
            grant_id: finding.grant_id.into(),
            grant_display: finding.grant_display,
            target: finding.target,
            relation: finding.relation.into(),
            status: finding.status.into(),
            privilege: finding.privilege.into(),
            usability: finding.usability.into(),
            access_end: finding.access_end.into(),
            due_at: finding.due_at.into(),
            due: finding.due,
            due_rule: finding.due_rule.into(),
            created_at: finding.created_at.into(),
            last_used_at: finding.last_used_at.into(),
            expires_at: finding.expires_at.into(),
            live_until: finding.live_until.map(Into::into),
            used_after_end: finding.used_after_end.into(),
            first_seen_at: finding.first_seen_at.into(),
            last_seen_at: finding.last_seen_at.into(),
            last_complete_read_at: finding.last_complete_read_at.map(Into::into),
            exposure_seconds: finding.exposure_seconds,
            matched: domain::MatchFacts {
                method: finding.matched.method,
                evidence: finding.matched.evidence,
                chain: finding.matched.chain,
            },
            remediation: finding.remediation,
            controls: finding.controls.into_iter().map(Arc::from).collect(),
            exception_id: finding.exception_id.map(Arc::from),
            exception_expires_at: finding.exception_expires_at.map(Into::into),
            ticket: finding.ticket,
            owner_team: finding.owner_team.map(Arc::from),
            managed_by: finding.managed_by,
            notes: finding.notes,
            evidence: finding.evidence,
            revoked_between: finding.revoked_between.map(|between| (between.from.into(), between.until.into())),
        })
    }
}
