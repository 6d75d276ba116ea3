//! The system that is asked itself: a list of users in pages, keys for each user, and a second look.

use std::sync::Arc;

use async_trait::async_trait;
use scan_contract::{
    Access, AccessKind, AccessRef, AsOf, AsOfSource, Cause, Cursor, EndProof, GrantId, Holder, Identity, Look,
    Manifest, Outlet, Pass, ProofKind, Relation, Scanner, Scope, ScopeName, Sealed, Status,
};

use crate::fault::{Fault, Met};
use crate::truth::{Grant, Place, Truth, user_id};

const MANIFEST: &str = "
connector: aws
title: a system of the simulation
provider: simulated
live: true
dies_with_account: []
impossible: []
scopes:
  - { kind: users, title: users, yields: [account], needs: [list users], proof: last page, lag: none, cannot_see: [] }
  - { kind: keys, title: keys, yields: [access_key], needs: [list keys], proof: last page, lag: none, cannot_see: [], follow_up: true }
";
/// What a planted panic says.
pub(crate) const PLANTED: &str = "planted";
/// Users on one page.
const PAGE: usize = 5;

/// The scanner.
pub(crate) struct Hub {
    pub(crate) truth: Truth,
    pub(crate) faults: Vec<Fault>,
    pub(crate) met: Arc<Met>,
    /// Leaves out a user and says that this was all.
    pub(crate) lies: bool,
    manifest: Manifest,
}

impl Hub {
    pub(crate) fn new(truth: Truth, faults: Vec<Fault>, met: Arc<Met>) -> Self {
        let manifest = Manifest::parse(MANIFEST).expect("a manifest");
        Self { truth, faults, met, lies: false, manifest }
    }

    fn fires(&self, fault: Fault) -> bool {
        let planned = self.faults.contains(&fault);
        if planned {
            self.met.fired(fault);
        }
        planned
    }

    fn users(&self) -> Vec<(&String, &Grant)> {
        self.truth.grants.iter().filter(|(_, grant)| grant.place == Place::User).collect()
    }

    fn renamed(&self, grant: &Grant) -> u32 {
        self.truth.people[grant.person].renamed
    }

    fn as_of(&self) -> AsOf {
        AsOf { at: self.truth.now, source: AsOfSource::Stated }
    }

    async fn list(&self, scope: &ScopeName, outlet: &Outlet) -> Result<Option<EndProof>, Cause> {
        if self.fires(Fault::ListDenied) {
            return Err(Cause::Denied { permission: String::from("list users") });
        }
        outlet.open(scope, Some(self.as_of())).await?;
        let mut users = self.users();
        if self.lies {
            users.pop();
        }
        let announced = users.len() as u64;
        if self.fires(Fault::ListShort) {
            users.pop();
        }
        if let (true, Some(first)) = (self.fires(Fault::ListTwice), users.first().copied()) {
            users.push(first);
        }
        for (number, page) in users.chunks(PAGE).enumerate() {
            if number == 1 && self.fires(Fault::ListPanics) {
                std::panic::panic_any(PLANTED);
            }
            if number == 1 && self.fires(Fault::ListBreaks) {
                return Err(Cause::CutOff { what: String::from("the second page") });
            }
            let records = page.iter().map(|(id, grant)| user(scope, id, grant, self.renamed(grant))).collect();
            outlet.page(records, Cursor(number.to_string())).await?;
            let offers = page.iter().map(|(_, grant)| offer(grant.person, self.renamed(grant))).collect();
            outlet.scopes(offers).await?;
        }
        if self.fires(Fault::ListUnsealed) {
            return Ok(None);
        }
        Ok(Some(EndProof { kind: ProofKind::LastPage, announced: Some(announced), sha256: None }))
    }

    async fn keys(&self, scope: &ScopeName, outlet: &Outlet) -> Result<(), Cause> {
        let user = scope.as_str().trim_start_matches("keys/");
        if self.faults.contains(&Fault::KeysDenied) && user.ends_with(['1', '3', '5', '7', '9']) {
            self.met.fired(Fault::KeysDenied);
            outlet
                .gap(scan_contract::Gap::scope(scope, Cause::Denied { permission: String::from("list keys") }))
                .await?;
            return Ok(());
        }
        outlet.open(scope, Some(self.as_of())).await?;
        let keys = self.truth.grants.iter().filter(|(_, grant)| {
            grant.place == Place::Key && user_id(grant.person) == user && self.truth.grants.contains_key(user)
        });
        let records: Vec<Access> = keys.map(|(id, grant)| key(scope, id, grant)).collect();
        let announced = Some(records.len() as u64);
        outlet.page(records, Cursor(String::from("1"))).await?;
        outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced, sha256: None }).await
    }
}

fn status(grant: &Grant) -> Status {
    if grant.enabled { Status::Enabled } else { Status::Disabled }
}

fn holder(person: usize, renamed: u32) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    holder.provider_id = Some(user_id(person));
    // Written in another way after each change of name: it is the same address (IDN-2).
    holder.email =
        Some(if renamed % 2 == 1 { format!("P-{person}@Acme.Example") } else { format!("p-{person}@acme.example") });
    holder
}

fn user(scope: &ScopeName, id: &str, grant: &Grant, renamed: u32) -> Access {
    let mut access = Access::new(scope.clone(), AccessKind::Account, GrantId::from(id), status(grant));
    access.holders = vec![holder(grant.person, renamed)];
    access
}

fn key(scope: &ScopeName, id: &str, grant: &Grant) -> Access {
    let mut access = Access::new(scope.clone(), AccessKind::AccessKey, GrantId::from(id), status(grant));
    access.parent = Some(GrantId::from(user_id(grant.person)));
    access
}

fn offer(person: usize, renamed: u32) -> Scope {
    let mut scope = Scope::new(format!("keys/{}", user_id(person)), "keys");
    scope.bound_to = Some(Box::new(holder(person, renamed)));
    scope
}

#[async_trait]
impl Scanner for Hub {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let found = if self.fires(Fault::WrongTenant) { "somebody-else" } else { "hub" };
        Ok(Identity { declared: String::from("hub"), found: String::from(found) })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        Ok(vec![Pass::new("users", vec![Scope::new("users", "users")])])
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        for scope in &pass.scopes {
            if scope.name.as_str() == "users" {
                if let Some(proof) = self.list(&scope.name, &outlet).await? {
                    outlet.seal(&scope.name, proof).await?;
                }
            } else {
                self.keys(&scope.name, &outlet).await?;
            }
        }
        Ok(outlet.finish())
    }

    async fn look(&self, access: &AccessRef) -> Result<Look, Cause> {
        if self.fires(Fault::LookFails) {
            return Ok(Look::CannotTell(Cause::Throttled { until: None }));
        }
        Ok(match self.truth.grants.get(access.grant_id.as_str()) {
            Some(grant) if grant.enabled => Look::Present,
            Some(_) => Look::Disabled,
            None => Look::Gone,
        })
    }
}
