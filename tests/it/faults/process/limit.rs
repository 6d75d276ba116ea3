//! S6: few descriptors and little memory: complete, or an honest gap, never a wrong answer.

use std::path::Path;
use std::process::{Command, Output};

use holdover_kit::bulk::{self, Sizes};
use serde_json::Value;

use super::is_long;

const SIZES: Sizes = Sizes { people: 2_000, leavers: 120, records: 20_000, seed: 6 };

/// Starts the program under a limit of the shell.
fn under(folder: &Path, limit: &str, arguments: &[&str]) -> Output {
    let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_holdover")]).args(arguments);
    command.current_dir(folder).env_clear().output().expect("the program starts")
}

fn told(output: &Output) -> String {
    format!("{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr))
}

/// What a whole run has to find.
fn is_right(folder: &Path, found: u64, what: &str) {
    let report = std::fs::read(folder.join("out.json")).unwrap_or_else(|error| panic!("{what}: {error}"));
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["findings"].as_array().expect("findings").len() as u64, found, "{what}");
    for scope in report["systems"][0]["scopes"].as_array().expect("scopes") {
        assert_eq!(scope["state"], "complete", "{what}: {scope}");
    }
}

/// A surge of leavers asks for a person's word: 5, and everything is found.
const WHOLE: [&str; 5] = ["scan", "--no-progress", "--quiet", "--output", "json=out.json"];

#[test]
fn s6_with_sixty_four_descriptors_everything_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = bulk::write(SIZES, folder.path()).expect("written");
    let free = under(folder.path(), "-n 1024", &WHOLE);
    let code = free.status.code();
    assert!(matches!(code, Some(1 | 5)), "{}", told(&free));
    is_right(folder.path(), written.of_leavers_enabled, "without a limit");
    std::fs::remove_dir_all(folder.path().join("state")).expect("removed");
    std::fs::remove_file(folder.path().join("out.json")).expect("removed");
    let few = under(folder.path(), "-n 64", &WHOLE);
    assert_eq!(few.status.code(), code, "{}", told(&few));
    is_right(folder.path(), written.of_leavers_enabled, "with 64 descriptors");
}

#[test]
fn s6_with_too_few_descriptors_the_run_says_so_and_claims_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = Sizes { people: 200, leavers: 20, records: 1_000, seed: 6 };
    let written = bulk::write(small, folder.path()).expect("written");
    let (mut short, mut whole) = (0, 0);
    for descriptors in [6, 8, 9, 10, 11, 12, 13, 14, 16, 20, 24, 64] {
        let output = under(folder.path(), &format!("-n {descriptors}"), &WHOLE);
        let what = format!("{descriptors} descriptors: {}", told(&output));
        match output.status.code() {
            Some(1 | 5) => {
                whole += 1;
                is_right(folder.path(), written.of_leavers_enabled, &what);
            }
            // Nothing was begun, or a gap was told, or the store said that it cannot.
            Some(2 | 3 | 4 | 6) => {
                short += 1;
                assert!(!output.stderr.is_empty(), "{what}");
            }
            _ => panic!("{what}"),
        }
        assert!(!what.contains("panicked"), "{what}");
    }
    assert!(short >= 2 && whole >= 1, "the limit was met by {short}, and {whole} were whole");
    let verified = under(folder.path(), "-n 64", &["ledger", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", told(&verified));
}

#[test]
fn s6_whatever_memory_is_missing_no_run_says_what_is_not_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = bulk::write(SIZES, folder.path()).expect("written");
    let (mut dead, mut whole) = (0, 0);
    // Address space in KiB; the program and its libraries alone take a part of it.
    let step = if is_long() { 16_384 } else { 131_072 };
    for kib in (65_536..=1_310_720).step_by(step).chain([4_194_304]) {
        let output = under(folder.path(), &format!("-v {kib}"), &WHOLE);
        let what = format!("{kib} KiB: {}", told(&output));
        match output.status.code() {
            Some(1 | 5) => {
                whole += 1;
                is_right(folder.path(), written.of_leavers_enabled, &what);
            }
            Some(0) => panic!("{what}"),
            Some(101) => panic!("a panic is always a defect: {what}"),
            // An error that was told, or the end of the process where memory cannot be had: nobody takes it for an answer.
            Some(_) | None => dead += 1,
        }
        let stored = folder.path().join("state/state.db");
        if stored.exists() {
            let verified = under(folder.path(), "-v 8388608", &["ledger", "verify"]);
            assert_eq!(verified.status.code(), Some(0), "{what}\nverify: {}", told(&verified));
        }
    }
    assert!(dead >= 1 && whole >= 1, "{dead} met the limit, {whole} were whole");
}
