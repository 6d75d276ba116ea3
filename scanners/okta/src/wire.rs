//! What Okta answers, as far as it is read. No type has a field for a secret: passwords, answers, client secrets and
//! one-time codes have no place to land in.

use std::collections::BTreeMap;

use scan_transport::Reply;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

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

/// A user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
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

/// An application.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) label: Option<String>,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) sign_on_mode: Option<String>,
}

/// Somebody's assignment to an application.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assignment {
    pub(crate) id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) scope: Option<String>,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
    #[serde(default)]
    pub(crate) sync_state: Option<String>,
    #[serde(default)]
    pub(crate) credentials: Option<AppCredentials>,
}

/// The name somebody has in an application.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppCredentials {
    #[serde(default)]
    pub(crate) user_name: Option<String>,
}

/// A refresh token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshToken {
    pub(crate) id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) expires_at: Told<String>,
    #[serde(default)]
    pub(crate) issuer: Option<String>,
    // The vendor's own examples write it both ways.
    #[serde(default, alias = "client_id")]
    pub(crate) client_id: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
}

/// A consent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) created_by: Option<CreatedBy>,
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) scope_id: Option<String>,
    #[serde(default)]
    pub(crate) source: Option<String>,
}

/// Who made a consent.
#[derive(Debug, Deserialize)]
pub(crate) struct CreatedBy {
    #[serde(default)]
    pub(crate) id: Option<String>,
}

/// An authorisation server.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthorizationServer {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// A client of an authorisation server.
#[derive(Debug, Deserialize)]
pub(crate) struct Client {
    pub(crate) client_id: String,
}

/// `GET /api/v1/iam/assignees/users`.
#[derive(Debug, Deserialize)]
pub(crate) struct Assignees {
    pub(crate) value: Vec<Box<RawValue>>,
    #[serde(rename = "_links", default)]
    pub(crate) links: NextLink,
}

/// The link to the next page, in a body.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NextLink {
    #[serde(default)]
    pub(crate) next: Option<Href>,
}

/// A user with a role.
#[derive(Debug, Deserialize)]
pub(crate) struct Assignee {
    pub(crate) id: String,
}

/// A role of a user or client.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) assignment_type: Option<String>,
    /// Custom roles: the role's id.
    #[serde(default)]
    pub(crate) role: Option<String>,
    #[serde(rename = "resource-set", default)]
    pub(crate) resource_set: Option<String>,
    #[serde(rename = "_links", default)]
    pub(crate) links: Option<RoleLinks>,
}

/// Links of a role.
#[derive(Debug, Deserialize)]
pub(crate) struct RoleLinks {
    #[serde(default)]
    pub(crate) assignee: Option<Href>,
}

impl Role {
    /// The group a role comes from: the last part of the assignee's address.
    pub(crate) fn group(&self) -> Option<&str> {
        if self.assignment_type.as_deref() != Some("GROUP") {
            return None;
        }
        let href = &self.links.as_ref()?.assignee.as_ref()?.href;
        let (before, id) = href.rsplit_once('/')?;
        (before.ends_with("/groups") && !id.is_empty()).then_some(id)
    }
}

/// Permissions of a custom role.
#[derive(Debug, Deserialize)]
pub(crate) struct Permissions {
    #[serde(default)]
    pub(crate) permissions: Vec<Permission>,
}

/// One permission.
#[derive(Debug, Deserialize)]
pub(crate) struct Permission {
    pub(crate) label: String,
}

/// An API token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiToken {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) client_name: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) last_updated: Told<String>,
    #[serde(default)]
    pub(crate) expires_at: Told<String>,
    #[serde(default)]
    pub(crate) token_window: Option<String>,
}

/// An enrolled factor. Its `profile` (phone number, question) is passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Factor {
    pub(crate) id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) factor_type: Option<String>,
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

/// A policy.
#[derive(Debug, Deserialize)]
pub(crate) struct Policy {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: Option<String>,
}

/// A rule of a sign-on policy.
#[derive(Debug, Deserialize)]
pub(crate) struct PolicyRule {
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) actions: Option<RuleActions>,
}

/// What a rule does.
#[derive(Debug, Deserialize)]
pub(crate) struct RuleActions {
    #[serde(default)]
    pub(crate) signon: Option<SignOn>,
}

/// How somebody may sign in.
#[derive(Debug, Deserialize)]
pub(crate) struct SignOn {
    #[serde(default)]
    pub(crate) access: Option<String>,
    #[serde(default)]
    pub(crate) session: Option<SessionRule>,
}

/// How long a session lives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRule {
    /// Zero: no end but by idling.
    #[serde(default)]
    pub(crate) max_session_lifetime_minutes: Option<u64>,
}

/// An event of the system log.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvent {
    pub(crate) published: String,
    pub(crate) event_type: String,
    #[serde(default)]
    pub(crate) actor: Option<Actor>,
    #[serde(default)]
    pub(crate) outcome: Option<Outcome>,
    #[serde(default)]
    pub(crate) transaction: Option<Transaction>,
}

/// Who did it.
#[derive(Debug, Deserialize)]
pub(crate) struct Actor {
    #[serde(default)]
    pub(crate) id: Option<String>,
}

/// How it ended.
#[derive(Debug, Deserialize)]
pub(crate) struct Outcome {
    #[serde(default)]
    pub(crate) result: Option<String>,
}

/// What it was a part of.
#[derive(Debug, Deserialize)]
pub(crate) struct Transaction {
    #[serde(default)]
    pub(crate) detail: Option<TransactionDetail>,
}

/// How it was asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionDetail {
    #[serde(default)]
    pub(crate) request_api_token_id: Option<String>,
}
