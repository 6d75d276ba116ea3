//! Files of keys: `authorized_keys`, and plain lists such as `TrustedUserCAKeys` and `RevokedKeys`.

use super::options::{KeyOptions, OptionFault};
use super::public_key::{KeyFault, PublicKey, is_blank, read_key, skip_blanks};

/// A line with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthorizedKey {
    /// Line number, from 1.
    pub(crate) line: usize,
    /// The key.
    pub(crate) key: PublicKey,
    /// Its options, or why sshd refuses the line.
    pub(crate) options: Result<KeyOptions, OptionFault>,
    /// The comment after it: a hint that whoever wrote the file made up.
    pub(crate) comment: String,
}

/// What a line holds, blank lines and comments left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuthorizedLine {
    /// A key.
    Key(Box<AuthorizedKey>),
    /// Something that is no key for us.
    Unreadable {
        /// Line number, from 1.
        line: usize,
        /// Why.
        why: String,
    },
}

/// Lines that are neither blank nor comments, with their numbers. A line ends at its first NUL, as in C.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split(|byte| *byte == b'\n').enumerate().filter_map(|(index, line)| {
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let line = skip_blanks(line);
        let blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        (!blank && line[0] != b'#').then_some((index + 1, line))
    })
}

/// Reads a file of the `authorized_keys` form (sshd(8), OpenSSH: `auth_check_authkey_line`).
pub(crate) fn parse_authorized_keys(bytes: &[u8]) -> Vec<AuthorizedLine> {
    lines(bytes).map(|(number, line)| parse_line(number, line)).collect()
}

fn parse_line(number: usize, line: &[u8]) -> AuthorizedLine {
    let unreadable = |why: &str| AuthorizedLine::Unreadable { line: number, why: why.to_owned() };
    let (key, comment, options) = match read_key(line) {
        Ok((key, comment)) => (key, comment, Ok(KeyOptions::default())),
        Err(first) => {
            let Some(after) = past_options(line) else {
                return unreadable("a quote in the options is not closed");
            };
            match read_key(skip_blanks(after)) {
                Ok((key, comment)) => (key, comment, KeyOptions::parse(line)),
                Err(KeyFault::NoKey) => return unreadable(first.as_str()),
                Err(second) => return unreadable(second.as_str()),
            }
        }
    };
    AuthorizedLine::Key(Box::new(AuthorizedKey { line: number, key, options, comment: comment_text(comment) }))
}

/// What follows the options: the first blank outside quotes. `None` where a quote stays open.
fn past_options(line: &[u8]) -> Option<&[u8]> {
    let mut quoted = false;
    let mut at = 0;
    while at < line.len() && (quoted || !is_blank(line[at])) {
        if line[at] == b'\\' && line.get(at + 1) == Some(&b'"') {
            at += 1;
        } else if line[at] == b'"' {
            quoted = !quoted;
        }
        at += 1;
    }
    if quoted { None } else { Some(&line[at.min(line.len())..]) }
}

fn comment_text(comment: &[u8]) -> String {
    let text = String::from_utf8_lossy(comment);
    text.trim().chars().take(200).collect()
}

/// Reads a list of keys without options (OpenSSH: `sshkey_in_file`). sshd stops at the first line it cannot read;
/// we go on, and say so.
pub(crate) fn parse_plain_keys(bytes: &[u8]) -> Vec<AuthorizedLine> {
    lines(bytes)
        .map(|(line, text)| match read_key(text) {
            Ok((key, comment)) => AuthorizedLine::Key(Box::new(AuthorizedKey {
                line,
                key,
                options: Ok(KeyOptions::default()),
                comment: comment_text(comment),
            })),
            Err(fault) => AuthorizedLine::Unreadable { line, why: fault.as_str().to_owned() },
        })
        .collect()
}

#[cfg(test)]
#[path = "authorized_tests.rs"]
mod tests;
