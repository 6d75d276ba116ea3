//! A policy document: as an object, or as the URL-encoded text the service sends (RFC 3986).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::json_error;

/// A document, or why it is not understood. A policy that is not understood costs its user nothing but certainty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed(pub(crate) Result<PolicyDocument, String>);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(parse(raw.get())))
    }
}

impl Parsed {
    /// A document as the service sends it: URL-encoded text, or plain text where a library has decoded it.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(parse_text(text))
    }
}

fn parse(raw: &str) -> Result<PolicyDocument, String> {
    if !raw.starts_with('"') {
        return serde_json::from_str(raw).map_err(|error| json_error(&error));
    }
    let text: Cow<'_, str> = serde_json::from_str(raw).map_err(|error| json_error(&error))?;
    parse_text(&text)
}

fn parse_text(text: &str) -> Result<PolicyDocument, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| json_error(&error));
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| String::from("its URL encoding is damaged"))?;
    serde_json::from_str(&decoded).map_err(|error| json_error(&error))
}

/// A policy document. A key that is not in the policy grammar makes it not understood.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PolicyDocument {
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    pub(crate) statement: Many<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: String,
    pub(crate) principal: Option<Principal>,
    pub(crate) not_principal: Option<Principal>,
    pub(crate) action: Option<Many<String>>,
    pub(crate) not_action: Option<Many<String>>,
    pub(crate) resource: Option<Many<String>>,
    pub(crate) not_resource: Option<Many<String>>,
    #[serde(default)]
    pub(crate) condition: BTreeMap<String, BTreeMap<String, Many<Scalar>>>,
}

/// Who a statement of a trust policy speaks of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Principal {
    /// `"*"`.
    Everyone,
    /// By sort: `AWS`, `Service`, `Federated`, `CanonicalUser`.
    Named(BTreeMap<String, Many<String>>),
}

/// One value, or a list of them: the policy grammar allows both everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

/// A value of a condition: text, number or truth value, kept as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar(pub(crate) String);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer).map_err(Error::custom)?;
        let many = if raw.get().starts_with('[') {
            serde_json::from_str::<Vec<T>>(raw.get())
        } else {
            serde_json::from_str::<T>(raw.get()).map(|one| vec![one])
        };
        many.map(Self).map_err(|error| D::Error::custom(json_error(&error)))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;
        impl Visitor<'_> for AnyScalar {
            type Value = Scalar;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text, a number or a truth value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
        }
        deserializer.deserialize_any(AnyScalar)
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyPrincipal;
        impl<'de> Visitor<'de> for AnyPrincipal {
            type Value = Principal;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"*\" or an object")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Principal, E> {
                if text == "*" { Ok(Principal::Everyone) } else { Err(E::custom("a principal without its sort")) }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Principal, A::Error> {
                Err(A::Error::custom("a list of principals without their sort"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Principal, A::Error> {
                let mut named = BTreeMap::new();
                while let Some(sort) = map.next_key::<String>()? {
                    if named.insert(sort, map.next_value()?).is_some() {
                        return Err(A::Error::custom("the same sort of principal twice"));
                    }
                }
                Ok(Principal::Named(named))
            }
        }
        deserializer.deserialize_any(AnyPrincipal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":["*"]}}"#;

    fn read(json: &str) -> Result<PolicyDocument, String> {
        serde_json::from_str::<Parsed>(json).expect("a document never fails its neighbours").0
    }

    #[test]
    fn a_document_reads_the_same_as_object_text_and_url_encoded_text() {
        let encoded = percent_encoding::utf8_percent_encode(PLAIN, percent_encoding::NON_ALPHANUMERIC).to_string();
        let object = read(PLAIN).expect("an object");
        assert_eq!(read(&serde_json::to_string(PLAIN).expect("text")).expect("as text"), object);
        assert_eq!(read(&format!("\"{encoded}\"")).expect("URL-encoded"), object);
    }

    #[test]
    fn a_document_that_is_not_understood_says_so_and_hurts_nothing_beside_it() {
        for wrong in [
            "\"%7B%22Statement\"",
            "\"%FF\"",
            "17",
            "null",
            r#"{"Statement":[{"Effect":"Allow","Actoin":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":7,"Resource":"*"}]}"#,
            r#"{"Version":"2012-10-17"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong} must not be understood");
        }
    }
}
