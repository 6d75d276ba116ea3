//! Puts rows and aliases together into people, sorted by id.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use scan_contract::Instant;
use sha2::{Digest, Sha256};

use super::claims::{ClaimAt, Claims, NewClaim, Window};
use super::mapping::{Record, Rejected};
use super::merge::{self, Conflict, Row, RowNote};
use super::model::{ClaimKind, Person, PersonId, PersonIndex};
use super::past::KeptClaim;
use super::settings::{Authority, SourceSettings};
use super::stints::{self, Interner, Surroundings};
use super::zones::ZoneCache;
use crate::normal;

/// A hash of a text in the form in which it is compared; 0 only for no text.
pub(super) fn folded_hash(text: Option<&str>) -> u64 {
    let Some(text) = text else { return 0 };
    let digest = Sha256::digest(normal::fold(text).as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first).max(1)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half of a hash is a hash")]
fn short_hash(text: Option<&str>) -> u32 {
    match folded_hash(text) {
        0 => 0,
        hash => (hash as u32).max(1),
    }
}

/// One number for a person and an address of theirs.
fn bound_key(person: u32, address: u64) -> u64 {
    address ^ u64::from(person).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// What the next roster compares a person with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PersonNote {
    /// Latest change the source tells of.
    pub(super) updated_at: Option<Instant>,
    /// See [`RowNote::names`], of the last stint.
    pub(super) names: [u32; 3],
    /// See [`RowNote::address`], of the last stint.
    pub(super) address: u64,
    /// Whether a row of this person could not be read.
    pub(super) unreadable: bool,
}

/// A conflict and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PersonConflict {
    pub(super) person: PersonId,
    pub(super) conflict: Conflict,
}

/// Everything that was put together.
#[derive(Debug)]
pub(super) struct People {
    /// Sorted by id.
    pub(super) sorted: Vec<Person>,
    /// In the same order.
    pub(super) notes: Vec<PersonNote>,
    pub(super) claims: Claims,
    pub(super) conflicts: Vec<PersonConflict>,
    /// Aliases of people who stand in no source.
    pub(super) stray_aliases: u64,
}

/// A person as the accepted roster knew them, put beside or in place of what the files say now.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) person: Person,
    pub(super) note: PersonNote,
    pub(super) claims: Vec<KeptClaim>,
    /// Whose place it takes.
    pub(super) replaces: Option<PersonIndex>,
}

impl People {
    /// Where a person stands.
    pub(super) fn index(&self, id: &str) -> Option<PersonIndex> {
        let place = self.sorted.binary_search_by(|person| person.id.as_str().cmp(id)).ok()?;
        u32::try_from(place).ok().map(PersonIndex)
    }

    /// A person by id.
    pub(super) fn find(&self, id: &str) -> Option<&Person> {
        self.index(id).map(|index| &self.sorted[index.0 as usize])
    }

    /// Puts people back and sorts anew. Claims that are there already are not repeated.
    pub(super) fn restore(&mut self, restored: Vec<Restored>) {
        if restored.is_empty() {
            return;
        }
        let replaced: BTreeSet<u32> = restored.iter().filter_map(|one| one.replaces).map(|index| index.0).collect();
        let mut there: BTreeSet<(u32, ClaimKind, Option<String>, String)> = BTreeSet::new();
        self.claims.visit(&mut |claim| {
            if replaced.contains(&claim.person.0) {
                let system = claim.system.map(str::to_owned);
                there.insert((claim.person.0, claim.kind, system, claim.value.to_owned()));
            }
        });
        for one in restored {
            let place = if let Some(index) = one.replaces {
                self.sorted[index.0 as usize] = one.person;
                self.notes[index.0 as usize] = one.note;
                index.0
            } else {
                let Ok(place) = u32::try_from(self.sorted.len()) else { continue };
                self.sorted.push(one.person);
                self.notes.push(one.note);
                place
            };
            for claim in one.claims {
                let key = (place, claim.kind, claim.system.clone(), claim.value.clone());
                if !there.contains(&key) {
                    let (window, system) = (claim.window(), claim.system.as_deref());
                    let (kind, value, personal) = (claim.kind, claim.value.as_str(), claim.personal);
                    self.claims.add(NewClaim { person: place, kind, system, value, window, personal });
                }
            }
        }
        let mut order: Vec<usize> = (0..self.sorted.len()).collect();
        order.sort_by(|left, right| self.sorted[*left].id.cmp(&self.sorted[*right].id));
        let mut places: Vec<Option<PersonIndex>> = vec![None; order.len()];
        for (place, number) in order.iter().enumerate() {
            places[*number] = u32::try_from(place).ok().map(PersonIndex);
        }
        let mut sorted: Vec<(Person, PersonNote)> =
            std::mem::take(&mut self.sorted).into_iter().zip(std::mem::take(&mut self.notes)).collect();
        sorted.sort_by(|left, right| left.0.id.cmp(&right.0.id));
        (self.sorted, self.notes) = sorted.into_iter().unzip();
        self.claims.renumber(&places);
    }
}

/// Something wrong with a row of a directory.
enum Doubt {
    Unreadable,
    Contradiction(Conflict),
}

/// Collects rows in any order.
pub(super) struct Builder {
    now: Instant,
    ids: HashMap<Arc<str>, u32>,
    people: Vec<Person>,
    /// Whose row, and what is known of it; in the order in which the stints were pushed.
    notes: Vec<(u32, RowNote)>,
    unreadable: BTreeSet<u32>,
    /// What is wrong with rows of directories: it keeps nobody from being judged whom HR knows.
    doubts: Vec<(u32, Doubt)>,
    claims: Claims,
    /// Number of the person that was asked for last.
    last: u32,
    conflicts: Vec<(u32, Conflict)>,
    /// Address aliases with a window: they bound the work address of their person.
    bounded: Vec<u64>,
    pub(super) texts: Interner,
    pub(super) zones: ZoneCache,
    /// Ids of people in one source that are other people's rows in another: (source, id there) to id here.
    pub(super) same_as: BTreeMap<(String, String), String>,
    /// Only these people, where only they are wanted.
    only: Option<BTreeSet<String>>,
}

impl Builder {
    pub(super) fn new(now: Instant, only: Option<BTreeSet<String>>) -> Self {
        Self {
            now,
            ids: HashMap::new(),
            people: Vec::new(),
            notes: Vec::new(),
            unreadable: BTreeSet::new(),
            doubts: Vec::new(),
            claims: Claims::default(),
            last: 0,
            conflicts: Vec::new(),
            bounded: Vec::new(),
            texts: Interner::default(),
            zones: ZoneCache::default(),
            same_as: BTreeMap::new(),
            only,
        }
    }

    fn person(&mut self, id: &str) -> Option<u32> {
        // The aliases of one person mostly stand together.
        if self.people.get(self.last as usize).is_some_and(|person| person.id.as_str() == id) {
            return Some(self.last);
        }
        if let Some(number) = self.ids.get(id) {
            self.last = *number;
            return Some(*number);
        }
        if self.only.as_ref().is_some_and(|only| !only.contains(id)) {
            return None;
        }
        let number = u32::try_from(self.people.len()).ok()?;
        let text: Arc<str> = Arc::from(id);
        let id = PersonId::new(Arc::clone(&text));
        self.people.push(Person { id, stints: Vec::new(), display_name: None, not_judged: None });
        self.ids.insert(text, number);
        Some(number)
    }

    /// The id of the person whose row this is, after the declared mapping between sources.
    pub(super) fn resolve<'r>(&'r self, source: &str, person_id: &'r str, source_record_id: Option<&str>) -> &'r str {
        if self.same_as.is_empty() {
            return person_id;
        }
        [Some(person_id), source_record_id]
            .into_iter()
            .flatten()
            .find_map(|id| self.same_as.get(&(source.to_owned(), id.to_owned())))
            .map_or(person_id, String::as_str)
    }

    /// A row that could not be used: its person cannot be judged by the others, and keeps what it says of identifiers.
    pub(super) fn reject(&mut self, source: &str, rejected: Rejected<'_>, authority: Authority) {
        let Some(own) = rejected.person_id else { return };
        let id = self.resolve(source, own, rejected.source_record_id).to_owned();
        let Some(number) = self.person(&id) else { return };
        let whole = Window::default();
        for employee_number in [rejected.source_record_id, Some(own)].into_iter().flatten() {
            if employee_number != id {
                self.claim(number, ClaimKind::EmployeeNumber, None, employee_number, whole, false);
            }
        }
        if let Some(address) = rejected.work_email {
            self.claim(number, ClaimKind::Email, None, address, whole, false);
        }
        match authority {
            Authority::Employment => {
                self.unreadable.insert(number);
            }
            Authority::Directory => self.doubts.push((number, Doubt::Unreadable)),
        }
    }

    /// Settles the doubts: they count for whoever stands in directories alone.
    fn settle_doubts(&mut self) {
        let doubts = std::mem::take(&mut self.doubts);
        if doubts.is_empty() {
            return;
        }
        let employed: BTreeSet<u32> = self
            .notes
            .iter()
            .filter(|(_, note)| note.authority == Authority::Employment)
            .map(|(person, _)| *person)
            .collect();
        for (person, doubt) in doubts {
            match doubt {
                Doubt::Unreadable if employed.contains(&person) => {}
                Doubt::Unreadable => {
                    self.unreadable.insert(person);
                }
                Doubt::Contradiction(conflict) => {
                    let blocks = conflict.blocks && !employed.contains(&person);
                    self.conflicts.push((person, Conflict { blocks, ..conflict }));
                }
            }
        }
    }

    /// Adds a row. The number of its person is handed back, for its aliases; `None` where the person is not wanted.
    pub(super) fn add(
        &mut self,
        id: &str,
        record: &Record<'_>,
        around: &Surroundings<'_>,
        source: &SourceSettings,
    ) -> Option<u32> {
        let number = self.person(id)?;
        let (stint, contradictions) = stints::make(record, around, &mut self.texts);
        let ahead = stint.end.as_ref().is_some_and(|end| end.at > self.now);
        for contradiction in contradictions {
            let says = format!("source {}: {}", around.source, contradiction.says());
            let conflict = if contradiction.can_be_judged() {
                Conflict::reported(says, ahead)
            } else {
                Conflict::blocking(says, ahead)
            };
            match source.authority {
                Authority::Employment => self.conflicts.push((number, conflict)),
                Authority::Directory => self.doubts.push((number, Doubt::Contradiction(conflict))),
            }
        }
        let whole = Window::default();
        for employee_number in [record.source_record_id, Some(record.person_id)].into_iter().flatten() {
            // The id itself is claimed by the person; only another number needs a claim of its own.
            if employee_number != id {
                self.claim(number, ClaimKind::EmployeeNumber, None, employee_number, whole, false);
            }
        }
        let address_claim = record
            .work_email
            .and_then(|address| self.claim(number, ClaimKind::Email, None, address, whole, false))
            .unwrap_or(ClaimAt::NONE);
        let names = [record.display_name, record.preferred_name, record.legal_name];
        let note = RowNote {
            rank: source.rank,
            authority: source.authority,
            updated_at: record.updated_at,
            names: names.map(short_hash),
            address: folded_hash(record.work_email),
            first_day: record.start_date,
            last_day: stints::last_day(record, around),
            address_claim,
        };
        let person = &mut self.people[number as usize];
        if let Some(name) = record.display_name.or(record.preferred_name) {
            person.display_name = Some(Box::from(name));
        }
        if person.stints.is_empty() {
            person.stints.reserve_exact(1);
        }
        person.stints.push(stint);
        self.notes.push((number, note));
        Some(number)
    }

    /// Adds an alias of a person by id. `None` where the person is not wanted or there is no room.
    pub(super) fn add_alias(
        &mut self,
        person_id: &str,
        kind: ClaimKind,
        system: Option<&str>,
        value: &str,
        window: Window,
        personal: bool,
    ) -> Option<ClaimAt> {
        let number = self.person(person_id)?;
        if kind == ClaimKind::Email && window != Window::default() {
            self.bounded.push(bound_key(number, folded_hash(Some(value))));
        }
        self.claim(number, kind, system, value, window, personal)
    }

    fn claim(
        &mut self,
        person: u32,
        kind: ClaimKind,
        system: Option<&str>,
        value: &str,
        window: Window,
        personal: bool,
    ) -> Option<ClaimAt> {
        self.claims.add(NewClaim { person, kind, system, value, window, personal })
    }

    /// Settles every person and sorts by id.
    pub(super) fn finish(mut self) -> People {
        self.settle_doubts();
        self.notes.sort_by_key(|(person, _)| *person);
        self.bounded.sort_unstable();
        let mut person_notes =
            vec![PersonNote { updated_at: None, names: [0; 3], address: 0, unreadable: false }; self.people.len()];
        let notes = std::mem::take(&mut self.notes);
        for group in notes.chunk_by(|left, right| left.0 == right.0) {
            let person = group[0].0;
            person_notes[person as usize] = self.settle(person, group);
        }
        for (person, conflict) in &self.conflicts {
            let reason = &mut self.people[*person as usize].not_judged;
            if conflict.blocks && reason.is_none() {
                let says = if conflict.secret { "the rows contradict each other" } else { conflict.says.as_str() };
                *reason = Some(Box::from(says));
            }
        }
        for person in &self.unreadable {
            self.people[*person as usize].not_judged = Some(Box::from("a row of this person could not be read"));
            person_notes[*person as usize].unreadable = true;
        }
        self.sort(&person_notes)
    }

    fn settle(&mut self, number: u32, group: &[(u32, RowNote)]) -> PersonNote {
        if let [(_, note)] = group
            && let [stint] = self.people[number as usize].stints.as_mut_slice()
        {
            // One row, as most people have: there is nothing to settle.
            stint.number = stint.number.max(1);
            if note.address != 0 && self.bounded.binary_search(&bound_key(number, note.address)).is_ok() {
                self.claims.drop_claim(note.address_claim);
            }
            let (names, address, updated_at) = (note.names, note.address, note.updated_at);
            return PersonNote { updated_at, names, address, unreadable: false };
        }
        let stints = std::mem::take(&mut self.people[number as usize].stints);
        let rows: Vec<Row> =
            stints.into_iter().zip(group).map(|(stint, (_, note))| Row { stint, note: *note }).collect();
        let (rows, conflicts) = merge::settle(rows, self.now);
        self.conflicts.extend(conflicts.into_iter().map(|conflict| (number, conflict)));
        let (names, address) = rows.last().map_or(([0; 3], 0), |row| (row.note.names, row.note.address));
        self.bound_addresses(number, group, &rows, address);
        let updated_at = rows.iter().filter_map(|row| row.note.updated_at).max();
        self.people[number as usize].stints = rows.into_iter().map(|row| row.stint).collect();
        PersonNote { updated_at, names, address, unreadable: false }
    }

    /// The address of the last stint is open at both sides; that of an earlier stint belongs to that stint's time. An
    /// alias with a window wins over both, and the same address is claimed once.
    fn bound_addresses(&mut self, number: u32, group: &[(u32, RowNote)], rows: &[Row], current: u64) {
        let mut claimed: BTreeSet<u64> = BTreeSet::new();
        for (_, note) in group.iter().rev() {
            if note.address == 0 {
                continue;
            }
            if self.bounded.binary_search(&bound_key(number, note.address)).is_ok() || !claimed.insert(note.address) {
                self.claims.drop_claim(note.address_claim);
                continue;
            }
            if note.address == current {
                continue;
            }
            let stint = rows.iter().find(|row| row.note.address == note.address).map(|row| &row.stint);
            if let Some(stint) = stint {
                let until = stint.end.as_ref().map(|end| end.latest);
                self.claims.bound(note.address_claim, Window { from: Some(stint.start), until });
            }
        }
    }

    fn sort(mut self, person_notes: &[PersonNote]) -> People {
        let mut order: Vec<u32> = (0..u32::try_from(self.people.len()).unwrap_or(u32::MAX))
            .filter(|number| {
                let person = &self.people[*number as usize];
                !person.stints.is_empty() || person.not_judged.is_some()
            })
            .collect();
        order.sort_unstable_by(|left, right| self.people[*left as usize].id.cmp(&self.people[*right as usize].id));
        let stray_aliases = (self.people.len() - order.len()) as u64;
        self.ids = HashMap::new();
        let mut places: Vec<Option<PersonIndex>> = vec![None; self.people.len()];
        let nobody = PersonId::new("");
        let mut people = Vec::with_capacity(order.len());
        let mut notes = Vec::with_capacity(order.len());
        for (place, number) in order.into_iter().enumerate() {
            let number = number as usize;
            places[number] = u32::try_from(place).ok().map(PersonIndex);
            let empty = Person { id: nobody.clone(), stints: Vec::new(), display_name: None, not_judged: None };
            people.push(std::mem::replace(&mut self.people[number], empty));
            notes.push(person_notes[number]);
        }
        let conflicts = self
            .conflicts
            .into_iter()
            .filter_map(|(person, conflict)| {
                let place = places[person as usize]?;
                Some(PersonConflict { person: people[place.0 as usize].id.clone(), conflict })
            })
            .collect();
        self.claims.renumber(&places);
        People { sorted: people, notes, claims: self.claims, conflicts, stray_aliases }
    }
}
