//! Names from outside, made fit for addresses and for scope names (NET-6).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is: unreserved characters of RFC 3986 section 2.3.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One segment of an address or of a scope name.
pub(crate) fn encode(name: &str) -> String {
    utf8_percent_encode(name, KEPT).to_string()
}

/// The name a segment was made of. `None` if it is not what [`encode`] makes.
pub(crate) fn decode(segment: &str) -> Option<String> {
    let name = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
    (encode(&name) == segment).then_some(name)
}

/// A name or path that no address can carry unchanged: an empty part, or one that addresses treat as "here" or "up".
pub(crate) fn is_unspeakable(path: &str) -> bool {
    path.split('/').any(|part| part.is_empty() || part == "." || part == "..")
}

/// A name for messages: short, one line.
pub(crate) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().filter(|letter| !letter.is_control()).take(120).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_segment() {
        for name in ["a", "a/b", "ä ö", "%2F", "a%", "..", "#?&=+", "\n", ""] {
            assert_eq!(decode(&encode(name)).as_deref(), Some(name), "{name:?}");
            assert!(!encode(name).contains('/'));
        }
        assert_eq!(decode("a%2f"), None);
        assert_eq!(decode("%FF"), None);
    }

    #[test]
    fn parts_that_addresses_swallow_are_told_apart() {
        for path in ["", "a//b", "a/", ".", "a/../b", "a/./b"] {
            assert!(is_unspeakable(path), "{path:?}");
        }
        for path in ["a", "a/b", "...", "a/..b", ".hidden"] {
            assert!(!is_unspeakable(path), "{path:?}");
        }
    }
}
