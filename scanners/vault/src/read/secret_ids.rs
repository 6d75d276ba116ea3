//! Secret ids of AppRole roles: the passwords of machines. Whose they are stands in their metadata, if anywhere.

use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Fact, Status};
use serde::Serialize;

use super::Reading;
use crate::client::{Heard, decode};
use crate::facts::{digest, has_passed, moment, owners};
use crate::mount::{Engine, Mount};
use crate::names::shown;
use crate::scopes::SECRET_IDS;
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::SecretId;
use crate::work::Work;

#[derive(Serialize)]
struct BySecretIdAccessor<'a> {
    secret_id_accessor: &'a str,
}

/// Reads the secret ids of every role.
pub(super) async fn read(reading: Reading<'_>) -> Result<(), Cause> {
    let inner = reading.inner;
    if inner.replays() {
        let what = String::from("a recording holds no accessors of secret ids");
        return reading.refuse(SECRET_IDS, Cause::NotInSource { what }).await;
    }
    let mut walk = reading.begin(SECRET_IDS).await?;
    let Some(mounts) = reading.mounts(&walk, &Engine::AppRole).await? else { return Ok(()) };
    for mount in mounts {
        of_mount(reading, &mut walk, &mount).await?;
    }
    walk.seal().await
}

async fn of_mount(reading: Reading<'_>, walk: &mut Walk<'_>, mount: &Mount) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let roles = match inner.client.list(&place.namespace, &Target::at(mount).then("role")).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.part(mount.full(), cause).await,
    };
    walk.warned(&mount.full(), roles.warnings).await?;
    let limit = inner.settings.caps.definitions;
    if roles.keys.len() > limit {
        walk.part(mount.full(), Cause::LimitHit { limit: format!("{limit} roles") }).await?;
    }
    let mut left = inner.settings.caps.secret_ids;
    for role in roles.keys.iter().take(limit) {
        let part = format!("role {} of {}", shown(role), mount.full());
        let target = Target::at(mount).then("role").name(role).then("secret-id");
        let accessors = match inner.client.hear_list(&place.namespace, &target, None).await {
            // The role was deleted since the list was read.
            Ok(heard) if !matches!(heard, Heard::Nothing) && heard.is_gone(&["does not exist"]) => continue,
            Ok(heard) => crate::client::listing(&place.namespace, &target, heard),
            Err(cause) => Err(cause),
        };
        let accessors = match accessors {
            Ok(listing) => listing.unwrap_or_default(),
            Err(cause) => {
                walk.part(part, cause).await?;
                continue;
            }
        };
        walk.warned(&part, accessors.warnings).await?;
        if accessors.keys.is_empty() {
            continue;
        }
        if accessors.keys.len() > left {
            let limit = format!("{} secret ids of one mount", inner.settings.caps.secret_ids);
            walk.part(part, Cause::LimitHit { limit }).await?;
        }
        let keys: Vec<String> = accessors.keys.into_iter().take(left).collect();
        left -= keys.len();
        of_role(reading, walk, mount, role, keys).await?;
    }
    Ok(())
}

async fn of_role(
    reading: Reading<'_>,
    walk: &mut Walk<'_>,
    mount: &Mount,
    role: &str,
    keys: Vec<String>,
) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let reach = match place.roles(inner, mount).await {
        Ok(roles) => match roles.get(role) {
            Some(found) => Some(place.reach(&inner.client, found.policies.all()).await),
            None => None,
        },
        Err(Cause::Stopped) => return Err(Cause::Stopped),
        Err(cause) => {
            walk.part(format!("policies of roles of {}", mount.full()), cause).await?;
            None
        }
    };
    let target = Target::at(mount).then("role").name(role).then("secret-id-accessor/lookup");
    let mut work = Work::new(keys.into_iter(), inner.side_by_side(), |accessor: String| {
        let (inner, place, target) = (Arc::clone(inner), Arc::clone(place), target.clone());
        async move {
            let body = BySecretIdAccessor { secret_id_accessor: &accessor };
            let seen = match inner.client.hear_post(&place.namespace, &target, &body).await {
                // It was used up, ended or destroyed between the list and the look-up.
                Ok(heard) if heard.is_gone(&["failed to find accessor entry"]) => Ok(None),
                Ok(heard) => decode::<SecretId>(&place.namespace, &target, heard, "update"),
                Err(cause) => Err(cause),
            };
            (accessor, seen)
        }
    });
    while let Some(ended) = work.next().await {
        let (accessor, seen) = ended?;
        match seen {
            Ok(Some(secret)) => {
                let mut access = secret_access(reading, mount, role, &digest(&accessor), &secret);
                if let Some(reach) = &reach {
                    access.privilege = reach.privilege;
                    access.privilege_reason = Some(reach.reason.clone());
                }
                walk.record(access).await?;
            }
            Ok(None) => {}
            Err(cause) => walk.part(format!("secret id {} of role {}", digest(&accessor), shown(role)), cause).await?,
        }
    }
    Ok(())
}

fn secret_access(reading: Reading<'_>, mount: &Mount, role: &str, id: &str, secret: &SecretId) -> Access {
    let expires = moment(secret.expiration_time.as_deref(), Fact::not_given());
    let status = if has_passed(&expires, reading.inner.client.now()) { Status::Expired } else { Status::Enabled };
    let grant = reading.grant(&format!("{}/role/{role}/{id}", mount.full()));
    let mut access = Access::new(reading.name(SECRET_IDS), AccessKind::ServiceKey, grant, status);
    access.grant_display = Some(format!("secret id of role {role}"));
    access.target = Some(format!("{}{}/role/{role}", reading.place.namespace.prefix(), mount.full()));
    access.created_at = moment(secret.creation_time.as_deref(), Fact::not_given());
    access.rotated_at = access.created_at.clone();
    access.expires_at = expires;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says when a secret id was used"));
    access.holders = owners(&secret.metadata, &reading.inner.settings.owner_keys);
    if access.holders.is_empty() {
        access.evidence.push(String::from("its metadata names no owner"));
    }
    if let Some(uses) = secret.uses.filter(|uses| *uses > 0) {
        access.evidence.push(format!("{uses} uses left"));
    }
    access
}
