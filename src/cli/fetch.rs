//! Asks the roster's sources that are HR systems, so that what they give lies where files would lie.

use scan_contract::{Cause, Documents};
use scan_hr::Fetched;

use super::failure::Failure;
use super::runtime::runtime;
use crate::config::Config;
use crate::hostile;
use crate::report::{Notice, NoticeLevel};
use crate::roster::fetched::WithFetched;
use crate::roster::settings::{Service, SourceSettings};
use crate::scanners::Ways;

/// Whether sources over HTTP are asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fetching<'a> {
    /// They are, by these ways.
    Asked(&'a Ways),
    /// They are not: a command that makes no connection goes by the roster that was accepted last.
    NotAsked,
}

/// The files of the roster, with what was fetched, and what was said about it.
pub(super) fn fetched<'a>(
    config: &Config,
    files: &'a dyn Documents,
    fetching: Fetching<'_>,
) -> Result<(WithFetched<'a>, Vec<Notice>), Failure> {
    let mut documents = WithFetched::new(files);
    let mut notices = Vec::new();
    let services: Vec<(&SourceSettings, &Service)> =
        config.roster.sources.iter().filter_map(|source| Some((source, source.service.as_deref()?))).collect();
    if services.is_empty() {
        return Ok((documents, notices));
    }
    let given = match fetching {
        Fetching::NotAsked => services
            .iter()
            .map(|_| Err(Cause::Needs { what: String::from("a command that asks HR systems, such as scan") }))
            .collect(),
        Fetching::Asked(ways) => ask_all(config, &services, ways)?,
    };
    for ((source, _), given) in services.iter().zip(given) {
        if let Ok(fetched) = &given {
            notices.extend(fetched.notices.iter().map(|says| notice(&source.id, says)));
        }
        documents.put(source, given);
    }
    Ok((documents, notices))
}

fn notice(source: &str, says: &str) -> Notice {
    let says = format!("{source}: {}", hostile::line(says));
    Notice { id: String::from("roster-source"), level: NoticeLevel::Note, says }
}

/// Asks one after the other: there are few, and none is in a hurry.
fn ask_all(
    config: &Config,
    services: &[(&SourceSettings, &Service)],
    ways: &Ways,
) -> Result<Vec<Result<Fetched, Cause>>, Failure> {
    let runtime = runtime(config)?;
    let given = runtime.block_on(async {
        let mut given = Vec::new();
        for (source, service) in services {
            tracing::info!(event = "roster-source", source = %source.id);
            let asked = tokio::time::timeout(config.run.deadline, ask(service, ways));
            let fetched = match asked.await {
                Ok(fetched) => fetched,
                Err(_) => Err(Cause::LimitHit { limit: format!("{} s for the source", config.run.deadline.as_secs()) }),
            };
            // What it did not give is told where its file is read: with its address, as the gate ROS-1.
            given.push(fetched);
        }
        given
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    Ok(given)
}

async fn ask(service: &Service, ways: &Ways) -> Result<Fetched, Cause> {
    let source = &service.source;
    let door = ways.door(service.replay.as_deref(), source.door()?, source.allow())?;
    let ways = scan_hr::Ways { door, secrets: std::sync::Arc::clone(&ways.secrets) };
    scan_hr::fetch(source, &ways).await
}
