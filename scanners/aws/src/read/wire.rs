//! Shapes of the IAM answers, field names as the service spells them. None of them has a field for a secret.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use scan_contract::{Fact, Instant, Moment};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::policy::document::Parsed;

/// A time as a document gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Stamp {
    /// An instant.
    Known(Instant),
    /// The key is absent or null.
    #[default]
    Absent,
    /// Something that is no instant with a zone.
    Unreadable,
}

impl Stamp {
    /// The instant, where there is one.
    pub(crate) fn instant(self) -> Option<Instant> {
        match self {
            Self::Known(at) => Some(at),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// What the document says of this time.
    pub(crate) fn fact(self, field: &str) -> Fact<Moment> {
        match self {
            Self::Known(at) => Fact::Known(Moment::exact(at)),
            Self::Absent => Fact::Hidden(format!("the document has no {field}")),
            Self::Unreadable => Fact::Hidden(format!("{field} is not a time")),
        }
    }
}

/// An RFC 3339 instant in UTC; a time without zone is refused.
pub(crate) fn instant(text: &str) -> Option<Instant> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => Some(at.with_timezone(&Utc)),
        Err(_) => None,
    }
}

/// The last second that RFC 3339 can write.
const LAST_SECOND: i64 = 253_402_300_799;

/// An instant so much later. Times and lengths come from outside: what would end after the calendar ends with it.
pub(crate) fn later(at: Instant, by: TimeDelta) -> Instant {
    let end = at.checked_add_signed(by).unwrap_or(Instant::MAX_UTC);
    DateTime::from_timestamp(LAST_SECOND, 0).map_or(end, |last| end.min(last))
}

/// So many seconds, of whatever number.
pub(crate) fn seconds(count: i64) -> TimeDelta {
    TimeDelta::try_seconds(count).unwrap_or(TimeDelta::MAX)
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyTime;
        impl Visitor<'_> for AnyTime {
            type Value = Stamp;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a time")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Stamp, E> {
                Ok(instant(text).map_or(Stamp::Unreadable, Stamp::Known))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Stamp, E> {
                Ok(Stamp::Unreadable)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Stamp, E> {
                Ok(Stamp::Unreadable)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Stamp, E> {
                Ok(Stamp::Unreadable)
            }

            fn visit_unit<E: Error>(self) -> Result<Stamp, E> {
                Ok(Stamp::Absent)
            }
        }
        deserializer.deserialize_any(AnyTime)
    }
}

/// A list; absent and null both mean that the service named nothing.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = Option::<Vec<T>>::deserialize(deserializer)?;
    Ok(items.into_iter().flatten().collect())
}

/// One IAM user of `UserDetailList`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserDetail {
    pub(crate) user_name: String,
    pub(crate) user_id: String,
    pub(crate) arn: String,
    #[serde(default)]
    pub(crate) create_date: Stamp,
    #[serde(default, deserialize_with = "list")]
    pub(crate) user_policy_list: Vec<InlinePolicy>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) group_list: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) attached_managed_policies: Vec<AttachedPolicy>,
    pub(crate) permissions_boundary: Option<Boundary>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) tags: Vec<Tag>,
}

/// One group of `GroupDetailList`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupDetail {
    pub(crate) group_name: String,
    pub(crate) group_id: String,
    pub(crate) arn: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) group_policy_list: Vec<InlinePolicy>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) attached_managed_policies: Vec<AttachedPolicy>,
}

/// One role of `RoleDetailList`. `MaxSessionDuration` is not part of this answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleDetail {
    pub(crate) role_name: String,
    pub(crate) role_id: String,
    pub(crate) arn: String,
    #[serde(default)]
    pub(crate) create_date: Stamp,
    pub(crate) assume_role_policy_document: Parsed,
    #[serde(default, deserialize_with = "list")]
    pub(crate) role_policy_list: Vec<InlinePolicy>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(default)]
    pub(crate) role_last_used: Option<RoleLastUsed>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) tags: Vec<Tag>,
}

/// When a role's credentials last made a call, in the 400 days AWS keeps.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleLastUsed {
    #[serde(default)]
    pub(crate) last_used_date: Stamp,
    pub(crate) region: Option<String>,
}

/// One managed policy of `Policies`, with its versions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ManagedPolicy {
    pub(crate) policy_name: Option<String>,
    pub(crate) arn: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) policy_version_list: Vec<PolicyVersion>,
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersion {
    pub(crate) document: Option<Parsed>,
    #[serde(default)]
    pub(crate) is_default_version: bool,
}

/// A policy that lives inside a user, group or role.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InlinePolicy {
    pub(crate) policy_name: String,
    pub(crate) policy_document: Parsed,
}

/// A managed policy that is attached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPolicy {
    pub(crate) policy_name: String,
    pub(crate) policy_arn: String,
}

/// A permissions boundary: it limits what the policies give, and gives nothing itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Boundary {
    pub(crate) permissions_boundary_arn: String,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// One key of an answer of `list-access-keys`. The secret is shown by AWS once, when the key is made, never here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyMetadata {
    pub(crate) user_name: String,
    pub(crate) access_key_id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) create_date: Stamp,
}
