//! Which file serves which scope. Made from the settings and the headers, before any record is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scan_contract::{Cause, Documents, Gap, Pass, Scope, ScopeName};

use crate::native;
use crate::settings::{Format, Settings};

/// The one scope kind of this connector.
pub(crate) const SCOPE_KIND: &str = "import";

/// What one file serves.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    /// The file, as configured.
    pub(crate) path: PathBuf,
    /// Its scopes for the engine.
    pub(crate) pass: Pass,
    /// Two files that claim one scope: told for both.
    pub(crate) clashes: Vec<Gap>,
    /// Scopes that belong to another file, under the name they have here.
    renamed: BTreeMap<String, ScopeName>,
}

impl Served {
    /// What a scope that the file calls `written` is called for the engine.
    pub(crate) fn name(&self, written: &str) -> ScopeName {
        self.renamed.get(written).cloned().unwrap_or_else(|| ScopeName::from(written))
    }
}

/// The plan of one system.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// One a file, in the order of the settings.
    pub(crate) files: Vec<Served>,
    /// The system that the native files say they are from, if all that could be read agree on another one.
    pub(crate) foreign: Option<String>,
}

impl Plan {
    /// Looks at every header. A file that cannot be opened keeps its place: it fails when it is read.
    pub(crate) fn make(settings: &Settings, documents: &dyn Documents) -> Self {
        let mut making = Making { settings, claims: Vec::new(), systems: Vec::new() };
        for file in &settings.files {
            making.look(&file.path, &file.format, documents);
        }
        making.finish()
    }
}

struct Making<'s> {
    settings: &'s Settings,
    /// Per file: the scopes it claims, `None` if its header cannot be read.
    claims: Vec<Option<Vec<String>>>,
    systems: Vec<String>,
}

impl Making<'_> {
    fn look(&mut self, path: &Path, format: &Format, documents: &dyn Documents) {
        let claim = match format {
            Format::Csv(csv) => Some(vec![csv.scope.to_string()]),
            Format::Ndjson => match native::peek(documents, path, self.settings.limits) {
                Ok(header) => {
                    self.systems.push(header.system);
                    Some(header.scopes)
                }
                // Not lost: reading the file meets the same error and says it.
                Err(_) => None,
            },
        };
        self.claims.push(claim);
    }

    fn finish(self) -> Plan {
        let declared = self.settings.system.as_str();
        let foreign = match self.systems.split_first() {
            Some((first, rest)) if first != declared && rest.iter().all(|system| system != declared) => {
                Some(first.clone())
            }
            _ => None,
        };
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for (index, claim) in self.claims.iter().enumerate() {
            for scope in claim.iter().flatten() {
                owners.entry(scope.clone()).or_insert(index);
            }
        }
        let mut files: Vec<Served> = Vec::new();
        for (index, claim) in self.claims.iter().enumerate() {
            let served = self.serve(index, claim.as_deref().unwrap_or(&[]), &owners);
            files.push(served);
        }
        self.tell_owners(&owners, &mut files);
        self.place_missing(&owners, &mut files);
        Plan { files, foreign }
    }

    fn path(&self, index: usize) -> String {
        self.settings.files.get(index).map_or_else(String::new, |file| file.path.display().to_string())
    }

    fn serve(&self, index: usize, claim: &[String], owners: &BTreeMap<String, usize>) -> Served {
        let path = self.path(index);
        let mut renamed = BTreeMap::new();
        for (scope, owner) in owners {
            if *owner != index {
                renamed.insert(scope.clone(), ScopeName::from(format!("{scope} ({path})")));
            }
        }
        let mut clashes = Vec::new();
        let mut scopes = Vec::new();
        for scope in claim {
            let name = renamed.get(scope).cloned().unwrap_or_else(|| ScopeName::from(scope.as_str()));
            if let Some(owner) = owners.get(scope).filter(|owner| **owner != index) {
                let what = format!("{} claims the scope {scope:?} too; a scope has one file", self.path(*owner));
                clashes.push(Gap::scope(&name, Cause::Malformed { what }));
            }
            scopes.push(Scope::new(name, SCOPE_KIND));
        }
        Served { path: PathBuf::from(&path), pass: Pass::new(path, scopes), clashes, renamed }
    }

    /// The file that keeps the name of a contested scope is not whole either.
    fn tell_owners(&self, owners: &BTreeMap<String, usize>, files: &mut [Served]) {
        for (index, claim) in self.claims.iter().enumerate() {
            for scope in claim.iter().flatten() {
                let Some(owner) = owners.get(scope).filter(|owner| **owner != index) else { continue };
                let what = format!("{} claims the scope {scope:?} too; a scope has one file", self.path(index));
                if let Some(served) = files.get_mut(*owner) {
                    let name = ScopeName::from(scope.as_str());
                    served.clashes.push(Gap::scope(&name, Cause::Malformed { what }));
                }
            }
        }
    }

    /// Declared scopes that no header names belong to a file whose header cannot be read, else to the first native
    /// file, where they are not in the source. A file without any scope gets one named after itself (COV-1).
    fn place_missing(&self, owners: &BTreeMap<String, usize>, files: &mut [Served]) {
        let unreadable = self.claims.iter().position(Option::is_none);
        let native = self.settings.files.iter().position(|file| file.format == Format::Ndjson);
        let home = unreadable.or(native).unwrap_or(0);
        for name in self.settings.scopes.iter().flatten() {
            if !owners.contains_key(name.as_str())
                && let Some(served) = files.get_mut(home)
            {
                served.pass.scopes.push(Scope::new(name.clone(), SCOPE_KIND));
            }
        }
        for served in files {
            if served.pass.scopes.is_empty() {
                served.pass.scopes.push(Scope::new(served.pass.name.clone(), SCOPE_KIND));
            }
        }
    }
}
