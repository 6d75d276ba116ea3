//! `holdover systems list`: what is configured, and how far it was read; as Markdown for a check list.

use super::arguments::{Systems as Arguments, SystemsCommand};
use super::failure::Failure;
use super::report::kept;
use super::session::Session;
use super::text::add_line;
use crate::report::{ExitCode, Report};
use crate::{emit, hostile};

pub(super) fn run(session: &Session<'_>, arguments: &Arguments) -> Result<u8, Failure> {
    let SystemsCommand::List { format } = &arguments.command;
    let configured = session.configuration()?;
    let config = &configured.config;
    let report: Option<Report> = match session.store_if_any(config)? {
        Some(store) => Some(kept(&store, None)?),
        None => None,
    };
    let markdown = format == "markdown";
    let mut text = String::new();
    if markdown {
        text.push_str("| done | system | connector | tier | owner | scopes complete | last complete read |\n|---|---|---|---|---|---|---|\n");
    }
    for system in &config.systems {
        let fact = report.as_ref().and_then(|report| report.systems.iter().find(|fact| fact.id == system.id));
        let (complete, scopes) = fact.map_or((0, 0), |fact| {
            let complete =
                fact.scopes.iter().filter(|scope| scope.state == scan_contract::ScopeState::Complete).count();
            (complete, fact.scopes.len())
        });
        let last = fact
            .and_then(|fact| fact.last_complete_at)
            .map_or_else(|| String::from("never"), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        let owner = system.owner_team.as_deref().unwrap_or("-");
        let facts = (system.id.as_str(), system.connector.as_str(), system.tier.as_str());
        let row = if markdown {
            format!(
                "| [ ] | {} | {} | {} | {} | {complete} of {scopes} | {last} |",
                facts.0,
                facts.1,
                facts.2,
                emit::markdown::cell(owner)
            )
        } else {
            format!(
                "{:24} {:8} {:6} {:16} {complete:>3} of {scopes:<3} scopes  last complete {last}",
                facts.0,
                facts.1,
                facts.2,
                hostile::short(owner, 16)
            )
        };
        add_line(&mut text, format_args!("{row}"));
        if let (false, Some(fact)) = (markdown, fact) {
            for scope in &fact.scopes {
                let last = scope
                    .last_complete_at
                    .map_or_else(|| String::from("never"), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
                add_line(
                    &mut text,
                    format_args!(
                        "    {:44} {:13} last complete {last}",
                        hostile::short(scope.name.as_str(), 44),
                        scope.state.as_str()
                    ),
                );
            }
        }
    }
    for app in report.iter().flat_map(|report| &report.known_apps).filter(|app| app.connected_as.is_none()) {
        let owner = app.owner.as_deref().unwrap_or("-");
        let row = if markdown {
            format!(
                "| [ ] | {} | not connected | - | {} | - | never |",
                emit::markdown::cell(&app.name),
                emit::markdown::cell(owner)
            )
        } else {
            format!("{:24} not connected; owner {}", hostile::short(&app.name, 24), hostile::line(owner))
        };
        add_line(&mut text, format_args!("{row}"));
    }
    session.say(&text)?;
    Ok(ExitCode::Clean.code())
}
