//! Database users whose password the server rotates, and roles that sign SSH keys.

use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Fact, Holder, Privilege, Relation, Status};

use super::Reading;
use crate::facts::{by_name, moment};
use crate::mount::{Engine, Mount};
use crate::names::shown;
use crate::scopes::{SSH_ROLES, STATIC_ROLES};
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::{SshRole, StaticRole};
use crate::work::Work;

/// Static roles of one mount, as far as they could be read; read once.
pub(super) async fn static_roles_of(
    reading: Reading<'_>,
    walk: &Walk<'_>,
    mount: &Mount,
) -> Result<Vec<(String, StaticRole)>, Cause> {
    definitions(reading, walk, mount, "static-roles").await
}

/// Everything of one sort at a mount.
pub(super) async fn definitions<T: serde::de::DeserializeOwned + Send + 'static>(
    reading: Reading<'_>,
    walk: &Walk<'_>,
    mount: &Mount,
    sort: &'static str,
) -> Result<Vec<(String, T)>, Cause> {
    let Reading { inner, place, .. } = reading;
    let target = Target::at(mount).then(sort);
    let listing = match inner.client.list(&place.namespace, &target).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.part(format!("{} of {}", sort, mount.full()), cause).await.map(|()| Vec::new()),
    };
    walk.warned(&mount.full(), listing.warnings).await?;
    let limit = inner.settings.caps.definitions;
    if listing.keys.len() > limit {
        walk.part(mount.full(), Cause::LimitHit { limit: format!("{limit} roles") }).await?;
    }
    let keys: Vec<String> = listing.keys.into_iter().take(limit).collect();
    let mut work = Work::new(keys.into_iter(), inner.side_by_side(), |name: String| {
        let (inner, place, target) = (Arc::clone(inner), Arc::clone(place), target.clone().name(&name));
        async move {
            let read = inner.client.read::<T>(&place.namespace, &target).await;
            (name, read)
        }
    });
    let mut found = Vec::new();
    while let Some(ended) = work.next().await {
        let (name, read) = ended?;
        match read {
            Ok(Some(read)) => found.push((name, read)),
            // Deleted since the list was read.
            Ok(None) => {}
            Err(cause) => walk.part(format!("role {} of {}", shown(&name), mount.full()), cause).await?,
        }
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(found)
}

/// One record for each database user. The name of the user may be a person's.
pub(super) async fn static_roles(reading: Reading<'_>) -> Result<(), Cause> {
    let mut walk = reading.begin(STATIC_ROLES).await?;
    let Some(mounts) = reading.mounts(&walk, &Engine::Database).await? else { return Ok(()) };
    for mount in mounts {
        for (name, role) in static_roles_of(reading, &walk, &mount).await? {
            let id = reading.grant(&format!("{}/static-roles/{name}", mount.full()));
            let mut access = Access::new(reading.name(STATIC_ROLES), AccessKind::Password, id, Status::Enabled);
            if role.username.is_none() {
                let what = String::from("the server does not say which database user it is for");
                walk.part(format!("role {} of {}", shown(&name), mount.full()), Cause::Malformed { what }).await?;
            }
            let database = role.db_name.as_deref().unwrap_or("a database that is not named");
            access.grant_display = Some(format!("password of database role {name}"));
            access.target = Some(format!("{}{} ({database})", reading.place.namespace.prefix(), mount.full()));
            access.holders = role.username.iter().map(|user| by_name(Relation::Holder, user)).collect();
            access.rotated_at = moment(role.last_vault_rotation.as_deref(), Fact::not_given());
            access.last_used_at = Fact::Hidden(String::from("only the database knows"));
            access.expires_at = Fact::None;
            access.evidence.push(String::from("the server rotates it; whoever may read it is told with their entity"));
            walk.record(access).await?;
        }
    }
    walk.seal().await
}

/// Roles that sign SSH keys for named remote users.
pub(super) async fn ssh_roles(reading: Reading<'_>) -> Result<(), Cause> {
    let mut walk = reading.begin(SSH_ROLES).await?;
    let Some(mounts) = reading.mounts(&walk, &Engine::Ssh).await? else { return Ok(()) };
    for mount in mounts {
        for (name, role) in definitions::<SshRole>(reading, &walk, &mount, "roles").await? {
            let users = remote_users(&role);
            let id = reading.grant(&format!("{}/roles/{name}", mount.full()));
            let mut access = Access::new(reading.name(SSH_ROLES), AccessKind::RoleBinding, id, Status::Enabled);
            access.grant_display = Some(format!("role {name} signs SSH keys for remote users it names"));
            access.target = Some(format!("{}{}", reading.place.namespace.prefix(), mount.full()));
            access.privilege = Privilege::Unknown;
            access.privilege_reason = Some(String::from("who may use the role is decided by policies"));
            access.expires_at = Fact::None;
            access.last_used_at = Fact::Hidden(String::from("signed certificates are not kept"));
            access.holders = users.iter().map(|user| remote_user(user)).collect();
            if access.holders.is_empty() {
                access.evidence.push(String::from("it names no remote user"));
            }
            access.evidence.push(format!(
                "kind {}, a signed certificate lives at most {}",
                shown(role.key_type.as_deref().unwrap_or("not said")),
                role.max_ttl.as_ref().map_or_else(|| String::from("a time that is not said"), life)
            ));
            walk.record(access).await?;
        }
    }
    walk.seal().await
}

/// A remote user is a name on hosts, chosen by whoever wrote the role.
fn remote_user(user: &str) -> Holder {
    let mut holder = by_name(Relation::Holder, user);
    holder.verified = Some(Vec::new());
    holder
}

fn remote_users(role: &SshRole) -> Vec<String> {
    let mut users: Vec<String> = Vec::new();
    let listed = role.allowed_users.iter().flat_map(|users| users.split(','));
    for user in listed.chain(role.default_user.iter().map(String::as_str)) {
        let user = user.trim();
        if !user.is_empty() && !user.contains(['*', '{']) && !users.iter().any(|known| known == user) {
            users.push(user.to_owned());
        }
    }
    users
}

/// Seconds, or text such as `8h`; 0 is the mount's own limit.
fn life(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Number(seconds) if seconds.as_u64() == Some(0) => {
            String::from("as long as the mount allows")
        }
        serde_json::Value::Number(seconds) => format!("{seconds} s"),
        serde_json::Value::String(text) => shown(text),
        _ => String::from("a time that is not said"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_users_are_names_and_no_patterns() {
        let role: SshRole = serde_json::from_str(
            r#"{"allowed_users":"alice, root,*,{{identity.entity.name}}","default_user":"alice"}"#,
        )
        .expect("a role");
        assert_eq!(remote_users(&role), ["alice", "root"]);
    }
}
