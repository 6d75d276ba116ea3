//! How far a set of rules reaches.

use scan_contract::Privilege;

use super::capability::{Capabilities, Capability};
use super::rules::Acl;

/// How far, and the rule that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The privilege.
    pub(crate) privilege: Privilege,
    /// Why: pattern, capabilities, policy.
    pub(crate) reason: String,
}

const CHANGES: &[Capability] = &[Capability::Create, Capability::Update, Capability::Patch, Capability::Delete];

/// Paths on which a change gives access to others, or takes the proof of it away.
const GIVES_ACCESS: &[&str] = &[
    "sys/policies/",
    "sys/policy",
    "sys/auth",
    "sys/mounts",
    "sys/audit",
    "sys/raw",
    "sys/namespaces",
    "sys/generate-root",
    "sys/rekey",
    "sys/plugins",
    "identity/entity",
    "identity/group",
    "identity/mfa",
    "auth/token/create-orphan",
    "auth/token/roles/",
];

/// Paths that concern nothing but the caller's own token; the built-in policy `default` is made of them.
const OWN_TOKEN: &[&str] = &[
    "auth/token/lookup-self",
    "auth/token/renew-self",
    "auth/token/revoke-self",
    "sys/capabilities-self",
    "sys/internal/ui/",
    "sys/renew",
    "sys/leases/renew",
    "sys/leases/lookup",
    "sys/wrapping/",
    "sys/tools/",
    "sys/control-group/request",
    "cubbyhole/",
    "identity/oidc/provider/",
    "identity/entity/id/",
    "identity/entity/name/",
];

/// Judges by the widest rule.
pub(crate) fn judge(acl: &Acl) -> Reach {
    if acl.is_root() {
        return Reach { privilege: Privilege::Admin, reason: String::from("policy root allows everything") };
    }
    let mut best: Option<(u8, Privilege, String)> = None;
    for rule in acl.iter() {
        let privilege = one(rule.pattern, rule.capabilities);
        let rank = match privilege {
            Privilege::Admin => 3,
            Privilege::Write | Privilege::Unknown => 2,
            Privilege::Read => 1,
            Privilege::None => 0,
        };
        if best.as_ref().is_none_or(|(known, ..)| rank > *known) {
            let words = rule.capabilities.words().join(", ");
            let policies = rule.policies.join(", ");
            best = Some((rank, privilege, format!("{words} on {} by policy {policies}", rule.pattern)));
        }
    }
    best.map_or_else(
        || Reach { privilege: Privilege::None, reason: String::from("no rule of its policies allows anything") },
        |(_, privilege, reason)| Reach { privilege, reason },
    )
}

fn one(pattern: &str, capabilities: Capabilities) -> Privilege {
    if !capabilities.allows_something() {
        return Privilege::None;
    }
    // A named path of one's own token, with capabilities that stay within it; a wider pattern is judged below.
    let own = OWN_TOKEN.iter().any(|own| pattern.starts_with(own)) && !capabilities.has(Capability::Sudo);
    if own && !(pattern.starts_with("identity/") && capabilities.has_any(CHANGES)) {
        return Privilege::None;
    }
    let changes = capabilities.has_any(CHANGES);
    if capabilities.has(Capability::Sudo) || (changes && gives_access(pattern)) {
        return Privilege::Admin;
    }
    if (changes || capabilities.has(Capability::Read)) && reads_everything(pattern) {
        return Privilege::Admin;
    }
    if changes {
        return Privilege::Write;
    }
    if capabilities.has_any(&[Capability::Read, Capability::List, Capability::Scan]) {
        return Privilege::Read;
    }
    Privilege::Unknown
}

/// Whether the pattern lies in, or covers, one of the paths that give access; and what changes users, roles and mappings
/// of a sign-in method.
fn gives_access(pattern: &str) -> bool {
    let bare = pattern.trim_end_matches('*');
    let covered = GIVES_ACCESS.iter().any(|path| bare.starts_with(path) || (pattern != bare && path.starts_with(bare)));
    let of_method = pattern.strip_prefix("auth/").is_some_and(|rest| {
        let parts: Vec<&str> = rest.split('/').collect();
        let word = |part: &&str| {
            let part = part.trim_end_matches('*');
            matches!(part, "users" | "user" | "role" | "roles" | "groups" | "map" | "certs" | "config")
        };
        matches!(parts.as_slice(), ["*"] | [_, "*"]) || parts.iter().skip(1).any(word)
    });
    covered || of_method
}

/// Whether it opens a whole store: `*`, `mount/*`, `mount/data/*`, or one more wildcard in place of the mount.
fn reads_everything(pattern: &str) -> bool {
    let Some(bare) = pattern.strip_suffix('*') else { return false };
    let parts: Vec<&str> = bare.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        [""] | [_, "data"] => true,
        [mount] => !matches!(*mount, "auth" | "sys" | "identity" | "cubbyhole") && bare.ends_with('/'),
        _ => false,
    }
}
