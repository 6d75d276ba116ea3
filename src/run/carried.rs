//! A run that reads some systems carries on what the last one knew of the others, each with its own age: it neither
//! looks as if they had been read now, nor as if nothing were known of them.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use scan_contract::{Instant, SystemId};

use super::judgement::Judgement;
use crate::config::SystemConfig;
use crate::findings::Finding;
use crate::report::{
    AmbiguousGrant, LeaverVerdict, Notice, NoticeLevel, Report, SentinelFact, SystemFact, UnattributedGrant,
};

/// What was read longer ago than this is no knowledge any more, where the system does not say `max_age`: a weekly
/// schedule and a day.
const LONGEST: TimeDelta = TimeDelta::days(8);

/// What the last run knew of systems that this one does not read.
#[derive(Debug, Default)]
pub struct Carried {
    systems: Vec<SystemFact>,
    remnants: Vec<Finding>,
    licenses: Vec<Finding>,
    ambiguous: Vec<AmbiguousGrant>,
    unattributed: Vec<UnattributedGrant>,
    sentinels: Vec<SentinelFact>,
    ids: HashSet<SystemId>,
    too_old: Vec<SystemId>,
    doubt: bool,
}

impl Carried {
    /// Takes from `last` what it knew of every configured system outside `only`. A system that it did not know, or that
    /// another connector reads now, is not carried on: nothing is known of it.
    pub fn of(last: Report, only: &[SystemId], configured: &[SystemConfig], now: Instant) -> Self {
        let same = |fact: &SystemFact| {
            configured.iter().any(|config| config.id == fact.id && config.connector.as_str() == fact.connector)
        };
        let systems: Vec<SystemFact> =
            last.systems.into_iter().filter(|fact| !only.contains(&fact.id) && same(fact)).collect();
        let ids: HashSet<SystemId> = systems.iter().map(|fact| fact.id.clone()).collect();
        let longest = |id: &SystemId| {
            let config = configured.iter().find(|config| config.id == *id);
            let configured = config.and_then(|config| config.max_age).map(TimeDelta::from_std);
            configured.and_then(Result::ok).unwrap_or(LONGEST)
        };
        let too_old = systems.iter().filter(|fact| fact.last_attempt_at + longest(&fact.id) < now);
        let too_old = too_old.map(|fact| fact.id.clone()).collect();
        // A grant that no rule looks at, or that two records lead to two people: the report does not say where it lies.
        let listed = last.ambiguous.iter().any(|grant| grant.may_be_leaver);
        let doubt = last.run.flags.ambiguous && !listed && !ids.is_empty();
        let keep = |findings: Vec<Finding>| findings.into_iter().filter(|one| ids.contains(&one.system)).collect();
        Self {
            remnants: keep(last.remnants),
            licenses: keep(last.licenses),
            ambiguous: last.ambiguous.into_iter().filter(|grant| ids.contains(&grant.system)).collect(),
            unattributed: last.unattributed.into_iter().filter(|grant| ids.contains(&grant.system)).collect(),
            sentinels: last.sentinels.into_iter().filter(|one| ids.contains(&one.system)).collect(),
            systems,
            ids,
            too_old,
            doubt,
        }
    }

    /// Whether nothing is carried.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether this system is not read, and known.
    pub fn holds(&self, id: &SystemId) -> bool {
        self.ids.contains(id)
    }

    /// Systems that are carried on.
    pub fn ids(&self) -> &HashSet<SystemId> {
        &self.ids
    }

    /// Whether something is too old to be called known.
    pub fn is_too_old(&self) -> bool {
        !self.too_old.is_empty()
    }

    /// Whether the last run had a doubt that only a run over everything can settle.
    pub fn has_doubt(&self) -> bool {
        self.doubt
    }

    /// When each was tried last.
    pub fn read_at(&self) -> BTreeMap<SystemId, Instant> {
        self.systems.iter().map(|fact| (fact.id.clone(), fact.last_attempt_at)).collect()
    }

    /// Adds what was known to what this run judged; gives the systems with their findings that are not in the store.
    pub fn join(&mut self, judgement: &mut Judgement) -> Joined {
        judgement.sentinels.retain(|one| !self.ids.contains(&one.system));
        judgement.sentinels.append(&mut self.sentinels);
        judgement.ambiguous.append(&mut self.ambiguous);
        judgement.ambiguous.sort_by(|left, right| {
            (&left.system, left.kind, &left.grant_id).cmp(&(&right.system, right.kind, &right.grant_id))
        });
        judgement.unattributed_total +=
            self.systems.iter().flat_map(|fact| &fact.scopes).map(|scope| scope.unattributed).sum::<u64>();
        judgement.unattributed.append(&mut self.unattributed);
        Joined {
            systems: std::mem::take(&mut self.systems),
            remnants: std::mem::take(&mut self.remnants),
            licenses: std::mem::take(&mut self.licenses),
        }
    }

    /// What has to be said about it. `unjudged` is the number of people who left after one of them was read.
    pub fn notices(&self, unjudged: usize) -> Vec<Notice> {
        if self.is_empty() {
            return Vec::new();
        }
        let named = |ids: &mut Vec<&str>| {
            ids.sort_unstable();
            ids.join(", ")
        };
        let all = named(&mut self.ids.iter().map(SystemId::as_str).collect());
        let mut says =
            vec![(NoticeLevel::Note, format!("not read in this run and carried on as the last one knew them: {all}"))];
        if self.is_too_old() {
            let old = named(&mut self.too_old.iter().map(SystemId::as_str).collect());
            says.push((NoticeLevel::Warning, format!("carried on, and read too long ago to be known: {old}")));
        }
        if self.doubt {
            let text =
                "the last run read grants of leavers that could not be judged; a run over all systems settles it";
            says.push((NoticeLevel::Warning, String::from(text)));
        }
        if unjudged > 0 {
            let text = format!(
                "{unjudged} people left after a system was read that is carried on; there they are judged at its next reading"
            );
            says.push((NoticeLevel::Warning, text));
        }
        says.into_iter().map(|(level, says)| Notice { id: String::from("carried"), level, says }).collect()
    }
}

/// What goes into the report beside this run's own.
#[derive(Debug)]
pub struct Joined {
    /// Systems as they were known.
    pub systems: Vec<SystemFact>,
    /// Their remnants.
    pub remnants: Vec<Finding>,
    /// Their paid seats.
    pub licenses: Vec<Finding>,
}

/// People who left after a carried system was read: what they hold there was not judged yet.
pub fn unjudged(leavers: &[LeaverVerdict], read_at: &BTreeMap<SystemId, Instant>) -> usize {
    let latest_end = |leaver: &&LeaverVerdict| read_at.values().any(|read| *read < leaver.access_end_at);
    leavers.iter().filter(latest_end).count()
}
