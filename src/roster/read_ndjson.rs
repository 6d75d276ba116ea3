//! One JSON record a line, streamed. Equal in meaning to the delimited form.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};
use serde_json::Value;

use super::columns::Column;
use super::encoding::TextReader;
use super::mistakes::Mistakes;
use super::read_csv::{TableRead, Wanted};
use super::row::{RawAlias, RawRow};
use crate::hostile;
use crate::problem::Place;

/// Longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1024 * 1024;
/// Most keys of the whole file that are remembered for the list of ignored ones.
const MOST_KEYS: usize = 1_000;

/// A JSON object in which no key stands twice.
struct Record(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut fields: Vec<(String, Value)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if fields.iter().any(|(known, _)| *known == key) {
                        return Err(de::Error::custom("a key stands twice in one record"));
                    }
                    fields.push((key, value));
                }
                Ok(Record(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Reads records line by line. `wanted` is the list of canonical columns with the key each has in this file.
pub(super) fn read<R: Read>(
    text: &mut TextReader<R>,
    wanted: &[Wanted],
    mistakes: &mut Mistakes,
    on_row: &mut dyn FnMut(&RawRow, &mut Mistakes),
) -> TableRead {
    let mut table = TableRead { present: vec![false; wanted.len()], ..TableRead::default() };
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut row = RawRow::new(wanted.iter().map(|column| column.header.clone()).collect());
    let mut reader = BufReader::with_capacity(256 * 1024, &mut *text);
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        line += 1;
        let place = Some(Place { line, column: 1, length: 1 });
        match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                mistakes.add(place, "", error.to_string(), None);
                table.damaged = true;
                return table;
            }
        }
        if bytes.len() as u64 >= LONGEST_LINE {
            mistakes.add(place, "", format!("the line is longer than {LONGEST_LINE} bytes"), None);
            table.damaged = true;
            return table;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        table.rows += 1;
        let record: Record = match serde_json::from_slice(&bytes) {
            Ok(record) => record,
            Err(error) => {
                // The category only: the library's own message may quote the value.
                let what = match error.classify() {
                    serde_json::error::Category::Eof => "the record is cut off before its closing brace",
                    serde_json::error::Category::Syntax => "not valid JSON",
                    serde_json::error::Category::Data => "not one JSON object with distinct keys",
                    serde_json::error::Category::Io => "could not be read",
                };
                mistakes.add(Some(Place { line, column: error.column().max(1), length: 1 }), "", what, None);
                table.damaged = true;
                continue;
            }
        };
        row.start(line);
        row.remember_line(&bytes);
        for (key, value) in record.0 {
            if !keys.contains(&key) && keys.len() < MOST_KEYS {
                keys.insert(key.clone());
            }
            let fits = put(&key, value, wanted, &mut row, mistakes);
            row.fits &= fits;
        }
        on_row(&row, mistakes);
    }
    for key in keys {
        match wanted.iter().position(|column| column.header == key) {
            Some(slot) => table.present[slot] = true,
            None if key == "aliases" => {}
            None => table.ignored.push(hostile::short(&key, 60)),
        }
        table.headers.push(key);
    }
    if table.rows == 0 {
        mistakes.add(None, "", "the file holds no record", None);
        table.damaged = true;
    } else {
        for (slot, column) in wanted.iter().enumerate() {
            if column.required && !table.present[slot] {
                table.missing.push(column.header.clone());
                let says = format!("no record has the required key {:?}", column.header);
                mistakes.add(None, &column.header, says, None);
            }
        }
    }
    table.ends_with_line_break = true; // Every record is whole by itself: its closing brace was seen.
    table
}

/// Writes the records again with the wanted keys alone, for keeping. A record that was rejected stays one, without what was
/// in the value that it was rejected for.
pub(super) fn keep_wanted<R: Read>(text: &mut TextReader<R>, wanted: &[Wanted], out: &mut dyn Write) -> io::Result<()> {
    for line in BufReader::with_capacity(256 * 1024, text).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let record: Record = serde_json::from_str(&line)?;
        let kept = record.0.into_iter().filter_map(|(key, value)| {
            if key == "aliases" {
                let fits = value.is_null() || serde_json::from_value::<Vec<AliasFields>>(value.clone()).is_ok();
                return Some((key, if fits { value } else { Value::Bool(false) }));
            }
            let nested = value.is_object() || value.is_array();
            let wanted = wanted.iter().any(|column| column.header == key);
            wanted.then(|| (key, if nested { Value::Array(Vec::new()) } else { value }))
        });
        let kept: serde_json::Map<String, Value> = kept.collect();
        serde_json::to_writer(&mut *out, &kept)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Puts one field into the row. Ids are text: a number would have lost its leading zeros already.
fn put(key: &str, value: Value, wanted: &[Wanted], row: &mut RawRow, mistakes: &mut Mistakes) -> bool {
    if key == "aliases" {
        return put_aliases(value, row, mistakes);
    }
    let Some(slot) = wanted.iter().position(|column| column.header == key) else {
        return true;
    };
    match value {
        Value::Null => true,
        Value::String(text) => {
            row.put(slot, &text, 0);
            true
        }
        Value::Bool(flag) if slot == Column::LegalHold as usize => {
            row.put(slot, if flag { "true" } else { "false" }, 0);
            true
        }
        Value::Number(number) if slot == Column::Stint as usize => {
            row.put(slot, &number.to_string(), 0);
            true
        }
        _ => {
            let place = row.place(slot);
            let expected = match slot {
                slot if slot == Column::LegalHold as usize => "true or false",
                slot if slot == Column::Stint as usize => "a whole number",
                _ => "text in quotes",
            };
            mistakes.add(Some(place), key, format!("expected {expected}"), None);
            false
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasFields {
    kind: String,
    value: String,
    system: Option<String>,
    personal: Option<bool>,
    valid_from: Option<String>,
    valid_to: Option<String>,
}

fn put_aliases(value: Value, row: &mut RawRow, mistakes: &mut Mistakes) -> bool {
    let place = Some(Place { line: row.line(), column: 1, length: 1 });
    if value.is_null() {
        return true;
    }
    if let Ok(aliases) = serde_json::from_value::<Vec<AliasFields>>(value) {
        row.aliases.extend(aliases.into_iter().map(|alias| RawAlias {
            kind: alias.kind,
            value: alias.value,
            system: alias.system,
            personal: alias.personal.map(|personal| personal.to_string()),
            valid_from: alias.valid_from,
            valid_to: alias.valid_to,
        }));
        return true;
    }
    let says = "expected a list of objects with kind, value, and where needed system, personal, valid_from, valid_to";
    mistakes.add(place, "aliases", says, None);
    false
}
