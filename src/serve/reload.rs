//! Whether files changed that the configuration stands on.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What tells one version of a file from another. Links are followed: Kubernetes renews a mounted file by turning a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// Remembers how files looked.
#[derive(Debug, Clone)]
pub struct Watched {
    files: Vec<(PathBuf, Option<Look>)>,
}

impl Watched {
    /// Looks at files for the first time.
    pub fn new(files: Vec<PathBuf>) -> Self {
        let files = files.into_iter().map(|path| {
            let look = look(&path);
            (path, look)
        });
        Self { files: files.collect() }
    }

    /// Watches these from now on. Of those that were watched already the last look is kept, so that a change that came
    /// after it, while they were being read, is told.
    pub fn follow(&mut self, files: Vec<PathBuf>) {
        let known = std::mem::take(&mut self.files);
        let files = files.into_iter().map(|path| {
            let before = known.iter().find(|(known, _)| *known == path).map(|(_, before)| *before);
            let before = before.unwrap_or_else(|| look(&path));
            (path, before)
        });
        self.files = files.collect();
    }

    /// Whether one of them looks different from last time. A change is told once.
    pub fn changed(&mut self) -> bool {
        let mut changed = false;
        for (path, before) in &mut self.files {
            let now = look(path);
            changed |= *before != now;
            *before = now;
        }
        changed
    }
}

/// A file that cannot be looked at is as good as gone: loading says why.
fn look(path: &Path) -> Option<Look> {
    match fs::metadata(path) {
        Ok(facts) => Some(Look {
            device: facts.dev(),
            inode: facts.ino(),
            size: facts.size(),
            modified: (facts.mtime(), facts.mtime_nsec()),
        }),
        Err(error) => {
            tracing::debug!(event = "watch", file = %path.display(), %error);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_a_turned_link_and_a_missing_file_are_told_once_and_rest_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("holdover.yaml");
        let link = folder.path().join("key");
        fs::write(&file, "one").unwrap();
        fs::write(folder.path().join("first"), "a").unwrap();
        fs::write(folder.path().join("second"), "a").unwrap();
        std::os::unix::fs::symlink("first", &link).unwrap();
        let mut watched = Watched::new(vec![file.clone(), link.clone()]);
        assert!(!watched.changed());
        fs::write(&file, "longer").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("second", &link).unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::remove_file(&file).unwrap();
        assert!(watched.changed() && !watched.changed());
    }

    #[test]
    fn what_is_saved_again_while_it_is_read_is_told_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let (file, key) = (folder.path().join("holdover.yaml"), folder.path().join("key"));
        fs::write(&file, "one").unwrap();
        fs::write(&key, "a").unwrap();
        let mut watched = Watched::new(vec![file.clone()]);
        fs::write(&file, "second").unwrap();
        assert!(watched.changed());
        // It is read here, and saved once more before its new list of files is taken over.
        fs::write(&file, "the third").unwrap();
        watched.follow(vec![file.clone(), key.clone()]);
        assert!(watched.changed() && !watched.changed());
        watched.follow(vec![file, key]);
        assert!(!watched.changed(), "the twin: nothing was saved meanwhile");
    }
}
