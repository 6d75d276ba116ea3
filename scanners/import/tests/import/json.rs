//! JSON by `serde_json`, with duplicate keys and deep nesting refused.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Other,
    Number(f64, Option<u64>),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Reads a value inside this many containers.
struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64, Some(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64, None))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value, None))
    }
    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        if self.0 >= 32 {
            return Err(A::Error::custom("too deep"));
        }
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Depth(self.0 + 1))? {
            items.push(item);
        }
        Ok(Json::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        if self.0 >= 32 {
            return Err(A::Error::custom("too deep"));
        }
        let (mut fields, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom("twice"));
            }
            fields.push((key, map.next_value_seed(Depth(self.0 + 1))?));
        }
        Ok(Json::Object(fields))
    }
}

impl Json {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let value = Depth(0).deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        matches!(value, Self::Object(_)).then_some(value)
    }
    pub(crate) fn field(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.field(key) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }
    pub(crate) fn hidden(&self) -> Option<&str> {
        self.text("hidden")
    }
}
