//! Reading: one file a scope kind.
//!
//! | file | scopes |
//! |---|---|
//! | [`lists`] | namespaces, mounts, sign-in methods, policies, audit devices |
//! | [`identity`] | entities, aliases, groups |
//! | [`entity`] | one entity in depth (follow-up) |
//! | [`tokens`] | token accessors |
//! | [`leases`] | leases; leases of one user's sign-ins (follow-up) |
//! | [`methods`] | users and roles of sign-in methods |
//! | [`secret_ids`] | secret ids of AppRole roles |
//! | [`certificates`] | certificates that let in, and certificates that were issued |
//! | [`kv`] | key-value stores: the walk over metadata, owners |
//! | [`readable`] | what one entity could read (follow-up) |
//! | [`engines`] | database users, SSH roles |
//! | [`look`](mod@second) | second looks |

use std::sync::Arc;

use scan_contract::{AccessRef, Cause, GrantId, Look, Outlet, Scope, ScopeName};

use crate::mount::{Engine, Mount, Namespace};
use crate::place::{Mounts, Place};
use crate::scanner::Inner;
use crate::scopes;
use crate::walk::{Walk, refuse};
use crate::work::Work;

mod certificates;
mod engines;
mod entity;
mod identity;
pub(crate) mod kv;
mod leases;
mod lists;
pub(crate) mod methods;
mod readable;
mod second;
mod secret_ids;
mod tokens;

/// An object that is not what it should be; the parser's own message would quote it.
fn undecodable(error: &serde_json::Error) -> Cause {
    Cause::Malformed { what: format!("it cannot be decoded, column {}", error.column()) }
}

/// What a reader is given: the shared state, the namespace, and where it tells.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) place: &'a Arc<Place>,
    pub(crate) outlet: &'a Outlet,
}

impl<'a> Reading<'a> {
    /// Name of a scope of this namespace.
    pub(crate) fn name(&self, kind: &str) -> ScopeName {
        scopes::name(&self.place.namespace, kind)
    }

    /// A grant id that is told by a path: paths of another namespace are others.
    pub(crate) fn grant(&self, path: &str) -> GrantId {
        GrantId::from(format!("{}{path}", self.place.namespace.prefix()))
    }

    /// Begins a scope of this namespace.
    pub(crate) async fn begin(&self, kind: &str) -> Result<Walk<'a>, Cause> {
        Walk::begin(self.outlet, self.name(kind), self.inner.client.now()).await
    }

    /// A scope that is not read, for a reason.
    pub(crate) async fn refuse(&self, kind: &str, cause: Cause) -> Result<(), Cause> {
        refuse(self.outlet, &self.name(kind), cause).await
    }

    /// Mounts of one type for a scope that has begun. What kept mounts from being discovered is told. `None`: nothing is
    /// known of any.
    pub(crate) async fn mounts(&self, walk: &Walk<'_>, engine: &Engine) -> Result<Option<Vec<Mount>>, Cause> {
        let inner = self.inner;
        let mounts: Arc<Mounts> = if engine.is_sign_in() {
            self.place.methods(&inner.client, &inner.settings).await
        } else {
            self.place.engines(&inner.client, &inner.settings).await
        };
        let found: Vec<Mount> = mounts.found.iter().filter(|mount| mount.engine == *engine).cloned().collect();
        match &mounts.trouble {
            None => Ok(Some(found)),
            Some(cause) => {
                walk.whole(cause.clone()).await?;
                Ok((!found.is_empty()).then_some(found))
            }
        }
    }
}

/// Reads everything that is declared for a namespace, and for those that are found below it.
pub(crate) async fn namespace(inner: &Arc<Inner>, first: &Namespace, outlet: &Outlet) -> Result<(), Cause> {
    let mut waiting = vec![first.clone()];
    while let Some(namespace) = waiting.pop() {
        let place = inner.begin_place(&namespace);
        let reading = Reading { inner, place: &place, outlet };
        let mounts = place.engines(&inner.client, &inner.settings).await;
        if let Some(cause) = &mounts.absent {
            for scope in scopes::declare(&namespace) {
                refuse(outlet, &scope.name, cause.clone()).await?;
            }
            continue;
        }
        let below = lists::namespaces(reading).await?;
        for found in below {
            outlet.scopes(scopes::declare(&found)).await?;
            waiting.push(found);
        }
        one_namespace(reading).await?;
    }
    Ok(())
}

async fn one_namespace(reading: Reading<'_>) -> Result<(), Cause> {
    lists::mounts(reading).await?;
    lists::methods(reading).await?;
    lists::policies(reading).await?;
    if reading.place.namespace.is_root() {
        lists::audit_devices(reading).await?;
    }
    identity::people(reading).await?;
    identity::groups(reading).await?;
    tokens::read(reading).await?;
    leases::read(reading).await?;
    methods::userpass(reading).await?;
    methods::ldap(reading).await?;
    methods::jwt_roles(reading).await?;
    methods::kubernetes_roles(reading).await?;
    certificates::letting_in(reading).await?;
    secret_ids::read(reading).await?;
    kv::stores(reading).await?;
    kv::owners(reading).await?;
    engines::static_roles(reading).await?;
    certificates::issued(reading).await?;
    engines::ssh_roles(reading).await
}

/// Reads follow-ups side by side.
pub(crate) async fn follow_ups(inner: &Arc<Inner>, scopes: Vec<Scope>, outlet: &Arc<Outlet>) -> Result<(), Cause> {
    let limit = inner.side_by_side();
    let mut work = Work::new(scopes.into_iter(), limit, |scope| {
        let (inner, outlet) = (Arc::clone(inner), Arc::clone(outlet));
        async move { follow_up(&inner, &scope, &outlet).await }
    });
    while let Some(ended) = work.next().await {
        ended??;
    }
    Ok(())
}

async fn follow_up(inner: &Arc<Inner>, scope: &Scope, outlet: &Outlet) -> Result<(), Cause> {
    let Some((namespace, key)) = crate::scopes::parse_follow_up(scope) else {
        return refuse(outlet, &scope.name, Cause::Malformed { what: String::from("the name of this scope") }).await;
    };
    let place = inner.place(&namespace);
    let reading = Reading { inner, place: &place, outlet };
    let walk = Walk::begin(outlet, scope.name.clone(), inner.client.now()).await?;
    match scope.kind.as_str() {
        scopes::ENTITY => entity::read(reading, walk, &key).await,
        scopes::READABLE => readable::read(reading, walk, &key).await,
        _ => leases::of_one_login(reading, walk, &key).await,
    }
}

/// A second look at one access.
pub(crate) async fn look(inner: &Arc<Inner>, access: &AccessRef) -> Result<Look, Cause> {
    second::look(inner, access).await
}
