//! No two files that a run writes are one: the later would replace the earlier, and the run would say that both were written.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::arguments;
use super::failure::Failure;
use super::outputs::{self, Output};
use super::session::Session;
use crate::config::Config;
use crate::problem::Problem;

/// Refuses outputs that would replace each other, `run.json` or the metrics file. Where a flag had a part in it, it is a
/// mistake of usage; otherwise one of the configuration, which the metrics tell as well.
pub(super) fn refuse(
    session: &Session<'_>,
    config: &Config,
    arguments: &arguments::Scan,
    outputs: &[Output],
) -> Result<(), Failure> {
    let Some((path, one, other)) = first(config, outputs)? else { return Ok(()) };
    let says = format!("{one} and {other} are one file, {}: give each a path of its own", path.display());
    let by_flag =
        !arguments.output.is_empty() || arguments.metrics_file.is_some() || session.global.state_dir.is_some();
    Err(if by_flag { Failure::Usage(says) } else { Failure::Problems(vec![Problem::file(&config.file, says)]) })
}

/// The first file with two names, and both.
fn first(config: &Config, outputs: &[Output]) -> Result<Option<(PathBuf, String, String)>, Failure> {
    let mut taken: BTreeMap<PathBuf, String> = BTreeMap::new();
    // `run.json` in the state directory and beside the first output may be one: they say the same.
    for path in outputs::run_json_paths(outputs, config) {
        taken.insert(normal(&path)?, String::from("run.json of the run"));
    }
    let textfile = config.metrics.textfile.iter().map(|path| (path, String::from("the metrics file")));
    let files = outputs.iter().filter(|output| !output.is_standard());
    let files = files.map(|output| (&output.path, format!("output {}={}", output.format.as_str(), output.shown)));
    for (path, name) in textfile.chain(files) {
        let path = normal(path)?;
        if let Some(other) = taken.get(&path) {
            return Ok(Some((path, name, other.clone())));
        }
        taken.insert(path, name);
    }
    Ok(None)
}

/// A path by which two spellings of one file are the same: links and `..` of its folders are followed as far as these
/// exist. Its last part stays: a file that is a link is refused when it is written.
fn normal(path: &Path) -> Result<PathBuf, Failure> {
    let path = outputs::absolute(path)?;
    let mut normal = PathBuf::new();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir => normal.push(part),
            Component::Normal(name) => {
                normal.push(name);
                if parts.peek().is_some()
                    && let Ok(followed) = normal.canonicalize()
                {
                    normal = followed;
                }
            }
        }
    }
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_file_are_the_same_and_those_of_two_are_not() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        std::fs::create_dir_all(place.join("far/deep")).unwrap();
        std::os::unix::fs::symlink("far/deep", place.join("link")).unwrap();
        let wanted = place.join("far/a");
        for spelling in ["far/a", "./far//a", "far/./a", "missing/../far/a", "far/deep/../a", "link/../a"] {
            assert_eq!(normal(&place.join(spelling)).unwrap(), wanted, "{spelling}");
        }
        for other in ["a", "far/b", "link/a", "far/a/b", "far/A"] {
            assert_ne!(normal(&place.join(other)).unwrap(), wanted, "{other}");
        }
    }
}
