//! What only an operator may decide: `coverage accept`, `incidents acknowledge`. Both need the exact name and go into
//! the ledger.

use scan_contract::{ScopeName, SystemId};

use super::arguments::{Coverage, CoverageCommand, Incidents, IncidentsCommand};
use super::failure::Failure;
use super::session::Session;
use crate::findings::{Acknowledgement, Fingerprint, UsedAfterEnd};
use crate::store::{Store as _, StoreError};

pub(super) fn coverage(session: &Session<'_>, arguments: &Coverage) -> Result<u8, Failure> {
    let CoverageCommand::Accept { scope, run } = &arguments.command;
    let configured = session.configuration()?;
    let config = &configured.config;
    let (system, name) = scope
        .split_once('/')
        .ok_or_else(|| Failure::Usage(format!("{scope}: expected SYSTEM/SCOPE, such as crm/accounts")))?;
    if !config.systems.iter().any(|configured| configured.id.as_str() == system) {
        return Err(Failure::Usage(format!("no system {system} is configured")));
    }
    let mut store = session.store(config)?;
    let now = session.clock(config).0.now();
    match store.accept_drop(&SystemId::new(system), &ScopeName::new(name), run, now) {
        Err(error @ StoreError::Missing { .. }) => return Err(Failure::Usage(error.to_string())),
        other => other?,
    }
    session.note(&format!("accepted: what {run} found in {scope}"));
    Ok(0)
}

pub(super) fn incidents(session: &Session<'_>, arguments: &Incidents) -> Result<u8, Failure> {
    let IncidentsCommand::Acknowledge { fingerprint, reference } = &arguments.command;
    let print: Fingerprint = fingerprint.parse().map_err(Failure::Usage)?;
    if reference.trim().is_empty() {
        return Err(Failure::Usage(String::from("--reference must say where it was handled")));
    }
    let configured = session.configuration()?;
    let config = &configured.config;
    let mut store = session.store(config)?;
    let Some(memory) = store.recall(&print)? else {
        return Err(Failure::Usage(format!("no finding {print} is known")));
    };
    if memory.finding.used_after_end != UsedAfterEnd::After {
        return Err(Failure::Usage(format!("{print} was not used after the end; there is nothing to acknowledge")));
    }
    let at = session.clock(config).0.now();
    store.acknowledge(&print, &Acknowledgement { reference: reference.clone(), at })?;
    session
        .note(&format!("recorded: the use after the end of {print} was handled ({})", crate::hostile::line(reference)));
    Ok(0)
}
