//! Evidence weighed: one person, several candidates, or nobody.

use std::collections::BTreeMap;

use scan_contract::Relation;

use super::evidence::{Evidence, Weight};
use super::resolve::{Ambiguity, PersonMatch};
use crate::findings::Confidence;
use crate::roster::PersonIndex;

/// What a pile of evidence comes to.
pub(super) enum Weighed {
    Person(Vec<Evidence>),
    Ambiguous(Ambiguity),
    Nobody,
}

/// One immutable identifier, or two agreeing attributes; anything less, or anything that disagrees, is ambiguous.
pub(super) fn weigh(evidence: Vec<Evidence>) -> Weighed {
    if evidence.is_empty() {
        return Weighed::Nobody;
    }
    let people_with = |wanted: fn(&Weight) -> bool| {
        let mut people: Vec<PersonIndex> =
            evidence.iter().filter(|one| wanted(&one.weight)).map(|one| one.person).collect();
        people.sort_unstable();
        people.dedup();
        people
    };
    let strong = people_with(|weight| matches!(weight, Weight::Strong(_)));
    let contested = people_with(|weight| matches!(weight, Weight::Contested));
    match strong.as_slice() {
        [person] if !contested.is_empty() && !contested.contains(person) => {
            return ambiguous(&evidence, "its identifiers lead to different people");
        }
        [person] => {
            let person = *person;
            return Weighed::Person(evidence.into_iter().filter(|one| one.person == person).collect());
        }
        [] => {}
        _ => return ambiguous(&evidence, "its identifiers lead to different people"),
    }
    if contested.len() > 1 {
        return ambiguous(
            &evidence,
            "the identifier was held by several people, and the time of the grant does not tell whose it is",
        );
    }
    let weak = people_with(|_| true);
    let agreeing: Vec<PersonIndex> = weak
        .into_iter()
        .filter(|person| {
            let mut methods: Vec<&str> =
                evidence.iter().filter(|one| one.person == *person).map(|one| one.method).collect();
            methods.sort_unstable();
            methods.dedup();
            methods.len() >= 2
        })
        .collect();
    if let [person] = agreeing.as_slice() {
        let person = *person;
        return Weighed::Person(evidence.into_iter().filter(|one| one.person == person).collect());
    }
    ambiguous(&evidence, "a single attribute is not enough to be certain")
}

fn ambiguous(evidence: &[Evidence], reason: &str) -> Weighed {
    Weighed::Ambiguous(Ambiguity::of(evidence.iter(), reason))
}

pub(super) fn person_match(evidence: Vec<Evidence>, relation: Relation, holder: Option<usize>) -> PersonMatch {
    let strongest = evidence
        .iter()
        .filter_map(|one| match one.weight {
            Weight::Strong(confidence) => Some((confidence, one)),
            Weight::Weak | Weight::Contested => None,
        })
        .min_by_key(|(confidence, _)| *confidence);
    let (confidence, method, node) = if let Some((confidence, one)) = strongest {
        (confidence, String::from(one.method), one.node)
    } else {
        let mut methods: Vec<&str> = evidence.iter().map(|one| one.method).collect();
        methods.dedup();
        (Confidence::Medium, methods.join("+"), None)
    };
    PersonMatch {
        person: evidence.first().map_or(PersonIndex(0), |one| one.person),
        relations: vec![relation],
        holder,
        holders: holder.into_iter().collect(),
        method,
        confidence,
        personal: evidence.iter().any(|one| one.personal),
        evidence: evidence.into_iter().map(|one| one.says).collect(),
        node,
        by_link: false,
    }
}

pub(super) fn merge(people: &mut BTreeMap<PersonIndex, PersonMatch>, found: PersonMatch) {
    let Some(known) = people.get_mut(&found.person) else {
        people.insert(found.person, found);
        return;
    };
    // Somebody who can act counts as that, whatever else they also are.
    let acts = |relations: &[Relation]| relations.iter().any(|relation| relation.can_act());
    if acts(&found.relations) && !acts(&known.relations) {
        known.holder = found.holder;
        known.relations.splice(0..0, found.relations);
    } else {
        known.relations.extend(found.relations);
    }
    known.relations.dedup();
    known.confidence = known.confidence.min(found.confidence);
    known.evidence.extend(found.evidence);
    known.personal |= found.personal;
    known.holders.extend(found.holders);
}
