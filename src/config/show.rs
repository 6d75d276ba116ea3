//! Every effective value and where it came from.

use std::path::Path;

use crate::yaml::{self, Document};

use super::Loaded;
use super::validate::{ORGANISATION, RUN_DEFAULTS, SERVE_DEFAULTS, STATE_DIR, SYSTEM_DEFAULTS};

/// Where a value came from. A flag wins over the environment, that over the file, that over the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file.
    File {
        /// Line, from 1.
        line: usize,
    },
    /// Nobody said otherwise.
    Default,
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// A flag of the command line.
    Flag {
        /// With its dashes.
        name: String,
    },
}

impl Origin {
    /// Origin for people, such as `holdover.yaml:12`.
    pub fn text(&self, file: &Path) -> String {
        match self {
            Self::File { line } => format!("{}:{line}", file.display()),
            Self::Default => "default".to_owned(),
            Self::Environment { name } => format!("environment {name}"),
            Self::Flag { name } => format!("flag {name}"),
        }
    }
}

/// A value that the command line or its environment sets instead of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Key in the file's words, such as `run.as_of`.
    pub key: String,
    /// Value.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// One effective value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Key, such as `systems[0].tier`.
    pub key: String,
    /// Value as written. What comes from a variable is shown as `${NAME}`: it may be a secret.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Every effective value in the order of the file, then the defaults, each with its origin.
pub fn show(loaded: &Loaded, overrides: &[Override]) -> Vec<Setting> {
    let document = &loaded.document;
    let mut settings = Vec::new();
    leaves(document, "", &mut settings);
    defaults(document, &mut settings);
    for given in overrides {
        let setting = Setting { key: given.key.clone(), value: given.value.clone(), origin: given.origin.clone() };
        match settings.iter_mut().find(|setting| setting.key == given.key) {
            Some(replaced) => *replaced = setting,
            None => settings.push(setting),
        }
    }
    settings
}

fn leaves(document: &Document, pointer: &str, settings: &mut Vec<Setting>) {
    let below: Vec<String> = match document.length(pointer) {
        Some(length) => (0..length).map(|position| position.to_string()).collect(),
        None => document.keys(pointer).map(str::to_owned).collect(),
    };
    for step in &below {
        leaves(document, &yaml::join(pointer, step), settings);
    }
    let written = match document.written(pointer) {
        Some(written) => written.to_owned(),
        None if !below.is_empty() => return,
        None if document.length(pointer).is_some() => "[]".to_owned(),
        None => "{}".to_owned(),
    };
    let line = document.place(pointer).map_or(1, |place| place.line);
    settings.push(Setting { key: yaml::key_path(pointer), value: written, origin: Origin::File { line } });
}

fn defaults(document: &Document, settings: &mut Vec<Setting>) {
    let mut add = |pointer: String, value: &str| {
        if document.place(&pointer).is_none() {
            let key = yaml::key_path(&pointer);
            settings.push(Setting { key, value: value.to_owned(), origin: Origin::Default });
        }
    };
    add("/organisation".to_owned(), ORGANISATION);
    add("/state_dir".to_owned(), STATE_DIR);
    add("/roster/leave_policy".to_owned(), "keep_access");
    for position in 0..document.length("/roster/sources").unwrap_or_default() {
        let source = format!("/roster/sources/{position}");
        for (key, value) in [("encoding", "utf-8"), ("delimiter", ","), ("max_age", "26h")] {
            add(format!("{source}/{key}"), value);
        }
        add(format!("{source}/rank"), &(position + 1).to_string());
    }
    for position in 0..document.length("/systems").unwrap_or_default() {
        for (key, value) in SYSTEM_DEFAULTS {
            add(format!("/systems/{position}/{key}"), value);
        }
    }
    for (key, value) in RUN_DEFAULTS {
        add(format!("/run/{key}"), value);
    }
    add("/metrics/min_detail".to_owned(), "kind");
    if document.place("/serve").is_some() {
        for (key, value) in SERVE_DEFAULTS {
            add(format!("/serve/{key}"), value);
        }
    }
}
