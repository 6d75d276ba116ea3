//! `holdover check-permissions`: what each credential may do, beside what is needed; and the smallest policy.

use std::sync::Arc;
use std::time::Duration;

use scan_contract::{Cause, Right, RightState, Rights, Scanner, SystemId};
use tokio::task::JoinSet;

use super::arguments::CheckPermissions as Arguments;
use super::failure::Failure;
use super::session::Session;
use super::text::add_line;
use crate::config::{Config, SystemConfig};
use crate::hostile;
use crate::problem::Problem;
use crate::report::ExitCode;
use crate::roster::settings::Service;
use crate::scanners;

/// Time one system may take.
const LONGEST: Duration = Duration::from_mins(2);

/// What came of one system.
enum Outcome {
    /// Read from files.
    NoCredential,
    /// Tried.
    Tried(Rights),
    /// Could not be tried.
    Failed(Cause),
}

pub(super) fn run(session: &Session<'_>, arguments: &Arguments) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    let config = &configured.config;
    let systems = chosen(config, &arguments.systems)?;
    let ways = session.ways(config, None, scanners::Network::Allowed);
    let mut built: Vec<(&SystemConfig, Arc<dyn Scanner>)> = Vec::new();
    for system in systems {
        let scanner =
            scanners::build(system, &ways).map_err(|cause| Failure::Output(format!("{}: {cause}", system.id)))?;
        built.push((system, Arc::from(scanner)));
    }
    // Roster sources are no systems: they are checked where no system is chosen.
    let services: Vec<(&str, &Service)> = config
        .roster
        .sources
        .iter()
        .filter(|_| arguments.systems.is_empty())
        .filter_map(|source| Some((source.id.as_str(), source.service.as_deref()?)))
        .collect();
    if arguments.print_policy {
        return print_policies(session, &built, &services);
    }
    let runtime = super::runtime::runtime(config)?;
    let outcomes = runtime.block_on(try_all(&built));
    let rosters = runtime.block_on(try_services(&services, &ways));
    runtime.shutdown_timeout(Duration::from_secs(2));
    let mut code = ExitCode::Clean;
    let mut text = String::new();
    let systems = built.iter().map(|(system, _)| format!("{} ({})", system.id, system.connector.as_str()));
    let sources = services.iter().map(|(id, _)| format!("roster source {id}"));
    for (title, outcome) in systems.zip(&outcomes).chain(sources.zip(&rosters)) {
        if !tell(&mut text, &title, outcome) {
            code = ExitCode::Gaps;
        }
    }
    session.say(&text)?;
    match overprivileged(&built, &outcomes) {
        Some(says) => Err(Failure::Usage(says)),
        None => Ok(code.code()),
    }
}

/// Ends a run before it reads anything, where the configuration denies a credential that can do more than is needed and
/// one can (PRV-4). What cannot be tried here is met, and told, by the run itself.
pub(super) fn refuse_overprivileged(
    config: &Config,
    chosen: &[SystemId],
    ways: &scanners::Ways,
) -> Result<(), Failure> {
    let denies = |system: &&SystemConfig| {
        system.deny_overprivileged && system.is_live() && (chosen.is_empty() || chosen.contains(&system.id))
    };
    let mut built: Vec<(&SystemConfig, Arc<dyn Scanner>)> = Vec::new();
    for system in config.systems.iter().filter(denies) {
        let scanner =
            scanners::build(system, ways).map_err(|cause| Failure::Output(format!("{}: {cause}", system.id)))?;
        built.push((system, Arc::from(scanner)));
    }
    if built.is_empty() {
        return Ok(());
    }
    let runtime = super::runtime::runtime(config)?;
    let outcomes = runtime.block_on(try_all(&built));
    runtime.shutdown_timeout(Duration::from_secs(2));
    // Nothing is read because of it: that is told like any other run that failed.
    overprivileged(&built, &outcomes)
        .map_or(Ok(()), |says| Err(Failure::Problems(vec![Problem::file(&config.file, says)])))
}

/// What credentials can do beyond their need, where the configuration denies that.
fn overprivileged(built: &[(&SystemConfig, Arc<dyn Scanner>)], outcomes: &[Outcome]) -> Option<String> {
    let says = |((system, _), outcome): (&(&SystemConfig, Arc<dyn Scanner>), &Outcome)| match outcome {
        Outcome::Tried(rights) if system.deny_overprivileged && !rights.excess.is_empty() => {
            let excess: Vec<String> = rights.excess.iter().map(|right| hostile::line(right)).collect();
            Some(format!(
                "{}: its credential can do more than is needed: {}. Take that from it, or take `deny_overprivileged` out of \
                 the configuration",
                system.id,
                excess.join(", ")
            ))
        }
        Outcome::NoCredential | Outcome::Tried(_) | Outcome::Failed(_) => None,
    };
    let all: Vec<String> = built.iter().zip(outcomes).filter_map(says).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn chosen<'a>(config: &'a Config, ids: &[String]) -> Result<Vec<&'a SystemConfig>, Failure> {
    if ids.is_empty() {
        return Ok(config.systems.iter().collect());
    }
    let known = || config.systems.iter().map(|system| system.id.as_str());
    ids.iter()
        .map(|id| {
            config.systems.iter().find(|system| system.id.as_str() == id).ok_or_else(|| {
                let near = crate::problem::nearest(id, known());
                let help = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                Failure::Usage(format!("--system {id}: no such system in the configuration{help}"))
            })
        })
        .collect()
}

/// Asks each HR system for everybody once.
async fn try_services(services: &[(&str, &Service)], ways: &scanners::Ways) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (_, service) in services {
        let source = &service.source;
        let door = source.door().and_then(|settings| ways.door(service.replay.as_deref(), settings, source.allow()));
        outcomes.push(match door {
            Err(cause) => Outcome::Failed(cause),
            Ok(door) => {
                let ways = scan_hr::Ways { door, secrets: Arc::clone(&ways.secrets) };
                match tokio::time::timeout(LONGEST, scan_hr::check_rights(source, &ways)).await {
                    Ok(rights) => Outcome::Tried(rights),
                    Err(_) => {
                        Outcome::Failed(Cause::LimitHit { limit: format!("{} s for one source", LONGEST.as_secs()) })
                    }
                }
            }
        });
    }
    outcomes
}

fn print_policies(
    session: &Session<'_>,
    built: &[(&SystemConfig, Arc<dyn Scanner>)],
    services: &[(&str, &Service)],
) -> Result<u8, Failure> {
    let mut text = String::new();
    let mut code = ExitCode::Clean;
    for (system, scanner) in built {
        match scanner.policy() {
            // A policy of one system alone can be piped into the system's own tools.
            Some(policy) if built.len() == 1 => text.push_str(&policy),
            Some(policy) => {
                add_line(&mut text, format_args!("# {} ({})\n{policy}", system.id, system.connector.as_str()));
            }
            None if system.connector.is_live() => {
                // What its settings lack is told by the check itself; here it must not pass for "nothing needed".
                session
                    .error(&format!("{}: no policy can be told: holdover check-permissions --system {0}", system.id));
                code = ExitCode::Gaps;
            }
            None => session.note(&format!("{}: read from files; nothing has to be granted", system.id)),
        }
    }
    for (id, service) in services {
        add_line(&mut text, format_args!("# roster source {id}\n{}", scan_hr::policy(&service.source)));
    }
    session.say(&text)?;
    Ok(code.code())
}

async fn try_all(built: &[(&SystemConfig, Arc<dyn Scanner>)]) -> Vec<Outcome> {
    let mut tasks = JoinSet::new();
    for (position, (_, scanner)) in built.iter().enumerate() {
        let scanner = Arc::clone(scanner);
        tasks.spawn(async move {
            let outcome = match tokio::time::timeout(LONGEST, scanner.check_rights()).await {
                Ok(Ok(Some(rights))) => Outcome::Tried(rights),
                Ok(Ok(None)) => Outcome::NoCredential,
                Ok(Err(cause)) => Outcome::Failed(cause),
                Err(_) => Outcome::Failed(Cause::LimitHit { limit: format!("{} s for one system", LONGEST.as_secs()) }),
            };
            if let Err(cause) = scanner.close().await {
                tracing::warn!(event = "sign-out-failed", %cause);
            }
            (position, outcome)
        });
    }
    let mut outcomes: Vec<Outcome> = built
        .iter()
        .map(|_| Outcome::Failed(Cause::Bug { what: String::from("the check of this system did not end") }))
        .collect();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((position, outcome)) => outcomes[position] = outcome,
            Err(error) => tracing::error!(event = "check-failed", %error),
        }
    }
    outcomes
}

/// Tells one system or source; whether everything needed is there.
fn tell(text: &mut String, title: &str, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NoCredential => {
            add_line(text, format_args!("{title}: read from files; nothing has to be granted\n"));
            true
        }
        Outcome::Failed(cause) => {
            add_line(text, format_args!("{title}: could not be tried: {}", hostile::line(&cause.to_string())));
            add_line(text, format_args!("  help: {}\n", cause.help()));
            false
        }
        Outcome::Tried(rights) => {
            add_line(text, format_args!("{title}: {}", hostile::line(&rights.credential)));
            let width = rights.needed.iter().map(|right| right.name.chars().count()).max().unwrap_or(0).min(60);
            for right in &rights.needed {
                add_line(text, format_args!("{}", line(right, width)));
            }
            for excess in &rights.excess {
                add_line(text, format_args!("  excess       {}", hostile::line(excess)));
            }
            if !rights.excess_not_told.is_empty() {
                add_line(text, format_args!("  excess       not told: {}", hostile::line(&rights.excess_not_told)));
            }
            let (mut have, mut missing, mut unknown) = (0, 0, 0);
            for right in &rights.needed {
                match right.state {
                    RightState::Have => have += 1,
                    RightState::Missing { .. } => missing += 1,
                    RightState::CannotTell(_) => unknown += 1,
                    RightState::Off => {}
                }
            }
            let excess = rights.excess.len();
            add_line(text, format_args!("  {have} there, {missing} missing, {unknown} not told, {excess} in excess\n"));
            missing == 0 && unknown == 0
        }
    }
}

fn line(right: &Right, width: usize) -> String {
    let (state, says) = match &right.state {
        RightState::Have => ("have", String::new()),
        RightState::Missing { says } => ("MISSING", format!(": {}", hostile::short(says, 100))),
        RightState::CannotTell(cause) => ("cannot tell", format!(": {}", hostile::line(&cause.to_string()))),
        RightState::Off => ("off", String::from(": what it serves is switched off")),
    };
    let name = hostile::line(&right.name);
    format!("  {state:11}  {name:width$}  for {}{says}", right.serves.join(", "))
}
