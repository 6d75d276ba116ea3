//! The truth as files: what HR, administrators and vendors would hand over.

mod aws;
mod config;
mod decisions;
mod native;
mod roster;
mod ssh;
mod table;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::world::{Form, World};

pub use native::bytes as native_bytes;

/// Files by path, relative to one folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Files {
    /// Puts a file.
    pub fn put(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), bytes.into());
    }

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(Path::new(path)).map(Vec::as_slice)
    }

    /// Every file, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// Writes them below `folder`. What lay there under other names stays.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        for (path, bytes) in &self.files {
            let full = folder.join(path);
            if let Some(parent) = full.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(full, bytes)?;
        }
        Ok(())
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        add(&mut text, format_args!("{byte:02x}"));
        text
    })
}

/// Every file of a world: roster, exports, decisions, configuration.
pub fn files(world: &World) -> io::Result<Files> {
    let mut files = Files::default();
    roster::write(world, &mut files)?;
    for system in &world.systems {
        match &system.form {
            Form::Native(packing) => {
                files.put(native::path(system, *packing), native::bytes(system, *packing)?);
            }
            Form::Table(table) => table::write(system, table, &mut files)?,
            Form::Aws(account) => aws::write(system, account, &mut files)?,
            Form::Ssh(fleet) => ssh::write(system, fleet, &mut files),
        }
    }
    decisions::write(world, &mut files);
    config::write(world, &mut files);
    Ok(files)
}

/// Appends formatted text.
pub(crate) fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    std::fmt::Write::write_fmt(text, arguments).unwrap_or_default();
}

/// An instant as RFC 3339 with whole seconds.
pub(crate) fn instant(at: scan_contract::Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
