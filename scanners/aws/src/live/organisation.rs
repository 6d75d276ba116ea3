//! The accounts of an organisation: listed once, then read side by side.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_sdk_organizations::types::Account as Listed;
use scan_contract::{AsOf, AsOfSource, Cause, EndProof, Gap, Outlet, ProofKind, ScopeName};
use tokio::task::JoinSet;

use crate::live::bulk::pages::walk_json;
use crate::live::scanner::Core;
use crate::live::scopes::{ACCOUNTS, name};
use crate::live::settings::Organisation;
use crate::settings::AccountId;
use crate::text::short;

/// Scopes declared at once.
const SCOPES: usize = 500;

/// Reads the list of accounts, then every account of it.
pub(crate) async fn read(core: &Arc<Core>, outlet: &Arc<Outlet>) -> Result<(), Cause> {
    let Some(organisation) = &core.settings.organisation else { return Ok(()) };
    let chosen = list(core, organisation, outlet).await?;
    let mut scopes: Vec<_> =
        chosen.read.iter().chain(chosen.left_out.keys()).flat_map(|id| core.scopes_of(id)).collect();
    while !scopes.is_empty() {
        let rest = scopes.split_off(scopes.len().min(SCOPES));
        outlet.scopes(std::mem::replace(&mut scopes, rest)).await?;
    }
    for (id, cause) in &chosen.left_out {
        refuse(core, id, cause, outlet).await?;
    }
    read_all(core, organisation, chosen.read, outlet).await
}

/// Which accounts are read, and which are not.
#[derive(Debug, Default)]
struct Chosen {
    read: Vec<AccountId>,
    left_out: BTreeMap<AccountId, Cause>,
}

async fn list(core: &Core, organisation: &Organisation, outlet: &Outlet) -> Result<Chosen, Cause> {
    const OPERATION: &str = "organizations:ListAccounts";
    let scope = name(&core.settings.account, ACCOUNTS);
    let started = core.door.now();
    let (asker, client) = core.base.organizations();
    let walked = walk_json!(
        asker,
        "organizations:ListAccounts",
        |token| client.list_accounts().max_results(20).set_next_token(token),
        |answer| answer.accounts.into_iter().flatten()
    );
    outlet.open(&scope, Some(AsOf { at: started, source: AsOfSource::Stated })).await?;
    let mut whole = true;
    if let Some(failure) = walked.broken {
        whole = false;
        outlet.gap(Gap::scope(&scope, failure.cause)).await?;
    }
    let mut listed: BTreeMap<AccountId, Listed> = BTreeMap::new();
    for (index, account) in walked.items.into_iter().enumerate() {
        if let Some(id) = account.id.as_deref().and_then(AccountId::parse) {
            listed.insert(id, account);
        } else {
            let what = format!("{OPERATION}: account {} has no id", index + 1);
            outlet.gap(Gap::part(&scope, format!("account {}", index + 1), Cause::Malformed { what })).await?;
        }
    }
    let chosen = choose(core, organisation, &listed, whole, &scope, outlet).await?;
    if whole {
        outlet.seal(&scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await?;
    }
    Ok(chosen)
}

async fn choose(
    core: &Core,
    organisation: &Organisation,
    listed: &BTreeMap<AccountId, Listed>,
    whole: bool,
    scope: &ScopeName,
    outlet: &Outlet,
) -> Result<Chosen, Cause> {
    let mut chosen = Chosen::default();
    let mut skipped: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut not_asked_for = 0_usize;
    for (id, account) in listed {
        if !organisation.include.is_empty() && !organisation.include.contains(id) {
            not_asked_for += 1;
            continue;
        }
        if let Some(left) = organisation.left_out(id) {
            chosen.left_out.insert(id.clone(), left.cause());
            continue;
        }
        match state_of(account) {
            State::Active => chosen.read.push(id.clone()),
            State::Not(word) => *skipped.entry(word).or_default() += 1,
            State::Unknown(word) => {
                let cause = Cause::UnknownWord { field: String::from("State"), word, rows: 1, first: id.to_string() };
                outlet.gap(Gap::part(scope, id.to_string(), cause)).await?;
                chosen.read.push(id.clone());
            }
        }
    }
    for (word, count) in skipped {
        outlet.notice(format!("{count} accounts of the organisation are {word} and were not read")).await?;
    }
    if not_asked_for > 0 {
        outlet
            .notice(format!("{not_asked_for} accounts of the organisation are not asked for by the configuration"))
            .await?;
    }
    // The configured account is always in its own organisation (CMP-10), and so is every account asked for by name.
    let mut expected: Vec<&AccountId> = organisation.include.iter().collect();
    expected.push(&core.settings.account);
    expected.dedup();
    for id in expected.into_iter().filter(|id| !listed.contains_key(*id)) {
        if whole {
            let what = format!("account {id} in the list of the organisation");
            outlet.gap(Gap::part(scope, id.to_string(), Cause::NotSeen { what })).await?;
        }
        // It can still be read by itself: a list that could not be read takes nothing from it.
        chosen.read.push(id.clone());
    }
    chosen.read.sort();
    chosen.read.dedup();
    Ok(chosen)
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Active,
    Not(&'static str),
    Unknown(String),
}

/// `State`, and the older `Status` where there is none.
fn state_of(account: &Listed) -> State {
    let state = account.state.as_ref().map(|state| state.as_str().to_owned());
    let status = account.status.as_ref().map(|status| status.as_str().to_owned());
    match state.or(status).as_deref() {
        Some("ACTIVE") => State::Active,
        Some("PENDING_ACTIVATION") => State::Not("not activated yet"),
        Some("SUSPENDED") => State::Not("suspended"),
        Some("PENDING_CLOSURE") => State::Not("being closed"),
        Some("CLOSED") => State::Not("closed"),
        Some(other) => State::Unknown(short(other, 40)),
        None => State::Unknown(String::new()),
    }
}

/// Reads accounts side by side; a failure is that account's own.
async fn read_all(
    core: &Arc<Core>,
    organisation: &Organisation,
    ids: Vec<AccountId>,
    outlet: &Arc<Outlet>,
) -> Result<(), Cause> {
    let mut tasks: JoinSet<Result<(), Cause>> = JoinSet::new();
    let mut names = HashMap::new();
    let mut ids = ids.into_iter();
    loop {
        while tasks.len() < organisation.accounts_at_once.max(1) {
            let Some(id) = ids.next() else { break };
            let (core, outlet, own) = (Arc::clone(core), Arc::clone(outlet), id.clone());
            let task = tasks.spawn(async move { Box::pin(read_one(&core, &own, &outlet)).await });
            names.insert(task.id(), id);
        }
        match tasks.join_next_with_id().await {
            None => return Ok(()),
            Some(Ok((task, result))) => {
                names.remove(&task);
                result?;
            }
            Some(Err(error)) => {
                let Some(id) = names.remove(&error.id()).filter(|_| error.is_panic()) else {
                    return Err(Cause::Stopped);
                };
                let what = String::from("the aws scanner panicked in this account");
                refuse(core, &id, &Cause::Bug { what }, outlet).await?;
            }
        }
    }
}

/// Reads one account. An error means that nobody takes what is read; everything else is a gap of this account alone.
async fn read_one(core: &Core, id: &AccountId, outlet: &Outlet) -> Result<(), Cause> {
    let read = match core.account(id) {
        // An account whose role cannot be assumed is not onboarded: one reason for all its scopes.
        Ok(account) => match account.signer.credentials().await {
            Ok(_) => core.read_account(&account, outlet).await,
            Err(cause) => Err(cause),
        },
        Err(cause) => Err(cause),
    };
    match read {
        Err(cause) if cause != Cause::Stopped => refuse(core, id, &cause, outlet).await,
        other => other,
    }
}

/// Every scope of an account, not read for one reason.
async fn refuse(core: &Core, id: &AccountId, cause: &Cause, outlet: &Outlet) -> Result<(), Cause> {
    for scope in core.scopes_of(id) {
        outlet.gap(Gap::scope(&scope.name, cause.clone())).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::types::{AccountState, AccountStatus};

    use super::*;

    #[test]
    fn the_newer_word_wins_and_an_unknown_one_may_be_active() {
        let both = Listed::builder().state(AccountState::Closed).status(AccountStatus::Active).build();
        assert_eq!(state_of(&both), State::Not("closed"));
        let older = Listed::builder().status(AccountStatus::Active).build();
        assert_eq!(state_of(&older), State::Active);
        let new = Listed::builder().state(AccountState::from("FROZEN")).build();
        assert_eq!(state_of(&new), State::Unknown(String::from("FROZEN")));
        assert_eq!(state_of(&Listed::builder().build()), State::Unknown(String::new()));
    }
}
