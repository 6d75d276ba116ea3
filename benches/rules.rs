//! How long judging one (grant, person) takes: `cargo bench --bench rules`.

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use holdover::findings::{Confidence, Usability, UsedAfterEnd};
use holdover::roster::{AccessEnd, EmploymentType, EndSource, Person, PersonId, Stint, Urgency};
use holdover::rules::{EmploymentView, Facts, RuleSet};
use scan_contract::{Access, AccessKind, Fact, GrantId, Instant, Moment, Relation, ScopeName, Status};

const ROUNDS: usize = 20_000;

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() {
    let Ok(rules) = RuleSet::embedded() else {
        println!("the catalogue does not load");
        return;
    };
    let end = "2026-07-31T22:00:00Z".parse::<Instant>().unwrap_or_default();
    let now = end + chrono::TimeDelta::hours(56);
    let person = person(end);
    let hidden = Fact::Hidden(String::new());
    println!("{:<34} {:>7} {:>14} {:>14}", "grant", "rules", "ns a grant", "ns a rule");
    for (kind, relation) in [
        (AccessKind::Account, Relation::Holder),
        (AccessKind::Session, Relation::Holder),
        (AccessKind::AccessKey, Relation::Holder),
        (AccessKind::ApiToken, Relation::Creator),
        (AccessKind::GroupMembership, Relation::Holder),
        (AccessKind::SharedSecret, Relation::Reader),
        (AccessKind::Ownership, Relation::Owner),
    ] {
        let mut access = Access::new(ScopeName::from("bench"), kind, GrantId::from("g-1"), Status::Enabled);
        access.created_at = Fact::Known(Moment::exact(end - chrono::TimeDelta::days(900)));
        access.rotated_at = Fact::None;
        let facts = facts(&person, &access, relation, &hidden, now, end);
        let (nanoseconds, found) = measure(&rules, &facts);
        let candidates = rules.candidates(kind, relation, EmploymentView::Left).len();
        let per_rule = nanoseconds / candidates.max(1) as f64;
        let name = format!("{kind} as {} ({found} found)", relation.as_str());
        println!("{name:<34} {candidates:>7} {nanoseconds:>14.0} {per_rule:>14.0}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn measure(rules: &RuleSet, facts: &Facts<'_>) -> (f64, usize) {
    let mut verdicts = Vec::new();
    let started = Stopwatch::now();
    for _ in 0..ROUNDS {
        rules.evaluate_into(std::hint::black_box(facts), &mut verdicts);
        std::hint::black_box(&verdicts);
    }
    (started.elapsed().as_nanos() as f64 / ROUNDS as f64, verdicts.len())
}

fn person(end: Instant) -> Person {
    let stint = Stint {
        number: 1,
        start: end - chrono::TimeDelta::days(1_000),
        end: Some(AccessEnd {
            at: end,
            earliest: end,
            latest: end,
            source: EndSource::AccessEndAt,
            zone: Arc::from("UTC"),
            zone_is_default: false,
            known_at: None,
        }),
        employment_type: EmploymentType::Employee,
        status: None,
        termination_type: None,
        urgency: Urgency::Standard,
        role_tier: None,
        batch: None,
        manager: None,
        department: None,
        legal_hold: false,
        source: Arc::from("bench"),
    };
    Person { id: PersonId::new("p-1"), stints: vec![stint], display_name: None, not_judged: None }
}

fn facts<'a>(
    person: &'a Person,
    access: &'a Access,
    relation: Relation,
    other_living_owner: &'a Fact<bool>,
    now: Instant,
    end: Instant,
) -> Facts<'a> {
    Facts {
        now,
        person,
        stint: &person.stints[0],
        employment: EmploymentView::Left,
        access_end_at: end,
        rehired_at: None,
        access,
        relation,
        other_living_owner,
        usability: Usability::UsableNow,
        used_after_end: UsedAfterEnd::Before,
        confidence: Confidence::High,
        match_method: "employee_id",
        match_personal: false,
        system: "bench",
        connector: "import",
        exception_lapsed: None,
    }
}
