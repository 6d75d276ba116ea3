//! What one entity could read by policy: secrets and rotated passwords, each with the time of the
//! newest version that is left.

use scan_contract::{Access, AccessKind, Cause, Fact, Holder, Privilege, Relation, Status};

use super::Reading;
use super::engines::static_roles_of;
use super::entity::{InDepth, in_depth};
use super::kv::{Secret, Versions, when};
use crate::acl::Acl;
use crate::facts::moment;
use crate::mount::{Engine, Mount};
use crate::names::shown;
use crate::people::{holders_in_depth, united};
use crate::walk::Walk;

/// The follow-up.
pub(super) async fn read(reading: Reading<'_>, mut walk: Walk<'_>, id: &str) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let found = match in_depth(reading, &walk, id).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            // What it could read is known no longer; that is not the same as nothing. Whatever was found before stays
            // open until the secrets are rotated.
            let what = String::from("the entity is gone, and with it what its policies allowed");
            return walk.fail(Cause::NotProven { what }).await;
        }
        Err(cause) => return walk.fail(cause).await,
    };
    let (acl, missing) = place.acl(&inner.client, found.policies.keys().map(String::as_str), &found.subject).await;
    for (policy, cause) in missing {
        walk.part(format!("policy {}", shown(&policy)), cause).await?;
    }
    let engines = place.engines(&inner.client, &inner.settings).await;
    if let Some(cause) = &engines.trouble {
        walk.whole(cause.clone()).await?;
    }
    for mount in &engines.found {
        match mount.engine {
            Engine::KvV2 => secrets(reading, &mut walk, mount, &acl, &found).await?,
            Engine::KvV1 if acl.may_read_below(&format!("{}/", mount.path)) => {
                let what = String::from("its policies reach into a store of version 1, which keeps no times");
                walk.part(shown(&mount.path), Cause::NotSupported { what }).await?;
            }
            Engine::Database => passwords(reading, &mut walk, mount, &acl, &found).await?,
            _ => {}
        }
    }
    walk.seal().await
}

/// Walks only where the policies can reach.
async fn secrets(
    reading: Reading<'_>,
    walk: &mut Walk<'_>,
    mount: &Mount,
    acl: &Acl,
    found: &InDepth,
) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let store = place.store(mount);
    let top = format!("{}/data/", mount.path);
    let mut folders = vec![String::new()];
    while let Some(path) = folders.pop() {
        if !acl.may_read_below(&format!("{top}{path}")) {
            continue;
        }
        let folder = match store.folder(inner, &place.namespace, &path).await {
            Ok(folder) => folder,
            Err(cause) => {
                walk.part(shown(&format!("{}/{path}", mount.path)), cause).await?;
                continue;
            }
        };
        walk.warned(&shown(&format!("{}/{path}", mount.path)), folder.warnings).await?;
        folders.extend(folder.folders.iter().map(|below| format!("{path}{below}")));
        for name in &folder.secrets {
            let whole = format!("{path}{name}");
            if !acl.may_read(&format!("{top}{whole}")) {
                continue;
            }
            let limit = inner.settings.caps.secrets_per_entity;
            if walk.told() >= limit as u64 {
                let limit = format!("{limit} secrets of one entity");
                return walk.part(shown(&mount.path), Cause::LimitHit { limit }).await;
            }
            match store.secret(inner, &place.namespace, &folder, &whole).await {
                Ok(Some(secret)) => {
                    let mut access = reader_of(reading, walk, &format!("{}/{whole}", mount.path), found);
                    describe(&mut access, &secret, acl, &format!("{top}{whole}"), found);
                    walk.record(access).await?;
                }
                // Its metadata was deleted since the list was read: nothing is left of it.
                Ok(None) => {}
                Err(cause) => walk.part(shown(&format!("{}/{whole}", mount.path)), cause).await?,
            }
        }
    }
    Ok(())
}

/// One record for each secret and reader: who could read it is part of what it is.
fn reader_of(reading: Reading<'_>, walk: &Walk<'_>, path: &str, found: &InDepth) -> Access {
    let entity = &found.entity;
    let id = reading.grant(&format!("{path}@{}", entity.id));
    let mut access = Access::new(walk.name().clone(), AccessKind::SharedSecret, id, Status::Enabled);
    access.grant_display = Some(format!("secret {path}"));
    access.target = Some(format!("{}{path}", reading.place.namespace.prefix()));
    let holders: Vec<Holder> = holders_in_depth(entity, Relation::Reader, &reading.inner.settings.identity_providers);
    access.holders = united(holders).into_iter().collect();
    access.privilege = Privilege::Read;
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says who read it"));
    access
}

fn describe(access: &mut Access, secret: &Secret, acl: &Acl, path: &str, found: &InDepth) {
    access.created_at = when(secret.created);
    access.rotated_at = when(secret.rotated);
    access.status = match secret.versions {
        Versions::There(None) => Status::Enabled,
        Versions::There(Some(at)) => {
            access.evidence.push(format!(
                "the newest version that is there can be read until {}; then the server deletes it by itself",
                at.to_rfc3339()
            ));
            Status::Enabled
        }
        Versions::Deleted(at) => {
            access
                .evidence
                .push(format!("its last version was deleted at {}, and can be brought back", at.to_rfc3339()));
            Status::Disabled
        }
        Versions::Destroyed => {
            access.evidence.push(String::from("all its versions were destroyed"));
            Status::Revoked
        }
        Versions::NotSaid => {
            access.evidence.push(String::from("the metadata does not say what became of its versions"));
            Status::Unknown
        }
    };
    access.privilege_reason = Some(why(acl, path, found));
}

fn why(acl: &Acl, path: &str, found: &InDepth) -> String {
    let Some(rule) = acl.decide(path) else { return String::from("policy root allows everything") };
    let sources: Vec<String> = rule
        .policies
        .iter()
        .map(|policy| match found.policies.get(policy) {
            Some(source) => format!("{policy} ({source})"),
            None => policy.clone(),
        })
        .collect();
    format!("read on {} by policy {}", rule.pattern, sources.join(", "))
}

/// Passwords of database users that policies allow to be read. The address that hands them out is never asked.
async fn passwords(
    reading: Reading<'_>,
    walk: &mut Walk<'_>,
    mount: &Mount,
    acl: &Acl,
    found: &InDepth,
) -> Result<(), Cause> {
    let top = format!("{}/static-creds/", mount.path);
    if !acl.may_read_below(&top) {
        return Ok(());
    }
    for (name, role) in static_roles_of(reading, walk, mount).await? {
        let path = format!("{top}{name}");
        if !acl.may_read(&path) {
            continue;
        }
        let mut access = reader_of(reading, walk, &path, found);
        access.grant_display = Some(format!("password of database role {name} at {}", mount.path));
        access.rotated_at = moment(role.last_vault_rotation.as_deref(), Fact::not_given());
        access.privilege_reason = Some(why(acl, &path, found));
        walk.record(access).await?;
    }
    Ok(())
}
