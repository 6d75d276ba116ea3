//! The roster as one JSON record a line.

use holdover::roster::settings::SourceFormat;
use serde_json::Value;

use crate::help::roster::{Files, Said, check, check_people};

pub(super) const HOLDS: &str = "as for the table: the same twice; mistakes lie in the text; a line that is no JSON object is never \
    in force; nobody gets lost; whoever ended is not in employment; the same roster again passes its gates";

pub(super) fn run(bytes: &[u8]) {
    let loaded = check(&Files::new(SourceFormat::Ndjson, bytes));
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| loaded.roster.is_some()) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<(usize, Value)> = text
        .split('\n')
        .enumerate()
        .filter(|(_, line)| !line.bytes().all(|byte| byte.is_ascii_whitespace()))
        .map(|(index, line)| {
            let value = serde_json::from_str(line).unwrap_or_else(|error| panic!("in force with {line:?}: {error}"));
            (index + 1, value)
        })
        .collect();
    assert_eq!(loaded.facts.sources[0].rows, lines.len() as u64, "lines that were read, and lines that are there");
    let field = |value: &'_ Value, name: &str| value[name].as_str().unwrap_or_default().trim().to_owned();
    let fields: Vec<(usize, String, bool, [String; 3])> = lines
        .iter()
        .map(|(line, value)| {
            assert!(value.is_object(), "in force with line {line}: {value}");
            let dates = ["end_date", "last_day_worked", "access_end_at"].map(|name| field(value, name));
            (*line, field(value, "person_id"), field(value, "status") == "ended", dates)
        })
        .collect();
    let said: Vec<Said<'_>> = fields
        .iter()
        .map(|(line, id, ended, [end, worked, access])| Said {
            line: *line,
            id,
            ended: *ended,
            dates: [end, worked, access],
        })
        .collect();
    check_people(&loaded, &said);
}
