//! The configuration, with variables of the environment that hold secrets.

use std::path::Path;

use holdover::config::{self, show};
use holdover::problem;

use crate::help::problems;

pub(super) const HOLDS: &str = "a configuration or at least one mistake; every mistake lies in the text; what came from the \
    environment is repeated in no mistake, no warning and no listing of settings; the same twice";

/// What every variable holds.
const CANARY: &str = "canary-6b1f0c";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if text.contains(CANARY) {
        return;
    }
    let load = || config::load(Path::new("holdover.yaml"), &text, &|_| Some(CANARY.to_owned()));
    let silent = |shown: &str| assert!(!shown.contains(CANARY), "a variable's value is told: {shown}");
    match load() {
        Ok(loaded) => {
            problems::check(&text, &loaded.warnings);
            silent(&problem::render(&loaded.warnings, |_| Some(text.to_string())));
            for setting in show(&loaded, &[]) {
                silent(&setting.value);
            }
            let again = load().unwrap_or_else(|problems| panic!("not the same twice: {problems:?}"));
            assert_eq!(format!("{:?}", again.config), format!("{:?}", loaded.config), "not the same twice");
        }
        Err(found) => {
            assert!(!found.is_empty(), "no configuration and no mistake");
            problems::check(&text, &found);
            silent(&format!("{found:?}"));
            silent(&problem::render(&found, |_| Some(text.to_string())));
        }
    }
}
