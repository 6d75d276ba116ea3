//! Hiding a fact never turns one certain answer into the other: not known is never read as "no".

use std::sync::LazyLock;

use proptest::prelude::*;
use scan_contract::{AccessKind, Fact, Instant, Moment, Relation};

use super::cases::{Plain, Planted, build, planted};
use super::facts::id_names_the_key;
use super::raw::{RawCase, RawExpect, RawGiven};
use super::{EmploymentView, Outcome, RuleSet};
use crate::findings::UsedAfterEnd;
use crate::roster::AccessEnd;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::embedded().expect("the catalogue loads"));

fn plain() -> Planted {
    let raw = RawCase { name: String::new(), given: RawGiven::default(), expect: RawExpect::Hit, because: None };
    let plain = Plain { kind: AccessKind::Account, relation: Relation::Holder, employment: EmploymentView::Left };
    planted(&build(raw, &plain, None).expect("the plain case"))
}

fn instant(hours_after_end: i64) -> Instant {
    "2026-07-31T22:00:00Z".parse::<Instant>().expect("an instant") + chrono::TimeDelta::hours(hours_after_end)
}

fn time() -> impl Strategy<Value = Fact<Moment>> {
    prop_oneof![
        Just(Fact::None),
        Just(Fact::not_given()),
        (-72_i64..72, prop_oneof![Just(0_u32), Just(86_400), 1_u32..200_000])
            .prop_map(|(hours, precision)| Fact::Known(Moment::within(instant(hours), precision))),
    ]
}

fn flag() -> impl Strategy<Value = Fact<bool>> {
    prop_oneof![Just(Fact::None), Just(Fact::not_given()), any::<bool>().prop_map(Fact::Known)]
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    (0..values.len()).prop_map(move |index| values[index])
}

const EMPLOYMENTS: &[EmploymentView] = &[EmploymentView::Left, EmploymentView::Rehired, EmploymentView::Suspended];

prop_compose! {
    fn world()(
        kind in one_of(AccessKind::ALL),
        relation in one_of(&Relation::ALL),
        employment in one_of(EMPLOYMENTS),
        privilege in one_of(scan_contract::Privilege::ALL),
        status in one_of(scan_contract::Status::ALL),
        subtype in prop::option::of(one_of(scan_contract::Subtype::ALL)),
        used in one_of(UsedAfterEnd::ALL),
        usability in one_of(crate::findings::Usability::ALL),
        times in [time(), time(), time(), time()],
        owner in flag(),
        cutoff in prop::option::of(-72_i64..72),
        live in prop::option::of(-72_i64..72),
        width in prop_oneof![Just(0_i64), 1_i64..14],
        back in 1_i64..56,
        personal in any::<bool>(),
    ) -> Planted {
        let mut planted = plain();
        planted.employment = employment;
        planted.relation = relation;
        planted.usability = usability;
        planted.used_after_end = used;
        planted.other_living_owner = owner;
        planted.personal = personal;
        planted.rehired_at = (employment == EmploymentView::Rehired).then(|| instant(back));
        if let Some(end) = planted.person.stints[0].end.as_mut() {
            *end = AccessEnd { earliest: instant(-width), latest: instant(width), ..end.clone() };
        }
        let [created, used_at, expires, rotated] = times;
        let access = &mut planted.access;
        access.kind = kind;
        access.privilege = privilege;
        access.status = status;
        access.subtype = subtype;
        access.created_at = created;
        access.last_used_at = used_at;
        access.expires_at = expires;
        access.rotated_at = rotated;
        access.cutoff_at = cutoff.map(instant);
        access.live_until = live.map(instant);
        planted
    }
}

/// Withholds a fact.
type Hide = fn(&mut Planted);

/// Each fact that a source can withhold, withheld.
const HIDE: [(&str, Hide); 7] = [
    ("created_at", |planted| planted.access.created_at = Fact::not_given()),
    ("expires_at", |planted| planted.access.expires_at = Fact::not_given()),
    ("rotated_at", |planted| planted.access.rotated_at = Fact::not_given()),
    ("other_living_owner", |planted| planted.other_living_owner = Fact::not_given()),
    ("privilege", |planted| planted.access.privilege = scan_contract::Privilege::Unknown),
    ("used_after_end", |planted| planted.used_after_end = UsedAfterEnd::NotKnown),
    ("access_end_at", |planted| planted.person.stints[0].end = None),
];

fn answers(planted: &Planted) -> Vec<Outcome> {
    RULES
        .iter()
        .map(|(_, rule)| super::evaluate::evaluate_one(rule, &planted.facts(), RULES.lists(), RULES.env()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_hidden_fact_makes_an_answer_unknown_or_leaves_it(world in world()) {
        let before = answers(&world);
        for (name, hide) in HIDE {
            let mut hidden = world.clone();
            hide(&mut hidden);
            let after = answers(&hidden);
            for (((_, rule), before), after) in RULES.iter().zip(&before).zip(&after) {
                let unchanged = before == after || matches!(after, Outcome::Unknown(_));
                // The end that is not known either narrows the choice of the fact that is named, not the answer.
                let still_unknown = matches!((before, after), (Outcome::Unknown(_), Outcome::Unknown(_)));
                // Taken as the worst of what it may be, by design: an unknown privilege grants, a key whose id is its
                // own is dated by its creation, what was replaced or never replaced is not dated by its creation, and a line of sessions without a beginning is as old as the cut-off.
                let by_design = match name {
                    "privilege" => &*rule.id == "group-membership-granting" && *after == Outcome::Hit,
                    "rotated_at" => id_names_the_key(world.access.kind) && *after == Outcome::Hit,
                    "created_at" => {
                        (world.access.cutoff_at.is_some() && &*rule.id == "session-active")
                            || (!world.access.rotated_at.is_hidden() && *after == Outcome::Hit)
                    }
                    _ => false,
                };
                prop_assert!(
                    unchanged || still_unknown || by_design,
                    "{}: hiding {} turned {:?} into {:?}", rule.id, name, before, after
                );
            }
        }
    }

    #[test]
    fn what_is_evaluated_for_a_grant_is_what_each_rule_answers_alone(world in world()) {
        let together = RULES.evaluate(&world.facts());
        for ((index, rule), alone) in RULES.iter().zip(answers(&world)) {
            let found = together.iter().find(|(found, _)| *found == index).map(|(_, outcome)| outcome.clone());
            prop_assert_eq!(found.unwrap_or(Outcome::Miss), alone, "{}", rule.id);
        }
        let weights: Vec<u32> = together.iter().map(|(index, _)| RULES.rule(*index).weight).collect();
        prop_assert!(weights.is_sorted_by(|left, right| left >= right));
    }

    #[test]
    fn no_answer_tells_of_a_failure(world in world()) {
        for outcome in answers(&world) {
            if let Outcome::Unknown(fact) = outcome {
                prop_assert!(super::fields::FIELDS.iter().any(|field| field.path == fact), "{}", fact);
            }
        }
    }
}

#[test]
fn every_field_of_the_language_is_answered_by_real_facts() {
    use super::facts::{Answer, Answers, View};
    use super::fields::{FIELDS, Holds};
    let planted = plain();
    let facts = planted.facts();
    let view = View { facts: &facts, lists: RULES.lists() };
    for field in FIELDS {
        let answer = view.answer(field.root, field.name);
        let fits = match (answer, field.holds) {
            (Answer::Bool(_), Holds::Bool)
            | (Answer::Int(_), Holds::Int)
            | (Answer::Text(_), Holds::Text)
            | (Answer::Time(_), Holds::Time(_)) => true,
            (Answer::Text(word), Holds::Word(words)) => words().contains(&word),
            (Answer::Absent, _) => field.absent,
            (Answer::Hidden(_), _) => field.hidden,
            _ => false,
        };
        assert!(fits, "{}: {answer:?}", field.path);
    }
}
