//! The roster that is in force: what the judgement reads.

use scan_contract::Instant;

use super::claims::Claims;
use super::disclosure;
use super::links::Links;
use super::model::{Claim, ClaimKind, Person, PersonIndex, ReviewedLink, RosterDigest, Stint};
use super::people::People;
use super::settings::BatchDisclosure;

/// People, what they are found by, and what may be told of them.
#[derive(Debug)]
pub struct Roster {
    /// Sorted by id.
    pub people: Vec<Person>,
    claims: Claims,
    links: Links,
    digest: RosterDigest,
    disclosures: Vec<BatchDisclosure>,
}

impl Roster {
    pub(super) fn new(people: People, links: Links, digest: RosterDigest, disclosures: Vec<BatchDisclosure>) -> Self {
        Self { people: people.sorted, claims: people.claims, links, digest, disclosures }
    }

    /// The person at a position.
    pub fn person(&self, index: PersonIndex) -> &Person {
        &self.people[index.0 as usize]
    }

    /// Where the person with this id stands.
    pub fn find(&self, id: &str) -> Option<PersonIndex> {
        let place = self.people.binary_search_by(|person| person.id.as_str().cmp(id)).ok()?;
        u32::try_from(place).ok().map(PersonIndex)
    }

    /// Hands out every identifier of every person: ids first, in order; then numbers, addresses and aliases.
    pub fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        for (place, person) in (0_u32..).zip(&self.people) {
            visit(Claim {
                person: PersonIndex(place),
                kind: ClaimKind::EmployeeNumber,
                system: None,
                value: person.id.as_str(),
                from: None,
                until: None,
                personal: false,
                primary: true,
            });
        }
        self.claims.visit(visit);
    }

    /// Reviewed links, in the order of their file.
    pub fn links(&self) -> &[ReviewedLink] {
        &self.links
    }

    /// Whether the batch of a stint may be named.
    pub fn batch_disclosed(&self, stint: &Stint, now: Instant) -> bool {
        disclosure::batch_disclosed(&self.disclosures, stint, now)
    }

    /// Digest of the files this roster was read from.
    pub fn digest(&self) -> &RosterDigest {
        &self.digest
    }
}
