//! One run from the roster to the report.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use scan_contract::{Cause, Instant, ScopeName, SystemId};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::sync::watch;

use super::assess::{Bench, Place};
use super::attribute::{self, Ground, Learned, attribute};
use super::carried::Carried;
use super::closing::Closing;
use super::directory::Directory;
use super::drive::{self, Planned, Reading, Shared, Watch};
use super::follow::{self, About};
use super::intake::{Lookup, watch_key};
use super::interest::Interest;
use super::judgement::Judgement;
use super::plan::{ConfiguredSystem, SystemPlan, plan};
use super::progress::{Event, Progress};
use super::second;
use super::supersede::Superseded;
use crate::clock::Clock;
use crate::config::Config;
use crate::exceptions::{ExceptionFile, Exceptions, Surroundings};
use crate::findings::Fingerprint;
use crate::identity::index::Builder;
use crate::identity::{Domains, Keys};
use crate::inventory::Scratch;
use crate::policy::Policy;
use crate::randomness::Randomness;
use crate::report::{KnownApp, Notice, NoticeLevel, Report};
use crate::roster::{Loaded, Person, ReviewedLink};
use crate::rules::RuleSet;
use crate::store::{Opening, RunChanges, Store, StoreError};

/// Why a run ended without a report.
#[derive(Debug, Error)]
pub enum RunError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Scratch space could not be written or read back.
    #[error("scratch space in the state directory failed")]
    Scratch(#[from] io::Error),
}

/// Everything a run needs.
pub struct Engine<'a> {
    /// Configuration.
    pub config: &'a Config,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws keys.
    pub randomness: &'a dyn Randomness,
    /// Scratch space.
    pub scratch: Arc<dyn Scratch>,
    /// What is kept between runs.
    pub store: &'a mut dyn Store,
    /// Systems with their scanners, sorted by id.
    pub systems: Vec<ConfiguredSystem>,
    /// Systems that are read; empty is all. The others count as not attempted.
    pub only: Vec<SystemId>,
    /// What the last run knew of systems that this one does not read.
    pub carried: Carried,
    /// Rules.
    pub rules: &'a RuleSet,
    /// Agreed times.
    pub policy: &'a Policy,
    /// Exceptions as read.
    pub exceptions: &'a ExceptionFile,
    /// Roster as loaded.
    pub roster: Loaded,
    /// Known apps, or why their list could not be trusted.
    pub known_apps: Vec<KnownApp>,
    /// Things said before the run began.
    pub notices: Vec<Notice>,
    /// Receives events.
    pub progress: Arc<dyn Progress>,
    /// Turns true when the run has to stop.
    pub stop: watch::Receiver<bool>,
    /// Whether residual alone is no failure.
    pub exit_zero: bool,
    /// Whether the instant was chosen.
    pub as_of_chosen: bool,
}

/// A judged run, before anything is committed.
#[derive(Debug)]
pub struct RunOutcome {
    /// The picture.
    pub report: Report,
    /// What to commit.
    pub changes: RunChanges,
    /// Since when the present configuration is in use.
    pub config_since: Instant,
}

/// Id of a run: with a chosen instant it follows from that instant and the configuration, so that equal inputs give
/// equal bytes; else it is random.
pub fn run_id(now: Instant, config_digest: &str, chosen: bool, randomness: &dyn Randomness) -> String {
    let mut hasher = Sha256::new();
    hasher.update(now.timestamp_millis().to_be_bytes());
    hasher.update(config_digest.as_bytes());
    if !chosen {
        hasher.update(randomness.key());
    }
    let digest = hasher.finalize();
    let tail = data_encoding::HEXLOWER.encode(&digest[..4]);
    format!("run-{}-{tail}", now.format("%Y-%m-%dT%H:%M:%SZ"))
}

impl Engine<'_> {
    /// Reads every system and judges what was read. Commits nothing but the start of the run and its declared scopes.
    pub async fn run(mut self) -> Result<RunOutcome, RunError> {
        let started = self.clock.monotonic();
        let now = self.clock.now();
        let id = run_id(now, &self.config.digest, self.as_of_chosen, self.randomness);
        let opening = self.store.begin_run(&id, now, &self.config.digest)?;
        let mut notices = std::mem::take(&mut self.notices);
        notices.extend(opening_notices(&opening, now, self.as_of_chosen));
        notices.append(&mut self.roster.notices);

        let (people, links, lookup) = self.lookup(now);
        let shared = Shared {
            lookup: Arc::clone(&lookup),
            scratch: Arc::clone(&self.scratch),
            progress: Arc::clone(&self.progress),
            clock: Arc::clone(&self.clock),
            stop: self.stop.clone(),
            deadline: self.config.run.deadline,
            ends_at: tokio::time::Instant::now() + self.config.run.deadline,
        };
        // Nobody asks a system that is not read, not even what scopes it has.
        self.systems.retain(|system| !self.carried.holds(&system.config.id));
        let plans = self.plan(&id, now, &shared, &mut notices).await?;
        let (plans, left_out) = self.choose(plans, &people);
        let mut readings = drive::read_all(plans, self.config.run.parallel_systems, &shared).await?;
        readings.extend(left_out.into_iter().map(|(plan, cause)| drive::left_out(plan, &cause, &shared)));
        readings.sort_by(|left, right| left.config.id.cmp(&right.config.id));

        let ground = Ground { index: &lookup.index, people: &people, links: &links, interest: &lookup.interest };
        let Deepened { mut readings, learned, about } = self.deepen(&id, readings, &ground, &shared).await?;
        self.progress.tell(&Event::Stage("attributing"));
        let exceptions = self.judge_exceptions(&people, now)?;
        notices.extend(exceptions.notices(now).into_iter().map(|says| Notice {
            id: String::from("exceptions"),
            level: NoticeLevel::Warning,
            says,
        }));
        let mut judged = tokio::task::block_in_place(|| self.judge(&mut readings, &ground, &exceptions, learned, now))?;
        notices.append(&mut judged.notices);
        second::look(&mut judged, &readings, &*self.store, &shared).await?;
        follow::close(&mut readings).await;
        self.progress.tell(&Event::Stage("settling"));
        let keys = *lookup.index.keys();
        let carried = std::mem::take(&mut self.carried);
        let closing = Closing {
            id,
            now,
            started,
            opening,
            notices,
            people: &people,
            exceptions: &exceptions,
            keys,
            about,
            carried,
        };
        tokio::task::block_in_place(|| self.close(closing, readings, judged))
    }

    fn lookup(&mut self, now: Instant) -> (Vec<Person>, Vec<ReviewedLink>, Arc<Lookup>) {
        let keys = Keys::new(self.randomness.key());
        let mut builder = Builder::new(keys, Domains::new(&self.config.domains));
        let (people, links) = match self.roster.roster.take() {
            Some(mut roster) => {
                let mut claims = 0;
                roster.claims(&mut |_| claims += 1);
                builder.expect_claims(claims);
                roster.claims(&mut |claim| builder.add(claim));
                let links = roster.links().to_vec();
                (std::mem::take(&mut roster.people), links)
            }
            None => (Vec::new(), Vec::new()),
        };
        let interest = Interest::new(&people, now, self.config.leave_policy);
        let linked_systems = links.iter().map(|link| link.system.clone()).collect();
        (people, links, Arc::new(Lookup { index: builder.build(), interest, linked_systems }))
    }

    /// Which systems are read. Without a roster nothing is: there is nobody to hold it against.
    fn choose(&self, plans: Vec<Planned>, people: &[Person]) -> (Vec<Planned>, Vec<(SystemPlan, Cause)>) {
        let mut read = Vec::new();
        let mut left_out = Vec::new();
        for (plan, watch) in plans {
            if people.is_empty() {
                left_out.push((plan, Cause::Needs { what: String::from("a roster in force") }));
            } else if !self.only.is_empty() && !self.only.contains(&plan.system.config.id) {
                left_out.push((
                    plan,
                    Cause::Needs { what: String::from("a run that does not name other systems (--system)") },
                ));
            } else {
                read.push((plan, watch));
            }
        }
        (read, left_out)
    }

    async fn plan(
        &mut self,
        id: &str,
        now: Instant,
        shared: &Shared,
        notices: &mut Vec<Notice>,
    ) -> Result<Vec<Planned>, RunError> {
        let mut plans = Vec::new();
        for system in self.systems.drain(..) {
            let mut plan = plan(system, now, shared).await;
            notices.append(&mut plan.notices);
            plans.push(plan);
        }
        let declared: Vec<(SystemId, ScopeName, String)> = plans
            .iter()
            .flat_map(|plan| {
                plan.scopes
                    .values()
                    .map(|record| (plan.system.config.id.clone(), record.name().clone(), record.scope().kind.clone()))
            })
            .collect();
        self.store.declare(id, &declared)?;
        let manifests: HashMap<&SystemId, &scan_contract::Manifest> =
            plans.iter().map(|plan| (&plan.system.config.id, plan.system.scanner.manifest())).collect();
        let mut watches: HashMap<SystemId, Watch> = HashMap::new();
        self.store.for_each_open(&mut |memory| {
            let finding = &memory.finding;
            let key = watch_key(shared.lookup.index.keys(), finding.access_kind, finding.grant_id.as_str());
            let watch = watches.entry(finding.system.clone()).or_default();
            watch.keys.insert(key);
            let kinds = manifests.get(&finding.system).map_or(&[][..], |manifest| manifest.scopes.as_slice());
            for scope in std::iter::once(&finding.scope).chain(&memory.also_in) {
                if kinds.iter().any(|kind| kind.is_follow_up(scope.as_str())) {
                    watch.follow_ups.entry(scope.clone()).or_default().insert(finding.person_id.clone());
                }
            }
            Ok(())
        })?;
        Ok(plans
            .into_iter()
            .map(|plan| {
                // A system in which nothing is open has nothing to be watched.
                let watch = watches.remove(&plan.system.config.id).unwrap_or_default();
                (plan, watch)
            })
            .collect())
    }

    /// Reads what scanners offered beyond their lists, for those who matter, and gives credentials back.
    async fn deepen(
        &mut self,
        id: &str,
        mut readings: Vec<Reading>,
        ground: &Ground<'_>,
        shared: &Shared,
    ) -> Result<Deepened, RunError> {
        let mut about = About::new();
        let mut learned = Learned::default();
        for _ in 0..follow::ROUNDS {
            let offers = readings.iter().any(|reading| {
                !reading.intake.offered.is_empty()
                    || (reading.scanner.is_some() && !reading.watch.follow_ups.is_empty())
            });
            if !offers {
                break;
            }
            self.progress.tell(&Event::Stage("choosing what to read in depth"));
            learned = tokio::task::block_in_place(|| attribute::learn(&mut readings, ground, learned))?;
            let resolver = ground.resolver(&learned.graph);
            let chosen = follow::choose(&mut readings, ground, &resolver, &mut about);
            let declared: Vec<(SystemId, ScopeName, String)> = readings
                .iter()
                .zip(&chosen)
                .flat_map(|(reading, scopes)| {
                    let system = reading.config.id.clone();
                    scopes.iter().map(move |scope| (system.clone(), scope.name.clone(), scope.kind.clone()))
                })
                .collect();
            self.store.declare(id, &declared)?;
            readings = follow::read(readings, chosen, self.config.run.parallel_systems, shared).await?;
        }
        for reading in &mut readings {
            for scope in std::mem::take(&mut reading.intake.offered) {
                // Never silently dropped: it is declared, and says why it was not read.
                let name = scope.name.clone();
                reading.intake.add_scope(scope);
                let limit = format!("{} rounds of follow-ups", follow::ROUNDS);
                if let Some(record) = reading.intake.scopes.get_mut(&name) {
                    record.gap(None, Cause::LimitHit { limit });
                }
            }
        }
        Ok(Deepened { readings, learned, about })
    }

    fn judge_exceptions(&self, people: &[Person], now: Instant) -> Result<Exceptions, RunError> {
        let directory = Directory::new(people, self.config.leave_policy);
        let tiers: HashMap<&str, crate::roster::RoleTier> =
            self.config.systems.iter().map(|system| (system.id.as_str(), system.tier)).collect();
        let mut failed = None;
        let owners = std::cell::RefCell::new(&mut failed);
        let store = &*self.store;
        let owner = |text: &str| -> Option<(String, String)> {
            let Ok(print) = text.parse::<Fingerprint>() else { return None };
            match store.recall(&print) {
                Ok(memory) => memory.map(|memory| {
                    (memory.finding.person_id.as_str().to_owned(), memory.finding.system.as_str().to_owned())
                }),
                Err(error) => {
                    owners.borrow_mut().get_or_insert(error);
                    None
                }
            }
        };
        let exceptions = self.exceptions.judge(&Surroundings {
            people: &directory,
            system_tier: &|system| tiers.get(system).copied(),
            fingerprint_owner: &owner,
            now,
        });
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(exceptions),
        }
    }

    fn judge(
        &self,
        readings: &mut [Reading],
        ground: &Ground<'_>,
        exceptions: &Exceptions,
        learned: Learned,
        now: Instant,
    ) -> Result<Judgement, RunError> {
        let Learned { graph, accounts, too_deep, contested } = attribute::learn(readings, ground, learned)?;
        let mut judgement = Judgement::default();
        judgement.contest(contested);
        if too_deep {
            judgement.too_deep = true;
            judgement.notices.push(Notice {
                id: String::from("graph-depth"),
                level: NoticeLevel::Warning,
                says: String::from("the identity graph was not walked to its end: some grants may be unattributed"),
            });
        }
        let bench = Bench {
            now,
            people: ground.people,
            index: ground.index,
            graph: &graph,
            accounts: &accounts,
            rules: self.rules,
            policy: self.policy,
            exceptions,
            leave: self.config.leave_policy,
        };
        let resolver = ground.resolver(&graph);
        for reading in readings.iter_mut() {
            let dies =
                reading.config.dies_with_account.clone().unwrap_or_else(|| reading.manifest.dies_with_account.clone());
            let as_of: HashMap<ScopeName, Option<Instant>> =
                reading.intake.scopes.iter().map(|(name, record)| (name.clone(), record.as_of())).collect();
            let superseded = Superseded::find(&mut reading.intake, &reading.manifest)?;
            let config = &reading.config;
            let people_seen = &mut reading.intake.people_seen;
            let watched_seen = &reading.intake.watched_seen;
            let scopes = &mut reading.intake.scopes;
            reading.intake.pile.for_each(|access| {
                if superseded.holds(access) {
                    return Ok(());
                }
                let place =
                    Place { config, dies_with_account: &dies, as_of: as_of.get(&access.scope).copied().flatten() };
                let found = attribute(&resolver, config, access);
                for matched in &found.people {
                    people_seen.insert(matched.person);
                }
                if (found.nobody.is_some() || nobody_acts(access, &found))
                    && let Some(record) = scopes.get_mut(&access.scope)
                {
                    if found.nobody.is_some() {
                        record.count_unattributed();
                    }
                    if hangs_from_unread(&resolver, config, &accounts, access) {
                        record.count_hanging();
                    }
                }
                judgement.note_renewal(&bench, &config.id, access, watched_seen);
                judgement.take(&bench, place, access, &found, self.config.run.unattributed_listed);
                Ok(())
            })?;
        }
        judgement.find_sentinels(&self.config.sentinel_leavers);
        Ok(judgement)
    }
}

/// What reading in depth gave.
struct Deepened {
    readings: Vec<Reading>,
    learned: Learned,
    about: About,
}

/// Whether those it leads to only made it, read it or answer for it, and who uses it is left to the account it hangs from.
fn nobody_acts(access: &scan_contract::Access, found: &crate::identity::AccessMatch) -> bool {
    found.ambiguity.is_none()
        && !access.holders.iter().any(|holder| holder.relation.can_act())
        && !found.people.iter().any(|matched| matched.relations.iter().any(|relation| relation.can_act()))
}

/// Whether the account that a grant hangs from was not read: whose the grant is stands there.
fn hangs_from_unread(
    resolver: &crate::identity::Resolver<'_>,
    config: &crate::config::SystemConfig,
    accounts: &attribute::Accounts,
    access: &scan_contract::Access,
) -> bool {
    let parent = access.parent.as_ref();
    parent.is_some_and(|id| !accounts.contains_key(&resolver.account_node(config.id.as_str(), id.as_str())))
}

/// The end of the last run, or by the machine's own clock anything recorded since, where it lies after the present
/// instant (TIM-7). What commands record by the machine's clock says nothing about an instant that was chosen.
pub(super) fn clock_went_back(opening: &Opening, now: Instant, chosen: bool) -> Option<Instant> {
    let previous = opening.previous_run.as_ref().map(|run| run.ended_at);
    let recorded = opening.latest_recorded_at.filter(|_| !chosen);
    previous.max(recorded).filter(|latest| *latest > now)
}

/// What a run says about the state it found.
fn opening_notices(opening: &Opening, now: Instant, chosen: bool) -> Vec<Notice> {
    let mut notices = Vec::new();
    for run in &opening.interrupted_runs {
        let says = format!(
            "{run} was killed before it ended; it counts as interrupted, and what it had not committed is read again"
        );
        notices.push(Notice { id: String::from("run-interrupted"), level: NoticeLevel::Warning, says });
    }
    if let Some(latest) = clock_went_back(opening, now, chosen) {
        let says = format!(
            "the clock went back: a run was recorded at {}, and it is {} now. Nothing opens or closes on that account",
            latest.format("%Y-%m-%dT%H:%M:%SZ"),
            now.format("%Y-%m-%dT%H:%M:%SZ")
        );
        notices.push(Notice { id: String::from("clock"), level: NoticeLevel::Warning, says });
    }
    notices
}
