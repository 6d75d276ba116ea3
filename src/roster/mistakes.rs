//! Collects every mistake of one file, up to a number that a person can still read.

use std::path::{Path, PathBuf};

use crate::problem::{Place, Problem};

/// How many mistakes of one file are kept with their place; the rest is counted.
const KEPT: usize = 1_000;

/// Mistakes of one file.
#[derive(Debug)]
pub(super) struct Mistakes {
    file: PathBuf,
    problems: Vec<Problem>,
    more: u64,
}

impl Mistakes {
    pub(super) fn of(file: &Path) -> Self {
        Self { file: file.to_path_buf(), problems: Vec::new(), more: 0 }
    }

    /// Notes a mistake.
    pub(super) fn add(&mut self, place: Option<Place>, key: &str, says: impl Into<String>, help: Option<String>) {
        if self.problems.len() >= KEPT {
            self.more += 1;
            return;
        }
        let problem = Problem::at(&self.file, place, key, says);
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    /// All of them; the last one says how many more there are.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.more > 0 {
            let says = format!("{} more mistakes in this file are not listed", self.more);
            self.problems.push(Problem::file(&self.file, says));
        }
        self.problems
    }
}
