//! JSON replies: budgets, keys that stand twice, lists item by item, and what of them is recorded.

use std::collections::BTreeSet;

use scan_contract::Cause;
use scan_transport::allow::Keep;
use scan_transport::fuzzing::{look_over_json, reduce};
use serde_json::Value;

use crate::help::reply::reply;
use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "what is decoded is within the budgets and has no key twice, by another reader's word; a list gives \
    as many items as it has; a recording keeps no text under a name that is not on its list; no message repeats a value";

/// What stays of a body.
const NAMES: &[&str] = &["id", "name", "items", "map/*", "errors#"];

pub(super) fn run(bytes: &[u8]) {
    let Some(reply) = reply(200, &[("content-type", b"application/json")], bytes) else { return };
    let decoded = reply.json::<Value>();
    let strict = strict(bytes);
    match (&decoded, &strict) {
        (Ok(value), Strict::Sound(depth)) => {
            assert!(*depth <= reply.limits.depth, "{depth} levels");
            assert!(longest(value) <= reply.limits.string, "a long string");
        }
        (Ok(_), Strict::Twice) => panic!("a key stands twice: {}", String::from_utf8_lossy(bytes)),
        (Ok(_), Strict::NotJson) => panic!("decoded what is no JSON: {}", String::from_utf8_lossy(bytes)),
        (Err(cause), _) => {
            assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
            check_inert(&cause.to_string(), false);
        }
    }
    assert_eq!(
        look_over_json(bytes, &reply.limits).is_ok() && serde_json::from_slice::<Value>(bytes).is_ok(),
        decoded.is_ok()
    );
    if let (Ok(Value::Object(fields)), Ok(items)) = (&decoded, reply.items::<Value>(&["items"])) {
        let there = fields.get("items").and_then(Value::as_array).map(Vec::len);
        assert_eq!(there, Some(items.len()), "items got lost");
    }
    check_recorded(bytes, decoded.ok().as_ref());
}

/// Everything that stands in the recording stood in the body, under names that stay.
fn check_recorded(bytes: &[u8], whole: Option<&Value>) {
    let kept = reduce(Keep::Json(NAMES), bytes);
    assert_eq!(reduce(Keep::Nothing, bytes), "");
    if kept.is_empty() {
        return;
    }
    let kept: Value = serde_json::from_str(&kept).expect("a recording of JSON is JSON");
    let whole: Value = whole.cloned().or_else(|| serde_json::from_slice(bytes).ok()).expect("it was JSON before");
    contained(&kept, &whole, false);
    assert_eq!(reduce(Keep::Json(NAMES), kept.to_string().as_bytes()), kept.to_string(), "a second time changes it");
}

fn contained(kept: &Value, whole: &Value, named: bool) {
    match (kept, whole) {
        (Value::Object(kept), Value::Object(whole)) => {
            for (key, value) in kept {
                let there = whole.get(key).unwrap_or_else(|| panic!("{key:?} was made up"));
                match key.as_str() {
                    "map" => {
                        if let (Value::Object(entries), Value::Object(there)) = (value, there) {
                            assert!(entries.keys().all(|entry| there.contains_key(entry)));
                            continue;
                        }
                    }
                    "errors" => {
                        let items = value.as_array().expect("only the length of a counted list stays");
                        assert!(items.iter().all(Value::is_null), "an item of a counted list stays");
                        continue;
                    }
                    "id" | "name" | "items" => {}
                    other => panic!("{other:?} is not on the list"),
                }
                contained(value, there, true);
            }
        }
        (Value::Array(kept), Value::Array(whole)) => {
            assert_eq!(kept.len(), whole.len(), "a list got shorter");
            kept.iter().zip(whole).for_each(|(kept, whole)| contained(kept, whole, named));
        }
        (Value::Null, _) => {}
        (kept, whole) => assert!(named && kept == whole, "{kept} stays without a name, or was {whole}"),
    }
}

fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(longest).max().unwrap_or_default(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len().max(longest(value))).max().unwrap_or_default()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

enum Strict {
    /// JSON without doubled keys, this deep.
    Sound(usize),
    Twice,
    NotJson,
}

/// Reads JSON with a visitor that looks for doubled keys, level by level.
fn strict(bytes: &[u8]) -> Strict {
    use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

    const TWICE: &str = "a doubled key";
    struct Depth;
    impl<'de> DeserializeSeed<'de> for Depth {
        type Value = usize;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    impl<'de> Visitor<'de> for Depth {
        type Value = usize;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("JSON")
        }
        fn visit_bool<E>(self, _: bool) -> Result<usize, E> {
            Ok(0)
        }
        fn visit_unit<E>(self) -> Result<usize, E> {
            Ok(0)
        }
        fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
            Ok(0)
        }
        fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
            Ok(0)
        }
        fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
            Ok(0)
        }
        fn visit_str<E>(self, _: &str) -> Result<usize, E> {
            Ok(0)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<usize, A::Error> {
            let mut deepest = 0;
            while let Some(depth) = items.next_element_seed(Depth)? {
                deepest = deepest.max(depth);
            }
            Ok(deepest + 1)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<usize, A::Error> {
            let (mut deepest, mut keys, mut twice) = (0, BTreeSet::new(), false);
            while let Some(key) = fields.next_key::<String>()? {
                twice |= !keys.insert(key);
                deepest = deepest.max(fields.next_value_seed(Depth)?);
            }
            if twice { Err(A::Error::custom(TWICE)) } else { Ok(deepest + 1) }
        }
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Depth.deserialize(&mut json).and_then(|depth| json.end().map(|()| depth));
    match read {
        Ok(depth) => Strict::Sound(depth),
        Err(error) if error.to_string().contains(TWICE) => Strict::Twice,
        Err(_) => Strict::NotJson,
    }
}
