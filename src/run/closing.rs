//! The end of a run: scopes are settled, findings meet the store, and the report is made.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use scan_contract::{AccessKind, CredentialFacts, Instant, ScopeState, SystemId};

use super::carried::{self, Carried};
use super::coverage::{Expectation, ScopeRecord, miss_accounts};
use super::directory::Directory;
use super::drive::{Reading, worst};
use super::engine::{Engine, RunError, RunOutcome, clock_went_back};
use super::follow::About;
use super::intake::watch_key;
use super::judgement::Judgement;
use super::picture::{self, Verdict};
use super::progress::Event;
use super::settle::{self, settle};
use super::wishes;
use crate::config::PersonDisplay;
use crate::exceptions::{Cover, ExceptionQuery, Exceptions};
use crate::findings::Finding;
use crate::findings::lifecycle::Context;
use crate::identity::Keys;
use crate::inventory::DropGuard;
use crate::report::{
    CredentialFact, EffortFact, Flags, ImpossibleFact, Notice, NoticeLevel, Report, RunFacts, ScopeFact, SentinelFact,
    SystemFact,
};
use crate::roster::{Person, RosterState};
use crate::store::{Opening, RunChanges};

/// A clock that is set right moves by less (TIM-8).
const CLOCK_TOLERANCE: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// What is carried to the end of a run.
#[derive(Debug)]
pub(super) struct Closing<'a> {
    pub(super) id: String,
    pub(super) now: Instant,
    pub(super) started: Duration,
    pub(super) opening: Opening,
    pub(super) notices: Vec<Notice>,
    pub(super) people: &'a [Person],
    pub(super) exceptions: &'a Exceptions,
    pub(super) keys: Keys,
    pub(super) about: About,
    pub(super) carried: Carried,
}

/// Exclusions that met no scope. Only a walk that came to its end can tell: a live system finds scopes on its way.
fn idle_exclusions(reading: &Reading) -> Vec<Notice> {
    if !reading.ran_to_end {
        return Vec::new();
    }
    let told = reading.intake.idle_exclusions().into_iter().map(|exclusion| Notice {
        id: String::from("exclusion-idle"),
        level: NoticeLevel::Warning,
        says: format!("{}: the exclusion of {} matches no scope", reading.config.id, exclusion.scope),
    });
    told.collect()
}

impl Engine<'_> {
    pub(super) fn close(
        mut self,
        mut closing: Closing<'_>,
        readings: Vec<Reading>,
        mut judgement: Judgement,
    ) -> Result<RunOutcome, RunError> {
        let mut seen: HashMap<SystemId, std::collections::HashSet<u64>> = HashMap::new();
        let mut systems = Vec::new();
        let mut not_of_interest = 0;
        let live =
            readings.iter().filter(|reading| reading.manifest.live).map(|reading| reading.config.id.clone()).collect();
        for mut reading in readings {
            not_of_interest += reading.intake.not_of_interest;
            judgement.notices.extend(idle_exclusions(&reading));
            seen.insert(reading.config.id.clone(), std::mem::take(&mut reading.intake.watched_seen));
            systems.push(self.settle_system(reading, &closing, &judgement.sentinels)?);
        }
        let read_at = closing.carried.read_at();
        let known = closing.carried.join(&mut judgement);
        let raised = std::mem::take(&mut judgement.raised);
        settle::carry_over(self.store, &raised, &Context { run_id: &closing.id, now: closing.now })?;
        let mut totals = self.store.totals()?;
        let directory = Directory::new(closing.people, self.config.leave_policy);
        let roster_held = self.roster.state != RosterState::Accepted;
        let missing = std::mem::take(&mut self.roster.missing);
        let (now, exceptions) = (closing.now, closing.exceptions);
        let went_back = clock_went_back(&closing.opening, now, self.as_of_chosen);
        let clock_back = went_back.is_some();
        let mut settlement = settle(
            &*self.store,
            raised,
            &settle::Ground {
                context: Context { run_id: &closing.id, now },
                systems: &systems,
                sightings: &judgement.sightings,
                // Nothing opens or closes on account of a held roster, or of a clock that went back.
                // Nor because somebody is on no list any more: only a row of today says that a person works here.
                employed: &|id| !roster_held && !clock_back && !missing.contains(id) && directory.is_employed(id, now),
                covered: &|finding| covers(exceptions, finding, now),
                seen: &|finding| was_read(&seen, &closing.keys, finding),
                linked: &|finding| {
                    let key = watch_key(&closing.keys, finding.access_kind, finding.grant_id.as_str());
                    judgement.linked.contains(&(finding.system.clone(), key))
                },
                handed_over: &|finding| {
                    let key = watch_key(&closing.keys, finding.access_kind, finding.grant_id.as_str());
                    judgement.handed_over.contains(&(finding.system.clone(), key))
                },
                renewed: &|finding| {
                    let key = watch_key(&closing.keys, finding.access_kind, finding.grant_id.as_str());
                    let renewed = judgement.renewed.get(&(finding.system.clone(), key)).copied().flatten();
                    renewed.is_some_and(|at| at >= finding.access_end.latest)
                },
                planted: &judgement.planted,
                live: &live,
                carried: closing.carried.ids(),
                hold_new: self.roster.surge,
            },
            &mut totals,
        )?;
        // What an exception covers may lie in a system that was not read.
        let complete = closing.carried.is_empty()
            && systems.iter().flat_map(|system| &system.scopes).all(|scope| scope.state == ScopeState::Complete);
        let stopped =
            systems.iter().flat_map(|system| &system.scopes).any(|scope| scope.state == ScopeState::Interrupted);
        settlement.join(known.remnants, known.licenses);
        systems.extend(known.systems);
        systems.sort_by(|left, right| left.id.cmp(&right.id));
        let strangers = closing.carried.strangers(&mut systems);
        let not_told_apart = not_told_apart(&closing.carried, &strangers, &systems, judgement.too_deep);
        let (exception_facts, idle) = self.exception_facts(closing.exceptions, &settlement, complete, closing.now)?;
        let leavers = picture::leavers(
            closing.people,
            &settlement.findings,
            picture::Doubtful {
                ambiguous: &judgement.ambiguous,
                unlisted: &judgement.unlisted,
                anybodys: &not_told_apart,
            },
            &systems,
            closing.now,
            self.config.leave_policy,
            if self.config.outputs.iter().any(|output| output.persons == PersonDisplay::Name) {
                PersonDisplay::Name
            } else {
                PersonDisplay::Id
            },
            &closing.about,
            &read_at,
        );
        let leavers_checked =
            self.count_leavers(&leavers, closing.people, not_told_apart.is_empty(), now, &mut totals)?;
        for grant in &mut judgement.unattributed {
            if let Some(since) = self.store.unattributed_since(&grant.system, grant.kind, grant.grant_id.as_str())? {
                grant.first_seen_at = since;
            }
        }
        let mut notices = std::mem::take(&mut closing.notices);
        notices.append(&mut judgement.notices);
        let unjudged = carried::unjudged(closing.people, self.config.leave_policy, now, &read_at);
        notices.extend(closing.carried.notices(unjudged));
        notices.extend(strangers.iter().map(stranger));
        notices.sort_by(|left, right| (left.level, &left.id, &left.says).cmp(&(right.level, &right.id, &right.says)));
        notices.dedup();
        let mut flags = self.roster_flags();
        flags.exceptions_invalid = closing.exceptions.has_invalid(closing.now);
        flags.ambiguous |= judgement.ambiguous_leaver || judgement.has_unjudged() || judgement.contested;
        flags.ambiguous |= closing.carried.has_doubt();
        flags.gaps |= judgement.too_deep || unjudged > 0 || closing.carried.is_too_old() || !strangers.is_empty();
        // Who has left cannot be told by a clock that contradicts its own past.
        let far_back = went_back.is_some_and(|latest| latest - now > CLOCK_TOLERANCE);
        flags.gaps |= far_back;
        Verdict {
            findings: &settlement.findings,
            ambiguous: &judgement.ambiguous,
            systems: &systems,
            known_apps: &self.known_apps,
            fail_on: self.config.run.fail_on,
        }
        .flag(&mut flags);
        // What an earlier run did not come to is a gap still, but it was not this one that was stopped.
        flags.interrupted = stopped;
        flags.breaker = self.tickets_held(&mut notices)?;
        let run = self.run_facts(&closing, flags, not_of_interest);
        let contradictions = wishes::contradictions(&*self.store, &settlement)?;
        let wishes = self.wishes(&closing, &settlement)?;
        let changes = self.changes(&closing, &systems, &settlement, &judgement, idle, leavers_checked, &totals);
        let report = Report {
            run,
            roster: self.roster.facts,
            findings: settlement.findings,
            closed: settlement.closed,
            remnants: settlement.remnants,
            licenses: settlement.licenses,
            ambiguous: judgement.ambiguous,
            unattributed: judgement.unattributed,
            unattributed_total: judgement.unattributed_total,
            systems,
            known_apps: self.known_apps,
            leavers,
            exceptions: exception_facts,
            sentinels: judgement.sentinels,
            contradictions,
            notices,
            totals,
        };
        let changes = RunChanges { memories: settlement.memories, wishes, ..changes };
        let config_since = match closing.opening.config {
            Some((digest, since)) if digest == self.config.digest => since,
            Some(_) | None => closing.now,
        };
        Ok(RunOutcome { report, changes, config_since })
    }

    fn settle_system(
        &self,
        reading: Reading,
        closing: &Closing<'_>,
        sentinels: &[SentinelFact],
    ) -> Result<SystemFact, RunError> {
        let config = reading.config;
        let missing: Vec<&SentinelFact> =
            sentinels.iter().filter(|sentinel| sentinel.system == config.id && !sentinel.found).collect();
        let times = self.store.system_times(&config.id)?;
        let kinds_seen = |record: &ScopeRecord, kind| record.has_kind(kind);
        let anywhere = |kind| reading.intake.scopes.values().any(|record| kinds_seen(record, kind));
        let words_of = |record: &ScopeRecord| -> Vec<String> {
            missing
                .iter()
                // Where no scope carries its kind, every scope may be the one that should have.
                .filter(|sentinel| kinds_seen(record, sentinel.kind) || !anywhere(sentinel.kind))
                .map(|sentinel| format!("{} {} of {}", sentinel.kind, sentinel.grant_id, sentinel.person_id))
                .collect()
        };
        let words: Vec<Vec<String>> = reading.intake.scopes.values().map(words_of).collect();
        let mut scopes: Vec<ScopeFact> = Vec::new();
        let mut hanging: Vec<(usize, u64, Option<Instant>)> = Vec::new();
        for ((name, record), missing_sentinels) in reading.intake.scopes.into_iter().zip(words) {
            let baseline = self.store.baseline(&config.id, &name)?;
            if record.hanging() > 0 {
                hanging.push((scopes.len(), record.hanging(), baseline.as_ref().map(|baseline| baseline.read_at)));
            }
            let known_object = config.known_object.as_ref().filter(|known| known.scope == name);
            scopes.push(record.settle(&Expectation {
                now: closing.now,
                read_until: self.clock.now().max(closing.now),
                max_age: config.max_age,
                known_object,
                baseline: baseline.as_ref(),
                drop_guard: DropGuard { share: self.config.run.drop_share, count: self.config.run.drop_count },
                missing_sentinels: &missing_sentinels,
            })?);
        }
        for (at, count, last) in hanging {
            let accounts = |fact: &ScopeFact| carries_accounts(&reading.manifest, &fact.kind);
            let elsewhere = scopes.iter().enumerate().filter(|(other, fact)| *other != at && accounts(fact));
            let missing = elsewhere.into_iter().any(|(_, fact)| fact.state != ScopeState::Complete);
            if let (true, Some(fact)) = (missing, scopes.get_mut(at)) {
                miss_accounts(fact, count, last);
            }
        }
        let complete = scopes.iter().filter(|scope| scope.state == ScopeState::Complete).count();
        self.progress.tell(&Event::SystemEnded {
            system: &config.id,
            records: reading.intake.records,
            complete,
            scopes: scopes.len(),
            worst: worst(scopes.iter().map(|scope| scope.state)),
        });
        let people = closing.people.len();
        let ratio = if people == 0 { 0.0 } else { reading.intake.people_seen.len() as f64 / people as f64 };
        let whole = complete == scopes.len();
        let effort = reading.effort.map(|effort| EffortFact {
            requests: effort.requests,
            retries: effort.retries,
            failures: effort.failures,
            throttled: effort.throttled,
            waited_seconds: effort.waited.as_secs_f64(),
            received: effort.received,
        });
        let CredentialFacts { ends_at, excess } = reading.credential;
        let is_told = ends_at.is_some() || excess.is_some();
        Ok(SystemFact {
            effort,
            credential: is_told.then_some(CredentialFact { ends_at, excess_permissions: excess }),
            id: config.id,
            connector: String::from(config.connector.as_str()),
            configuration: config.written,
            unattributed_together: None,
            provider: reading.manifest.provider,
            tier: String::from(config.tier.as_str()),
            owner_team: config.owner_team,
            scopes,
            ran_to_end: reading.ran_to_end,
            duration_seconds: reading.seconds,
            matched_person_ratio: ratio,
            last_attempt_at: closing.now,
            last_success_at: if reading.ran_to_end { Some(closing.now) } else { times.last_success_at },
            last_complete_at: if whole { Some(closing.now) } else { times.last_complete_at },
            notices: reading.intake.notices,
            impossible: reading
                .manifest
                .impossible
                .into_iter()
                .map(|cell| ImpossibleFact { what: cell.what, kinds: cell.kinds, instead: cell.instead })
                .collect(),
        })
    }

    fn roster_flags(&self) -> Flags {
        Flags {
            roster_held: self.roster.state != RosterState::Accepted,
            roster_surge: self.roster.surge,
            baseline: self.roster.baseline,
            ..Flags::default()
        }
    }

    fn run_facts(&self, closing: &Closing<'_>, flags: Flags, not_of_interest: u64) -> RunFacts {
        RunFacts {
            id: closing.id.clone(),
            previous_id: closing.opening.previous_run.as_ref().map(|run| run.id.clone()),
            started_at: closing.now,
            ended_at: self.clock.now(),
            as_of: closing.now,
            as_of_chosen: self.as_of_chosen,
            duration_seconds: self.clock.monotonic().saturating_sub(closing.started).as_secs_f64(),
            organisation: self.config.organisation.clone(),
            config_digest: self.config.digest.clone(),
            policy_digest: self.policy.digest().map(String::from),
            rules_digest: self.rules.digest(),
            version: String::from(env!("CARGO_PKG_VERSION")),
            tz_version: String::from(chrono_tz::IANA_TZDB_VERSION),
            controls_version: String::from(crate::rules::controls::MAPPING_VERSION),
            flags,
            exit_code: picture::exit_code(&flags, self.exit_zero),
            not_of_interest,
            written: Vec::new(),
        }
    }
}

/// Whether accounts can come out of this kind of scope. Of a kind that the manifest does not know, nobody can say.
fn carries_accounts(manifest: &scan_contract::Manifest, kind: &str) -> bool {
    let known = manifest.scopes.iter().find(|known| known.kind == kind);
    known.is_none_or(|known| known.yields.contains(&AccessKind::Account))
}

/// Systems in which whatever belongs to nobody may be anybody's.
fn not_told_apart(
    carried: &Carried,
    strangers: &[SystemId],
    systems: &[SystemFact],
    too_deep: bool,
) -> BTreeSet<SystemId> {
    let in_doubt = |id: &SystemId| too_deep || strangers.contains(id) || (carried.has_doubt() && carried.holds(id));
    systems.iter().map(|fact| &fact.id).filter(|id| in_doubt(id)).cloned().collect()
}

/// What is said of a system in which more belongs to nobody than when everything was read together.
fn stranger(system: &SystemId) -> Notice {
    let says = format!(
        "{system}: more grants belong to nobody than when all systems were read together; whose they are may stand in a system that was read at another time, so that nothing there can be told for certain until all are read together again"
    );
    Notice { id: String::from("carried"), level: NoticeLevel::Warning, says }
}

/// Whether an exception in force covers a remembered finding.
fn covers(exceptions: &Exceptions, finding: &Finding, now: Instant) -> bool {
    let rules: Vec<std::sync::Arc<str>> = finding.rules.iter().map(|hit| std::sync::Arc::clone(&hit.rule)).collect();
    let query = ExceptionQuery {
        person_id: finding.person_id.as_str(),
        system: finding.system.as_str(),
        kind: finding.access_kind,
        privilege: finding.privilege,
        grant_id: finding.grant_id.as_str(),
        grant_display: finding.grant_display.as_deref(),
        target: finding.target.as_deref(),
        fingerprint: &finding.fingerprint.to_string(),
        rules: &rules,
    };
    matches!(exceptions.covering(&query, now), Some(Cover::Active { .. }))
}

/// Whether the grant of a remembered finding was read in this run, whomever it leads to now.
fn was_read(seen: &HashMap<SystemId, std::collections::HashSet<u64>>, keys: &Keys, finding: &Finding) -> bool {
    let key = watch_key(keys, finding.access_kind, finding.grant_id.as_str());
    seen.get(&finding.system).is_some_and(|seen| seen.contains(&key))
}
