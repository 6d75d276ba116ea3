//! A cluster of OpenBao, or of Vault without what only OpenBao has.
//!
//! Written from the API documentation of OpenBao (`website/content/docs/api`), and held against a running OpenBao: the
//! frame of every answer, `404 {"errors":[]}` for nothing, `404` with a text where no engine answers, `400` for accessors
//! and leases that are not valid, `403 permission denied` for a missing right and for a dead token alike, namespaces by
//! header, audit devices in the root namespace alone, lists with `key_info`, tables of mounts that stand in the answer twice.
//! Policies are enforced for each token by a matcher of the stub's own.
//!
//! Values of secrets exist here, so that asking for one is noticed: [`VaultStub::values_read`] must stay zero.

mod policy;
mod render;
mod usual;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

pub use usual::{ALICE, BOB, CAROL, certificate};

use crate::fault::{Answer, Asked, Stub};

/// A token of the stub.
#[derive(Debug, Clone)]
pub struct StubToken {
    /// Accessor; empty for a batch token.
    pub accessor: String,
    /// Entity; empty for none.
    pub entity: String,
    /// Policies.
    pub policies: Vec<String>,
    /// Namespace it belongs to.
    pub namespace: String,
}

/// Everything that changes.
#[derive(Debug, Default)]
pub struct State {
    /// Id of the cluster.
    pub cluster_id: String,
    /// Name of the cluster; empty where a listener hides it.
    pub cluster_name: String,
    /// Whether it is sealed.
    pub sealed: bool,
    /// Whether it offers what only OpenBao does.
    pub openbao: bool,
    /// So many people, with one token each, that are written as they are asked for and held nowhere.
    pub crowd: usize,
    /// Paths of namespaces; the root is empty.
    pub namespaces: BTreeSet<String>,
    /// Objects by namespace and path.
    objects: BTreeMap<(String, String), Value>,
    /// Values of secrets by namespace and path below `data/`.
    values: BTreeMap<(String, String), String>,
    tokens: BTreeMap<String, StubToken>,
    /// Sign-ins by what is sent, each with its token's policies, and how many were made.
    sign_ins: BTreeMap<String, Vec<String>>,
    signed_in: u64,
    revoked: BTreeSet<String>,
}

/// The stub.
pub struct VaultStub {
    state: Mutex<State>,
    values_read: AtomicU64,
}

/// A time as the server writes it.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

impl VaultStub {
    /// A cluster with nothing in it but the root token `root`.
    pub fn empty() -> Self {
        let mut state = State {
            cluster_id: String::from("d45f33c8-9ca5-61da-750e-7a7a088210f5"),
            cluster_name: String::from("vault-cluster-test"),
            openbao: true,
            namespaces: BTreeSet::from([String::new()]),
            ..State::default()
        };
        let root = StubToken {
            accessor: String::from("rootAccessor00000000000A"),
            entity: String::new(),
            policies: vec![String::from("root")],
            namespace: String::new(),
        };
        state.tokens.insert(String::from("root"), root);
        let stub = Self { state: Mutex::new(state), values_read: AtomicU64::new(0) };
        for (path, kind) in [("cubbyhole", "cubbyhole"), ("sys", "system"), ("identity", "identity")] {
            stub.mount("", path, kind, None);
        }
        stub.method("", "token", "token");
        stub
    }

    /// The state, to look at or to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a value of a secret, or something that makes one, was asked for.
    pub fn values_read(&self) -> u64 {
        self.values_read.load(Ordering::SeqCst)
    }

    /// Puts an object at a path of a namespace.
    pub fn put(&self, namespace: &str, path: &str, value: Value) {
        self.state().objects.insert((namespace.to_owned(), path.to_owned()), value);
    }

    /// Takes an object away. `false`: there was none.
    pub fn remove(&self, namespace: &str, path: &str) -> bool {
        self.state().objects.remove(&(namespace.to_owned(), path.to_owned())).is_some()
    }

    /// Changes an object.
    pub fn change(&self, namespace: &str, path: &str, change: impl FnOnce(&mut Value)) {
        if let Some(value) = self.state().objects.get_mut(&(namespace.to_owned(), path.to_owned())) {
            change(value);
        }
    }

    /// A secrets engine.
    pub fn mount(&self, namespace: &str, path: &str, kind: &str, version: Option<&str>) {
        let options = version.map_or(Value::Null, |version| json!({ "version": version }));
        let value = json!({
            "type": kind, "accessor": format!("{kind}_{path}"), "options": options, "description": "", "local": false,
            "config": { "default_lease_ttl": 0, "max_lease_ttl": 0 }, "uuid": format!("uuid-{path}"),
        });
        self.put(namespace, &format!("sys/mounts/{path}/"), value);
    }

    /// A sign-in method.
    pub fn method(&self, namespace: &str, path: &str, kind: &str) {
        let value = json!({
            "type": kind, "accessor": accessor(path), "options": {}, "description": "", "local": false,
            "config": { "token_type": "default-service" }, "uuid": format!("uuid-auth-{path}"),
        });
        self.put(namespace, &format!("sys/auth/{path}/"), value);
    }

    /// A namespace with its own mounts.
    pub fn namespace(&self, path: &str) {
        self.state().namespaces.insert(path.to_owned());
        for (name, kind) in [("cubbyhole", "ns_cubbyhole"), ("sys", "ns_system"), ("identity", "ns_identity")] {
            self.mount(path, name, kind, None);
        }
        self.method(path, "token", "ns_token");
    }

    /// A policy.
    pub fn policy(&self, namespace: &str, name: &str, text: &str) {
        let value = json!({ "name": name, "policy": text, "version": 1, "cas_required": false });
        self.put(namespace, &format!("sys/policies/acl/{name}"), value);
    }

    /// A token with policies that can be used to ask.
    pub fn token(&self, token: &str, policies: &[&str]) {
        let value = StubToken {
            accessor: format!("{token}Accessor"),
            entity: String::new(),
            policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
            namespace: String::new(),
        };
        self.state().tokens.insert(token.to_owned(), value);
    }

    /// What must be posted to `auth/<mount>/login` for a token with these policies.
    pub fn sign_in(&self, mount: &str, body: &Value, policies: &[&str]) {
        let policies = policies.iter().map(|policy| (*policy).to_owned()).collect();
        self.state().sign_ins.insert(format!("{mount} {body}"), policies);
    }

    /// How many sign-ins were made, and how many tokens were given back.
    pub fn sign_ins(&self) -> (u64, usize) {
        let state = self.state();
        (state.signed_in, state.revoked.len())
    }

    /// Every token that was signed in for is dead from now on.
    pub fn kill_tokens(&self) {
        self.state().tokens.retain(|token, _| token == "root");
    }

    /// An entity with one alias for each (mount, name).
    pub fn entity(&self, namespace: &str, id: &str, name: &str, aliases: &[(&str, &str)], at: DateTime<Utc>) {
        let kind = |mount: &str| {
            let state = self.state();
            let key = (namespace.to_owned(), format!("sys/auth/{mount}/"));
            state.objects.get(&key).and_then(|value| value["type"].as_str().map(str::to_owned)).unwrap_or_default()
        };
        let aliases: Vec<Value> = aliases
            .iter()
            .map(|(mount, alias)| {
                json!({
                    "id": format!("alias-{id}-{mount}"), "canonical_id": id, "name": alias, "mount_accessor": accessor(mount),
                    "mount_path": format!("auth/{mount}/"), "mount_type": kind(mount), "metadata": null,
                    "custom_metadata": null, "local": false, "creation_time": stamp(at), "last_update_time": stamp(at),
                    "merged_from_canonical_ids": null,
                })
            })
            .collect();
        let value = json!({
            "id": id, "name": name, "disabled": false, "metadata": null, "policies": [], "aliases": aliases,
            "group_ids": [], "direct_group_ids": [], "inherited_group_ids": [], "creation_time": stamp(at),
            "last_update_time": stamp(at), "merged_entity_ids": null, "namespace_id": "root",
        });
        self.put(namespace, &format!("identity/entity/id/{id}"), value);
    }

    /// A secret with one version, written at `at`, and its value.
    pub fn secret(&self, namespace: &str, mount: &str, path: &str, at: DateTime<Utc>, value: &str) {
        let metadata = json!({
            "created_time": stamp(at), "updated_time": stamp(at), "current_version": 1, "oldest_version": 0,
            "max_versions": 0, "cas_required": false, "delete_version_after": "0s", "custom_metadata": null,
            "versions": { "1": { "created_time": stamp(at), "deletion_time": "", "destroyed": false } },
        });
        self.put(namespace, &format!("{mount}/metadata/{path}"), metadata);
        self.state().values.insert((namespace.to_owned(), format!("{mount}/{path}")), value.to_owned());
    }

    /// A live token in the list of accessors, as a look-up shows it.
    pub fn live_token(&self, namespace: &str, accessor: &str, detail: Value) {
        self.put(namespace, &format!("auth/token/accessors/{accessor}"), detail);
    }
}

/// Accessor of a sign-in method.
pub fn accessor(mount: &str) -> String {
    format!("auth_{}_1", mount.replace('/', "_"))
}

/// The detail of a token.
pub fn token_detail(path: &str, entity: &str, at: DateTime<Utc>, lives: Option<TimeDelta>) -> Value {
    let ends = lives.map_or(Value::Null, |lives| json!(stamp(at + lives)));
    json!({
        "accessor": "", "creation_time": at.timestamp(), "creation_ttl": lives.map_or(0, |lives| lives.num_seconds()),
        "display_name": "token", "entity_id": entity, "expire_time": ends, "explicit_max_ttl": 0, "id": "",
        "issue_time": stamp(at), "meta": null, "num_uses": 0, "orphan": true, "path": path, "policies": ["default"],
        "renewable": true, "ttl": lives.map_or(0, |lives| lives.num_seconds()), "type": "service",
    })
}

impl Stub for VaultStub {
    fn answer(&self, asked: &Asked) -> Answer {
        let Some(question) = Question::of(asked) else { return refusal(404, &[]) };
        if question.path == "sys/health" {
            return self.health(&question);
        }
        if self.state().sealed {
            return refusal(503, &["Vault is sealed"]);
        }
        if !self.state().namespaces.contains(&question.namespace) {
            return refusal(404, &["namespace not found"]);
        }
        if let Some(mount) = question.path.strip_prefix("auth/").and_then(|rest| rest.strip_suffix("/login")) {
            return self.login(mount, asked);
        }
        let token = asked.header("x-vault-token").unwrap_or_default().to_owned();
        let Some(known) = self.state().tokens.get(&token).cloned() else {
            return refusal(403, &["permission denied"]);
        };
        if !policy::allows(&self.state(), &known, &question) {
            return refusal(403, &["1 error occurred:\n\t* permission denied\n\n"]);
        }
        self.route(&question, asked, &token, &known)
    }
}

/// A question in the server's terms.
struct Question {
    namespace: String,
    path: String,
    operation: Operation,
    after: String,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Read,
    List,
    Update,
}

impl Question {
    fn of(asked: &Asked) -> Option<Self> {
        let (first, rest) = asked.segments.split_first()?;
        if first != "v1" {
            return None;
        }
        let listed = asked.query("list") == Some("true") || asked.method == "LIST";
        let operation = match asked.method.as_str() {
            "GET" | "LIST" if listed => Operation::List,
            "GET" => Operation::Read,
            "POST" | "PUT" => Operation::Update,
            _ => return None,
        };
        Some(Self {
            namespace: asked.header("x-vault-namespace").unwrap_or_default().trim_matches('/').to_owned(),
            path: rest.join("/").trim_end_matches('/').to_owned(),
            operation,
            after: asked.query("after").unwrap_or_default().to_owned(),
            limit: asked.number_of("limit", usize::MAX),
        })
    }
}

/// A failed answer as the server writes it.
pub fn refusal(status: u16, errors: &[&str]) -> Answer {
    Answer::json(&json!({ "errors": errors })).of(status)
}

/// A good answer in its frame.
pub fn framed(data: &Value) -> Answer {
    Answer::json(&json!({
        "request_id": "e433cfda-568e-e7bd-0360-077665e8aeac", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": data, "wrap_info": null, "warnings": null, "auth": null,
    }))
}

impl VaultStub {
    fn login(&self, mount: &str, asked: &Asked) -> Answer {
        let mut state = self.state();
        let Some(policies) = state.sign_ins.get(&format!("{mount} {}", asked.json())).cloned() else {
            return refusal(400, &["invalid role or secret ID"]);
        };
        state.signed_in += 1;
        let token = format!("s.signedIn{}", state.signed_in);
        let known = StubToken {
            accessor: format!("signedInAccessor{}", state.signed_in),
            entity: String::new(),
            policies: policies.clone(),
            namespace: String::new(),
        };
        let accessor = known.accessor.clone();
        state.tokens.insert(token.clone(), known);
        Answer::json(&json!({
            "request_id": "x", "lease_id": "", "renewable": false, "lease_duration": 0, "data": null, "wrap_info": null,
            "warnings": null,
            "auth": {
                "client_token": token, "accessor": accessor, "policies": policies, "token_policies": policies,
                "metadata": { "role_name": "scanner" }, "lease_duration": 3600, "renewable": true, "entity_id": "",
                "token_type": "service", "orphan": true, "mfa_requirement": null, "num_uses": 0,
            },
        }))
    }

    fn count_value(&self) {
        self.values_read.fetch_add(1, Ordering::SeqCst);
    }
}
