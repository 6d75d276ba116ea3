//! The contract suite.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use holdover_kit::fault::{Damage, On};
use holdover_kit::stub::vault::{ALICE, CAROL, VaultStub, refusal};
use holdover_kit::suite::{
    Bench, Class, Credential, Excuse, Expiry, List, Mishap, Point, Route, Service, Setting, Spoils, Stage, Truth,
};
use scan_contract::{AccessKind, Cause, Scanner, Status};
use scan_transport::{Door, Purpose};
use scan_vault::{ALLOW, SignIn, Vault, Ways};
use serde_json::json;

use crate::drive::{Kept, named, now, secret, settings};

struct VaultBench;

/// One instant for the truth of all readings, so that two of them can be equal. The scanner has the real time: nothing it
/// tells of this truth turns with it.
fn fixed() -> DateTime<Utc> {
    static NOW: OnceLock<DateTime<Utc>> = OnceLock::new();
    *NOW.get_or_init(now)
}

/// The policy a scanner of everything prints for the usual cluster, made once.
fn printed_policy() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        // On a thread of its own: whoever asks may be inside a runtime.
        let made = std::thread::spawn(|| {
            let server = holdover_kit::fault::FaultServer::start(Arc::new(VaultStub::usual(fixed())));
            let (vault, _) = crate::drive::scanner(settings(server.origin()));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                vault.check_rights().await.expect("rights");
                crate::drive::read(&vault).await;
            });
            vault.policy().expect("a policy")
        });
        made.join().expect("a policy")
    })
}

fn stage(stage: &Stage) -> VaultStub {
    let at = fixed() - TimeDelta::days(200);
    match stage {
        Stage::Usual => VaultStub::usual(fixed()),
        Stage::List { objects, .. } => {
            let stub = VaultStub::usual(fixed());
            stub.remove("", "kv/metadata/app/db");
            for number in 0..*objects {
                let path = format!("many/s{number:06}");
                stub.secret("", "kv", &path, at, "value-of-many");
                stub.change("", &format!("kv/metadata/{path}"), |metadata| {
                    metadata["custom_metadata"] = json!({ "owner": "x@acme.example" });
                });
            }
            stub
        }
        Stage::Large { objects } => {
            let stub = VaultStub::empty();
            stub.method("", "userpass", "userpass");
            stub.state().crowd = *objects;
            stub
        }
        Stage::Names(names) => {
            let stub = VaultStub::usual(fixed());
            for (number, name) in names.iter().enumerate() {
                stub.entity("", &format!("hostile-{number:03}"), name, &[("oidc", name)], at);
                stub.group(&format!("g-hostile-{number:03}"), name, "internal", &["app-read"], &[ALICE], &[]);
                // A slash in the path of a secret makes a folder: such a name is two names.
                if !name.contains('/') {
                    stub.secret("", "kv", &format!("app/{name}"), at, "value-hostile");
                    let change =
                        |metadata: &mut serde_json::Value| metadata["custom_metadata"] = json!({ "owner": name });
                    stub.change("", &format!("kv/metadata/app/{name}"), change);
                }
                let secret_id = json!({ "creation_time": "2026-01-01T00:00:00Z", "expiration_time": "0001-01-01T00:00:00Z", "metadata": { "owner": name } });
                stub.put("", &format!("auth/approle/role/deploy/secret-id/hostile-{number:03}"), secret_id);
            }
            stub
        }
    }
}

fn fault(operation: &'static str) -> On {
    On::operation(operation)
}

impl Bench for VaultBench {
    fn serve(&self, setting: &Setting) -> Service {
        let stub = stage(&setting.stage);
        if setting.credential == Credential::OtherTenant {
            stub.state().cluster_id = String::from("00000000-aaaa-bbbb-cccc-000000000000");
        }
        if setting.credential != Credential::Wrong {
            if matches!(setting.stage, Stage::Large { .. }) {
                stub.token(&setting.secret, &["root"]);
            } else {
                stub.token(&setting.secret, &["holdover"]);
                stub.policy("", "holdover", printed_policy());
            }
        }
        Service::new(setting.build(Arc::new(stub)).operations(named).start())
    }

    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
        let mut settings = settings(service.server.origin());
        settings.sign_in = SignIn::Token(secret(&setting.secret));
        if let Some(pace) = &mut settings.connection.pace {
            pace.attempts = 3;
        }
        let door = Door::open(settings.door()?, &ALLOW, Arc::new(now))?;
        Ok(Box::new(Vault::new(settings, Ways { door, secrets: Arc::new(Kept) })?))
    }

    fn routes(&self) -> Vec<Route> {
        let rows = ALLOW.operations.iter();
        rows.map(|row| Route {
            operation: row.name,
            refusal: refusal(403, &["1 error occurred:\n\t* permission denied\n\n"]),
            permission: row.rights.first().map_or("", |right| permission(row.name, right)),
            spoils: match row.name {
                "sys/health" | "auth/token/lookup-self" => Spoils::Everything,
                name => match crate::refusals::suffers(name) {
                    [] => Spoils::Nothing("the scanner does without"),
                    kinds => Spoils::Kinds(kinds),
                },
            },
        })
        .collect()
    }

    fn lists(&self) -> Vec<List> {
        vec![List { name: "secrets", scope: "kv.secret-owners", kind: AccessKind::Ownership, page: 1_000 }]
    }

    fn mishaps(&self) -> Vec<Mishap> {
        let usual = |name, class, on, damage, spoils, says| Mishap {
            name,
            class,
            stage: Stage::Usual,
            on,
            damage,
            spoils,
            says,
        };
        let busy = || Damage::Reply(refusal(429, &["request path: rate limit quota exceeded"]));
        let down = |status: u16| Damage::Reply(refusal(status, &["Vault is sealed"]));
        vec![
            Mishap {
                name: "P2 the same page again",
                class: Class::Paging,
                stage: Stage::List { list: "secrets", objects: 1_001 },
                on: fault("list {mount}/detailed-metadata/{path}").query("after", "s000999"),
                damage: Damage::change(|_, _| {
                    let info: BTreeMap<&str, serde_json::Value> = BTreeMap::from([("s000000", json!({}))]);
                    holdover_kit::stub::vault::framed(&json!({ "keys": ["s000000"], "key_info": info }))
                }),
                spoils: Spoils::Kinds(&["kv.secret-owners"]),
                says: "the same names twice",
            },
            usual(
                "L1 a quota is hit",
                Class::Limit,
                fault("list identity/group/id").times(1),
                busy(),
                Spoils::Nothing("it is asked again"),
                "",
            ),
            usual(
                "L4 a quota is hit for good",
                Class::Limit,
                fault("list identity/group/id"),
                busy(),
                Spoils::Kinds(&["identity.groups"]),
                "",
            ),
            usual(
                "412 not caught up, then it is",
                Class::Limit,
                fault("list identity/group/id").times(1),
                down(412),
                Spoils::Nothing("it is asked again"),
                "",
            ),
            usual(
                "503 sealed in between",
                Class::Limit,
                fault("identity/group/id/{id}").times(1),
                down(503),
                Spoils::Nothing("it is asked again"),
                "",
            ),
            usual(
                "472 a recovery secondary",
                Class::Limit,
                fault("list identity/group/id"),
                down(472),
                Spoils::Kinds(&["identity.groups"]),
                "",
            ),
            usual(
                "P11 warnings beside data",
                Class::PartialReply,
                fault("list auth/token/accessors"),
                Damage::change(|_, answer| {
                    answer.edit(|body| {
                        if body["data"].is_object() {
                            body["warnings"] = json!(["an entry could not be decoded"]);
                        }
                    })
                }),
                Spoils::Kinds(&["auth.token-accessors"]),
                "the server warned",
            ),
            usual(
                "the scanner's own token is not listed",
                Class::SelfSighting,
                fault("list auth/token/accessors"),
                Damage::change(|_, answer| {
                    answer.edit(|body| {
                        if let Some(keys) = body["data"]["keys"].as_array_mut() {
                            keys.retain(|key| !key.as_str().is_some_and(|key| key.contains("OfTheScanner")));
                        }
                    })
                }),
                Spoils::Kinds(&["auth.token-accessors"]),
                "the token of the scanner itself",
            ),
        ]
    }

    fn truth(&self) -> Vec<Truth> {
        let truth = |scope, kind, id: &str, status| Truth { scope, kind, grant_id: id.to_owned(), status };
        vec![
            truth("identity.entity", AccessKind::Account, ALICE, Status::Enabled),
            truth("identity.entity", AccessKind::Account, CAROL, Status::Disabled),
            truth("pki.certificates", AccessKind::Certificate, "pki/cert/01:aa", Status::Enabled),
            truth("pki.certificates", AccessKind::Certificate, "pki/cert/02:bb", Status::Revoked),
            truth("kv.readable-secrets", AccessKind::SharedSecret, &format!("kv/app/db@{ALICE}"), Status::Enabled),
            truth("kv.readable-secrets", AccessKind::SharedSecret, &format!("kv/app/gone@{ALICE}"), Status::Disabled),
            truth("kv.readable-secrets", AccessKind::SharedSecret, &format!("kv/app/fading@{ALICE}"), Status::Enabled),
            truth(
                "kv.readable-secrets",
                AccessKind::SharedSecret,
                &format!("kv/app/halfgone@{ALICE}"),
                Status::Enabled,
            ),
        ]
    }

    fn expiry(&self) -> Expiry {
        Expiry { refusal: refusal(403, &["permission denied"]), sign_in: &[] }
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["client_token", "secret", "password", "private_key", "secret_id", "token", "value"]
    }

    fn excuses(&self) -> Vec<Excuse> {
        let mut excuses = Vec::new();
        let otherwise =
            crate::refusals::OTHERWISE.iter().copied().chain(["auth/{mount}/login", "auth/token/revoke-self"]);
        for part in otherwise {
            let reason = "asked of another kind of cluster, by a second look, by the check of rights, or to sign in: tests of their own";
            for point in [Point::RoutesDenied, Point::PartialReplies, Point::OnlyListedRequests] {
                excuses.push(Excuse { point, part, reason });
            }
        }
        let follow = "with tokens on, sign-ins are told by their tokens; a test of its own reads them by their leases";
        excuses.push(Excuse { point: Point::RightCredentials, part: "sys.login-leases", reason: follow });
        excuses.push(Excuse { point: Point::EveryState, part: "sys.login-leases/session", reason: follow });
        let reason = "the server says 403 to a dead token and to one without the right, and a token that is dead stays dead: \
                      tests/it/faults.rs kills the token itself";
        excuses.push(Excuse { point: Point::ExpiryInMidWalk, part: "", reason });
        let reason = "the log of the server would be most of it: tests/it/volume.rs reads 200,000 objects and forgets what was asked";
        excuses.push(Excuse { point: Point::ManyObjects, part: "", reason });
        excuses
    }
}

/// The path of the right, as the gap names it.
fn permission(name: &str, right: &'static str) -> &'static str {
    let path = right.split_once(" on ").map_or("", |(_, path)| path);
    if name == "auth/token/lookup-self" {
        "auth/token/lookup-self"
    } else {
        path.split(['{', '+', '*']).next().unwrap_or(path)
    }
}

#[test]
fn every_read_has_a_route() {
    assert!(ALLOW.operations.iter().filter(|row| row.purpose == Purpose::Read).count() > 40);
}

holdover_kit::contract_suite!(VaultBench);
