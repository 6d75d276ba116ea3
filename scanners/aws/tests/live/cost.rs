//! What it costs, what it needs, and that it can be repeated without a network.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdover_kit::stub::aws::{KEY_ID, SECRET, crowd, leaver_and_twin};
use scan_aws::live::{ALLOW, Assume, Organisation};
use scan_contract::{RightState, Scanner, Scope};
use scan_transport::{Door, Purpose};

use crate::kit::*;
use crate::world::*;

/// The first so many users of a crowd are of interest.
fn first(count: usize) -> impl Fn(&Scope) -> bool {
    move |scope| {
        let login = scope.bound_to.as_ref().and_then(|holder| holder.login.clone()).unwrap_or_default();
        login.strip_prefix("user").and_then(|number| number.parse::<usize>().ok()).is_some_and(|number| number < count)
    }
}

#[test]
fn calls_grow_with_those_who_matter_and_not_with_the_staff() {
    let calls = |users: usize, leavers: usize| {
        let world = World::new(crowd(users, now()));
        let seen = world.read(first(leavers));
        assert_eq!(seen.gaps, Vec::new());
        world.server.finish().len()
    };
    let small = calls(100, 0);
    let large = calls(2_000, 0);
    // Only the chains of pages grow: 2,000 users stand on three pages of details and one of virtual devices.
    assert!(large <= small + 3, "{small} calls for 100 users, {large} for 2,000");
    let fifty = calls(2_000, 50);
    assert!(fifty <= large + 3 * 50 + 2, "{fifty} calls with 50 people of interest, {large} without");
    // Of ten users six are asked for key ids, ten for SSH keys, three of them for the key, one for a certificate, one for a device.
    assert_eq!(fifty - large, 5 * (6 + 10 + 3 + 1 + 1));
}

#[test]
fn pri_1_the_policy_file_is_the_policy_and_covers_every_call_and_nothing_else() {
    let mut settings = settings(ACCOUNT, "http://127.0.0.1:1", &Key::new(KEY_ID, SECRET));
    let policy = scanner(settings.clone(), SECRET).policy().expect("a policy");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policy-live.json");
    assert_eq!(policy, std::fs::read_to_string(file).expect("policy-live.json"), "put this into policy-live.json");
    // Everything on: what is sent must be what is granted.
    let mut truth = leaver_and_twin(now());
    truth.listed.push(holdover_kit::stub::aws::Listed {
        id: String::from("444455556666"),
        state: Some(String::from("ACTIVE")),
        status: None,
    });
    let mut other = holdover_kit::stub::aws::Account::new("444455556666", now());
    let mut role = other.roles["AWSServiceRoleForSupport"].clone();
    role.id = String::from("AROAAUDIT");
    other.roles.insert(String::from("Audit"), role);
    truth.accounts.insert(String::from("444455556666"), other);
    // A second factor that is no virtual one, and a key whose dates fit no slot: what only they need is asked for too.
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    let twin = account.users.get_mut("twin").expect("a user");
    twin.keys[0].rotated = now();
    twin.mfa.push(holdover_kit::stub::aws::Mfa { serial: String::from("GAHT1"), is_virtual: false, enabled: now() });
    let mut world = World::new(truth).with_everything();
    world.settings.organisation = Some(Organisation::new("Audit"));
    let seen = world.read_all();
    assert_eq!(seen.gaps, Vec::new());
    assert!(seen.find("GAHT1").is_some());
    settings = world.settings.clone();
    let policy: serde_json::Value =
        serde_json::from_str(&scanner(settings, SECRET).policy().expect("a policy")).expect("JSON");
    let granted: BTreeSet<String> = policy["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .flat_map(|statement| statement["Action"].as_array().expect("actions"))
        .map(|action| action.as_str().expect("text").to_owned())
        .collect();
    let sent: BTreeSet<String> = world.server.finish().into_iter().map(|logged| logged.asked.operation).collect();
    let free = BTreeSet::from([String::from("sts:GetCallerIdentity")]);
    assert_eq!(sent.difference(&granted).cloned().collect::<BTreeSet<_>>(), free, "sent and not granted");
    assert_eq!(granted.difference(&sent).cloned().collect::<BTreeSet<_>>(), BTreeSet::new(), "granted and never sent");
}

#[test]
fn rights_are_told_by_trying_each() {
    let mut truth = leaver_and_twin(now());
    truth.denied = BTreeSet::from(["iam:ListSSHPublicKeys", "identitystore:ListUsers"].map(String::from));
    let world = World::new(truth).with_everything();
    let rights = block_on(world.scanner().check_rights()).expect("rights").expect("a credential");
    let missing: Vec<&str> = rights
        .needed
        .iter()
        .filter(|right| matches!(right.state, RightState::Missing { .. }))
        .map(|right| right.name.as_str())
        .collect();
    assert_eq!(missing, ["iam:ListSSHPublicKeys", "identitystore:ListUsers"]);
    let off: Vec<&str> =
        rights.needed.iter().filter(|right| right.state == RightState::Off).map(|right| right.name.as_str()).collect();
    assert_eq!(off, ["organizations:ListAccounts", "sts:AssumeRole"]);
    let unsure: Vec<_> =
        rights.needed.iter().filter(|right| matches!(right.state, RightState::CannotTell(_))).collect();
    assert!(unsure.is_empty(), "{unsure:?}");
    assert!(rights.needed.iter().all(|right| !right.serves.is_empty()));
    world.server.finish();
}

#[test]
fn a_recording_gives_the_same_without_a_network_and_holds_no_secret() {
    let mut truth = leaver_and_twin(now());
    truth.page = 3;
    let second = "444455556666";
    let mut other = holdover_kit::stub::aws::Account::new(second, now());
    let mut role = other.roles["AWSServiceRoleForSupport"].clone();
    role.id = String::from("AROAAUDIT");
    other.roles.insert(String::from("Audit"), role);
    truth.accounts.insert(String::from(second), other);
    truth.listed.push(holdover_kit::stub::aws::Listed {
        id: String::from(second),
        state: Some(String::from("ACTIVE")),
        status: None,
    });
    let mut world = World::new(truth).with_everything();
    world.settings.organisation = Some(Organisation::new("Audit"));
    world.settings.assume = Some(Assume {
        role: format!("arn:aws:iam::{ACCOUNT}:role/releases"),
        external_id: None,
        session_name: String::from("holdover"),
    });
    let folder = tempfile::tempdir().expect("a folder");
    let door = Door::open(world.settings.door().expect("a door"), &ALLOW, Arc::new(chrono::Utc::now)).expect("a door");
    let door = door.recording(folder.path()).expect("a recording");
    let live = block_on(read(&scanner_at(world.settings.clone(), door.clone(), SECRET), |_| true));
    door.finish_recording().expect("written");
    assert_eq!(live.gaps, Vec::new());
    let calls = world.server.count();
    let door = Door::replaying(world.settings.door().expect("a door"), &ALLOW, folder.path()).expect("a replay");
    let again = block_on(read(&scanner_at(world.settings.clone(), door, SECRET), |_| true));
    assert_eq!(again.gaps, Vec::new());
    assert_eq!(world.server.count(), calls, "a replay sends nothing");
    let ids = |seen: &Seen| {
        let mut ids: Vec<String> =
            seen.records.iter().map(|access| format!("{} {} {}", access.scope, access.kind, access.grant_id)).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&live), ids(&again));
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        assert!(
            !text.contains("canary") && !text.contains("\"operation\":\"sts:AssumeRole"),
            "a recording holds no sign-in"
        );
    }
}

#[test]
fn every_request_that_may_be_sent_is_on_one_list_and_the_names_of_the_code_are_on_it() {
    let names: BTreeSet<&str> = ALLOW.operations.iter().map(|operation| operation.name).collect();
    let mut used = BTreeSet::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/live")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("allow.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for name in &names {
                if text.contains(&format!("\"{name}\"")) {
                    used.insert(*name);
                }
            }
        }
    }
    let imds =
        ALLOW.operations.iter().filter(|operation| operation.name.starts_with("imds:")).map(|operation| operation.name);
    let unused: BTreeSet<&str> = names.difference(&used).copied().collect();
    assert_eq!(unused, imds.collect(), "the metadata service is asked by the vendor's library");
    assert!(ALLOW.operations.iter().filter(|operation| operation.purpose == Purpose::SignOut).count() == 0);
}
