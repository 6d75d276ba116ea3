//! One row as text: what a reader hands on, whatever the format was.

use crate::problem::Place;

/// An alias that stands inside an NDJSON record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RawAlias {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) system: Option<String>,
    pub(super) personal: Option<String>,
    pub(super) valid_from: Option<String>,
    pub(super) valid_to: Option<String>,
}

/// An alias as text, wherever it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AliasText<'a> {
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
    pub(super) system: Option<&'a str>,
    pub(super) personal: Option<&'a str>,
    pub(super) valid_from: Option<&'a str>,
    pub(super) valid_to: Option<&'a str>,
}

impl RawAlias {
    /// The same, borrowed.
    pub(super) fn text(&self) -> AliasText<'_> {
        AliasText {
            kind: &self.kind,
            value: &self.value,
            system: self.system.as_deref(),
            personal: self.personal.as_deref(),
            valid_from: self.valid_from.as_deref(),
            valid_to: self.valid_to.as_deref(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    from: u32,
    to: u32,
    column: u32,
}

/// One row. The buffer is used again for the next row, so that reading allocates nothing per row.
#[derive(Debug, Default)]
pub(super) struct RawRow {
    line: usize,
    text: String,
    cells: Vec<Option<Cell>>,
    /// Header or key of each cell in this file.
    headers: Vec<String>,
    /// The whole line, where places are looked up only when something is wrong (NDJSON).
    whole: Vec<u8>,
    /// Whether every value had the type its column needs (NDJSON; text always fits).
    pub(super) fits: bool,
    /// Aliases inside the record (NDJSON only).
    pub(super) aliases: Vec<RawAlias>,
}

impl RawRow {
    /// An empty row with one cell a header.
    pub(super) fn new(headers: Vec<String>) -> Self {
        Self { cells: vec![None; headers.len()], headers, ..Self::default() }
    }

    /// Empties the row and says on which line the next one starts.
    pub(super) fn start(&mut self, line: usize) {
        self.line = line;
        self.text.clear();
        self.aliases.clear();
        self.whole.clear();
        self.fits = true;
        self.cells.fill(None);
    }

    /// Keeps the line, so that [`place`](Self::place) can find a key in it.
    pub(super) fn remember_line(&mut self, line: &[u8]) {
        self.whole.extend_from_slice(line);
    }

    /// Header or key of a cell.
    pub(super) fn header(&self, index: usize) -> &str {
        &self.headers[index]
    }

    /// Puts a cell. `column` is its place in the line, in characters from 1; 0 where it is looked up later.
    pub(super) fn put(&mut self, index: usize, text: &str, column: usize) {
        let from = self.text.len();
        self.text.push_str(text);
        // A row longer than 4 GiB is refused by the readers long before.
        let position = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.cells[index] =
            Some(Cell { from: position(from), to: position(self.text.len()), column: position(column) });
    }

    /// The cell's text without surrounding white space; `None` where the row has no such cell or it is empty.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let cell = self.cells[index]?;
        let text = self.text[cell.from as usize..cell.to as usize].trim();
        (!text.is_empty()).then_some(text)
    }

    /// Where the row starts.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Where the cell stands; the start of the row for a cell that is missing.
    pub(super) fn place(&self, index: usize) -> Place {
        if !self.whole.is_empty() {
            let line = String::from_utf8_lossy(&self.whole);
            let key = format!("\"{}\"", self.headers[index]);
            let column = line.find(&key).map_or(1, |at| line[..at].chars().count() + 1);
            return Place { line: self.line, column, length: key.chars().count() };
        }
        match self.cells[index] {
            Some(cell) => Place {
                line: self.line,
                column: (cell.column as usize).max(1),
                length: self.text[cell.from as usize..cell.to as usize].chars().count().max(1),
            },
            None => Place { line: self.line, column: 1, length: 1 },
        }
    }
}
