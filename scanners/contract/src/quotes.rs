//! Whether the quotes of a table hold together.
//!
//! The common reader of tables is lenient: it takes text behind a closing quote as part of the cell, and the end of the
//! file as the end of an open one. Either swallows the rows in between, and with them people and keys, without a sign.
//! Counting quotes does not help, since one inside an unquoted cell is text (RFC 4180 has no such thing, exports do). So
//! whoever uses that reader follows the quotes beside it.

/// What tears a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Torn {
    /// A quote opened on this line is never closed.
    Open(usize),
    /// Text follows a closing quote on this line.
    Stray(usize),
}

impl Torn {
    /// Line of the text, from 1.
    pub fn line(self) -> usize {
        match self {
            Self::Open(line) | Self::Stray(line) => line,
        }
    }

    /// What is wrong, in one sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open(_) => {
                "a quotation mark is never closed: the file was cut off inside a quoted field, or a quote is not doubled"
            }
            Self::Stray(_) => {
                "text follows a closing quotation mark: a quote inside a quoted field is not doubled, or one before it is \
                 never closed"
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// A quote inside quotes: it closes them, or the next one makes it a quote of the text.
    MayClose,
}

/// Follows the quotes of a delimited text, byte by byte (RFC 4180; a quote inside an unquoted cell is text).
#[derive(Debug, Clone)]
pub struct Quotes {
    delimiter: u8,
    state: State,
    line: usize,
    opened: usize,
    stray: Option<usize>,
}

impl Quotes {
    /// Before the first byte of a table whose cells stand between `delimiter`.
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::CellStart, line: 1, opened: 0, stray: None }
    }

    /// The next part of the text.
    pub fn follow(&mut self, text: &[u8]) {
        for byte in text {
            self.state = match (self.state, *byte) {
                (State::CellStart, b'"') => {
                    self.opened = self.line;
                    State::Quoted
                }
                (State::Quoted, b'"') => State::MayClose,
                (State::MayClose, b'"') | (State::Quoted, _) => State::Quoted,
                (_, b'\n' | b'\r') => State::CellStart,
                (_, byte) if byte == self.delimiter => State::CellStart,
                (State::MayClose, _) => {
                    self.stray.get_or_insert(self.line);
                    State::Plain
                }
                (State::CellStart | State::Plain, _) => State::Plain,
            };
            self.line += usize::from(*byte == b'\n');
        }
    }

    /// What tears a whole text.
    pub fn of(text: &[u8], delimiter: u8) -> Option<Torn> {
        let mut quotes = Self::new(delimiter);
        quotes.follow(text);
        quotes.torn()
    }

    /// What is wrong, once the text came to its end.
    pub fn torn(&self) -> Option<Torn> {
        // Text behind a quote comes first: whatever is open after it may only seem so.
        self.stray.map(Torn::Stray).or_else(|| (self.state == State::Quoted).then_some(Torn::Open(self.opened)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn torn(text: &str) -> Option<Torn> {
        let mut quotes = Quotes::new(b',');
        // In parts, as it is read.
        for part in text.as_bytes().chunks(3) {
            quotes.follow(part);
        }
        quotes.torn()
    }

    #[test]
    fn sound_tables_are_not_torn() {
        for text in ["", "a,b\n", "\"a\",\"b \"\"x\"\", y\nz\"\r\nc,d", "5\" disk,\"\"\n", "a,\"b\"", "a\"b\"c,d\n"] {
            assert_eq!(torn(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_open_quote_is_found_however_many_quotes_there_are() {
        assert_eq!(torn("a,\"b\nc,d\n"), Some(Torn::Open(1)));
        // Its twin with a quote that is text: the number of quotes is even.
        assert_eq!(torn("5\" disk,b\nc,\"d\ne,f\n"), Some(Torn::Open(2)));
    }

    #[test]
    fn text_behind_a_closing_quote_is_found() {
        assert_eq!(torn("a,\"b\nc,\"d\"\n5\",x\n"), Some(Torn::Stray(2)));
    }
}
