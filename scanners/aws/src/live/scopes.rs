//! Scopes of a live read, and how a follow-up carries everything it needs in its name:
//! `<account>/<kind>/<key>`, the key percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use scan_contract::{Holder, Scope, ScopeName};

use crate::scopes::{ACCESS_KEYS, CERTIFICATES, GROUPS, MFA_DEVICES, PASSWORDS, POLICIES, ROLE_TRUSTS, ROLES, USERS};
use crate::settings::AccountId;

/// Service-specific credentials of all users, in bulk.
pub(crate) const SERVICE_CREDENTIALS: &str = "iam.service-specific-credentials";
/// Key ids of one user.
pub(crate) const KEY_IDS: &str = "iam.access-key-ids";
/// SSH public keys of one user.
pub(crate) const SSH_KEYS: &str = "iam.ssh-public-keys";
/// Signing certificates of one user.
pub(crate) const SIGNING_CERTIFICATES: &str = "iam.signing-certificates";
/// MFA devices of one user that are not virtual.
pub(crate) const MFA_SERIALS: &str = "iam.mfa-device-serials";
/// EC2 key pairs of one region.
pub(crate) const KEY_PAIRS: &str = "ec2.key-pairs";
/// The accounts of the organisation.
pub(crate) const ACCOUNTS: &str = "organizations.accounts";
/// Users of IAM Identity Center.
pub(crate) const CENTER_USERS: &str = "identitystore.users";
/// Groups, permission sets and accounts of one user of IAM Identity Center.
pub(crate) const ASSIGNMENTS: &str = "sso.account-assignments";
/// What CloudTrail says one user did.
pub(crate) const EVENTS: &str = "cloudtrail.events";

/// What the sweep of one account reads.
pub(crate) const SWEEP: [&str; 10] = [
    USERS,
    PASSWORDS,
    ACCESS_KEYS,
    CERTIFICATES,
    MFA_DEVICES,
    GROUPS,
    POLICIES,
    ROLE_TRUSTS,
    ROLES,
    SERVICE_CREDENTIALS,
];

/// Scopes of the sweep that come from the authorization details.
pub(crate) const FROM_DETAILS: [&str; 5] = [USERS, GROUPS, POLICIES, ROLE_TRUSTS, ROLES];
/// Scopes of the sweep that come from the credential report.
pub(crate) const FROM_REPORT: [&str; 4] = [PASSWORDS, ACCESS_KEYS, CERTIFICATES, MFA_DEVICES];

/// Kinds that are read for one holder each.
pub(crate) const FOLLOW_UPS: [&str; 6] = [KEY_IDS, SSH_KEYS, SIGNING_CERTIFICATES, MFA_SERIALS, ASSIGNMENTS, EVENTS];

/// Letters that stay as they are in a key: those of IAM names, and no separator.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'@').remove(b'+').remove(b'=').remove(b',');

/// Name of a scope of one account.
pub(crate) fn name(account: &AccountId, kind: &str) -> ScopeName {
    ScopeName::from(format!("{account}/{kind}"))
}

/// Name of a scope with a key.
pub(crate) fn keyed(account: &AccountId, kind: &str, key: &str) -> ScopeName {
    ScopeName::from(format!("{account}/{kind}/{}", utf8_percent_encode(key, KEPT)))
}

/// A scope of the account as a whole.
pub(crate) fn scope(account: &AccountId, kind: &str) -> Scope {
    Scope::new(name(account, kind), kind)
}

/// A follow-up about `holder`.
pub(crate) fn follow_up(account: &AccountId, kind: &str, key: &str, holder: Option<&Holder>) -> Scope {
    let mut scope = Scope::new(keyed(account, kind, key), kind);
    scope.bound_to = holder.map(|holder| Box::new(holder.clone()));
    scope
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) account: AccountId,
    pub(crate) kind: &'static str,
    pub(crate) key: Option<String>,
}

impl Named {
    /// Takes a name apart; `None` if it is no name of this scanner.
    pub(crate) fn parse(name: &ScopeName) -> Option<Self> {
        let mut parts = name.as_str().splitn(3, '/');
        let account = AccountId::parse(parts.next()?)?;
        let word = parts.next()?;
        let mut kinds = SWEEP.iter().chain(&FOLLOW_UPS).chain(&[KEY_PAIRS, ACCOUNTS, CENTER_USERS]);
        let kind = kinds.find(|kind| **kind == word)?;
        let key = match parts.next() {
            None => None,
            Some(key) => match percent_decode_str(key).decode_utf8() {
                Ok(key) => Some(key.into_owned()),
                Err(_) => return None,
            },
        };
        Some(Self { account, kind, key })
    }

    /// Whether this is read for one holder.
    pub(crate) fn is_follow_up(&self) -> bool {
        self.key.is_some() && FOLLOW_UPS.contains(&self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_again_whatever_letters_it_has() {
        let account = AccountId::parse("111122223333").expect("twelve digits");
        for key in ["ana.silva", "a/b", "../x", "%2f", "-dash", "new\nline", "zoë", "a b?c#d"] {
            let name = keyed(&account, SSH_KEYS, key);
            assert_eq!(name.as_str().matches('/').count(), 2, "{name}");
            let named = Named::parse(&name).expect("a name of ours");
            assert_eq!((named.kind, named.key.as_deref()), (SSH_KEYS, Some(key)));
            assert!(named.is_follow_up());
        }
        let whole = Named::parse(&name(&account, USERS)).expect("a name of ours");
        assert!(!whole.is_follow_up() && whole.key.is_none());
        assert_eq!(Named::parse(&ScopeName::from("crm/users")), None);
        assert_eq!(Named::parse(&ScopeName::from("111122223333/other.kind")), None);
    }
}
