//! Rows of a table (RFC 4180), with their damage told by line.
//!
//! Hand-written, because which rows were lost is coverage: a quote that is never closed swallows rows, and a lenient
//! reader gives no sign of it. After a damaged row, reading goes on with the next line of the file.

use scan_contract::Cause;

use super::decode::Text;

/// Rows that look for a closing quote through a whole window in vain, before a file is given up.
const OPEN_QUOTES: usize = 1_000;

/// What comes next.
pub(super) enum Row {
    /// Cells of the row that starts on this line.
    Cells(u64, Vec<String>),
    /// The row that starts on this line cannot be used.
    Damaged(u64, Cause),
}

/// Where an attempt to read a row ended.
enum Attempt {
    /// Cells, bytes with the line end, and lines.
    Row(Vec<Vec<u8>>, usize, u64),
    Blank(usize),
    /// Text follows a closing quote.
    StrayText,
    /// The text ended first; inside quotes or not.
    Unfinished {
        quoted: bool,
    },
}

pub(super) struct Rows {
    text: Text,
    buffer: Vec<u8>,
    at: usize,
    /// Line on which the next row starts.
    line: u64,
    delimiter: u8,
    row_bytes: usize,
    columns: Option<usize>,
    ended: bool,
    failure: Option<Cause>,
    open_quotes: usize,
}

impl Rows {
    pub(super) fn new(text: Text, delimiter: u8, row_bytes: usize) -> Self {
        Self {
            text,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            delimiter,
            row_bytes,
            columns: None,
            ended: false,
            failure: None,
            open_quotes: 0,
        }
    }

    /// Every following row must have this many cells.
    pub(super) fn expect_columns(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    /// The next row that is not blank; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Row> {
        loop {
            if self.open_quotes > OPEN_QUOTES {
                let limit = format!(
                    "{OPEN_QUOTES} quotes that are never closed; nothing after line {} was read",
                    self.line - 1
                );
                self.failure.get_or_insert(Cause::LimitHit { limit });
                return None;
            }
            let rest = &self.buffer[self.at..];
            if rest.is_empty() && self.ended {
                return None;
            }
            match attempt(rest, self.delimiter, self.ended) {
                Attempt::Blank(bytes) => {
                    self.at += bytes;
                    self.line += 1;
                }
                Attempt::Row(cells, bytes, lines) => return Some(self.row(cells, bytes, lines)),
                Attempt::StrayText => {
                    let what = String::from("text follows a closing quote");
                    return Some(self.damaged(Cause::Malformed { what }));
                }
                Attempt::Unfinished { quoted } if self.ended || rest.len() > self.row_bytes => {
                    return Some(self.unfinished(quoted));
                }
                Attempt::Unfinished { .. } => self.more(),
            }
        }
    }

    fn more(&mut self) {
        self.buffer.drain(..self.at);
        self.at = 0;
        match self.text.more(&mut self.buffer) {
            Ok(true) => {}
            Ok(false) => self.ended = true,
            Err(cause) => {
                self.ended = true;
                // Half a row is no row.
                let whole = memchr::memrchr(b'\n', &self.buffer).map_or(0, |end| end + 1);
                self.buffer.truncate(whole);
                self.failure.get_or_insert(cause);
            }
        }
    }

    fn row(&mut self, cells: Vec<Vec<u8>>, bytes: usize, lines: u64) -> Row {
        if bytes > self.row_bytes + 2 {
            return self.damaged(Cause::LimitHit { limit: format!("a row of at most {} bytes", self.row_bytes) });
        }
        let line = self.line;
        if let Some(columns) = self.columns.filter(|columns| *columns != cells.len()) {
            let what = format!("the row has {} cells, the header has {columns}", cells.len());
            return self.damaged(Cause::Malformed { what });
        }
        self.at += bytes;
        self.line += lines;
        let Ok(cells) = cells.into_iter().map(String::from_utf8).collect() else {
            let what = String::from("the row holds bytes that are no text in the encoding of the file");
            return Row::Damaged(line, Cause::Malformed { what });
        };
        Row::Cells(line, cells)
    }

    /// Names the row that starts here, and goes on with the next line, which may lie inside it.
    fn damaged(&mut self, cause: Cause) -> Row {
        let line = self.line;
        self.skip_line();
        Row::Damaged(line, cause)
    }

    fn unfinished(&mut self, quoted: bool) -> Row {
        let cause = if quoted {
            self.open_quotes += 1;
            Cause::CutOff { what: String::from("a quote is opened in this row and never closed") }
        } else {
            Cause::LimitHit { limit: format!("a row of at most {} bytes", self.row_bytes) }
        };
        self.damaged(cause)
    }

    fn skip_line(&mut self) {
        self.line += 1;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[self.at..]) {
                self.at += end + 1;
                return;
            }
            self.at = self.buffer.len();
            if self.ended {
                return;
            }
            self.more();
        }
    }

    /// Why the file ended before its end.
    pub(super) fn failure(&mut self) -> Option<Cause> {
        self.failure.take()
    }

    /// The text, once the rows ended.
    pub(super) fn text(&mut self) -> &mut Text {
        &mut self.text
    }
}

/// Tries to read one row from the start of `text`; `ended`: nothing follows it.
fn attempt(text: &[u8], delimiter: u8, ended: bool) -> Attempt {
    match text {
        [b'\n', ..] => return Attempt::Blank(1),
        [b'\r', b'\n', ..] => return Attempt::Blank(2),
        _ => {}
    }
    let mut cells = Vec::new();
    let mut at = 0;
    let mut lines = 1;
    loop {
        let mut cell = Vec::new();
        if text.get(at) == Some(&b'"') {
            at += 1;
            loop {
                let Some(length) = memchr::memchr(b'"', &text[at..]) else {
                    return Attempt::Unfinished { quoted: true };
                };
                let inner = &text[at..at + length];
                cell.extend_from_slice(inner);
                lines += memchr::memchr_iter(b'\n', inner).count() as u64;
                at += length + 1;
                match text.get(at) {
                    Some(b'"') => {
                        cell.push(b'"');
                        at += 1;
                    }
                    // The next byte decides whether this quote closes.
                    None if !ended => return Attempt::Unfinished { quoted: true },
                    _ => break,
                }
            }
        } else {
            let rest = &text[at..];
            let Some(length) = memchr::memchr2(delimiter, b'\n', rest).or(ended.then_some(rest.len())) else {
                return Attempt::Unfinished { quoted: false };
            };
            let inner = &rest[..length];
            let line_end = rest.get(length) == Some(&b'\n');
            cell.extend_from_slice(if line_end { inner.strip_suffix(b"\r").unwrap_or(inner) } else { inner });
            at += length;
        }
        cells.push(cell);
        match &text[at..] {
            [] if ended => return Attempt::Row(cells, at, lines),
            [b'\n', ..] => return Attempt::Row(cells, at + 1, lines),
            [b'\r', b'\n', ..] => return Attempt::Row(cells, at + 2, lines),
            [] | [b'\r'] if !ended => return Attempt::Unfinished { quoted: false },
            [next, ..] if *next == delimiter => at += 1,
            _ => return Attempt::StrayText,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Option<(Vec<String>, u64)> {
        match attempt(text.as_bytes(), b',', true) {
            Attempt::Row(cells, _, lines) => {
                Some((cells.into_iter().map(|cell| String::from_utf8(cell).unwrap()).collect(), lines))
            }
            _ => None,
        }
    }

    #[test]
    fn rows_as_rfc_4180_writes_them() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        assert_eq!(cells("a,b,c\n"), Some((row(&["a", "b", "c"]), 1)));
        assert_eq!(cells("a,\"b,\"\"x\"\"\ny\",c\r\nnext"), Some((row(&["a", "b,\"x\"\ny", "c"]), 2)));
        assert_eq!(cells(",,"), Some((row(&["", "", ""]), 1)));
        assert_eq!(cells("5\" disk,x"), Some((row(&["5\" disk", "x"]), 1)));
        assert_eq!(cells("\"\""), Some((row(&[""]), 1)));
    }

    #[test]
    fn an_open_quote_and_text_behind_a_quote_are_no_row() {
        assert!(matches!(attempt(b"a,\"b\nc,d\n", b',', true), Attempt::Unfinished { quoted: true }));
        assert!(matches!(attempt(b"a,\"b\"c\n", b',', true), Attempt::StrayText));
        assert!(matches!(attempt(b"a,\"b\"", b',', false), Attempt::Unfinished { .. }));
    }
}
