//! The sudoers file of a host and everything it includes.

use scan_contract::Cause;

use super::lex::logical_lines;
use super::parse::Rules;
use crate::tree::{Expanded, HostTree, Looked};

/// Deepest nesting of includes that sudo reads.
const DEEPEST: usize = 128;

/// The main file.
const MAIN: &str = "/etc/sudoers";

/// What was read, and what could not be: a place and a cause.
pub(crate) fn read_rules(tree: &HostTree<'_>, host: &str) -> (Rules, Vec<(String, Cause)>) {
    let mut reader = Reader { tree, host, rules: Rules::default(), problems: Vec::new(), read: 0 };
    reader.file(MAIN, 0);
    (reader.rules, reader.problems)
}

struct Reader<'a> {
    tree: &'a HostTree<'a>,
    host: &'a str,
    rules: Rules,
    problems: Vec<(String, Cause)>,
    read: usize,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, depth: usize) {
        self.read += 1;
        if depth > DEEPEST || self.read > 10_000 {
            self.problems
                .push((path.to_owned(), Cause::LimitHit { limit: format!("{path}: too many nested includes") }));
            return;
        }
        let bytes = match self.tree.look(path) {
            Looked::Read(bytes, doubt) => {
                if let Some(cause) = doubt {
                    self.problems.push((path.to_owned(), cause));
                }
                bytes
            }
            // sudo without its main file grants nothing; an include that is missing ends sudo with an error.
            Looked::Absent => return,
            Looked::Unknown(cause) => {
                self.problems.push((path.to_owned(), cause));
                return;
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for (line, text) in logical_lines(&text) {
            self.line(path, line, text.trim(), depth);
        }
    }

    fn line(&mut self, path: &str, line: usize, text: &str, depth: usize) {
        let place = format!("{path}:{line}");
        if let Some((word, target)) = include(text) {
            let target = target.replace("%h", self.host);
            let target = if target.starts_with('/') {
                target
            } else {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{folder}/{target}")
            };
            match word {
                Include::File => self.file(&target, depth + 1),
                Include::Folder => self.folder(&target, &place, depth),
            }
            return;
        }
        let comment = text.starts_with('#') && !text[1..].starts_with(|next: char| next.is_ascii_digit());
        if text.is_empty() || comment {
            return;
        }
        let understood = !text.contains(char::REPLACEMENT_CHARACTER) && self.rules.take(text, &place).is_some();
        if !understood {
            self.problems.push((
                place.clone(),
                Cause::Malformed { what: format!("{place}: this line is not understood; it may grant something") },
            ));
        }
    }

    fn folder(&mut self, folder: &str, place: &str, depth: usize) {
        match self.tree.list(folder) {
            Expanded::Paths(paths, doubt) => {
                if let Some(cause) = doubt {
                    self.problems.push((place.to_owned(), cause));
                }
                for path in paths {
                    let name = path.rsplit('/').next().unwrap_or_default();
                    if !name.contains('.') && !name.ends_with('~') {
                        self.file(&format!("/{path}"), depth + 1);
                    }
                }
            }
            Expanded::Unknown(cause) => self.problems.push((place.to_owned(), cause)),
        }
    }
}

enum Include {
    File,
    Folder,
}

/// The target of an include line. Quotes and escaped blanks in paths are taken off.
fn include(text: &str) -> Option<(Include, String)> {
    let rest = text.strip_prefix(['#', '@'])?;
    let (word, target) = rest.split_once([' ', '\t'])?;
    let word = match word {
        "include" => Include::File,
        "includedir" => Include::Folder,
        _ => return None,
    };
    let target = target.trim().trim_matches('"').replace("\\ ", " ");
    Some((word, target))
}
