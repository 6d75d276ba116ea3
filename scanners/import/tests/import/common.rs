//! Documents in memory, and an engine small enough to be seen through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scan_contract::{
    Access, AsOf, Cause, Document, Documents, EndProof, Entry, Gap, Item, Origin, Pass, ProofKind, Scanner as _,
    ScopeName, ScopeState, SystemId, channel,
};
use scan_import::{FileSettings, Format, Import, Limits, Settings};

/// A file in memory.
#[derive(Clone)]
pub(crate) enum File {
    Bytes(Vec<u8>),
    Denied,
    /// Reading fails after these bytes.
    Breaks(Vec<u8>),
}

/// Files in memory; whatever is not here does not exist.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<PathBuf, File>);

struct Breaking(io::Cursor<Vec<u8>>);

impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

impl Documents for Memory {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let (reader, length): (Box<dyn Read + Send>, usize) = match self.0.get(path) {
            Some(File::Bytes(bytes)) => (Box::new(io::Cursor::new(bytes.clone())), bytes.len()),
            Some(File::Breaks(bytes)) => (Box::new(Breaking(io::Cursor::new(bytes.clone()))), bytes.len()),
            Some(File::Denied) => {
                return Err(Cause::Denied { permission: format!("read access to {}", path.display()) });
            }
            None => {
                let step = format!("open {}", path.display());
                return Err(Cause::Unreachable { step, detail: String::from("no such file") });
            }
        };
        let modified = "2026-08-02T00:00:00Z".parse().ok();
        Ok(Document { reader, length: length as u64, modified, origin: Origin(path.display().to_string()) })
    }

    fn list(&self, _: &Path) -> Result<Vec<Entry>, Cause> {
        Ok(Vec::new())
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        Ok(self.0.contains_key(path))
    }
}

/// Small chunks, so that every seam is walked over.
pub(crate) fn small() -> Limits {
    Limits { line_bytes: 2_000, chunk_bytes: 2_100, ..Limits::default() }
}

pub(crate) fn settings(files: impl IntoIterator<Item = FileSettings>) -> Settings {
    let mut settings = Settings::new(SystemId::from("crm"));
    settings.files = files.into_iter().collect();
    settings.limits = small();
    settings
}

pub(crate) fn native(path: &str) -> FileSettings {
    FileSettings { path: PathBuf::from(path), format: Format::Ndjson }
}

/// How one scope ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) as_of: Option<AsOf>,
    pub(crate) proof: Option<EndProof>,
    pub(crate) gaps: Vec<(Option<String>, Cause)>,
    pub(crate) keys: BTreeSet<(String, String)>,
}

/// Everything that came out of a system.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) scopes: BTreeMap<String, Seen>,
    pub(crate) accesses: Vec<Access>,
    pub(crate) notices: Vec<String>,
    pub(crate) declared: Vec<Pass>,
}

impl Outcome {
    pub(crate) fn scope(&self, name: &str) -> &Seen {
        self.scopes
            .get(name)
            .unwrap_or_else(|| panic!("the scope {name} is missing; there are {:?}", self.scopes.keys()))
    }

    /// The state of a scope by the rules of coverage: a seal with proof, no gap, and the announced number.
    pub(crate) fn state(&self, name: &str) -> ScopeState {
        self.scope(name).state()
    }

    /// Codes of the gaps of a scope.
    pub(crate) fn codes(&self, name: &str) -> Vec<&'static str> {
        self.scope(name).gaps.iter().map(|(_, cause)| cause.code()).collect()
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.accesses.iter().map(|access| access.grant_id.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        format!("{:#?}", self.scopes)
    }
}

impl Seen {
    pub(crate) fn state(&self) -> ScopeState {
        let worst = self.gaps.iter().map(|(_, cause)| cause.state()).max_by_key(|state| match state {
            ScopeState::Partial => 1,
            _ => 2,
        });
        match (worst, &self.proof) {
            (Some(state), _) => state,
            (None, None) => ScopeState::Failed,
            (None, Some(proof)) if proof.kind == ProofKind::EndOfFile => ScopeState::Partial,
            (None, Some(proof)) if proof.announced.is_some_and(|count| count != self.keys.len() as u64) => {
                ScopeState::Partial
            }
            (None, Some(_)) => ScopeState::Complete,
        }
    }
}

/// Runs one system to its end.
pub(crate) fn run(settings: &Settings, documents: &Memory) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let import = Import::new(settings.clone(), Arc::new(documents.clone())).expect("the scanner is made");
        let passes = import.declare().await.expect("declaring reads no record");
        let mut outcome = Outcome { declared: passes.clone(), ..Outcome::default() };
        for pass in &passes {
            for scope in &pass.scopes {
                assert!(
                    outcome.scopes.insert(scope.name.to_string(), Seen::default()).is_none(),
                    "{} twice",
                    scope.name
                );
            }
        }
        for pass in &passes {
            let (outlet, mut receiver) = channel(4);
            let reading = import.read(pass, outlet);
            let mut scopes: BTreeSet<ScopeName> = pass.scopes.iter().map(|scope| scope.name.clone()).collect();
            let taking = async {
                let mut cursors = BTreeSet::new();
                while let Some(item) = receiver.recv().await {
                    take(item, &mut outcome, &mut scopes, &mut cursors);
                }
            };
            let (end, ()) = tokio::join!(reading, taking);
            if let Err(cause) = end {
                for name in &scopes {
                    let seen = outcome.scopes.entry(name.to_string()).or_default();
                    if seen.proof.is_none() {
                        seen.gaps.push((None, cause.clone()));
                    }
                }
            }
        }
        outcome
    })
}

fn take(item: Item, outcome: &mut Outcome, scopes: &mut BTreeSet<ScopeName>, cursors: &mut BTreeSet<String>) {
    match item {
        Item::Open { scope, as_of } => {
            assert!(scopes.contains(&scope), "{scope} was opened and never declared");
            outcome.scopes.entry(scope.to_string()).or_default().as_of = as_of;
        }
        Item::Sheet { sheet, cursor } => {
            assert!(cursors.insert(cursor.0.clone()), "the cursor {cursor:?} came twice");
            for index in 0..sheet.len() {
                let access = sheet.decode(index).expect("what was validated decodes");
                same_head(&*sheet, index, &access);
                let seen = outcome.scopes.get_mut(access.scope.as_str()).expect("the scope of a record is declared");
                seen.keys.insert((access.kind.to_string(), access.grant_id.to_string()));
                outcome.accesses.push(access);
            }
        }
        Item::Scopes(found) => {
            for scope in found {
                outcome.scopes.entry(scope.name.to_string()).or_default();
                scopes.insert(scope.name);
            }
        }
        Item::Gap(Gap { scope: Some(scope), part, cause }) => {
            assert!(scopes.contains(&scope), "{scope} has a gap and was never declared");
            outcome.scopes.entry(scope.to_string()).or_default().gaps.push((part, cause));
        }
        Item::Gap(Gap { scope: None, part, cause }) => {
            for scope in scopes.iter() {
                outcome.scopes.entry(scope.to_string()).or_default().gaps.push((part.clone(), cause.clone()));
            }
        }
        Item::Notice(text) => outcome.notices.push(text),
        Item::Seal { scope, proof } => outcome.scopes.entry(scope.to_string()).or_default().proof = Some(proof),
    }
}

/// The head that decides whose a record is must say what the whole record says.
fn same_head(sheet: &dyn scan_contract::Sheet, index: usize, access: &Access) {
    let whole = vec![access.clone()];
    let whole: &dyn scan_contract::Sheet = &whole;
    assert_eq!(format!("{:?}", sheet.head(index)), format!("{:?}", whole.head(0)));
    let holders = |sheet: &dyn scan_contract::Sheet, index| {
        let mut text = String::new();
        sheet.visit_holders(index, &mut |holder| _ = write!(text, "{holder:?}"));
        text
    };
    assert_eq!(holders(sheet, index), holders(whole, 0));
}
