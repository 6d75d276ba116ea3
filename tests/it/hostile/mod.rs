//! Whatever others wrote is only text, in every output; and what they let slip stays where it was.

pub(crate) mod inert;
mod secrets;

use std::path::{Path, PathBuf};

/// Every file below some folders of a company, with its bytes; kept reports are unpacked beside it.
pub(crate) fn files(folder: &Path, below: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut todo: Vec<PathBuf> = below.iter().map(|name| folder.join(name)).collect();
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            if let Ok(plain) = zstd::decode_all(bytes.as_slice()) {
                found.push((path.with_extension("unpacked"), plain));
            }
            found.push((path, bytes));
        }
    }
    found
}
