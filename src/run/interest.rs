//! Which people matter now: those whose grants need a closer look.

use scan_contract::Instant;

use crate::roster::{LeavePolicy, Person, PersonIndex, Standing};

/// Days before an end in which follow-up reads are already made.
pub const LEAVING_DAYS: i64 = 30;

/// One byte a person: whether a grant of theirs needs a closer look.
#[derive(Debug, Clone)]
pub struct Interest {
    matters: Vec<bool>,
}

impl Interest {
    /// Judges everybody at `now`.
    pub fn new(people: &[Person], now: Instant, leave: LeavePolicy) -> Self {
        Self { matters: people.iter().map(|person| matters(person, now, leave)).collect() }
    }

    /// Whether grants of this person need a closer look.
    pub fn matters(&self, person: PersonIndex) -> bool {
        self.matters.get(person.0 as usize).copied().unwrap_or(true)
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.matters.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.matters.is_empty()
    }
}

fn matters(person: &Person, now: Instant, leave: LeavePolicy) -> bool {
    match person.standing(now, leave) {
        Standing::Left { .. } | Standing::Suspended { .. } | Standing::NotJudged { .. } => true,
        Standing::NotStarted => false,
        // A rehire after a gap may hold credentials of the earlier stint; somebody who leaves soon is read in depth.
        Standing::Employed { stint } => person.gap_before(stint).is_some() || person.leaves_within(now, LEAVING_DAYS),
    }
}
