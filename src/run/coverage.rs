//! How far each scope got. The only place where a scope becomes complete.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use chrono::TimeDelta;
use scan_contract::{
    AccessKind, AsOf, AsOfSource, Cause, EndProof, Gap, Instant, ProofKind, Scope, ScopeName, ScopeState,
};

use crate::config::{Exclusion, KnownObject};
use crate::inventory::{DropGuard, KeyCounter, Scratch, is_suspicious};
use crate::report::{GapFact, ScopeFact};
use crate::store::ScopeBaseline;

/// Distinct gaps kept per scope; repetitions beyond are counted on the last one.
const GAPS_LISTED: usize = 100;

/// One declared scope while it is read.
#[derive(Debug)]
pub struct ScopeRecord {
    scope: Scope,
    excluded: Option<Exclusion>,
    as_of: Option<AsOf>,
    proof: Option<EndProof>,
    sources: Vec<Source>,
    gaps: Vec<GapFact>,
    counters: BTreeMap<AccessKind, KeyCounter>,
    records: u64,
    unattributed: u64,
    /// Records of nobody that hang from an account which was not read.
    hanging: u64,
    known_object_seen: bool,
    scratch: Arc<dyn Scratch>,
}

/// One source that reached its end: what it announced, and the records it brought.
#[derive(Debug, Clone, Copy)]
struct Source {
    announced: Option<u64>,
    records: u64,
}

/// What a scope is held against when it ends.
#[derive(Debug)]
pub struct Expectation<'a> {
    /// When the run began.
    pub now: Instant,
    /// When reading ended: what a live system said of its own time lies between the two, hours after the beginning where
    /// it made us wait.
    pub read_until: Instant,
    /// Allowed age of the data.
    pub max_age: Option<std::time::Duration>,
    /// Object that must have been seen in this scope.
    pub known_object: Option<&'a KnownObject>,
    /// Last complete read.
    pub baseline: Option<&'a ScopeBaseline>,
    /// Limits of the drop guard.
    pub drop_guard: DropGuard,
    /// Planted leavers of this scope that were not found, in words.
    pub missing_sentinels: &'a [String],
}

impl ScopeRecord {
    /// A declared scope of which nothing is known yet: not attempted.
    pub fn declared(scope: Scope, excluded: Option<Exclusion>, scratch: Arc<dyn Scratch>) -> Self {
        Self {
            scope,
            excluded,
            as_of: None,
            proof: None,
            sources: Vec::new(),
            gaps: Vec::new(),
            counters: BTreeMap::new(),
            records: 0,
            unattributed: 0,
            hanging: 0,
            known_object_seen: false,
            scratch,
        }
    }

    /// What was declared.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its name.
    pub fn name(&self) -> &ScopeName {
        &self.scope.name
    }

    /// Whether the configuration leaves it out.
    pub fn is_excluded(&self) -> bool {
        self.excluded.is_some()
    }

    /// Instant its data describes, once known.
    pub fn as_of(&self) -> Option<Instant> {
        self.as_of.map(|as_of| as_of.at)
    }

    /// Reading begins. Several sources may serve one scope: the oldest speaks for it.
    pub fn open(&mut self, as_of: Option<AsOf>) {
        self.as_of = match (self.as_of, as_of) {
            (Some(known), Some(new)) if new.at < known.at => Some(new),
            (None, new) => new,
            (known, _) => known,
        };
    }

    /// The walk reached its end.
    pub fn seal(&mut self, proof: EndProof) {
        let before: u64 = self.sources.iter().map(|source| source.records).sum();
        self.sources.push(Source { announced: proof.announced, records: self.records - before });
        self.proof = match self.proof.take() {
            None => Some(proof),
            // Two sources of one scope: the weaker proof speaks, announced totals add up.
            Some(first) => Some(EndProof {
                kind: if first.kind == ProofKind::EndOfFile { first.kind } else { proof.kind },
                announced: first.announced.zip(proof.announced).map(|(one, other)| one + other),
                sha256: None,
            }),
        };
    }

    /// Counts one record.
    pub fn count(&mut self, kind: AccessKind, key: u64) -> io::Result<()> {
        self.records += 1;
        let scratch = &self.scratch;
        self.counters.entry(kind).or_insert_with(|| KeyCounter::new(Arc::clone(scratch))).insert(key)
    }

    /// Counts a record that belongs to nobody.
    pub fn count_unattributed(&mut self) {
        self.unattributed += 1;
    }

    /// Counts a record that belongs to nobody because the account it hangs from was not read.
    pub fn count_hanging(&mut self) {
        self.hanging += 1;
    }

    /// Records of nobody that hang from an account which was not read.
    pub fn hanging(&self) -> u64 {
        self.hanging
    }

    /// Whether records of this kind came.
    pub fn has_kind(&self, kind: AccessKind) -> bool {
        self.counters.contains_key(&kind)
    }

    /// The object known to exist was seen.
    pub fn saw_known_object(&mut self) {
        self.known_object_seen = true;
    }

    /// Something could not be read.
    pub fn gap(&mut self, part: Option<String>, cause: Cause) {
        if let Some(known) = self.gaps.iter_mut().find(|known| known.part == part && known.cause == cause) {
            known.count += 1;
        } else if self.gaps.len() < GAPS_LISTED {
            self.gaps.push(GapFact { part, cause, count: 1 });
        } else if let Some(last) = self.gaps.last_mut() {
            last.count += 1;
        }
    }

    /// Whether something was already said about the scope as a whole.
    pub fn has_gap_as_a_whole(&self) -> bool {
        self.gaps.iter().any(|gap| gap.part.is_none())
    }

    /// Takes a scanner's gap that concerns this scope.
    pub fn take(&mut self, gap: &Gap) {
        self.gap(gap.part.clone(), gap.cause.clone());
    }

    /// Ends the scope: adds the engine's own checks and names the state.
    pub fn settle(mut self, expectation: &Expectation<'_>) -> io::Result<ScopeFact> {
        let mut objects_by_kind = Vec::new();
        let mut objects = 0;
        let mut duplicates = 0;
        for (kind, counter) in std::mem::take(&mut self.counters) {
            let count = counter.finish()?;
            objects += count.distinct;
            duplicates += count.duplicates;
            objects_by_kind.push((kind, count.distinct));
        }
        self.add_checks(objects, expectation);
        let state = self.state(objects);
        self.gaps.sort_by_key(|gap| (gap.part.is_some(), gap.cause.state() as u8));
        let last_complete_at = match state {
            ScopeState::Complete => Some(expectation.now),
            ScopeState::Partial
            | ScopeState::Denied
            | ScopeState::Failed
            | ScopeState::NotAttempted
            | ScopeState::Interrupted => expectation.baseline.map(|baseline| baseline.read_at),
        };
        Ok(ScopeFact {
            name: self.scope.name,
            kind: self.scope.kind,
            state,
            excluded: self.excluded.is_some(),
            objects,
            objects_by_kind,
            duplicates,
            unattributed: self.unattributed,
            as_of: self.as_of.map(|as_of| as_of.at),
            proof: self.proof.as_ref().map(|proof| String::from(proof_word(proof.kind))),
            sha256: self.proof.and_then(|proof| proof.sha256),
            last_complete_at,
            gaps: self.gaps,
        })
    }

    fn add_checks(&mut self, objects: u64, expectation: &Expectation<'_>) {
        if let Some(exclusion) = &self.excluded {
            let cause = Cause::Excluded {
                reason: exclusion.reason.clone(),
                until: exclusion.until.format("%Y-%m-%d").to_string(),
            };
            self.gaps.clear();
            self.gap(None, cause);
            return;
        }
        match self.proof.clone() {
            Some(proof) => self.check_proof(&proof, objects),
            None if self.gaps.iter().all(|gap| gap.part.is_some()) => {
                // COV-2: success must be proven; an end without a word is a failure.
                self.gap(None, Cause::Bug { what: String::from("the reader ended without sealing this scope") });
            }
            None => {}
        }
        self.check_age(expectation);
        self.check_order(expectation);
        if let Some(known) = expectation.known_object
            && !self.known_object_seen
        {
            self.gap(
                None,
                Cause::NotSeen { what: format!("{} {}, which is known to exist", known.kind, known.grant_id) },
            );
        }
        for sentinel in expectation.missing_sentinels {
            self.gap(None, Cause::NotSeen { what: format!("planted leaver: {sentinel}") });
        }
        self.check_drop(objects, expectation);
    }

    fn check_proof(&mut self, proof: &EndProof, objects: u64) {
        if let Some(announced) = proof.announced
            && announced != objects
        {
            let what = String::from("distinct objects");
            self.gap(None, Cause::CountDiffers { what, announced, found: objects });
        }
        if proof.announced.is_none() {
            // Where not every source of a scope announces a total, each one that does is held to its own.
            for source in self.sources.clone() {
                if let Some(announced) = source.announced.filter(|announced| source.records < *announced) {
                    let what = String::from("records of one of its sources");
                    self.gap(None, Cause::CountDiffers { what, announced, found: source.records });
                }
            }
        }
        let says_not_proven = self.gaps.iter().any(|gap| matches!(gap.cause, Cause::NotProven { .. }));
        if proof.kind == ProofKind::EndOfFile && !says_not_proven {
            self.gap(
                None,
                Cause::NotProven { what: String::from("the file ended, and nothing says that it is whole") },
            );
        }
    }

    fn check_age(&mut self, expectation: &Expectation<'_>) {
        /// A source may run a little ahead of our clock.
        const AHEAD: TimeDelta = TimeDelta::minutes(10);
        let Some(as_of) = self.as_of else { return };
        let age = expectation.now - as_of.at;
        let stamp = as_of.at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        if as_of.at - expectation.read_until > AHEAD {
            let what = format!("its own time {stamp} lies ahead of the present");
            self.gap(None, Cause::Malformed { what });
            return;
        }
        let Some(allowed) = expectation.max_age else { return };
        if age.num_seconds() > i64::try_from(allowed.as_secs()).unwrap_or(i64::MAX) {
            let by = if as_of.source == AsOfSource::FileTime { " by file time" } else { "" };
            let age = format!("{}{by}", in_words(age));
            let allowed = in_words(TimeDelta::seconds(i64::try_from(allowed.as_secs()).unwrap_or(i64::MAX)));
            self.gap(None, Cause::Stale { as_of: stamp, age, allowed });
        }
    }

    /// Data from before the last complete read cannot show that something is gone since: an older file was put back.
    fn check_order(&mut self, expectation: &Expectation<'_>) {
        let Some(as_of) = self.as_of else { return };
        let Some(before) = expectation.baseline.and_then(|baseline| baseline.as_of) else { return };
        if as_of.at < before {
            let stamp = |at: Instant| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            let allowed = format!("nothing older than what was read last, of {}", stamp(before));
            self.gap(None, Cause::Stale { as_of: stamp(as_of.at), age: in_words(expectation.now - as_of.at), allowed });
        }
    }

    fn check_drop(&mut self, objects: u64, expectation: &Expectation<'_>) {
        let Some(baseline) = expectation.baseline else { return };
        if !is_suspicious(expectation.drop_guard, baseline.objects, objects) {
            return;
        }
        let proven =
            self.proof.as_ref().is_some_and(|proof| proof.kind != ProofKind::EndOfFile) && self.gaps.is_empty();
        let sighted = expectation.known_object.is_some() && self.known_object_seen;
        if !(proven && sighted) {
            self.gap(None, Cause::SuspiciousDrop { before: baseline.objects, found: objects });
        }
    }

    /// Without any gap and with a proof: complete. Else the worst cause, tempered by what was read all the same.
    fn state(&self, objects: u64) -> ScopeState {
        if self.excluded.is_some() {
            return ScopeState::NotAttempted;
        }
        if self.gaps.is_empty() {
            return if self.proof.is_some() { ScopeState::Complete } else { ScopeState::Failed };
        }
        if self.gaps.iter().any(|gap| matches!(gap.cause, Cause::WrongSystem { .. } | Cause::Bug { .. })) {
            return ScopeState::Failed;
        }
        if self.gaps.iter().any(|gap| gap.cause.state() == ScopeState::Interrupted) {
            return ScopeState::Interrupted;
        }
        if objects > 0 {
            return ScopeState::Partial;
        }
        let whole: Vec<ScopeState> =
            self.gaps.iter().filter(|gap| gap.part.is_none()).map(|gap| gap.cause.state()).collect();
        for state in [ScopeState::Failed, ScopeState::Denied, ScopeState::NotAttempted] {
            if whole.contains(&state) {
                return state;
            }
        }
        let all_denied = whole.is_empty() && self.gaps.iter().all(|gap| gap.cause.state() == ScopeState::Denied);
        if all_denied { ScopeState::Denied } else { ScopeState::Partial }
    }
}

fn proof_word(kind: ProofKind) -> &'static str {
    match kind {
        ProofKind::EndLine => "end_line",
        ProofKind::Manifest => "manifest",
        ProofKind::CrossCheck => "cross_check",
        ProofKind::Listing => "listing",
        ProofKind::LastPage => "last_page",
        ProofKind::EndOfFile => "end_of_file",
    }
}

/// The accounts of a system were not read to their end: what hangs from one that was not read may be anybody's, so that
/// its scope, although read, cannot be told from. `last` is its last complete read before this run.
pub fn miss_accounts(fact: &mut ScopeFact, hanging: u64, last: Option<Instant>) {
    let what = format!("the accounts that {hanging} grants hang from: they may be anybody's");
    fact.gaps.push(GapFact { part: None, cause: Cause::NotInSource { what }, count: 1 });
    fact.gaps.sort_by_key(|gap| (gap.part.is_some(), gap.cause.state() as u8));
    if fact.state == ScopeState::Complete {
        fact.state = ScopeState::Partial;
        fact.last_complete_at = last;
    }
}

/// A duration in the two largest units that matter.
pub fn in_words(duration: TimeDelta) -> String {
    let minutes = duration.num_minutes();
    match minutes {
        ..60 => format!("{minutes} min"),
        60..2_880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1_440, minutes % 1_440 / 60),
    }
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
