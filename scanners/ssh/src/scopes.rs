//! Names of the scopes.

use scan_contract::{Scope, ScopeName};

/// The scope that is the list of hosts itself.
pub(crate) const HOSTS: &str = "hosts";

/// The scopes of each host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostScope {
    /// Accounts and memberships of administrators' groups.
    Accounts,
    /// Keys that may sign in.
    AuthorizedKeys,
    /// Certificate principals that may sign in.
    Principals,
    /// Authorities whose certificates may sign in.
    TrustedCas,
    /// Rights by sudo.
    Sudo,
    /// Who is signed in.
    Sessions,
}

impl HostScope {
    /// Every scope of a host, in the order used for output.
    pub(crate) const ALL: [Self; 6] =
        [Self::Accounts, Self::AuthorizedKeys, Self::Principals, Self::TrustedCas, Self::Sudo, Self::Sessions];

    /// Last part of its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::AuthorizedKeys => "authorized-keys",
            Self::Principals => "principals",
            Self::TrustedCas => "trusted-cas",
            Self::Sudo => "sudo",
            Self::Sessions => "sessions",
        }
    }
}

/// Full name of a host's scope, such as `web-1/sudo`.
pub(crate) fn scope_name(host: &str, scope: HostScope) -> ScopeName {
    ScopeName::new(format!("{host}/{}", scope.as_str()))
}

/// All scopes of a host.
pub(crate) fn host_scopes(host: &str) -> Vec<Scope> {
    HostScope::ALL
        .iter()
        .map(|scope| Scope::new(scope_name(host, *scope), format!("host.{}", scope.as_str())))
        .collect()
}
