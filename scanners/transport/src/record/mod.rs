//! Recordings: what a service said, without secrets, so that a run can be repeated without a network.

mod headers;
mod key;
mod line;
mod play;
mod reduce;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use self::play::Player;
pub(crate) use self::reduce::reduce;
pub(crate) use self::write::Writer;

use std::path::{Path, PathBuf};

use scan_contract::Cause;

/// The file of one system.
fn file_of(folder: &Path, system: &str) -> Result<PathBuf, Cause> {
    let tame = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if system.is_empty() || system.starts_with('.') || system.len() > 100 || !system.chars().all(tame) {
        return Err(Cause::Needs {
            what: String::from("a system id of letters, digits, dots, dashes and underscores"),
        });
    }
    Ok(folder.join(format!("{system}.ndjson")))
}

fn failed(doing: &str, path: &Path, error: &std::io::Error) -> Cause {
    Cause::Unreachable { step: format!("{doing} {}", path.display()), detail: error.kind().to_string() }
}
