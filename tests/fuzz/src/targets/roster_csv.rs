//! The roster as a table.

use holdover::roster::settings::{Encoding, SourceFormat};

use crate::help::roster::{Files, Said, check, check_people};
use crate::help::{table, variant};

pub(super) const HOLDS: &str = "the same twice; every mistake lies in the text; an open quote or a row of another width is never \
    in force; nobody gets lost between a strict reader's rows and the roster; whoever ended is not in employment; the same \
    roster a second time passes its gates";

pub(super) fn run(bytes: &[u8]) {
    let (choice, bytes) = variant(bytes);
    let mut files = Files::new(SourceFormat::Csv, bytes);
    match choice {
        b';' => files.delimiter = b';',
        b't' => files.delimiter = b'\t',
        b'w' => files.encoding = Encoding::Windows1252,
        b'u' => files.encoding = Encoding::Utf16,
        _ => {}
    }
    let loaded = check(&files);
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| files.encoding == Encoding::Utf8) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let in_force = loaded.roster.is_some();
    assert!(!in_force || !table::is_torn(text, files.delimiter, true), "in force with a torn table");
    let rows = table::rows(text, files.delimiter);
    let Some((header, rows)) = rows.as_deref().and_then(<[_]>::split_first) else { return };
    if !in_force {
        return;
    }
    let width = header.1.len();
    assert!(rows.iter().all(|(_, cells)| cells.len() == width), "in force with rows of another width");
    assert_eq!(loaded.facts.sources[0].rows, rows.len() as u64, "rows that were read, and rows that are there");
    let column = |name: &str| header.1.iter().position(|header| header.trim() == name);
    let said: Vec<Said<'_>> = rows
        .iter()
        .map(|(line, cells)| {
            let cell = |name: &str| column(name).map_or("", |at| cells[at].trim());
            Said {
                line: *line,
                id: cell("person_id"),
                ended: cell("status") == "ended",
                dates: [cell("end_date"), cell("last_day_worked"), cell("access_end_at")],
            }
        })
        .collect();
    check_people(&loaded, &said);
}
