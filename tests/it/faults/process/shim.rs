//! The preloaded library: compiled once, told by the environment what to do, asked afterwards what it did.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::company::sha256;

/// What a call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Write,
    Fsync,
    Rename,
    Truncate,
    Unlink,
    /// A file is made.
    Open,
    /// Bytes for a socket.
    Send,
    /// Any of them but `Send`.
    File,
}

impl Call {
    fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Fsync => "fsync",
            Self::Rename => "rename",
            Self::Truncate => "truncate",
            Self::Unlink => "unlink",
            Self::Open => "open",
            Self::Send => "send",
            Self::File => "file",
        }
    }
}

/// What happens at that call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    NoSpace,
    InputOutput,
    Short,
    KillBefore,
    KillAfter,
    /// Half of the bytes are written, and then it is killed.
    KillHalf,
}

impl Act {
    fn word(self) -> &'static str {
        match self {
            Self::NoSpace => "enospc",
            Self::InputOutput => "eio",
            Self::Short => "short",
            Self::KillBefore => "before",
            Self::KillAfter => "after",
            Self::KillHalf => "half",
        }
    }
}

/// Once, or from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasts {
    Once,
    On,
}

/// One fault at one point.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) call: Call,
    /// Part of a path.
    pub(super) name: Option<&'static str>,
    pub(super) nth: usize,
    pub(super) act: Act,
    pub(super) lasts: Lasts,
}

impl Point {
    pub(super) fn nth(call: Call, nth: usize, act: Act) -> Self {
        Self { call, name: None, nth, act, lasts: Lasts::Once }
    }

    pub(super) fn named(call: Call, name: &'static str, nth: usize, act: Act) -> Self {
        Self { call, name: Some(name), nth, act, lasts: Lasts::Once }
    }

    pub(super) fn on(self) -> Self {
        Self { lasts: Lasts::On, ..self }
    }
}

/// The library over one folder, and what it tells.
pub(super) struct Shim {
    below: PathBuf,
    told: tempfile::TempDir,
    point: Option<Point>,
    /// Copies of files as they were when they were last synced.
    synced: Option<tempfile::TempDir>,
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kit/shim/fail.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let digest = sha256(&std::fs::read(&source).expect("the source"));
        let library = folder.join(format!("fail-{}.so", &digest[..16]));
        if !library.exists() {
            // Another test program may do the same at this moment.
            let fresh = folder.join(format!("fail-{}-{}.so", &digest[..16], std::process::id()));
            let compiled = Command::new("cc")
                .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
                .args([&fresh, &source])
                .output()
                .expect("a C compiler, which the database needs as well");
            assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
            std::fs::rename(&fresh, &library).expect("renamed");
        }
        library
    })
}

fn inode(path: &Path) -> String {
    std::os::unix::fs::MetadataExt::ino(&std::fs::symlink_metadata(path).expect("a file")).to_string()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { todo.push(path) } else { found.push(path) }
        }
    }
    found
}

impl Shim {
    /// Counts what is done below a folder, and does no harm.
    pub(super) fn watching(folder: &Path) -> Self {
        let below = folder.canonicalize().expect("a folder");
        Self { below, told: tempfile::tempdir().expect("a folder"), point: None, synced: None }
    }

    /// Does harm at one point.
    pub(super) fn at(folder: &Path, point: Point) -> Self {
        Self { point: Some(point), ..Self::watching(folder) }
    }

    /// Remembers what is synced, for [`Shim::cut_power`]. What is there now counts as synced.
    pub(super) fn remembering(folder: &Path, point: Point) -> Self {
        let synced = tempfile::tempdir().expect("a folder");
        for path in files_below(folder) {
            std::fs::copy(&path, synced.path().join(inode(&path))).expect("a copy");
        }
        Self { synced: Some(synced), ..Self::at(folder, point) }
    }

    /// Gives every file the bytes that were last synced; a file that never was is left empty. Gives how many changed.
    pub(super) fn cut_power(&self) -> usize {
        let synced = self.synced.as_ref().expect("it remembers").path();
        let mut changed = 0;
        for path in files_below(&self.below) {
            let bytes = match std::fs::read(synced.join(inode(&path))) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                Err(error) => panic!("{}: {error}", path.display()),
            };
            if std::fs::read(&path).expect("a file") != bytes {
                changed += 1;
                std::fs::write(&path, bytes).expect("written");
            }
        }
        changed
    }

    /// Puts it before a program.
    pub(super) fn before(&self, command: &mut Command) {
        command.envs(self.variables());
    }

    /// The environment of a program that it is put before.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.display().to_string();
        let mut variables = vec![("LD_PRELOAD", text(library())), ("HOLDOVER_FAULT_BELOW", text(&self.below))];
        if let Some(synced) = &self.synced {
            variables.push(("HOLDOVER_FAULT_SYNCED", text(synced.path())));
        }
        let Some(point) = &self.point else {
            variables.push(("HOLDOVER_FAULT_TRACE", text(&self.told.path().join("trace"))));
            return variables;
        };
        variables.extend([
            ("HOLDOVER_FAULT_CALL", String::from(point.call.word())),
            ("HOLDOVER_FAULT_NTH", point.nth.to_string()),
            ("HOLDOVER_FAULT_DO", String::from(point.act.word())),
            ("HOLDOVER_FAULT_FIRED", text(&self.told.path().join("fired"))),
        ]);
        variables.extend(point.name.map(|name| ("HOLDOVER_FAULT_NAME", String::from(name))));
        if point.lasts == Lasts::On {
            variables.push(("HOLDOVER_FAULT_ON", String::from("1")));
        }
        variables
    }

    fn lines(&self, name: &str) -> Vec<String> {
        match std::fs::read_to_string(self.told.path().join(name)) {
            Ok(text) => text.lines().map(|line| line.replace(&self.below.display().to_string(), "")).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// What it did, one line each: call, number, path. Empty where the point was never reached.
    pub(super) fn fired(&self) -> Vec<String> {
        self.lines("fired")
    }

    /// What it saw, one line each: call, a zero, path.
    pub(super) fn seen(&self) -> Vec<String> {
        self.lines("trace")
    }

    /// How many calls it saw at which such a point is counted.
    pub(super) fn count_at(&self, point: &Point) -> usize {
        let word = format!("{} ", point.call.word());
        let counts = |line: &&String| line.starts_with(&word) && point.name.is_none_or(|name| line.contains(name));
        self.seen().iter().filter(counts).count()
    }

    /// How many of these calls it saw.
    pub(super) fn count(&self, call: Call) -> usize {
        let counts = |line: &&String| {
            let word = line.split(' ').next().unwrap_or_default();
            word == call.word() || (call == Call::File && word != Call::Send.word())
        };
        self.seen().iter().filter(counts).count()
    }
}
