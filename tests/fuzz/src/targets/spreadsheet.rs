//! Cells of the table for spreadsheets (OUT-1).

use holdover::emit::csv::{neutral, original};

use crate::help::unseen::acts;

pub(super) const HOLDS: &str = "a cell never begins with what a spreadsheet program runs, also behind blanks and quotes; a \
    reader that is not ours gets the cells back, and `original` the texts";

/// What programs run (OWASP "CSV Injection"; CWE-1236).
const RUNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let texts: Vec<&str> = text.split('\u{1f}').collect();
    let mut line = Vec::new();
    for text in &texts {
        let cell = neutral(text);
        check_cell(&cell);
        assert_eq!(original(&cell).as_deref(), Some(*text), "{cell:?} does not read back");
        if !line.is_empty() {
            line.push(b',');
        }
        // As every text cell is written: quoted, quotes doubled.
        line.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
    }
    line.extend_from_slice(b"\r\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("a table");
    assert_eq!(records.len(), 1, "{} lines came of one", records.len());
    let read: Vec<Option<String>> = records[0].iter().map(original).collect();
    assert_eq!(read, texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>());
}

fn check_cell(cell: &str) {
    let first = cell.chars().next();
    assert!(!first.is_some_and(|first| RUNS.contains(&first) || matches!(first, '\t' | '\r' | '\n')), "{cell:?} runs");
    // Blanks, quotes and what is not seen are skipped by one program or another.
    let skipped = |character: char| character.is_whitespace() || matches!(character, '"' | '\u{a0}') || acts(character);
    let visible = cell.trim_start_matches(skipped).chars().next();
    assert!(!visible.is_some_and(|first| RUNS.contains(&first)), "{cell:?} runs");
    assert!(
        !cell.chars().any(|character| acts(character) && !matches!(character, '\t' | '\r' | '\n')),
        "{cell:?} acts"
    );
}
