//! What was fetched over HTTP, as the files it takes the place of: table and manifest lie in memory under the name of the
//! source, and everything that judges files judges them.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use scan_contract::{Cause, Document, Documents, Entry, Instant, Origin};
use scan_hr::Fetched;

use super::settings::SourceSettings;
use super::sources::coverage_word;

/// Configured files, with what was fetched beside them.
pub struct WithFetched<'a> {
    files: &'a dyn Documents,
    fetched: BTreeMap<PathBuf, Result<(bytes::Bytes, Instant), Cause>>,
}

impl<'a> WithFetched<'a> {
    /// Nothing fetched yet.
    pub fn new(files: &'a dyn Documents) -> Self {
        Self { files, fetched: BTreeMap::new() }
    }

    /// Puts down what a source gave, or why it gave nothing. Whatever reads its file later reads this.
    pub fn put(&mut self, source: &SourceSettings, given: Result<Fetched, Cause>) {
        let manifest = source.manifest.clone();
        match given {
            Ok(fetched) => {
                let text = serde_json::json!({
                    "as_of": fetched.as_of.to_rfc3339(),
                    "rows": fetched.rows,
                    "sha256": fetched.sha256,
                    "coverage": coverage_word(source.coverage),
                });
                if let Some(path) = manifest {
                    let bytes = bytes::Bytes::from(text.to_string());
                    self.fetched.insert(path, Ok((bytes, fetched.as_of)));
                }
                self.fetched.insert(source.path.clone(), Ok((fetched.table, fetched.as_of)));
            }
            Err(cause) => {
                self.fetched.insert(source.path.clone(), Err(cause));
            }
        }
    }
}

impl Documents for WithFetched<'_> {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        match self.fetched.get(path) {
            None => self.files.open(path),
            Some(Err(cause)) => Err(cause.clone()),
            Some(Ok((bytes, at))) => Ok(Document {
                reader: Box::new(Cursor::new(bytes.clone())),
                length: bytes.len() as u64,
                modified: Some(*at),
                origin: Origin(path.display().to_string()),
            }),
        }
    }

    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause> {
        self.files.list(directory)
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        match self.fetched.get(path) {
            None => self.files.exists(path),
            Some(Err(cause)) => Err(cause.clone()),
            Some(Ok(_)) => Ok(true),
        }
    }
}
