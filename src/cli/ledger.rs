//! `holdover ledger verify`.

use super::arguments::{Ledger, LedgerCommand};
use super::failure::Failure;
use super::session::Session;
use crate::store::Store as _;

pub(super) fn run(session: &Session<'_>, arguments: &Ledger) -> Result<u8, Failure> {
    let LedgerCommand::Verify = arguments.command;
    let configured = session.configuration()?;
    let check = session.store_read_only(&configured.config)?.verify_ledger()?;
    session.say(&format!(
        "ledger sound: {} records, head {}\nlineage {}, serial {}; the exported file and checkpoint agree",
        check.records, check.head, check.lineage, check.serial
    ))?;
    Ok(0)
}
