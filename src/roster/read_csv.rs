//! Delimited text with a header row, streamed.

use std::io::{Read, Write};

use super::encoding::TextReader;
use super::mistakes::Mistakes;
use super::row::RawRow;
use crate::hostile;
use crate::problem::{self, Place};

/// Longest row that is read, in bytes of text.
const LONGEST_ROW: usize = 1024 * 1024;

/// One column that is looked for.
pub(super) struct Wanted {
    /// Its header in this file.
    pub(super) header: String,
    /// Whether the file is refused without it.
    pub(super) required: bool,
}

/// What a table looked like.
#[derive(Debug, Default)]
pub(super) struct TableRead {
    /// Headers in order, as written.
    pub(super) headers: Vec<String>,
    /// Which wanted columns are there, by position in the wanted list.
    pub(super) present: Vec<bool>,
    /// Headers nobody asked for.
    pub(super) ignored: Vec<String>,
    /// Data rows.
    pub(super) rows: u64,
    /// Whether the text ends with a line break.
    pub(super) ends_with_line_break: bool,
    /// Required columns that are missing.
    pub(super) missing: Vec<String>,
    /// Whether the table is damaged: undecodable, cut inside a row, open quote.
    pub(super) damaged: bool,
}

/// Reads a table row by row. Every kind of damage is noted in `mistakes`; `on_row` gets only whole rows.
pub(super) fn read<R: Read>(
    text: &mut TextReader<R>,
    delimiter: u8,
    wanted: &[Wanted],
    mistakes: &mut Mistakes,
    on_row: &mut dyn FnMut(&RawRow, &mut Mistakes),
) -> TableRead {
    let mut table = TableRead { present: vec![false; wanted.len()], ..TableRead::default() };
    text.watch_quotes(delimiter);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(256 * 1024)
        .from_reader(&mut *text);
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => {}
        Ok(false) => {
            mistakes.add(None, "", "the file is empty: it needs a header row and at least one data row", None);
            table.damaged = true;
            return table;
        }
        Err(error) => {
            note_csv_error(&error, mistakes);
            table.damaged = true;
            return table;
        }
    }
    table.headers = record.iter().map(|header| header.trim().to_owned()).collect();
    let slots = match_headers(&mut table, wanted, mistakes);
    let width = table.headers.len();
    let mut row = RawRow::new(wanted.iter().map(|column| column.header.clone()).collect());
    if !table.missing.is_empty() || table.damaged {
        return table;
    }
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                note_csv_error(&error, mistakes);
                table.damaged = true;
                return table;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        table.rows += 1;
        if record.len() != width || record.as_slice().len() > LONGEST_ROW {
            let says = format!("the row has {} fields, the header has {width}", record.len());
            let help = "a field that holds the delimiter, a quote or a line break must be quoted; a file cut off in the middle ends like this";
            mistakes.add(Some(Place { line, column: 1, length: 1 }), "", says, Some(help.to_owned()));
            table.damaged = true;
            continue;
        }
        row.start(line);
        let mut column = 1;
        for (field, slot) in record.iter().zip(&slots) {
            let (mut characters, mut doubled, mut quoted) = (0, 0, false);
            for byte in field.bytes() {
                characters += usize::from(byte & 0xc0 != 0x80);
                doubled += usize::from(byte == b'"');
                quoted |= matches!(byte, b'"' | b'\n' | b'\r') || byte == delimiter;
            }
            if let Some(slot) = slot {
                row.put(*slot, field, column + usize::from(quoted));
            }
            column += characters + 1 + if quoted { 2 + doubled } else { 0 };
        }
        on_row(&row, mistakes);
    }
    drop(reader);
    if let Some(torn) = text.torn() {
        mistakes.add(Some(Place { line: torn.line(), column: 1, length: 1 }), "", torn.as_str(), None);
        table.damaged = true;
    }
    table.ends_with_line_break = text.ends_with_line_break();
    table
}

/// Writes the table again with the wanted columns alone, for keeping. The rows stay what they were to [`read`].
pub(super) fn keep_wanted<R: Read>(
    text: &mut TextReader<R>,
    delimiter: u8,
    wanted: &[Wanted],
    out: &mut dyn Write,
) -> Result<(), csv::Error> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text);
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(out);
    let mut record = csv::StringRecord::new();
    let mut stays: Option<Vec<bool>> = None;
    while reader.read_record(&mut record)? {
        let is_wanted = |header: &str| wanted.iter().any(|column| column.header == header.trim());
        let stays = stays.get_or_insert_with(|| record.iter().map(is_wanted).collect());
        writer.write_record(record.iter().zip(&*stays).filter(|(_, stays)| **stays).map(|(field, _)| field))?;
    }
    writer.flush().map_err(csv::Error::from)
}

fn match_headers(table: &mut TableRead, wanted: &[Wanted], mistakes: &mut Mistakes) -> Vec<Option<usize>> {
    let mut slots: Vec<Option<usize>> = Vec::with_capacity(table.headers.len());
    for (at, header) in table.headers.iter().enumerate() {
        let slot = wanted.iter().position(|column| column.header == *header);
        match slot {
            Some(slot) if table.present[slot] => {
                let says = format!("the header {:?} stands twice", hostile::short(header, 60));
                mistakes.add(Some(header_place(&table.headers, at)), "", says, None);
                table.damaged = true;
            }
            Some(slot) => table.present[slot] = true,
            None => table.ignored.push(hostile::short(header, 60)),
        }
        slots.push(slot);
    }
    for (slot, column) in wanted.iter().enumerate() {
        if column.required && !table.present[slot] {
            table.missing.push(column.header.clone());
            let found = table.headers.iter().map(|header| hostile::short(header, 60)).collect::<Vec<_>>().join(", ");
            let says =
                format!("the required column {:?} is missing; found: {}", column.header, hostile::short(&found, 600));
            let help = problem::nearest(&column.header, table.ignored.iter().map(String::as_str))
                .map(|near| format!("is it {near:?}? Then name it under `columns`"));
            mistakes.add(Some(Place { line: 1, column: 1, length: 1 }), &column.header, says, help);
        }
    }
    slots
}

fn header_place(headers: &[String], at: usize) -> Place {
    let before: usize = headers[..at].iter().map(|header| header.chars().count() + 1).sum();
    Place { line: 1, column: before + 1, length: headers[at].chars().count().max(1) }
}

fn note_csv_error(error: &csv::Error, mistakes: &mut Mistakes) {
    let place = error.position().map(|position| Place {
        line: usize::try_from(position.line()).unwrap_or(usize::MAX),
        column: 1,
        length: 1,
    });
    let says = match error.kind() {
        // Our own decoder's words: they name the byte.
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    };
    mistakes.add(place, "", says, None);
}
