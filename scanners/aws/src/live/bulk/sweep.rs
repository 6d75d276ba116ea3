//! The sweep of one account: all its lists at once, then told and handed over scope by scope.

use std::sync::Arc;

use scan_contract::{Access, AsOf, Cause, Cursor, Outlet};
use tokio::sync::mpsc;

use crate::live::bulk::tell::{Given, Told, tell};
use crate::live::bulk::{lists, report};
use crate::live::clients::Account;
use crate::live::index::Index;
use crate::live::scopes::name;

/// Sheets that may wait between the teller and the engine.
const WAITING: usize = 2;
/// Records in a sheet.
const PAGE: usize = 500;
/// Users whose follow-ups are declared at once.
const USERS: usize = 200;

/// Reads one account. What could not be read is a gap of its scope; an error ends the walk.
pub(crate) async fn sweep(account: &Arc<Account>, caller: &str, outlet: &Outlet) -> Result<Index, Cause> {
    let given = Box::pin(ask(account, caller)).await;
    let told = hand_over_while_told(account, given, outlet).await?;
    let Told { reading, index, offers } = told;
    if reading.stopped {
        return Err(Cause::Stopped);
    }
    for notice in reading.notices {
        outlet.notice(format!("account {}: {notice}", account.id)).await?;
    }
    for (kind, scope) in reading.scopes {
        let mut records = scope.records;
        while !records.is_empty() {
            let rest = records.split_off(records.len().min(PAGE));
            let page = std::mem::replace(&mut records, rest);
            outlet.page(page, Cursor(format!("{kind}/rest/{}", records.len()))).await?;
        }
        // Gaps go before the seal, so that a seal never stands without them.
        for gap in scope.gaps {
            outlet.gap(gap).await?;
        }
        if let Some(proof) = scope.proof {
            outlet.seal(&scope.name, proof).await?;
        }
    }
    for some in offers.chunks(USERS) {
        let scopes = some.iter().flat_map(|offer| offer.scopes(&account.settings, &account.id)).collect();
        outlet.scopes(scopes).await?;
    }
    Ok(index)
}

/// All lists at the same time: none needs what another gives.
async fn ask(account: &Account, caller: &str) -> Given {
    let started = account.door.now();
    let (report, details, services, devices, sessions, root_password) = tokio::join!(
        report::fetch(account),
        lists::details(account),
        lists::service_credentials(account),
        lists::virtual_devices(account),
        lists::longest_sessions(account),
        lists::root_password(account),
    );
    Given { details, report, services, devices, sessions, root_password, started, caller: caller.to_owned() }
}

async fn hand_over_while_told(account: &Arc<Account>, given: Given, outlet: &Outlet) -> Result<Told, Cause> {
    for (kind, as_of) in given.open() {
        open(account, kind, as_of, outlet).await?;
    }
    let (sender, mut sheets) = mpsc::channel::<Vec<Access>>(WAITING);
    let (settings, id) = (Arc::clone(&account.settings), account.id.clone());
    let teller = tokio::task::spawn_blocking(move || {
        let sink = Box::new(move |records: Vec<Access>| sender.blocking_send(records).is_ok());
        tell(&settings, &id, given, sink)
    });
    let mut sheet = 0_usize;
    while let Some(records) = sheets.recv().await {
        sheet += 1;
        outlet.page(records, Cursor(format!("{}/{sheet}", account.id))).await?;
    }
    teller.await.map_err(|error| {
        if error.is_panic() {
            Cause::Bug { what: String::from("the aws scanner panicked while it told an account") }
        } else {
            Cause::Stopped
        }
    })?
}

async fn open(account: &Account, kind: &str, as_of: AsOf, outlet: &Outlet) -> Result<(), Cause> {
    outlet.open(&name(&account.id, kind), Some(as_of)).await
}
