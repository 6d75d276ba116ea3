//! Takes the few wanted values out of a JSON text and nothing else: what is not wanted is never held, so that a reply
//! with a secret or a salary in it leaves no trace.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Most texts of a list that are kept.
const LONGEST_LIST: usize = 200;

/// A JSON pointer (RFC 6901), taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer: empty for the whole document, else steps with a slash before each.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let steps = text.strip_prefix('/')?;
        steps.split('/').map(unescape).collect::<Option<Vec<_>>>().map(Self)
    }

    /// A pointer of steps that need no escape.
    pub(crate) fn of(steps: &[&str]) -> Self {
        Self(steps.iter().map(|step| String::from(*step)).collect())
    }

    /// The first step; empty for the whole document.
    pub(crate) fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| write!(formatter, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut text = String::with_capacity(step.len());
    let mut letters = step.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '~' => match letters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

/// What stood at a pointer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Picked {
    /// Nothing: no such key.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A text, or a number or truth value as text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// An object, or a list of something else.
    Other,
}

impl Picked {
    /// The text, where there is one that is not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Absent | Self::Null | Self::List(_) | Self::Other => None,
        }
    }

    /// The texts of a list.
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::List(texts) => texts,
            Self::Absent | Self::Null | Self::Text(_) | Self::Other => &[],
        }
    }
}

#[derive(Debug, Default, Clone)]
struct Node {
    children: Vec<(String, usize)>,
    slot: Option<usize>,
}

/// The pointers that are wanted of every document of one form.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    nodes: Vec<Node>,
    slots: usize,
    /// The node whose elements are handed on unread.
    items: Option<usize>,
}

impl Wanted {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()], slots: 0, items: None }
    }

    fn node(&mut self, pointer: &Pointer) -> usize {
        let mut at = 0;
        for step in &pointer.0 {
            let known = self.nodes[at].children.iter().find(|(known, _)| known == step).map(|(_, child)| *child);
            at = known.unwrap_or_else(|| {
                self.nodes.push(Node::default());
                let child = self.nodes.len() - 1;
                self.nodes[at].children.push((step.clone(), child));
                child
            });
        }
        at
    }

    /// Wants what stands at a pointer; gives its place among the picked values. Asking twice gives the same place.
    pub(crate) fn slot(&mut self, pointer: &Pointer) -> usize {
        let node = self.node(pointer);
        let next = self.slots;
        let slot = *self.nodes[node].slot.get_or_insert(next);
        self.slots = self.slots.max(slot + 1);
        slot
    }

    /// Wants the elements of the list at a pointer, unread.
    pub(crate) fn items(&mut self, pointer: &Pointer) {
        self.items = Some(self.node(pointer));
    }

    /// Picks out of one document.
    pub(crate) fn pick(&self, json: &str) -> Result<Pickings, serde_json::Error> {
        let mut pickings = Pickings { values: vec![Picked::Absent; self.slots], items: None };
        let mut deserializer = serde_json::Deserializer::from_str(json);
        Seed { wanted: self, node: 0, into: &mut pickings }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(pickings)
    }
}

/// What was picked.
#[derive(Debug)]
pub(crate) struct Pickings {
    /// By the places [`Wanted::slot`] gave.
    pub(crate) values: Vec<Picked>,
    /// `None` where there is no list at the pointer of the items.
    pub(crate) items: Option<Vec<Box<RawValue>>>,
}

struct Seed<'a> {
    wanted: &'a Wanted,
    node: usize,
    into: &'a mut Pickings,
}

impl Seed<'_> {
    fn put(self, picked: Picked) {
        if let Some(slot) = self.wanted.nodes[self.node].slot {
            self.into.values[slot] = picked;
        }
    }

    fn is_items(&self) -> bool {
        self.wanted.items == Some(self.node)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(Picked::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(Picked::Text(value.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(Picked::Text(value.to_string()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(Picked::Text(value.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(Picked::Text(value.to_string()));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(Picked::Text(String::from(value)));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.is_items() {
            let mut items = Vec::new();
            while let Some(item) = list.next_element::<Box<RawValue>>()? {
                items.push(item);
            }
            self.into.items = Some(items);
            return Ok(());
        }
        let node = &self.wanted.nodes[self.node];
        let mut texts = node.slot.map(|_| Some(Vec::new()));
        let mut index = 0_usize;
        loop {
            let child = node.children.iter().find(|(step, _)| *step == index.to_string()).map(|(_, child)| *child);
            let more = match (child, &mut texts) {
                (Some(child), _) => {
                    list.next_element_seed(Seed { wanted: self.wanted, node: child, into: &mut *self.into })?.is_some()
                }
                (None, Some(Some(kept))) if kept.len() < LONGEST_LIST => match list.next_element::<Scalar>()? {
                    Some(Scalar(Some(text))) => {
                        kept.push(text);
                        true
                    }
                    Some(Scalar(None)) => {
                        texts = Some(None);
                        true
                    }
                    None => false,
                },
                (None, _) => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
            index += 1;
        }
        if let Some(texts) = texts {
            self.put(texts.map_or(Picked::Other, Picked::List));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let node = &self.wanted.nodes[self.node];
        let mut seen = vec![false; node.children.len()];
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            let Some(at) = node.children.iter().position(|(step, _)| **step == *key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                return Err(A::Error::custom("a key stands twice"));
            }
            map.next_value_seed(Seed { wanted: self.wanted, node: node.children[at].1, into: &mut *self.into })?;
        }
        self.put(Picked::Other);
        Ok(())
    }
}

/// A text, number or truth value; anything else is nothing.
struct Scalar(Option<String>);

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut wanted = Wanted::new();
        wanted.slot(&Pointer(Vec::new()));
        let mut pickings = Pickings { values: vec![Picked::Absent], items: None };
        Seed { wanted: &wanted, node: 0, into: &mut pickings }.deserialize(deserializer)?;
        Ok(Self(match pickings.values.pop() {
            Some(Picked::Text(text)) => Some(text),
            _ => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).expect("a pointer")
    }

    fn pick(pointers: &[&str], json: &str) -> Vec<Picked> {
        let mut wanted = Wanted::new();
        let slots: Vec<usize> = pointers.iter().map(|text| wanted.slot(&pointer(text))).collect();
        let values = wanted.pick(json).expect("JSON").values;
        slots.into_iter().map(|slot| values[slot].clone()).collect()
    }

    fn text(text: &str) -> Picked {
        Picked::Text(String::from(text))
    }

    #[test]
    fn only_what_is_wanted_is_taken() {
        let json = r#"{"id":7,"ssn":"123","profile":{"email":"a@b.c","pay":1.5},"end":null,"tags":["x","y"],"deep":[{"v":1},{"v":true}]}"#;
        assert_eq!(
            pick(&["/id", "/profile/email", "/end", "/none", "/tags", "/deep/1/v", "/profile", "/deep"], json),
            [
                text("7"),
                text("a@b.c"),
                Picked::Null,
                Picked::Absent,
                Picked::List(vec![String::from("x"), String::from("y")]),
                text("true"),
                Picked::Other,
                Picked::Other,
            ]
        );
    }

    #[test]
    fn a_key_with_a_slash_is_reached_by_its_escape() {
        assert_eq!(
            pick(&["/~1work~1startDate/value"], r#"{"/work/startDate":{"value":"2020-01-01"}}"#),
            [text("2020-01-01")]
        );
        assert_eq!(pointer("/~1work~1startDate/value").to_string(), "/~1work~1startDate/value");
        assert_eq!(Pointer::parse("no-slash"), None);
        assert_eq!(Pointer::parse("/a~2"), None);
    }

    #[test]
    fn the_same_pointer_has_one_place() {
        let mut wanted = Wanted::new();
        assert_eq!(wanted.slot(&pointer("/a")), wanted.slot(&pointer("/a")));
        assert_ne!(wanted.slot(&pointer("/a")), wanted.slot(&pointer("/b")));
    }

    #[test]
    fn a_wanted_key_that_stands_twice_is_an_error() {
        let mut wanted = Wanted::new();
        wanted.slot(&pointer("/end"));
        assert!(wanted.pick(r#"{"end":"2026-01-01","end":null}"#).is_err());
        assert!(wanted.pick(r#"{"other":1,"other":2}"#).is_ok());
        assert!(wanted.pick(r#"{"end":"2026-01-01"} {}"#).is_err(), "trailing text");
    }

    #[test]
    fn items_are_handed_on_unread() {
        let mut wanted = Wanted::new();
        wanted.items(&pointer("/data/list"));
        let next = wanted.slot(&pointer("/next"));
        let picked = wanted.pick(r#"{"data":{"list":[{"a":1},[2]]},"next":"c2"}"#).expect("JSON");
        let items: Vec<&str> = picked.items.iter().flatten().map(|item| item.get()).collect();
        assert_eq!(items, [r#"{"a":1}"#, "[2]"]);
        assert_eq!(picked.values[next].text(), Some("c2"));
        let picked = wanted.pick(r#"{"data":{"list":{}}}"#).expect("JSON");
        assert!(picked.items.is_none(), "an object is no list");
        let mut root = Wanted::new();
        root.items(&pointer(""));
        assert_eq!(root.pick("[1,2]").expect("JSON").items.map(|items| items.len()), Some(2));
    }
}
