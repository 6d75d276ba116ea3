//! One chunk of whole lines: its records, and everything in it that is no record.

use std::sync::Arc;

use scan_contract::Cause;

use super::access::{AccessReader, Line, Where};
use super::keys::Key as _;
use super::lexer::PADDING;
use super::records::{self, Record};
use super::scopes::ScopeTable;
use super::sheet::{NativeSheet, Row};
use crate::tally::{Damage, Keys, Words};

/// Unknown keys that are counted without looking them up.
const COUNTED: usize = 32;

/// Whole lines to be read. Bytes before `from` were read already.
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) from: usize,
    pub(super) line_bytes: usize,
}

/// What a chunk held. Line numbers count from 1 inside it.
pub(super) struct Parsed {
    pub(super) lines: u64,
    pub(super) sheet: NativeSheet,
    pub(super) damage: Damage<u16>,
    pub(super) words: Words<u16>,
    pub(super) keys: Keys,
    /// Records that are no access, in order.
    pub(super) records: Vec<(u64, Record)>,
}

/// Text of a chunk whose lines are UTF-8; lines that are not are blanked, and where they start is told.
fn into_text(mut bytes: Vec<u8>) -> (String, Vec<usize>) {
    bytes.extend_from_slice(&[b'\n'; PADDING]);
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, Vec::new()),
        Err(error) => error.into_bytes(),
    };
    let mut blanked = Vec::new();
    let mut text = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Ok(sound) = std::str::from_utf8(line) {
            text.push_str(sound);
        } else {
            blanked.push(text.len());
            text.extend(std::iter::repeat_n(' ', line.len() - 1));
            text.push('\n');
        }
    }
    (text, blanked)
}

/// Reads a chunk.
pub(super) fn parse(chunk: Chunk, scopes: &Arc<ScopeTable>, path: &Arc<str>) -> Parsed {
    let end = chunk.bytes.len();
    let (text, blanked) = into_text(chunk.bytes);
    let mut reader = Reader {
        access: AccessReader::new(&text, Arc::clone(scopes)),
        rows: Vec::with_capacity((end - chunk.from) / 200),
        blanked: &blanked,
        line_bytes: chunk.line_bytes,
        line: 0,
        damage: Damage::new(),
        words: Words::new(),
        keys: Keys::default(),
        counted: Vec::new(),
        records: Vec::new(),
    };
    let mut at = chunk.from;
    while at < end {
        at = reader.line(at);
    }
    let Reader { access, rows, line, damage, words, mut keys, counted, records, .. } = reader;
    for (place, key, times) in counted {
        keys.note(place.prefix(), &key, times);
    }
    let (arena, holders) = (access.lexer.arena, access.holders);
    let sheet = NativeSheet::new(text, arena, rows, holders, Arc::clone(scopes), Arc::clone(path));
    Parsed { lines: line, sheet, damage, words, keys, records }
}

struct Reader<'t> {
    access: AccessReader<'t>,
    rows: Vec<Row>,
    blanked: &'t [usize],
    line_bytes: usize,
    line: u64,
    damage: Damage<u16>,
    words: Words<u16>,
    keys: Keys,
    /// The first few unknown keys: a producer that adds keys adds the same ones to every line.
    counted: Vec<(Where, String, u64)>,
    records: Vec<(u64, Record)>,
}

impl Reader<'_> {
    /// Reads the line at `start` and gives the start of the next one.
    fn line(&mut self, start: usize) -> usize {
        self.line += 1;
        let holders = self.access.holders.len();
        if let [first, rest @ ..] = self.blanked
            && *first == start
        {
            self.blanked = rest;
            let end = self.end_of_line(start);
            self.unusable(None, end - start, || String::from("not UTF-8"));
            return end + 1;
        }
        let outcome = self.access.line(start);
        let stopped = self.access.lexer.at;
        let end = self.end_of_line(stopped);
        if end - start > self.line_bytes {
            self.access.holders.truncate(holders);
            self.unusable(None, end - start, String::new);
            return end + 1;
        }
        match outcome {
            Ok(Line::Access(head)) => {
                let held = self.access.holders.len() - holders;
                self.rows.push(Row::new(&self.access.fields, head, (start, end), self.line, (holders, held)));
                if !self.access.words.is_empty() || !self.access.unknown.is_empty() {
                    self.note(head.scope);
                }
            }
            Ok(Line::Unusable(scope, fault)) => self.unusable(scope, end - start, || fault.says()),
            Ok(Line::Other) => self.record(start, end),
            Err(broken) => {
                self.access.holders.truncate(holders);
                self.unusable(None, end - start, || format!("{} at byte {}", broken.says(), stopped - start + 1));
            }
        }
        end + 1
    }

    fn end_of_line(&self, at: usize) -> usize {
        let bytes = self.access.lexer.bytes();
        if bytes.get(at) == Some(&b'\n') {
            return at;
        }
        memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length)
    }

    fn unusable(&mut self, scope: Option<u16>, length: usize, says: impl FnOnce() -> String) {
        let limit = self.line_bytes;
        self.damage.note(scope, self.line, || {
            if length > limit {
                Cause::LimitHit { limit: format!("a line of at most {limit} bytes") }
            } else {
                Cause::Malformed { what: says() }
            }
        });
    }

    fn record(&mut self, start: usize, end: usize) {
        let line = &self.access.lexer.text[start..end];
        match records::record(line, &mut self.keys) {
            Ok(record) => self.records.push((self.line, record)),
            Err(says) => self.damage.note(None, self.line, || Cause::Malformed { what: says }),
        }
    }

    /// Counts what a kept line says that nothing reads.
    #[cold]
    fn note(&mut self, scope: u16) {
        for (key, span) in &self.access.words {
            self.words.note(scope, key.as_str(), self.access.lexer.slice(*span), self.line);
        }
        for (place, span) in &self.access.unknown {
            let key = self.access.lexer.slice(*span);
            if let Some(known) = self.counted.iter_mut().find(|known| known.0 == *place && known.1 == key) {
                known.2 += 1;
            } else if self.counted.len() < COUNTED {
                self.counted.push((*place, key.to_owned(), 1));
            } else {
                self.keys.note(place.prefix(), key, 1);
            }
        }
    }
}
