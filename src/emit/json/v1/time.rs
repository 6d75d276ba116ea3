//! Times in JSON v1.

use std::borrow::Cow;

use chrono::DateTime;
use scan_contract::{Fact, Instant, Moment};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::emit::words;

/// An instant: RFC 3339 in UTC, with as many digits as it needs. A time without zone is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Instant);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&words::exact(self.0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|time| Self(time.to_utc()))
            .map_err(|error| D::Error::custom(format!("{text:?} is not an RFC 3339 instant: {error}")))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Time")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "pattern": "Z$" })
    }
}

impl From<Instant> for Time {
    fn from(at: Instant) -> Self {
        Self(at)
    }
}

impl From<Time> for Instant {
    fn from(time: Time) -> Self {
        time.0
    }
}

/// A time that a system may withhold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FactTime {
    /// The system gave it: somewhere in `[at, at + precision_seconds)`, or exactly `at` where the precision is 0.
    Known {
        /// Earliest instant it can be.
        at: Time,
        /// Width in seconds.
        precision_seconds: u32,
    },
    /// The system says that there is none.
    None,
    /// The system does not say.
    Hidden {
        /// Why.
        why: String,
    },
}

impl From<&Fact<Moment>> for FactTime {
    fn from(fact: &Fact<Moment>) -> Self {
        match fact {
            Fact::Known(moment) => Self::Known { at: Time(moment.at), precision_seconds: moment.precision_seconds },
            Fact::None => Self::None,
            Fact::Hidden(why) => Self::Hidden { why: why.clone() },
        }
    }
}

impl From<FactTime> for Fact<Moment> {
    fn from(time: FactTime) -> Self {
        match time {
            FactTime::Known { at, precision_seconds } => Self::Known(Moment { at: at.0, precision_seconds }),
            FactTime::None => Self::None,
            FactTime::Hidden { why } => Self::Hidden(why),
        }
    }
}
