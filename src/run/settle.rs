//! Findings meet what is remembered of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use scan_contract::{Fact, Instant, Relation, ScopeName, ScopeState, SystemId};

use super::assess::Raised;
use crate::findings::lifecycle::{Context, Seen, Sight, Step};
use crate::findings::wish::{Happening, advance_telling};
use crate::findings::{Change, Class, Finding, FindingState, Fingerprint, Memory, Severity, UsedAfterEnd, last_use};
use crate::report::{DelayHistogram, SystemFact, Totals};
use crate::store::{LedgerEvent, Store, StoreError};

/// The rule whose hit says that a grant was used after the end.
const USED_AFTER_END: &str = "used-after-end";

/// What this run knows of a remembered grant that raised no finding now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// It was read, is still the person's, and no rule holds any longer (a rotated secret, say).
    Cured,
    /// It was read, and cannot be told.
    Undecided,
}

/// What the settlement looks at.
pub struct Ground<'a> {
    /// Run id and present instant.
    pub context: Context<'a>,
    /// Systems with their scopes settled.
    pub systems: &'a [SystemFact],
    /// Grants that were read but raised nothing.
    pub sightings: &'a HashMap<Fingerprint, Sighting>,
    /// Whether the roster in force says with a date that a person is employed.
    pub employed: &'a dyn Fn(&str) -> bool,
    /// Whether an exception in force still covers a finding that was not seen.
    pub covered: &'a dyn Fn(&Finding) -> bool,
    /// Whether the grant of a remembered finding was read, whomever it leads to now.
    pub seen: &'a dyn Fn(&Finding) -> bool,
    /// Whether a reviewed link now ties that grant to somebody.
    pub linked: &'a dyn Fn(&Finding) -> bool,
    /// Whether the grant of a remembered finding was read, and every holder it names is somebody who has not left.
    pub handed_over: &'a dyn Fn(&Finding) -> bool,
    /// Whether what the grant of a remembered finding opens was certainly made or replaced after the remembered end.
    pub renewed: &'a dyn Fn(&Finding) -> bool,
    /// Planted leavers that were found as they were planted.
    pub planted: &'a HashSet<Fingerprint>,
    /// Systems that are asked themselves. What they say may be on its way to change, so one look opens nothing for good
    /// (FND-2): it is observed, and confirmed by a second look in the same run or by the next run. A file describes a
    /// point of time.
    pub live: &'a HashSet<SystemId>,
    /// Systems that this run does not read, and of which the last one knows: their findings stay as they are.
    pub carried: &'a HashSet<SystemId>,
    /// Findings of people whose end is new in a surge are not confirmed before an operator's word.
    pub hold_new: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Settlement {
    /// Open, suppressed and within-time findings.
    pub findings: Vec<Finding>,
    /// Closed now.
    pub closed: Vec<Finding>,
    /// Remnants.
    pub remnants: Vec<Finding>,
    /// Paid seats.
    pub licenses: Vec<Finding>,
    /// What to remember.
    pub memories: Vec<Memory>,
    /// Changes of state.
    pub ledger: Vec<LedgerEvent>,
    /// What tickets should tell.
    pub happenings: Vec<(Fingerprint, Happening)>,
}

/// Carries what is remembered under an earlier id of the same grant over to the id it has now, so that a better
/// document neither closes one finding nor opens another.
pub fn carry_over(
    store: &mut dyn Store,
    raised: &BTreeMap<Fingerprint, Box<Raised>>,
    context: &Context<'_>,
) -> Result<(), StoreError> {
    for (print, one) in raised {
        let Some(earlier) = one.formerly.filter(|earlier| earlier != print) else { continue };
        if store.recall(print)?.is_some() {
            continue;
        }
        if let Some(mut memory) = store.recall(&earlier)?
            && memory.finding.state != FindingState::Closed
        {
            memory.finding.fingerprint = *print;
            memory.finding.grant_id = one.finding.grant_id.clone();
            store.carry_over(context.run_id, context.now, &earlier, memory)?;
        }
    }
    Ok(())
}

/// Moves every raised and every remembered finding one step.
pub fn settle(
    store: &dyn Store,
    raised: BTreeMap<Fingerprint, Box<Raised>>,
    ground: &Ground<'_>,
    totals: &mut Totals,
) -> Result<Settlement, StoreError> {
    let scopes = Scopes::new(ground.systems);
    let mut settlement = Settlement::default();
    settlement.make_room(&raised);
    let mut met: HashSet<Fingerprint> = HashSet::with_capacity(raised.len());
    let replaced: HashSet<Fingerprint> =
        raised.iter().filter_map(|(print, one)| one.formerly.filter(|earlier| earlier != print)).collect();
    for (print, one) in raised {
        met.insert(print);
        let memory = store.recall(&print)?;
        settlement.take_raised(*one, memory, &scopes, ground, totals);
    }
    let mut rest = Vec::new();
    store.for_each_open(&mut |mut memory| {
        if !met.contains(&memory.finding.fingerprint) {
            let sight = sight_of(&memory, &scopes, ground, replaced.contains(&memory.finding.fingerprint));
            if let (Sight::Unclear { .. }, Some(as_of)) = (&sight, scopes.oldest(&memory, ground.context.now)) {
                memory.was_seen_at(as_of);
            }
            rest.extend(advance_telling(Some(memory), sight, &ground.context));
        }
        Ok(())
    })?;
    for step in rest {
        settlement.keep(step, ground, totals);
    }
    settlement.sort();
    Ok(settlement)
}

impl Settlement {
    /// Findings are large: lists that double as they grow would hold up to twice of what they need.
    fn make_room(&mut self, raised: &BTreeMap<Fingerprint, Box<Raised>>) {
        let of = |class: Class| raised.values().filter(|one| one.finding.class == class).count();
        let residual = of(Class::Residual);
        self.findings.reserve_exact(residual);
        self.memories.reserve_exact(residual);
        self.ledger.reserve_exact(residual);
        self.remnants.reserve_exact(of(Class::Remnant));
        self.licenses.reserve_exact(of(Class::License));
    }

    fn take_raised(
        &mut self,
        mut raised: Raised,
        mut memory: Option<Memory>,
        scopes: &Scopes<'_>,
        ground: &Ground<'_>,
        totals: &mut Totals,
    ) {
        if let Some(memory) = &mut memory {
            forget_if_used_again(memory, &raised.finding);
            keep_known_use(memory, &mut raised);
        }
        let Raised { mut finding, confirms, seen_twice, suppressed, mut also_in, formerly: _, rehired_at: _ } = raised;
        let shown = scopes.described(&finding.system, &finding.scope, &also_in, ground.context.now);
        let scope = scopes.find(&finding.system, &finding.scope);
        finding.last_complete_read_at = scope.and_then(|scope| scope.last_complete_at);
        // Where it was seen earlier and nobody can tell now, it may be still.
        also_in.extend(memory.iter().flat_map(|memory| scopes.unread(memory)));
        also_in.remove(&finding.scope);
        let scope_complete = scope.is_some_and(|scope| scope.state == ScopeState::Complete)
            && also_in.iter().all(|scope| scopes.is_complete(&finding.system, scope));
        let also_in = also_in.into_iter().collect();
        if finding.class == Class::License {
            self.licenses.push(finding);
            return;
        }
        let handled = memory.as_ref().is_some_and(|memory| memory.acknowledged.is_some());
        let ended = finding.class == Class::Remnant || (finding.usability.is_remnant() && handled);
        if finding.used_after_end == UsedAfterEnd::After && finding.usability.is_remnant() && !handled {
            finding.notes.push(String::from(
                "Used after the end: stays open until it is recorded as handled (holdover incidents acknowledge).",
            ));
        }
        // While a surge waits, time alone confirms nothing: neither what was only observed, nor anything about an end
        // that stands in no accepted roster.
        let unconfirmed = memory.as_ref().is_none_or(|memory| memory.finding.state == FindingState::Observed);
        let waits = ground.hold_new && (unconfirmed || finding.access_end.known_at.is_none());
        let second_look = seen_twice
            || !ground.live.contains(&finding.system)
            || memory.as_ref().is_some_and(|memory| {
                memory.finding.state != FindingState::Closed && memory.finding.last_seen_at < ground.context.now
            });
        let confirms = confirms && second_look && !waits;
        // In force by the newest data that show it, ended by all of them.
        let as_of = if ended { shown.0 } else { shown.1 };
        let seen = Box::new(Seen { finding, scope_complete, also_in, confirms, suppressed, as_of });
        if ended && memory.is_none() {
            // A remnant that never was a finding: nothing to remember, and nothing to copy.
            let mut remnant = seen.finding;
            remnant.class = Class::Remnant;
            self.remnants.push(remnant);
        } else if ended {
            let mut remnant = seen.finding.clone();
            remnant.class = Class::Remnant;
            self.remnants.push(remnant);
            if let Some(step) = advance_telling(memory, Sight::Ended(seen), &ground.context) {
                self.keep(step, ground, totals);
            }
        } else if let Some(step) = advance_telling(memory, Sight::Present(seen), &ground.context) {
            self.keep(step, ground, totals);
        }
    }

    fn keep(&mut self, (step, told): (Step, Vec<Happening>), ground: &Ground<'_>, totals: &mut Totals) {
        let memory = step.memory;
        let finding = &memory.finding;
        self.happenings.extend(told.into_iter().map(|happening| (finding.fingerprint, happening)));
        if let Some(why) = step.why {
            self.ledger.push(LedgerEvent::State {
                run: String::from(ground.context.run_id),
                fingerprint: finding.fingerprint.to_string(),
                from: step.from.map(|from| String::from(from.as_str())),
                to: String::from(finding.state.as_str()),
                why: String::from(why),
            });
        }
        count(step.from, finding, ground.context.now, totals);
        match finding.state {
            FindingState::Closed => self.closed.push(finding.clone()),
            FindingState::Observed
            | FindingState::Confirmed
            | FindingState::Unverified
            | FindingState::Closing
            | FindingState::Suppressed
            | FindingState::Ambiguous => self.findings.push(finding.clone()),
        }
        self.memories.push(memory);
    }

    /// Adds what an earlier run showed of systems that this one did not read.
    pub fn join(&mut self, remnants: Vec<Finding>, licenses: Vec<Finding>) {
        if remnants.is_empty() && licenses.is_empty() {
            return;
        }
        self.remnants.extend(remnants);
        self.licenses.extend(licenses);
        self.sort();
    }

    /// The order of every output: severity, end, system, fingerprint.
    fn sort(&mut self) {
        for list in [&mut self.findings, &mut self.closed, &mut self.remnants, &mut self.licenses] {
            // In place: fingerprints are unique, so that the order is the same for any way of sorting.
            list.sort_unstable_by(|left, right| {
                (left.severity, left.access_end.at, &left.system, left.fingerprint).cmp(&(
                    right.severity,
                    right.access_end.at,
                    &right.system,
                    right.fingerprint,
                ))
            });
        }
    }
}

/// What this run saw of a remembered finding that raised nothing. `replaced`: the same grant was read under the better id
/// that it has now, and is remembered under that one: the record under its earlier id is no sign that it is still there.
fn sight_of(memory: &Memory, scopes: &Scopes<'_>, ground: &Ground<'_>, replaced: bool) -> Sight {
    let finding = &memory.finding;
    if (ground.employed)(finding.person_id.as_str()) {
        return Sight::Employed;
    }
    if ground.planted.contains(&finding.fingerprint) {
        return Sight::Planted;
    }
    let suppressed = (ground.covered)(finding);
    let not_read = || Sight::NotRead { suppressed };
    if ground.carried.contains(&finding.system) {
        // What an exception covered has to be looked at once it ended, even if that is at the next reading.
        let uncovered = finding.state == FindingState::Suppressed && !suppressed;
        return if uncovered { not_read() } else { Sight::Carried };
    }
    // Use after the end stays a matter until somebody says that it was handled, even when the grant is gone.
    if finding.used_after_end == UsedAfterEnd::After && finding.usability.is_remnant() && memory.acknowledged.is_none()
    {
        return not_read();
    }
    match ground.sightings.get(&finding.fingerprint) {
        Some(Sighting::Undecided) => return Sight::Unclear { suppressed },
        // It is there, and leads elsewhere now. A reviewed link may end a watch like that; a changed address or a lost
        // identifier may not. Who answers for a thing is what its owners say: named successors take it over. And what
        // somebody could read is worth nothing to them once it was replaced.
        None if !replaced
            && (ground.seen)(finding)
            && !(ground.linked)(finding)
            && !is_handed_over(finding, ground)
            && !is_worthless(finding, ground) =>
        {
            return Sight::Unclear { suppressed };
        }
        Some(Sighting::Cured) | None => {}
    }
    match scopes.complete_as_of(memory, ground.context.now) {
        Some(as_of) => Sight::Absent { as_of, suppressed },
        None => not_read(),
    }
}

/// What was recorded as handled was the use that was known then. A later one is a matter of its own.
fn forget_if_used_again(memory: &mut Memory, now: &Finding) {
    let later = match (&now.last_used_at, &memory.finding.last_used_at) {
        // A use that was known to a day may be the one that is told to the second now.
        (Fact::Known(now), Fact::Known(known)) => now.at > known.at && now.at >= known.settled_at(),
        (Fact::Known(_), Fact::None | Fact::Hidden(_)) => true,
        (Fact::None | Fact::Hidden(_), _) => false,
    };
    if later && now.used_after_end == UsedAfterEnd::After {
        memory.acknowledged = None;
    }
}

/// A use after the end that an earlier read told stays known, although this one does not tell it: a plan that shows less,
/// a coarser time, another list. Only an end that was corrected releases it.
fn keep_known_use(memory: &Memory, raised: &mut Raised) {
    let known = &memory.finding;
    let finding = &mut raised.finding;
    let open = known.state != FindingState::Closed && finding.class != Class::License;
    if !open || known.used_after_end != UsedAfterEnd::After || finding.used_after_end == UsedAfterEnd::After {
        return;
    }
    let used = last_use::used_before_return(&known.last_used_at, &finding.access_end, raised.rehired_at);
    if used != UsedAfterEnd::After {
        return;
    }
    if std::mem::take(&mut raised.suppressed) {
        finding.exception_id = None;
        finding.exception_expires_at = None;
    }
    finding.used_after_end = UsedAfterEnd::After;
    finding.last_used_at.clone_from(&known.last_used_at);
    finding.class = Class::Residual;
    finding.due = true;
    if finding.severity != Severity::Critical {
        finding.severity = Severity::Critical;
        finding.severity_reasons.push(String::from("used after the end of access, as an earlier read told: critical"));
    }
    let by_use = |rule: &str| *rule == *known.rule || rule == USED_AFTER_END;
    for hit in known.rules.iter().filter(|hit| by_use(&hit.rule)).rev() {
        finding.undecided.retain(|undecided| undecided.rule != hit.rule);
        if !finding.rules.iter().any(|held| held.rule == hit.rule) {
            finding.rules.insert(0, hit.clone());
        }
    }
    finding.rule = Arc::clone(&known.rule);
    finding.remediation.clone_from(&known.remediation);
    finding.controls.clone_from(&known.controls);
    finding.notes.push(String::from("An earlier read told the use after the end; this one does not tell it."));
}

/// Somebody who could only read a secret, keep it or make it has nothing of it any more once it was replaced and no
/// longer leads to them.
fn is_worthless(finding: &Finding, ground: &Ground<'_>) -> bool {
    let indirect = matches!(finding.relation, Relation::Reader | Relation::Custodian | Relation::Creator);
    indirect && (ground.renewed)(finding)
}

fn is_handed_over(finding: &Finding, ground: &Ground<'_>) -> bool {
    matches!(finding.relation, Relation::Owner | Relation::Approver) && (ground.handed_over)(finding)
}

/// Counters and histograms that are kept over all runs.
fn count(from: Option<FindingState>, finding: &Finding, now: Instant, totals: &mut Totals) {
    let severity = finding.severity.position();
    match finding.change {
        Change::New => {
            totals.opened[severity] += 1;
            observe(&mut totals.detection_delay, finding.access_end.at, now);
        }
        Change::Reopened => totals.reopened[severity] += 1,
        Change::Closed if from != Some(FindingState::Closed) => {
            totals.closed[severity] += 1;
            let proven_at = finding.revoked_between.map_or(now, |(_, until)| until);
            observe(&mut totals.revocation_delay[severity], finding.access_end.at, proven_at);
        }
        Change::Closed | Change::Unchanged | Change::Updated | Change::Rehired | Change::Planted => {}
    }
}

fn observe(histogram: &mut DelayHistogram, from: Instant, until: Instant) {
    histogram.observe(u64::try_from((until - from).num_seconds()).unwrap_or(0));
}

/// Scopes by system and name.
struct Scopes<'a> {
    by_name: HashMap<(&'a SystemId, &'a ScopeName), &'a crate::report::ScopeFact>,
}

impl<'a> Scopes<'a> {
    fn new(systems: &'a [SystemFact]) -> Self {
        let by_name = systems
            .iter()
            .flat_map(|system| system.scopes.iter().map(move |scope| ((&system.id, &scope.name), scope)))
            .collect();
        Self { by_name }
    }

    fn is_complete(&self, system: &SystemId, scope: &ScopeName) -> bool {
        self.find(system, scope).is_some_and(|scope| scope.state == ScopeState::Complete)
    }

    /// Scopes that showed an open finding and were tried in this run without being read completely. One that the system
    /// has no longer (renamed by a newer version, say) is not waited for: the grant was read elsewhere.
    fn unread(&self, memory: &Memory) -> Vec<ScopeName> {
        let finding = &memory.finding;
        if finding.state == FindingState::Closed {
            return Vec::new();
        }
        let tried = |scope: &&ScopeName| self.find(&finding.system, scope).is_some();
        let shown = std::iter::once(&finding.scope).chain(&memory.also_in);
        shown.filter(tried).filter(|scope| !self.is_complete(&finding.system, scope)).cloned().collect()
    }

    /// Instants of the oldest and of the newest data of the scopes that show a grant. What says that it describes a time
    /// to come describes the present at most.
    fn described(
        &self,
        system: &SystemId,
        scope: &ScopeName,
        also_in: &BTreeSet<ScopeName>,
        now: Instant,
    ) -> (Instant, Instant) {
        let as_of = |scope| self.find(system, scope).and_then(|fact| fact.as_of).map_or(now, |as_of| as_of.min(now));
        let own = as_of(scope);
        also_in.iter().map(as_of).fold((own, own), |(oldest, newest), at| (oldest.min(at), newest.max(at)))
    }

    /// Instant of the oldest data of the scopes that showed a finding and were read, complete or not.
    fn oldest(&self, memory: &Memory, now: Instant) -> Option<Instant> {
        let finding = &memory.finding;
        let shown = std::iter::once(&finding.scope).chain(&memory.also_in);
        shown.filter_map(|scope| self.find(&finding.system, scope)?.as_of).min().map(|as_of| as_of.min(now))
    }

    /// Instant of the oldest data of all scopes that showed a finding; `None` unless each was read completely.
    fn complete_as_of(&self, memory: &Memory, now: Instant) -> Option<Instant> {
        let finding = &memory.finding;
        let as_of = |scope: &ScopeName| {
            let fact = self.find(&finding.system, scope).filter(|fact| fact.state == ScopeState::Complete)?;
            Some(fact.as_of.unwrap_or(now))
        };
        let shown = std::iter::once(&finding.scope).chain(&memory.also_in);
        shown.map(as_of).collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    fn find(&self, system: &SystemId, scope: &ScopeName) -> Option<&'a crate::report::ScopeFact> {
        self.by_name.get(&(system, scope)).copied()
    }
}
