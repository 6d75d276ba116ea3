//! The smallest policy is enough, and what is beyond it is told.

use std::sync::Arc;

use holdover_kit::fault::{Damage, On};
use holdover_kit::stub::vault::{VaultStub, refusal};
use scan_contract::{RightState, Scanner};
use scan_transport::{Door, Request};
use scan_vault::{ALLOW, SignIn, Vault, Ways};

use crate::drive::{Kept, Scene, now, read, secret, settings};

/// A scene whose token has the printed policy and nothing else.
async fn least(extra: &str) -> Scene {
    let stub = VaultStub::usual(now());
    stub.token("scan", &["holdover", "extra"]);
    stub.policy("", "extra", extra);
    let asking = Scene::with(VaultStub::usual(now()), |_| {});
    // Rights are checked first, so that the policy is printed for the mounts there are.
    asking.scanner.check_rights().await.expect("rights");
    let said = asking.read().await;
    assert!(said.incomplete().is_empty());
    let text = asking.scanner.policy().expect("a policy");
    stub.policy("", "holdover", &text);
    Scene::with(stub, |settings| settings.sign_in = SignIn::Token(secret("scan")))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_policy_is_enough_for_everything_and_nothing_in_it_is_too_much() {
    let scene = least("").await;
    let said = scene.read().await;
    assert_eq!(said.failures, []);
    assert!(said.incomplete().is_empty(), "{:?}", said.gaps());
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    assert!(rights.needed.iter().all(|right| right.state == RightState::Have), "{:#?}", rights.needed);
    assert_eq!(rights.excess, Vec::<String>::new());
    assert!(rights.needed.iter().any(|right| right.name == "list, sudo on auth/token/accessors"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_taken_out_is_missing_by_its_own_name() {
    let scene = least("").await;
    scene.stub.change("", "sys/policies/acl/holdover", |policy| {
        let text = policy["policy"].as_str().unwrap_or_default();
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains("\"identity/group/id/*\"")).collect();
        policy["policy"] = serde_json::json!(kept.join("\n"));
    });
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    let missing: Vec<&str> = rights
        .needed
        .iter()
        .filter(|right| matches!(right.state, RightState::Missing { .. }))
        .map(|right| right.name.as_str())
        .collect();
    assert_eq!(missing, ["read on identity/group/id/*"]);
    let said = scene.read().await;
    assert!(
        said.gaps().iter().any(|gap| gap.contains("path \"identity/group/id/*\" { capabilities = [\"read\"] }")),
        "{:?}",
        said.gaps()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_beyond_need_are_told() {
    let scene = least(
        "path \"kv/data/*\" { capabilities = [\"read\", \"update\"] }\npath \"sys/mounts\" { capabilities = [\"read\", \"update\"] }",
    )
    .await;
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    assert_eq!(rights.excess, ["read, update on kv/data/*", "update on sys/mounts"]);
    let root = Scene::usual();
    let rights = root.scanner.check_rights().await.expect("rights").expect("a credential");
    assert_eq!(rights.excess, ["policy root: everything"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_needs_no_right_and_a_server_that_does_not_say_is_no_yes() {
    let scene = Scene::with(VaultStub::usual(now()), |settings| settings.token_accessors = scan_vault::Switch::Off);
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    let tokens = rights.needed.iter().find(|right| right.name.contains("auth/token/accessors")).expect("the right");
    assert_eq!(tokens.state, RightState::Off);
    assert!(!scene.scanner.policy().expect("a policy").contains("accessors"));
    let mute = Scene::usual();
    mute.server.plant(On::operation("sys/capabilities-self"), Damage::Reply(refusal(403, &["permission denied"])));
    let rights = mute.scanner.check_rights().await.expect("rights").expect("a credential");
    assert!(rights.needed.iter().all(|right| matches!(right.state, RightState::CannotTell(_))));
}

#[test]
fn nothing_that_hands_out_a_secret_or_changes_anything_can_be_asked() {
    let ask = |method: &str, path: &str| {
        let mut request = Request::get(format!("https://vault.example/v1/{path}").parse().expect("an address"));
        request.method = method.parse().expect("a method");
        ALLOW.find_request(&request).map(|row| row.name)
    };
    for (method, path) in [
        ("GET", "secret/data/app"),
        ("GET", "secret/data/metadata/app"),
        ("GET", "secret/d%61ta/metadata/app"),
        ("GET", "secret%2Fdata/metadata/app"),
        ("GET", "secret/subkeys/app"),
        ("GET", "database/creds/app"),
        ("GET", "database/static-creds/app"),
        ("GET", "database/creds/roles/app"),
        ("POST", "pki/issue/web"),
        ("POST", "ssh/sign/web"),
        ("GET", "cubbyhole/metadata/x"),
        ("GET", "sys/raw/metadata/x"),
        ("POST", "sys/leases/revoke"),
        ("PUT", "sys/leases/lookup"),
        ("POST", "auth/token/revoke-accessor"),
        ("POST", "auth/token/revoke"),
        ("POST", "auth/token/create"),
        ("POST", "auth/approle/role/x/secret-id"),
        ("GET", "auth/approle/role/x/role-id"),
        ("GET", "identity/oidc/token/x"),
        ("DELETE", "identity/entity/id/x"),
        ("POST", "identity/entity/id/x"),
        ("GET", "auth/token/accessors"),
        ("GET", "totp/code/x"),
        ("GET", "transit/export/encryption-key/x"),
        ("POST", "sys/capabilities-accessor"),
        ("GET", "sys/storage/raft/snapshot"),
    ] {
        assert!(ask(method, path).is_err(), "{method} {path} is {:?}", ask(method, path));
    }
    assert_eq!(ask("GET", "secret/metadata/app/creds"), Ok("{mount}/metadata/{path}"));
    assert_eq!(ask("GET", "team/kv/metadata?list=true"), Ok("list {mount}/metadata"));
    assert_eq!(ALLOW.check(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_tells_the_same_without_a_network_but_for_what_it_may_not_hold() {
    let scene = Scene::usual();
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(scene.server.origin());
    let door = Door::open(settings.door().expect("an address"), &ALLOW, Arc::new(now)).expect("a door");
    let door = door.recording(folder.path()).expect("a recording");
    let ways = Ways { door: door.clone(), secrets: Arc::new(Kept) };
    let live = Vault::new(settings.clone(), ways).expect("a scanner");
    live.identify().await.expect("identity");
    let first = read(&live).await;
    door.finish_recording().expect("the end of the recording");
    let text = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a recording"))
        .collect::<String>();
    for secret in ["accessorAlice", "secret-id-alice", "rootAccessor", "\"root\"", "value-app", "h01"] {
        assert!(!text.contains(secret) || secret == "\"root\"", "{secret}");
    }
    let replayed = Door::replaying(settings.door().expect("an address"), &ALLOW, folder.path()).expect("a recording");
    let vault = Vault::new(settings, Ways { door: replayed, secrets: Arc::new(Kept) }).expect("a scanner");
    vault.identify().await.expect("identity");
    let second = read(&vault).await;
    assert_eq!(second.failures, []);
    let left_out =
        |kind: &str| matches!(kind, "auth.token-accessors" | "sys.leases" | "sys.login-leases" | "approle.secret-ids");
    for (name, before) in first.scopes.iter().filter(|(_, read)| !left_out(&read.kind)) {
        let Some(after) = second.scopes.get(name) else { panic!("{name}") };
        // Policies of live tokens are part of what an entity reaches, and no recording holds tokens.
        if before.kind == "identity.entity" {
            continue;
        }
        assert_eq!(before.records, after.records, "{name}");
        assert_eq!(before.gaps, after.gaps, "{name}");
    }
    assert!(second.scopes.values().filter(|read| left_out(&read.kind)).all(|read| !read.is_complete()));
}
