//! Everything that was put aside, judged: findings, what cannot be told, and what belongs to nobody.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use scan_contract::{Access, AccessKind, Fact, Instant, Relation, Status, SystemId};

use super::assess::{Assessed, Bench, Place, Raised, grant_id};
use super::attribute::Contested;
use super::intake::watch_key;
use super::settle::Sighting;
use crate::config::SentinelLeaver;
use crate::findings::{Fingerprint, UsedAfterEnd, fingerprint};
use crate::identity::{AccessMatch, PersonMatch};
use crate::report::{AmbiguousGrant, Notice, NoticeLevel, SentinelFact, UnattributedGrant};
use crate::roster::{PersonIndex, Standing};

/// Ambiguous grants that are listed; all are counted.
const AMBIGUOUS_LISTED: usize = 10_000;
/// People listed with one of them.
const CANDIDATES_LISTED: usize = 50;

/// How a reason ends whose candidates are not all listed.
pub(super) const NOT_LISTED: &str = "more candidates are not listed";

/// What judging gave, before it meets the store.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Findings before the state machine.
    pub raised: BTreeMap<Fingerprint, Box<Raised>>,
    /// Grants of leavers that were read and raised nothing.
    pub sightings: HashMap<Fingerprint, Sighting>,
    /// Grants of which a reviewed link says all there is to say, by system and watch key.
    pub linked: HashSet<(SystemId, u64)>,
    /// Grants whose every holder is known, and none of whom has left, by system and watch key.
    pub handed_over: HashSet<(SystemId, u64)>,
    /// Grants that cannot be told; the first ones.
    pub ambiguous: Vec<AmbiguousGrant>,
    /// How many there are in all.
    pub ambiguous_total: u64,
    /// People with the systems where a grant may be theirs that is not listed: candidates beyond those that are, holders
    /// of an account that somebody else's record names as well, grants that no rule looks at.
    pub unlisted: BTreeSet<(PersonIndex, SystemId)>,
    /// Whether one of those may be a leaver's.
    pub ambiguous_leaver: bool,
    /// Grants of nobody; the first ones of each system.
    pub unattributed: Vec<UnattributedGrant>,
    /// How many there are in all.
    pub unattributed_total: u64,
    /// Planted leavers.
    pub sentinels: Vec<SentinelFact>,
    /// Since when what a remembered grant opens is another one than before, by system and watch key; `None` where nothing
    /// says so. Of several records of one grant the oldest speaks.
    pub renewed: HashMap<(SystemId, u64), Option<Instant>>,
    /// Fingerprints of planted leavers that were found.
    pub planted: HashSet<Fingerprint>,
    /// Whether grants were taken for a colleague's by an account that also leads to somebody of interest.
    pub contested: bool,
    /// Whether lessons were left when the rounds ran out (IDN-5): a gap.
    pub too_deep: bool,
    /// Notices.
    pub notices: Vec<Notice>,
    listed_by_system: HashMap<SystemId, usize>,
    without_rule: BTreeMap<(&'static str, &'static str), u64>,
}

impl Judgement {
    /// Judges one access for everybody it leads to.
    pub fn take(&mut self, bench: &Bench<'_>, place: Place<'_>, access: &Access, found: &AccessMatch, listed: usize) {
        if is_linked(found) {
            let key = watch_key(bench.index.keys(), access.kind, &grant_id(access));
            self.linked.insert((place.config.id.clone(), key));
        }
        if is_handed_over(bench, found) {
            let key = watch_key(bench.index.keys(), access.kind, &grant_id(access));
            self.handed_over.insert((place.config.id.clone(), key));
        }
        for matched in &found.people {
            self.judge(bench, place, access, found, matched);
        }
        if let Some(ambiguity) = &found.ambiguity {
            let candidates = ambiguity.candidates.clone();
            self.cannot_tell(bench, place, access, candidates, ambiguity.reason.clone());
        }
        if let Some(reason) = &found.nobody {
            self.nobody(bench, place, access, reason, listed);
        }
    }

    /// Writes down since when a grant that is remembered opens something else than before, by its creation and its last
    /// rotation. Whoever it leads to now, what was known of it until then is worth nothing.
    pub fn note_renewal(&mut self, bench: &Bench<'_>, system: &SystemId, access: &Access, watched: &HashSet<u64>) {
        let key = watch_key(bench.index.keys(), access.kind, &grant_id(access));
        if !watched.contains(&key) {
            return;
        }
        let told = [&access.created_at, &access.rotated_at].into_iter().filter_map(|fact| match fact {
            Fact::Known(moment) => Some(moment.at),
            Fact::None | Fact::Hidden(_) => None,
        });
        let at = told.max();
        let known = self.renewed.entry((system.clone(), key)).or_insert(at);
        *known = (*known).min(at);
    }

    fn judge(
        &mut self,
        bench: &Bench<'_>,
        place: Place<'_>,
        access: &Access,
        found: &AccessMatch,
        matched: &PersonMatch,
    ) {
        let person = &bench.people[matched.person.0 as usize];
        let undecided = |reason: String| Assessed::Undecided { reason };
        let assessed = match person.standing(bench.now, bench.leave) {
            Standing::NotJudged { reason } => {
                undecided(format!("the roster contradicts itself about this person: {reason}"))
            }
            Standing::Suspended { .. } => {
                undecided(String::from("on leave, which suspends access here, since a day the roster does not give"))
            }
            Standing::Left { .. } | Standing::Employed { .. } | Standing::NotStarted => {
                bench.assess(place, access, found, matched)
            }
        };
        match assessed {
            Assessed::Finding(raised) => self.raise(access, raised),
            Assessed::Undecided { reason } => {
                self.sightings.insert(print_of(bench, place, access, matched), Sighting::Undecided);
                let candidates = vec![(matched.person, matched.evidence.clone())];
                self.cannot_tell(bench, place, access, candidates, reason);
            }
            Assessed::NoRule => {
                let relation = matched.relations.first().map_or("holder", |relation| relation.as_str());
                *self.without_rule.entry((access.kind.as_str(), relation)).or_default() += 1;
                self.sightings.insert(print_of(bench, place, access, matched), Sighting::Undecided);
                self.unlisted.insert((matched.person, place.config.id.clone()));
            }
            Assessed::Nothing => {
                if matches!(person.standing(bench.now, bench.leave), Standing::Left { .. }) {
                    // Two records can be one grant (sessions of one client): one that cannot be told outweighs this.
                    self.sightings.entry(print_of(bench, place, access, matched)).or_insert(Sighting::Cured);
                }
            }
        }
    }

    /// The same finding from two records (sessions of one client, a grant in two scopes) is one: the worse record
    /// speaks, and sessions are counted.
    fn raise(&mut self, access: &Access, raised: Box<Raised>) {
        match self.raised.entry(raised.finding.fingerprint) {
            Entry::Vacant(place) => {
                place.insert(raised);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                let worse = (raised.finding.usability.is_remnant(), raised.finding.severity)
                    < (known.finding.usability.is_remnant(), known.finding.severity);
                let confirms = known.confirms || raised.confirms;
                let covered = known.suppressed && raised.suppressed;
                let mut other = if worse { std::mem::replace(known, raised) } else { raised };
                known.also_in.append(&mut other.also_in);
                known.also_in.insert(other.finding.scope.clone());
                known.confirms = confirms;
                if known.suppressed && !covered {
                    // An exception for one of the records says nothing about the other.
                    known.suppressed = false;
                    known.finding.exception_id = None;
                    known.finding.exception_expires_at = None;
                }
                keep_use_after_end(known, *other);
                if access.kind == AccessKind::Session {
                    let note = "More than one session of this account and client.";
                    if !known.finding.notes.iter().any(|text| text == note) {
                        known.finding.notes.push(String::from(note));
                    }
                }
            }
        }
    }

    fn cannot_tell(
        &mut self,
        bench: &Bench<'_>,
        place: Place<'_>,
        access: &Access,
        candidates: Vec<(PersonIndex, Vec<String>)>,
        reason: String,
    ) {
        self.ambiguous_total += 1;
        let may_have_left =
            |candidate: PersonIndex| match bench.people[candidate.0 as usize].standing(bench.now, bench.leave) {
                Standing::Left { .. } | Standing::Suspended { .. } | Standing::NotJudged { .. } => true,
                Standing::Employed { .. } | Standing::NotStarted => false,
            };
        let may_be_leaver = !has_ended(access) && candidates.iter().any(|(candidate, _)| may_have_left(*candidate));
        self.ambiguous_leaver |= may_be_leaver;
        let mut unlisted = |candidates: &[(PersonIndex, Vec<String>)]| {
            if may_be_leaver {
                let in_doubt = candidates.iter().map(|(candidate, _)| (*candidate, place.config.id.clone()));
                self.unlisted.extend(in_doubt);
            }
        };
        if self.ambiguous.len() >= AMBIGUOUS_LISTED {
            unlisted(&candidates);
            return;
        }
        let (mut listed, mut reason) = (candidates, reason);
        if listed.len() > CANDIDATES_LISTED {
            // A key that lies in every account of a fleet: those who left come first, the others are counted.
            listed.sort_by_key(|(candidate, _)| (!may_have_left(*candidate), *candidate));
            let more = listed.split_off(CANDIDATES_LISTED);
            unlisted(&more);
            reason = format!("{reason}; {} {NOT_LISTED}", more.len());
        }
        self.ambiguous.push(AmbiguousGrant {
            system: place.config.id.clone(),
            scope: access.scope.clone(),
            kind: access.kind,
            grant_id: access.grant_id.clone(),
            grant_display: access.grant_display.clone(),
            candidates: listed
                .into_iter()
                .map(|(candidate, evidence)| (bench.people[candidate.0 as usize].id.clone(), evidence))
                .collect(),
            may_be_leaver,
            reason,
        });
    }

    fn nobody(&mut self, bench: &Bench<'_>, place: Place<'_>, access: &Access, reason: &str, listed: usize) {
        self.unattributed_total += 1;
        let in_system = self.listed_by_system.entry(place.config.id.clone()).or_default();
        if *in_system >= listed {
            return;
        }
        *in_system += 1;
        self.unattributed.push(UnattributedGrant {
            system: place.config.id.clone(),
            scope: access.scope.clone(),
            kind: access.kind,
            grant_id: access.grant_id.clone(),
            grant_display: access.grant_display.clone(),
            reason: String::from(reason),
            first_seen_at: bench.now,
            owner_team: place.config.owner_team.clone(),
        });
    }

    /// Planted leavers must be found, and are no findings themselves.
    pub fn find_sentinels(&mut self, sentinels: &[SentinelLeaver]) {
        for sentinel in sentinels {
            let (system, grant) = (sentinel.system.as_str(), sentinel.grant_id.as_str());
            let print = fingerprint::fingerprint(sentinel.person_id.as_str(), system, sentinel.kind, grant);
            let found = self.raised.remove(&print).is_some_and(|raised| !raised.finding.usability.is_remnant());
            if found {
                self.planted.insert(print);
            }
            self.sentinels.push(SentinelFact {
                person_id: sentinel.person_id.clone(),
                system: sentinel.system.clone(),
                kind: sentinel.kind,
                grant_id: sentinel.grant_id.clone(),
                found,
            });
        }
        for ((kind, relation), count) in &self.without_rule {
            self.notices.push(Notice {
                id: String::from("rule-skipped"),
                level: NoticeLevel::Warning,
                says: format!("no rule looks at kind {kind} with relation {relation}: {count} grants of leavers were read and not judged"),
            });
        }
    }

    /// Accounts that other records lead elsewhere: what was taken for a colleague's there may be theirs.
    pub fn contest(&mut self, contested: BTreeSet<Contested>) {
        self.contested = !contested.is_empty();
        for Contested { words, person, system } in contested {
            self.unlisted.insert((person, system));
            self.notices.push(Notice {
                id: String::from("account-contested"),
                level: NoticeLevel::Warning,
                says: format!("{words}; another record of it leads to somebody else, and grants that were read in between were taken for theirs"),
            });
        }
    }

    /// Whether a grant of a leaver was read that no rule looks at: then nothing may be called clean.
    pub fn has_unjudged(&self) -> bool {
        !self.without_rule.is_empty()
    }
}

/// Whether a reviewed link ties every holder of a grant to somebody. One that speaks of one holder says nothing of the
/// others: their watch goes on.
fn is_linked(found: &AccessMatch) -> bool {
    let all = !found.people.is_empty() && found.people.iter().all(|matched| matched.by_link);
    all && !found.some_unknown && found.ambiguity.is_none()
}

/// Whether somebody in employment answers for a grant, and nobody else is named.
fn is_handed_over(bench: &Bench<'_>, found: &AccessMatch) -> bool {
    let answers = |one: &PersonMatch| {
        one.relations.iter().any(|relation| matches!(relation, Relation::Owner | Relation::Approver))
            && matches!(bench.people[one.person.0 as usize].standing(bench.now, bench.leave), Standing::Employed { .. })
    };
    !found.people.is_empty() && found.ambiguity.is_none() && !found.some_unknown && found.people.iter().all(answers)
}

/// A use after the end is not forgotten because another record of the same grant is in force and was not used.
fn keep_use_after_end(known: &mut Raised, other: Raised) {
    if other.finding.used_after_end != UsedAfterEnd::After || known.finding.used_after_end == UsedAfterEnd::After {
        return;
    }
    known.suppressed = false;
    let finding = &mut known.finding;
    finding.used_after_end = UsedAfterEnd::After;
    finding.last_used_at = other.finding.last_used_at;
    finding.due = true;
    finding.exception_id = None;
    finding.exception_expires_at = None;
    if finding.severity != other.finding.severity {
        finding.severity = other.finding.severity;
        finding.severity_reasons = other.finding.severity_reasons;
    }
    for hit in other.finding.rules.into_iter().rev() {
        if !finding.rules.iter().any(|held| held.rule == hit.rule) {
            finding.rules.insert(0, hit);
        }
    }
    finding.rule = other.finding.rule;
}

fn print_of(bench: &Bench<'_>, place: Place<'_>, access: &Access, matched: &PersonMatch) -> Fingerprint {
    let person = &bench.people[matched.person.0 as usize];
    fingerprint::fingerprint(person.id.as_str(), place.config.id.as_str(), access.kind, &grant_id(access))
}

fn has_ended(access: &Access) -> bool {
    match access.status {
        Status::Disabled | Status::Expired | Status::Revoked | Status::Orphaned => true,
        Status::Enabled | Status::Pending | Status::Unknown => false,
    }
}
