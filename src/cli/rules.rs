//! `holdover rules list | explain | test`. Works without a configuration: then on the rules of this build.

use super::arguments::{Rules as Arguments, RulesCommand};
use super::failure::Failure;
use super::session::Session;
use super::text::add_line;
use crate::report::ExitCode;
use crate::rules::{self, RuleSet};

pub(super) fn run(session: &Session<'_>, arguments: &Arguments) -> Result<u8, Failure> {
    let rules = match session.config_file() {
        Ok(_) => session.rules(Some(&session.configuration()?.config))?,
        Err(_) => session.rules(None)?,
    };
    match &arguments.command {
        RulesCommand::List => {
            let mut text = String::new();
            for (_, rule) in rules.iter() {
                add_line(
                    &mut text,
                    format_args!("{:32} v{:<3} {:13} {}", rule.id, rule.version, rule.status.as_str(), rule.title),
                );
            }
            session.say(&text)?;
            Ok(ExitCode::Clean.code())
        }
        RulesCommand::Explain { id } => {
            let Some((_, rule)) = rules.named(id) else {
                let near = crate::problem::nearest(id, rules.iter().map(|(_, rule)| &*rule.id));
                let help = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                return Err(Failure::Usage(format!("no rule {id}{help}")));
            };
            session.say(&rules::explain(rule))?;
            Ok(ExitCode::Clean.code())
        }
        RulesCommand::Test => test(session, &rules),
    }
}

fn test(session: &Session<'_>, rules: &RuleSet) -> Result<u8, Failure> {
    let results = rules.run_cases();
    let mut text = String::new();
    let mut failed = 0;
    for result in &results {
        if !result.passed {
            failed += 1;
            let id = &rules.rule(result.rule).id;
            add_line(
                &mut text,
                format_args!("FAIL {id}: {}: expected {}, found {}", result.name, result.expected, result.found),
            );
        }
    }
    add_line(&mut text, format_args!("{} passed, {failed} failed", results.len() - failed));
    session.say(&text)?;
    Ok(if failed == 0 { ExitCode::Clean.code() } else { ExitCode::Config.code() })
}
