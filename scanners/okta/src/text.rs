//! Foreign text and times in a form that can go into records.

use chrono::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use scan_contract::{Cause, Fact, Gap, Instant, Moment, ScopeName};

use crate::wire::{Damaged, Told};

/// Longest foreign text that goes into a record, in characters.
const LONGEST: usize = 200;

/// What stays as it is in the key of a scope's name and in a segment of a path (RFC 3986, unreserved).
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Foreign text, cut where it is too long. Whoever prints it makes it inert.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => String::from(text),
    }
}

/// `<kind>/<key>` with the key percent-encoded: a name from which a follow-up can be read.
pub(crate) fn follow_up_name(kind: &str, key: &str) -> ScopeName {
    ScopeName::new(format!("{kind}/{}", utf8_percent_encode(key, KEY)))
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, KEY).to_string()
}

/// The key of a follow-up's name. `None`: the name is not one of `kind`.
pub(crate) fn key_of(name: &ScopeName, kind: &str) -> Option<String> {
    let encoded = name.as_str().strip_prefix(kind)?.strip_prefix('/')?;
    let Ok(decoded) = percent_decode_str(encoded).decode_utf8() else { return None };
    (!decoded.is_empty()).then(|| decoded.into_owned())
}

/// A value inside the quotes of a filter expression.
pub(crate) fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// A time as Okta writes it (RFC 3339). Okta gives some times in whole seconds only, so each is known to the second.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => Some(Moment::within(at.to_utc(), 1)),
        Err(_) => None,
    }
}

/// An instant as Okta writes it.
pub(crate) fn instant(text: &str) -> Option<Instant> {
    moment(text).map(|moment| moment.at)
}

/// What a null means in a field for a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Null {
    /// There is none: never signed in, never ends.
    Never,
    /// Okta does not say.
    NotSaid,
}

/// Collects what could not be read of one object after the other.
#[derive(Debug)]
pub(crate) struct Damage<'a> {
    scope: &'a ScopeName,
    gaps: Vec<Gap>,
}

impl<'a> Damage<'a> {
    /// Nothing yet.
    pub(crate) fn new(scope: &'a ScopeName) -> Self {
        Self { scope, gaps: Vec::new() }
    }

    /// A time field; one that is no time is hidden, and a gap of its object.
    pub(crate) fn time(&mut self, told: &Told<String>, null: Null, part: &str, field: &str) -> Fact<Moment> {
        match told {
            Told::Missing => Fact::not_given(),
            Told::Null => match null {
                Null::Never => Fact::None,
                Null::NotSaid => Fact::not_given(),
            },
            Told::Value(text) => moment(text).map_or_else(
                || {
                    let cause = Cause::Malformed { what: format!("{field} is not a time") };
                    self.gaps.push(Gap::part(self.scope, short(part), cause));
                    Fact::Hidden(format!("{field} could not be read"))
                },
                Fact::Known,
            ),
        }
    }

    /// An element that could not be decoded.
    pub(crate) fn element(&mut self, damaged: &Damaged, operation: &str, page: usize) {
        let place = format!("{operation}: element {} of page {page}", damaged.position);
        let part = damaged.id.as_deref().map_or_else(|| place.clone(), short);
        let what = format!("{place}: {}", damaged.why);
        self.gaps.push(Gap::part(self.scope, part, Cause::Malformed { what }));
    }

    /// Any other gap of a part.
    pub(crate) fn part(&mut self, part: &str, cause: Cause) {
        self.gaps.push(Gap::part(self.scope, short(part), cause));
    }

    /// What was collected.
    pub(crate) fn into_gaps(self) -> Vec<Gap> {
        self.gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_can_be_read_from_its_name_whatever_its_key_holds() {
        for key in ["00u1", "a/b", "..", "%2e", "a\"b c\n", "ü"] {
            let name = follow_up_name("factors", key);
            assert_eq!(name.as_str().matches('/').count(), 1, "{name}");
            assert_eq!(key_of(&name, "factors").as_deref(), Some(key));
        }
        assert_eq!(key_of(&ScopeName::new("factors"), "factors"), None);
        assert_eq!(key_of(&ScopeName::new("factors/"), "factors"), None);
        assert_eq!(key_of(&ScopeName::new("devices/00u1"), "factors"), None);
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted(r#"x" or actor.id pr"#), r#""x\" or actor.id pr""#);
        assert_eq!(quoted(r"x\"), r#""x\\""#);
    }

    #[test]
    fn missing_null_and_broken_times_are_three_things() {
        let scope = ScopeName::new("users");
        let mut damage = Damage::new(&scope);
        assert!(damage.time(&Told::Missing, Null::Never, "u", "lastLogin").is_hidden());
        assert_eq!(damage.time(&Told::Null, Null::Never, "u", "lastLogin"), Fact::None);
        assert!(damage.time(&Told::Null, Null::NotSaid, "u", "created").is_hidden());
        let known = damage.time(&Told::Value(String::from("2026-01-02T03:04:05.000Z")), Null::Never, "u", "created");
        assert_eq!(known.known().map(|moment| moment.precision_seconds), Some(1));
        assert!(damage.time(&Told::Value(String::from("yesterday")), Null::Never, "u", "created").is_hidden());
        assert_eq!(damage.into_gaps().len(), 1);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let long = "ü".repeat(500);
        assert_eq!(short(&long).chars().count(), LONGEST + 1);
        assert_eq!(short("brief"), "brief");
    }
}
