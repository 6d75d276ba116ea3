//! The cases of a rule: planted facts with the outcome they must have. `rules test` runs them.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use scan_contract::{
    Access, AccessKind, Fact, GrantId, Instant, Moment, Privilege, Relation, ScopeName, Status, Subtype,
};

use super::model::{EmploymentView, Facts, Outcome};
use super::raw::{RawAccess, RawCase, RawEmployment, RawExpect, RawOther, RawPerson};
use super::ruleset::{Rule, RuleIndex, RuleSet};
use crate::findings::{Confidence, Usability, UsedAfterEnd};
use crate::problem::Place;
use crate::roster::{AccessEnd, EmploymentType, EndSource, Person, PersonId, RoleTier, Stint, Urgency};

/// What a case expects of its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It holds.
    Hit,
    /// It does not hold.
    Miss,
    /// It cannot be told.
    Unknown,
}

impl Expected {
    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Unknown => "unknown",
        }
    }
}

/// A planted case.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is planted, in words.
    pub name: Arc<str>,
    /// What the rule must answer.
    pub expected: Expected,
    /// For unknown: the fact that decides it.
    pub because: Option<Arc<str>>,
    /// Where the case stands in its file.
    pub place: Option<Place>,
    planted: Planted,
}

/// How a case went.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The rule.
    pub rule: RuleIndex,
    /// Name of the case.
    pub name: Arc<str>,
    /// Where it stands in the rule's file.
    pub place: Option<Place>,
    /// What was expected, in words.
    pub expected: String,
    /// What came out, in words.
    pub found: String,
    /// Whether they agree.
    pub passed: bool,
}

impl RuleSet {
    /// Runs every case of every rule, retired ones too.
    pub fn run_cases(&self) -> Vec<CaseResult> {
        self.iter()
            .flat_map(|(index, rule)| rule.cases.iter().map(move |case| self.run_case(index, rule, case)))
            .collect()
    }

    fn run_case(&self, index: RuleIndex, rule: &Rule, case: &Case) -> CaseResult {
        let outcome = self.outcome_of(rule, case);
        let agrees = match (&outcome, case.expected) {
            (Outcome::Hit, Expected::Hit) | (Outcome::Miss, Expected::Miss) => true,
            (Outcome::Unknown(fact), Expected::Unknown) => {
                case.because.as_ref().is_none_or(|because| **because == **fact)
            }
            _ => false,
        };
        let expected = match (&case.because, case.expected) {
            (Some(because), Expected::Unknown) => format!("unknown, for want of {because}"),
            (_, expected) => expected.as_str().to_owned(),
        };
        let found = match outcome {
            Outcome::Hit => "hit".to_owned(),
            Outcome::Miss => "miss".to_owned(),
            Outcome::Unknown(fact) => format!("unknown, for want of {fact}"),
        };
        CaseResult { rule: index, name: Arc::clone(&case.name), place: case.place, expected, found, passed: agrees }
    }

    fn outcome_of(&self, rule: &Rule, case: &Case) -> Outcome {
        let planted = &case.planted;
        let facts = planted.facts();
        let mut lists = self.lists().clone();
        for name in &planted.lists {
            let mut list = super::lists::List::default();
            list.add_grant(&planted.system, planted.access.grant_id.as_str());
            lists.put(name, list);
        }
        super::evaluate::evaluate_one(rule, &facts, &lists, self.env())
    }
}

/// Facts that own what [`Facts`] borrows.
#[derive(Debug, Clone)]
pub(super) struct Planted {
    pub(super) now: Instant,
    pub(super) person: Person,
    pub(super) employment: EmploymentView,
    pub(super) access_end_at: Instant,
    pub(super) rehired_at: Option<Instant>,
    pub(super) access: Access,
    pub(super) relation: Relation,
    pub(super) other_living_owner: Fact<bool>,
    pub(super) usability: Usability,
    pub(super) used_after_end: UsedAfterEnd,
    pub(super) confidence: Confidence,
    pub(super) method: String,
    pub(super) personal: bool,
    pub(super) system: String,
    pub(super) connector: String,
    pub(super) exception: Option<Arc<str>>,
    pub(super) lists: Vec<String>,
}

impl Planted {
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            now: self.now,
            person: &self.person,
            stint: &self.person.stints[0],
            employment: self.employment,
            access_end_at: self.access_end_at,
            rehired_at: self.rehired_at,
            access: &self.access,
            relation: self.relation,
            other_living_owner: &self.other_living_owner,
            usability: self.usability,
            used_after_end: self.used_after_end,
            confidence: self.confidence,
            match_method: &self.method,
            match_personal: self.personal,
            system: &self.system,
            connector: &self.connector,
            exception_lapsed: self.exception.as_ref(),
        }
    }
}

/// The facts of a case, for tests that change them.
#[cfg(test)]
pub(super) fn planted(case: &Case) -> Planted {
    case.planted.clone()
}

/// What a rule's cases start from.
pub(super) struct Plain {
    pub(super) kind: AccessKind,
    pub(super) relation: Relation,
    pub(super) employment: EmploymentView,
}

/// A mistake in a case: the step of the pointer below the case, and what is wrong.
pub(super) type Mistake = (String, String);

/// Builds a case; `place` is where it stands.
pub(super) fn build(raw: RawCase, plain: &Plain, place: Option<Place>) -> Result<Case, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let expected = Expected::from(raw.expect);
    if raw.because.is_some() && expected != Expected::Unknown {
        mistakes.push(("/because".to_owned(), "only an unknown outcome has a fact that decides it".to_owned()));
    }
    let mut read = Reader { mistakes };
    let given = raw.given;
    let now = read.instant("/given/now", given.now.as_deref()).unwrap_or_else(plain_now);
    let employment = given.person.employment.map_or(plain.employment, EmploymentView::from);
    let (stint, access_end_at) = read.stint(&given.person);
    let rehired_at = read.instant("/given/person/rehired_at", given.person.rehired_at.as_deref());
    let access = read.access(&given.access, plain);
    let planted = Planted {
        now,
        person: Person { id: PersonId::new("p-001"), stints: vec![stint], display_name: None, not_judged: None },
        employment,
        access_end_at,
        rehired_at,
        relation: read
            .word("/given/access/relation", given.access.relation.as_deref(), Relation::parse)
            .unwrap_or(plain.relation),
        other_living_owner: match given.access.other_living_owner {
            None | Some(RawOther::Hidden) => Fact::Hidden("the case says so".to_owned()),
            Some(RawOther::Yes) => Fact::Known(true),
            Some(RawOther::No) => Fact::Known(false),
            Some(RawOther::None) => Fact::None,
        },
        usability: read
            .word("/given/access/usability", given.access.usability.as_deref(), Usability::parse)
            .unwrap_or(Usability::UsableNow),
        used_after_end: read
            .word("/given/access/used_after_end", given.access.used_after_end.as_deref(), UsedAfterEnd::parse)
            .unwrap_or(UsedAfterEnd::NotKnown),
        confidence: read
            .word("/given/match/confidence", given.matched.confidence.as_deref(), Confidence::parse)
            .unwrap_or(Confidence::High),
        method: given.matched.method.unwrap_or_else(|| "employee_id".to_owned()),
        personal: given.matched.personal.unwrap_or(false),
        system: given.system.id.unwrap_or_else(|| "crm".to_owned()),
        connector: given.system.connector.unwrap_or_else(|| "import".to_owned()),
        exception: given.access.lapsed_exception.map(Arc::from),
        lists: given.lists,
        access,
    };
    if read.mistakes.is_empty() {
        Ok(Case { name: raw.name.into(), expected, because: raw.because.map(Arc::from), place, planted })
    } else {
        Err(read.mistakes)
    }
}

/// End of access of the plain case: 2026-07-31 at 22:00 UTC.
fn plain_end() -> Instant {
    NaiveDate::from_ymd_opt(2026, 7, 31).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc()
        + TimeDelta::hours(22)
}

/// The present of the plain case: 2026-08-03 at 06:00 UTC.
fn plain_now() -> Instant {
    plain_end() + TimeDelta::hours(56)
}

/// When the grant of the plain case was made: 2024-01-09.
fn plain_creation() -> Instant {
    plain_end() - TimeDelta::days(934)
}

struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn wrong(&mut self, at: &str, says: impl Into<String>) {
        self.mistakes.push((at.to_owned(), says.into()));
    }

    fn word<T>(&mut self, at: &str, text: Option<&str>, parse: fn(&str) -> Option<T>) -> Option<T> {
        let text = text?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.wrong(at, format!("unknown word {text:?}"));
        }
        parsed
    }

    fn instant(&mut self, at: &str, text: Option<&str>) -> Option<Instant> {
        let text = text?;
        match text.parse::<Instant>() {
            Ok(instant) => Some(instant),
            Err(error) => {
                self.wrong(at, format!("expected an instant such as 2026-07-31T22:00:00Z: {error}"));
                None
            }
        }
    }

    fn moment(&mut self, at: &str, text: Option<&str>, plain: Fact<Moment>) -> Fact<Moment> {
        match text {
            None => plain,
            Some("none") => Fact::None,
            Some("hidden") => Fact::not_given(),
            Some(text) => match text.parse::<NaiveDate>() {
                Ok(date) => Fact::Known(Moment::day(date)),
                Err(_) => self.instant(at, Some(text)).map_or(plain, |instant| Fact::Known(Moment::exact(instant))),
            },
        }
    }

    fn stint(&mut self, raw: &RawPerson) -> (Stint, Instant) {
        let hidden = raw.access_end_at.as_deref() == Some("hidden");
        let given = if hidden { None } else { raw.access_end_at.as_deref() };
        let at = self.instant("/given/person/access_end_at", given).unwrap_or_else(plain_end);
        let earliest =
            self.instant("/given/person/access_end_earliest", raw.access_end_earliest.as_deref()).unwrap_or(at);
        let latest = self.instant("/given/person/access_end_latest", raw.access_end_latest.as_deref()).unwrap_or(at);
        let end = AccessEnd {
            at,
            earliest,
            latest,
            source: EndSource::EndDate,
            zone: Arc::from("Europe/Berlin"),
            zone_is_default: earliest != latest,
            known_at: None,
        };
        let stint = Stint {
            number: 1,
            start: plain_creation(),
            end: (!hidden).then_some(end),
            employment_type: self
                .word("/given/person/employment_type", raw.employment_type.as_deref(), EmploymentType::parse)
                .unwrap_or(EmploymentType::Employee),
            status: None,
            termination_type: None,
            urgency: self
                .word("/given/person/urgency", raw.urgency.as_deref(), Urgency::parse)
                .unwrap_or(Urgency::Standard),
            role_tier: self.word("/given/person/role_tier", raw.role_tier.as_deref(), RoleTier::parse),
            batch: None,
            manager: None,
            department: None,
            legal_hold: raw.legal_hold.unwrap_or(false),
            source: Arc::from("case"),
        };
        (stint, at)
    }

    fn access(&mut self, raw: &RawAccess, plain: &Plain) -> Access {
        let kind = self.word("/given/access/kind", raw.kind.as_deref(), AccessKind::parse).unwrap_or(plain.kind);
        let status = self.word("/given/access/status", raw.status.as_deref(), Status::parse).unwrap_or(Status::Enabled);
        let id = raw.grant_id.clone().unwrap_or_else(|| "g-1".to_owned());
        let mut access = Access::new(ScopeName::from("cases"), kind, GrantId::from(id), status);
        access.privilege = self
            .word("/given/access/privilege", raw.privilege.as_deref(), Privilege::parse)
            .unwrap_or(Privilege::Write);
        access.subtype = self.word("/given/access/subtype", raw.subtype.as_deref(), Subtype::parse);
        access.grant_display.clone_from(&raw.grant_display);
        access.parent = raw.parent.as_deref().map(GrantId::from);
        access.target.clone_from(&raw.target);
        let made = Fact::Known(Moment::exact(plain_creation()));
        access.created_at = self.moment("/given/access/created_at", raw.created_at.as_deref(), made);
        access.last_used_at = self.moment("/given/access/last_used_at", raw.last_used_at.as_deref(), Fact::not_given());
        access.expires_at = self.moment("/given/access/expires_at", raw.expires_at.as_deref(), Fact::not_given());
        access.rotated_at = self.moment("/given/access/rotated_at", raw.rotated_at.as_deref(), Fact::not_given());
        access.cutoff_at = self.instant("/given/access/cutoff_at", raw.cutoff_at.as_deref());
        access.live_until = self.instant("/given/access/live_until", raw.live_until.as_deref());
        access
    }
}

impl From<RawEmployment> for EmploymentView {
    fn from(raw: RawEmployment) -> Self {
        match raw {
            RawEmployment::Left => Self::Left,
            RawEmployment::Rehired => Self::Rehired,
            RawEmployment::Suspended => Self::Suspended,
        }
    }
}

impl From<RawExpect> for Expected {
    fn from(raw: RawExpect) -> Self {
        match raw {
            RawExpect::Hit => Self::Hit,
            RawExpect::Miss => Self::Miss,
            RawExpect::Unknown => Self::Unknown,
        }
    }
}
