//! The key of pseudonyms: made once per state directory, readable by its owner only.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::randomness::Randomness;

use super::StoreError;

/// Name of the file in the state directory.
const FILE: &str = "pseudonym.key";
/// How the names of keys begin that have not got theirs yet.
const BEGUN: &str = ".pseudonym-";

/// Whether there is a key already.
pub fn exists(state_directory: &Path) -> bool {
    state_directory.join(FILE).exists()
}

/// Reads the key, or makes it where there is none yet.
pub fn key(state_directory: &Path, randomness: &dyn Randomness) -> Result<[u8; 32], StoreError> {
    let path = state_directory.join(FILE);
    let io = |doing: &'static str| {
        let path = path.display().to_string();
        move |source: std::io::Error| StoreError::Io { doing, path, source }
    };
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    match OpenOptions::new().read(true).custom_flags(no_follow).open(&path) {
        Ok(mut file) => {
            let metadata = file.metadata().map_err(io("looking at"))?;
            if metadata.mode() & 0o077 != 0 {
                let why = format!("its mode is {:04o}; it must be 0600", metadata.mode() & 0o7777);
                return Err(StoreError::Refused { path: path.display().to_string(), why });
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(io("reading"))?;
            <[u8; 32]>::try_from(bytes).map_err(|bytes| StoreError::Refused {
                path: path.display().to_string(),
                why: format!(
                    "it holds {} bytes instead of 32; restore it, or remove it to start new pseudonyms",
                    bytes.len()
                ),
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let fresh = fresh(randomness);
            sweep(state_directory).map_err(io("looking beside"))?;
            // Written beside it and then named, so that a kill leaves no key or a whole one.
            let mut file = tempfile::Builder::new()
                .prefix(BEGUN)
                .tempfile_in(state_directory)
                .map_err(io("making a file beside"))?;
            file.write_all(&fresh).map_err(io("writing"))?;
            file.as_file().sync_all().map_err(io("syncing"))?;
            file.persist_noclobber(&path).map_err(|error| io("naming")(error.error))?;
            File::open(state_directory).and_then(|folder| folder.sync_all()).map_err(io("syncing the folder of"))?;
            Ok(fresh)
        }
        Err(error) => Err(io("opening")(error)),
    }
}

/// Removes what a run left that was killed while it made a key. Whoever makes one holds the lock of the store.
fn sweep(state_directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(state_directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(BEGUN) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A key that is kept nowhere, for runs that write nothing.
pub fn fresh(randomness: &dyn Randomness) -> [u8; 32] {
    let mut key = [0_u8; 32];
    key[..16].copy_from_slice(&randomness.key());
    key[16..].copy_from_slice(&randomness.key());
    key
}
