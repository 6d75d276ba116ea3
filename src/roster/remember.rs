//! Writes down an accepted roster for the runs after it.

use std::borrow::Cow;
use std::io::Write as _;

use scan_contract::Instant;

use super::archive::{self, ArchiveError, PackedLines, REMEMBERED, TOMBSTONES};
use super::compare::Compared;
use super::encoding::TextReader;
use super::intake::TakenFile;
use super::model::{EndSource, LeavePolicy, Person, Standing};
use super::past::{KeptClaim, Remembered, Tombstone};
use super::people::{People, PersonNote};
use super::settings::{Encoding, RosterSettings, SourceFormat};
use super::sources::{ALIASES, FileRead, Reading, alias_columns, wanted_columns};
use super::{read_csv, read_ndjson};

/// Packs the files that were read, a line a person, and everybody the files no longer tell.
pub(super) fn pack(
    settings: &RosterSettings,
    reading: &Reading,
    compared: &Compared,
    now: Instant,
    leave: LeavePolicy,
) -> Result<Vec<u8>, ArchiveError> {
    let people = &reading.people;
    let mut lines = PackedLines::new()?;
    for (person, note) in people.sorted.iter().zip(&people.notes) {
        let mut known = remembered(person, note, now, leave);
        known.tombstone = compared.tombstones.contains(person.id.as_str());
        known.address_kept = compared.addresses_kept.contains(person.id.as_str());
        known.left |= compared.still_left.contains(person.id.as_str());
        lines.push(&known)?;
    }
    let ours = [lines.finish(REMEMBERED)?, pack_tombstones(people, compared)?];
    let mut files: Vec<Cow<'_, TakenFile>> = Vec::new();
    for file in reading.files() {
        files.extend(file.taken.as_ref().map(|taken| without_unread(settings, file, taken)).transpose()?);
        files.extend(file.manifest_taken.as_ref().map(Cow::Borrowed));
    }
    files.extend(ours.iter().map(Cow::Borrowed));
    archive::write(settings, files.iter().map(Cow::as_ref))
}

/// The file as it is kept: nobody knows what lies in columns that are not read, and none of it is needed (DAT-2). What
/// is left is UTF-8 with a mark, which wins over the declared encoding.
fn without_unread<'f>(
    settings: &RosterSettings,
    file: &FileRead,
    taken: &'f TakenFile,
) -> Result<Cow<'f, TakenFile>, ArchiveError> {
    if file.table.ignored.is_empty() {
        return Ok(Cow::Borrowed(taken));
    }
    let source = settings.sources.iter().find(|source| source.id == file.id && file.id != ALIASES);
    let encoding = source.map_or(Encoding::Utf8, |source| source.encoding);
    let wanted = source.map_or_else(alias_columns, wanted_columns);
    let decoder = zstd::stream::read::Decoder::new(&taken.packed[..]).map_err(archive::damaged)?;
    let mut text = TextReader::new(decoder, encoding);
    let mut plain = PackedLines::new()?;
    plain.write_all("\u{feff}".as_bytes()).map_err(archive::damaged)?;
    match source.map(|source| source.format) {
        Some(SourceFormat::Ndjson) => {
            read_ndjson::keep_wanted(&mut text, &wanted, &mut plain).map_err(archive::damaged)?;
        }
        Some(SourceFormat::Csv) | None => {
            let delimiter = source.map_or(b',', |source| source.delimiter);
            read_csv::keep_wanted(&mut text, delimiter, &wanted, &mut plain).map_err(archive::damaged)?;
        }
    }
    let kept = plain.finish(&taken.path.to_string_lossy())?;
    Ok(Cow::Owned(TakenFile { modified: taken.modified, ..kept }))
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
        address_kept: false,
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

fn pack_tombstones(people: &People, compared: &Compared) -> Result<TakenFile, ArchiveError> {
    let mut lines = PackedLines::new()?;
    let places: Vec<(u32, &String)> = compared
        .tombstones
        .union(&compared.addresses_kept)
        .filter_map(|id| people.index(id).map(|index| (index.0, id)))
        .collect();
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
