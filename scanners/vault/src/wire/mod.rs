//! What answers hold. Only fields that are used, and none for a secret.
//!
//! The server writes every field of an answer each time; an empty list or map of it is `null`. So a field that decides
//! who holds something, what it reaches, or whether it is there at all must stand in the answer ([`told`], [`listed`]):
//! where it is missing, the answer is another one than was asked for, and an absent list is not an empty one. Fields
//! that later versions brought, that only describe, or that the server leaves out by its own rules are optional.

mod roles;

use std::collections::BTreeMap;

pub(crate) use roles::{AppRole, CertRole, JwtRole, KubernetesRole, Role, RolePolicies, SecretId};
use scan_contract::Instant;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::mount::Namespace;

/// A field that always stands in the answer; `null` is the server's word for none.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// A list or map that always stands in the answer; `null` is the server's word for an empty one.
fn listed<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    told(deserializer).map(Option::unwrap_or_default)
}

/// The frame of every answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<T> {
    /// What was asked for.
    #[serde(default = "none")]
    pub(crate) data: Option<T>,
    /// Warnings: their texts can hold accessors, so they are counted only.
    #[serde(default)]
    warnings: Option<Vec<IgnoredAny>>,
}

fn none<T>() -> Option<T> {
    None
}

impl<T> Envelope<T> {
    /// How many warnings there are.
    pub(crate) fn warnings(&self) -> usize {
        self.warnings.as_ref().map_or(0, Vec::len)
    }
}

/// A failed answer in the server's own frame. Its texts are held against words that are known, and never shown.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusal {
    /// The texts; in a recording their number alone.
    #[serde(default)]
    errors: Option<Vec<Option<String>>>,
    /// Where engines put theirs that choose a status.
    #[serde(default)]
    data: Option<RefusalData>,
}

#[derive(Debug, Deserialize)]
struct RefusalData {
    #[serde(default)]
    error: Option<String>,
}

impl Refusal {
    /// Whether this is the server's frame at all, and not what something between says.
    pub(crate) fn is_framed(&self) -> bool {
        self.errors.is_some() || self.data.as_ref().is_some_and(|data| data.error.is_some())
    }

    /// `{"errors": []}`: the server's word for an empty list and for an object that is not there.
    pub(crate) fn is_nothing(&self) -> bool {
        self.errors.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether one of its texts holds these words.
    pub(crate) fn says(&self, words: &str) -> bool {
        let texts = self.errors.iter().flatten().flatten();
        texts.chain(self.data.iter().flat_map(|data| &data.error)).any(|text| text.contains(words))
    }
}

/// A list as it comes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListingBody {
    /// Names.
    #[serde(default)]
    pub(crate) keys: Option<Vec<String>>,
    /// What the list tells of each name, undecoded: one that cannot be decoded costs itself only.
    #[serde(default)]
    pub(crate) key_info: Option<BTreeMap<String, Box<RawValue>>>,
}

/// A list.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Names.
    pub(crate) keys: Vec<String>,
    /// What is told of each.
    pub(crate) info: BTreeMap<String, Box<RawValue>>,
    /// Warnings of the server: something is missing from the list.
    pub(crate) warnings: usize,
}

/// `sys/health`.
#[derive(Debug, Deserialize)]
pub(crate) struct Health {
    /// Whether it was ever set up.
    #[serde(default)]
    pub(crate) initialized: Option<bool>,
    /// Whether it is sealed.
    #[serde(default)]
    pub(crate) sealed: Option<bool>,
    /// Name; hidden by some listeners.
    #[serde(default)]
    pub(crate) cluster_name: Option<String>,
    /// Id.
    #[serde(default)]
    pub(crate) cluster_id: Option<String>,
    /// Disaster recovery mode.
    #[serde(default)]
    pub(crate) replication_dr_mode: Option<String>,
}

/// `auth/token/lookup-self`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OwnToken {
    /// Accessor; empty for a batch token. No recording holds it.
    #[serde(default)]
    pub(crate) accessor: Option<String>,
    /// Entity; empty for none.
    pub(crate) entity_id: String,
    /// Name for people.
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    /// Policies of the token.
    #[serde(deserialize_with = "listed")]
    pub(crate) policies: Vec<String>,
    /// Policies of its entity.
    #[serde(default)]
    pub(crate) identity_policies: Option<Vec<String>>,
    /// `service` or `batch`.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    /// Namespace it belongs to; absent for the root.
    #[serde(default)]
    pub(crate) namespace_path: Option<String>,
    /// When it ends; absent for one that never does.
    #[serde(default)]
    pub(crate) expire_time: Option<String>,
}

impl OwnToken {
    /// The namespace it belongs to.
    pub(crate) fn namespace(&self) -> Namespace {
        Namespace::of(self.namespace_path.as_deref().unwrap_or(""))
    }
}

/// One mount of `sys/mounts` or `sys/auth`.
#[derive(Debug, Deserialize)]
pub(crate) struct MountInfo {
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Its accessor.
    pub(crate) accessor: String,
    /// Its options.
    #[serde(default)]
    pub(crate) options: Option<BTreeMap<String, String>>,
}

/// An alias in the list of entities or of aliases, or in an entity.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AliasInfo {
    /// Id; the list of aliases has it as its key.
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// Name at the mount.
    pub(crate) name: String,
    /// Entity it belongs to; not in the list of entities, where it is the key.
    #[serde(default)]
    pub(crate) canonical_id: Option<String>,
    /// Accessor of the mount.
    pub(crate) mount_accessor: String,
    /// Path of the mount, with `auth/`; left out where the mount is gone.
    #[serde(default)]
    pub(crate) mount_path: Option<String>,
    /// Type of the mount.
    #[serde(default)]
    pub(crate) mount_type: Option<String>,
    /// Set at sign-in.
    #[serde(default)]
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    /// Set by operators.
    #[serde(default)]
    pub(crate) custom_metadata: Option<BTreeMap<String, String>>,
}

/// An entity in the list.
#[derive(Debug, Deserialize)]
pub(crate) struct EntityInfo {
    /// Name.
    pub(crate) name: String,
    /// Aliases; left out where there are none.
    #[serde(default)]
    pub(crate) aliases: Option<Vec<AliasInfo>>,
}

/// An entity.
#[derive(Debug, Deserialize)]
pub(crate) struct Entity {
    /// Id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// Whether its tokens are refused. Absent: not said.
    #[serde(default)]
    pub(crate) disabled: Option<bool>,
    /// Metadata.
    #[serde(deserialize_with = "listed")]
    pub(crate) metadata: BTreeMap<String, String>,
    /// Policies.
    #[serde(deserialize_with = "listed")]
    pub(crate) policies: Vec<String>,
    /// Aliases.
    #[serde(deserialize_with = "listed")]
    pub(crate) aliases: Vec<AliasInfo>,
    /// Groups, inherited ones included.
    #[serde(deserialize_with = "listed")]
    pub(crate) group_ids: Vec<String>,
    /// When it was made.
    #[serde(default)]
    pub(crate) creation_time: Option<String>,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Group {
    /// Id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// `internal` or `external`.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    /// Policies.
    #[serde(deserialize_with = "listed")]
    pub(crate) policies: Vec<String>,
    /// Members that are entities.
    #[serde(deserialize_with = "listed")]
    pub(crate) member_entity_ids: Vec<String>,
    /// Groups it is a member of.
    #[serde(deserialize_with = "listed")]
    pub(crate) parent_group_ids: Vec<String>,
    /// Metadata.
    #[serde(deserialize_with = "listed")]
    pub(crate) metadata: BTreeMap<String, String>,
    /// When it was made.
    #[serde(default)]
    pub(crate) creation_time: Option<String>,
}

/// A policy.
#[derive(Debug, Deserialize)]
pub(crate) struct PolicyText {
    /// Its text.
    #[serde(default)]
    pub(crate) policy: Option<String>,
}

/// A token, looked up by its accessor.
#[derive(Debug, Deserialize)]
pub(crate) struct Token {
    /// Name for people, `<mount>-<user>` after a sign-in.
    pub(crate) display_name: String,
    /// Where it was made.
    pub(crate) path: String,
    /// Policies of its own.
    #[serde(deserialize_with = "listed")]
    pub(crate) policies: Vec<String>,
    /// Policies of its entity; left out where there is none.
    #[serde(default)]
    pub(crate) identity_policies: Option<Vec<String>>,
    /// Entity; empty for none.
    pub(crate) entity_id: String,
    /// Metadata set at sign-in.
    #[serde(deserialize_with = "told")]
    pub(crate) meta: Option<BTreeMap<String, String>>,
    /// Seconds since 1970.
    #[serde(default)]
    pub(crate) creation_time: Option<i64>,
    /// RFC 3339, or null for never.
    #[serde(deserialize_with = "told")]
    pub(crate) expire_time: Option<String>,
    /// Seconds; it lives on as long as it is renewed in time.
    #[serde(default)]
    pub(crate) period: Option<i64>,
    /// Whether it outlives the token it was made with.
    #[serde(default)]
    pub(crate) orphan: Option<bool>,
    /// Uses left; 0 is without limit.
    #[serde(default)]
    pub(crate) num_uses: Option<i64>,
    /// Token role.
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// Last renewal, RFC 3339.
    #[serde(default)]
    pub(crate) last_renewal: Option<String>,
}

/// A lease.
#[derive(Debug, Deserialize)]
pub(crate) struct Lease {
    /// RFC 3339.
    #[serde(default)]
    pub(crate) issue_time: Option<String>,
    /// RFC 3339, or null for never.
    #[serde(deserialize_with = "told")]
    pub(crate) expire_time: Option<String>,
    /// RFC 3339, or null.
    #[serde(default)]
    pub(crate) last_renewal: Option<String>,
}

/// Metadata of a secret.
#[derive(Debug, Deserialize)]
pub(crate) struct SecretMetadata {
    /// RFC 3339.
    pub(crate) created_time: String,
    /// The newest version; 0 for none.
    pub(crate) current_version: u64,
    /// Set by operators; older servers have none.
    #[serde(default)]
    pub(crate) custom_metadata: Option<BTreeMap<String, String>>,
    /// By number.
    #[serde(deserialize_with = "listed")]
    pub(crate) versions: BTreeMap<String, SecretVersion>,
}

/// One version of a secret.
#[derive(Debug, Deserialize)]
pub(crate) struct SecretVersion {
    /// RFC 3339.
    pub(crate) created_time: String,
    /// RFC 3339, or empty for not deleted. It lies ahead where the server is to delete the version by itself.
    pub(crate) deletion_time: String,
    /// Whether the value is gone for good.
    pub(crate) destroyed: bool,
}

/// An entry of a detailed list of secrets.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum ListedSecret {
    /// Its metadata.
    Told(SecretMetadata),
    /// `{}`: a folder, or a secret that was deleted meanwhile.
    Nothing(Empty),
}

/// An object without fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// A certificate that was issued.
#[derive(Debug, Deserialize)]
pub(crate) struct IssuedCertificate {
    /// PEM.
    pub(crate) certificate: String,
    /// Seconds since 1970; 0 for not revoked.
    #[serde(default)]
    pub(crate) revocation_time: Option<i64>,
}

/// A certificate in the detailed list.
#[derive(Debug, Deserialize)]
pub(crate) struct CertificateInfo {
    /// RFC 3339.
    #[serde(default)]
    pub(crate) not_after: Option<String>,
}

/// A role of a certificate authority.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthorityRole {
    /// Whether certificates are not kept.
    pub(crate) no_store: bool,
}

/// A role that signs SSH keys.
#[derive(Debug, Deserialize)]
pub(crate) struct SshRole {
    /// Remote users it signs for, with commas.
    #[serde(deserialize_with = "told")]
    pub(crate) allowed_users: Option<String>,
    /// `ca` or `otp`.
    #[serde(default)]
    pub(crate) key_type: Option<String>,
    /// Remote user where none is named.
    #[serde(deserialize_with = "told")]
    pub(crate) default_user: Option<String>,
    /// Longest life of a signed certificate.
    #[serde(default)]
    pub(crate) max_ttl: Option<serde_json::Value>,
}

/// A database user whose password the server rotates.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StaticRole {
    /// Database user.
    #[serde(default)]
    pub(crate) username: Option<String>,
    /// Connection.
    #[serde(default)]
    pub(crate) db_name: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub(crate) last_vault_rotation: Option<String>,
}

/// Totals of `sys/internal/counters/*`.
#[derive(Debug, Deserialize)]
pub(crate) struct Counters {
    /// The totals.
    pub(crate) counters: CounterGroups,
}

/// Totals by what is counted.
#[derive(Debug, Deserialize)]
pub(crate) struct CounterGroups {
    /// Entities of all namespaces.
    pub(crate) entities: Total,
}

/// One total.
#[derive(Debug, Deserialize)]
pub(crate) struct Total {
    /// The number.
    pub(crate) total: u64,
}

/// A namespace in the list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NamespaceInfo {
    /// Whether its interface is locked (OpenBao).
    #[serde(default)]
    pub(crate) locked: Option<bool>,
}

/// An instant of RFC 3339, with the server's nanoseconds. `None`: it is none.
pub(crate) fn instant(text: &str) -> Option<Instant> {
    chrono::DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).ok()
}
