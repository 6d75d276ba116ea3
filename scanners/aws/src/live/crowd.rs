//! Reads many follow-ups side by side, each a scope of its own.

use std::collections::HashMap;
use std::sync::Arc;

use scan_contract::{Cause, Gap, Outlet, Pass, Scope, ScopeName, Sealed};
use tokio::task::{Id, JoinError, JoinSet};

use crate::live::follow::{About, Outcome, certificates, keys, mfa, ssh};
use crate::live::scanner::{Core, finish};
use crate::live::scopes::{ASSIGNMENTS, EVENTS, KEY_IDS, MFA_SERIALS, Named, SIGNING_CERTIFICATES, SSH_KEYS};

/// Walks under way for each request that may be in flight: one that waits for a limit must not keep others from asking.
const WALKS: usize = 4;

/// Reads every follow-up of a pass.
pub(crate) async fn read(core: &Arc<Core>, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
    let outlet = Arc::new(outlet);
    let mut crowd = Crowd { tasks: JoinSet::new(), names: HashMap::new() };
    for scope in &pass.scopes {
        while crowd.tasks.len() >= WALKS * core.settings.at_once() {
            crowd.one_ends(&outlet).await?;
        }
        let (core, scope, outlet) = (Arc::clone(core), scope.clone(), Arc::clone(&outlet));
        let name = scope.name.clone();
        let task = crowd.tasks.spawn(async move { follow(&core, &scope, &outlet).await });
        crowd.names.insert(task.id(), name);
    }
    while !crowd.tasks.is_empty() {
        crowd.one_ends(&outlet).await?;
    }
    finish(outlet)
}

/// Walks under way. Dropping it ends them all.
struct Crowd {
    tasks: JoinSet<Result<(), Cause>>,
    names: HashMap<Id, ScopeName>,
}

impl Crowd {
    async fn one_ends(&mut self, outlet: &Outlet) -> Result<(), Cause> {
        let Some(ended) = self.tasks.join_next_with_id().await else { return Ok(()) };
        match ended {
            Ok((id, result)) => {
                self.names.remove(&id);
                result
            }
            Err(error) => self.failed(&error, outlet).await,
        }
    }

    async fn failed(&mut self, error: &JoinError, outlet: &Outlet) -> Result<(), Cause> {
        let Some(name) = self.names.remove(&error.id()).filter(|_| error.is_panic()) else {
            return Err(Cause::Stopped);
        };
        let what = String::from("the aws scanner panicked in a follow-up");
        outlet.gap(Gap::scope(&name, Cause::Bug { what })).await
    }
}

/// Reads one follow-up by its name. An error means that nobody takes what is read.
async fn follow(core: &Core, scope: &Scope, outlet: &Outlet) -> Result<(), Cause> {
    let Some(Named { account, kind, key: Some(key) }) = Named::parse(&scope.name) else {
        let what = String::from("a follow-up that this scanner did not name");
        return outlet.gap(Gap::scope(&scope.name, Cause::Bug { what })).await;
    };
    if kind == ASSIGNMENTS {
        let outcome = core.center.assignments(&key, scope).await;
        return outcome.hand_over(&scope.name, &core.base, outlet).await;
    }
    let account = match core.account(&account) {
        Ok(account) => account,
        Err(cause) => return outlet.gap(Gap::scope(&scope.name, cause)).await,
    };
    // Where the role of the account cannot be assumed, that is the reason, not the first call that would need it.
    if let Err(cause) = account.signer.credentials().await {
        return outlet.gap(Gap::scope(&scope.name, cause)).await;
    }
    let index = core.index(&account.id);
    let known = index.user(&key, scope.bound_to.as_deref());
    let about = About { account: &account, user: &key, known: &known, scope: &scope.name };
    let mut outcome = match kind {
        KEY_IDS => keys::read(&about, index.report_of).await,
        SSH_KEYS => ssh::read(&about).await,
        SIGNING_CERTIFICATES => certificates::read(&about).await,
        MFA_SERIALS => mfa::read(&about).await,
        EVENTS => core.trail.read(&about).await,
        _ => Outcome::failed(Cause::Bug { what: format!("{kind} is not read for one user") }),
    };
    if kind == KEY_IDS && core.settings.cloudtrail.is_some() && !outcome.records.is_empty() {
        core.trail.seen(&about).await.raise(&mut outcome.records);
    }
    outcome.hand_over(&scope.name, &account, outlet).await
}
