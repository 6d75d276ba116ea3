//! What a cluster can do wrong, and what becomes of it.

use std::sync::Arc;

use holdover_kit::canary::Canaries;
use holdover_kit::fault::{Answer, Damage, FaultServer, On};
use holdover_kit::stub::vault::{ALICE, VaultStub, refusal};
use scan_contract::{Cause, Identity, Look, Scanner, ScopeName};
use scan_vault::{Cluster, Namespaces, SignIn, Switch};
use serde_json::json;

use crate::drive::{Scene, named, now, read, scanner, secret, settings};

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_says_who_it_is_and_another_one_is_told_apart() {
    let scene = Scene::usual();
    let id = String::from("d45f33c8-9ca5-61da-750e-7a7a088210f5");
    assert_eq!(scene.scanner.identify().await, Ok(Identity { declared: id.clone(), found: id }));
    let by_name =
        Scene::with(VaultStub::usual(now()), |settings| settings.cluster = Cluster::Name(String::from("prod")));
    let found = by_name.scanner.identify().await.expect("an answer");
    assert_ne!(found.declared, found.found);
    by_name.stub.state().cluster_name.clear();
    let hidden = by_name.scanner.identify().await;
    assert!(matches!(&hidden, Err(Cause::NotInSource { what }) if what.contains("cluster_name")), "{hidden:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_cluster_is_told_as_sealed_and_never_as_empty() {
    let scene = Scene::usual();
    scene.stub.state().sealed = true;
    let said = scene.scanner.identify().await;
    assert!(matches!(&said, Err(Cause::Unreachable { detail, .. }) if detail.contains("sealed")), "{said:?}");
    let said = scene.read().await;
    assert!(said.scopes.values().all(|read| !read.is_complete()), "{:?}", said.scopes.keys());
    assert!(said.records().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_does_not_exist_is_told_apart_from_one_that_refuses() {
    let scene = Scene::with(VaultStub::usual(now()), |settings| {
        settings.namespaces = Namespaces::Listed(vec![String::new(), String::from("team-x"), String::from("team-a")]);
    });
    let said = scene.read().await;
    let absent = said.scope("team-x/identity.entities");
    assert!(
        matches!(&absent.gaps[0].cause, Cause::Unreachable { detail, .. } if detail.contains("no such namespace")),
        "{absent:?}"
    );
    assert!(said.scope("team-a/identity.entities").is_complete());
    let refusing = Scene::usual();
    let refused = Damage::Reply(refusal(403, &["permission denied"]));
    let planted = refusing.server.plant(On::any().header("x-vault-namespace", "team-a"), refused);
    let said = refusing.read().await;
    assert!(planted.fired() > 0);
    let denied = said.scope("team-a/identity.entities");
    let Cause::Denied { permission } = &denied.gaps[0].cause else { panic!("{denied:?}") };
    assert!(permission.contains("list on team-a/identity/entity/id"), "{permission}");
    assert!(said.scope("root/identity.entities").is_complete());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_not_configured_is_a_gap_by_name() {
    let scene = Scene::with(VaultStub::usual(now()), |settings| {
        settings.namespaces = Namespaces::Listed(vec![String::new()]);
    });
    let said = scene.read().await;
    assert_eq!(said.incomplete().into_iter().collect::<Vec<_>>(), ["root/sys.namespaces"]);
    assert!(said.gaps()[0].contains("team-a"), "{:?}", said.gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_in_mid_walk_is_replaced_once_and_given_back_at_the_end() {
    let stub = VaultStub::usual(now());
    let body = json!({ "role_id": "role-1", "secret_id": "secret-1" });
    stub.sign_in("approle", &body, &["root"]);
    let scene = Scene::with(stub, |settings| {
        settings.sign_in = SignIn::AppRole {
            mount: String::from("approle"),
            role_id: String::from("role-1"),
            secret_id: secret("secret-1"),
        };
    });
    let inner = Arc::clone(&scene.stub);
    let planted = scene.server.plant(
        On::operation("list identity/group/id").once(),
        Damage::change(move |_, _| {
            inner.kill_tokens();
            refusal(403, &["permission denied"])
        }),
    );
    let said = scene.read().await;
    assert_eq!(planted.fired(), 1);
    // The list of accessors lacks nothing but tokens of our own that are gone.
    let incomplete: Vec<String> =
        said.incomplete().into_iter().filter(|name| !name.contains("token-accessors")).collect();
    assert_eq!(incomplete, Vec::<String>::new(), "{:?}", said.gaps());
    assert_eq!(scene.stub.sign_ins(), (2, 0));
    scene.scanner.close().await.expect("the token is given back");
    assert_eq!(scene.stub.sign_ins(), (2, 1));
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_of_somebody_else_is_no_denial_of_everything_and_is_not_given_back() {
    let scene = Scene::with(VaultStub::usual(now()), |settings| settings.sign_in = SignIn::Token(secret("stale")));
    let said = scene.scanner.identify().await;
    assert!(matches!(&said, Err(Cause::Unauthenticated { .. })), "the page about health answers anybody: {said:?}");
    let said = scene.read().await;
    assert!(said.scopes.values().all(|read| !read.is_complete()));
    scene.scanner.close().await.expect("nothing to give back");
    assert_eq!(scene.stub.sign_ins(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_signing_in_sends_what_its_method_wants() {
    let ways: [(SignIn, &str, serde_json::Value); 3] = [
        (
            SignIn::Kubernetes {
                mount: String::from("kubernetes"),
                role: String::from("scan"),
                jwt: secret("sa-token"),
            },
            "kubernetes",
            json!({ "role": "scan", "jwt": "sa-token" }),
        ),
        (
            SignIn::Jwt { mount: String::from("team/jwt"), role: String::new(), jwt: secret("a.b.c") },
            "team/jwt",
            json!({ "jwt": "a.b.c" }),
        ),
        (
            SignIn::AppRole { mount: String::from("approle"), role_id: String::from("r"), secret_id: secret("s") },
            "approle",
            json!({ "role_id": "r", "secret_id": "s" }),
        ),
    ];
    for (sign_in, mount, body) in ways {
        let stub = VaultStub::usual(now());
        stub.sign_in(mount, &body, &["root"]);
        let scene = Scene::with(stub, |settings| settings.sign_in = sign_in.clone());
        scene.scanner.identify().await.unwrap_or_else(|cause| panic!("{mount}: {cause}"));
        assert_eq!(scene.stub.sign_ins().0, 1);
        scene.scanner.close().await.expect("given back");
        let refused = Scene::with(VaultStub::usual(now()), |settings| settings.sign_in = sign_in);
        let said = refused.scanner.identify().await;
        assert!(matches!(&said, Err(Cause::Unauthenticated { detail }) if detail.contains(mount)), "{said:?}");
    }
}

/// A defect once: the end of the token was added up, and the run ended with a panic.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_lives_longer_than_any_calendar_is_used_as_usual() {
    for lease in [i64::MAX, i64::MAX / 1_000, 8_000_000_000_000, -1] {
        let stub = VaultStub::usual(now());
        stub.sign_in("approle", &json!({ "role_id": "r", "secret_id": "s" }), &["root"]);
        let scene = Scene::with(stub, |settings| {
            settings.sign_in =
                SignIn::AppRole { mount: String::from("approle"), role_id: String::from("r"), secret_id: secret("s") };
        });
        let planted = scene.server.plant(
            On::operation("auth/{mount}/login"),
            Damage::change(move |_, answer| answer.edit(|body| body["auth"]["lease_duration"] = json!(lease))),
        );
        let said = scene.read().await;
        planted.expect_fired();
        assert_eq!(said.failures, [], "{lease}");
        assert!(said.incomplete().is_empty(), "{lease}: {:?}", said.gaps());
        assert_eq!(scene.stub.sign_ins().0, 1, "{lease}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_beside_data_make_a_scope_partial_and_their_text_stays_out() {
    let scene = Scene::usual();
    let planted = scene.server.plant(
        On::operation("list auth/token/accessors"),
        Damage::change(|_, answer| {
            answer.edit(|body| body["warnings"] = json!(["Found an accessor entry missing a token: SeCrEtAcC"]))
        }),
    );
    let said = scene.read().await;
    assert!(planted.fired() > 0);
    let tokens = said.scope("root/auth.token-accessors");
    assert!(matches!(tokens.gaps[0].cause, Cause::NotProven { .. }), "{tokens:?}");
    assert!(!tokens.records.is_empty());
    assert!(!format!("{said:?}").contains("SeCrEtAcC"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_between_list_and_look_up_is_gone_and_no_gap() {
    for status in [400, 404] {
        let scene = Scene::usual();
        let planted = scene.server.plant(
            On::operation("auth/token/lookup-accessor").body("accessorAliceLogin").once(),
            Damage::Reply(refusal(status, &["invalid accessor"])),
        );
        let said = scene.read().await;
        assert_eq!(planted.fired(), 1);
        let tokens = said.scope("root/auth.token-accessors");
        assert!(tokens.is_complete(), "{tokens:?}");
        assert_eq!(tokens.records.len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_token_must_be_among_the_listed() {
    let scene = Scene::usual();
    let planted = scene.server.plant(
        On::operation("list auth/token/accessors"),
        Damage::change(|_, answer| {
            answer.edit(|body| {
                if let Some(keys) = body["data"]["keys"].as_array_mut() {
                    keys.retain(|key| key != "rootAccessor00000000000A");
                }
            })
        }),
    );
    let said = scene.read().await;
    assert!(planted.fired() > 0);
    assert!(matches!(said.scope("root/auth.token-accessors").gaps[0].cause, Cause::NotSeen { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_that_cannot_be_decoded_costs_itself_only() {
    let scene = Scene::usual();
    let planted = scene.server.plant(
        On::operation("list identity/entity-alias/id"),
        Damage::change(|_, answer| {
            answer.edit(|body| body["data"]["key_info"][format!("alias-{ALICE}-oidc")] = json!("no alias"))
        }),
    );
    let said = scene.read().await;
    assert!(planted.fired() > 0);
    let aliases = said.scope("root/identity.aliases");
    assert_eq!(aliases.records.len(), 3);
    assert!(
        aliases.gaps.iter().any(|gap| gap.part.as_deref().is_some_and(|part| part.contains("oidc"))),
        "{aliases:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_word_and_a_policy_that_is_none_are_gaps() {
    let stub = VaultStub::usual(now());
    stub.group("g-new", "new", "federated", &["broken"], &[ALICE], &[]);
    stub.policy("", "broken", "path \"a\" { capabilities = [\"rule\"] }");
    let scene = Scene::with(stub, |_| {});
    let said = scene.read().await;
    let groups = said.scope("root/identity.groups");
    assert!(groups.gaps.iter().any(|gap| matches!(&gap.cause, Cause::UnknownWord { word, .. } if word == "federated")));
    let policies = said.scope("root/sys.policies");
    assert!(policies.gaps.iter().any(|gap| gap.part.as_deref() == Some("policy broken")), "{policies:?}");
    let member =
        groups.records.values().find(|access| access.grant_id.as_str().starts_with("g-new/")).expect("a member");
    assert_eq!(member.privilege, scan_contract::Privilege::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_ours_that_shortens_lists_proves_nothing() {
    let stub = VaultStub::usual(now());
    stub.policy(
        "",
        "short",
        "path \"*\" { capabilities = [\"read\", \"list\", \"update\", \"sudo\"]\n pagination_limit = 5 }",
    );
    stub.token("scan", &["short", "root"]);
    let scene = Scene::with(stub, |settings| settings.sign_in = SignIn::Token(secret("scan")));
    let said = scene.read().await;
    let policies = said.scope("root/sys.policies");
    assert!(
        policies
            .gaps
            .iter()
            .any(|gap| matches!(&gap.cause, Cause::NotProven { what } if what.contains("pagination_limit"))),
        "{policies:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_audit_device_is_said_and_is_no_gap() {
    let scene = Scene::usual();
    assert!(scene.stub.remove("", "sys/audit/file/"));
    let said = scene.read().await;
    assert!(said.scope("root/sys.audit-devices").is_complete());
    assert!(said.notices.iter().any(|says| says.contains("no audit device")), "{:?}", said.notices);
    let with = Scene::usual().read().await;
    assert!(!with.notices.iter().any(|says| says.contains("no audit device")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_is_declared_and_told_with_what_it_needs() {
    let scene = Scene::with(VaultStub::usual(now()), |settings| {
        settings.token_accessors = Switch::Off;
        settings.leases = Switch::Off;
        settings.secret_owners = Switch::Off;
        settings.namespaces = Namespaces::Listed(vec![String::new(), String::from("team-a")]);
    });
    let said = scene.read().await;
    for kind in ["auth.token-accessors", "sys.leases", "kv.secret-owners"] {
        let read = said.scope(&format!("root/{kind}"));
        assert!(matches!(&read.gaps[0].cause, Cause::Needs { what } if what.contains(": on")), "{read:?}");
    }
    for operation in ["list auth/token/accessors", "list sys/leases/lookup"] {
        assert_eq!(scene.server.count_of(operation), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_version_one_and_a_mount_that_could_be_mistaken_are_told() {
    let stub = VaultStub::usual(now());
    stub.mount("", "old", "kv", Some("1"));
    stub.mount("", "team/data", "kv", Some("2"));
    let scene = Scene::with(stub, |_| {});
    let said = scene.read().await;
    let stores = said.scope("root/kv.stores");
    let causes: Vec<String> = stores.gaps.iter().map(|gap| gap.cause.to_string()).collect();
    assert_eq!(causes.len(), 2, "{causes:?}");
    assert!(
        causes.iter().any(|says| says.contains("version 1"))
            && causes.iter().any(|says| says.contains("the word data"))
    );
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_in_their_place() {
    let stub = VaultStub::usual(now());
    let at = now() - chrono::TimeDelta::days(100);
    for path in ["app/ä ö?#%2F", "app/a b\nc", "app/-rf", "app/'\"<script>", "app/=cmd"] {
        stub.secret("", "kv", path, at, "value-hostile");
    }
    stub.put("", "auth/userpass/users/..", json!({ "token_policies": [] }));
    stub.entity("", "../../sys/raw", "x", &[("userpass", "../../../sys/raw")], at);
    stub.state().openbao = false;
    let scene = Scene::with(stub, |_| {});
    let said = scene.read().await;
    assert_eq!(said.failures, []);
    let readable = said.scope(&format!("root/kv.readable-secrets/{ALICE}"));
    assert_eq!(readable.records.keys().filter(|(_, id)| id.starts_with("kv/app/")).count(), 11, "{:?}", readable.gaps);
    // An id that no address can carry is a gap by name, and nothing was sent for it.
    assert!(said.gaps().iter().any(|gap| gap.contains("cannot be put into an address")), "{:?}", said.gaps());
    for logged in scene.server.finish() {
        assert!(!logged.asked.path.contains("/raw"), "{}", logged.asked.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_reaches_anything_that_is_told() {
    let stub = Arc::new(VaultStub::usual(now()));
    let canaries = Arc::new(
        ["client_token", "secret", "password", "private_key", "secret_id", "token", "certificate_chain"]
            .iter()
            .fold(Canaries::new(7), |canaries, field| canaries.in_field(field)),
    );
    let server = FaultServer::build(Arc::clone(&stub)).operations(named).canaries(Arc::clone(&canaries)).start();
    let (vault, _) = scanner(settings(server.origin()));
    let said = read(&vault).await;
    assert!(!said.records().is_empty());
    let mut told = format!("{said:?} {:?} {:?}", vault.identify().await, vault.check_rights().await);
    for access in said.records() {
        told.push_str(&serde_json::to_string(access).expect("a record"));
    }
    for canary in canaries.all() {
        assert!(!told.contains(&canary.secret), "{}", canary.place);
    }
    for value in ["value-app-db", "value-fresh", "value-team"] {
        assert!(!told.contains(value));
    }
    assert_eq!(stub.values_read(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stumble_is_asked_again_and_a_server_error_for_good_is_a_gap() {
    let scene = Scene::usual();
    let once =
        scene.server.plant(On::operation("list identity/group/id").once(), Damage::Reply(refusal(429, &["quota"])));
    let said = scene.read().await;
    assert_eq!(once.fired(), 1);
    assert!(said.scope("root/identity.groups").is_complete(), "{:?}", said.gaps());
    let broken = Scene::usual();
    let planted =
        broken.server.plant(On::operation("list identity/group/id"), Damage::Reply(refusal(500, &["internal error"])));
    let said = broken.read().await;
    assert!(planted.fired() > 0);
    let groups = said.scope("root/identity.groups");
    assert!(!groups.is_complete() && groups.records.is_empty());
    assert!(said.scope("root/identity.aliases").is_complete());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_in_the_place_of_an_answer_is_no_empty_list() {
    let scene = Scene::usual();
    let planted = scene
        .server
        .plant(On::operation("list identity/entity-alias/id"), Damage::Reply(Answer::html("<html>sign in</html>")));
    let said = scene.read().await;
    assert!(planted.fired() > 0);
    let aliases = said.scope("root/identity.aliases");
    assert!(matches!(aliases.gaps[0].cause, Cause::Malformed { .. }), "{aliases:?}");
    // The same with 404: not the server's word for an empty list.
    let lost = Scene::usual();
    let planted =
        lost.server.plant(On::operation("list identity/entity-alias/id"), Damage::Reply(Answer::html("gone").of(404)));
    let said = lost.read().await;
    assert!(planted.fired() > 0);
    assert!(!said.scope("root/identity.aliases").is_complete());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_look_says_present_disabled_or_gone() {
    let scene = Scene::usual();
    let said = scene.read().await;
    let look = |scope: &str, kind, id: &str| {
        let access = scan_contract::AccessRef { scope: ScopeName::from(scope), kind, grant_id: id.into() };
        let scanner = &scene.scanner;
        async move { scanner.look(&access).await }
    };
    let entity = format!("root/identity.entity/{ALICE}");
    let account = scan_contract::AccessKind::Account;
    assert_eq!(look(&entity, account, ALICE).await, Ok(Look::Present));
    scene.stub.change("", &format!("identity/entity/id/{ALICE}"), |entity| entity["disabled"] = json!(true));
    assert_eq!(look(&entity, account, ALICE).await, Ok(Look::Disabled));
    scene.stub.remove("", &format!("identity/entity/id/{ALICE}"));
    assert_eq!(look(&entity, account, ALICE).await, Ok(Look::Gone));
    let tokens = said.scope("root/auth.token-accessors");
    let (kind, id) = tokens.records.keys().next().cloned().expect("a token");
    assert_eq!(look("root/auth.token-accessors", kind, &id).await, Ok(Look::Present));
    assert_eq!(look("root/auth.token-accessors", kind, "0000").await, Ok(Look::NotOffered));
}
