//! The state directory: who may own it, how files in it are made, replaced and moved aside (FIL-1, STO-4, STO-7).
//!
//! Directories are 0700 and files 0600, made with exclusive create and without following links. Whatever is wider,
//! belongs to somebody else, or is a link is refused, because it may have been planted.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use scan_contract::Instant;

use crate::store::StoreError;

/// File systems that live on another machine, or may: their locks and their syncing cannot be relied on.
/// Numbers from `linux/magic.h` and the sources of the file systems named.
const NETWORK_FILE_SYSTEMS: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "kAFS"),
    (0x7375_7245, "Coda"),
    (0x564C, "NCP"),
    (0x00C3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x786F_4256, "a VirtualBox share"),
    (0xBACB_ACBC, "a VMware share"),
    (0x6573_5546, "FUSE, which may be a network file system"),
];

/// A checked state directory.
#[derive(Debug, Clone)]
pub struct StateDirectory {
    path: PathBuf,
}

/// Turns an I/O error into ours: what was tried, on what.
pub fn io_error(doing: &'static str, path: &str) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { doing, path, source }
}

impl StateDirectory {
    /// Makes the directory if it is not there, and checks it.
    pub fn prepare(path: &Path, allow_network: bool) -> Result<Self, StoreError> {
        let text = path.display().to_string();
        match fs::symlink_metadata(path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_error("making", &text))?;
            }
            Err(error) => return Err(io_error("looking at", &text)(error)),
        }
        Self::existing(path, allow_network)
    }

    /// Checks a directory that must be there.
    pub fn existing(path: &Path, allow_network: bool) -> Result<Self, StoreError> {
        let text = path.display().to_string();
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::Missing { what: format!("the state directory {text}") });
            }
            Err(error) => return Err(io_error("looking at", &text)(error)),
        };
        let refused = |why: String| StoreError::Refused { path: text.clone(), why };
        if metadata.is_symlink() {
            return Err(refused(String::from("it is a link: name the directory itself")));
        }
        if !metadata.is_dir() {
            return Err(refused(String::from("it is not a directory")));
        }
        check_owner_and_mode(&text, &metadata, "700")?;
        if !allow_network && let Some(name) = network_file_system(path, &text)? {
            return Err(refused(format!(
                "it lies on {name}, whose locks and syncing cannot be relied on: use a local disk, or allow it explicitly"
            )));
        }
        // Later opening refuses links anywhere in the path; those above the directory are the operator's own.
        let path = path.canonicalize().map_err(io_error("resolving", &text))?;
        Ok(Self { path })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Path of a file in it, as text for messages.
    pub fn text(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Looks at a file without following links; `None` if it is not there. Refuses what FIL-1 refuses.
    pub fn look(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        let text = self.text(name);
        let metadata = match fs::symlink_metadata(self.file(name)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("looking at", &text)(error)),
        };
        if metadata.is_symlink() {
            return Err(StoreError::Refused { path: text, why: String::from("it is a link") });
        }
        if !metadata.is_file() {
            return Err(StoreError::Refused { path: text, why: String::from("it is not a plain file") });
        }
        check_owner_and_mode(&text, &metadata, "600")?;
        Ok(Some(metadata))
    }

    /// Makes a file that must not be there yet.
    pub fn create(&self, name: &str) -> Result<File, StoreError> {
        File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(no_follow())
            .open(self.file(name))
            .map_err(io_error("making", &self.text(name)))
    }

    /// Opens a file for reading and writing, making it if it is not there.
    pub fn open_or_create(&self, name: &str) -> Result<File, StoreError> {
        self.look(name)?;
        File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_follow())
            .open(self.file(name))
            .map_err(io_error("opening", &self.text(name)))
    }

    /// Opens a file for reading; `None` if it is not there.
    pub fn open(&self, name: &str) -> Result<Option<File>, StoreError> {
        if self.look(name)?.is_none() {
            return Ok(None);
        }
        let file = File::options()
            .read(true)
            .custom_flags(no_follow())
            .open(self.file(name))
            .map_err(io_error("opening", &self.text(name)))?;
        Ok(Some(file))
    }

    /// Reads a whole small file; `None` if it is not there. More than `limit` bytes is refused.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = self.open(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(io_error("reading", &self.text(name)))?;
        if bytes.len() as u64 > limit {
            return Err(StoreError::Refused { path: self.text(name), why: format!("it is longer than {limit} bytes") });
        }
        Ok(Some(bytes))
    }

    /// Replaces a file as a whole: new file beside it, synced, renamed, directory synced. The old one stays intact
    /// until then.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let beside = format!("{name}.new");
        self.remove(&beside)?;
        let mut file = self.create(&beside)?;
        file.write_all(bytes).map_err(io_error("writing", &self.text(&beside)))?;
        file.sync_all().map_err(io_error("syncing", &self.text(&beside)))?;
        self.rename(&beside, name)
    }

    /// Renames inside the directory and syncs it.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        fs::rename(self.file(from), self.file(to)).map_err(io_error("renaming", &self.text(from)))?;
        self.sync()
    }

    /// Removes what is no part of the store: left-over temporary files and reports beyond their number.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.file(name)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(io_error("removing", &self.text(name))(error)),
        }
    }

    /// Moves a file aside under a dated name that is not taken; gives the new path. Nothing is overwritten.
    pub fn move_aside(&self, name: &str, word: &str, now: Instant) -> Result<PathBuf, StoreError> {
        let stamp = now.format("%Y%m%dT%H%M%SZ");
        for number in 0_u32..10_000 {
            let ending = if number == 0 { String::new() } else { format!(".{number}") };
            let aside = format!("{name}.{word}-{stamp}{ending}");
            if fs::symlink_metadata(self.file(&aside)).is_ok() {
                continue;
            }
            self.rename(name, &aside)?;
            return Ok(self.file(&aside));
        }
        Err(StoreError::Refused { path: self.text(name), why: String::from("no free name to move it aside") })
    }

    /// Syncs the directory, so that new names survive a power cut.
    pub fn sync(&self) -> Result<(), StoreError> {
        let text = self.path.display().to_string();
        File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(io_error("syncing", &text))
    }

    /// Free bytes on its file system, for messages; `None` if that cannot be told.
    pub fn free_bytes(&self) -> Option<u64> {
        let status = rustix::fs::statvfs(&self.path).ok()?;
        Some(status.f_bavail.saturating_mul(status.f_frsize))
    }

    /// A directory inside it, checked like itself.
    pub fn inner(&self, name: &str) -> Result<Self, StoreError> {
        Self::prepare(&self.file(name), true)
    }
}

fn no_follow() -> i32 {
    // The flag fits: it is defined as a C int.
    OFlags::NOFOLLOW.bits().cast_signed()
}

fn check_owner_and_mode(path: &str, metadata: &Metadata, wanted: &str) -> Result<(), StoreError> {
    let refused = |why: String| StoreError::Refused { path: path.to_owned(), why };
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us {
        return Err(refused(format!("it belongs to user {}, this program runs as user {us}", metadata.uid())));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(refused(format!(
            "its mode {mode:04o} lets others in: chmod {wanted} it, after checking who could write there"
        )));
    }
    Ok(())
}

fn network_file_system(path: &Path, text: &str) -> Result<Option<&'static str>, StoreError> {
    let status = rustix::fs::statfs(path).map_err(|errno| io_error("asking the file system of", text)(errno.into()))?;
    // The type is 32 bits wide on every platform, whatever integer carries it.
    #[expect(clippy::cast_sign_loss, reason = "a bit pattern, not a number")]
    let magic = status.f_type as u64 & 0xFFFF_FFFF;
    Ok(network_name(magic))
}

fn network_name(magic: u64) -> Option<&'static str> {
    NETWORK_FILE_SYSTEMS.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn now() -> Instant {
        "2026-08-01T02:30:00Z".parse().unwrap()
    }

    fn refused(result: Result<StateDirectory, StoreError>) -> String {
        match result {
            Err(StoreError::Refused { why, .. }) => why,
            other => panic!("must be refused, was {other:?}"),
        }
    }

    #[test]
    fn a_new_directory_is_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let directory = StateDirectory::prepare(&place.path().join("a/b"), true).unwrap();
        let mode = fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700);
        directory.create("file").unwrap();
        assert_eq!(fs::metadata(directory.file("file")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(directory.create("file").is_err(), "exclusive create");
    }

    #[test]
    fn a_directory_or_file_open_to_others_is_refused_and_a_closed_one_is_not() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state");
        StateDirectory::prepare(&path, true).unwrap();
        for mode in [0o710, 0o701, 0o755, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(refused(StateDirectory::prepare(&path, true)).contains("chmod 700"));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let directory = StateDirectory::prepare(&path, true).unwrap();
        directory.replace("file", b"x").unwrap();
        fs::set_permissions(directory.file("file"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(directory.look("file"), Err(StoreError::Refused { .. })));
    }

    #[test]
    fn links_are_refused_and_their_targets_stay_untouched() {
        let place = tempfile::tempdir().unwrap();
        let directory = StateDirectory::prepare(&place.path().join("state"), true).unwrap();
        let target = place.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, directory.file("lock")).unwrap();
        assert!(matches!(directory.open_or_create("lock"), Err(StoreError::Refused { .. })));
        assert!(matches!(directory.look("lock"), Err(StoreError::Refused { .. })));
        directory.replace("lock", b"new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        symlink(directory.path(), place.path().join("by-link")).unwrap();
        assert!(refused(StateDirectory::prepare(&place.path().join("by-link"), true)).contains("link"));
    }

    #[test]
    fn somebody_elses_directory_is_refused() {
        // Only root can give a directory away; elsewhere /proc stands for a directory of another user.
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
            assert!(refused(StateDirectory::existing(&path, true)).contains("user 12345"));
        } else {
            assert!(refused(StateDirectory::existing(Path::new("/proc/1"), true)).contains("user 0"));
        }
    }

    #[test]
    fn a_network_file_system_is_known_by_its_number() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(0xFF53_4D42), Some("CIFS"));
        assert_eq!(network_name(0xEF53), None, "ext4");
        assert_eq!(network_name(0x0102_1994), None, "tmpfs");
    }

    #[test]
    fn moving_aside_never_overwrites() {
        let place = tempfile::tempdir().unwrap();
        let directory = StateDirectory::prepare(&place.path().join("state"), true).unwrap();
        let mut kept = Vec::new();
        for content in ["one", "two", "three"] {
            directory.replace("state.db", content.as_bytes()).unwrap();
            kept.push(directory.move_aside("state.db", "damaged", now()).unwrap());
        }
        let contents: Vec<String> = kept.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert_eq!(contents, ["one", "two", "three"]);
    }
}
