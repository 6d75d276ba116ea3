//! One grant and one person become a finding, a remnant, or nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use scan_contract::{Access, AccessKind, Fact, Holder, Instant, Relation, ScopeName};

use super::attribute::Accounts;
use crate::config::SystemConfig;
use crate::exceptions::{Cover, ExceptionQuery, Exceptions};
use crate::findings::severity::{Inputs, severity};
use crate::findings::usability::{Judged, ParentAccount, judge};
use crate::findings::{
    Change, Class, Confidence, Finding, FindingState, Fingerprint, LEGAL_HOLD_REMARK, MatchFacts, RuleHit,
    RuleUndecided, Usability, UsedAfterEnd, fingerprint, last_use,
};
use crate::identity::graph::Graph;
use crate::identity::{AccessMatch, Index, PersonMatch};
use crate::policy::{Policy, PolicyInput};
use crate::roster::{AccessEnd, ClaimKind, EndSource, LeavePolicy, Person, Standing, Stint};
use crate::rules::{EmploymentView, Facts, Outcome, RuleSet};

/// What assessment looks at.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The present instant.
    pub now: Instant,
    /// Everybody, sorted by id.
    pub people: &'a [Person],
    /// The roster's claims, for account nodes.
    pub index: &'a Index,
    /// Lessons, for chains.
    pub graph: &'a Graph,
    /// Accounts, for parents.
    pub accounts: &'a Accounts,
    /// Rules.
    pub rules: &'a RuleSet,
    /// Agreed times.
    pub policy: &'a Policy,
    /// Exceptions.
    pub exceptions: &'a Exceptions,
    /// What leave means.
    pub leave: LeavePolicy,
}

/// The system a grant was read in.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Configuration.
    pub config: &'a SystemConfig,
    /// Kinds that end with their account.
    pub dies_with_account: &'a [AccessKind],
    /// Instant the scope's data describes.
    pub as_of: Option<Instant>,
}

/// What became of one grant and one person.
#[derive(Debug)]
pub enum Assessed {
    /// Something to report; the state machine decides on its state.
    Finding(Box<Raised>),
    /// No rule holds, and at least one could not be told.
    Undecided {
        /// Which rule, and which fact was hidden.
        reason: String,
    },
    /// No rule looks at this kind and relation.
    NoRule,
    /// Every rule that looks says no, or the person is in employment.
    Nothing,
}

/// A finding before the state machine.
#[derive(Debug)]
pub struct Raised {
    /// The finding.
    pub finding: Finding,
    /// Whether what was read proves that it outlived its end.
    pub confirms: bool,
    /// Whether a live system showed it twice in this run: in its list, and when it was asked by name.
    pub seen_twice: bool,
    /// Covered by an exception in force.
    pub suppressed: bool,
    /// Further scopes that showed it in this run.
    pub also_in: BTreeSet<ScopeName>,
    /// Fingerprint under which an earlier read knew the same grant.
    pub formerly: Option<Fingerprint>,
    /// When the person came back, where the end that is judged is that of an earlier employment.
    pub rehired_at: Option<Instant>,
}

/// The end that is judged, and how employment stands.
struct Ended<'a> {
    stint: &'a Stint,
    end: &'a AccessEnd,
    view: EmploymentView,
    rehired_at: Option<Instant>,
}

impl Bench<'_> {
    /// Assesses `access` for one of the people it leads to.
    pub fn assess(&self, place: Place<'_>, access: &Access, all: &AccessMatch, matched: &PersonMatch) -> Assessed {
        let person = &self.people[matched.person.0 as usize];
        let Some(ended) = ended(person, self.now, self.leave) else { return Assessed::Nothing };
        let relation = matched.relations.first().copied().unwrap_or(Relation::Holder);
        let judged = judge(access, relation, self.parent(place, access, matched), ended.end.latest, self.now);
        let own = matched.holders.iter().filter_map(|position| access.holders.get(*position));
        let last_used_at = last_use::last_use_by(access, own, &matched.relations);
        let used_after_end = last_use::used_before_return(&last_used_at, ended.end, ended.rehired_at);
        let other_owner = self.other_living_owner(all, matched);
        let mut facts = Facts {
            now: self.now,
            person,
            stint: ended.stint,
            employment: ended.view,
            access_end_at: ended.end.at,
            rehired_at: ended.rehired_at,
            access,
            relation,
            other_living_owner: &other_owner,
            usability: judged.usability,
            used_after_end,
            confidence: matched.confidence,
            match_method: &matched.method,
            match_personal: matched.personal,
            system: place.config.id.as_str(),
            connector: place.config.connector.as_str(),
            exception_lapsed: None,
        };
        let mut rules = self.evaluate(&facts, &matched.relations);
        if rules.hits.is_empty() {
            // Somebody who is back is in employment: rules ask only for what the gap left behind.
            let is_back = ended.view == EmploymentView::Rehired;
            return if is_back && !rules.looked { Assessed::Nothing } else { rules.nothing_held() };
        }
        let grant_id = grant_id(access);
        let print = fingerprint::fingerprint(person.id.as_str(), place.config.id.as_str(), access.kind, &grant_id);
        let cover = self.exceptions.covering(
            &ExceptionQuery {
                person_id: person.id.as_str(),
                system: place.config.id.as_str(),
                kind: access.kind,
                privilege: access.privilege,
                grant_id: &grant_id,
                grant_display: access.grant_display.as_deref(),
                target: access.target.as_deref(),
                fingerprint: &print.to_string(),
                rules: &rules.ids(),
            },
            self.now,
        );
        if let Some(Cover::Lapsed { id, .. }) = &cover {
            facts.exception_lapsed = Some(id);
            rules = self.evaluate(&facts, &matched.relations);
        }
        let evaluated = Evaluated {
            access,
            matched,
            ended: &ended,
            judged,
            used_after_end,
            last_used_at,
            other_owner,
            rules,
            cover,
        };
        Assessed::Finding(Box::new(self.raise(place, print, grant_id, evaluated)))
    }

    /// The account whose end would end this grant for this person: the one it hangs from, or their own as its holder.
    fn parent(&self, place: Place<'_>, access: &Access, matched: &PersonMatch) -> ParentAccount {
        if !place.dies_with_account.contains(&access.kind) {
            return ParentAccount::Independent;
        }
        let acts = |holder: &&Holder| holder.relation.can_act();
        let own = matched.holder.and_then(|position| access.holders.get(position)).filter(acts);
        let parent = access.parent.as_ref().map(scan_contract::GrantId::as_str).or_else(|| {
            own.or_else(|| access.holders.iter().find(acts)).and_then(|holder| holder.provider_id.as_deref())
        });
        let Some(parent) = parent else { return ParentAccount::Independent };
        let hash = self.index.hash(ClaimKind::ProviderId, place.config.id.as_str(), parent);
        self.accounts
            .get(&crate::identity::Node(hash))
            .map_or(ParentAccount::NotSeen, |status| ParentAccount::Read(*status))
    }

    fn other_living_owner(&self, all: &AccessMatch, matched: &PersonMatch) -> Fact<bool> {
        let owns = |relations: &[Relation]| {
            relations.iter().any(|relation| matches!(relation, Relation::Owner | Relation::Approver))
        };
        let other = all.people.iter().any(|other| {
            let person = &self.people[other.person.0 as usize];
            other.person != matched.person
                && owns(&other.relations)
                && matches!(person.standing(self.now, self.leave), Standing::Employed { .. })
        });
        match (other, all.unknown_owner) {
            (true, _) => Fact::Known(true),
            (false, false) => Fact::Known(false),
            (false, true) => Fact::Hidden(String::from("one of its owners could not be told")),
        }
    }

    fn evaluate(&self, facts: &Facts<'_>, relations: &[Relation]) -> RuleAnswers {
        let mut answers = RuleAnswers::default();
        for relation in relations {
            let facts = Facts { relation: *relation, ..*facts };
            answers.looked |= self.rules.judges(facts.access.kind, *relation, facts.employment);
            for (index, outcome) in self.rules.evaluate(&facts) {
                let rule = self.rules.rule(index);
                match outcome {
                    Outcome::Hit => {
                        answers.hit(rule.weight, RuleHit { rule: Arc::clone(&rule.id), version: rule.version });
                    }
                    Outcome::Unknown(fact) => {
                        // A rule that only adds to others (a use after the end, a regrant) decides nothing by itself.
                        answers.cannot_tell |= !rule.additive;
                        answers.undecided.push(RuleUndecided { rule: Arc::clone(&rule.id), fact });
                    }
                    Outcome::Miss => {}
                }
            }
        }
        answers
    }

    fn raise(&self, place: Place<'_>, print: Fingerprint, grant_id: String, evaluated: Evaluated<'_>) -> Raised {
        let Evaluated { access, matched, ended, judged, used_after_end, last_used_at, other_owner, rules, cover } =
            evaluated;
        let person = &self.people[matched.person.0 as usize];
        let stint = ended.stint;
        let relation = matched.relations.first().copied().unwrap_or(Relation::Holder);
        let (severity, severity_reasons) = severity(Inputs {
            kind: access.kind,
            privilege: access.privilege,
            usability: judged.usability,
            used_after_end,
            role_tier: stint.role_tier,
            urgency: stint.urgency,
            informative: other_owner == Fact::Known(true) && only_answers_for(&matched.relations),
        });
        let due = self.policy.due(&PolicyInput {
            urgency: stint.urgency,
            role_tier: stint.role_tier,
            termination_type: stint.termination_type,
            employment_type: stint.employment_type,
            kind: access.kind,
            end_at: ended.end.at,
        });
        let is_due = due.at <= self.now || used_after_end == UsedAfterEnd::After;
        let settled_at = ended.end.latest + TimeDelta::from_std(place.config.settle_time).unwrap_or(TimeDelta::MAX);
        let suppressed = matches!(cover, Some(Cover::Active { .. })) && used_after_end != UsedAfterEnd::After;
        let (exception_id, exception_expires_at) = match cover {
            Some(Cover::Active { id, expires_at }) if suppressed => (Some(id), Some(expires_at)),
            Some(Cover::Lapsed { id, ended_at }) => (Some(id), Some(ended_at)),
            Some(Cover::Active { .. }) | None => (None, None),
        };
        let main = rules.hits.first().map_or_else(|| Arc::from(""), |(_, hit)| Arc::clone(&hit.rule));
        let main_rule = self.rules.named(&main).map(|(_, rule)| rule);
        let class = class(access.kind, judged.usability, used_after_end);
        let chain = matched.node.map_or_else(Vec::new, |node| self.graph.chain(node));
        let finding = Finding {
            fingerprint: print,
            state: FindingState::Observed,
            class,
            rule: main,
            rules: rules.hits.into_iter().map(|(_, hit)| hit).collect(),
            undecided: rules.undecided,
            severity,
            severity_reasons,
            // Whether the person left at all is presumed then: that weighs more than how well the grant was matched.
            confidence: if is_presumed(ended.end) { Confidence::Low } else { matched.confidence },
            person_id: person.id.clone(),
            stint: stint.number,
            role_tier: stint.role_tier,
            system: place.config.id.clone(),
            scope: access.scope.clone(),
            access_kind: access.kind,
            subtype: access.subtype,
            grant_id: grant_id.into(),
            grant_display: access.grant_display.clone(),
            target: access.target.clone(),
            relation,
            status: access.status,
            privilege: access.privilege,
            usability: judged.usability,
            access_end: ended.end.clone(),
            due_at: due.at,
            due: is_due,
            due_rule: due.rule,
            created_at: access.created_at.clone(),
            last_used_at,
            expires_at: access.expires_at.clone(),
            live_until: access.live_until,
            used_after_end,
            first_seen_at: self.now,
            last_seen_at: self.now,
            last_complete_read_at: None,
            exposure_seconds: (self.now - ended.end.at).num_seconds().max(0),
            matched: MatchFacts { method: matched.method.clone(), evidence: matched.evidence.clone(), chain },
            remediation: main_rule.map_or_else(String::new, |rule| remedy(&rule.remedy, access, stint)),
            controls: main_rule.map_or_else(Vec::new, |rule| rule.controls.clone()),
            exception_id,
            exception_expires_at,
            ticket: None,
            owner_team: place.config.owner_team.as_deref().map(Arc::from),
            managed_by: access.managed_by.clone(),
            notes: notes(access, ended, judged.notes),
            evidence: evidence(access),
            change: Change::New,
            revoked_between: None,
        };
        let confirms = is_due && place.as_of.is_some_and(|as_of| as_of > settled_at);
        let formerly = access.formerly.as_ref().map(|earlier| {
            fingerprint::fingerprint(person.id.as_str(), place.config.id.as_str(), access.kind, earlier.as_str())
        });
        let rehired_at = ended.rehired_at;
        Raised { finding, confirms, seen_twice: false, suppressed, also_in: BTreeSet::new(), formerly, rehired_at }
    }
}

struct Evaluated<'a> {
    access: &'a Access,
    matched: &'a PersonMatch,
    ended: &'a Ended<'a>,
    judged: Judged,
    used_after_end: UsedAfterEnd,
    last_used_at: Fact<scan_contract::Moment>,
    other_owner: Fact<bool>,
    rules: RuleAnswers,
    cover: Option<Cover>,
}

#[derive(Default)]
struct RuleAnswers {
    hits: Vec<(u32, RuleHit)>,
    undecided: Vec<RuleUndecided>,
    cannot_tell: bool,
    looked: bool,
}

impl RuleAnswers {
    /// Keeps the heaviest first; ties go to the first id.
    fn hit(&mut self, weight: u32, hit: RuleHit) {
        if self.hits.iter().any(|(_, known)| known.rule == hit.rule) {
            return;
        }
        self.hits.push((weight, hit));
        self.hits.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.rule.cmp(&right.1.rule)));
    }

    fn ids(&self) -> Vec<Arc<str>> {
        self.hits.iter().map(|(_, hit)| Arc::clone(&hit.rule)).collect()
    }

    fn nothing_held(self) -> Assessed {
        match self.undecided.first() {
            Some(first) if self.cannot_tell => {
                Assessed::Undecided { reason: format!("rule {} cannot be told: {}", first.rule, first.fact) }
            }
            Some(_) | None if self.looked => Assessed::Nothing,
            Some(_) | None => Assessed::NoRule,
        }
    }
}

/// The end that is judged, if there is one.
fn ended(person: &Person, now: Instant, leave: LeavePolicy) -> Option<Ended<'_>> {
    match person.standing(now, leave) {
        Standing::Left { stint, end } => Some(Ended { stint, end, view: EmploymentView::Left, rehired_at: None }),
        Standing::Employed { stint } => {
            let end = person.gap_before(stint)?;
            let earlier = person.stints.iter().find(|earlier| earlier.end.as_ref() == Some(end))?;
            Some(Ended { stint: earlier, end, view: EmploymentView::Rehired, rehired_at: Some(stint.start) })
        }
        // Since when a leave holds is not in the roster; such grants are told as undecided by the caller.
        Standing::Suspended { .. } | Standing::NotStarted | Standing::NotJudged { .. } => None,
    }
}

/// The grant id of a finding: sessions of one account and client are one.
pub fn grant_id(access: &Access) -> String {
    if access.kind != AccessKind::Session {
        return String::from(access.grant_id.as_str());
    }
    let account =
        access.parent.as_ref().map(scan_contract::GrantId::as_str).or_else(|| {
            access.holders.iter().find_map(|holder| holder.provider_id.as_deref().or(holder.login.as_deref()))
        });
    fingerprint::session_grant_id(account.unwrap_or(access.grant_id.as_str()), access.client.as_deref())
}

fn class(kind: AccessKind, usability: Usability, used: UsedAfterEnd) -> Class {
    if kind == AccessKind::License {
        Class::License
    } else if usability.is_remnant() && used != UsedAfterEnd::After {
        Class::Remnant
    } else {
        Class::Residual
    }
}

/// Whether somebody answers for a thing and no more: who could read it or made it may know what it opens.
fn only_answers_for(relations: &[Relation]) -> bool {
    !relations.is_empty() && relations.iter().all(|relation| matches!(relation, Relation::Owner | Relation::Approver))
}

fn is_presumed(end: &AccessEnd) -> bool {
    end.source == EndSource::PresumedFromAbsence
}

fn remedy(text: &str, access: &Access, stint: &Stint) -> String {
    // One paragraph: a finding is one line in logs, tables and cells.
    let mut remedy = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    if let Some(place) = &access.managed_by {
        remedy.extend([" Change it where it is managed (", place, "), or it will come back."]);
    }
    if stint.legal_hold {
        remedy.push_str(LEGAL_HOLD_REMARK);
    }
    remedy
}

fn notes(access: &Access, ended: &Ended<'_>, mut notes: Vec<String>) -> Vec<String> {
    if ended.end.zone_is_default {
        notes.push(format!("The zone {} is the source's default: the end is known only within a day.", ended.end.zone));
    }
    if is_presumed(ended.end) {
        notes.push(String::from(
            "That the person left is presumed: they are missing from a list of people in employment. A list that is cut \
             off looks the same.",
        ));
    }
    if let Some(until) = access.live_until {
        notes.push(format!("Can live until {} at the latest.", until.format("%Y-%m-%dT%H:%M:%SZ")));
    }
    notes
}

fn evidence(access: &Access) -> Vec<String> {
    let mut evidence = access.evidence.clone();
    if let Some(reason) = &access.privilege_reason {
        evidence.push(format!("privilege {}: {reason}", access.privilege));
    }
    if let Some(key) = &access.public_key {
        evidence.push(format!("public key {key}"));
    }
    evidence
}
