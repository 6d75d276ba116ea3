//! People as other rooms ask for them, by id.

use std::sync::Arc;

use scan_contract::Instant;

use crate::exceptions::{Employment, People};
use crate::roster::{LeavePolicy, Person, RoleTier, Standing, Stint};

/// Looks people up in the roster in force.
#[derive(Debug, Clone, Copy)]
pub struct Directory<'a> {
    people: &'a [Person],
    leave: LeavePolicy,
}

impl<'a> Directory<'a> {
    /// People sorted by id.
    pub fn new(people: &'a [Person], leave: LeavePolicy) -> Self {
        Self { people, leave }
    }

    /// The person of that id.
    pub fn find(&self, id: &str) -> Option<&'a Person> {
        match self.people.binary_search_by(|person| person.id.as_str().cmp(id)) {
            Ok(position) => self.people.get(position),
            Err(_) => None,
        }
    }

    /// Whether the roster says, with a date, that the person is employed at `now`.
    pub fn is_employed(&self, id: &str, now: Instant) -> bool {
        self.find(id).is_some_and(|person| matches!(person.standing(now, self.leave), Standing::Employed { .. }))
    }

    fn last_stint(&self, id: &str) -> Option<&'a Stint> {
        self.find(id).and_then(|person| person.stints.last())
    }
}

impl People for Directory<'_> {
    fn exists(&self, person_id: &str) -> bool {
        self.find(person_id).is_some()
    }

    fn employed_at(&self, person_id: &str, at: Instant) -> Employment {
        let Some(person) = self.find(person_id) else { return Employment::NotKnown };
        if person.not_judged.is_some() {
            return Employment::NotKnown;
        }
        let employed =
            person.stints.iter().any(|stint| stint.start <= at && stint.end.as_ref().is_none_or(|end| end.at > at));
        if employed { Employment::Employed } else { Employment::NotEmployed }
    }

    fn left_at(&self, person_id: &str, now: Instant) -> Option<Instant> {
        match self.find(person_id)?.standing(now, self.leave) {
            Standing::Left { end, .. } => Some(end.at),
            Standing::NotStarted
            | Standing::Employed { .. }
            | Standing::Suspended { .. }
            | Standing::NotJudged { .. } => None,
        }
    }

    fn batch(&self, person_id: &str) -> Option<Arc<str>> {
        self.last_stint(person_id).and_then(|stint| stint.batch.clone())
    }

    fn tier(&self, person_id: &str) -> Option<RoleTier> {
        self.last_stint(person_id).and_then(|stint| stint.role_tier)
    }
}
