//! What a configuration file may say, and what the program may trust.
//!
//! `raw` is the form of the file, whose comments are the reference its readers see; `validate` turns it into
//! [`Config`], or into every mistake with its place; [`valid`] is the only form the rest of the program knows.
//! The room opens no file and reads no environment: text and lookup are handed in.

pub mod cron;
mod raw;
mod reference;
mod show;
#[cfg(test)]
mod tests;
pub mod valid;
pub mod valid_serve;
mod validate;

use std::path::Path;

use crate::problem::Problem;
use crate::yaml::{self, Document, Variable};

pub use reference::reference;
pub use show::{Origin, Override, Setting, show};
pub use valid::*;
pub use valid_serve::{CatchUp, ScheduleConfig, ServeConfig, ServeTls};

/// A configuration that passed every check.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is allowed, and should be known.
    pub warnings: Vec<Problem>,
    document: Document,
}

/// Reads and checks a configuration. `environment` answers `${NAME}`.
///
/// # Errors
/// Every mistake, each with its place.
pub fn load(file: &Path, text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Vec<Problem>> {
    load_from(file, text, &|name| environment(name).into())
}

/// The same from an environment in which a variable may be no text.
///
/// # Errors
/// Every mistake, each with its place.
pub fn load_from(file: &Path, text: &str, environment: &dyn Fn(&str) -> Variable) -> Result<Loaded, Vec<Problem>> {
    let (document, mut problems) = Document::read_all(file, text);
    let Some(mut document) = document else { return Err(problems) };
    problems.extend(document.interpolate_from(environment));
    match validate::config(&document, text) {
        Ok(checked) if problems.is_empty() => {
            Ok(Loaded { config: checked.config, warnings: checked.warnings, document })
        }
        Ok(_) => Err(problems),
        Err(later) => {
            yaml::add_later(&mut problems, later);
            Err(problems)
        }
    }
}

/// JSON Schema of the configuration, as it is published.
pub fn schema() -> String {
    yaml::published::<raw::RawConfig>()
}
