//! Writing a file so that afterwards the new one or the old one is there, whole.
//!
//! The text goes to a new file in the same folder, created exclusively, 0600, without following links; it is synced,
//! renamed over the old one, and the folder is synced (STO-4). A link in the final component, a file of another
//! owner or one with wider rights than ours is refused and left as it is (FIL-1).

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::EmitError;

/// Mode of everything that holds persons.
const MODE: u32 = 0o600;

/// Mode bits that let others write a file.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// A folder open to everybody. Group rights are left alone: containers that run under any user id need them.
const WRITABLE_BY_ALL: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why a file was not written. The file that was there before is intact.
#[derive(Debug, Error)]
pub enum FileError {
    /// The path, its rights or its owner are refused.
    #[error("{path} is refused: {why}")]
    Refused {
        /// Path as configured.
        path: String,
        /// What was found (mode, owner), what is allowed, and what to do.
        why: String,
    },
    /// The operating system refused a step.
    #[error("{doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: String,
        /// What came back.
        #[source]
        source: io::Error,
    },
    /// The text itself could not be made.
    #[error("writing {path}")]
    Emit {
        /// Path as configured.
        path: String,
        /// Why.
        #[source]
        source: EmitError,
    },
}

/// Writes `path` with whatever `fill` writes. `unique` makes the temporary name unpredictable and is given by the
/// caller (FIL-2); a name that exists already is an error, never overwritten.
pub fn write_file(
    path: &Path,
    unique: &str,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), EmitError>,
) -> Result<(), FileError> {
    write_file_as(path, unique, MODE, fill)
}

/// The same with another mode, for the one file that others must read: the metrics textfile. `mode` may not let
/// others write.
pub fn write_file_as(
    path: &Path,
    unique: &str,
    mode: u32,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), EmitError>,
) -> Result<(), FileError> {
    let Some(name) = path.file_name() else {
        return Err(refused(path, "it names no file"));
    };
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(refused(path, &format!("mode {mode:04o} would let others write it")));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    check_folder(&folder, path)?;
    check_target(path, mode)?;
    sweep(&folder, name, mode);
    let temporary = folder.join(temporary_name(name, unique));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0))
        .open(&temporary)
        .map_err(|source| io_error("creating", &temporary, source))?;
    let guard = Temporary { path: &temporary, kept: false };
    // Whoever sweeps sees by it that somebody is still writing; it ends with this process, however that ends.
    if let Err(error) = file.try_lock() {
        tracing::debug!(event = "temporary-lock", path = %temporary.display(), %error);
    }
    fill_and_sync(file, mode, path, fill)?;
    guard.rename_to(path)?;
    sync_folder(&folder)
}

/// Creates a folder for outputs, 0700, where it is missing. Existing folders are left as they are.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| io_error("creating the folder", folder, source))
}

fn fill_and_sync(
    file: File,
    mode: u32,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), EmitError>,
) -> Result<(), FileError> {
    // A umask can only have taken bits away; a file for others needs them back.
    rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(mode))
        .map_err(|source| io_error("setting the mode of", path, source.into()))?;
    let mut buffered = BufWriter::with_capacity(128 * 1024, file);
    fill(&mut buffered).map_err(|source| FileError::Emit { path: path.display().to_string(), source })?;
    let file = buffered.into_inner().map_err(|error| io_error("writing", path, error.into_error()))?;
    file.sync_all().map_err(|source| io_error("syncing", path, source))
}

fn sync_folder(folder: &Path) -> Result<(), FileError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| io_error("syncing the folder", folder, source))
}

fn temporary_name(name: &std::ffi::OsStr, unique: &str) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".");
    temporary.push(unique);
    temporary.push(".tmp");
    temporary
}

/// Removes what killed runs left of this file: they hold persons, and no later run would touch them. What somebody is
/// writing now is locked and stays. Nothing of this is needed for writing, so a failure is no error.
fn sweep(folder: &Path, name: &std::ffi::OsStr, mode: u32) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let (begin, us) = (format!(".{}.", name.to_string_lossy()), rustix::process::geteuid().as_raw());
    for entry in entries.flatten() {
        let found = entry.file_name();
        let unique = found.to_str().and_then(|found| found.strip_prefix(&begin)?.strip_suffix(".tmp"));
        if unique.is_none_or(|unique| unique.is_empty() || !unique.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            continue;
        }
        let path = entry.path();
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        if !metadata.is_file() || metadata.uid() != us || metadata.mode() & 0o777 & !mode != 0 {
            continue;
        }
        let removed = File::open(&path).and_then(|file| match file.try_lock() {
            Ok(()) => std::fs::remove_file(&path),
            Err(error) => Err(error.into()),
        });
        tracing::debug!(event = "left-over", path = %path.display(), ?removed);
    }
}

/// What stands at the path already must be ours.
fn check_target(path: &Path, mode: u32) -> Result<(), FileError> {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(io_error("looking at", path, source)),
    };
    if found.file_type().is_symlink() {
        return Err(refused(path, "it is a symbolic link; give the path of the file itself"));
    }
    if !found.file_type().is_file() {
        return Err(refused(path, "it is not an ordinary file"));
    }
    let us = rustix::process::geteuid().as_raw();
    if found.uid() != us {
        return Err(refused(path, &format!("it belongs to user {}, this process is user {us}", found.uid())));
    }
    let bits = found.mode() & 0o7777;
    if bits & !mode & 0o777 != 0 {
        return Err(refused(
            path,
            &format!("it has mode {bits:04o}, owner {}; at most {mode:04o} is allowed: chmod {mode:o} it", found.uid()),
        ));
    }
    Ok(())
}

/// A folder in which others may replace files gives no safe place, unless its sticky bit stops them.
fn check_folder(folder: &Path, path: &Path) -> Result<(), FileError> {
    let found = std::fs::metadata(folder).map_err(|source| io_error("looking at the folder", folder, source))?;
    if !found.is_dir() {
        return Err(refused(path, &format!("{} is not a folder", folder.display())));
    }
    let bits = found.mode() & 0o7777;
    if bits & WRITABLE_BY_ALL != 0 && bits & STICKY == 0 {
        return Err(refused(
            path,
            &format!(
                "its folder {} has mode {bits:04o}, owner {}: others could replace the file; take their write permission away",
                folder.display(),
                found.uid()
            ),
        ));
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> FileError {
    FileError::Refused { path: path.display().to_string(), why: why.to_owned() }
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> FileError {
    FileError::Io { doing, path: path.display().to_string(), source }
}

/// Removes the temporary file unless it became the real one.
struct Temporary<'a> {
    path: &'a Path,
    kept: bool,
}

impl Temporary<'_> {
    fn rename_to(mut self, path: &Path) -> Result<(), FileError> {
        std::fs::rename(self.path, path).map_err(|source| io_error("renaming to", path, source))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // Best effort: the error that brought us here is the one that is told.
            drop(std::fs::remove_file(self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).expect("chmod");
        folder
    }

    fn text(text: &'static str) -> impl FnOnce(&mut dyn Write) -> Result<(), EmitError> {
        move |out| Ok(out.write_all(text.as_bytes())?)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("readable")
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_is_ours_alone_and_leaves_nothing_beside_it() {
        let folder = folder();
        let path = folder.path().join("report.json");
        write_file(&path, "r1", text("one")).expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "one");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn a_failure_in_the_middle_leaves_the_old_file_whole() {
        let folder = folder();
        let path = folder.path().join("report.json");
        write_file(&path, "r1", text("the old one")).expect("written");
        let failed = write_file(&path, "r2", |out| {
            out.write_all(b"half of the new o")?;
            Err(EmitError::Write(io::Error::other("disk full")))
        });
        assert!(matches!(failed, Err(FileError::Emit { .. })));
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "the old one");
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn a_link_is_refused_and_its_target_untouched() {
        let folder = folder();
        let target = folder.path().join("precious");
        std::fs::write(&target, "precious").expect("written");
        let path = folder.path().join("report.json");
        symlink(&target, &path).expect("linked");
        let said = write_file(&path, "r1", text("new")).expect_err("refused").to_string();
        assert!(said.contains("report.json") && said.contains("symbolic link"), "{said}");
        assert_eq!(std::fs::read_to_string(&target).expect("readable"), "precious");
        // A dangling link is a link as well.
        std::fs::remove_file(&target).expect("removed");
        assert!(matches!(write_file(&path, "r1", text("new")), Err(FileError::Refused { .. })));
        assert!(!target.exists());
    }

    #[test]
    fn wider_rights_are_refused_by_name_and_its_narrow_twin_is_written() {
        let folder = folder();
        let path = folder.path().join("report.json");
        std::fs::write(&path, "old").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        let said = write_file(&path, "r1", text("new")).expect_err("refused").to_string();
        assert!(said.contains("report.json") && said.contains("0644") && said.contains("owner"), "{said}");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "old");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        write_file(&path, "r1", text("new")).expect("written");
    }

    #[test]
    fn a_folder_in_which_others_may_write_is_refused() {
        let folder = folder();
        let path = folder.path().join("report.json");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("chmod");
        let said = write_file(&path, "r1", text("new")).expect_err("refused").to_string();
        assert!(said.contains("0777"), "{said}");
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn a_file_of_another_owner_is_refused() {
        let folder = folder();
        let path = folder.path().join("report.json");
        std::fs::write(&path, "theirs").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        // Only root can give a file away; elsewhere this case cannot be prepared.
        if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
            return;
        }
        let said = write_file(&path, "r1", text("new")).expect_err("refused").to_string();
        assert!(said.contains("12345"), "{said}");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "theirs");
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_another_is_writing_is_not() {
        let folder = folder();
        let path = folder.path().join("report.json");
        let private = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "half").expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
            File::open(path).expect("open")
        };
        drop(private(".report.json.dead.tmp"));
        let busy = private(".report.json.busy.tmp");
        busy.lock().expect("locked");
        for other in [".report.json.tmp", ".other.json.dead.tmp", "report.json.dead.tmp"] {
            drop(private(other));
        }
        write_file(&path, "r1", text("new")).expect("written");
        let left = [
            ".other.json.dead.tmp",
            ".report.json.busy.tmp",
            ".report.json.tmp",
            "report.json",
            "report.json.dead.tmp",
        ];
        assert_eq!(names(folder.path()), left);
    }

    #[test]
    fn a_name_that_is_taken_is_never_overwritten() {
        let folder = folder();
        let path = folder.path().join("report.json");
        let squatter = folder.path().join(".report.json.r1.tmp");
        std::fs::write(&squatter, "squatter").expect("written");
        // Others may read it, so it is none of ours.
        std::fs::set_permissions(&squatter, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(write_file(&path, "r1", text("new")), Err(FileError::Io { doing: "creating", .. })));
        assert_eq!(std::fs::read_to_string(&squatter).expect("readable"), "squatter");
    }

    #[test]
    fn the_metrics_file_is_readable_by_others_whatever_the_umask() {
        let folder = folder();
        let path = folder.path().join("holdover.prom");
        write_file_as(&path, "r1", 0o644, text("up 1")).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o644);
        assert!(matches!(write_file_as(&path, "r1", 0o666, text("up 1")), Err(FileError::Refused { .. })));
    }
}
