//! A recording says the same as the service did, but for what it must not hold.

use std::sync::Arc;

use holdover_kit::fault::FaultServer;
use holdover_kit::stub::github::{GitHubStub, Means, Truth};
use scan_contract::Cause;
use scan_github::{Edition, GitHub, Ways};
use scan_transport::Door;

use crate::kit::{Kept, TOKEN, app, named, read, settings};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a test beside real sockets has the real time")]
async fn a_replay_tells_the_same_but_for_workflow_files_and_addresses_of_webhooks() {
    let stub = Arc::new(GitHubStub::new(Truth::usual(), Means::App, TOKEN));
    let server = FaultServer::build(stub).operations(named).start();
    let settings = settings(server.origin(), Edition::Cloud, app());
    let folder = tempfile::tempdir().expect("a folder");
    let ways = |door: Door| Ways { door, secrets: Arc::new(Kept) };

    let door = Door::open(settings.door(), settings.allow(), Arc::new(chrono::Utc::now)).expect("a door");
    let door = door.recording(folder.path()).expect("a recording");
    let live = read(&GitHub::new(settings.clone(), ways(door.clone())).expect("a scanner")).await;
    door.finish_recording().expect("whole");
    server.finish();

    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
        for secret in ["hush", "ghs_", "cron:", "71c3fc11", "********"] {
            assert!(!text.contains(secret), "{secret} is in the recording");
        }
    }
    let door = Door::replaying(settings.door(), settings.allow(), folder.path()).expect("a replay");
    let replayed = read(&GitHub::new(settings, ways(door)).expect("a scanner")).await;
    let lost: Vec<&str> = replayed.incomplete().into_iter().filter(|name| live.scope(name).is_complete()).collect();
    assert_eq!(lost, ["scheduled-workflows"], "{:?}", replayed.gaps());
    let gaps = &replayed.scope("scheduled-workflows").gaps;
    assert!(gaps.iter().all(|gap| matches!(gap.cause, Cause::NotInSource { .. })), "{gaps:?}");
    for (name, scope) in live.scopes.iter().filter(|(name, _)| *name != "scheduled-workflows") {
        let found = &replayed.scope(name).records;
        assert_eq!(found.keys().collect::<Vec<_>>(), scope.records.keys().collect::<Vec<_>>(), "{name}");
        let webhooks = name.ends_with("webhooks");
        for (key, access) in &scope.records {
            let same = found[key] == *access || webhooks;
            assert!(same, "{name}: {:?}\n{access:?}", found[key]);
        }
    }
}
