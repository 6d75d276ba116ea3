//! Every target over its corpus and over everything that once failed, without a fuzzer.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use holdover_fuzz::targets::CONTROL;
use holdover_fuzz::{TARGETS, Target, named};

/// Corpus and failed entries together stay below this, so that a clone stays small.
const LARGEST: u64 = 3 * 1024 * 1024;

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

/// Names in a folder; none where it does not exist.
fn names(folder: &Path) -> BTreeSet<String> {
    if !folder.exists() {
        return BTreeSet::new();
    }
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name that is text")).collect()
}

/// Entries of a target: path and bytes.
fn entries(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for kind in ["corpus", "crashes"] {
        let folder = folder(kind).join(target.name);
        for name in names(&folder) {
            let path = folder.join(name);
            let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.push((path, bytes));
        }
    }
    found
}

#[test]
fn what_must_hold_holds_for_every_entry() {
    let mut wrong = Vec::new();
    for target in TARGETS {
        for (path, bytes) in entries(target) {
            if catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes))).is_err() {
                wrong.push(path.display().to_string());
            }
        }
        // What no corpus has to hold.
        for bytes in [&b""[..], b"\0", b"\n", b"\xff\xfe", &[0xff; 64]] {
            if catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_err() {
                wrong.push(format!("{}: {bytes:?}", target.name));
            }
        }
    }
    assert!(wrong.is_empty(), "the panics above came of:\n{}", wrong.join("\n"));
}

#[test]
fn every_target_has_a_corpus_and_every_folder_a_target() {
    let mut size = 0;
    for target in TARGETS {
        let found = entries(target);
        assert!(found.len() >= 3, "{} has {} entries", target.name, found.len());
        assert!(target.holds.len() > 20, "{} does not say what must hold", target.name);
        for (path, bytes) in &found {
            assert!(bytes.len() <= target.longest, "{} is longer than its target's inputs", path.display());
            size += bytes.len() as u64;
        }
    }
    assert!(size <= LARGEST, "{size} bytes");
    for kind in ["corpus", "crashes"] {
        for name in names(&folder(kind)) {
            assert!(named(&name).is_some(), "{kind}/{name} has no target");
        }
    }
}

#[test]
fn the_control_is_wrong_for_one_input() {
    let control = named(CONTROL).expect("the control");
    let wrong = [&b"gap"[..], &0x1e57_ace5_u32.to_le_bytes()].concat();
    assert!(
        catch_unwind(|| (control.run)(&wrong)).is_err(),
        "the control is not wrong, so that finding it shows nothing"
    );
    assert!(catch_unwind(|| (control.run)(b"gap\0\0\0\0")).is_ok());
}

#[test]
fn targets_are_sorted_and_each_has_its_file() {
    let listed: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert!(listed.is_sorted());
    let files: BTreeSet<String> =
        names(&folder("src/targets")).iter().filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect();
    let expected: BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).chain(["mod".to_owned()]).collect();
    assert_eq!(files, expected);
}
