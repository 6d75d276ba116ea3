//! The one door to files.
//!
//! Scanners open nothing themselves: they ask [`Documents`], so that a test can cut, deny or damage any file, and so
//! that a tree copied from a hostile host cannot lead outside itself.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use chrono::{DateTime, Utc};

use crate::cause::Cause;
use crate::fact::Instant;

/// Where a document came from, for messages and evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

/// An opened document.
pub struct Document {
    /// Its bytes, from the start.
    pub reader: Box<dyn Read + Send>,
    /// Its length in bytes.
    pub length: u64,
    /// When it was last changed, where the file system says so.
    pub modified: Option<Instant>,
    /// Its path as configured, for messages.
    pub origin: Origin,
}

/// What an entry of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, not followed when listed.
    Link,
    /// Anything else: socket, device, pipe. Never opened.
    Other,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name; a name that is not UTF-8 is reported by [`Documents::list`] as an error.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// Opens and lists files below one root.
pub trait Documents: Send + Sync {
    /// Opens a regular file. `Denied` and `Unreachable` say why it could not be.
    fn open(&self, path: &Path) -> Result<Document, Cause>;

    /// Entries of a directory, sorted by name.
    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause>;

    /// Whether the path exists, without opening it. A refusal is an error, never "no".
    fn exists(&self, path: &Path) -> Result<bool, Cause>;

    /// The whole of a small document, at most `limit` bytes.
    fn read_to_end(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Cause> {
        let document = self.open(path)?;
        let mut bytes = Vec::new();
        document.reader.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_cause("read", path, &error))?;
        if bytes.len() as u64 > limit {
            return Err(Cause::LimitHit { limit: format!("{} is larger than {limit} bytes", path.display()) });
        }
        Ok(bytes)
    }
}

/// The cause of a failed file operation. No content is quoted.
pub fn io_cause(step: &str, path: &Path, error: &std::io::Error) -> Cause {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Cause::Denied { permission: format!("read access to {}", path.display()) }
        }
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => {
            Cause::CutOff { what: format!("{}: {error}", path.display()) }
        }
        _ => Cause::Unreachable { step: format!("{step} {}", path.display()), detail: error.to_string() },
    }
}

/// Files on disk.
#[derive(Debug, Clone)]
pub enum DiskDocuments {
    /// Paths an operator configured: relative ones start at `base`, absolute ones are taken as they are, links are
    /// followed. The operator is trusted.
    Operator {
        /// Folder of the configuration file.
        base: PathBuf,
    },
    /// A tree copied from elsewhere: nothing in it, link or `..`, leads outside. The tree is hostile.
    Tree {
        /// The root, held open.
        root: Arc<Dir>,
        /// Its path, for messages.
        name: PathBuf,
    },
}

impl DiskDocuments {
    /// Configured files, relative to the configuration's folder.
    pub fn operator(base: impl Into<PathBuf>) -> Self {
        Self::Operator { base: base.into() }
    }

    /// A tree that is not trusted.
    pub fn tree(path: &Path) -> Result<Self, Cause> {
        let root = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|error| io_cause("open directory", path, &error))?;
        Ok(Self::Tree { root: Arc::new(root), name: path.to_path_buf() })
    }

    fn inside(path: &Path) -> PathBuf {
        path.components().filter(|part| !matches!(part, Component::RootDir | Component::Prefix(_))).collect()
    }
}

impl Documents for DiskDocuments {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let (file, origin) = match self {
            Self::Operator { base } => {
                let full = base.join(path);
                (std::fs::File::open(&full).map_err(|error| io_cause("open", path, &error))?, path.to_path_buf())
            }
            Self::Tree { root, name } => {
                let inside = Self::inside(path);
                // Looked at before it is opened: opening a pipe left in a hostile tree would hang for ever.
                let what = root.metadata(&inside).map_err(|error| io_cause("open", path, &error))?;
                if !what.is_file() {
                    return Err(not_a_file(path));
                }
                let file = root.open(&inside).map_err(|error| io_cause("open", path, &error))?;
                (file.into_std(), name.join(inside))
            }
        };
        let metadata = file.metadata().map_err(|error| io_cause("look at", path, &error))?;
        if !metadata.is_file() {
            return Err(not_a_file(path));
        }
        // A file system without times of modification is not an error: the time is then simply not known.
        let modified = match metadata.modified() {
            Ok(time) => Some(DateTime::<Utc>::from(time)),
            Err(_) => None,
        };
        Ok(Document {
            reader: Box::new(file),
            length: metadata.len(),
            modified,
            origin: Origin(origin.display().to_string()),
        })
    }

    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause> {
        let failed = |error: &std::io::Error| io_cause("list", directory, error);
        let mut entries = Vec::new();
        match self {
            Self::Operator { base } => {
                for entry in std::fs::read_dir(base.join(directory)).map_err(|error| failed(&error))? {
                    let entry = entry.map_err(|error| failed(&error))?;
                    let kind = entry.file_type().map_err(|error| failed(&error))?;
                    let kind = entry_kind(kind.is_file(), kind.is_dir(), kind.is_symlink());
                    entries.push(Entry { name: utf8_name(directory, entry.file_name())?, kind });
                }
            }
            Self::Tree { root, .. } => {
                let inside = Self::inside(directory);
                let listed = if inside.as_os_str().is_empty() { root.entries() } else { root.read_dir(&inside) };
                for entry in listed.map_err(|error| failed(&error))? {
                    let entry = entry.map_err(|error| failed(&error))?;
                    let kind = entry.file_type().map_err(|error| failed(&error))?;
                    let kind = entry_kind(kind.is_file(), kind.is_dir(), kind.is_symlink());
                    entries.push(Entry { name: utf8_name(directory, entry.file_name())?, kind });
                }
            }
        }
        entries.sort();
        Ok(entries)
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        let found = match self {
            Self::Operator { base } => std::fs::metadata(base.join(path)).map(|_| ()),
            Self::Tree { root, .. } => root.metadata(Self::inside(path)).map(|_| ()),
        };
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(io_cause("look at", path, &error)),
        }
    }
}

fn not_a_file(path: &Path) -> Cause {
    Cause::Malformed { what: format!("{} is not a regular file", path.display()) }
}

fn entry_kind(file: bool, directory: bool, link: bool) -> EntryKind {
    match (file, directory, link) {
        (true, _, _) => EntryKind::File,
        (_, true, _) => EntryKind::Directory,
        (_, _, true) => EntryKind::Link,
        _ => EntryKind::Other,
    }
}

fn utf8_name(directory: &Path, name: std::ffi::OsString) -> Result<String, Cause> {
    name.into_string().map_err(|name| Cause::Malformed {
        what: format!("{} holds a name that is not UTF-8: {}", directory.display(), name.to_string_lossy()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leaves_the_tree_is_refused() {
        let folder = std::env::temp_dir().join(format!("holdover-tree-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        std::fs::write(folder.join("inside"), b"fine").expect("a file");
        let link = folder.join("outside");
        if !link.exists() {
            std::os::unix::fs::symlink("/etc/passwd", &link).expect("a link");
        }
        let tree = DiskDocuments::tree(&folder).expect("the tree opens");
        assert_eq!(tree.read_to_end(Path::new("inside"), 10).expect("inside is readable"), b"fine");
        assert!(tree.open(Path::new("outside")).is_err(), "a link to the host's own passwd must not open");
        assert!(tree.open(Path::new("../../etc/passwd")).is_err(), "dots must not leave the tree");
        std::fs::remove_dir_all(&folder).expect("clean up");
    }
}
