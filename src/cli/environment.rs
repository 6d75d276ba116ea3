//! The process environment, read once, in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::credentials::NOT_SET;
use crate::yaml::Variable;

/// What the program may know of its surroundings.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Names of variables whose value is not UTF-8. The value itself is not kept.
    not_text: BTreeSet<String>,
    /// Working directory.
    pub working_directory: PathBuf,
    /// Whether standard output is a terminal.
    pub output_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub error_is_terminal: bool,
    /// Columns of the terminal, if there is one.
    pub width: Option<usize>,
}

// Variables may hold secrets: only their number is shown (SEC-3).
impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("variables", &self.variables.len())
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads it from the process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        let width = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| usize::from(size.ws_col));
        let mut variables = BTreeMap::new();
        let mut not_text = BTreeSet::new();
        // Not `vars`, which panics at a value that is not UTF-8, and shows it.
        for (name, value) in std::env::vars_os() {
            // What has no name in UTF-8 cannot be asked for.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    variables.insert(name, value);
                }
                Err(_) => {
                    not_text.insert(name);
                }
            }
        }
        Self {
            variables,
            not_text,
            working_directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            output_is_terminal: std::io::stdout().is_terminal(),
            error_is_terminal: std::io::stderr().is_terminal(),
            width: match width {
                Ok(columns) if columns > 0 => Some(columns),
                Ok(_) | Err(_) => None,
            },
        }
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same for a reference to it, which tells one that is no text from one that is not set.
    pub fn reference(&self, name: &str) -> Variable {
        match self.variable(name) {
            Some(value) => Variable::Text(String::from(value)),
            None if self.not_text.contains(name) => Variable::NotText,
            None => Variable::Unset,
        }
    }

    /// A variable that holds a secret, or why there is none.
    ///
    /// # Errors
    /// That it is not set, or no text.
    pub fn secret(&self, name: &str) -> Result<String, &'static str> {
        match self.reference(name) {
            Variable::Text(value) => Ok(value),
            Variable::NotText => Err("is not UTF-8"),
            Variable::Unset => Err(NOT_SET),
        }
    }
}
