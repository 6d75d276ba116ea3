//! Tables with a mapping, imported.

use scan_contract::{AccessKind, Cause, ScopeName, ScopeState};
use scan_import::{CsvSettings, Encoding, Field, FileSettings, Format, Settings};
use sha2::{Digest, Sha256};

use crate::common::{File, Memory, Outcome, run as scan};
use crate::help::{host::hex, table, variant};

pub(super) const HOLDS: &str = "a table is complete only where a strict reader reads it too, and then every row of it is a \
    record with the same id; an open quote and every row that is lost leave a gap; the same twice";

pub(super) fn run(bytes: &[u8]) {
    let (choice, bytes) = variant(bytes);
    let (delimiter, encoding) = match choice {
        b';' => (b';', Encoding::Utf8),
        b'w' => (b',', Encoding::Windows1252),
        b'u' => (b',', Encoding::Utf16),
        _ => (b',', Encoding::Utf8),
    };
    let strict = std::str::from_utf8(bytes).ok().filter(|_| encoding == Encoding::Utf8);
    let strict = strict.map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
    let rows = strict.and_then(|text| table::rows(text, delimiter));
    let announced = rows.as_ref().map_or(1, |rows| rows.len().saturating_sub(1));
    let outcome = read(bytes, delimiter, encoding, announced);
    assert_eq!(outcome, read(bytes, delimiter, encoding, announced), "not the same twice");
    for (part, cause) in outcome.scopes.values().flat_map(|seen| &seen.gaps) {
        assert!(!matches!(cause, Cause::Bug { .. }), "{part:?}: {cause}");
    }
    let complete = outcome.state("accounts") == ScopeState::Complete;
    if let Some(text) = strict {
        assert!(!complete || !table::is_torn(text, delimiter, false), "complete and torn: {text:?}");
    }
    // The strict reader's rows, where it reads the text at all and an id column can be found in it.
    let Some((header, rows)) = rows.as_deref().and_then(<[_]>::split_first) else { return };
    let mut ids = header.1.iter().enumerate().filter(|(_, name)| *name == "id").map(|(at, _)| at);
    let (Some(column), None) = (ids.next(), ids.next()) else {
        assert!(!complete, "complete without one column of ids: {header:?}");
        return;
    };
    let whole = rows.iter().filter(|(_, cells)| cells.len() == header.1.len()).count();
    if complete {
        assert_eq!(whole, rows.len(), "rows of another width went by without a gap");
        let expected: Vec<&str> = rows.iter().map(|(_, cells)| cells[column].trim()).collect();
        let found: Vec<&str> = outcome.ids().into_iter().map(str::trim).collect();
        assert_eq!(found, expected);
    }
    assert!(outcome.accesses.len() <= rows.len(), "more records than rows");
}

fn read(bytes: &[u8], delimiter: u8, encoding: Encoding, rows: usize) -> Outcome {
    let mut csv = CsvSettings::new(ScopeName::from("accounts"), AccessKind::Account);
    csv.delimiter = delimiter;
    csv.encoding = encoding;
    csv.manifest = Some("users.meta.json".into());
    for (field, column) in [
        (Field::GrantId, "id"),
        (Field::Login, "login"),
        (Field::Email, "mail"),
        (Field::Status, "state"),
        (Field::LastUsedAt, "used"),
    ] {
        csv.columns.insert(field, column.to_owned());
    }
    let words = [("enabled", vec!["on"]), ("disabled", vec!["off"])]
        .map(|(ours, theirs)| (ours.to_owned(), theirs.into_iter().map(str::to_owned).collect()));
    csv.values.insert(Field::Status, words.into());
    let manifest =
        format!(r#"{{"as_of":"2026-08-01T01:00:00Z","rows":{rows},"sha256":"{}"}}"#, hex(&Sha256::digest(bytes)));
    let documents = Memory(
        [
            ("users.csv".into(), File::Bytes(bytes.to_vec())),
            ("users.meta.json".into(), File::Bytes(manifest.into_bytes())),
        ]
        .into(),
    );
    let mut settings = Settings::new("crm".into());
    settings.files = vec![FileSettings { path: "users.csv".into(), format: Format::Csv(Box::new(csv)) }];
    settings.limits.line_bytes = 2_000;
    settings.limits.chunk_bytes = 2_100;
    scan(&settings, &documents)
}
