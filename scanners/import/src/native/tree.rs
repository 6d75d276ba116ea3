//! Whole lines as a tree: header, gap and end lines, of which there are few.

use super::lexer::{Broken, DEPTH, Lexer, PADDING, Step, Wanted};

/// A JSON value; keys keep their order, none is there twice.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool,
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Tree {
    /// Reads one line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let mut text = String::with_capacity(line.len() + PADDING);
        text.push_str(line);
        text.extend(std::iter::repeat_n('\n', PADDING));
        let mut lexer = Lexer::new(&text);
        object(&mut lexer).map_err(|broken| format!("{} at byte {}", broken.says(), lexer.at + 1))
    }

    /// The value under a key of an object.
    pub(super) fn field(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text under a key, if it is one.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.field(key)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number from zero under a key.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            // A sign, a fraction and what does not fit are no count.
            Self::Number(text) => text.bytes().try_fold(0_u64, |count, byte| {
                let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
                count.checked_mul(10)?.checked_add(digit)
            }),
            _ => None,
        }
    }

    /// Keys of an object that are not among `known`.
    pub(super) fn unknown<'a>(&'a self, known: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let fields = match self {
            Self::Object(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().map(|(key, _)| key.as_str()).filter(|key| !known.contains(key))
    }
}

fn object(lexer: &mut Lexer<'_>) -> Step<Tree> {
    lexer.skip_space();
    if lexer.byte() != b'{' {
        return Err(Broken::Expected(Wanted::Object));
    }
    let tree = value(lexer, 0)?;
    lexer.end_of_line()?;
    Ok(tree)
}

fn value(lexer: &mut Lexer<'_>, depth: usize) -> Step<Tree> {
    match lexer.byte() {
        b'"' => {
            let span = lexer.string()?;
            Ok(Tree::Text(lexer.slice(span).to_owned()))
        }
        b'{' => fields(lexer, depth),
        b'[' => list(lexer, depth),
        b't' => lexer.literal("true").map(|()| Tree::Bool),
        b'f' => lexer.literal("false").map(|()| Tree::Bool),
        b'n' => lexer.literal("null").map(|()| Tree::Null),
        _ => {
            let span = lexer.number()?;
            Ok(Tree::Number(lexer.slice(span).to_owned()))
        }
    }
}

fn list(lexer: &mut Lexer<'_>, depth: usize) -> Step<Tree> {
    if depth >= DEPTH {
        return Err(Broken::TooDeep);
    }
    let mut items = Vec::new();
    lexer.at += 1;
    lexer.skip_space();
    if lexer.byte() == b']' {
        lexer.at += 1;
        return Ok(Tree::List(items));
    }
    loop {
        items.push(value(lexer, depth + 1)?);
        lexer.skip_space();
        match lexer.byte() {
            b',' => lexer.at += 1,
            b']' => {
                lexer.at += 1;
                return Ok(Tree::List(items));
            }
            _ => return Err(Broken::Expected(Wanted::ListEnd)),
        }
        lexer.skip_space();
    }
}

fn fields(lexer: &mut Lexer<'_>, depth: usize) -> Step<Tree> {
    if depth >= DEPTH {
        return Err(Broken::TooDeep);
    }
    let mut fields: Vec<(String, Tree)> = Vec::new();
    let mut spans = Vec::new();
    lexer.at += 1;
    lexer.skip_space();
    if lexer.byte() == b'}' {
        lexer.at += 1;
        return Ok(Tree::Object(fields));
    }
    loop {
        let span = lexer.string()?;
        spans.push(span);
        let key = lexer.slice(span).to_owned();
        lexer.skip_space();
        lexer.expect(b':', Wanted::Colon)?;
        lexer.skip_space();
        fields.push((key, value(lexer, depth + 1)?));
        lexer.skip_space();
        match lexer.byte() {
            b',' => lexer.at += 1,
            b'}' => {
                lexer.at += 1;
                let twice = lexer.has_duplicate(&mut spans);
                return if twice { Err(Broken::DuplicateKey) } else { Ok(Tree::Object(fields)) };
            }
            _ => return Err(Broken::Expected(Wanted::ObjectEnd)),
        }
        lexer.skip_space();
    }
}
