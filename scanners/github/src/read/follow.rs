//! What costs requests of its own for one person, read by the id in the scope's name alone.

use scan_contract::{Cause, Gap, Scope, ScopeName};
use serde::Deserialize;

use crate::hub::Hub;
use crate::read::{audit, keys};
use crate::scopes;
use crate::together::each;
use crate::told::{Told, Work};

#[derive(Deserialize)]
struct Account {
    id: u64,
    login: String,
}

/// Reads every follow-up of a pass, several at once, each with an end of its own.
pub(crate) async fn read(work: Work<'_>, follow_ups: &[Scope]) -> Result<(), Cause> {
    // Several follow-ups of one person ask for the login once.
    let mut people: Vec<(u64, Vec<Scope>)> = Vec::new();
    for scope in follow_ups {
        let Some(id) = id_of(scope) else {
            let what = String::from("github: a follow-up without an id in its name");
            work.outlet.gap(Gap::scope(&scope.name, Cause::Bug { what })).await?;
            continue;
        };
        match people.iter_mut().find(|(known, _)| *known == id) {
            Some((_, scopes)) => scopes.push(scope.clone()),
            None => people.push((id, vec![scope.clone()])),
        }
    }
    while !people.is_empty() {
        let later = people.split_off(people.len().min(32));
        let part = std::mem::replace(&mut people, later);
        let answers = each(work.hub, part, |hub, (id, scopes)| async move { read_person(&hub, id, scopes).await });
        for (name, result) in answers.await?.into_iter().flatten() {
            work.open(&name, work.hub.client.door().now()).await?;
            match result {
                Ok(told) => {
                    work.hand_over(told, name.as_str()).await?;
                    work.seal(&name, None).await?;
                }
                Err(cause) => work.end(&name, Err(cause)).await?,
            }
        }
    }
    Ok(())
}

fn id_of(scope: &Scope) -> Option<u64> {
    let (_, id) = scope.name.as_str().rsplit_once('/')?;
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse()).and_then(Result::ok)
}

async fn read_person(hub: &Hub, id: u64, scopes: Vec<Scope>) -> Vec<(ScopeName, Result<Told, Cause>)> {
    let account = account(hub, id).await;
    let mut answers = Vec::new();
    for scope in scopes {
        let result = match &account {
            // Explicitly gone: nothing hangs from it any more.
            Ok(None) => Ok(Told::default()),
            Ok(Some(account)) => read_one(hub, &scope, account).await,
            Err(cause) => Err(cause.clone()),
        };
        answers.push((scope.name, result));
    }
    answers
}

/// The login of an id now; `None` where the platform says that there is no such account. Of somebody whom a list of this
/// run showed nobody has to be asked.
async fn account(hub: &Hub, id: u64) -> Result<Option<Account>, Cause> {
    if let Some(login) = hub.login_of(id) {
        return Ok(Some(Account { id, login }));
    }
    let text = id.to_string();
    let url = hub.client.address(&["user", &text], &[])?;
    let reply = hub.client.get(&url).await?;
    match reply.status.as_u16() {
        200 => {
            let account: Account = reply.json()?;
            if account.id == id {
                Ok(Some(account))
            } else {
                Err(Cause::Malformed { what: format!("{}: another account than asked for", reply.operation) })
            }
        }
        410 => Ok(None),
        404 if hub.own_accounts().await? => Ok(None),
        404 => Err(Cause::Denied {
            permission: String::from(
                "sight of this account: one that is managed and may not be seen answers as one that is gone",
            ),
        }),
        _ => Err(hub.explain(&reply)),
    }
}

async fn read_one(hub: &Hub, scope: &Scope, account: &Account) -> Result<Told, Cause> {
    match scope.kind.as_str() {
        scopes::SSH_KEYS => keys::ssh_keys_of(hub, &scope.name, account.id, &account.login).await,
        scopes::GPG_KEYS => keys::signing_keys_of(hub, &scope.name, account.id, &account.login).await,
        scopes::AUDIT_LOG => audit::last_of(hub, &scope.name, account.id, &account.login).await,
        other => Err(Cause::Bug { what: format!("github: no follow-up of kind {other}") }),
    }
}
