mod checks;
mod cover;
mod files;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use scan_contract::{AccessKind, Instant, Privilege};

use crate::problem::Problem;
use crate::roster::RoleTier;
use crate::yaml::forms::instant;

use super::*;

const SEEN: &str = "ra1:d3fbedd447e69944f6506bc7b50c26c9";
const UNSEEN: &str = "ra1:00000000000000000000000000000000";

const GOOD: &str = "\
version: 1
exceptions:
  - id: EX-2026-0031
    type: transition
    scope:
      person_id: p-gone
      system: aws-prod
      access_kinds: [access_key]
      resource: user/payroll-export
    reason: The payroll export runs on this key until it is rotated.
    requested_by: p-boss
    approved_by: [p-lead]
    approved_at: 2026-07-31T10:00:00Z
    starts_at: 2026-07-31T22:00:00Z
    expires_at: 2026-08-07T00:00:00Z
    review: { owner: p-lead, next_at: 2026-08-04T09:00:00Z }
";

/// Employed until, batch, tier.
type Employee = (Option<Instant>, Option<&'static str>, Option<RoleTier>);

/// People by id.
#[derive(Default)]
struct Staff(BTreeMap<&'static str, Employee>);

impl People for Staff {
    fn exists(&self, person_id: &str) -> bool {
        self.0.contains_key(person_id)
    }

    fn employed_at(&self, person_id: &str, at: Instant) -> Employment {
        match self.0.get(person_id) {
            Some(_) if person_id == "p-odd" => Employment::NotKnown,
            Some((until, ..)) if until.is_none_or(|until| at < until) => Employment::Employed,
            _ => Employment::NotEmployed,
        }
    }

    fn left_at(&self, person_id: &str, now: Instant) -> Option<Instant> {
        self.0.get(person_id)?.0.filter(|until| *until <= now)
    }

    fn batch(&self, person_id: &str) -> Option<Arc<str>> {
        self.0.get(person_id)?.1.map(Arc::from)
    }

    fn tier(&self, person_id: &str) -> Option<RoleTier> {
        self.0.get(person_id)?.2
    }
}

fn at(text: &str) -> Instant {
    instant(text).unwrap()
}

fn now() -> Instant {
    at("2026-08-01T00:00:00Z")
}

fn staff() -> Staff {
    Staff(BTreeMap::from([
        ("p-gone", (Some(at("2026-07-31T22:00:00Z")), Some("wave-1"), None)),
        ("p-top", (Some(at("2026-07-31T22:00:00Z")), None, Some(RoleTier::Tier0))),
        ("p-boss", (None, None, None)),
        ("p-lead", (None, None, None)),
        ("p-other", (None, None, None)),
        ("p-odd", (None, None, None)),
        ("p-wave", (Some(at("2026-09-01T00:00:00Z")), Some("wave-1"), None)),
        ("p-early", (Some(at("2026-07-31T09:00:00Z")), None, None)),
        ("p-leaves", (Some(at("2026-08-01T12:00:00Z")), None, None)),
    ]))
}

fn judge_at(text: &str, staff: &Staff, now: Instant) -> Exceptions {
    ExceptionFile::read(Path::new("exceptions.yaml"), text).judge(&Surroundings {
        people: staff,
        system_tier: &|system| match system {
            "root" => Some(RoleTier::Tier0),
            "aws-prod" => Some(RoleTier::Tier1),
            "crm" => Some(RoleTier::Tier2),
            "wiki" => Some(RoleTier::Tier3),
            _ => None,
        },
        fingerprint_owner: &|fingerprint| (fingerprint == SEEN).then(|| ("p-gone".to_owned(), "aws-prod".to_owned())),
        now,
    })
}

fn judge(text: &str) -> Exceptions {
    judge_at(text, &staff(), now())
}

fn query() -> ExceptionQuery<'static> {
    ExceptionQuery {
        person_id: "p-gone",
        system: "aws-prod",
        kind: AccessKind::AccessKey,
        grant_id: "AKIA1",
        grant_display: Some("user/payroll-export"),
        privilege: Privilege::Write,
        target: None,
        fingerprint: SEEN,
        rules: &[],
    }
}

/// The one problem: line, column, key, message; and the entry suppresses nothing.
#[track_caller]
fn assert_invalid(text: &str, line: usize, column: usize, key: &str, says: &str) -> Problem {
    let exceptions = judge(text);
    let problems = exceptions.problems();
    let [problem] = problems.as_slice() else { panic!("not one problem: {problems:#?}") };
    let place = problem.place.unwrap();
    assert_eq!((place.line, place.column, problem.key.as_str(), problem.says.as_str()), (line, column, key, says));
    assert_eq!(exceptions.covering(&query(), now()), None);
    assert!(exceptions.has_invalid(now()));
    assert_eq!(exceptions.notices(now()).len(), 1);
    problem.clone()
}

#[track_caller]
fn assert_valid(text: &str) {
    let exceptions = judge(text);
    assert_eq!(exceptions.problems(), []);
    assert!(!exceptions.has_invalid(now()));
}

fn state_at(text: &str, now: Instant) -> ExceptionState {
    judge_at(text, &staff(), now).judged()[0].state_at(now)
}
