//! A run that reads some systems carries on what the last one knew of the others, each with its own age: it neither
//! looks as if they had been read now, nor as if nothing were known of them.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use scan_contract::{Instant, ScopeState, SystemId};

use super::judgement::Judgement;
use crate::config::SystemConfig;
use crate::findings::Finding;
use crate::report::{AmbiguousGrant, Notice, NoticeLevel, Report, SentinelFact, SystemFact, UnattributedGrant};
use crate::roster::{AccessEnd, LeavePolicy, Person, Standing};

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
    /// Objects that belonged to nobody when everything was last read together, by system.
    together: BTreeMap<SystemId, u64>,
    /// Systems that the last run knew without any gap.
    whole: HashSet<SystemId>,
}

impl Carried {
    /// Takes from `last` what it knew of every configured system outside `only`. A system that it did not know, or that
    /// was configured otherwise when it was read, is not carried on: whether that was all of it, nobody knows (COV-1).
    pub fn of(last: Report, only: &[SystemId], configured: &[SystemConfig], now: Instant) -> Self {
        let same = |fact: &SystemFact| {
            let now = configured.iter().find(|config| config.id == fact.id);
            now.is_some_and(|config| config.written.is_some() && fact.configuration == config.written)
        };
        let known = last.systems;
        let systems: Vec<SystemFact> =
            known.iter().filter(|fact| !only.contains(&fact.id) && same(fact)).cloned().collect();
        let ids: HashSet<SystemId> = systems.iter().map(|fact| fact.id.clone()).collect();
        let longest = |id: &SystemId| {
            let config = configured.iter().find(|config| config.id == *id);
            let configured = config.and_then(|config| config.max_age).map(TimeDelta::from_std);
            configured.and_then(Result::ok).unwrap_or(LONGEST)
        };
        let too_old = systems.iter().filter(|fact| fact.last_attempt_at + longest(&fact.id) < now);
        let too_old = too_old.map(|fact| fact.id.clone()).collect();
        // A grant that no rule looks at, or that two records lead to two people: the report does not say where it lies.
        let listed = last.ambiguous.iter().any(|grant| grant.may_be_leaver && ids.contains(&grant.system));
        let too_deep = last.notices.iter().any(|notice| notice.id == "graph-depth");
        let doubt = ((last.run.flags.ambiguous && !listed) || too_deep) && !ids.is_empty();
        let together = known.iter().map(|fact| (fact.id.clone(), fact.unattributed_together.unwrap_or(nobodys(fact))));
        let together = together.collect();
        let whole = known.iter().filter(|fact| is_whole(fact)).map(|fact| fact.id.clone()).collect();
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
            together,
            whole,
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

    /// Systems in which more belongs to nobody than when everything was read together, whether they are read now or carried
    /// on: whose it is may stand in a system that was read at another time. Writes down beside each what it was then.
    pub fn strangers(&self, systems: &mut [SystemFact]) -> Vec<SystemId> {
        if self.is_empty() {
            for fact in systems {
                fact.unattributed_together = Some(nobodys(fact));
            }
            return Vec::new();
        }
        // What can be read now and could not be when everything was read may tell whose something is elsewhere.
        let mut read = systems.iter().filter(|fact| !self.holds(&fact.id));
        let tells_more = read.any(|fact| is_whole(fact) && !self.whole.contains(&fact.id));
        let mut strangers = Vec::new();
        for fact in systems {
            let known = self.together.get(&fact.id).copied().filter(|_| !tells_more);
            let before = known.unwrap_or(0);
            fact.unattributed_together = Some(before);
            if nobodys(fact) > before {
                strangers.push(fact.id.clone());
            }
        }
        strangers
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

/// Objects of a system that belong to nobody.
fn nobodys(fact: &SystemFact) -> u64 {
    fact.scopes.iter().map(|scope| scope.unattributed).sum()
}

fn is_whole(fact: &SystemFact) -> bool {
    fact.scopes.iter().all(|scope| scope.state == ScopeState::Complete)
}

/// Since when an end can have been judged: it may lie long before the day on which the roster first said so.
pub fn judged_since(end: &AccessEnd, now: Instant) -> Instant {
    end.at.max(end.known_at.unwrap_or(now))
}

/// People whose end was not known, or had not come, when a carried system was read: what they hold there was not judged.
pub fn unjudged(people: &[Person], leave: LeavePolicy, now: Instant, read_at: &BTreeMap<SystemId, Instant>) -> usize {
    let late = |person: &&Person| match person.standing(now, leave) {
        Standing::Left { end, .. } => {
            let since = judged_since(end, now);
            read_at.values().any(|read| *read < since)
        }
        Standing::NotStarted | Standing::Employed { .. } | Standing::Suspended { .. } | Standing::NotJudged { .. } => {
            false
        }
    };
    people.iter().filter(late).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::EndSource;

    fn at(text: &str) -> Instant {
        text.parse().expect("a test writes valid instants")
    }

    fn end(known_at: Option<&str>) -> AccessEnd {
        let friday = at("2026-07-31T22:00:00Z");
        AccessEnd {
            at: friday,
            earliest: friday,
            latest: friday,
            source: EndSource::EndDate,
            zone: "Europe/Berlin".into(),
            zone_is_default: false,
            known_at: known_at.map(at),
        }
    }

    #[test]
    fn an_end_that_was_entered_later_was_not_judged_before_anybody_knew_of_it() {
        let monday = at("2026-08-03T06:00:00Z");
        assert_eq!(judged_since(&end(Some("2026-08-03T05:00:00Z")), monday), at("2026-08-03T05:00:00Z"));
        assert_eq!(judged_since(&end(None), monday), monday, "not known before this run");
        // The twin: known in advance, so that the end itself counts.
        assert_eq!(judged_since(&end(Some("2026-07-01T05:00:00Z")), monday), at("2026-07-31T22:00:00Z"));
    }
}
