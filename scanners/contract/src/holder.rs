//! The system's own words for who an access leads to.

use serde::{Deserialize, Serialize};

use crate::fact::Moment;
use crate::ids::KeyFingerprint;

/// How a person relates to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Can use it.
    Holder,
    /// Answers for it.
    Owner,
    /// Made it, and may hold a copy.
    Creator,
    /// Keeps it for emergencies (break-glass).
    Custodian,
    /// Could read the secret.
    Reader,
    /// It acts as them.
    RunAs,
    /// Approves for it.
    Approver,
}

impl Relation {
    /// Every relation, in the order used for output.
    pub const ALL: [Self; 7] =
        [Self::Holder, Self::RunAs, Self::Creator, Self::Owner, Self::Custodian, Self::Reader, Self::Approver];

    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Owner => "owner",
            Self::Creator => "creator",
            Self::Custodian => "custodian",
            Self::Reader => "reader",
            Self::RunAs => "run_as",
            Self::Approver => "approver",
        }
    }

    /// The relation written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.as_str() == word)
    }

    /// Whether the person can act through the grant, rather than only know or answer for it.
    pub fn can_act(self) -> bool {
        matches!(self, Self::Holder | Self::RunAs)
    }
}

/// The identifiers a holder can carry, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// Number in the roster.
    EmployeeId,
    /// Immutable id in this system.
    ProviderId,
    /// Immutable id of the same identity at the identity provider.
    ExternalId,
    /// SHA-256 fingerprint of a public key.
    SshFingerprint,
    /// Mail address.
    Email,
    /// Login name.
    Login,
    /// Name for people; never enough.
    Name,
}

impl IdentifierKind {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmployeeId => "employee_id",
            Self::ProviderId => "provider_id",
            Self::ExternalId => "external_id",
            Self::SshFingerprint => "ssh_fingerprint",
            Self::Email => "email",
            Self::Login => "login",
            Self::Name => "name",
        }
    }

    /// The identifier kind written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::EmployeeId,
            Self::ProviderId,
            Self::ExternalId,
            Self::SshFingerprint,
            Self::Email,
            Self::Login,
            Self::Name,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
    }
}

/// The same identity at another configured system, usually the identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExternalIdentity {
    /// Immutable id there.
    pub id: String,
    /// Configured id of that system, where the source names it.
    pub system: Option<String>,
}

/// One person (or thing) a grant leads to, in the system's own words. All text is hostile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// How they relate to the grant.
    pub relation: Relation,
    /// Number in the roster.
    pub employee_id: Option<String>,
    /// Immutable id in this system.
    pub provider_id: Option<String>,
    /// Login as the system writes it.
    pub login: Option<String>,
    /// Mail address as the system writes it.
    pub email: Option<String>,
    /// Display name; a hint for people only.
    pub name: Option<String>,
    /// Fingerprint of the public key that is the grant, or that belongs to the holder.
    pub ssh_fingerprint: Option<KeyFingerprint>,
    /// The same identity elsewhere.
    pub external: Option<ExternalIdentity>,
    /// Since when the relation holds, if known.
    pub since: Option<Moment>,
    /// Until when the relation held, if known to have ended.
    pub until: Option<Moment>,
    /// Last time this person used or read it, if known.
    pub last_at: Option<Moment>,
    /// Identifiers that the system verified itself. `None`: the source does not tell verified from claimed,
    /// and all are taken as the system's word. `Some`: those not listed are claims of the account's user.
    pub verified: Option<Vec<IdentifierKind>>,
}

impl Holder {
    /// A holder with a relation and no identifiers yet.
    pub fn new(relation: Relation) -> Self {
        Self {
            relation,
            employee_id: None,
            provider_id: None,
            login: None,
            email: None,
            name: None,
            ssh_fingerprint: None,
            external: None,
            since: None,
            until: None,
            last_at: None,
            verified: None,
        }
    }

    /// Whether the system vouches for this identifier. Claims are weaker evidence.
    pub fn vouches_for(&self, kind: IdentifierKind) -> bool {
        self.verified.as_ref().is_none_or(|verified| verified.contains(&kind))
    }
}
