//! Plan, hold and release of the sample company's tickets, by the program itself.

use std::path::Path;
use std::process::Output;

use holdover_kit::sample;
use holdover_kit::write;
use serde_json::Value;

use crate::company::command;

/// The sample company with a tracker at which nobody listens.
fn company() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write::files(&sample::company(sample::SEED)).expect("files").write_to(folder.path()).expect("written");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let file = folder.path().join("holdover.yaml");
    let mut text = std::fs::read_to_string(&file).expect("the configuration");
    text.push_str(&format!(
        "tickets:\n  trackers:\n    - id: desk\n      redmine: {{ url: \"http://127.0.0.1:{port}\", project: audit, tracker_id: 1, \
         key_field_id: 1, api_key: {{ env: DESK_TOKEN }}, resolve_to: 5, reopen_to: 2 }}\n      connection: {{ plain_to_loopback: true }}\n"
    ));
    std::fs::write(&file, text).expect("written");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder)
        .args(arguments)
        .env("DESK_TOKEN", "a-token-that-opens-nothing")
        .output()
        .expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", String::from_utf8_lossy(&output.stdout), stderr(output)))
}

fn flag(folder: &Path, name: &str) -> bool {
    let text = std::fs::read_to_string(folder.join("state/run.json")).expect("run.json");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    document["flags"][name].as_bool().expect("a flag")
}

#[test]
fn the_first_tickets_are_held_planned_released_and_wait_for_a_tracker_that_is_down() {
    let folder = company();
    let folder = folder.path();
    // Before any scan there is nothing to plan, and no store to plan it from.
    assert_eq!(code(&run(folder, &["tickets", "plan"])), 6);
    assert_eq!(code(&run(folder, &["scan", "--no-progress"])), 4);
    let plan = json(&run(folder, &["tickets", "plan", "--format", "json"]));
    let run_id = plan["run"].as_str().expect("a run").to_owned();
    assert!(plan["steps"].as_array().expect("steps").is_empty(), "{plan}");
    let held = |plan: &Value| -> u64 {
        plan["held"].as_array().expect("held").iter().map(|line| line["findings"].as_u64().expect("a number")).sum()
    };
    let waiting = held(&plan);
    assert!(waiting > 0, "{plan}");
    assert!(plan["held"][0]["why"].as_str().expect("why").contains("roster accept"), "{plan}");

    // Nothing to send: held is no fault, is told loudly, and no secret is asked for.
    let sync = command(folder).args(["tickets", "sync"]).env_remove("DESK_TOKEN").output().expect("it starts");
    assert_eq!(code(&sync), 0, "{}", stderr(&sync));
    assert!(stderr(&sync).contains("HELD"), "{}", stderr(&sync));

    // The roster is accepted by a person: now the breaker speaks.
    let validated = run(folder, &["roster", "validate"]);
    let text = String::from_utf8_lossy(&validated.stdout).into_owned();
    let digest = text.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    assert_eq!(code(&run(folder, &["roster", "accept", &digest])), 0);
    let sync = run(folder, &["tickets", "sync", "--format", "json"]);
    assert_eq!(code(&sync), 0, "{}", stderr(&sync));
    assert!(stderr(&sync).contains("the breaker holds them"), "{}", stderr(&sync));
    // A breaker that fired changes neither report nor exit code, and the next run says so.
    assert_eq!(code(&run(folder, &["scan", "--no-progress"])), 4);
    assert!(flag(folder, "breaker"));

    assert_eq!(code(&run(folder, &["tickets", "release", "run-of-nobody"])), 2);
    let released = run(folder, &["tickets", "release", &run_id]);
    assert_eq!(code(&released), 0, "{}", stderr(&released));
    let plan = json(&run(folder, &["tickets", "plan", "--format", "json"]));
    let steps = plan["steps"].as_array().expect("steps");
    let creates = steps.iter().filter(|step| step["step"] == "create").count();
    assert!(creates > 0 && steps.iter().all(|step| step["step"] == "create"), "{plan}");
    let order: Vec<usize> = steps
        .iter()
        .filter(|step| !step["findings"].as_array().expect("findings").is_empty())
        .map(|step| {
            let words = ["critical", "high", "medium", "low", "info"];
            words.iter().position(|word| step["severity"] == *word).expect("a severity")
        })
        .collect();
    assert!(order.is_sorted() && order.len() <= 25, "the worst first, at the capped pace: {order:?}");

    // Nobody listens: it stays pending by a fault, nothing is lost, and the credential shows nowhere.
    let sync = run(folder, &["tickets", "sync", "--format", "json"]);
    assert_eq!(code(&sync), 3, "{}", stderr(&sync));
    let outcome = json(&sync);
    assert!(outcome["pending"].as_u64().expect("a number") > 0, "{outcome}");
    assert!(!outcome["faults"].as_array().expect("faults").is_empty(), "{outcome}");
    for text in [stderr(&sync), String::from_utf8_lossy(&sync.stdout).into_owned()] {
        assert!(!text.contains("a-token-that-opens-nothing"), "{text}");
    }
    let list = json(&run(folder, &["tickets", "list", "--format", "json"]));
    let states: Vec<&str> =
        list.as_array().expect("a list").iter().map(|ticket| ticket["state"].as_str().expect("a state")).collect();
    assert!(!states.is_empty() && states.iter().all(|state| *state == "intended"), "{list}");
    assert_eq!(code(&run(folder, &["ledger", "verify"])), 0);
    assert_eq!(code(&run(folder, &["scan", "--no-progress"])), 4);
    assert!(!flag(folder, "breaker"));
}

#[test]
fn without_a_section_there_is_nothing_to_send_and_it_says_what_to_add() {
    let folder = tempfile::tempdir().expect("a folder");
    write::files(&sample::company(sample::SEED)).expect("files").write_to(folder.path()).expect("written");
    for arguments in [["tickets", "plan"], ["tickets", "sync"]] {
        let output = run(folder.path(), &arguments);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("no tickets are configured"), "{}", stderr(&output));
    }
}
