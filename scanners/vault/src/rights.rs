//! What the credential may do, and the smallest policy. Both come from the table of requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use scan_contract::{Cause, Right, RightState, Rights};
use serde::Serialize;

use crate::allow::ALLOW;
use crate::mount::{Engine, Mount, Namespace};
use crate::names::shown;
use crate::scanner::Inner;
use crate::scopes;
use crate::settings::{Settings, Switch};
use crate::target::Target;

/// A path of a policy, what is needed there, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    path: String,
    capabilities: Vec<&'static str>,
    serves: Vec<&'static str>,
    on: bool,
}

/// Stands for any name where the server is asked about a pattern.
const PROBE: &str = "holdover-probe";

/// Scope kinds that a right of the table serves.
fn serves(path: &str) -> &'static [&'static str] {
    match path {
        "sys/namespaces" => &[scopes::NAMESPACES],
        "sys/mounts" => &[scopes::MOUNTS, scopes::KV_STORES, scopes::STATIC_ROLES, scopes::PKI, scopes::SSH_ROLES],
        "sys/auth" => &[scopes::AUTH_METHODS, scopes::USERPASS, scopes::LDAP, scopes::JWT_ROLES, scopes::SECRET_IDS],
        "sys/audit" => &[scopes::AUDIT_DEVICES],
        "sys/policies/acl" | "sys/policies/acl/*" => &[scopes::POLICIES, scopes::READABLE],
        "sys/internal/counters/entities" | "identity/entity/id" => &[scopes::ENTITIES],
        "identity/entity/id/*" => &[scopes::ENTITY, scopes::READABLE],
        "identity/entity-alias/id" | "identity/entity-alias/id/*" => &[scopes::ALIASES],
        "identity/group/id" | "identity/group/id/*" => &[scopes::GROUPS, scopes::READABLE],
        "auth/token/accessors" | "auth/token/lookup-accessor" => &[scopes::TOKENS],
        "sys/leases/lookup" | "sys/leases/lookup/*" => &[scopes::LEASES, scopes::LOGIN_LEASES],
        "auth/{mount}/users" | "auth/{mount}/users/+" => &[scopes::USERPASS, scopes::LDAP, scopes::ENTITY],
        "auth/{mount}/role" | "auth/{mount}/role/+" => {
            &[scopes::JWT_ROLES, scopes::KUBERNETES_ROLES, scopes::SECRET_IDS]
        }
        "auth/{mount}/role/+/secret-id" | "auth/{mount}/role/+/secret-id-accessor/lookup" => &[scopes::SECRET_IDS],
        "auth/{mount}/certs" | "auth/{mount}/certs/+" => &[scopes::CERTS],
        "{mount}/certs" | "{mount}/certs/detailed" | "{mount}/cert/+" => &[scopes::PKI],
        "{mount}/roles" | "{mount}/roles/+" => &[scopes::PKI, scopes::SSH_ROLES],
        "{mount}/static-roles" | "{mount}/static-roles/+" => &[scopes::STATIC_ROLES, scopes::READABLE],
        path if path.starts_with("{mount}/metadata") || path.starts_with("{mount}/detailed-metadata") => {
            &[scopes::READABLE, scopes::SECRET_OWNERS]
        }
        _ => &[],
    }
}

/// Engines at whose mounts a right with `{mount}` is needed.
fn engines(path: &str) -> &'static [Engine] {
    match path {
        "auth/{mount}/users" | "auth/{mount}/users/+" => &[Engine::Userpass, Engine::Ldap],
        "auth/{mount}/role" | "auth/{mount}/role/+" => &[Engine::Jwt, Engine::Kubernetes, Engine::AppRole],
        "auth/{mount}/role/+/secret-id" | "auth/{mount}/role/+/secret-id-accessor/lookup" => &[Engine::AppRole],
        "auth/{mount}/certs" | "auth/{mount}/certs/+" => &[Engine::Cert],
        "{mount}/certs" | "{mount}/certs/detailed" | "{mount}/cert/+" => &[Engine::Pki],
        "{mount}/roles" | "{mount}/roles/+" => &[Engine::Pki, Engine::Ssh],
        "{mount}/static-roles" | "{mount}/static-roles/+" => &[Engine::Database],
        _ => &[Engine::KvV2],
    }
}

/// What of the configuration decides which rights are needed.
#[derive(Clone, Copy)]
struct Wants {
    tokens: Switch,
    leases: Switch,
}

impl Wants {
    fn of(settings: &Settings) -> Self {
        Self { tokens: settings.token_accessors, leases: settings.leases }
    }

    fn has(self, path: &str) -> bool {
        match path {
            "auth/token/accessors" | "auth/token/lookup-accessor" => self.tokens == Switch::On,
            "sys/leases/lookup" | "sys/leases/lookup/*" => self.leases == Switch::On,
            _ => true,
        }
    }
}

/// Rights that concern the scanner's own token, or that only the root namespace has.
fn belongs(path: &str, namespace: &Namespace, home: &Namespace) -> bool {
    match path {
        "auth/token/lookup-self" | "auth/token/revoke-self" | "sys/capabilities-self" => namespace == home,
        "sys/audit" | "sys/internal/counters/entities" => namespace.is_root(),
        _ => true,
    }
}

/// Lines for one namespace with these mounts, in the order of the table.
fn lines(wants: Wants, namespace: &Namespace, home: &Namespace, mounts: &[Mount]) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut add = |path: String, words: &'static str, pattern: &str| {
        let known = found.iter().position(|line| line.path == path);
        let at = known.unwrap_or_else(|| {
            let (serves, on) = (serves(pattern).to_vec(), wants.has(pattern));
            found.push(Line { path, capabilities: Vec::new(), serves, on });
            found.len() - 1
        });
        for word in words.split(',') {
            if !found[at].capabilities.contains(&word) {
                found[at].capabilities.push(word);
            }
        }
    };
    for (words, pattern) in
        ALLOW.operations.iter().flat_map(|operation| operation.rights).filter_map(|right| right.split_once(" on "))
    {
        if !belongs(pattern, namespace, home) {
            continue;
        }
        if !pattern.contains("{mount}") {
            add(below(namespace, home, pattern), words, pattern);
            continue;
        }
        for mount in mounts.iter().filter(|mount| engines(pattern).contains(&mount.engine)) {
            add(below(namespace, home, &pattern.replace("{mount}", &mount.path)), words, pattern);
        }
    }
    found
}

/// A path as a policy of the home namespace writes it.
fn below(namespace: &Namespace, home: &Namespace, path: &str) -> String {
    let relative = namespace.path().strip_prefix(home.path()).unwrap_or(namespace.path()).trim_matches('/');
    if relative.is_empty() { path.to_owned() } else { format!("{relative}/{path}") }
}

fn written(line: &Line) -> String {
    let words: Vec<String> = line.capabilities.iter().map(|word| format!("\"{word}\"")).collect();
    format!("path \"{}\" {{ capabilities = [{}] }}", line.path, words.join(", "))
}

/// The smallest policy for a configuration: for the mounts that were discovered so far or that it lists, else for the
/// vendor's usual names.
pub(crate) fn policy(inner: &Arc<Inner>) -> String {
    let home = inner.home();
    let mut namespaces = inner.first_namespaces();
    namespaces.extend(inner.known_namespaces());
    namespaces.sort();
    namespaces.dedup();
    let mut text = String::from(
        "# Reads who can sign in and what lives, and no secret. Never grant data/*, creds/*, issue/*, sign/*.\n",
    );
    for namespace in namespaces {
        let known = inner.place(&namespace).known_mounts();
        let listed: Vec<Mount> = inner
            .settings
            .mounts
            .iter()
            .filter(|listed| Namespace::of(&listed.namespace) == namespace)
            .map(|listed| Mount {
                path: listed.path.trim_matches('/').to_owned(),
                engine: listed.engine.clone(),
                accessor: String::new(),
            })
            .collect();
        let mounts = match (known, listed.is_empty()) {
            (Some(known), _) => known,
            (None, false) => listed,
            (None, true) => {
                text.push_str("# Mounts were not asked for: the usual names stand below. Replace them by yours.\n");
                usual()
            }
        };
        for line in lines(Wants::of(&inner.settings), &namespace, &home, &mounts).iter().filter(|line| line.on) {
            text.push_str(&written(line));
            text.push('\n');
        }
    }
    text
}

fn usual() -> Vec<Mount> {
    let named = [
        ("userpass", Engine::Userpass),
        ("ldap", Engine::Ldap),
        ("jwt", Engine::Jwt),
        ("oidc", Engine::Jwt),
        ("kubernetes", Engine::Kubernetes),
        ("cert", Engine::Cert),
        ("approle", Engine::AppRole),
        ("secret", Engine::KvV2),
        ("pki", Engine::Pki),
        ("ssh", Engine::Ssh),
        ("database", Engine::Database),
    ];
    named.into_iter().map(|(path, engine)| Mount { path: path.to_owned(), engine, accessor: String::new() }).collect()
}

/// `policy.hcl` of this folder: every right with the vendor's usual mount names; what is off by default is commented out.
pub fn generic_policy() -> String {
    let wants = Wants { tokens: Switch::Off, leases: Switch::Off };
    let root = Namespace::of("");
    let mut text = String::from(
        "# The smallest policy for the root namespace and the usual mount names. `--print-policy` writes one for your mounts.\n\
         # It reads who can sign in and what lives, and no secret. Never grant data/*, creds/*, issue/*, sign/*.\n\
         # Lines that are commented out are needed with `token_accessors: on` and `leases: on` only.\n\n",
    );
    for line in lines(wants, &root, &root, &usual()) {
        if !line.on {
            text.push_str("# ");
        }
        text.push_str(&written(&line));
        text.push('\n');
    }
    text
}

#[derive(Serialize)]
struct Paths<'a> {
    paths: Vec<&'a str>,
}

/// Paths where holding anything is more than a reader needs.
fn dangerous(mounts: &[Mount]) -> Vec<String> {
    let fixed = [
        "sys/policies/acl/holdover-probe:create,update,delete",
        "sys/raw/holdover-probe:read,update,sudo",
        "sys/leases/revoke:update",
        "sys/auth/holdover-probe:create,update,delete,sudo",
        "auth/token/create:update,sudo",
        "auth/token/revoke-accessor:update",
        "identity/entity:create,update",
        "identity/group:create,update",
    ];
    let mut found: Vec<String> = fixed.iter().map(|path| (*path).to_owned()).collect();
    for mount in mounts {
        let path = mount.full();
        match mount.engine {
            Engine::KvV2 => found.push(format!("{path}/data/{PROBE}:read,create,update,delete")),
            Engine::KvV1 => found.push(format!("{path}/{PROBE}:read,create,update,delete")),
            Engine::Database => {
                found.push(format!("{path}/creds/{PROBE}:read"));
                found.push(format!("{path}/static-creds/{PROBE}:read"));
            }
            Engine::Pki => found.push(format!("{path}/issue/{PROBE}:create,update")),
            Engine::Ssh => found.push(format!("{path}/sign/{PROBE}:create,update")),
            Engine::AppRole => found.push(format!("{path}/role/{PROBE}/secret-id:create,update")),
            _ => {}
        }
    }
    found
}

/// Asks the server about every path at once.
pub(crate) async fn check(inner: &Arc<Inner>) -> Result<Rights, Cause> {
    if inner.replays() {
        return Err(Cause::NotInSource { what: String::from("a recording has no credential") });
    }
    let home = inner.home();
    let own = inner.own_token().await?;
    let credential =
        own.and_then(|own| own.display_name).map_or_else(|| String::from("a vault token"), |name| shown(&name));
    let (mut wanted, mut excess) = (Vec::new(), Vec::new());
    for namespace in inner.first_namespaces() {
        let place = inner.place(&namespace);
        let engines = place.engines(&inner.client, &inner.settings).await;
        let methods = place.methods(&inner.client, &inner.settings).await;
        let mounts: Vec<Mount> = engines.found.iter().chain(&methods.found).cloned().collect();
        wanted.extend(lines(Wants::of(&inner.settings), &namespace, &home, &mounts));
        excess.extend(dangerous(&mounts).into_iter().map(|path| below(&namespace, &home, &path)));
    }
    let probes: Vec<String> = wanted.iter().map(|line| probe(&line.path)).collect();
    let mut paths: Vec<&str> = probes.iter().map(String::as_str).collect();
    paths.extend(excess.iter().filter_map(|path| path.rsplit_once(':')).map(|(path, _)| path));
    paths.sort_unstable();
    paths.dedup();
    let target = Target::of("sys/capabilities-self");
    let asked: Result<Option<BTreeMap<String, Vec<String>>>, Cause> =
        inner.client.post(&home, &target, &Paths { paths }).await;
    let answer = match asked {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Cause::Malformed { what: String::from("sys/capabilities-self: an answer without data") }),
        Err(Cause::Stopped) => return Err(Cause::Stopped),
        Err(cause) => Err(cause),
    };
    let needed = wanted.iter().zip(&probes).map(|(line, probe)| right(line, probe, &answer)).collect();
    let (beyond, not_told) = match &answer {
        Ok(answer) => (
            beyond(&wanted, &probes, &excess, answer),
            "only the paths above and the known dangerous ones were asked about",
        ),
        Err(_) => (Vec::new(), "the server was not willing to say what the token may do"),
    };
    Ok(Rights { credential, needed, excess: beyond, excess_not_told: not_told.to_owned() })
}

/// A path that the pattern covers.
fn probe(path: &str) -> String {
    path.split('/').map(|part| if matches!(part, "+" | "*") { PROBE } else { part }).collect::<Vec<_>>().join("/")
}

fn right(line: &Line, probe: &str, answer: &Result<BTreeMap<String, Vec<String>>, Cause>) -> Right {
    let name = format!("{} on {}", line.capabilities.join(", "), line.path);
    let serves = line.serves.iter().map(|kind| (*kind).to_owned()).collect();
    let state = match answer {
        _ if !line.on => RightState::Off,
        Err(cause) => RightState::CannotTell(cause.clone()),
        Ok(answer) => match answer.get(probe) {
            None => {
                let what = String::from("the server left this path out of its answer");
                RightState::CannotTell(Cause::Malformed { what })
            }
            Some(has) => held(line, has),
        },
    };
    Right { name, serves, state }
}

fn held(line: &Line, has: &[String]) -> RightState {
    if has.iter().any(|word| word == "root") {
        return RightState::Have;
    }
    let missing: Vec<&str> =
        line.capabilities.iter().copied().filter(|word| !has.iter().any(|has| has == word)).collect();
    if missing.is_empty() {
        RightState::Have
    } else {
        RightState::Missing { says: format!("lacks {}", missing.join(", ")) }
    }
}

/// Rights beyond need: whatever is held on dangerous paths, and more than is needed on the others.
fn beyond(
    wanted: &[Line],
    probes: &[String],
    excess: &[String],
    answer: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    if answer.values().any(|has| has.iter().any(|word| word == "root")) {
        return vec![String::from("policy root: everything")];
    }
    let mut found = Vec::new();
    for (path, words) in excess.iter().filter_map(|path| path.rsplit_once(':')) {
        let held: Vec<&str> = words
            .split(',')
            .filter(|word| answer.get(path).is_some_and(|has| has.iter().any(|has| has == word)))
            .collect();
        if !held.is_empty() {
            found.push(format!("{} on {}", held.join(", "), path.replace(PROBE, "*")));
        }
    }
    for (line, probe) in wanted.iter().zip(probes) {
        let Some(has) = answer.get(probe) else { continue };
        let needed: Vec<&str> = wanted
            .iter()
            .zip(probes)
            .filter(|(other, other_probe)| *other_probe == probe && other.on)
            .flat_map(|(other, _)| other.capabilities.iter().copied())
            .collect();
        let held: Vec<&str> =
            has.iter().map(String::as_str).filter(|word| *word != "deny" && !needed.contains(word)).collect();
        if !held.is_empty() {
            found.push(format!("{} on {}", held.join(", "), line.path));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_file_is_what_the_table_gives() {
        assert_eq!(include_str!("../policy.hcl"), generic_policy());
    }

    #[test]
    fn every_right_of_the_table_stands_in_the_policy_and_nothing_else_does() {
        let text = generic_policy();
        let mut covered = 0;
        for right in ALLOW.operations.iter().flat_map(|operation| operation.rights) {
            let (words, pattern) = right.split_once(" on ").expect("a right is written `capabilities on path`");
            let mounts: Vec<Mount> =
                usual().into_iter().filter(|mount| engines(pattern).contains(&mount.engine)).collect();
            let paths: Vec<String> = if pattern.contains("{mount}") {
                mounts.iter().map(|mount| pattern.replace("{mount}", &mount.path)).collect()
            } else {
                vec![pattern.to_owned()]
            };
            assert!(!paths.is_empty(), "{right}");
            for path in paths {
                let line = text
                    .lines()
                    .find(|line| line.contains(&format!("path \"{path}\"")))
                    .unwrap_or_else(|| panic!("{path}"));
                assert!(words.split(',').all(|word| line.contains(&format!("\"{word}\""))), "{right}: {line}");
                covered += 1;
            }
        }
        // The other direction: each line, with each of its capabilities, is asked for by a row.
        for line in text.lines().filter(|line| line.contains("path \"")) {
            let (path, rest) = line.split_once("path \"").and_then(|(_, rest)| rest.split_once('"')).expect("a line");
            let words: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
            for word in words {
                let asked = ALLOW.operations.iter().flat_map(|operation| operation.rights).any(|right| {
                    let (words, pattern) = right.split_once(" on ").expect("a right");
                    words.split(',').any(|known| known == word)
                        && usual().iter().any(|mount| pattern.replace("{mount}", &mount.path) == path)
                });
                assert!(asked, "{word} on {path}");
            }
        }
        assert!(covered > 40, "{covered}");
    }

    #[test]
    fn no_line_reaches_a_value() {
        for word in [
            "/data",
            "creds",
            "issue",
            "sign",
            "cubbyhole",
            "raw",
            "revoke-accessor",
            "leases/revoke",
            "\"delete\"",
            "\"create\"",
        ] {
            let policy = generic_policy();
            let lines = policy.lines().filter(|line| !line.starts_with("# It") && !line.starts_with("# The"));
            assert!(!lines.into_iter().any(|line| line.contains(word)), "{word}");
        }
    }
}
