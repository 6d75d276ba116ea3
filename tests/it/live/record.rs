//! Recording and replaying: the same findings without a network, and no secret in the recording or anywhere else.

use std::path::{Path, PathBuf};

use super::okta::{TOKEN, company, organisation, start};
use super::{Live, found};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn holds(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        let bytes = std::fs::read(path).expect("a file");
        bytes.windows(needle.len()).any(|window| window == needle)
    };
    files_below(folder).into_iter().filter(has).collect()
}

/// The same company with the recording instead of the system, and a state of its own.
fn replayed(recorded: &Live) -> Live {
    let folder = recorded.path().join("recordings");
    let system = recorded.system.replacen(
        "    tier: tier0\n",
        &format!("    tier: tier0\n    replay: {}\n", folder.display()),
        1,
    );
    Live::new(system, "not a token")
}

#[test]
fn a_replay_finds_the_same_without_a_network_and_holds_no_secret() {
    let (_stub, server) = start(organisation());
    let recorded = company(&server);
    recorded.write();
    let run = recorded.run(&["scan", "--no-progress", "--record", "recordings", "-vvv"]);
    let first = run.report();
    assert!(!found(&first).is_empty(), "{}", run.stderr);
    let asked = server.count();
    server.stop();
    let replay = replayed(&recorded);
    let run = replay.scan();
    let second = run.report();
    assert_eq!(found(&second), found(&first), "{}", run.stderr);
    assert!(asked > 3);
    let states = |report: &serde_json::Value| -> Vec<String> {
        let scopes = report["systems"][0]["scopes"].as_array().expect("scopes");
        scopes.iter().map(|scope| format!("{} {}", scope["name"], scope["state"])).collect()
    };
    assert_eq!(states(&second), states(&first));
    // The canary is in the environment of the program alone: state, reports, recording and log are searched.
    assert_eq!(holds(recorded.path(), TOKEN.as_bytes()), Vec::<PathBuf>::new());
    let base64 = data_encoding::BASE64.encode(TOKEN.as_bytes());
    assert_eq!(holds(recorded.path(), base64.as_bytes()), Vec::<PathBuf>::new());
    assert!(!run.stderr.contains(TOKEN) && !run.stdout.contains(TOKEN));
    // The search would find it if it were there.
    std::fs::write(recorded.path().join("planted"), TOKEN).expect("a file");
    assert_eq!(holds(recorded.path(), TOKEN.as_bytes()).len(), 1);
}

#[test]
fn a_recording_that_was_cut_is_refused() {
    let (_stub, server) = start(organisation());
    let recorded = company(&server);
    recorded.write();
    recorded.run(&["scan", "--no-progress", "--record", "recordings"]);
    server.stop();
    let path = recorded.path().join("recordings/sso.ndjson");
    let text = std::fs::read_to_string(&path).expect("a recording");
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&path, format!("{}\n", lines[..lines.len() - 2].join("\n"))).expect("a file");
    let replay = replayed(&recorded);
    let run = replay.scan();
    run.expect(3);
    assert!(found(&run.report()).is_empty());
}

#[test]
fn an_existing_recording_is_not_overwritten() {
    let (_stub, server) = start(organisation());
    let recorded = company(&server);
    recorded.write();
    recorded.run(&["scan", "--no-progress", "--record", "recordings"]);
    let path = recorded.path().join("recordings/sso.ndjson");
    let before = std::fs::read(&path).expect("a recording");
    let run = recorded.run(&["scan", "--no-progress", "--record", "recordings"]);
    assert_eq!(std::fs::read(&path).expect("a recording"), before);
    assert!(run.gaps().iter().any(|gap| gap.contains("recordings")), "{:#?}\n{}", run.gaps(), run.stderr);
    server.finish();
}

#[test]
fn two_replays_as_of_one_instant_give_equal_bytes() {
    let (_stub, server) = start(organisation());
    let recorded = company(&server);
    recorded.write();
    recorded.run(&["scan", "--no-progress", "--record", "recordings"]);
    server.stop();
    let as_of = super::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let replays = [replayed(&recorded), replayed(&recorded)];
    replays[0].write();
    // The same roster bytes, manifest included: both were written in one go.
    replays[1].write();
    for name in ["roster.csv", "roster.meta.json", "holdover.yaml"] {
        std::fs::copy(replays[0].path().join(name), replays[1].path().join(name)).expect("a copy");
    }
    let outputs: Vec<Vec<u8>> = replays
        .iter()
        .map(|replay| {
            let run = replay.run(&["scan", "--no-progress", "--as-of", &as_of]);
            assert!(!found(&run.report()).is_empty(), "{}", run.stderr);
            std::fs::read(replay.path().join("out/report.json")).expect("a report")
        })
        .collect();
    assert_eq!(String::from_utf8_lossy(&outputs[0]), String::from_utf8_lossy(&outputs[1]));
}
