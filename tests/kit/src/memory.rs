//! Documents in memory that can be damaged on purpose. Each fault counts how often it fired, because a test of a fault
//! that never happened proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scan_contract::{Cause, Document, Documents, Entry, EntryKind, Instant, Origin};

use crate::write::Files;

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It ends after this many bytes, as if that were all.
    CutAt(usize),
    /// Reading fails after this many bytes.
    ErrorAt(usize),
    /// It may not be opened.
    Denied,
    /// It is not there, although it was put there.
    Missing,
}

/// One fault and its counter.
#[derive(Debug, Clone)]
pub struct Planted {
    damage: Damage,
    fired: Arc<AtomicU64>,
}

impl Planted {
    /// How often it was met.
    pub fn fired(&self) -> u64 {
        self.fired.load(Ordering::SeqCst)
    }

    fn fire(&self) {
        self.fired.fetch_add(1, Ordering::SeqCst);
    }
}

/// The documents.
#[derive(Debug, Clone, Default)]
pub struct MemoryDocuments {
    files: BTreeMap<PathBuf, Arc<Vec<u8>>>,
    damage: BTreeMap<PathBuf, Planted>,
    modified: Option<Instant>,
}

/// A path without `.`, `..` and a leading slash.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

impl MemoryDocuments {
    /// No documents.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every file that was written.
    pub fn of(files: &Files) -> Self {
        let mut documents = Self::new();
        for (path, bytes) in files.iter() {
            documents.put(path, bytes);
        }
        documents
    }

    /// Puts a document.
    pub fn put(&mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(plain(path.as_ref()), Arc::new(bytes.into()));
    }

    /// Says when every document was last changed.
    pub fn modified(&mut self, at: Instant) {
        self.modified = Some(at);
    }

    /// Damages a document, or a folder with [`Damage::Denied`] or [`Damage::Missing`].
    pub fn damage(&mut self, path: impl AsRef<Path>, damage: Damage) -> Planted {
        let planted = Planted { damage, fired: Arc::new(AtomicU64::new(0)) };
        self.damage.insert(plain(path.as_ref()), planted.clone());
        planted
    }

    /// The fault of a path or of a folder above it.
    fn planted(&self, path: &Path) -> Option<&Planted> {
        path.ancestors().find_map(|above| self.damage.get(above))
    }

    /// Refuses what a fault refuses.
    fn refuse(&self, step: &str, path: &Path) -> Result<(), Cause> {
        let Some(planted) = self.planted(path) else { return Ok(()) };
        let kind = match planted.damage {
            Damage::Denied => io::ErrorKind::PermissionDenied,
            Damage::Missing => io::ErrorKind::NotFound,
            Damage::CutAt(_) | Damage::ErrorAt(_) => return Ok(()),
        };
        planted.fire();
        Err(cause(step, path, kind))
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || self.files.keys().any(|file| file != path && file.starts_with(path))
    }
}

fn cause(step: &str, path: &Path, kind: io::ErrorKind) -> Cause {
    match kind {
        io::ErrorKind::PermissionDenied => Cause::Denied { permission: format!("read access to {}", path.display()) },
        other => Cause::Unreachable { step: format!("{step} {}", path.display()), detail: other.to_string() },
    }
}

impl Documents for MemoryDocuments {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let path = plain(path);
        self.refuse("open", &path)?;
        let Some(bytes) = self.files.get(&path) else { return Err(cause("open", &path, io::ErrorKind::NotFound)) };
        let planted = self.damage.get(&path).cloned();
        let end = match planted.as_ref().map(|planted| planted.damage) {
            Some(Damage::CutAt(end)) => end.min(bytes.len()),
            _ => bytes.len(),
        };
        Ok(Document {
            reader: Box::new(Damaged { bytes: Arc::clone(bytes), at: 0, end, planted }),
            length: end as u64,
            modified: self.modified,
            origin: Origin(path.display().to_string()),
        })
    }

    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause> {
        let directory = plain(directory);
        self.refuse("list", &directory)?;
        if !self.is_folder(&directory) {
            return Err(cause("list", &directory, io::ErrorKind::NotFound));
        }
        let mut entries = BTreeSet::new();
        for file in self.files.keys() {
            let Ok(below) = file.strip_prefix(&directory) else { continue };
            let mut parts = below.components();
            let Some(Component::Normal(name)) = parts.next() else { continue };
            let kind = if parts.next().is_some() { EntryKind::Directory } else { EntryKind::File };
            let lost = self.damage.get(&directory.join(name)).filter(|planted| planted.damage == Damage::Missing);
            if let Some(planted) = lost {
                planted.fire();
                continue;
            }
            entries.insert(Entry { name: name.to_string_lossy().into_owned(), kind });
        }
        Ok(entries.into_iter().collect())
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        let path = plain(path);
        match self.refuse("look at", &path) {
            Err(Cause::Denied { permission }) => return Err(Cause::Denied { permission }),
            Err(_) => return Ok(false),
            Ok(()) => {}
        }
        Ok(self.files.contains_key(&path) || self.is_folder(&path))
    }
}

/// A reader that ends, or fails, where it was told to.
struct Damaged {
    bytes: Arc<Vec<u8>>,
    at: usize,
    end: usize,
    planted: Option<Planted>,
}

impl Read for Damaged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stop = match self.planted.as_ref().map(|planted| planted.damage) {
            Some(Damage::ErrorAt(at)) => at.min(self.end),
            _ => self.end,
        };
        let length = buffer.len().min(stop.saturating_sub(self.at));
        if length == 0 && !buffer.is_empty() {
            match &self.planted {
                Some(planted) if matches!(planted.damage, Damage::ErrorAt(at) if at <= self.end) => {
                    planted.fire();
                    return Err(io::Error::other("the disk failed here, as planned"));
                }
                Some(planted) if matches!(planted.damage, Damage::CutAt(at) if at < self.bytes.len()) => planted.fire(),
                _ => {}
            }
        }
        buffer[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> MemoryDocuments {
        let mut documents = MemoryDocuments::new();
        documents.put("a/one.txt", b"0123456789".to_vec());
        documents.put("a/b/two.txt", b"two".to_vec());
        documents
    }

    #[test]
    fn an_undamaged_document_is_whole_and_its_twin_is_cut() {
        let mut documents = documents();
        assert_eq!(documents.read_to_end(Path::new("a/one.txt"), 100).expect("whole"), b"0123456789");
        let fault = documents.damage("a/one.txt", Damage::CutAt(4));
        assert_eq!(fault.fired(), 0);
        assert_eq!(documents.read_to_end(Path::new("/a/./one.txt"), 100).expect("short"), b"0123");
        assert_eq!(fault.fired(), 1);
    }

    #[test]
    fn an_error_comes_after_the_bytes_before_it() {
        let mut documents = documents();
        let fault = documents.damage("a/one.txt", Damage::ErrorAt(4));
        let mut reader = documents.open(Path::new("a/one.txt")).expect("it opens").reader;
        let mut bytes = Vec::new();
        assert!(reader.read_to_end(&mut bytes).is_err());
        assert_eq!((bytes.as_slice(), fault.fired()), (b"0123".as_slice(), 1));
    }

    #[test]
    fn a_refusal_is_never_an_absence() {
        let mut documents = documents();
        let refused = documents.damage("a/b", Damage::Denied);
        assert!(matches!(documents.open(Path::new("a/b/two.txt")), Err(Cause::Denied { .. })));
        assert!(documents.exists(Path::new("a/b/two.txt")).is_err());
        let lost = documents.damage("a/b", Damage::Missing);
        assert_eq!(documents.exists(Path::new("a/b/two.txt")), Ok(false));
        assert_eq!(documents.list(Path::new("a")).expect("a list").len(), 1);
        assert!(refused.fired() == 2 && lost.fired() == 2);
    }
}
