//! Writes down an accepted roster for the runs after it.

use std::collections::BTreeSet;

use scan_contract::Instant;

use super::archive::{self, ArchiveError, PackedLines, REMEMBERED, TOMBSTONES};
use super::compare::Compared;
use super::intake::TakenFile;
use super::model::{EndSource, LeavePolicy, Person, Standing};
use super::past::{KeptClaim, Remembered, Tombstone};
use super::people::{People, PersonNote};
use super::settings::RosterSettings;
use super::sources::Reading;

/// Packs the files that were read, a line a person, and everybody the files no longer tell.
pub(super) fn pack(
    settings: &RosterSettings,
    reading: &Reading,
    compared: &Compared,
    now: Instant,
    leave: LeavePolicy,
) -> Result<Vec<u8>, ArchiveError> {
    let (people, tombstones) = (&reading.people, &compared.tombstones);
    let mut lines = PackedLines::new()?;
    for (person, note) in people.sorted.iter().zip(&people.notes) {
        let mut known = remembered(person, note, now, leave);
        known.tombstone = tombstones.contains(person.id.as_str());
        known.left |= compared.still_left.contains(person.id.as_str());
        lines.push(&known)?;
    }
    let ours = [lines.finish(REMEMBERED)?, pack_tombstones(people, tombstones)?];
    let files: Vec<&TakenFile> =
        reading.files().flat_map(|file| file.taken.iter().chain(&file.manifest_taken)).chain(&ours).collect();
    archive::write(settings, files.into_iter())
}

fn remembered(person: &Person, note: &PersonNote, now: Instant, leave: LeavePolicy) -> Remembered {
    let last = match person.standing(now, leave) {
        Standing::Left { end, .. } => Some(end),
        _ => None,
    };
    Remembered {
        id: person.id.as_str().to_owned(),
        source: person.stints.last().map(|stint| stint.source.to_string()).unwrap_or_default(),
        left: last.is_some(),
        presumed: last.is_some_and(|end| end.source == EndSource::PresumedFromAbsence),
        tombstone: false,
        address: note.address,
        names: note.names,
        updated_at: note.updated_at,
        stints: person
            .stints
            .iter()
            .map(|stint| {
                let end = stint.end.as_ref();
                (stint.start, end.map(|end| end.at), end.and_then(|end| end.known_at))
            })
            .collect(),
    }
}

fn pack_tombstones(people: &People, tombstones: &BTreeSet<String>) -> Result<TakenFile, ArchiveError> {
    let mut lines = PackedLines::new()?;
    let places: Vec<(u32, &String)> =
        tombstones.iter().filter_map(|id| people.index(id).map(|index| (index.0, id))).collect();
    let mut claims: std::collections::BTreeMap<u32, Vec<KeptClaim>> =
        places.iter().map(|(place, _)| (*place, Vec::new())).collect();
    if !claims.is_empty() {
        people.claims.visit(&mut |claim| {
            if let Some(kept) = claims.get_mut(&claim.person.0) {
                kept.push(KeptClaim::of(&claim));
            }
        });
    }
    for (place, claims) in claims {
        let note = people.notes[place as usize];
        lines.push(&Tombstone {
            person: people.sorted[place as usize].clone(),
            claims,
            names: note.names,
            address: note.address,
            updated_at: note.updated_at,
        })?;
    }
    lines.finish(TOMBSTONES)
}
