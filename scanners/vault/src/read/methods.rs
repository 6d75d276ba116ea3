//! Users and roles of sign-in methods.

use std::collections::BTreeMap;
use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, Relation, Status};
use tokio::sync::OnceCell;

use super::Reading;
use crate::facts::{by_name, is_address};
use crate::mount::{Engine, Mount};
use crate::names::shown;
use crate::place::Place;
use crate::scanner::Inner;
use crate::scopes::{JWT_ROLES, KUBERNETES_ROLES, LDAP, USERPASS};
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::{AppRole, JwtRole, KubernetesRole, Role};
use crate::work::Work;

/// Roles of one mount by name, as far as they could be read.
pub(crate) type Roles = Arc<BTreeMap<String, Role>>;

/// Roles, and those that could not be read.
type RolesRead = Result<(Roles, Vec<(String, Cause)>), Cause>;

/// What became of reading roles.
#[derive(Default)]
pub(crate) struct RoleBook {
    cell: OnceCell<RolesRead>,
}

impl Place {
    /// All roles of a mount, read once. For callers to whom a role that could not be read makes
    /// no difference.
    pub(crate) async fn roles(&self, inner: &Arc<Inner>, mount: &Mount) -> Result<Roles, Cause> {
        self.role_book(inner, mount).await.map(|(roles, _)| roles)
    }

    /// The same, with those that could not be read.
    pub(crate) async fn role_book(&self, inner: &Arc<Inner>, mount: &Mount) -> RolesRead {
        let book = self.book(&mount.full());
        book.cell.get_or_init(|| read_roles(inner, self.namespace.clone(), mount)).await.clone()
    }
}

async fn read_roles(inner: &Arc<Inner>, namespace: crate::mount::Namespace, mount: &Mount) -> RolesRead {
    let target = Target::at(mount).then("role");
    let listing = inner.client.list(&namespace, &target).await?.unwrap_or_default();
    let (mut roles, mut missing) = (BTreeMap::new(), Vec::new());
    if listing.warnings > 0 {
        let what = String::from("the server warned that roles are missing from the list");
        missing.push((mount.full(), Cause::NotProven { what }));
    }
    let limit = inner.settings.caps.definitions;
    if listing.keys.len() > limit {
        missing.push((mount.full(), Cause::LimitHit { limit: format!("{limit} roles") }));
    }
    let keys: Vec<String> = listing.keys.into_iter().take(limit).collect();
    let mut work = Work::new(keys.into_iter(), inner.side_by_side(), |name| {
        let (inner, namespace, target) = (Arc::clone(inner), namespace.clone(), target.clone().name(&name));
        let engine = mount.engine.clone();
        async move {
            let client = &inner.client;
            let role = match engine {
                Engine::Jwt => client.read::<JwtRole>(&namespace, &target).await.map(|role| role.map(Role::from)),
                Engine::Kubernetes => {
                    client.read::<KubernetesRole>(&namespace, &target).await.map(|role| role.map(Role::from))
                }
                _ => client.read::<AppRole>(&namespace, &target).await.map(|role| role.map(Role::from)),
            };
            (name, role)
        }
    });
    while let Some(ended) = work.next().await {
        let (name, role) = ended?;
        match role {
            Ok(Some(role)) => {
                roles.insert(name, role);
            }
            // Deleted since the list was read.
            Ok(None) => {}
            Err(Cause::Stopped) => return Err(Cause::Stopped),
            Err(cause) => missing.push((format!("role {} of {}", shown(&name), mount.full()), cause)),
        }
    }
    Ok((Arc::new(roles), missing))
}

/// Users of the server's own password store. Deleting a user stops sign-ins; it does not end tokens.
pub(super) async fn userpass(reading: Reading<'_>) -> Result<(), Cause> {
    users(reading, USERPASS, &Engine::Userpass, |access, name, mount| {
        access.kind = AccessKind::Password;
        access.grant_display = Some(format!("password of {name} at {}", mount.full()));
        access.evidence.push(String::from("the server records neither the last sign-in nor when the user was made"));
    })
    .await
}

/// Users of a directory whom policies are mapped to by name. The directory itself is not read here.
pub(super) async fn ldap(reading: Reading<'_>) -> Result<(), Cause> {
    users(reading, LDAP, &Engine::Ldap, |access, name, mount| {
        access.kind = AccessKind::RoleBinding;
        access.grant_display = Some(format!("policies mapped to {name} at {}", mount.full()));
        access.evidence.push(String::from("in force only while the directory lets the user in"));
    })
    .await
}

async fn users(
    reading: Reading<'_>,
    kind: &str,
    engine: &Engine,
    dress: impl Fn(&mut Access, &str, &Mount),
) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let mut walk = reading.begin(kind).await?;
    let Some(mounts) = reading.mounts(&walk, engine).await? else { return Ok(()) };
    let people = place.people();
    for mount in mounts {
        let target = Target::at(&mount).then("users");
        let listing = match inner.client.list(&place.namespace, &target).await {
            Ok(listing) => listing.unwrap_or_default(),
            Err(cause) => {
                walk.part(mount.full(), cause).await?;
                continue;
            }
        };
        walk.warned(&mount.full(), listing.warnings).await?;
        for name in listing.keys {
            let id = reading.grant(&format!("{}/{name}", mount.full()));
            let mut access = Access::new(reading.name(kind), AccessKind::Password, id, Status::Enabled);
            access.target = Some(format!("{}{}", place.namespace.prefix(), mount.full()));
            access.privilege_reason = Some(String::from("what it reaches is told with its entity"));
            access.expires_at = Fact::None;
            access.last_used_at = Fact::Hidden(String::from("only the audit log says when somebody signed in"));
            access.holders = vec![by_name(Relation::Holder, &name)];
            if let Some(entity) = people.with_alias(&mount.accessor, &name) {
                access.parent = Some(GrantId::from(entity));
                for holder in &mut access.holders {
                    holder.provider_id = Some(entity.to_owned());
                }
            }
            dress(&mut access, &name, &mount);
            walk.record(access).await?;
        }
    }
    walk.seal().await
}

/// JWT and OIDC roles that name somebody in their bounds.
pub(super) async fn jwt_roles(reading: Reading<'_>) -> Result<(), Cause> {
    let mut by_claims = Vec::new();
    let walk = roles(reading, JWT_ROLES, &Engine::Jwt, |access, name, role| {
        let mut names: Vec<&str> =
            role.bound_subject.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        for (claim, values) in &role.bound_claims {
            let names_users = role.user_claim.as_deref() == Some(claim.as_str());
            names.extend(values.0.iter().map(String::as_str).filter(|value| names_users || is_address(value)));
        }
        if !role.bound_claims.is_empty() {
            by_claims.push(shown(name));
        }
        if names.is_empty() {
            return false;
        }
        let mut holders: Vec<Holder> = Vec::new();
        for name in names {
            let holder = by_name(Relation::Holder, name);
            if !holders.contains(&holder) {
                holders.push(holder);
            }
        }
        access.kind = AccessKind::RoleBinding;
        access.grant_display = Some(format!("role {name} lets in whom it names"));
        access.holders = holders;
        access.evidence.push(String::from("in force only while the identity provider signs for them"));
        true
    })
    .await?;
    let Some(walk) = walk else { return Ok(()) };
    if !by_claims.is_empty() {
        walk.notice(format!(
            "sign-in roles whose bounds are claims of a token: whom they let in cannot be told from here: {}",
            by_claims.iter().take(20).cloned().collect::<Vec<_>>().join(", ")
        ))
        .await?;
    }
    walk.seal().await
}

/// Roles that let service accounts in. They lead to nobody: the owner is not recorded anywhere.
pub(super) async fn kubernetes_roles(reading: Reading<'_>) -> Result<(), Cause> {
    let walk = roles(reading, KUBERNETES_ROLES, &Engine::Kubernetes, |access, name, role| {
        access.kind = AccessKind::Automation;
        access.grant_display = Some(format!("role {name} lets service accounts in"));
        let list = |names: &[String]| names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        access.evidence.push(format!(
            "service accounts {} in namespaces {}",
            list(&role.bound_service_account_names),
            list(&role.bound_service_account_namespaces)
        ));
        true
    })
    .await?;
    match walk {
        Some(walk) => walk.seal().await,
        None => Ok(()),
    }
}

async fn roles<'a>(
    reading: Reading<'a>,
    kind: &str,
    engine: &Engine,
    mut dress: impl FnMut(&mut Access, &str, &Role) -> bool,
) -> Result<Option<Walk<'a>>, Cause> {
    let Reading { inner, place, .. } = reading;
    let mut walk = reading.begin(kind).await?;
    let Some(mounts) = reading.mounts(&walk, engine).await? else { return Ok(None) };
    for mount in mounts {
        let (roles, missing) = match place.role_book(inner, &mount).await {
            Ok(found) => found,
            Err(cause) => {
                walk.part(mount.full(), cause).await?;
                continue;
            }
        };
        for (part, cause) in missing {
            walk.part(part, cause).await?;
        }
        for (name, role) in roles.iter() {
            let id = reading.grant(&format!("{}/role/{name}", mount.full()));
            let mut access = Access::new(reading.name(kind), AccessKind::RoleBinding, id, Status::Enabled);
            access.target = Some(format!("{}{}", place.namespace.prefix(), mount.full()));
            access.expires_at = Fact::None;
            access.last_used_at = Fact::Hidden(String::from("only the audit log says when a role was used"));
            if !dress(&mut access, name, role) {
                continue;
            }
            let reach = place.reach(&inner.client, role.policies.all()).await;
            access.privilege = reach.privilege;
            access.privilege_reason = Some(reach.reason);
            walk.record(access).await?;
        }
    }
    Ok(Some(walk))
}
