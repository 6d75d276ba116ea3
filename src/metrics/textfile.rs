//! Writing the file that the node exporter reads.
//!
//! The reader takes only names that end in `.prom`, so the new file is written beside the old one under another
//! ending, synced, given mode 0644 whatever the umask, and renamed. A reader never sees half a file, and a failed
//! write leaves the old one in place.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use prometheus::proto::MetricFamily;

use crate::metrics::{MetricsError, encode};

/// The exporter runs as another user, and nothing in the file is about a person.
const MODE: u32 = 0o644;

/// Writes the families to `path`, replacing the file as a whole.
pub fn write_textfile(path: &Path, families: &[MetricFamily]) -> Result<(), MetricsError> {
    let text = encode(families)?;
    let shown = path.display().to_string();
    let refused = |why: &str| MetricsError::Refused { path: shown.clone(), why: why.to_owned() };
    if path.extension().is_none_or(|extension| extension != "prom") {
        return Err(refused("the node exporter reads only names that end in .prom"));
    }
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(refused("it names no file")),
    };
    check_directory(directory)?;
    check_old_file(path)?;
    let io = |doing: &'static str| {
        let path = shown.clone();
        move |source: std::io::Error| MetricsError::Io { doing, path, source }
    };
    let mut file = tempfile::Builder::new()
        .prefix(".holdover-")
        .suffix(".new")
        .tempfile_in(directory)
        .map_err(io("making a file beside"))?;
    file.write_all(text.as_bytes()).map_err(io("writing"))?;
    file.as_file().set_permissions(Permissions::from_mode(MODE)).map_err(io("giving its mode to"))?;
    file.as_file().sync_all().map_err(io("syncing"))?;
    file.persist(path).map_err(|error| io("renaming")(error.error))?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io("syncing the directory of"))
}

/// In a directory where everybody may rename, somebody else could put another file in its place.
fn check_directory(directory: &Path) -> Result<(), MetricsError> {
    let path = directory.display().to_string();
    let metadata = fs::metadata(directory).map_err(|source| MetricsError::Io {
        doing: "looking at",
        path: path.clone(),
        source,
    })?;
    let mode = metadata.mode();
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        let why = format!("its mode {:04o} lets everybody write: chmod o-w it", mode & 0o7777);
        return Err(MetricsError::Refused { path, why });
    }
    Ok(())
}

fn check_old_file(path: &Path) -> Result<(), MetricsError> {
    let shown = path.display().to_string();
    let refused = |why: String| MetricsError::Refused { path: shown.clone(), why };
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(refused(String::from("it is a link"))),
        Ok(metadata) if !metadata.is_file() => Err(refused(String::from("it is not a plain file"))),
        Ok(metadata) if metadata.uid() != rustix::process::geteuid().as_raw() => {
            Err(refused(format!("it belongs to user {}", metadata.uid())))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(MetricsError::Io { doing: "looking at", path: shown, source }),
    }
}
