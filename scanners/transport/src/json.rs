//! JSON under limits: looked over before it is parsed, decoded item by item, and failing in words that hold no value.

use std::borrow::Cow;
use std::fmt;

use scan_contract::Cause;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::settings::Limits;

/// Most items of one array (NET-5). More than any page has, and than a report of a whole organisation.
const ITEMS: usize = 1_000_000;

/// Whether a key may stand twice in one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twice {
    /// It may not: which of the two counts would be left to chance.
    Refused,
    /// Not looked at here: every item is looked at by itself later.
    Later,
}

/// One item of a list that could not be decoded. Its neighbours are not touched by it (CMP-7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Position in its list, from 0.
    pub position: usize,
    /// What is wrong, without any value.
    pub why: String,
}

/// Looks over a document before it is parsed: depth, length of strings and arrays, keys that stand twice. What is no JSON at all is
/// the parser's to say.
pub(crate) fn look_over(operation: &str, body: &[u8], limits: &Limits, twice: Twice) -> Result<(), Cause> {
    let mut look = Look { body, open: Vec::new(), keys: Vec::new(), twice };
    look.run(limits).map_err(|fault| match fault {
        Fault::Deep => Cause::LimitHit { limit: format!("{operation}: {} levels of JSON", limits.depth) },
        Fault::Long => {
            Cause::LimitHit { limit: format!("{operation}: a JSON string of more than {} bytes", limits.string) }
        }
        Fault::Many => Cause::LimitHit { limit: format!("{operation}: a JSON array of more than {ITEMS} items") },
        Fault::Twice(at) => {
            Cause::Malformed { what: format!("{operation}: a key stands twice in an object that ends at byte {at}") }
        }
    })
}

enum Fault {
    Deep,
    Long,
    Many,
    Twice(usize),
}

/// An object or array that is open.
enum Open {
    /// Commas so far.
    Array(usize),
    /// Its keys begin there in the list of keys; and whether the next string is a key.
    Object { keys: usize, key_next: bool },
}

struct Look<'a> {
    body: &'a [u8],
    open: Vec<Open>,
    /// Keys of all open objects, as ranges of the body.
    keys: Vec<(usize, usize)>,
    twice: Twice,
}

impl Look<'_> {
    fn run(&mut self, limits: &Limits) -> Result<(), Fault> {
        let mut at = 0;
        while let Some(byte) = self.body.get(at) {
            match byte {
                b'"' => {
                    let end = self.string_end(at + 1);
                    if end - at > limits.string {
                        return Err(Fault::Long);
                    }
                    self.note_key(at, end);
                    at = end;
                }
                b'{' | b'[' => {
                    if self.open.len() >= limits.depth {
                        return Err(Fault::Deep);
                    }
                    let object = Open::Object { keys: self.keys.len(), key_next: true };
                    self.open.push(if *byte == b'{' { object } else { Open::Array(0) });
                }
                b'}' | b']' => self.close(at)?,
                b',' => match self.open.last_mut() {
                    Some(Open::Object { key_next, .. }) => *key_next = true,
                    Some(Open::Array(commas)) if *commas + 1 >= ITEMS => return Err(Fault::Many),
                    Some(Open::Array(commas)) => *commas += 1,
                    None => {}
                },
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    /// Position of the closing quote, or the end of the body.
    fn string_end(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(byte) = self.body.get(at) {
            match byte {
                b'"' => return at,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.body.len()
    }

    fn note_key(&mut self, start: usize, end: usize) {
        if let Some(Open::Object { key_next, .. }) = self.open.last_mut()
            && std::mem::take(key_next)
            && self.twice == Twice::Refused
        {
            self.keys.push((start, end));
        }
    }

    fn close(&mut self, at: usize) -> Result<(), Fault> {
        let Some(Open::Object { keys: from, .. }) = self.open.pop() else { return Ok(()) };
        let mut keys: Vec<Cow<'_, [u8]>> =
            self.keys.drain(from..).map(|(start, end)| plain_key(self.body, start, end)).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) { Err(Fault::Twice(at)) } else { Ok(()) }
    }
}

/// A key without its escapes, so that `"a"` and `"\u0061"` are one.
fn plain_key(body: &[u8], start: usize, end: usize) -> Cow<'_, [u8]> {
    let inner = body.get(start + 1..end).unwrap_or_default();
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let quoted = body.get(start..=end).unwrap_or_default();
    serde_json::from_slice::<String>(quoted).map_or(Cow::Borrowed(inner), |text| Cow::Owned(text.into_bytes()))
}

/// Decodes one document.
pub(crate) fn decode<T: DeserializeOwned>(operation: &str, body: &[u8], limits: &Limits) -> Result<T, Cause> {
    look_over(operation, body, limits, Twice::Refused)?;
    serde_json::from_slice(body).map_err(|error| malformed(operation, &error))
}

/// Decodes one document whose items are looked at later.
pub(crate) fn decode_envelope<T: DeserializeOwned>(operation: &str, body: &[u8], limits: &Limits) -> Result<T, Cause> {
    look_over(operation, body, limits, Twice::Later)?;
    serde_json::from_slice(body).map_err(|error| malformed(operation, &error))
}

/// Decodes every item of a list by itself.
pub(crate) fn each<'a, T: DeserializeOwned>(
    raws: impl Iterator<Item = &'a RawValue>,
    limits: &Limits,
) -> Vec<Result<T, Damaged>> {
    let decode = |(position, raw): (usize, &RawValue)| {
        let body = raw.get().as_bytes();
        let why = match look_over("item", body, limits, Twice::Refused) {
            Ok(()) => match serde_json::from_slice(body) {
                Ok(item) => return Ok(item),
                Err(error) => words(&error),
            },
            Err(_) => String::from("a key stands twice"),
        };
        Err(Damaged { position, why })
    };
    raws.enumerate().map(decode).collect()
}

/// The list at the end of `path`, a chain of names of objects.
pub(crate) fn list_at<'a>(
    operation: &str,
    body: &'a [u8],
    path: &[&str],
    limits: &Limits,
) -> Result<Vec<&'a RawValue>, Cause> {
    look_over(operation, body, limits, Twice::Later)?;
    let mut at: &RawValue = serde_json::from_slice(body).map_err(|error| malformed(operation, &error))?;
    for name in path {
        let pairs: Pairs<'_> = serde_json::from_str(at.get()).map_err(|error| malformed(operation, &error))?;
        let mut found = pairs.0.into_iter().filter(|(key, _)| key == name);
        let refuse = |says: &str| Cause::Malformed { what: format!("{operation}: {says} {name:?} in the answer") };
        at = match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            (None, _) => return Err(refuse("no field")),
            (Some(_), Some(_)) => return Err(refuse("twice the field")),
        };
    }
    serde_json::from_str(at.get()).map_err(|error| malformed(operation, &error))
}

/// The fields of one object, undecoded.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    pairs.push((pair.0.0, pair.1));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

fn malformed(operation: &str, error: &serde_json::Error) -> Cause {
    Cause::Malformed { what: format!("{operation}: {}", words(error)) }
}

/// What is wrong and where, without any value: the parser's own message quotes what it read.
pub(crate) fn words(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Io => String::from("the body could not be read"),
        Category::Syntax => String::from("the body is not JSON"),
        Category::Eof => String::from("the JSON ends too early"),
        Category::Data => data_words(&error.to_string()),
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// The part of a message that comes from our own types: the name of a missing field, or what was expected. The message
/// puts what was read before it, so the last `expected` is ours.
fn data_words(message: &str) -> String {
    let ours = |text: &str| {
        let tame = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '$' | '.');
        !text.is_empty() && text.len() <= 80 && text.chars().all(tame)
    };
    if let Some((name, _)) = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'))
        && ours(name)
    {
        return format!("the field {name} is missing");
    }
    let typed = ["invalid type: ", "invalid value: ", "invalid length "].iter().any(|start| message.starts_with(start));
    if typed
        && let Some((_, after)) = message.rsplit_once(", expected ")
        && let Some((expected, _)) = after.rsplit_once(" at line ")
        && ours(expected)
    {
        return format!("the JSON is not of the promised form, expected {expected}");
    }
    String::from("the JSON is not of the promised form")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Member {
        id: u64,
        login: String,
    }

    fn limits() -> Limits {
        Limits { depth: 8, string: 32, ..Limits::default() }
    }

    fn says(body: &str) -> String {
        decode::<Member>("op", body.as_bytes(), &limits()).unwrap_err().to_string()
    }

    #[test]
    fn a_good_document_is_decoded() {
        let body = r#" {"id":1,"login":"a\"b{","other":[{"id":1},{"id":1}]} "#;
        assert_eq!(decode::<Member>("op", body.as_bytes(), &limits()), Ok(Member { id: 1, login: "a\"b{".into() }));
    }

    #[test]
    fn depth_and_strings_are_bounded_before_parsing() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(
            matches!(decode::<Member>("op", deep.as_bytes(), &limits()), Err(Cause::LimitHit { limit }) if limit == "op: 8 levels of JSON")
        );
        let long = format!(r#"{{"id":1,"login":"{}"}}"#, "x".repeat(33));
        assert!(matches!(decode::<Member>("op", long.as_bytes(), &limits()), Err(Cause::LimitHit { .. })));
        let fits = format!(r#"{{"id":1,"login":"{}"}}"#, "x".repeat(31));
        assert!(decode::<Member>("op", fits.as_bytes(), &limits()).is_ok());
    }

    #[test]
    fn an_array_without_end_is_stopped_before_it_takes_memory() {
        let many = format!("[{}1]", "1,".repeat(ITEMS));
        assert!(matches!(decode::<Member>("op", many.as_bytes(), &limits()), Err(Cause::LimitHit { .. })));
        let fits = format!("[{}1]", "1,".repeat(ITEMS - 1));
        assert!(decode::<Vec<u8>>("op", fits.as_bytes(), &limits()).is_ok());
    }

    #[test]
    fn keys_that_stand_twice_are_refused_at_any_level_and_in_any_spelling() {
        for body in [
            r#"{"id":1,"login":"a","x":1,"x":2}"#,
            r#"{"id":1,"login":"a","x":{"y":[{"z":1,"z":1}]}}"#,
            r#"{"id":1,"login":"a","x":1,"\u0078":2}"#,
        ] {
            assert!(says(body).contains("twice"), "{body}");
        }
    }

    #[test]
    fn text_after_the_document_and_a_cut_are_refused() {
        assert!(says(r#"{"id":1,"login":"a"} x"#).contains("not JSON"));
        assert!(says(r#"{"id":1,"login":"a"#).contains("too early"));
        assert!(says("<html>").contains("not JSON"));
        assert!(says("").contains("too early"));
    }

    #[test]
    fn the_message_names_the_place_and_never_the_value() {
        for body in [
            r#"{"id":"canary","login":"a"}"#,
            r#"{"id":1,"login":{"canary":1}}"#,
            r#"{"id":"x, expected canary at line 1","login":"a"}"#,
            r#"{"id":1,"login":"a","canary":1,"canary":1}"#,
            r#"{"login":"canary"}"#,
            "canary",
        ] {
            let says = says(body);
            assert!(!says.contains("canary"), "{says}");
            assert!(says.contains("op: "), "{says}");
        }
        assert!(says(r#"{"login":"a"}"#).contains("the field id is missing"));
        assert!(says(r#"{"id":"canary","login":"a"}"#).contains("expected u64"));
    }

    #[test]
    fn one_damaged_item_costs_itself_only() {
        let body =
            br#"{"data":{"list":[{"id":1,"login":"a"},{"id":"x"},{"id":2,"id":2,"login":"b"},{"id":3,"login":"c"}]}}"#;
        let raws = list_at("op", body, &["data", "list"], &limits()).unwrap();
        let items: Vec<Result<Member, Damaged>> = each(raws.into_iter(), &limits());
        let whole: Vec<u64> = items.iter().flatten().map(|member| member.id).collect();
        let damaged: Vec<usize> =
            items.iter().filter_map(|item| item.as_ref().err()).map(|item| item.position).collect();
        assert_eq!((whole, damaged), (vec![1, 3], vec![1, 2]));
    }

    #[test]
    fn a_list_that_is_not_where_it_was_promised_is_malformed() {
        for body in [r#"{"data":{}}"#, r#"{"data":{"list":{}}}"#, r#"{"data":{"list":[],"list":[]}}"#, "[]", "{}"] {
            assert!(
                matches!(list_at("op", body.as_bytes(), &["data", "list"], &limits()), Err(Cause::Malformed { .. })),
                "{body}"
            );
        }
        assert!(list_at("op", b"[1]", &[], &limits()).is_ok_and(|raws| raws.len() == 1));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_the_values_of_a_document_survive(text in "\\PC{0,60}", key in "[a-z\"\\\\]{0,5}") {
            drop(look_over("op", text.as_bytes(), &limits(), Twice::Refused));
            let document = serde_json::json!({ key: text, "ok": [1, {"a": null}] }).to_string();
            let wide = Limits { string: 10_000, ..limits() };
            prop_assert!(look_over("op", document.as_bytes(), &wide, Twice::Refused).is_ok());
        }
    }
}
