//! Bytes of a document to text, and text to short words for messages.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use scan_contract::Cause;
use sha2::{Digest, Sha256};

/// A document as text, with the place where it stopped being text, if it did.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    /// What could be decoded.
    pub(crate) text: Cow<'a, str>,
    /// Why the rest could not.
    pub(crate) damage: Option<Cause>,
}

/// Decodes UTF-8, with or without byte-order mark, and UTF-16 with one: the shell of Windows writes UTF-16 when an
/// answer is redirected into a file. Everything before the first damaged byte is kept.
pub(crate) fn decode<'a>(bytes: &'a [u8], origin: &str) -> Text<'a> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes, origin),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes, origin),
        [0xEF, 0xBB, 0xBF, rest @ ..] => decode_utf8(rest, origin),
        _ => decode_utf8(bytes, origin),
    }
}

fn decode_utf8<'a>(bytes: &'a [u8], origin: &str) -> Text<'a> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Text { text: Cow::Borrowed(text), damage: None },
        Err(error) => {
            let (good, _) = bytes.split_at(error.valid_up_to());
            let cause = if error.error_len().is_none() {
                Cause::CutOff { what: format!("{origin} ends inside a character at byte {}", error.valid_up_to()) }
            } else {
                Cause::Malformed { what: format!("{origin} is not UTF-8 at byte {}", error.valid_up_to()) }
            };
            Text { text: String::from_utf8_lossy(good), damage: Some(cause) }
        }
    }
}

fn decode_utf16<'a>(bytes: &[u8], join: fn([u8; 2]) -> u16, origin: &str) -> Text<'a> {
    let pairs = bytes.chunks_exact(2);
    let mut damage = (!pairs.remainder().is_empty())
        .then(|| Cause::CutOff { what: format!("{origin} ends inside a UTF-16 character") });
    let mut text = String::with_capacity(bytes.len() / 2);
    for unit in char::decode_utf16(pairs.map(|pair| join([pair[0], pair[1]]))) {
        if let Ok(character) = unit {
            text.push(character);
        } else {
            damage = Some(Cause::Malformed { what: format!("{origin} is not UTF-16 after {} characters", text.len()) });
            break;
        }
    }
    Text { text: Cow::Owned(text), damage }
}

/// SHA-256 in lower-case hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// At most `limit` characters of foreign text, for messages.
pub(crate) fn short(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The first few names, and how many more there are.
pub(crate) fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 10;
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| short(name, 80)).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// What a JSON error says, without the content it quotes.
pub(crate) fn json_error(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => {
            let says = error.to_string();
            let harmless = ["missing field", "duplicate field", "unknown field", "invalid length"];
            if harmless.iter().any(|start| says.starts_with(start)) {
                let (says, _) = says.split_once(" at line").unwrap_or((&says, ""));
                format!("{} at {place}", short(says, 120))
            } else {
                format!("a value of the wrong type at {place}")
            }
        }
        serde_json::error::Category::Eof => format!("the text ends at {place}"),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => format!("no valid JSON at {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_as_windows_writes_it_is_read_and_a_half_character_is_a_cut() {
        let bytes: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("user,Zoë".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let whole = decode(&bytes, "report.csv");
        assert_eq!(whole.text, "user,Zoë");
        assert!(whole.damage.is_none());
        assert!(matches!(decode(&bytes[..bytes.len() - 1], "report.csv").damage, Some(Cause::CutOff { .. })));
    }

    #[test]
    fn a_foreign_byte_is_damage_and_what_came_before_it_is_kept() {
        let broken = decode(b"abc\xff\xfedef", "x");
        assert_eq!(broken.text, "abc");
        assert!(matches!(broken.damage, Some(Cause::Malformed { .. })));
        assert!(decode(b"\xef\xbb\xbfabc", "x").damage.is_none());
    }
}
