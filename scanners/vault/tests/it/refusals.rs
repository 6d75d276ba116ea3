//! Every route refused in turn gives exactly the right gap by name, and touches nothing that does not need it.

use std::collections::BTreeSet;

use holdover_kit::fault::{Damage, On};
use holdover_kit::stub::vault::refusal;
use scan_contract::Cause;
use scan_transport::Purpose;
use scan_vault::ALLOW;

use crate::drive::{Said, Scene};

/// Scope kinds that may suffer when an operation is refused; empty: none, since the scanner does without.
pub(crate) fn suffers(operation: &str) -> &'static [&'static str] {
    match operation {
        "list sys/namespaces" => &["sys.namespaces"],
        "sys/mounts" => {
            &["sys.mounts", "kv.stores", "kv.secret-owners", "database.static-roles", "pki.certificates", "ssh.roles"]
        }
        "sys/auth" => &[
            "sys.auth-methods",
            "userpass.users",
            "ldap.users",
            "jwt.roles",
            "kubernetes.roles",
            "cert.certificates",
            "approle.secret-ids",
            "identity.entity",
            "kv.readable-secrets",
        ],
        "sys/audit" => &["sys.audit-devices"],
        "list sys/policies/acl" => &["sys.policies"],
        "sys/policies/acl/{name}" => &["sys.policies", "identity.entity", "kv.readable-secrets"],
        "list identity/entity/id" => &["identity.entities"],
        "identity/entity/id/{id}" | "auth/{mount}/users/{name}" => &["identity.entity", "kv.readable-secrets"],
        "list identity/entity-alias/id" => &["identity.aliases"],
        "list identity/group/id" => &["identity.groups"],
        "identity/group/id/{id}" => &["identity.groups", "identity.entity", "kv.readable-secrets"],
        "list auth/token/accessors" | "auth/token/lookup-accessor" => &["auth.token-accessors"],
        "list sys/leases/lookup" | "list sys/leases/lookup/{prefix}" => &["sys.leases"],
        "list auth/{mount}/users" => &["userpass.users", "ldap.users"],
        "list auth/{mount}/role" => {
            &["jwt.roles", "kubernetes.roles", "approle.secret-ids", "identity.entity", "kv.readable-secrets"]
        }
        "auth/{mount}/role/{name}" => &["jwt.roles", "kubernetes.roles", "identity.entity", "kv.readable-secrets"],
        "list auth/{mount}/role/{name}/secret-id" | "auth/{mount}/role/{name}/secret-id-accessor/lookup" => {
            &["approle.secret-ids"]
        }
        "list auth/{mount}/certs" | "auth/{mount}/certs/{name}" => &["cert.certificates"],
        "list {mount}/detailed-metadata/{path}" => &["kv.secret-owners", "kv.readable-secrets"],
        "list {mount}/certs" | "{mount}/cert/{serial}" => &["pki.certificates"],
        "list {mount}/roles" | "{mount}/roles/{name}" => &["pki.certificates", "ssh.roles"],
        "list {mount}/static-roles" | "{mount}/static-roles/{name}" => {
            &["database.static-roles", "kv.readable-secrets"]
        }
        _ => &[],
    }
}

/// Asked of another kind of cluster, of a policy name with a slash, by a second look, or by the check of rights.
pub(crate) const OTHERWISE: [&str; 7] = [
    "list sys/policies/acl/{name}",
    "sys/capabilities-self",
    "sys/leases/lookup",
    "identity/entity-alias/id/{id}",
    "list {mount}/metadata",
    "list {mount}/metadata/{path}",
    "{mount}/metadata/{path}",
];

fn kinds(said: &Said) -> BTreeSet<String> {
    said.incomplete().iter().filter_map(|name| said.scopes.get(name)).map(|read| read.kind.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_refused_in_turn_gives_the_right_gap_and_leaves_the_others_whole() {
    let before = Scene::usual();
    let usual = before.read().await;
    let mut asked_for = 0;
    for operation in ALLOW.operations.iter().filter(|row| row.purpose == Purpose::Read && !row.rights.is_empty()) {
        if before.server.count_of(operation.name) == 0 {
            assert!(OTHERWISE.contains(&operation.name), "{} was never asked", operation.name);
            continue;
        }
        let scene = Scene::usual();
        let refused = Damage::Reply(refusal(403, &["1 error occurred:\n\t* permission denied\n\n"]));
        let planted = scene.server.plant(On::operation(operation.name), refused);
        let said = scene.read().await;
        assert!(planted.fired() > 0, "{}", operation.name);
        asked_for += 1;
        assert_eq!(said.failures, [], "{}", operation.name);
        let expected: BTreeSet<String> = suffers(operation.name).iter().map(|kind| (*kind).to_owned()).collect();
        let found = kinds(&said);
        assert_eq!(found, expected, "{}: {:?}", operation.name, said.gaps());
        for gap in said.scopes.values().flat_map(|read| &read.gaps) {
            let Cause::Denied { permission } = &gap.cause else { panic!("{}: {gap:?}", operation.name) };
            assert!(permission.contains(" on ") && permission.contains("path \""), "{}: {permission}", operation.name);
        }
        // What does not need it is read as before.
        for (name, read) in usual.scopes.iter().filter(|(_, read)| !expected.contains(&read.kind)) {
            let Some(now) = said.scopes.get(name) else { continue };
            assert!(now.is_complete(), "{}: {name}", operation.name);
            if operation.name == "auth/token/lookup-self" && read.kind == "auth.token-accessors" {
                // Without it, our own token is one among the others.
                assert_eq!(now.records.len(), read.records.len() + usize::from(name.starts_with("root/")));
                continue;
            }
            let ids = |read: &crate::drive::Read| read.records.keys().cloned().collect::<Vec<_>>();
            assert_eq!(ids(now), ids(read), "{}: {name}", operation.name);
        }
    }
    assert!(asked_for >= 30, "{asked_for}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_may_not_be_listed_or_read_is_told_by_path() {
    for (operation, words) in
        [("list {mount}/metadata", "list on kv/metadata"), ("{mount}/metadata/{path}", "read on kv/metadata/app/db")]
    {
        let scene = Scene::usual();
        scene.stub.state().openbao = false;
        let planted = scene.server.plant(On::operation(operation), Damage::Reply(refusal(403, &["permission denied"])));
        let said = scene.read().await;
        assert!(planted.fired() > 0);
        assert!(said.gaps().iter().any(|gap| gap.contains(words)), "{words}: {:?}", said.gaps());
        assert!(kinds(&said).contains("kv.readable-secrets"));
    }
}
