//! What Okta answers, as far as it is read. No type has a field for a secret: passwords, answers, client secrets and
//! one-time codes have no place to land in.

mod grants;
mod person;
mod policy;

use scan_transport::Reply;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(crate) use grants::*;
pub(crate) use person::*;
pub(crate) use policy::*;

/// A field that may be absent, null, or there: for times, the three mean different things.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Told<T> {
    /// The key is not there.
    #[default]
    Missing,
    /// The key is there, and null.
    Null,
    /// A value.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T> Told<T> {
    /// The value, where there is one.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing | Self::Null => None,
        }
    }
}

/// One element of a list, or its place and what is wrong with it (CMP-7).
pub(crate) type Decoded<T> = Result<T, Damaged>;

/// An element that could not be decoded. Holds no value of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damaged {
    /// Position in the page, from 1.
    pub(crate) position: usize,
    /// What is wrong, without any value.
    pub(crate) why: String,
    /// Its `id`, where at least that could be read.
    pub(crate) id: Option<String>,
}

/// Decodes each element alone, so that a damaged one costs only itself.
pub(crate) fn each<T: DeserializeOwned>(reply: &Reply, elements: &[Box<RawValue>]) -> Vec<Decoded<T>> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: String,
    }
    let decoded = reply.each::<T>(elements).into_iter().zip(elements);
    decoded
        .map(|(one, raw)| {
            one.map_err(|damaged| Damaged {
                position: damaged.position + 1,
                why: damaged.why,
                id: match serde_json::from_str::<OnlyId>(raw.get()) {
                    Ok(only) => Some(only.id),
                    Err(_) => None,
                },
            })
        })
        .collect()
}

/// `GET /.well-known/okta-organization`.
#[derive(Debug, Deserialize)]
pub(crate) struct OrganisationReply {
    pub(crate) id: String,
    /// `idx` for Identity Engine, `v1` for Classic Engine.
    #[serde(default)]
    pub(crate) pipeline: Option<String>,
    #[serde(rename = "_links", default)]
    pub(crate) links: OrganisationLinks,
}

/// Its links.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OrganisationLinks {
    #[serde(default)]
    pub(crate) organization: Option<Href>,
}

/// The word for a status that is not there. It is no word of Okta's, so that whatever has it may be in force.
fn not_given() -> String {
    String::from("(not given)")
}

/// A link.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Href {
    pub(crate) href: String,
}

/// An error reply. `errorSummary` may quote what was asked and is left out.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorReply {
    #[serde(rename = "errorCode", default)]
    pub(crate) code: Option<String>,
    /// The form of the token endpoint.
    #[serde(default)]
    pub(crate) error: Option<String>,
}
