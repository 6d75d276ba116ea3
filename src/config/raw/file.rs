//! A file with an optional digest.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

/// A file: its path, or a mapping with `path` and `sha256`.
#[derive(Debug)]
pub(in crate::config) struct RawProvenFile {
    pub(in crate::config) path: String,
    pub(in crate::config) sha256: Option<String>,
}

/// The longer form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawPathAndDigest {
    /// Path.
    #[schemars(length(min = 1))]
    path: String,
    /// SHA-256 of the file, which proves that it is whole.
    #[schemars(
        regex(pattern = "^[0-9a-f]{64}$"),
        extend("x-expected" = "a SHA-256 digest of 64 small hexadecimal digits")
    )]
    sha256: Option<String>,
}

impl JsonSchema for RawProvenFile {
    fn schema_name() -> Cow<'static, str> {
        "ProvenFile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let longer = generator.subschema_for::<RawPathAndDigest>();
        json_schema!({
            "description": "A file: its path, or a mapping with `path` and `sha256`, which proves that it is whole.",
            "anyOf": [{ "type": "string", "minLength": 1 }, longer],
            "x-expected": "a path, or a mapping with path and sha256",
        })
    }
}

impl<'de> Deserialize<'de> for RawProvenFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = RawProvenFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a path, or a mapping with path and sha256")
    }

    fn visit_str<E>(self, path: &str) -> Result<Self::Value, E> {
        Ok(RawProvenFile { path: path.to_owned(), sha256: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let RawPathAndDigest { path, sha256 } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RawProvenFile { path, sha256 })
    }
}
