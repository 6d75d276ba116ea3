//! A user and what hangs from one.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::{Told, not_given};

/// A user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) transitioning_to_status: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) status_changed: Told<String>,
    #[serde(default)]
    pub(crate) last_login: Told<String>,
    #[serde(default)]
    pub(crate) password_changed: Told<String>,
    pub(crate) profile: Profile,
    #[serde(default)]
    pub(crate) credentials: Option<Credentials>,
}

/// A profile: base attributes, and custom ones of any type.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Profile(BTreeMap<String, Attribute>);

/// A value of a profile. Numbers are texts of digits; lists and objects are of no use here.
#[derive(Debug)]
enum Attribute {
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(match value {
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Number(number) => Self::Text(number.to_string()),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => Self::Other,
        })
    }
}

impl Profile {
    /// An attribute that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Attribute::Text(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
            Some(Attribute::Other) | None => None,
        }
    }
}

/// How a user signs in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Credentials {
    /// Empty object where there is a password; its content is passed over.
    #[serde(default)]
    pub(crate) password: Option<IgnoredAny>,
    #[serde(default)]
    pub(crate) provider: Option<Provider>,
    #[serde(default)]
    pub(crate) emails: Vec<Address>,
}

/// Who checks the password.
#[derive(Debug, Deserialize)]
pub(crate) struct Provider {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// An address with its verification.
#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    #[serde(default)]
    pub(crate) value: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
}

/// An enrolled factor. Its `profile` (phone number, question) is passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Factor {
    pub(crate) id: String,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(rename = "factorType", default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) provider: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
}

/// A device of a user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserDevice {
    #[serde(default)]
    pub(crate) device_user_id: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
    pub(crate) device: Device,
}

/// A device.
#[derive(Debug, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: String,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) profile: Option<DeviceProfile>,
}

/// What a device is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceProfile {
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) platform: Option<String>,
}

/// A group of a user.
#[derive(Debug, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: String,
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) profile: Option<GroupProfile>,
}

/// A group's profile.
#[derive(Debug, Deserialize)]
pub(crate) struct GroupProfile {
    #[serde(default)]
    pub(crate) name: Option<String>,
}
