//! No silent miss: whatever happens to a file on its way, the run that reads it ends in a gap that names it, and
//! closes nothing.
//!
//! Each kind of input has its table: a sound run first that opens findings, then one damage after the other on a copy
//! of the folder, judged a day later, when a closing would be due.

mod aws;
mod list;
mod native;
mod random;
mod roster;
mod ssh;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use crate::company::{Company, Copy, Run, list, word};

/// A day after [`crate::company::NOW`].
pub(crate) const LATER: &str = "2026-08-04T06:00:00Z";

/// A company after a sound run that opened findings.
pub(crate) struct Sound {
    company: Company,
    open: BTreeMap<String, String>,
}

impl Sound {
    /// Runs the company as it is written. Only scopes whose name begins with one of `impossible` may be incomplete.
    pub(crate) fn new(company: Company, impossible: &[&str]) -> Self {
        let run = company.scan();
        let incomplete: Vec<String> =
            run.incomplete().into_iter().filter(|scope| !impossible.iter().any(|word| scope.contains(word))).collect();
        assert!(incomplete.is_empty(), "the sound run is whole: {:?}", run.gaps());
        run.expect(if impossible.is_empty() { 1 } else { 4 });
        let open = open(&run);
        assert!(open.len() >= 2, "the sound run opens findings: {open:?}");
        Self { company, open }
    }

    /// Folder of the sound run.
    pub(crate) fn path(&self) -> &Path {
        self.company.path()
    }

    /// Damages a copy and scans it a day later.
    pub(crate) fn after(&self, damage: impl FnOnce(&Path)) -> (Copy, Run) {
        let copy = self.company.copy();
        damage(copy.path());
        let run = copy.scan_at(LATER);
        (copy, run)
    }

    /// The damage shows as a gap that has one of `names` in it, and nothing closes.
    pub(crate) fn refuses(&self, what: &str, names: &[&str], damage: impl FnOnce(&Path)) {
        let (copy, run) = self.after(damage);
        self.check(what, names, &run);
        drop(copy);
    }

    /// The same for a run that was made already.
    pub(crate) fn check(&self, what: &str, names: &[&str], run: &Run) {
        assert!(matches!(run.code, 3 | 4), "{what}: exit {}\n{}\n{}", run.code, run.stderr, run.stdout);
        assert_eq!(run.code, 4, "{what}: what was open stays open\n{}", run.stdout);
        assert!(run.flag("gaps"), "{what}");
        let gaps = run.gaps();
        assert!(
            gaps.iter().any(|gap| names.iter().any(|name| gap.contains(name))),
            "{what}: no {names:?} in {gaps:#?}"
        );
        self.nothing_closes(what, run);
    }

    /// No finding that was open is closed, or on its way to it, or gone.
    pub(crate) fn nothing_closes(&self, what: &str, run: &Run) {
        assert!(run.closed().is_empty(), "{what}: closed {:?}\n{:#?}", run.closed(), run.gaps());
        let now = open(run);
        for (print, before) in &self.open {
            let state =
                now.get(print).unwrap_or_else(|| panic!("{what}: {print} ({before}) is gone\n{:#?}", run.gaps()));
            assert!(
                matches!(state.as_str(), "observed" | "confirmed" | "unverified"),
                "{what}: {print} was {before} and is {state}\n{:#?}",
                run.gaps()
            );
        }
    }

    /// Nothing is judged differently: what follows a damage that changes no meaning.
    pub(crate) fn is_unchanged(&self, run: &Run) -> bool {
        run.closed().is_empty() && open(run) == self.open
    }
}

/// Open findings, by fingerprint.
pub(crate) fn open(run: &Run) -> BTreeMap<String, String> {
    list(&run.report()["findings"])
        .iter()
        .map(|finding| (word(&finding["fingerprint"]), word(&finding["state"])))
        .collect()
}

/// Replaces the bytes of a file by what `change` makes of them; a change that changes nothing is a mistake of the test.
pub(crate) fn rewrite(folder: &Path, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = folder.join(name);
    let before = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let after = change(before.clone());
    assert_ne!(before, after, "{name}: the damage did not happen");
    std::fs::write(path, after).expect("a file");
}

/// Replaces a text in a file.
pub(crate) fn swap(folder: &Path, name: &str, from: &str, to: &str) {
    rewrite(folder, name, |bytes| {
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.contains(from), "{name} has no {from:?}");
        text.replace(from, to).into_bytes()
    });
}

/// Cuts a file to its first `length` bytes.
pub(crate) fn cut(folder: &Path, name: &str, length: usize) {
    rewrite(folder, name, |mut bytes| {
        bytes.truncate(length);
        bytes
    });
}

/// A directory in the place of a file: what an unreadable file is to root.
pub(crate) fn directory(folder: &Path, name: &str) {
    std::fs::remove_file(folder.join(name)).expect("removed");
    std::fs::create_dir(folder.join(name)).expect("a folder");
}

/// A link that leads nowhere in the place of a file.
pub(crate) fn dangling(folder: &Path, name: &str) {
    std::fs::remove_file(folder.join(name)).expect("removed");
    std::os::unix::fs::symlink("nowhere", folder.join(name)).expect("a link");
}

/// The ways in which any file can fail to be there.
pub(crate) fn absences() -> [(&'static str, fn(&Path, &str)); 4] {
    [
        ("missing", |folder, name| std::fs::remove_file(folder.join(name)).expect("removed")),
        ("a directory", directory),
        ("a dangling link", dangling),
        ("empty", |folder, name| cut(folder, name, 0)),
    ]
}

/// Positions to cut at: spread over the whole, and close together in the last line.
pub(crate) fn cuts(bytes: &[u8], spread: usize, in_last_line: usize) -> Vec<usize> {
    let last_line = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let mut positions: Vec<usize> = (0..spread).map(|step| bytes.len() * step / spread).collect();
    let width = bytes.len() - last_line;
    positions.extend((0..in_last_line).map(|step| last_line + width * step / in_last_line));
    // The byte before the line's end is the cruellest place: everything seems to be there.
    positions.push(bytes.len() - 2);
    positions.sort_unstable();
    positions.dedup();
    positions
}
