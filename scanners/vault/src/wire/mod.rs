//! What answers hold. Only fields that are used, and none for a secret.

mod roles;

use std::collections::BTreeMap;

pub(crate) use roles::{CertRole, Role, RolePolicies, SecretId};
use scan_contract::Instant;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

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

/// A failed answer. Its texts are only counted.
#[derive(Debug, Deserialize)]
pub(crate) struct Errors {
    /// The texts.
    pub(crate) errors: Vec<IgnoredAny>,
}

/// A list as it comes.
#[derive(Debug, Deserialize)]
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
    /// Accessor.
    #[serde(default)]
    pub(crate) accessor: Option<String>,
    /// Entity.
    #[serde(default)]
    pub(crate) entity_id: Option<String>,
    /// Name for people.
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    /// Policies of the token.
    #[serde(default)]
    pub(crate) policies: Option<Vec<String>>,
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

/// One mount of `sys/mounts` or `sys/auth`.
#[derive(Debug, Deserialize)]
pub(crate) struct MountInfo {
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Its accessor.
    #[serde(default)]
    pub(crate) accessor: Option<String>,
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
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Entity it belongs to.
    #[serde(default)]
    pub(crate) canonical_id: Option<String>,
    /// Accessor of the mount.
    #[serde(default)]
    pub(crate) mount_accessor: Option<String>,
    /// Path of the mount, with `auth/`.
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
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Aliases.
    #[serde(default)]
    pub(crate) aliases: Option<Vec<AliasInfo>>,
}

/// An entity.
#[derive(Debug, Deserialize)]
pub(crate) struct Entity {
    /// Id.
    pub(crate) id: String,
    /// Name.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Whether its tokens are refused. Absent: not said.
    #[serde(default)]
    pub(crate) disabled: Option<bool>,
    /// Metadata.
    #[serde(default)]
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    /// Policies.
    #[serde(default)]
    pub(crate) policies: Option<Vec<String>>,
    /// Aliases.
    #[serde(default)]
    pub(crate) aliases: Option<Vec<AliasInfo>>,
    /// Groups, inherited ones included.
    #[serde(default)]
    pub(crate) group_ids: Option<Vec<String>>,
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
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// `internal` or `external`.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    /// Policies.
    #[serde(default)]
    pub(crate) policies: Option<Vec<String>>,
    /// Members that are entities.
    #[serde(default)]
    pub(crate) member_entity_ids: Option<Vec<String>>,
    /// Groups it is a member of.
    #[serde(default)]
    pub(crate) parent_group_ids: Option<Vec<String>>,
    /// Metadata.
    #[serde(default)]
    pub(crate) metadata: Option<BTreeMap<String, String>>,
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
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    /// Where it was made.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// Policies of its own.
    #[serde(default)]
    pub(crate) policies: Option<Vec<String>>,
    /// Policies of its entity.
    #[serde(default)]
    pub(crate) identity_policies: Option<Vec<String>>,
    /// Entity.
    #[serde(default)]
    pub(crate) entity_id: Option<String>,
    /// Metadata set at sign-in.
    #[serde(default)]
    pub(crate) meta: Option<BTreeMap<String, String>>,
    /// Seconds since 1970.
    #[serde(default)]
    pub(crate) creation_time: Option<i64>,
    /// RFC 3339, or null for never. The field is always there.
    #[serde(default)]
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
    /// RFC 3339, or null.
    #[serde(default)]
    pub(crate) expire_time: Option<String>,
    /// RFC 3339, or null.
    #[serde(default)]
    pub(crate) last_renewal: Option<String>,
}

/// Metadata of a secret.
#[derive(Debug, Deserialize)]
pub(crate) struct SecretMetadata {
    /// RFC 3339. Absent for a folder in a detailed list.
    #[serde(default)]
    pub(crate) created_time: Option<String>,
    /// The newest version; 0 for none.
    #[serde(default)]
    pub(crate) current_version: Option<u64>,
    /// Set by operators.
    #[serde(default)]
    pub(crate) custom_metadata: Option<BTreeMap<String, String>>,
    /// By number.
    #[serde(default)]
    pub(crate) versions: Option<BTreeMap<String, SecretVersion>>,
}

/// One version of a secret.
#[derive(Debug, Deserialize)]
pub(crate) struct SecretVersion {
    /// RFC 3339.
    #[serde(default)]
    pub(crate) created_time: Option<String>,
    /// RFC 3339, or empty: not deleted.
    #[serde(default)]
    pub(crate) deletion_time: Option<String>,
    /// Whether the value is gone for good.
    #[serde(default)]
    pub(crate) destroyed: Option<bool>,
}

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

/// A role of a certificate authority (TLS or SSH).
#[derive(Debug, Deserialize)]
pub(crate) struct AuthorityRole {
    /// TLS: whether certificates are not kept.
    #[serde(default)]
    pub(crate) no_store: Option<bool>,
    /// SSH: remote users it signs for, with commas.
    #[serde(default)]
    pub(crate) allowed_users: Option<String>,
    /// SSH: `ca` or `otp`.
    #[serde(default)]
    pub(crate) key_type: Option<String>,
    /// SSH: remote user where none is named.
    #[serde(default)]
    pub(crate) default_user: Option<String>,
    /// SSH: longest life of a signed certificate.
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
    #[serde(default)]
    pub(crate) entities: Option<Total>,
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
