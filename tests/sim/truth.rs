//! What is true: who works here, who left when, what exists. Changes move it; runs only look at it.

use std::collections::{BTreeMap, BTreeSet};

use holdover_kit::random::Random;
use scan_contract::Instant;

/// People who hold something. The others are there so that gates about shares have something to count.
pub(crate) const CAST: usize = 16;
/// Everybody on the roster.
const PEOPLE: usize = CAST + 54;

/// Somebody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    /// Last instant of employment; `None` works here.
    pub(crate) left_at: Option<Instant>,
    /// How often the names and logins of this person changed.
    pub(crate) renamed: u32,
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
    /// Users of the Okta organisation.
    Login,
    /// Assignments to an application there: of no use while the user is suspended.
    Seat,
    /// API tokens there: of no use while the user is suspended.
    ApiToken,
    /// Consents of a user there, shown only when asked about that user; they outlive a suspension.
    Consent,
}

impl Place {
    pub(crate) const ALL: [Self; 8] =
        [Self::Account, Self::Token, Self::User, Self::Key, Self::Login, Self::Seat, Self::ApiToken, Self::Consent];

    pub(crate) fn system(self) -> &'static str {
        match self {
            Self::Account | Self::Token => "crm",
            Self::User | Self::Key => "hub",
            Self::Login | Self::Seat | Self::ApiToken | Self::Consent => "okta",
        }
    }

    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Account | Self::User | Self::Login => "account",
            Self::Token | Self::ApiToken => "api_token",
            Self::Key => "access_key",
            Self::Seat => "role_binding",
            Self::Consent => "oauth_grant",
        }
    }

    /// The place of a finding; `None` for what the truth says nothing about (sessions).
    pub(crate) fn of(system: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.system() == system && place.kind() == kind)
    }

    /// The list by which the holder of a grant is known, where it is not its own.
    pub(crate) fn parents(self) -> Option<Self> {
        match self {
            Self::Account | Self::Token | Self::User | Self::Login => None,
            Self::Key => Some(Self::User),
            Self::Seat | Self::ApiToken | Self::Consent => Some(Self::Login),
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
    /// By grant id.
    pub(crate) grants: BTreeMap<String, Grant>,
    /// People at the end of the roster whose rows are gone by now.
    pub(crate) shrunk: usize,
    /// Whether the roster loses a few rows every day.
    pub(crate) shrinks: bool,
    /// Leavers whose rows are gone today.
    pub(crate) vanished: BTreeSet<usize>,
    /// Grants that were handed to a colleague, and which of these somebody reviewed.
    pub(crate) handed_over: BTreeMap<String, bool>,
    next: u32,
}

/// Id of a person on the roster.
pub(crate) fn person_id(person: usize) -> String {
    if person < CAST { format!("p-{person}") } else { format!("p-{}", 100 + person - CAST) }
}

/// The user of a person in the system that is asked itself.
pub(crate) fn user_id(person: usize) -> String {
    format!("u-{person}")
}

/// The user of a person in the Okta organisation.
pub(crate) fn login_id(person: usize) -> String {
    format!("00u{person:017}")
}

impl Truth {
    pub(crate) fn begin(random: &mut Random, now: Instant) -> Self {
        let mut truth = Self {
            now,
            people: Vec::new(),
            grants: BTreeMap::new(),
            shrunk: 0,
            shrinks: random.chance(8),
            vanished: BTreeSet::new(),
            handed_over: BTreeMap::new(),
            next: 0,
        };
        for person in 0..PEOPLE {
            // Some left before anybody looked.
            let left = person < CAST && random.chance(20);
            truth.people.push(Person { left_at: left.then(|| now - chrono::TimeDelta::days(3)), renamed: 0 });
        }
        for person in 0..CAST {
            for place in Place::ALL {
                if random.chance(60) || matches!(place, Place::User | Place::Login) {
                    truth.make(place, person);
                }
            }
        }
        truth
    }

    fn make(&mut self, place: Place, person: usize) {
        self.next += 1;
        let next = self.next;
        let id = match place {
            // A user is called after the person, so that a key can be asked for.
            Place::User => user_id(person),
            Place::Login => login_id(person),
            Place::Seat => format!("0oacrm0000000000000{}/{}", next % 3, login_id(person)),
            Place::ApiToken => format!("00T{next:017}"),
            Place::Consent => format!("oag{next:017}"),
            Place::Account | Place::Token | Place::Key => format!("{}-{next}", place.kind()),
        };
        self.grants.entry(id).or_insert(Grant { place, person, enabled: true });
    }

    pub(crate) fn has_left(&self, person: usize) -> bool {
        self.people[person].left_at.is_some_and(|at| at <= self.now)
    }

    /// Whether a grant is there: what hangs from a user goes with it.
    pub(crate) fn exists(&self, grant: &Grant) -> bool {
        match grant.place {
            Place::Key => self.grants.contains_key(&user_id(grant.person)),
            Place::Seat | Place::ApiToken | Place::Consent => self.grants.contains_key(&login_id(grant.person)),
            Place::Account | Place::Token | Place::User | Place::Login => true,
        }
    }

    /// Whether a grant that is there can be used.
    pub(crate) fn is_usable(&self, grant: &Grant) -> bool {
        let by_user = matches!(grant.place, Place::Seat | Place::ApiToken);
        grant.enabled && (!by_user || self.grants.get(&login_id(grant.person)).is_some_and(|user| user.enabled))
    }

    /// Whether somebody looked at a grant that was handed over, and said that it is another person's now.
    pub(crate) fn is_reviewed_as_anothers(&self, id: &str, person: usize) -> bool {
        let reviewed = self.handed_over.get(id) == Some(&true);
        reviewed && self.grants.get(id).is_some_and(|grant| grant.person != person)
    }

    /// Whether the roster file has the row of a person.
    pub(crate) fn is_listed(&self, person: usize) -> bool {
        person < self.people.len() - self.shrunk && !self.vanished.contains(&person)
    }

    /// Somebody does something, or nothing happens.
    pub(crate) fn change(&mut self, random: &mut Random) {
        if self.shrinks && self.shrunk < 20 {
            self.shrunk += 1;
        }
        let person = random.position(CAST);
        match random.below(14) {
            0 | 1 => self.leave(person),
            2 if random.chance(40) => self.come_back(person),
            3 => {
                let places = [Place::Account, Place::Token, Place::Key, Place::Seat, Place::ApiToken, Place::Consent];
                self.make(*random.pick(&places), person);
            }
            4..=6 => self.revoke(random),
            7 => self.switch(random),
            8 => self.people[person].renamed += 1,
            9 => self.hand_over(random),
            10 if random.chance(15) => self.clean_up(random),
            11 if random.chance(12) => self.leave_in_numbers(),
            _ => {}
        }
    }

    fn leave(&mut self, person: usize) {
        // Few at a time: many at once is a surge.
        let gone = self.people[..CAST].iter().filter(|person| person.left_at.is_some()).count();
        if self.people[person].left_at.is_none() && gone < 8 {
            self.people[person].left_at = Some(self.now);
        }
    }

    fn come_back(&mut self, person: usize) {
        self.people[person].left_at = None;
    }

    /// A layoff that nobody announced: more people than a day usually loses.
    fn leave_in_numbers(&mut self) {
        let now = self.now;
        let holders = 8..CAST - 2;
        // The first of the others approve exceptions, the last may be missing from a shrinking roster.
        let others = CAST + 10..CAST + 22;
        for person in holders.chain(others) {
            self.people[person].left_at.get_or_insert(now);
        }
    }

    /// Off-boarding goes on: something of a leaver is taken away.
    fn revoke(&mut self, random: &mut Random) {
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

    /// An account of a leaver is given to a colleague.
    fn hand_over(&mut self, random: &mut Random) {
        let of_leavers: Vec<String> = self
            .grants
            .iter()
            .filter(|(_, grant)| matches!(grant.place, Place::Account | Place::Token) && self.has_left(grant.person))
            .map(|(id, _)| id.clone())
            .collect();
        let colleagues: Vec<usize> = (0..CAST).filter(|person| self.people[*person].left_at.is_none()).collect();
        if of_leavers.is_empty() || colleagues.is_empty() {
            return;
        }
        let id = random.pick(&of_leavers).clone();
        let colleague = *random.pick(&colleagues);
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.person = colleague;
            self.handed_over.entry(id).or_insert(false);
        }
    }

    /// Many accounts are removed at once, whosever they are: true, and suspicious all the same.
    fn clean_up(&mut self, random: &mut Random) {
        let accounts: Vec<String> =
            self.grants.iter().filter(|(_, grant)| grant.place == Place::Account).map(|(id, _)| id.clone()).collect();
        let keep = random.position(3);
        for id in accounts.iter().skip(keep) {
            self.grants.remove(id);
        }
    }
}
