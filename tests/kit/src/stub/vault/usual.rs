//! A cluster with one live thing of each kind: for a leaver, for a colleague who is their twin, and for nobody.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{VaultStub, stamp, token_detail};

/// Entity of the leaver.
pub const ALICE: &str = "0a11ce00-0000-4000-8000-000000000001";
/// Entity of the twin.
pub const BOB: &str = "00b0b000-0000-4000-8000-000000000002";
/// An entity that is disabled.
pub const CAROL: &str = "0ca01000-0000-4000-8000-000000000003";

/// A certificate in PEM for these names: the same for the same names and day, so that two clusters can be equal.
pub fn certificate(common_name: &str, addresses: &[&str], until: DateTime<Utc>) -> String {
    static MADE: LazyLock<Mutex<BTreeMap<String, String>>> = LazyLock::new(Mutex::default);
    let key = format!("{common_name} {addresses:?} {}", until.date_naive());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(key).or_insert_with(|| new_certificate(common_name, addresses, until)).clone()
}

#[expect(clippy::expect_used, reason = "a stub that cannot make its truth ends the test")]
fn new_certificate(common_name: &str, addresses: &[&str], until: DateTime<Utc>) -> String {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    parameters.subject_alt_names = addresses
        .iter()
        .map(|address| rcgen::SanType::Rfc822Name((*address).try_into().expect("an address")))
        .collect();
    let day = |at: DateTime<Utc>| {
        use chrono::Datelike;
        let number = |value: u32| u8::try_from(value).expect("a day or month");
        rcgen::date_time_ymd(at.year(), number(at.month()), number(at.day()))
    };
    parameters.not_before = day(until - TimeDelta::days(400));
    parameters.not_after = day(until);
    let key = rcgen::KeyPair::generate().expect("a key");
    parameters.self_signed(&key).expect("a certificate").pem()
}

impl VaultStub {
    /// The usual cluster at `now`; everything was made 200 days ago unless it says otherwise.
    pub fn usual(now: DateTime<Utc>) -> Self {
        let stub = Self::empty();
        let at = now - TimeDelta::days(200);
        stub.methods_and_mounts();
        stub.policies();
        stub.people(at);
        stub.tokens_and_leases(now, at);
        stub.users_and_roles(now, at);
        stub.secrets(now, at);
        stub.authorities(now, at);
        stub.put(
            "",
            "sys/audit/file/",
            json!({ "type": "file", "path": "file/", "description": "", "local": false, "options": {} }),
        );
        stub.namespace("team-a");
        stub.mount("team-a", "kv", "kv", Some("2"));
        stub.secret("team-a", "kv", "team/key", at, "value-team");
        stub
    }

    fn methods_and_mounts(&self) {
        for kind in ["userpass", "ldap", "approle", "kubernetes", "cert"] {
            self.method("", kind, kind);
        }
        self.method("", "oidc", "oidc");
        self.mount("", "kv", "kv", Some("2"));
        self.mount("", "pki", "pki", None);
        self.mount("", "ssh", "ssh", None);
        self.mount("", "database", "database", None);
    }

    fn policies(&self) {
        self.policy("", "default", "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }\npath \"auth/token/revoke-self\" { capabilities = [\"update\"] }\npath \"sys/capabilities-self\" { capabilities = [\"update\"] }");
        self.policy("", "app-read", "path \"kv/data/app/*\" { capabilities = [\"read\"] }\npath \"kv/data/app/closed/*\" { capabilities = [\"deny\"] }");
        self.policy("", "personal", "path \"kv/data/home/{{identity.entity.name}}/*\" { capabilities = [\"read\"] }");
        self.policy("", "ops", "path \"kv/data/ops/+/root\" { capabilities = [\"read\"] }\npath \"database/static-creds/*\" { capabilities = [\"read\"] }\npath \"sys/policies/acl/*\" { capabilities = [\"update\"] }");
    }

    fn people(&self, at: DateTime<Utc>) {
        self.entity("", ALICE, "alice", &[("userpass", "alice"), ("oidc", "alice@acme.example")], at);
        self.change("", &format!("identity/entity/id/{ALICE}"), |entity| {
            entity["policies"] = json!(["personal"]);
            entity["metadata"] = json!({ "employee_id": "00417" });
            entity["group_ids"] = json!(["g-inner", "g-ops"]);
        });
        self.entity("", BOB, "entity_b0b", &[("userpass", "bob")], at);
        self.entity("", CAROL, "carol", &[("userpass", "carol")], at);
        self.change("", &format!("identity/entity/id/{CAROL}"), |entity| entity["disabled"] = json!(true));
        self.group("g-inner", "ops-inner", "internal", &[], &[ALICE], &["g-ops"]);
        self.group("g-ops", "ops", "internal", &["ops"], &[], &[]);
        self.group("g-dir", "directory", "external", &["app-read"], &[BOB], &[]);
    }

    /// A group.
    pub fn group(&self, id: &str, name: &str, kind: &str, policies: &[&str], members: &[&str], parents: &[&str]) {
        let value = json!({
            "id": id, "name": name, "type": kind, "policies": policies, "member_entity_ids": members,
            "member_group_ids": [], "parent_group_ids": parents, "metadata": null, "alias": {},
            "creation_time": "2025-01-01T00:00:00Z", "modify_index": 1, "namespace_id": "root",
        });
        self.put("", &format!("identity/group/id/{id}"), value);
    }

    fn tokens_and_leases(&self, now: DateTime<Utc>, at: DateTime<Utc>) {
        let day = TimeDelta::days(1);
        let with = |mut detail: Value, changes: Value| {
            for (key, value) in changes.as_object().into_iter().flatten() {
                detail[key] = value.clone();
            }
            detail
        };
        let login = |user: &str, entity: &str| {
            with(
                token_detail(&format!("auth/userpass/login/{user}"), entity, now - day, Some(day * 30)),
                json!({ "display_name": format!("userpass-{user}"), "meta": { "username": user }, "policies": ["app-read", "default"] }),
            )
        };
        self.live_token("", "accessorAliceLogin0000001", login("alice", ALICE));
        self.live_token("", "accessorBobLogin000000002", login("bob", BOB));
        self.live_token(
            "",
            "accessorOrphan0000000003",
            with(token_detail("auth/token/create-orphan", "", at, None), json!({ "display_name": "token-alice" })),
        );
        self.live_token(
            "",
            "accessorPeriodic00000004",
            with(
                token_detail("auth/token/create", ALICE, at, Some(day)),
                json!({ "period": 86_400, "expire_time": stamp(now + day) }),
            ),
        );
        self.live_token("", "accessorNobody0000000005", token_detail("auth/token/create", "", at, Some(day * 400)));
        for (path, user) in [("auth/userpass/login/alice/h01", "alice"), ("auth/userpass/login/bob/h02", "bob")] {
            let lease = json!({
                "id": path, "path": format!("auth/userpass/login/{user}"), "issue_time": stamp(now - day),
                "expire_time": stamp(now + day * 29), "last_renewal": null, "renewable": true, "ttl": 1,
            });
            self.put("", &format!("sys/leases/lookup/{path}"), lease);
        }
        self.put("", "sys/leases/lookup/database/creds/app/AbCd", json!({}));
        self.put("", "sys/leases/lookup/auth/approle/login/h03", json!({}));
    }

    fn users_and_roles(&self, now: DateTime<Utc>, at: DateTime<Utc>) {
        let policies = |names: &[&str]| json!({ "token_policies": names, "token_ttl": 0, "token_type": "default" });
        for user in ["alice", "bob", "carol"] {
            self.put("", &format!("auth/userpass/users/{user}"), policies(&["app-read"]));
        }
        self.put("", "auth/ldap/users/alice", json!({ "groups": "", "policies": ["ops"] }));
        let role = |changes: Value| {
            let mut role = json!({
                "role_type": "oidc", "user_claim": "email", "bound_subject": "", "bound_claims": null, "token_policies": ["app-read"],
            });
            for (key, value) in changes.as_object().into_iter().flatten() {
                role[key] = value.clone();
            }
            role
        };
        self.put("", "auth/oidc/role/alice-only", role(json!({ "bound_subject": "alice@acme.example" })));
        self.put("", "auth/oidc/role/by-group", role(json!({ "bound_claims": { "groups": ["ops"] } })));
        self.put(
            "",
            "auth/kubernetes/role/web",
            json!({ "bound_service_account_names": ["web"], "bound_service_account_namespaces": ["prod"], "token_policies": ["app-read"] }),
        );
        self.put(
            "",
            "auth/approle/role/deploy",
            json!({ "bind_secret_id": true, "secret_id_ttl": 0, "token_policies": ["app-read"] }),
        );
        for (accessor, owner, ends) in [
            ("secret-id-alice", Some("alice@acme.example"), None),
            ("secret-id-bob", Some("bob@acme.example"), Some(now + TimeDelta::days(10))),
            ("secret-id-nobody", None, None),
            ("secret-id-over", Some("alice@acme.example"), Some(now - TimeDelta::days(1))),
        ] {
            let secret = json!({
                "creation_time": stamp(at), "expiration_time": ends.map_or_else(|| String::from("0001-01-01T00:00:00Z"), stamp),
                "last_updated_time": stamp(at), "metadata": owner.map_or(json!({}), |owner| json!({ "owner": owner })),
                "secret_id_accessor": accessor, "secret_id_num_uses": 0, "secret_id_ttl": 0, "cidr_list": [],
            });
            self.put("", &format!("auth/approle/role/deploy/secret-id/{accessor}"), secret);
        }
        let until = now + TimeDelta::days(100);
        self.put(
            "",
            "auth/cert/certs/alice",
            json!({
                "certificate": certificate("alice", &[], until), "display_name": "alice", "token_policies": ["app-read"],
                "policies": ["app-read"], "allowed_names": null, "allowed_common_names": null, "allowed_dns_sans": null,
                "allowed_email_sans": null, "allowed_uri_sans": null,
            }),
        );
    }

    fn secrets(&self, now: DateTime<Utc>, at: DateTime<Utc>) {
        for path in [
            "app/db",
            "app/closed/x",
            "app/deep/er/key",
            "home/alice/note",
            "home/bob/note",
            "ops/one/root",
            "ops/one/other",
        ] {
            self.secret("", "kv", path, at, &format!("value-{}", path.replace('/', "-")));
        }
        self.secret("", "kv", "app/fresh", now - TimeDelta::hours(1), "value-fresh");
        self.secret("", "kv", "app/gone", at, "value-gone");
        self.change("", "kv/metadata/app/gone", |metadata| {
            metadata["versions"]["1"]["deletion_time"] = json!(stamp(at + TimeDelta::days(1)));
        });
        // The server is to delete this one by itself, later: until then anybody may read it.
        self.secret("", "kv", "app/fading", at, "value-fading");
        self.change("", "kv/metadata/app/fading", |metadata| {
            metadata["delete_version_after"] = json!("5280h0m0s");
            metadata["versions"]["1"]["deletion_time"] = json!(stamp(now + TimeDelta::days(20)));
        });
        // Its newest version is destroyed; the one before can be read still.
        self.secret("", "kv", "app/halfgone", at, "value-halfgone");
        self.change("", "kv/metadata/app/halfgone", |metadata| {
            metadata["current_version"] = json!(2);
            metadata["versions"]["2"] =
                json!({ "created_time": stamp(at + TimeDelta::days(150)), "deletion_time": "", "destroyed": true });
        });
        self.change("", "kv/metadata/app/db", |metadata| {
            metadata["custom_metadata"] = json!({ "owner": "alice@acme.example" });
        });
        self.put(
            "",
            "database/static-roles/reporting",
            json!({ "db_name": "warehouse", "username": "reporting", "last_vault_rotation": stamp(at), "rotation_period": 86_400 }),
        );
    }

    fn authorities(&self, now: DateTime<Utc>, _at: DateTime<Utc>) {
        let until = now + TimeDelta::days(100);
        let issued = |pem: String, revoked: i64, until: DateTime<Utc>| json!({ "certificate": pem, "revocation_time": revoked, "not_after": stamp(until) });
        for (serial, value) in [
            ("01:aa", issued(certificate("alice@acme.example", &["alice@acme.example"], until), 0, until)),
            ("02:bb", issued(certificate("bob@acme.example", &["bob@acme.example"], until), 1_700_000_000, until)),
            ("03:cc", issued(certificate("web1.acme.example", &[], until), 0, until)),
            (
                "04:dd",
                issued(certificate("old@acme.example", &[], now - TimeDelta::days(30)), 0, now - TimeDelta::days(30)),
            ),
        ] {
            self.put("", &format!("pki/cert/{serial}"), value);
            self.put("", &format!("pki/certs/{serial}"), json!({}));
        }
        self.put("", "pki/roles/people", json!({ "no_store": false, "allow_any_name": true }));
        self.put("", "pki/roles/quiet", json!({ "no_store": true, "allow_any_name": true }));
        self.put(
            "",
            "ssh/roles/alice",
            json!({ "key_type": "ca", "allowed_users": "alice,root", "default_user": "alice", "max_ttl": 28_800, "allow_user_certificates": true }),
        );
    }
}
