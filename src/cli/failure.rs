//! How a command ends that could not do what was asked.

use std::path::Path;

use crate::emit::{EmitError, FileError};
use crate::hostile;
use crate::problem::{self, Problem};
use crate::report::ExitCode;
use crate::run::RunError;
use crate::store::StoreError;

use super::session::Session;
use super::text::add_line;

/// Why a command failed. Each variant has its exit code.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage, or something named on the command line that is not there: 2.
    Usage(String),
    /// Mistakes in files: 2.
    Problems(Vec<Problem>),
    /// The roster: 5.
    Roster(String),
    /// The store: 6, or 7 if it is busy.
    Store(StoreError),
    /// An output: 6.
    Output(String),
    /// The reader of standard output went away: 6, quietly.
    ClosedPipe,
    /// Something the environment lacks, told already: 3.
    Incomplete,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => Self::Store(error),
            RunError::Scratch(_) => Self::Output(chain(&error)),
        }
    }
}

impl From<EmitError> for Failure {
    fn from(error: EmitError) -> Self {
        if error.is_closed_pipe() { Self::ClosedPipe } else { Self::Output(chain(&error)) }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::Output(chain(&error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Output(format!("standard output: {error}"))
        }
    }
}

impl Failure {
    /// Its exit code.
    pub(super) fn code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Problems(_) => ExitCode::Config,
            Self::Roster(_) => ExitCode::Roster,
            Self::Store(StoreError::Busy { .. }) => ExitCode::Busy,
            Self::Store(_) | Self::Output(_) | Self::ClosedPipe => ExitCode::Store,
            Self::Incomplete => ExitCode::Gaps,
        }
    }

    /// Tells it on standard error and answers with its code.
    pub(super) fn tell(&self, session: &Session<'_>) -> u8 {
        match self {
            Self::Usage(text) | Self::Roster(text) | Self::Output(text) => {
                session.error(&format!("error: {}", hostile::line(text)));
            }
            Self::Store(error) => session.error(&format!("error: {}", hostile::line(&chain(error)))),
            Self::Problems(problems) => session.error(shown(problems).trim_end()),
            Self::ClosedPipe | Self::Incomplete => {}
        }
        self.code().code()
    }
}

/// Text of a file, to quote the line of a mistake. A file that cannot be read any more is quoted by nothing.
fn source(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file);
    if let Err(error) = &text {
        tracing::debug!(event = "quote", file = %file.display(), %error);
    }
    text.ok()
}

/// Mistakes as text, each with its line quoted.
pub(super) fn shown(problems: &[Problem]) -> String {
    let mut text = problem::render(problems, source);
    let count = problems.len();
    add_line(&mut text, format_args!("{count} {}", if count == 1 { "mistake" } else { "mistakes" }));
    text
}

/// Mistakes of a roster: no line is quoted, since a row can tell who is going to leave.
pub(super) fn unquoted(problems: &[Problem]) -> String {
    problem::render(problems, |_| None)
}

/// An error with all its sources in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Help and version are no mistakes; everything else is usage.
#[expect(clippy::print_stderr, reason = "there is no session yet; without standard error there is nobody to tell")]
pub(super) fn usage(error: &clap::Error) -> u8 {
    use clap::error::ErrorKind;
    if let Err(failed) = error.print() {
        if failed.kind() == std::io::ErrorKind::BrokenPipe {
            return ExitCode::Store.code();
        }
        eprintln!("error: {failed}");
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Clean.code(),
        _ => ExitCode::Config.code(),
    }
}
