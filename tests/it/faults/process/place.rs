//! T9: a path that is a link, belongs to somebody else, or is open to others is no place for a report or a store.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use super::cannot_run;
use crate::company::{Company, Copy};

const EARLIER: &str = "2026-08-03T03:00:00Z";
const LATER: &str = "2026-08-03T07:00:00Z";
/// A user that runs nothing here.
const STRANGER: u32 = 12_345;

/// Every file a scan may be asked to write, and how it is asked.
const FORMATS: [(&str, &str); 7] = [
    ("json", "o.json"),
    ("ndjson", "o.ndjson"),
    ("ocsf", "o.ocsf"),
    ("sarif", "o.sarif"),
    ("csv", "o.csv"),
    ("markdown", "o.md"),
    ("html", "o.html"),
];

/// Prepares a folder, and the path of a report in it.
type PrepareFile = fn(&Path, &Path);
/// Prepares a folder whose store is about to be opened.
type PrepareStore = fn(&Path);

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn seasoned() -> Company {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    company
}

fn scan(copy: &Copy, format: &str, name: &str) -> crate::company::Run {
    let output = format!("{format}=safe/{name}");
    copy.holdover(&["scan", "--as-of", LATER, "--no-progress", "--output", &output])
}

/// Whether this process may give files away.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn t9_a_report_whose_path_is_no_safe_place_is_refused_by_name_and_nothing_is_touched() {
    let company = seasoned();
    let mut places: Vec<(&str, &[&str], PrepareFile)> = vec![
        ("a link", &["link"], |folder, path| {
            std::fs::write(folder.join("precious"), "precious").expect("written");
            symlink(folder.join("precious"), path).expect("a link");
        }),
        ("a link to nothing", &["link"], |folder, path| symlink(folder.join("precious"), path).expect("a link")),
        ("readable by others", &["mode 0644", "owner"], |_, path| {
            std::fs::write(path, "precious").expect("written");
            mode(path, 0o644);
        }),
        ("a folder", &["not an ordinary file"], |_, path| std::fs::create_dir(path).expect("a folder")),
        ("a folder that all may write", &["mode 0777", "owner"], |folder, _| mode(&folder.join("safe"), 0o777)),
    ];
    if is_root() {
        places.push(("of somebody else", &["belongs to user 12345"], |_, path| {
            std::fs::write(path, "precious").expect("written");
            mode(path, 0o600);
            chown(path, Some(STRANGER), None).expect("given away");
        }));
    } else {
        cannot_run("t9 of somebody else", "the right to give files away (root)");
    }
    for (format, name) in FORMATS {
        for (what, words, prepare) in &places {
            let copy = company.copy();
            let (folder, path) = (copy.path(), copy.path().join("safe").join(name));
            std::fs::create_dir(folder.join("safe")).expect("a folder");
            prepare(folder, &path);
            let before = std::fs::read(folder.join("precious")).unwrap_or_default();
            let inside = std::fs::read(&path).unwrap_or_default();
            let run = scan(&copy, format, name);
            let what = format!("{format}, {what}: exit {}\n{}", run.code, run.stderr);
            assert_eq!(run.code, 6, "{what}");
            assert!(run.stderr.contains(name) && words.iter().all(|word| run.stderr.contains(word)), "{what}");
            assert_eq!(std::fs::read(folder.join("precious")).unwrap_or_default(), before, "{what}: the target");
            assert_eq!(std::fs::read(&path).unwrap_or_default(), inside, "{what}: the file");
            let run_json = std::fs::read_to_string(folder.join("state/run.json")).expect("run.json");
            assert!(run_json.contains("\"store_failed\":true"), "{what}: {run_json}");
            // The other outputs and the store have the run.
            assert!(
                std::fs::read_to_string(folder.join("out/report.json")).expect("the report").contains(LATER),
                "{what}"
            );
        }
        // The twins: a new file, one of ours, a folder with a sticky bit.
        let copy = company.copy();
        std::fs::create_dir(copy.path().join("safe")).expect("a folder");
        scan(&copy, format, name).expect(1);
        scan(&copy, format, name).expect(1);
        mode(&copy.path().join("safe"), 0o1777);
        scan(&copy, format, name).expect(1);
        let written = std::fs::metadata(copy.path().join("safe").join(name)).expect("written");
        assert_eq!(written.permissions().mode() & 0o777, 0o600, "{format}");
    }
}

#[test]
fn t9_a_run_json_or_a_metrics_file_that_is_a_link_is_refused_and_its_target_stays() {
    let mut company = Company::new();
    company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    for name in ["state/run.json", "out/run.json", "out/holdover.prom"] {
        let copy = company.copy();
        let path = copy.path().join(name);
        std::fs::rename(&path, copy.path().join("precious")).expect("moved");
        symlink(copy.path().join("precious"), &path).expect("a link");
        let before = std::fs::read(copy.path().join("precious")).expect("the target");
        let run = copy.scan_at(LATER);
        run.expect(6);
        assert!(run.stderr.contains(name) && run.stderr.contains("link"), "{}", run.stderr);
        assert_eq!(std::fs::read(copy.path().join("precious")).expect("the target"), before, "{name}");
        assert!(std::fs::symlink_metadata(&path).expect("there").is_symlink(), "{name} is left as it was");
    }
}

#[test]
fn t9_a_state_directory_that_is_no_safe_place_is_refused_by_name_and_left_as_it_is() {
    let company = seasoned();
    let mut places: Vec<(&str, &[&str], PrepareStore)> = vec![
        ("a link", &["is a link"], |folder| {
            std::fs::rename(folder.join("state"), folder.join("elsewhere")).expect("moved");
            symlink(folder.join("elsewhere"), folder.join("state")).expect("a link");
        }),
        ("readable by others", &["mode 0755", "chmod 700"], |folder| mode(&folder.join("state"), 0o755)),
        ("writable by all", &["mode 0777", "chmod 700"], |folder| mode(&folder.join("state"), 0o777)),
        ("a file", &["not a directory"], |folder| {
            std::fs::rename(folder.join("state"), folder.join("elsewhere")).expect("moved");
            std::fs::write(folder.join("state"), "precious").expect("written");
        }),
        ("a database open to others", &["state.db", "mode 0644", "chmod 600"], |folder| {
            mode(&folder.join("state/state.db"), 0o644);
        }),
        ("a ledger that is a link", &["ledger.ndjson", "is a link"], |folder| {
            std::fs::rename(folder.join("state/ledger.ndjson"), folder.join("precious")).expect("moved");
            symlink(folder.join("precious"), folder.join("state/ledger.ndjson")).expect("a link");
        }),
        ("reports open to others", &["reports", "mode 0755", "chmod 700"], |folder| {
            mode(&folder.join("state/reports"), 0o755);
        }),
    ];
    if is_root() {
        places.push(("of somebody else", &["belongs to user 12345"], |folder| {
            chown(folder.join("state"), Some(STRANGER), None).expect("given away");
        }));
        places.push(("a lock of somebody else", &["lock", "belongs to user 12345"], |folder| {
            chown(folder.join("state/lock"), Some(STRANGER), None).expect("given away");
        }));
    } else {
        cannot_run("t9 of somebody else", "the right to give files away (root)");
    }
    for (what, words, prepare) in places {
        for arguments in [&["scan", "--as-of", LATER, "--no-progress"][..], &["report"]] {
            let copy = company.copy();
            prepare(copy.path());
            let precious = std::fs::read(copy.path().join("precious")).unwrap_or_default();
            let run = copy.holdover(arguments);
            let told = format!("{what}, {arguments:?}: exit {}\n{}", run.code, run.stderr);
            // A reader takes no lock.
            if arguments[0] == "report" && words.contains(&"lock") {
                assert_eq!(run.code, 0, "{told}");
                continue;
            }
            assert_eq!(run.code, 6, "{told}");
            assert!(run.stderr.contains("state") && words.iter().all(|word| run.stderr.contains(word)), "{told}");
            assert_eq!(std::fs::read(copy.path().join("precious")).unwrap_or_default(), precious, "{told}");
            // Kept reports are met last; everything else is met before anything is said.
            assert!(run.stdout.is_empty() || words.contains(&"reports"), "{told}");
        }
    }
}
