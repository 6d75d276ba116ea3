//! What is true: who works here, who left when, what exists. Changes move it; runs only look at it.

use std::collections::BTreeMap;

use holdover_kit::random::Random;
use scan_contract::Instant;

/// Somebody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    /// Last instant of employment; `None` works here.
    pub(crate) left_at: Option<Instant>,
    /// How often this person came back.
    pub(crate) came_back: u32,
}

/// Where a grant lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Accounts of the exported system.
    Account,
    /// Tokens of the exported system.
    Token,
    /// Users of the system that is asked itself.
    User,
    /// Keys of a user there, shown only when asked about that user.
    Key,
}

impl Place {
    pub(crate) const ALL: [Self; 4] = [Self::Account, Self::Token, Self::User, Self::Key];

    pub(crate) fn system(self) -> &'static str {
        match self {
            Self::Account | Self::Token => "crm",
            Self::User | Self::Key => "hub",
        }
    }

    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Account | Self::User => "account",
            Self::Token => "api_token",
            Self::Key => "access_key",
        }
    }
}

/// One way in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grant {
    pub(crate) place: Place,
    /// Number of the person who holds it.
    pub(crate) person: usize,
    pub(crate) enabled: bool,
}

/// The whole truth at one instant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Truth {
    pub(crate) now: Instant,
    pub(crate) people: Vec<Person>,
    /// By grant id, which is never used again.
    pub(crate) grants: BTreeMap<String, Grant>,
    next: u32,
}

/// Id of a person on the roster.
pub(crate) fn person_id(person: usize) -> String {
    format!("p-{person}")
}

/// The user of a person in the system that is asked itself.
pub(crate) fn user_id(person: usize) -> String {
    format!("u-{person}")
}

impl Truth {
    pub(crate) fn begin(random: &mut Random, now: Instant) -> Self {
        let mut truth = Self { now, people: Vec::new(), grants: BTreeMap::new(), next: 0 };
        for person in 0..16 {
            // Some left before anybody looked.
            let left_at = random.chance(20).then(|| now - chrono::TimeDelta::days(3));
            truth.people.push(Person { left_at, came_back: 0 });
            for place in Place::ALL {
                if random.chance(60) || place == Place::User {
                    truth.make(place, person);
                }
            }
        }
        truth
    }

    fn make(&mut self, place: Place, person: usize) {
        self.next += 1;
        let id = match place {
            // A user is called after the person, so that a key can be asked for.
            Place::User => user_id(person),
            Place::Account | Place::Token | Place::Key => format!("{}-{}", place.kind(), self.next),
        };
        self.grants.entry(id).or_insert(Grant { place, person, enabled: true });
    }

    pub(crate) fn has_left(&self, person: usize) -> bool {
        self.people[person].left_at.is_some_and(|at| at <= self.now)
    }

    /// Somebody does something, or nothing happens.
    pub(crate) fn change(&mut self, random: &mut Random) {
        let person = random.position(self.people.len());
        match random.below(10) {
            0 | 1 => self.leave(person),
            2 if random.chance(40) => self.come_back(person),
            3 => {
                let place = *random.pick(&[Place::Account, Place::Token, Place::Key]);
                self.make(place, person);
            }
            4..=6 => self.revoke(random),
            7 => self.switch(random),
            _ => {}
        }
    }

    fn leave(&mut self, person: usize) {
        // Few at a time: many at once is a surge, which has tests of its own.
        let gone = self.people.iter().filter(|person| person.left_at.is_some()).count();
        if self.people[person].left_at.is_none() && gone < 8 {
            self.people[person].left_at = Some(self.now);
        }
    }

    fn come_back(&mut self, person: usize) {
        if self.people[person].left_at.take().is_some() {
            self.people[person].came_back += 1;
        }
    }

    /// Off-boarding goes on: something of a leaver is taken away.
    pub(crate) fn revoke(&mut self, random: &mut Random) {
        let leavers: Vec<String> =
            self.grants.iter().filter(|(_, grant)| self.has_left(grant.person)).map(|(id, _)| id.clone()).collect();
        if !leavers.is_empty() {
            self.grants.remove(random.pick(&leavers));
        }
    }

    fn switch(&mut self, random: &mut Random) {
        let ids: Vec<String> = self.grants.keys().cloned().collect();
        if let Some(grant) = ids.get(random.position(ids.len())).and_then(|id| self.grants.get_mut(id)) {
            grant.enabled = !grant.enabled;
        }
    }
}
