//! The stored form of a finding, version 1.
//!
//! Own types, converted by hand: what the rest of the program calls a finding can change without the store
//! noticing. A field this version does not know is an error, because dropping it would lose what a newer version
//! remembered.

use std::borrow::Cow;
use std::sync::Arc;

use scan_contract::{
    AccessKind, Fact, GrantId, Instant, Moment, Privilege, Relation, ScopeName, Status, Subtype, SystemId,
};
use serde::{Deserialize, Serialize};

use crate::findings::{
    AbsentLook, Acknowledgement, Change, Class, Confidence, Finding, FindingState, Fingerprint, MatchFacts, Memory,
    RuleHit, RuleUndecided, Severity, Usability, UsedAfterEnd,
};
use crate::roster::{AccessEnd, EndSource, PersonId, RoleTier};

/// Version of the stored form.
pub const VERSION: u32 = 1;

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A newer version wrote it.
    #[error("record version {found}, this program knows {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// It is not a record.
    #[error("not a record")]
    Form(#[from] serde_json::Error),
    /// A word outside its vocabulary.
    #[error("unknown word {word:?} in {field}")]
    Word {
        /// Field.
        field: &'static str,
        /// Word.
        word: String,
    },
}

type Text<'a> = Cow<'a, str>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMemory<'a> {
    v: u32,
    #[serde(borrow)]
    finding: StoredFinding<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<StoredLook<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "is_zero")]
    reopened: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_known_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acknowledged: Option<StoredAcknowledgement<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also_in: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen_as_of: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLook<'a> {
    #[serde(borrow)]
    run_id: Text<'a>,
    as_of: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAcknowledgement<'a> {
    #[serde(borrow)]
    reference: Text<'a>,
    at: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFinding<'a> {
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    class: Text<'a>,
    #[serde(borrow)]
    rule: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<(Text<'a>, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    undecided: Vec<(Text<'a>, Text<'a>)>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    severity_reasons: Vec<Text<'a>>,
    #[serde(borrow)]
    confidence: Text<'a>,
    #[serde(borrow)]
    person: Text<'a>,
    stint: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role_tier: Option<Text<'a>>,
    #[serde(borrow)]
    system: Text<'a>,
    #[serde(borrow)]
    scope: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subtype: Option<Text<'a>>,
    #[serde(borrow)]
    grant: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<Text<'a>>,
    #[serde(borrow)]
    relation: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    privilege: Text<'a>,
    #[serde(borrow)]
    usability: Text<'a>,
    end: StoredEnd<'a>,
    due_at: Instant,
    due: bool,
    #[serde(borrow)]
    due_rule: Text<'a>,
    created: StoredFact<'a>,
    last_used: StoredFact<'a>,
    expires: StoredFact<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live_until: Option<Instant>,
    #[serde(borrow)]
    used_after_end: Text<'a>,
    first_seen_at: Instant,
    last_seen_at: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_complete_read_at: Option<Instant>,
    exposure: i64,
    matched: StoredMatch<'a>,
    #[serde(borrow)]
    remediation: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    controls: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exception: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exception_expires_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner_team: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    managed_by: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Text<'a>>,
    #[serde(borrow)]
    change: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_between: Option<(Instant, Instant)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEnd<'a> {
    at: Instant,
    earliest: Instant,
    latest: Instant,
    source: StoredEndSource,
    #[serde(borrow)]
    zone: Text<'a>,
    zone_is_default: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_at: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredEndSource {
    AccessEndAt,
    LastDayWorked,
    EndDate,
    PresumedFromAbsence,
}

/// `{"at": [instant, precision]}`, `"none"` or `{"hidden": why}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredFact<'a> {
    At(Instant, u32),
    None,
    #[serde(borrow)]
    Hidden(Text<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMatch<'a> {
    #[serde(borrow)]
    method: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chain: Vec<Text<'a>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over by reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Writes a memory as compact JSON. The fingerprint is not part of it; it is the key of the row.
pub fn write_memory(memory: &Memory, into: &mut Vec<u8>) -> Result<(), RecordError> {
    let stored = StoredMemory {
        v: VERSION,
        finding: store_finding(&memory.finding),
        absent: memory.absent.as_ref().map(|look| StoredLook { run_id: borrowed(&look.run_id), as_of: look.as_of }),
        closed_at: memory.closed_at,
        reopened: memory.reopened,
        end_known_at: memory.end_known_at,
        acknowledged: memory
            .acknowledged
            .as_ref()
            .map(|word| StoredAcknowledgement { reference: borrowed(&word.reference), at: word.at }),
        also_in: memory.also_in.iter().map(|scope| borrowed(scope.as_str())).collect(),
        seen_as_of: memory.seen_as_of,
    };
    into.clear();
    serde_json::to_writer(into, &stored)?;
    Ok(())
}

/// Reads a memory back.
pub fn read_memory(fingerprint: Fingerprint, bytes: &[u8]) -> Result<Memory, RecordError> {
    let stored: StoredMemory<'_> = match serde_json::from_slice(bytes) {
        Ok(stored) => stored,
        // A newer form may have fields this one does not know: say which version it is rather than which field.
        Err(error) => return Err(newer(bytes).unwrap_or(RecordError::Form(error))),
    };
    if stored.v != VERSION {
        return Err(RecordError::Newer { found: stored.v });
    }
    Ok(Memory {
        finding: read_finding(fingerprint, stored.finding)?,
        absent: stored.absent.map(|look| AbsentLook { run_id: look.run_id.into_owned(), as_of: look.as_of }),
        closed_at: stored.closed_at,
        reopened: stored.reopened,
        end_known_at: stored.end_known_at,
        acknowledged: stored
            .acknowledged
            .map(|word| Acknowledgement { reference: word.reference.into_owned(), at: word.at }),
        also_in: stored.also_in.iter().map(|scope| ScopeName::from(&**scope)).collect(),
        seen_as_of: stored.seen_as_of,
    })
}

fn newer(bytes: &[u8]) -> Option<RecordError> {
    #[derive(Deserialize)]
    struct VersionOnly {
        v: u32,
    }
    match serde_json::from_slice::<VersionOnly>(bytes) {
        Ok(VersionOnly { v }) if v != VERSION => Some(RecordError::Newer { found: v }),
        Ok(_) | Err(_) => None,
    }
}

fn store_finding(finding: &Finding) -> StoredFinding<'_> {
    StoredFinding {
        state: Cow::Borrowed(finding.state.as_str()),
        class: Cow::Borrowed(finding.class.as_str()),
        rule: borrowed(&finding.rule),
        rules: finding.rules.iter().map(|hit| (borrowed(&hit.rule), hit.version)).collect(),
        undecided: finding.undecided.iter().map(|one| (borrowed(&one.rule), borrowed(&one.fact))).collect(),
        severity: Cow::Borrowed(finding.severity.as_str()),
        severity_reasons: all_borrowed(&finding.severity_reasons),
        confidence: Cow::Borrowed(finding.confidence.as_str()),
        person: borrowed(finding.person_id.as_str()),
        stint: finding.stint,
        role_tier: finding.role_tier.map(|tier| Cow::Borrowed(tier.as_str())),
        system: borrowed(finding.system.as_str()),
        scope: borrowed(finding.scope.as_str()),
        kind: Cow::Borrowed(finding.access_kind.as_str()),
        subtype: finding.subtype.map(|subtype| Cow::Borrowed(subtype.as_str())),
        grant: borrowed(finding.grant_id.as_str()),
        display: maybe_borrowed(finding.grant_display.as_deref()),
        target: maybe_borrowed(finding.target.as_deref()),
        relation: Cow::Borrowed(finding.relation.as_str()),
        status: Cow::Borrowed(finding.status.as_str()),
        privilege: Cow::Borrowed(finding.privilege.as_str()),
        usability: Cow::Borrowed(finding.usability.as_str()),
        end: store_end(&finding.access_end),
        due_at: finding.due_at,
        due: finding.due,
        due_rule: borrowed(&finding.due_rule),
        created: store_fact(&finding.created_at),
        last_used: store_fact(&finding.last_used_at),
        expires: store_fact(&finding.expires_at),
        live_until: finding.live_until,
        used_after_end: Cow::Borrowed(finding.used_after_end.as_str()),
        first_seen_at: finding.first_seen_at,
        last_seen_at: finding.last_seen_at,
        last_complete_read_at: finding.last_complete_read_at,
        exposure: finding.exposure_seconds,
        matched: StoredMatch {
            method: borrowed(&finding.matched.method),
            evidence: all_borrowed(&finding.matched.evidence),
            chain: all_borrowed(&finding.matched.chain),
        },
        remediation: borrowed(&finding.remediation),
        controls: all_borrowed(&finding.controls),
        exception: maybe_borrowed(finding.exception_id.as_deref()),
        exception_expires_at: finding.exception_expires_at,
        ticket: maybe_borrowed(finding.ticket.as_deref()),
        owner_team: maybe_borrowed(finding.owner_team.as_deref()),
        managed_by: maybe_borrowed(finding.managed_by.as_deref()),
        notes: all_borrowed(&finding.notes),
        evidence: all_borrowed(&finding.evidence),
        change: Cow::Borrowed(finding.change.as_str()),
        revoked_between: finding.revoked_between,
    }
}

fn read_finding(fingerprint: Fingerprint, stored: StoredFinding<'_>) -> Result<Finding, RecordError> {
    Ok(Finding {
        fingerprint,
        state: word("state", &stored.state, FindingState::parse)?,
        class: word("class", &stored.class, Class::parse)?,
        rule: shared(&stored.rule),
        rules: stored.rules.iter().map(|(rule, version)| RuleHit { rule: shared(rule), version: *version }).collect(),
        undecided: stored
            .undecided
            .into_iter()
            .map(|(rule, fact)| RuleUndecided { rule: shared(&rule), fact: fact.into_owned() })
            .collect(),
        severity: word("severity", &stored.severity, Severity::parse)?,
        severity_reasons: all_owned(stored.severity_reasons),
        confidence: word("confidence", &stored.confidence, Confidence::parse)?,
        person_id: PersonId::new(shared(&stored.person)),
        stint: stored.stint,
        role_tier: maybe_word("role_tier", stored.role_tier.as_deref(), RoleTier::parse)?,
        system: SystemId::new(shared(&stored.system)),
        scope: ScopeName::new(shared(&stored.scope)),
        access_kind: word("kind", &stored.kind, AccessKind::parse)?,
        subtype: maybe_word("subtype", stored.subtype.as_deref(), Subtype::parse)?,
        grant_id: GrantId::new(shared(&stored.grant)),
        grant_display: stored.display.map(Cow::into_owned),
        target: stored.target.map(Cow::into_owned),
        relation: word("relation", &stored.relation, Relation::parse)?,
        status: word("status", &stored.status, Status::parse)?,
        privilege: word("privilege", &stored.privilege, Privilege::parse)?,
        usability: word("usability", &stored.usability, Usability::parse)?,
        access_end: read_end(&stored.end),
        due_at: stored.due_at,
        due: stored.due,
        due_rule: shared(&stored.due_rule),
        created_at: read_fact(stored.created),
        last_used_at: read_fact(stored.last_used),
        expires_at: read_fact(stored.expires),
        live_until: stored.live_until,
        used_after_end: word("used_after_end", &stored.used_after_end, UsedAfterEnd::parse)?,
        first_seen_at: stored.first_seen_at,
        last_seen_at: stored.last_seen_at,
        last_complete_read_at: stored.last_complete_read_at,
        exposure_seconds: stored.exposure,
        matched: MatchFacts {
            method: stored.matched.method.into_owned(),
            evidence: all_owned(stored.matched.evidence),
            chain: all_owned(stored.matched.chain),
        },
        remediation: stored.remediation.into_owned(),
        controls: stored.controls.iter().map(shared).collect(),
        exception_id: stored.exception.as_ref().map(shared),
        exception_expires_at: stored.exception_expires_at,
        ticket: stored.ticket.map(Cow::into_owned),
        owner_team: stored.owner_team.as_ref().map(shared),
        managed_by: stored.managed_by.map(Cow::into_owned),
        notes: all_owned(stored.notes),
        evidence: all_owned(stored.evidence),
        change: word("change", &stored.change, Change::parse)?,
        revoked_between: stored.revoked_between,
    })
}

fn store_end(end: &AccessEnd) -> StoredEnd<'_> {
    StoredEnd {
        at: end.at,
        earliest: end.earliest,
        latest: end.latest,
        source: match end.source {
            EndSource::AccessEndAt => StoredEndSource::AccessEndAt,
            EndSource::LastDayWorked => StoredEndSource::LastDayWorked,
            EndSource::EndDate => StoredEndSource::EndDate,
            EndSource::PresumedFromAbsence => StoredEndSource::PresumedFromAbsence,
        },
        zone: borrowed(&end.zone),
        zone_is_default: end.zone_is_default,
        known_at: end.known_at,
    }
}

fn read_end(stored: &StoredEnd<'_>) -> AccessEnd {
    AccessEnd {
        at: stored.at,
        earliest: stored.earliest,
        latest: stored.latest,
        source: match stored.source {
            StoredEndSource::AccessEndAt => EndSource::AccessEndAt,
            StoredEndSource::LastDayWorked => EndSource::LastDayWorked,
            StoredEndSource::EndDate => EndSource::EndDate,
            StoredEndSource::PresumedFromAbsence => EndSource::PresumedFromAbsence,
        },
        zone: shared(&stored.zone),
        zone_is_default: stored.zone_is_default,
        known_at: stored.known_at,
    }
}

fn store_fact(fact: &Fact<Moment>) -> StoredFact<'_> {
    match fact {
        Fact::Known(moment) => StoredFact::At(moment.at, moment.precision_seconds),
        Fact::None => StoredFact::None,
        Fact::Hidden(why) => StoredFact::Hidden(borrowed(why)),
    }
}

fn read_fact(stored: StoredFact<'_>) -> Fact<Moment> {
    match stored {
        StoredFact::At(at, precision_seconds) => Fact::Known(Moment { at, precision_seconds }),
        StoredFact::None => Fact::None,
        StoredFact::Hidden(why) => Fact::Hidden(why.into_owned()),
    }
}

fn borrowed(text: &str) -> Text<'_> {
    Cow::Borrowed(text)
}

fn maybe_borrowed(text: Option<&str>) -> Option<Text<'_>> {
    text.map(Cow::Borrowed)
}

fn all_borrowed<T: AsRef<str>>(texts: &[T]) -> Vec<Text<'_>> {
    texts.iter().map(|text| Cow::Borrowed(text.as_ref())).collect()
}

fn all_owned(texts: Vec<Text<'_>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}

fn shared(text: &Text<'_>) -> Arc<str> {
    Arc::from(text.as_ref())
}

fn word<T>(field: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, RecordError> {
    parse(text).ok_or_else(|| RecordError::Word { field, word: text.to_owned() })
}

fn maybe_word<T>(
    field: &'static str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RecordError> {
    text.map(|text| word(field, text, parse)).transpose()
}
