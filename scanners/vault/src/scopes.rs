//! The scopes: vendor nouns, and their names.

use scan_contract::{Scope, ScopeName};

use crate::mount::Namespace;
use crate::names;

/// Namespaces below a namespace.
pub(crate) const NAMESPACES: &str = "sys.namespaces";
/// Secrets engines.
pub(crate) const MOUNTS: &str = "sys.mounts";
/// Sign-in methods.
pub(crate) const AUTH_METHODS: &str = "sys.auth-methods";
/// Texts of policies.
pub(crate) const POLICIES: &str = "sys.policies";
/// Audit devices. Root namespace only.
pub(crate) const AUDIT_DEVICES: &str = "sys.audit-devices";
/// The list of entities.
pub(crate) const ENTITIES: &str = "identity.entities";
/// One entity in depth. A follow-up.
pub(crate) const ENTITY: &str = "identity.entity";
/// Aliases.
pub(crate) const ALIASES: &str = "identity.aliases";
/// Memberships of groups.
pub(crate) const GROUPS: &str = "identity.groups";
/// Service tokens.
pub(crate) const TOKENS: &str = "auth.token-accessors";
/// Leases.
pub(crate) const LEASES: &str = "sys.leases";
/// Leases of one user's sign-ins. A follow-up.
pub(crate) const LOGIN_LEASES: &str = "sys.login-leases";
/// Users with passwords.
pub(crate) const USERPASS: &str = "userpass.users";
/// Policies mapped to users of a directory.
pub(crate) const LDAP: &str = "ldap.users";
/// Roles that let JWTs in.
pub(crate) const JWT_ROLES: &str = "jwt.roles";
/// Roles that let service accounts in.
pub(crate) const KUBERNETES_ROLES: &str = "kubernetes.roles";
/// Certificates that let in.
pub(crate) const CERTS: &str = "cert.certificates";
/// Secret ids of AppRole roles.
pub(crate) const SECRET_IDS: &str = "approle.secret-ids";
/// Key-value stores.
pub(crate) const KV_STORES: &str = "kv.stores";
/// Owners in the metadata of secrets.
pub(crate) const SECRET_OWNERS: &str = "kv.secret-owners";
/// What one entity could read. A follow-up.
pub(crate) const READABLE: &str = "kv.readable-secrets";
/// Database users whose password the server rotates.
pub(crate) const STATIC_ROLES: &str = "database.static-roles";
/// Certificates that were issued and kept.
pub(crate) const PKI: &str = "pki.certificates";
/// Roles that sign SSH keys.
pub(crate) const SSH_ROLES: &str = "ssh.roles";

/// Every scope of a namespace that is read in each run, in reading order.
pub(crate) const OF_NAMESPACE: [&str; 21] = [
    NAMESPACES,
    MOUNTS,
    AUTH_METHODS,
    POLICIES,
    AUDIT_DEVICES,
    ENTITIES,
    ALIASES,
    GROUPS,
    TOKENS,
    LEASES,
    USERPASS,
    LDAP,
    JWT_ROLES,
    KUBERNETES_ROLES,
    CERTS,
    SECRET_IDS,
    KV_STORES,
    SECRET_OWNERS,
    STATIC_ROLES,
    PKI,
    SSH_ROLES,
];

/// Follow-ups.
pub(crate) const FOLLOW_UPS: [&str; 3] = [ENTITY, READABLE, LOGIN_LEASES];

/// Name of a scope.
pub(crate) fn name(namespace: &Namespace, kind: &str) -> ScopeName {
    ScopeName::from(format!("{}/{kind}", namespace.word()))
}

/// Name of a follow-up: all that is needed to read it.
pub(crate) fn follow_up(namespace: &Namespace, kind: &str, key: &str) -> ScopeName {
    ScopeName::from(format!("{}/{kind}/{}", namespace.word(), names::encode(key)))
}

/// The namespace and key of a follow-up. `None`: the name is none of ours.
pub(crate) fn parse_follow_up(scope: &Scope) -> Option<(Namespace, String)> {
    let mut parts = scope.name.as_str().split('/');
    let (word, kind, key) = (parts.next()?, parts.next()?, parts.next()?);
    if kind != scope.kind || !FOLLOW_UPS.contains(&kind) || parts.next().is_some() {
        return None;
    }
    Some((Namespace::of(&names::decode(word)?), names::decode(key)?))
}

/// Everything that is declared for a namespace.
pub(crate) fn declare(namespace: &Namespace) -> Vec<Scope> {
    OF_NAMESPACE
        .iter()
        .filter(|kind| **kind != AUDIT_DEVICES || namespace.is_root())
        .map(|kind| Scope::new(name(namespace, kind), *kind))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_is_read_by_its_name_alone() {
        for (path, key) in [("", "e-1"), ("team a/sub", "auth/userpass/login/ä%2F"), ("x", "")] {
            let namespace = Namespace::of(path);
            let scope = Scope::new(follow_up(&namespace, ENTITY, key), ENTITY);
            assert_eq!(parse_follow_up(&scope), Some((namespace, key.to_owned())));
        }
        for (name, kind) in [
            ("root/identity.entity", ENTITY),
            ("root/identity.entity/a/b", ENTITY),
            ("root/x/a", "x"),
            ("root/identity.entity/a", READABLE),
        ] {
            assert_eq!(parse_follow_up(&Scope::new(name, kind)), None, "{name}");
        }
    }

    #[test]
    fn audit_devices_belong_to_the_root_alone() {
        let has = |path: &str| declare(&Namespace::of(path)).iter().any(|scope| scope.kind == AUDIT_DEVICES);
        assert!(has("") && !has("team-a"));
    }
}
