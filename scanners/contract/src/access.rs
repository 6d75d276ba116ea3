//! One way in, as a system shows it.

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, Instant, Moment};
use crate::holder::Holder;
use crate::ids::{GrantId, KeyFingerprint, ScopeName};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in the order used for output.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Every word, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word used in files and outputs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value written as `word`; `None` for a word outside the vocabulary.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The seventeen kinds of access. The set is closed: it is a metric label and part of every fingerprint.
    AccessKind {
        /// A human account, also a pending invitation or a guest.
        Account = "account",
        /// A live sign-in session or refresh token.
        Session = "session",
        /// A third-party application's consent to act for somebody.
        OauthGrant = "oauth_grant",
        /// A personal token, app password or API key.
        ApiToken = "api_token",
        /// A programmatic key of a cloud user.
        AccessKey = "access_key",
        /// A key of a service identity.
        ServiceKey = "service_key",
        /// A password sign-in.
        Password = "password",
        /// A second factor or recovery method.
        MfaDevice = "mfa_device",
        /// An SSH public key that is authorised somewhere.
        SshKey = "ssh_key",
        /// An X.509 or SSH certificate.
        Certificate = "certificate",
        /// A role bound to somebody directly, also a trust policy that names them.
        RoleBinding = "role_binding",
        /// Membership of a group that grants something.
        GroupMembership = "group_membership",
        /// Being the owner of an asset.
        Ownership = "ownership",
        /// A secret somebody could read.
        SharedSecret = "shared_secret",
        /// Forwarding or delegated access, such as a mailbox.
        Delegation = "delegation",
        /// A job, schedule, pipeline or bot that acts for somebody.
        Automation = "automation",
        /// A paid seat.
        License = "license",
    }
}

words! {
    /// What the system says about a grant's own switch.
    Status {
        /// In force.
        Enabled = "enabled",
        /// Switched off, and can be switched on again.
        Disabled = "disabled",
        /// Its time has run out.
        Expired = "expired",
        /// Taken back for good.
        Revoked = "revoked",
        /// An invitation or request that can still be taken up.
        Pending = "pending",
        /// The principal it belonged to no longer exists.
        Orphaned = "orphaned",
        /// Not said, or a word we do not know: it may be in force.
        Unknown = "unknown",
    }
}

words! {
    /// How far a grant reaches. `Unknown` is scored as `Write`.
    Privilege {
        /// Grants access to others, reads secrets, or owns the organisation.
        Admin = "admin",
        /// Changes production or data.
        Write = "write",
        /// Reads non-public data.
        Read = "read",
        /// Nothing by itself.
        None = "none",
        /// Not known.
        Unknown = "unknown",
    }
}

words! {
    /// What a grant is beyond its kind, where the source says so. Rules that tell owners of an organisation from
    /// members, or a deploy key from a user's key, read this; a grant without it is judged by its kind alone.
    Subtype {
        /// Owner of the whole organisation, tenant or billing account.
        OrganisationOwner = "organisation_owner",
        /// A guest or outside collaborator.
        ExternalCollaborator = "external_collaborator",
        /// An application registration or service principal (its owner can add credentials).
        AppRegistration = "app_registration",
        /// A webhook or third-party integration.
        Integration = "integration",
        /// A vault token, entity or alias.
        VaultToken = "vault_token",
        /// A key that opens one repository and hangs from no person.
        DeployKey = "deploy_key",
        /// A secret of a pipeline.
        CiSecret = "ci_secret",
        /// A certificate authority that a host trusts.
        TrustedCa = "trusted_ca",
        /// A role's trust policy that names somebody.
        RoleTrust = "role_trust",
        /// A sudo or administrators' rule on a host.
        Sudo = "sudo",
    }
}

/// What a paid seat costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeatCost {
    /// Amount in whole and part units of `currency`.
    pub amount: f64,
    /// ISO 4217 code.
    pub currency: String,
    /// Period, such as `month`.
    pub per: String,
}

/// One way in, as seen. No secret fits in it. All text is hostile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// The scope it was read in.
    pub scope: ScopeName,
    /// What sort of access it is.
    pub kind: AccessKind,
    /// Immutable id; unique per scope and kind.
    pub grant_id: GrantId,
    /// Id under which an earlier read of the same system knew this grant, where the source gives a better one now
    /// (an access key that a report shows only by its slot). What is remembered under it is carried over.
    pub formerly: Option<GrantId>,
    /// Text for people.
    pub grant_display: Option<String>,
    /// The grant's own switch.
    pub status: Status,
    /// The system's own status word, where it is not one of ours.
    pub status_text: Option<String>,
    /// How far it reaches.
    pub privilege: Privilege,
    /// Why the privilege is what it is, such as the policy statement that decided it.
    pub privilege_reason: Option<String>,
    /// What it is beyond its kind.
    pub subtype: Option<Subtype>,
    /// Id of the account this hangs from, in the same system.
    pub parent: Option<GrantId>,
    /// What it opens: repository, role, host, group, secret path.
    pub target: Option<String>,
    /// Who it leads to. Empty with a `parent`: the parent's person is the holder.
    pub holders: Vec<Holder>,
    /// When it was made.
    pub created_at: Fact<Moment>,
    /// When it was last used.
    pub last_used_at: Fact<Moment>,
    /// When it ends by itself.
    pub expires_at: Fact<Moment>,
    /// When its secret or key was last replaced.
    pub rotated_at: Fact<Moment>,
    /// For sessions: client or device class.
    pub client: Option<String>,
    /// For sessions that cannot be listed: those that began before this instant are dead.
    pub cutoff_at: Option<Instant>,
    /// Latest instant at which an unlistable session can still be alive.
    pub live_until: Option<Instant>,
    /// Where the truth is kept if not in the system, such as `terraform:infra/iam`.
    pub managed_by: Option<String>,
    /// What the seat costs, for licences.
    pub seat_cost: Option<SeatCost>,
    /// SHA-256 fingerprint where the grant is a public key.
    pub public_key: Option<KeyFingerprint>,
    /// Short texts: where and how it was seen (file and line, option, policy).
    pub evidence: Vec<String>,
}

impl Access {
    /// A grant of which nothing is known but what it is and where it was seen.
    pub fn new(scope: ScopeName, kind: AccessKind, grant_id: GrantId, status: Status) -> Self {
        Self {
            scope,
            kind,
            grant_id,
            formerly: None,
            grant_display: None,
            status,
            status_text: None,
            privilege: Privilege::Unknown,
            privilege_reason: None,
            subtype: None,
            parent: None,
            target: None,
            holders: Vec::new(),
            created_at: Fact::not_given(),
            last_used_at: Fact::not_given(),
            expires_at: Fact::not_given(),
            rotated_at: Fact::not_given(),
            client: None,
            cutoff_at: None,
            live_until: None,
            managed_by: None,
            seat_cost: None,
            public_key: None,
            evidence: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_seventeen_kinds_and_each_word_leads_back_to_its_kind() {
        assert_eq!(AccessKind::ALL.len(), 17);
        for kind in AccessKind::ALL {
            assert_eq!(AccessKind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(AccessKind::parse("Account"), None);
    }
}
