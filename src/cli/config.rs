//! `holdover config check | show`.

use super::arguments::{Config as Arguments, ConfigCommand, Scan};
use super::failure::{Failure, shown};
use super::outputs;
use super::session::Session;
use super::text::add_line;
use crate::clock::{Clock as _, SystemClock};
use crate::report::ExitCode;
use crate::{config, hostile};

pub(super) fn run(session: &Session<'_>, arguments: &Arguments) -> Result<u8, Failure> {
    match arguments.command {
        ConfigCommand::Check => check(session),
        ConfigCommand::Show { origin } => show(session, origin),
    }
}

/// Everything that can be checked without reading a system: all mistakes of all files at once.
fn check(session: &Session<'_>) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    let config = &configured.config;
    let mut problems = Vec::new();
    let mut collect = |failure: Failure| match failure {
        Failure::Problems(found) => {
            problems.extend(found);
            Ok(())
        }
        other => Err(other),
    };
    if let Err(failure) = session.rules(Some(config)) {
        collect(failure)?;
    }
    match session.policy(config) {
        Ok(policy) => {
            let failed = policy.test().iter().filter(|result| !result.passes()).count();
            if failed > 0 {
                return Err(Failure::Usage(format!("{failed} cases of the policy fail: holdover policy test")));
            }
        }
        Err(failure) => collect(failure)?,
    }
    if let Err(failure) = outputs::choose(session, config, &Scan::default()) {
        collect(failure)?;
    }
    problems.extend(session.exceptions(config).problems());
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    if !configured.warnings.is_empty() {
        session.note(&shown(&configured.warnings).replace("error: ", "warning: "));
    }
    session.say(&format!(
        "configuration sound: {} systems, {} roster sources, digest {}",
        config.systems.len(),
        config.roster.sources.len(),
        config.digest
    ))?;
    // The schedule goes by the machine's clock, also where everything is judged at a chosen instant.
    for line in super::serve::next_starts(config, SystemClock::new().now()) {
        session.say(&line)?;
    }
    Ok(ExitCode::Clean.code())
}

fn show(session: &Session<'_>, origin: bool) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    let mut text = String::new();
    for setting in config::show(&configured.loaded, &session.overrides()) {
        let from =
            if origin { format!("   # {}", setting.origin.text(&configured.config.file)) } else { String::new() };
        add_line(&mut text, format_args!("{}: {}{from}", hostile::line(&setting.key), hostile::line(&setting.value)));
    }
    session.say(&text)?;
    Ok(ExitCode::Clean.code())
}
