//! The scopes of one account: vendor nouns, and the document each one comes from.

use scan_contract::{Scope, ScopeName};

use crate::settings::AccountId;

/// Users of the account and its root user.
pub(crate) const USERS: &str = "iam.users";
/// Console passwords.
pub(crate) const PASSWORDS: &str = "iam.passwords";
/// Access keys.
pub(crate) const ACCESS_KEYS: &str = "iam.access-keys";
/// X.509 signing certificates of users.
pub(crate) const CERTIFICATES: &str = "iam.certificates";
/// MFA devices.
pub(crate) const MFA_DEVICES: &str = "iam.mfa-devices";
/// Group memberships.
pub(crate) const GROUPS: &str = "iam.groups";
/// Attached and inline policies of users.
pub(crate) const POLICIES: &str = "iam.policies";
/// Trust policies of roles that name somebody.
pub(crate) const ROLE_TRUSTS: &str = "iam.role-trusts";
/// Sessions of roles, and who answers for roles.
pub(crate) const ROLES: &str = "iam.roles";

/// Where a scope comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadFrom {
    /// The authorization details.
    Details,
    /// The credential report.
    Report,
    /// AWS can list it, and none of the documents carries it: the call that lists it.
    Nowhere(&'static str),
}

/// Every scope, always declared: one that is not read is a gap, never an absence.
pub(crate) const ALL: [(&str, ReadFrom); 12] = [
    (USERS, ReadFrom::Details),
    (PASSWORDS, ReadFrom::Report),
    (ACCESS_KEYS, ReadFrom::Report),
    (CERTIFICATES, ReadFrom::Report),
    (MFA_DEVICES, ReadFrom::Report),
    (GROUPS, ReadFrom::Details),
    (POLICIES, ReadFrom::Details),
    (ROLE_TRUSTS, ReadFrom::Details),
    (ROLES, ReadFrom::Details),
    ("iam.ssh-public-keys", ReadFrom::Nowhere("SSH public keys of users (iam:ListSSHPublicKeys, user by user)")),
    (
        "iam.service-specific-credentials",
        ReadFrom::Nowhere("service-specific credentials (iam:ListServiceSpecificCredentials)"),
    ),
    (
        "sso.account-assignments",
        ReadFrom::Nowhere("people and groups of IAM Identity Center (sso:ListAccountAssignments)"),
    ),
];

/// Name of a scope inside its system.
pub(crate) fn name(account: &AccountId, kind: &str) -> ScopeName {
    ScopeName::from(format!("{account}/{kind}"))
}

/// All scopes of the account.
pub(crate) fn declare(account: &AccountId) -> Vec<Scope> {
    ALL.iter().map(|(kind, _)| Scope::new(name(account, kind), *kind)).collect()
}
