//! What may be sent. Rights, policy text, README table and recordings all come from this table.
//!
//! Lists are sent as `GET` with `list=true`, the form the vendor's own client uses: proxies and load balancers that do not
//! know the method `LIST` let it through. The table tells it from a plain read by the query parameter.
//!
//! Mount paths are chosen by operators, so the patterns begin with a mount of any length. What a mount may never hold in
//! a pattern is written beside it: with it a request for `secret/data/..` cannot pass as one for metadata, and
//! credentials that a read would make (`creds`, `issue`, `sign`) have no pattern at all. A mount whose own path holds one
//! of these words is told as a gap.

use scan_transport::{Action, AllowList, Keep, Operation, Purpose};

/// Words that no part of a mount's path may be, since the address could then mean a path that hands out a secret.
pub(crate) const NEVER_IN_A_MOUNT: [&str; 27] = [
    "data",
    "subkeys",
    "delete",
    "undelete",
    "destroy",
    "metadata",
    "detailed-metadata",
    "creds",
    "static-creds",
    "issue",
    "sign",
    "sign-verbatim",
    "cubbyhole",
    "raw",
    "sys",
    "auth",
    "identity",
    "revoke",
    "login",
    "keys",
    "export",
    "code",
    "token",
    "role",
    "roles",
    "static-roles",
    "unwrap",
];

macro_rules! engine {
    ($rest:literal) => {
        concat!(
            "/v1/{mount...!data|subkeys|delete|undelete|destroy|metadata|detailed-metadata|creds|static-creds|issue|sign|",
            "sign-verbatim|cubbyhole|raw|sys|auth|identity|revoke|login|keys|export|code|token|role|roles|static-roles|",
            "unwrap}",
            $rest
        )
    };
}

macro_rules! method {
    ($rest:literal) => {
        concat!("/v1/auth/{mount...!token|role|users|certs|login|secret-id|sys|data|creds}", $rest)
    };
}

/// What stays of an answer in a recording: these names, and how many errors and warnings there were. `404` with no error is
/// the server's word for an empty list.
macro_rules! keep {
    ($($name:literal),* $(,)?) => {
        Keep::Json(&["errors#", "warnings#", $($name),*])
    };
}

const LIST: Action = Action::Query("list", "true");

/// What every list of names may keep.
const NAMES: Keep = keep!["data", "keys"];

const fn list(name: &'static str, path: &'static str, rights: &'static [&'static str], keep: Keep) -> Operation {
    Operation { name, method: "GET", path, action: LIST, purpose: Purpose::Read, rights, keep }
}

const fn read(name: &'static str, path: &'static str, rights: &'static [&'static str], keep: Keep) -> Operation {
    Operation { name, method: "GET", path, action: Action::Plain, purpose: Purpose::Read, rights, keep }
}

const fn post(name: &'static str, path: &'static str, rights: &'static [&'static str], keep: Keep) -> Operation {
    Operation { name, method: "POST", path, action: Action::Plain, purpose: Purpose::Read, rights, keep }
}

/// Metadata of one secret, without its values: those are never asked for.
const SECRET: Keep = keep![
    "data",
    "created_time",
    "updated_time",
    "current_version",
    "deletion_time",
    "destroyed",
    "versions/*",
    "custom_metadata/*",
    "keys",
    "key_info/*",
];

/// The table. A row's rights are written `capabilities on path`, as a policy writes them.
pub static ALLOW: AllowList = AllowList {
    connector: "vault",
    operations: &[
        // The cluster.
        read(
            "sys/health",
            "/v1/sys/health",
            &[],
            keep![
                "initialized",
                "sealed",
                "standby",
                "performance_standby",
                "replication_dr_mode",
                "version",
                "cluster_name",
                "cluster_id"
            ],
        ),
        Operation {
            name: "auth/{mount}/login",
            method: "POST",
            path: method!("/login"),
            action: Action::Plain,
            purpose: Purpose::SignIn,
            rights: &[],
            keep: Keep::Nothing,
        },
        Operation {
            name: "auth/token/revoke-self",
            method: "POST",
            path: "/v1/auth/token/revoke-self",
            action: Action::Plain,
            purpose: Purpose::SignOut,
            rights: &["update on auth/token/revoke-self"],
            keep: Keep::Nothing,
        },
        read(
            "auth/token/lookup-self",
            "/v1/auth/token/lookup-self",
            &["read on auth/token/lookup-self"],
            keep![
                "data",
                "policies",
                "identity_policies",
                "entity_id",
                "display_name",
                "type",
                "namespace_path",
                "expire_time"
            ],
        ),
        // The answer is a map of paths that were asked for; a path is no secret.
        post(
            "sys/capabilities-self",
            "/v1/sys/capabilities-self",
            &["update on sys/capabilities-self"],
            keep!["data/*"],
        ),
        list(
            "list sys/namespaces",
            "/v1/sys/namespaces",
            &["list on sys/namespaces"],
            keep!["data", "keys", "key_info/*", "path", "locked", "tainted"],
        ),
        read(
            "sys/mounts",
            "/v1/sys/mounts",
            &["read on sys/mounts"],
            keep!["data/*", "type", "accessor", "options", "version"],
        ),
        read("sys/auth", "/v1/sys/auth", &["read on sys/auth"], keep!["data/*", "type", "accessor"]),
        read(
            "sys/audit",
            "/v1/sys/audit",
            &["read,sudo on sys/audit"],
            keep!["data/*", "type", "path", "description", "local"],
        ),
        list("list sys/policies/acl", "/v1/sys/policies/acl", &["list on sys/policies/acl"], NAMES),
        list("list sys/policies/acl/{name}", "/v1/sys/policies/acl/{name...}", &["list on sys/policies/acl/*"], NAMES),
        read(
            "sys/policies/acl/{name}",
            "/v1/sys/policies/acl/{name...}",
            &["read on sys/policies/acl/*"],
            keep!["data", "name", "policy", "expiration"],
        ),
        read(
            "sys/internal/counters/entities",
            "/v1/sys/internal/counters/entities",
            &["read on sys/internal/counters/entities"],
            keep!["data", "counters", "entities", "total"],
        ),
        // People.
        list(
            "list identity/entity/id",
            "/v1/identity/entity/id",
            &["list on identity/entity/id"],
            keep!["data", "keys", "key_info/*", "name", "aliases", "id", "mount_accessor", "mount_path", "mount_type"],
        ),
        read(
            "identity/entity/id/{id}",
            "/v1/identity/entity/id/{id}",
            &["read on identity/entity/id/*"],
            keep![
                "data",
                "id",
                "name",
                "disabled",
                "metadata/*",
                "policies",
                "creation_time",
                "last_update_time",
                "aliases",
                "mount_accessor",
                "mount_path",
                "mount_type",
                "custom_metadata/*",
                "group_ids",
                "direct_group_ids",
                "inherited_group_ids",
            ],
        ),
        list(
            "list identity/entity-alias/id",
            "/v1/identity/entity-alias/id",
            &["list on identity/entity-alias/id"],
            keep![
                "data",
                "keys",
                "key_info/*",
                "name",
                "canonical_id",
                "mount_accessor",
                "mount_path",
                "mount_type",
                "metadata/*",
                "custom_metadata/*",
                "local",
            ],
        ),
        read(
            "identity/entity-alias/id/{id}",
            "/v1/identity/entity-alias/id/{id}",
            &["read on identity/entity-alias/id/*"],
            keep!["data", "id", "canonical_id"],
        ),
        list(
            "list identity/group/id",
            "/v1/identity/group/id",
            &["list on identity/group/id"],
            keep!["data", "keys", "key_info/*", "name", "num_member_entities", "num_parent_groups"],
        ),
        read(
            "identity/group/id/{id}",
            "/v1/identity/group/id/{id}",
            &["read on identity/group/id/*"],
            keep![
                "data",
                "id",
                "name",
                "type",
                "policies",
                "member_entity_ids",
                "member_group_ids",
                "parent_group_ids",
                "metadata/*",
                "creation_time",
            ],
        ),
        // Tokens and leases. Accessors and lease ids are handles for revocation: a recording holds none.
        list(
            "list auth/token/accessors",
            "/v1/auth/token/accessors",
            &["list,sudo on auth/token/accessors"],
            Keep::Nothing,
        ),
        post(
            "auth/token/lookup-accessor",
            "/v1/auth/token/lookup-accessor",
            &["update on auth/token/lookup-accessor"],
            Keep::Nothing,
        ),
        list("list sys/leases/lookup", "/v1/sys/leases/lookup", &["list,sudo on sys/leases/lookup"], Keep::Nothing),
        list(
            "list sys/leases/lookup/{prefix}",
            "/v1/sys/leases/lookup/{prefix...}",
            &["list,sudo on sys/leases/lookup/*"],
            Keep::Nothing,
        ),
        post("sys/leases/lookup", "/v1/sys/leases/lookup", &["update on sys/leases/lookup"], Keep::Nothing),
        // Sign-in methods.
        list("list auth/{mount}/users", method!("/users"), &["list on auth/{mount}/users"], NAMES),
        read(
            "auth/{mount}/users/{name}",
            method!("/users/{name}"),
            &["read on auth/{mount}/users/+"],
            keep!["data", "policies", "token_policies", "groups"],
        ),
        list(
            "list auth/{mount}/role/{name}/secret-id",
            method!("/role/{name}/secret-id"),
            &["list on auth/{mount}/role/+/secret-id"],
            Keep::Nothing,
        ),
        post(
            "auth/{mount}/role/{name}/secret-id-accessor/lookup",
            method!("/role/{name}/secret-id-accessor/lookup"),
            &["update on auth/{mount}/role/+/secret-id-accessor/lookup"],
            Keep::Nothing,
        ),
        list("list auth/{mount}/role", method!("/role"), &["list on auth/{mount}/role"], NAMES),
        read(
            "auth/{mount}/role/{name}",
            method!("/role/{name}"),
            &["read on auth/{mount}/role/+"],
            keep![
                "data",
                "policies",
                "token_policies",
                "bound_claims/*",
                "bound_subject",
                "user_claim",
                "groups_claim",
                "bound_service_account_names",
                "bound_service_account_namespaces",
                "role_type",
                "secret_id_ttl",
            ],
        ),
        list("list auth/{mount}/certs", method!("/certs"), &["list on auth/{mount}/certs"], NAMES),
        read(
            "auth/{mount}/certs/{name}",
            method!("/certs/{name}"),
            &["read on auth/{mount}/certs/+"],
            // A certificate is public.
            keep![
                "data",
                "certificate",
                "policies",
                "token_policies",
                "allowed_common_names",
                "allowed_email_sans",
                "allowed_dns_sans",
                "allowed_names",
                "allowed_uri_sans",
                "display_name",
            ],
        ),
        // Secrets engines: metadata only.
        list("list {mount}/metadata", engine!("/metadata"), &["list on {mount}/metadata"], NAMES),
        list("list {mount}/metadata/{path}", engine!("/metadata/{path...}"), &["list on {mount}/metadata/*"], NAMES),
        read("{mount}/metadata/{path}", engine!("/metadata/{path...}"), &["read on {mount}/metadata/*"], SECRET),
        list(
            "list {mount}/detailed-metadata",
            engine!("/detailed-metadata"),
            &["list on {mount}/detailed-metadata"],
            SECRET,
        ),
        list(
            "list {mount}/detailed-metadata/{path}",
            engine!("/detailed-metadata/{path...}"),
            &["list on {mount}/detailed-metadata/*"],
            SECRET,
        ),
        list("list {mount}/certs", engine!("/certs"), &["list on {mount}/certs"], NAMES),
        list(
            "list {mount}/certs/detailed",
            engine!("/certs/detailed"),
            &["list on {mount}/certs/detailed"],
            keep!["data", "keys", "key_info/*", "common_name", "not_after", "not_before", "dns_names"],
        ),
        list("list {mount}/roles", engine!("/roles"), &["list on {mount}/roles"], NAMES),
        list("list {mount}/static-roles", engine!("/static-roles"), &["list on {mount}/static-roles"], NAMES),
        read(
            "{mount}/cert/{serial}",
            engine!("/cert/{serial}"),
            &["read on {mount}/cert/+"],
            // A certificate is public.
            keep!["data", "certificate", "revocation_time"],
        ),
        read(
            "{mount}/roles/{name}",
            engine!("/roles/{name}"),
            &["read on {mount}/roles/+"],
            keep![
                "data",
                "no_store",
                "allow_any_name",
                "key_type",
                "allowed_users",
                "default_user",
                "max_ttl",
                "ttl",
                "allow_user_certificates"
            ],
        ),
        read(
            "{mount}/static-roles/{name}",
            engine!("/static-roles/{name}"),
            &["read on {mount}/static-roles/+"],
            keep!["data", "db_name", "username", "last_vault_rotation", "rotation_period"],
        ),
    ],
};
