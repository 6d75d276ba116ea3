//! The process environment, read once, in one place.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// What the program may know of its surroundings.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
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
        Self {
            variables: std::env::vars().collect(),
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
}
