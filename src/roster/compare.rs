//! The newest roster beside the accepted one: who newly left, who came back, who vanished, and whose identifiers are
//! gone. Whoever the files no longer tell keeps their last known interval (FND-5).

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Instant;

use super::archive::ArchiveError;
use super::claims::ClaimAt;
use super::expected;
use super::gates::Swing;
use super::merge::{self, Conflict, RowNote};
use super::model::{
    AccessEnd, ClaimKind, EmploymentStatus, EndBasis, EndSource, LeavePolicy, Person, PersonId, PersonIndex, Standing,
    Stint,
};
use super::past::{KeptClaim, Past, Remembered, Tombstone};
use super::people::{People, PersonConflict, PersonNote, Restored, folded_hash};
use super::settings::{Authority, RosterSettings, SourceCoverage};

/// What comparing needs to know.
pub(super) struct Comparer<'a> {
    pub(super) settings: &'a RosterSettings,
    pub(super) past: &'a Past,
    pub(super) now: Instant,
    pub(super) end_basis: EndBasis,
    pub(super) leave: LeavePolicy,
    /// Instant each source describes.
    pub(super) as_of: BTreeMap<String, Instant>,
}

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) swing: Swing,
    /// Ids of people of whom something stands in the files no longer.
    pub(super) tombstones: BTreeSet<String>,
    /// Ids of people whose address is kept although it stands in the files no longer.
    pub(super) addresses_kept: BTreeSet<String>,
    /// People who had left and whose rows of today cannot be judged.
    pub(super) still_left: BTreeSet<String>,
    /// Ended people who are explicitly back, to be logged.
    pub(super) returned: Vec<PersonId>,
    /// People who are in no file any more.
    pub(super) vanished: u64,
    /// All of whom no file says anything today, those who vanished earlier as well.
    pub(super) missing: BTreeSet<String>,
    pub(super) conflicts: Vec<PersonConflict>,
}

/// Why somebody is taken from the accepted roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// In no file any more.
    Vanished,
    /// The rows of today may not undo an end.
    AsTheyWere(PersonIndex),
    /// A stint stands in no file any more.
    Stints(PersonIndex),
    /// The address of somebody who left, or any that was emptied, stands in no file any more. An account may carry it still.
    Address(PersonIndex),
}

/// Somebody whose address is another than the accepted roster's.
struct Moved {
    /// Hash of the address before.
    address: u64,
    source: String,
    /// Whether this was counted when it happened.
    counted: bool,
}

impl Comparer<'_> {
    /// Compares, and puts back into `people` what must not be lost.
    pub(super) fn run(&self, people: &mut People) -> Result<Compared, ArchiveError> {
        let mut compared = Compared::default();
        let mut needed: BTreeMap<String, (Remembered, Need)> = BTreeMap::new();
        let mut had_left: Vec<bool> = vec![false; people.sorted.len()];
        let mut moved: BTreeMap<u32, Moved> = BTreeMap::new();
        self.past.for_each(&mut |known| {
            let need = match people.index(&known.id) {
                None => {
                    self.count_vanished(&known, &mut compared);
                    compared.missing.insert(known.id.clone());
                    Some(Need::Vanished)
                }
                Some(index) => {
                    had_left[index.0 as usize] = known.left;
                    self.meet(&known, index, people, &mut compared, &mut moved)
                }
            };
            if let Some(need) = need {
                needed.insert(known.id.clone(), (known, need));
            }
        })?;
        forgive_aliases(people, &mut moved);
        self.keep_addresses(people, &moved, &mut needed)?;
        for gone in moved.into_values().filter(|gone| !gone.counted) {
            compared.swing.kept.entry(gone.source).or_default().lost_addresses += 1;
        }
        self.count_newly_ended(people, &had_left, &mut compared);
        self.put_back(people, needed, &mut compared)?;
        Ok(compared)
    }

    /// Of whom the address of the accepted roster is kept: HR empties or replaces it when somebody leaves, and the accounts
    /// know nothing of that.
    fn keep_addresses(
        &self,
        people: &People,
        moved: &BTreeMap<u32, Moved>,
        needed: &mut BTreeMap<String, (Remembered, Need)>,
    ) -> Result<(), ArchiveError> {
        let left = |person: &Person| matches!(person.standing(self.now, self.leave), Standing::Left { .. });
        let wanted: BTreeMap<&str, PersonIndex> = moved
            .keys()
            .map(|place| (PersonIndex(*place), &people.sorted[*place as usize], people.notes[*place as usize]))
            .filter(|(_, person, note)| note.address == 0 || left(person))
            .map(|(index, person, _)| (person.id.as_str(), index))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        self.past.for_each(&mut |known| {
            if let Some(index) = wanted.get(known.id.as_str()).filter(|_| !needed.contains_key(&known.id)) {
                needed.insert(known.id.clone(), (known, Need::Address(*index)));
            }
        })
    }

    fn covers(&self, source: &str) -> Option<SourceCoverage> {
        self.settings.sources.iter().find(|settings| settings.id == source).map(|settings| settings.coverage)
    }

    fn count_vanished(&self, known: &Remembered, compared: &mut Compared) {
        if known.tombstone {
            return; // Counted when it happened.
        }
        compared.vanished += 1;
        let coverage = self.past.coverage.get(&known.source).copied().or_else(|| self.covers(&known.source));
        // A list of leavers has a window, out of which people fall by themselves; a list of people in employment
        // loses everybody who leaves.
        if coverage.is_none_or(|coverage| coverage == SourceCoverage::Full) {
            let kept = compared.swing.kept.entry(known.source.clone()).or_default();
            kept.people += 1;
            kept.lost_ids += 1;
        }
        if known.has_left_by(self.now) && coverage != Some(SourceCoverage::Leavers) {
            compared.swing.taken_back += 1;
        }
    }

    /// Compares somebody who is in both.
    fn meet(
        &self,
        known: &Remembered,
        index: PersonIndex,
        people: &mut People,
        compared: &mut Compared,
        moved: &mut BTreeMap<u32, Moved>,
    ) -> Option<Need> {
        let had_left = known.has_left_by(self.now);
        let note = people.notes[index.0 as usize];
        let person = &mut people.sorted[index.0 as usize];
        let kept = compared.swing.kept.entry(known.source.clone()).or_default();
        kept.people += 1;
        if known.address != 0 {
            kept.with_address += u64::from(!known.tombstone && !known.address_kept);
            if note.address != known.address {
                let (address, source, counted) =
                    (known.address, known.source.clone(), known.tombstone || known.address_kept);
                moved.insert(index.0, Moved { address, source, counted });
            }
        }
        for end in person.stints.iter_mut().filter_map(|stint| stint.end.as_mut()) {
            let before = known.stints.iter().find(|(_, at, _)| *at == Some(end.at));
            end.known_at = before.and_then(|(_, _, known_at)| *known_at);
        }
        if had_left && note.unreadable {
            return Some(Need::AsTheyWere(index));
        }
        let missing = known.stints.iter().any(|(start, end, _)| !is_told(person, *start, *end));
        if person.not_judged.is_some() {
            if had_left {
                // A contradiction is no return: the watch goes on once it is resolved.
                compared.still_left.insert(known.id.clone());
            }
            return missing.then_some(Need::Stints(index));
        }
        if let Standing::Employed { stint } | Standing::Suspended { stint } = person.standing(self.now, self.leave)
            && had_left
        {
            // Somebody whose end was kept against the files before was counted then.
            compared.swing.taken_back += u64::from(!known.tombstone);
            if !is_explicitly_back(stint, &note, known, self.now) {
                let says =
                    "became employed without a status of its own and a newer date; the last known end stays in force";
                let conflict = Conflict::reported(says, false);
                compared.conflicts.push(PersonConflict { person: person.id.clone(), conflict });
                compared.still_left.insert(known.id.clone());
                return Some(Need::AsTheyWere(index));
            }
            compared.returned.push(person.id.clone());
        }
        missing.then_some(Need::Stints(index))
    }

    fn count_newly_ended(&self, people: &People, had_left: &[bool], compared: &mut Compared) {
        let newly: Vec<&Stint> = people
            .sorted
            .iter()
            .zip(had_left)
            .filter(|(_, had_left)| !**had_left)
            .filter_map(|(person, _)| match person.standing(self.now, self.leave) {
                Standing::Left { stint, .. } => Some(stint),
                _ => None,
            })
            .collect();
        compared.swing.announced = expected::announced(&self.settings.expected, newly.iter().copied());
        compared.swing.newly_ended = newly.len() as u64 - compared.swing.announced;
    }

    fn put_back(
        &self,
        people: &mut People,
        mut needed: BTreeMap<String, (Remembered, Need)>,
        compared: &mut Compared,
    ) -> Result<(), ArchiveError> {
        if needed.is_empty() {
            return Ok(());
        }
        for (id, (_, need)) in &needed {
            let kept = match need {
                Need::Address(_) => &mut compared.addresses_kept,
                Need::Vanished | Need::AsTheyWere(_) | Need::Stints(_) => &mut compared.tombstones,
            };
            kept.insert(id.clone());
        }
        let mut restored = Vec::new();
        self.past.for_each_tombstone(&mut |tombstone| {
            if let Some((known, need)) = needed.remove(tombstone.person.id.as_str()) {
                restored.push(self.put_one_back(tombstone, &known, need, people, compared));
            }
        })?;
        // Only somebody who vanished since then makes the old files worth reading again.
        if !needed.is_empty() {
            for tombstone in self.read_old(needed.keys().cloned().collect()) {
                if let Some((known, need)) = needed.remove(tombstone.person.id.as_str()) {
                    restored.push(self.put_one_back(tombstone, &known, need, people, compared));
                }
            }
        }
        if !needed.is_empty() {
            // A count, and no id: outputs behind pseudonyms tell what gates say.
            let says = format!("{} people are remembered and in no file", needed.len());
            return Err(ArchiveError::Damaged(says));
        }
        people.restore(restored);
        Ok(())
    }

    fn read_old(&self, ids: BTreeSet<String>) -> Vec<Tombstone> {
        let reading = self.past.read(self.now, self.end_basis, Some(ids));
        let mut claims: Vec<Vec<KeptClaim>> = vec![Vec::new(); reading.people.sorted.len()];
        reading.people.claims.visit(&mut |claim| claims[claim.person.0 as usize].push(KeptClaim::of(&claim)));
        let notes = reading.people.notes;
        reading
            .people
            .sorted
            .into_iter()
            .zip(notes)
            .zip(claims)
            .map(|((person, note), claims)| {
                let (names, address, updated_at) = (note.names, note.address, note.updated_at);
                Tombstone { person, claims, names, address, updated_at }
            })
            .collect()
    }

    fn put_one_back(
        &self,
        mut tombstone: Tombstone,
        known: &Remembered,
        need: Need,
        people: &People,
        compared: &mut Compared,
    ) -> Restored {
        for end in tombstone.person.stints.iter_mut().filter_map(|stint| stint.end.as_mut()) {
            let before = known.stints.iter().find(|(_, at, _)| *at == Some(end.at));
            end.known_at = end.known_at.or_else(|| before.and_then(|(_, _, known_at)| *known_at));
        }
        let before = tombstone.note();
        let (mut person, note, replaces) = match need {
            Need::Vanished => (tombstone.person, before, None),
            Need::AsTheyWere(index) => (tombstone.person, before, Some(index)),
            Need::Address(index) => {
                // It was theirs until they left: what today's addresses look like is counted without it (ROS-9).
                if let Standing::Left { end, .. } = people.sorted[index.0 as usize].standing(self.now, self.leave) {
                    let gone = |claim: &&mut KeptClaim| {
                        claim.kind == ClaimKind::Email && folded_hash(Some(&claim.value)) == before.address
                    };
                    for claim in tombstone.claims.iter_mut().filter(gone) {
                        claim.until = claim.until.or(Some(end.at));
                    }
                }
                let note = PersonNote { address: before.address, ..people.notes[index.0 as usize] };
                (people.sorted[index.0 as usize].clone(), note, Some(index))
            }
            Need::Stints(index) => {
                let note = people.notes[index.0 as usize];
                let today = people.sorted[index.0 as usize].clone();
                (self.with_old_stints(today, tombstone.person, &note, &before, compared), note, Some(index))
            }
        };
        self.presume_end(&mut person, replaces, people, compared);
        Restored { person, note, claims: tombstone.claims, replaces }
    }

    /// Adds the stints that the files no longer tell; the id may have been given to somebody else meanwhile.
    fn with_old_stints(
        &self,
        mut today: Person,
        before: Person,
        note: &PersonNote,
        note_before: &PersonNote,
        compared: &mut Compared,
    ) -> Person {
        let told = |stint: &Stint| is_told(&today, stint.start, stint.end.as_ref().map(|end| end.at));
        let old: Vec<Stint> = before.stints.into_iter().filter(|stint| !told(stint)).collect();
        let ended = old.iter().all(|stint| stint.end.as_ref().is_some_and(|end| end.at <= self.now));
        let row = |note: &PersonNote| RowNote {
            rank: 0,
            authority: Authority::Employment,
            updated_at: None,
            names: note.names,
            address: note.address,
            first_day: chrono::NaiveDate::MIN,
            last_day: None,
            address_claim: ClaimAt::NONE,
        };
        if ended && today.not_judged.is_none() && merge::all_differ(&row(note_before), &row(note)) {
            let says = "all names and addresses are others than those of the accepted roster: the id was given to another person";
            today.not_judged = Some(Box::from(says));
            let conflict = Conflict::blocking(says, false);
            compared.conflicts.push(PersonConflict { person: today.id.clone(), conflict });
        }
        today.stints.extend(old);
        today.stints.sort_by_key(|stint| (stint.start, stint.number));
        for (at, stint) in today.stints.iter_mut().enumerate() {
            stint.number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        }
        today
    }

    /// Somebody missing from a list of people in employment is presumed to have left at some moment between two files.
    fn presume_end(&self, person: &mut Person, present: Option<PersonIndex>, people: &People, compared: &mut Compared) {
        let now = self.now;
        let told = |stint: &Stint| {
            present.is_some_and(|index| {
                is_told(&people.sorted[index.0 as usize], stint.start, stint.end.as_ref().map(|end| end.at))
            })
        };
        let mut presumed = false;
        for stint in &mut person.stints {
            let open = stint.end.as_ref().is_none_or(|end| end.at > now);
            if !open || stint.start > now || told(stint) || self.covers(&stint.source) != Some(SourceCoverage::Active) {
                continue;
            }
            let latest = self.as_of.get(&*stint.source).copied().unwrap_or(now).min(now).max(stint.start);
            let seen = self.past.figures.sources.get(&*stint.source).and_then(|source| source.as_of);
            let earliest = seen.unwrap_or(latest).min(latest).max(stint.start);
            stint.end = Some(AccessEnd {
                at: latest,
                earliest,
                latest,
                source: EndSource::PresumedFromAbsence,
                zone: std::sync::Arc::from("UTC"),
                zone_is_default: false,
                known_at: None,
            });
            presumed = true;
        }
        compared.swing.presumed += u64::from(presumed);
    }
}

/// Whether the person's rows still tell of a stint, be it with other dates.
fn is_told(person: &Person, start: Instant, end: Option<Instant>) -> bool {
    person.stints.iter().any(|stint| {
        let stint_end = stint.end.as_ref().map(|end| end.at);
        stint.start == start
            || (end.is_none_or(|end| stint.start < end) && stint_end.is_none_or(|stint_end| start < stint_end))
    })
}

/// Only an explicit status of employment with its own, newer date ends a watch.
fn is_explicitly_back(stint: &Stint, note: &PersonNote, known: &Remembered, now: Instant) -> bool {
    if known.presumed {
        return true; // The end was presumed from absence; presence takes it back.
    }
    let explicit = matches!(stint.status, Some(EmploymentStatus::Active | EmploymentStatus::Leave));
    let last_end = known.last_end(now);
    let began_later = last_end.is_some_and(|end| stint.start >= end);
    let changed_later =
        note.updated_at.is_some_and(|at| known.updated_at.or(last_end).is_some_and(|before| at > before));
    explicit && (began_later || changed_later)
}

/// An address that became an alias is still there.
fn forgive_aliases(people: &People, moved: &mut BTreeMap<u32, Moved>) {
    if moved.is_empty() {
        return;
    }
    people.claims.visit(&mut |claim| {
        if claim.kind == ClaimKind::Email
            && moved.get(&claim.person.0).is_some_and(|gone| gone.address == folded_hash(Some(claim.value)))
        {
            moved.remove(&claim.person.0);
        }
    });
}
