//! The roster's claims, compact, for millions of probes.
//!
//! One entry is a keyed hash, a person and the facts of the claim, sixteen bytes in all; entries are sorted by hash
//! behind a directory on its leading bits, so that a probe touches two cache lines and several people for one
//! identifier stand side by side.

use std::collections::HashMap;

use scan_contract::Instant;

use super::{Domains, Keys};
use crate::normal;
use crate::roster::{Claim, ClaimKind, PersonIndex};

/// What is kept of a claim beside its hash and person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimFacts {
    /// What sort.
    pub kind: ClaimKind,
    /// First instant it belonged to the person.
    pub from: Option<Instant>,
    /// First instant it no longer did.
    pub until: Option<Instant>,
    /// Private: never printed.
    pub personal: bool,
    /// The `person_id` itself.
    pub primary: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    person: PersonIndex,
    facts: u32,
}

/// One answer to a probe.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// Whose.
    pub person: PersonIndex,
    /// The claim.
    pub facts: &'a ClaimFacts,
}

/// The index.
#[derive(Debug)]
pub struct Index {
    keys: Keys,
    domains: Domains,
    entries: Vec<Entry>,
    directory: Vec<u32>,
    shift: u32,
    facts: Vec<ClaimFacts>,
}

/// Collects claims; [`Builder::build`] sorts them.
#[derive(Debug)]
pub struct Builder {
    keys: Keys,
    domains: Domains,
    entries: Vec<Entry>,
    facts: Vec<ClaimFacts>,
    known_facts: HashMap<ClaimFacts, u32>,
}

impl Builder {
    /// Starts an index under `keys`.
    pub fn new(keys: Keys, domains: Domains) -> Self {
        Self { keys, domains, entries: Vec::new(), facts: Vec::new(), known_facts: HashMap::new() }
    }

    /// Makes room for exactly this many claims: a list of millions that doubles as it grows is twice as large.
    pub fn expect_claims(&mut self, claims: usize) {
        self.entries.reserve_exact(claims);
    }

    /// Adds one claim.
    pub fn add(&mut self, claim: Claim<'_>) {
        let facts = ClaimFacts {
            kind: claim.kind,
            from: claim.from,
            until: claim.until,
            personal: claim.personal,
            primary: claim.primary,
        };
        let position = *self.known_facts.entry(facts).or_insert_with(|| {
            self.facts.push(facts);
            u32::try_from(self.facts.len() - 1).unwrap_or(u32::MAX)
        });
        let hash = hash_of(&self.keys, &self.domains, claim.kind, claim.system.unwrap_or(""), claim.value);
        self.entries.push(Entry { hash, person: claim.person, facts: position });
    }

    /// Sorts and opens the index for probes.
    pub fn build(mut self) -> Index {
        self.entries.sort_unstable_by_key(|entry| (entry.hash, entry.person, entry.facts));
        self.entries.dedup_by_key(|entry| (entry.hash, entry.person, entry.facts));
        self.entries.shrink_to_fit();
        // About four entries for each slot of the directory.
        let bits = (usize::BITS - (self.entries.len() / 4).leading_zeros()).clamp(4, 24);
        let shift = 64 - bits;
        let mut directory = vec![0_u32; (1 << bits) + 1];
        for entry in &self.entries {
            directory[usize::try_from(entry.hash >> shift).unwrap_or(0) + 1] += 1;
        }
        for slot in 1..directory.len() {
            directory[slot] += directory[slot - 1];
        }
        Index { keys: self.keys, domains: self.domains, entries: self.entries, directory, shift, facts: self.facts }
    }
}

fn hash_of(keys: &Keys, domains: &Domains, kind: ClaimKind, system: &str, value: &str) -> u64 {
    match kind {
        ClaimKind::Email => keys.identifier(kind, "", &domains.canonical(value)),
        ClaimKind::Username => keys.identifier(kind, system, &normal::fold(value)),
        ClaimKind::ProviderId => keys.identifier(kind, system, &normal::nfc(value)),
        ClaimKind::EmployeeNumber | ClaimKind::SshFingerprint => keys.identifier(kind, "", &normal::nfc(value.trim())),
    }
}

impl Index {
    /// Hash of an identifier as the roster's claims are hashed.
    pub fn hash(&self, kind: ClaimKind, system: &str, value: &str) -> u64 {
        hash_of(&self.keys, &self.domains, kind, system, value)
    }

    /// Everybody who ever claimed the identifier behind `hash`.
    pub fn probe(&self, hash: u64) -> impl Iterator<Item = Probe<'_>> {
        self.slice(hash)
            .iter()
            .filter(move |entry| entry.hash == hash)
            .map(|entry| Probe { person: entry.person, facts: &self.facts[entry.facts as usize] })
    }

    /// The people behind `hash`, without the claims: the fast road.
    pub fn people(&self, hash: u64) -> impl Iterator<Item = PersonIndex> {
        self.slice(hash).iter().filter(move |entry| entry.hash == hash).map(|entry| entry.person)
    }

    fn slice(&self, hash: u64) -> &[Entry] {
        let slot = usize::try_from(hash >> self.shift).unwrap_or(0);
        &self.entries[self.directory[slot] as usize..self.directory[slot + 1] as usize]
    }

    /// The declared domains.
    pub fn domains(&self) -> &Domains {
        &self.domains
    }

    /// The key in use.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How many claims there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(person: u32, kind: ClaimKind, system: Option<&'static str>, value: &'static str) -> Claim<'static> {
        Claim {
            person: PersonIndex(person),
            kind,
            system,
            value,
            from: None,
            until: None,
            personal: false,
            primary: false,
        }
    }

    #[test]
    fn each_claim_is_found_and_no_other() {
        let mut builder = Builder::new(Keys::new([1; 16]), Domains::default());
        let values: Vec<String> = (0..5_000).map(|number| format!("p-{number}")).collect();
        for (number, value) in values.iter().enumerate() {
            let value: &'static str = Box::leak(value.clone().into_boxed_str());
            builder.add(claim(u32::try_from(number).expect("small"), ClaimKind::EmployeeNumber, None, value));
        }
        builder.add(claim(9, ClaimKind::Username, Some("crm"), "Ana"));
        builder.add(claim(10, ClaimKind::Username, Some("crm"), "ana"));
        let index = builder.build();
        for (number, value) in values.iter().enumerate() {
            let found: Vec<u32> =
                index.people(index.hash(ClaimKind::EmployeeNumber, "", value)).map(|person| person.0).collect();
            assert_eq!(found, vec![u32::try_from(number).expect("small")]);
        }
        let both: Vec<u32> =
            index.people(index.hash(ClaimKind::Username, "crm", "ANA")).map(|person| person.0).collect();
        assert_eq!(both, vec![9, 10], "two spellings of one login are one identifier of two people");
        assert_eq!(index.people(index.hash(ClaimKind::Username, "wiki", "ana")).count(), 0);
        assert_eq!(index.people(index.hash(ClaimKind::EmployeeNumber, "", "p-5001")).count(), 0);
    }

    #[test]
    fn an_empty_index_answers_nothing() {
        let index = Builder::new(Keys::new([1; 16]), Domains::default()).build();
        assert!(index.is_empty());
        assert_eq!(index.people(index.hash(ClaimKind::Email, "", "a@b.example")).count(), 0);
    }
}
