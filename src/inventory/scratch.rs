//! Scratch space for what does not fit in memory. Files have no name and vanish with the process.

use std::io::{Cursor, Read, Seek, Write};
use std::path::PathBuf;

/// A file to write once and read back.
pub trait ScratchFile: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> ScratchFile for T {}

/// Gives scratch files.
pub trait Scratch: Send + Sync + std::fmt::Debug {
    /// A new, empty file.
    fn file(&self) -> std::io::Result<Box<dyn ScratchFile>>;
}

/// Unlinked files in a folder of ours: no name that anybody else could open.
#[derive(Debug, Clone)]
pub struct DiskScratch {
    folder: PathBuf,
}

impl DiskScratch {
    /// Scratch files in `folder`, which must exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl Scratch for DiskScratch {
    fn file(&self) -> std::io::Result<Box<dyn ScratchFile>> {
        Ok(Box::new(tempfile::tempfile_in(&self.folder)?))
    }
}

/// In memory, for tests and dry runs on small inputs.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryScratch;

impl Scratch for MemoryScratch {
    fn file(&self) -> std::io::Result<Box<dyn ScratchFile>> {
        Ok(Box::new(Cursor::new(Vec::new())))
    }
}
