//! Closed vocabularies of JSON v1, each the twin of a domain vocabulary. A word added there does not compile here
//! until it is given its place in the format.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! wire_words {
    ($($(#[$meta:meta])* $name:ident = $domain:path { $($variant:ident = $word:literal,)+ })+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            pub enum $name { $(#[serde(rename = $word)] $variant,)+ }

            impl From<$domain> for $name {
                fn from(value: $domain) -> Self {
                    use $domain as Domain;
                    match value { $(Domain::$variant => Self::$variant,)+ }
                }
            }

            impl From<$name> for $domain {
                fn from(value: $name) -> Self {
                    use $domain as Domain;
                    match value { $($name::$variant => Domain::$variant,)+ }
                }
            }
        )+
    };
}

wire_words! {
    /// How bad it is.
    Severity = crate::findings::Severity {
        Critical = "critical", High = "high", Medium = "medium", Low = "low", Info = "info",
    }
    /// How sure the match to the person is.
    Confidence = crate::findings::Confidence { High = "high", Medium = "medium", Low = "low", }
    /// Where a finding is in its life.
    FindingState = crate::findings::FindingState {
        Observed = "observed", Confirmed = "confirmed", Unverified = "unverified", Closing = "closing",
        Closed = "closed", Suppressed = "suppressed", Ambiguous = "ambiguous",
    }
    /// What a finding is about.
    Class = crate::findings::Class { Residual = "residual", License = "license", Remnant = "remnant", }
    /// Whether the grant can be used.
    Usability = crate::findings::Usability {
        UsableNow = "usable_now", UsableIf = "usable_if", Indirect = "indirect", Dormant = "dormant",
        Inert = "inert", Unknown = "unknown",
    }
    /// Whether it was used after the end.
    UsedAfterEnd = crate::findings::UsedAfterEnd {
        After = "after", Before = "before", Undecided = "undecided", NotKnown = "not_known", Never = "never",
    }
    /// What this run did to a finding.
    Change = crate::findings::Change {
        New = "new", Unchanged = "unchanged", Updated = "updated", Reopened = "reopened", Closed = "closed",
        Rehired = "rehired", Planted = "planted",
    }
    /// Sort of access.
    AccessKind = scan_contract::AccessKind {
        Account = "account", Session = "session", OauthGrant = "oauth_grant", ApiToken = "api_token",
        AccessKey = "access_key", ServiceKey = "service_key", Password = "password", MfaDevice = "mfa_device",
        SshKey = "ssh_key", Certificate = "certificate", RoleBinding = "role_binding",
        GroupMembership = "group_membership", Ownership = "ownership", SharedSecret = "shared_secret",
        Delegation = "delegation", Automation = "automation", License = "license",
    }
    /// The grant's own switch.
    Status = scan_contract::Status {
        Enabled = "enabled", Disabled = "disabled", Expired = "expired", Revoked = "revoked", Pending = "pending",
        Orphaned = "orphaned", Unknown = "unknown",
    }
    /// How far a grant reaches.
    Privilege = scan_contract::Privilege {
        Admin = "admin", Write = "write", Read = "read", None = "none", Unknown = "unknown",
    }
    /// What a grant is beyond its kind.
    Subtype = scan_contract::Subtype {
        OrganisationOwner = "organisation_owner", ExternalCollaborator = "external_collaborator",
        AppRegistration = "app_registration", Integration = "integration", VaultToken = "vault_token",
        DeployKey = "deploy_key", CiSecret = "ci_secret", TrustedCa = "trusted_ca", RoleTrust = "role_trust",
        Sudo = "sudo",
    }
    /// How a person relates to a grant.
    Relation = scan_contract::Relation {
        Holder = "holder", Owner = "owner", Creator = "creator", Custodian = "custodian", Reader = "reader",
        RunAs = "run_as", Approver = "approver",
    }
    /// How far a scope got.
    ScopeState = scan_contract::ScopeState {
        Complete = "complete", Partial = "partial", Denied = "denied", Failed = "failed",
        NotAttempted = "not_attempted", Interrupted = "interrupted",
    }
    /// From where the end of access was taken.
    EndSource = crate::roster::EndSource {
        AccessEndAt = "access_end_at", LastDayWorked = "last_day_worked", EndDate = "end_date",
        PresumedFromAbsence = "presumed_from_absence",
    }
    /// How much a role can give away.
    RoleTier = crate::roster::RoleTier { Tier0 = "tier0", Tier1 = "tier1", Tier2 = "tier2", Tier3 = "tier3", }
    /// Whether a roster is believed.
    RosterState = crate::roster::RosterState { Accepted = "accepted", Held = "held", None = "none", }
    /// How one leaver stands in one system.
    CellVerdict = crate::report::CellVerdict {
        Open = "open", WithinTime = "within_time", Excepted = "excepted", NoneFound = "none_found",
        NotKnown = "not_known",
    }
    /// Where an exception stands.
    ExceptionState = crate::exceptions::ExceptionState {
        Active = "active", Pending = "pending", Expired = "expired", Revoked = "revoked", Invalid = "invalid",
    }
    /// What a ticket says.
    TicketWord = crate::report::TicketWord {
        ClosedByHand = "closed_by_hand", Disputed = "disputed", Refused = "refused", Missing = "missing",
    }
    /// How loud a notice is.
    NoticeLevel = crate::report::NoticeLevel { Warning = "warning", Note = "note", }
    /// Exit code by name.
    ExitCode = crate::report::ExitCode {
        Clean = "clean", Residual = "residual", Config = "config", Gaps = "gaps",
        GapsAndResidual = "gaps_and_residual", Roster = "roster", Store = "store", Busy = "busy",
    }
    /// Who can mend a gap.
    Mend = scan_contract::Mend { NextRun = "next_run", Operator = "operator", Developer = "developer", }
}
