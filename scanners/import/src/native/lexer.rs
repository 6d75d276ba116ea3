//! JSON, read in one pass and validated whole.
//!
//! The text of a chunk is known to be UTF-8 and ends in [`PADDING`] line ends, so that eight bytes can be looked at
//! anywhere. A line end is no valid byte inside any token: nothing here ever reads past the line it is in.

use super::span::Span;
use crate::time;

/// Line ends behind the last line: no look ahead leaves the text.
pub(super) const PADDING: usize = 32;

/// Deepest nesting of lists and objects, the line's own object included.
pub(super) const DEPTH: usize = 32;

/// What should have come next. One byte, so that the commonest results fit two registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Object,
    Text,
    Value,
    Colon,
    ListEnd,
    ObjectEnd,
}

impl Wanted {
    fn as_str(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Text => "a text",
            Self::Value => "a value",
            Self::Colon => "a colon",
            Self::ListEnd => "a comma or the end of the list",
            Self::ObjectEnd => "a comma or the end of the object",
        }
    }
}

/// Why a line is not JSON as we accept it. Where it was found is [`Lexer::at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    Expected(Wanted),
    OpenText,
    ControlCharacter,
    Escape,
    Number,
    DuplicateKey,
    TooDeep,
    Trailing,
}

impl Broken {
    pub(super) fn says(self) -> String {
        match self {
            Self::Expected(what) => format!("expected {}", what.as_str()),
            Self::OpenText => String::from("the text is not closed"),
            Self::ControlCharacter => String::from("a control character inside a text"),
            Self::Escape => String::from("an escape that JSON does not know"),
            Self::Number => String::from("not a number that can be kept"),
            Self::DuplicateKey => String::from("a key is written twice"),
            Self::TooDeep => format!("nested deeper than {DEPTH}"),
            Self::Trailing => String::from("more text after the object"),
        }
    }
}

pub(super) type Step<T> = Result<T, Broken>;

/// Where we are in a chunk, and what had to be unescaped.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Texts with escapes, decoded.
    pub(super) arena: String,
    /// Keys of the objects we are in, to find duplicates.
    keys: Vec<Span>,
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// High bit of each byte that is a quote, a backslash or a control character. Bits above the lowest may be wrong.
#[inline]
fn stops(word: u64) -> u64 {
    let quote = word ^ (LOW * 0x22);
    let backslash = word ^ (LOW * 0x5c);
    ((quote.wrapping_sub(LOW) & !quote)
        | (backslash.wrapping_sub(LOW) & !backslash)
        | (word.wrapping_sub(LOW * 0x20) & !word))
        & HIGH
}

impl<'t> Lexer<'t> {
    /// `text` must end in [`PADDING`] line ends.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, arena: String::new(), keys: Vec::new() }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    #[inline]
    pub(super) fn byte(&self) -> u8 {
        // Behind the text everything is a line end.
        self.bytes().get(self.at).copied().unwrap_or(b'\n')
    }

    /// The text of a span.
    #[inline]
    pub(super) fn slice(&self, span: Span) -> &str {
        span.of(self.text, &self.arena)
    }

    #[inline]
    pub(super) fn skip_space(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    pub(super) fn expect(&mut self, byte: u8, what: Wanted) -> Step<()> {
        if self.byte() != byte {
            return Err(Broken::Expected(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space may follow on this line.
    #[inline]
    pub(super) fn end_of_line(&mut self) -> Step<()> {
        if self.byte() != b'\n' {
            self.skip_space();
            if self.byte() != b'\n' {
                return Err(Broken::Trailing);
            }
        }
        Ok(())
    }

    /// A text; its opening quote is the current byte.
    #[inline]
    pub(super) fn string(&mut self) -> Step<Span> {
        if self.byte() != b'"' {
            return Err(Broken::Expected(Wanted::Text));
        }
        let start = self.at + 1;
        let end = self.next_stop(start);
        self.at = end;
        if self.byte() == b'"' {
            self.at = end + 1;
            return Ok(Span::text(start, end));
        }
        self.string_slowly(start)
    }

    /// A text that is an instant or a date. Anything else is left where it stands.
    #[inline]
    pub(super) fn moment(&mut self) -> Step<Option<Span>> {
        let window = self.bytes().get(self.at..).and_then(|rest| rest.first_chunk::<22>());
        if let Some([b'"', inner @ .., b'"']) = window
            && time::is_plain_utc(inner)
        {
            let start = self.at + 1;
            self.at = start + 21;
            return Ok(Some(Span::text(start, start + 20)));
        }
        self.moment_slowly()
    }

    fn moment_slowly(&mut self) -> Step<Option<Span>> {
        if self.byte() != b'"' {
            return Ok(None);
        }
        let from = self.at;
        let span = self.string()?;
        if time::moment(self.slice(span)).is_some() {
            return Ok(Some(span));
        }
        self.at = from;
        Ok(None)
    }

    /// First quote, backslash or control character at or after `at`.
    #[inline]
    fn next_stop(&self, mut at: usize) -> usize {
        let bytes = self.bytes();
        while let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let found = stops(u64::from_le_bytes(*window));
            if found != 0 {
                return at + (found.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        bytes.len()
    }

    #[cold]
    fn string_slowly(&mut self, start: usize) -> Step<Span> {
        let from = self.arena.len();
        let mut copied = start;
        loop {
            self.at = self.next_stop(self.at);
            match self.byte() {
                b'"' => {
                    self.arena.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    return Ok(Span::arena(from, self.arena.len()));
                }
                b'\\' => {
                    self.arena.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    let character = self.escape()?;
                    self.arena.push(character);
                    copied = self.at;
                }
                b'\n' => return Err(Broken::OpenText),
                _ => return Err(Broken::ControlCharacter),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Step<char> {
        let byte = self.byte();
        if byte == b'\n' {
            return Err(Broken::OpenText);
        }
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four_digits()?;
                let code = match first {
                    0xd800..=0xdbff => {
                        if self.byte() != b'\\' || self.bytes().get(self.at + 1) != Some(&b'u') {
                            return Err(Broken::Escape);
                        }
                        self.at += 2;
                        let second = self.four_digits()?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return Err(Broken::Escape);
                        }
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    other => other,
                };
                char::from_u32(code).ok_or(Broken::Escape)?
            }
            _ => return Err(Broken::Escape),
        })
    }

    fn four_digits(&mut self) -> Step<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()).to_digit(16).ok_or(Broken::Escape)?;
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// A number by JSON's grammar that fits a double.
    pub(super) fn number(&mut self) -> Step<Span> {
        let start = self.at;
        if self.byte() == b'-' {
            self.at += 1;
        }
        match self.byte() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            _ => return Err(Broken::Expected(Wanted::Value)),
        }
        let mut wide = false;
        if self.byte() == b'.' {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            wide = true;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            self.some_digits()?;
        }
        if wide || self.at - start > 300 {
            let value: f64 = self.text[start..self.at].parse().map_err(|_| Broken::Number)?;
            if !value.is_finite() {
                return Err(Broken::Number);
            }
        }
        Ok(Span::text(start, self.at))
    }

    fn digits(&mut self) {
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Step<()> {
        if !self.byte().is_ascii_digit() {
            return Err(Broken::Number);
        }
        self.digits();
        Ok(())
    }

    pub(super) fn literal(&mut self, word: &'static str) -> Step<()> {
        if !self.bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Broken::Expected(Wanted::Value));
        }
        self.at += word.len();
        Ok(())
    }

    /// Whether `null` stands here; it is read if so.
    #[inline]
    pub(super) fn null(&mut self) -> Step<bool> {
        if self.byte() != b'n' {
            return Ok(false);
        }
        self.literal("null")?;
        Ok(true)
    }

    /// Reads past a value of any sort, validating it. `depth` counts the containers around it.
    pub(super) fn skip_value(&mut self, depth: usize) -> Step<()> {
        match self.byte() {
            b'"' => self.string().map(drop),
            b'{' => self.skip_object(depth),
            b'[' => self.skip_list(depth),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.number().map(drop),
        }
    }

    fn skip_list(&mut self, depth: usize) -> Step<()> {
        if depth >= DEPTH {
            return Err(Broken::TooDeep);
        }
        self.at += 1;
        self.skip_space();
        if self.byte() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_value(depth + 1)?;
            self.skip_space();
            match self.byte() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Broken::Expected(Wanted::ListEnd)),
            }
            self.skip_space();
        }
    }

    fn skip_object(&mut self, depth: usize) -> Step<()> {
        if depth >= DEPTH {
            return Err(Broken::TooDeep);
        }
        let base = self.keys.len();
        self.at += 1;
        self.skip_space();
        if self.byte() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.keys.push(key);
            self.skip_space();
            self.expect(b':', Wanted::Colon)?;
            self.skip_space();
            self.skip_value(depth + 1)?;
            self.skip_space();
            match self.byte() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    let mut keys = std::mem::take(&mut self.keys);
                    let twice = self.has_duplicate(&mut keys[base..]);
                    keys.truncate(base);
                    self.keys = keys;
                    return if twice { Err(Broken::DuplicateKey) } else { Ok(()) };
                }
                _ => return Err(Broken::Expected(Wanted::ObjectEnd)),
            }
            self.skip_space();
        }
    }

    /// Whether two of these spans hold the same text. Reorders them.
    pub(super) fn has_duplicate(&self, keys: &mut [Span]) -> bool {
        keys.sort_unstable_by(|left, right| self.slice(*left).cmp(self.slice(*right)));
        keys.windows(2).any(|pair| matches!(pair, [left, right] if self.slice(*left) == self.slice(*right)))
    }

    /// Forgets what a line left behind.
    #[inline]
    pub(super) fn begin_line(&mut self) {
        self.keys.clear();
    }
}
