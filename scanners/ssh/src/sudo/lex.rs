//! Words of a sudoers line.

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, escapes and quotes taken off.
    Word(String),
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `=`
    Equals,
    /// `!`
    Not,
    /// `(`
    Open,
    /// `)`
    Close,
}

/// Joins lines that end in a backslash, and gives each the number of its first line.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (body, goes_on) = match line.strip_suffix('\\') {
            // An escaped backslash at the end does not join.
            Some(body) if !body.ends_with('\\') => (body, true),
            _ => (line, false),
        };
        match found.last_mut() {
            Some((_, joined)) if open => {
                joined.push(' ');
                joined.push_str(body);
            }
            _ => found.push((index + 1, body.to_owned())),
        }
        open = goes_on;
    }
    found
}

/// Splits a line; a comment ends it. `None` where a quote stays open.
pub(super) fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let characters: Vec<char> = line.chars().collect();
    let mut at = 0;
    while let Some(character) = characters.get(at) {
        let next = characters.get(at + 1);
        match character {
            ' ' | '\t' => at += 1,
            ',' => push(&mut found, Token::Comma, &mut at),
            ':' => push(&mut found, Token::Colon, &mut at),
            '=' => push(&mut found, Token::Equals, &mut at),
            '!' => push(&mut found, Token::Not, &mut at),
            '(' => push(&mut found, Token::Open, &mut at),
            ')' => push(&mut found, Token::Close, &mut at),
            // `#` before a digit is a user or group id, everywhere else a comment.
            '#' if !next.is_some_and(char::is_ascii_digit) => return Some(found),
            _ => {
                let (word, end) = word(&characters, at)?;
                found.push(Token::Word(word));
                at = end;
            }
        }
    }
    Some(found)
}

fn push(found: &mut Vec<Token>, token: Token, at: &mut usize) {
    found.push(token);
    *at += 1;
}

fn word(characters: &[char], start: usize) -> Option<(String, usize)> {
    if let Some(end) = address(characters, start) {
        return Some((characters[start..end].iter().collect(), end));
    }
    let mut word = String::new();
    let mut quoted = false;
    let mut at = start;
    while let Some(character) = characters.get(at) {
        match character {
            '\\' if characters.get(at + 1).is_some() => {
                word.push(characters[at + 1]);
                at += 2;
                continue;
            }
            '"' => quoted = !quoted,
            _ if quoted => word.push(*character),
            // A group of another directory is written `%:name`.
            ':' if word == "%" => word.push(':'),
            ' ' | '\t' | ',' | ':' | '=' | '(' | ')' => break,
            '!' if word.is_empty() => break,
            other => word.push(*other),
        }
        at += 1;
    }
    if quoted { None } else { Some((word, at)) }
}

/// The end of an IPv6 address or network that begins here: its colons separate nothing.
fn address(characters: &[char], start: usize) -> Option<usize> {
    let length = characters[start..]
        .iter()
        .take_while(|character| character.is_ascii_hexdigit() || matches!(character, ':' | '.' | '/'))
        .count();
    let run = &characters[start..start + length];
    let colons = run.iter().filter(|character| **character == ':').count();
    (colons >= 2 && run.first() != Some(&'/')).then_some(start + length)
}
