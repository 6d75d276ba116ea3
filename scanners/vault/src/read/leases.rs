//! Leases: credentials that engines made, and sign-ins. A lease names no owner; a sign-in's path sometimes does.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Relation, Scope, Status, Subtype};
use serde::Serialize;

use super::Reading;
use crate::client::decode;
use crate::facts::{by_name, digest, has_passed, moment};
use crate::names::shown;
use crate::scopes::{self, LEASES, LOGIN_LEASES};
use crate::settings::Switch;
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::Lease;

#[derive(Serialize)]
struct ByLease<'a> {
    lease_id: &'a str,
}

/// Walks the tree of leases. Those of engines are told as they are listed: nothing more is known of whose they are.
/// Those of sign-ins are followed up for the user in their path, unless tokens are read, which tell the same better.
pub(super) async fn read(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    if inner.settings.leases == Switch::Off {
        let path = format!("{}sys/leases/lookup/*", place.namespace.prefix());
        let what = format!("leases: on, and list, sudo on {path}");
        return reading.refuse(LEASES, Cause::Needs { what }).await;
    }
    if inner.replays() {
        let what = String::from("a recording holds no lease ids");
        return reading.refuse(LEASES, Cause::NotInSource { what }).await;
    }
    let mut walk = reading.begin(LEASES).await?;
    let (mut found, mut nameless) = (0_usize, 0_usize);
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let target = Target::of("sys/leases/lookup").below(&folder);
        let listing = match inner.client.list(&place.namespace, &target).await {
            Ok(listing) => listing.unwrap_or_default(),
            Err(cause) if folder.is_empty() => return walk.fail(cause).await,
            Err(cause) => {
                walk.part(shown(&folder), cause).await?;
                continue;
            }
        };
        walk.warned(&shown(&folder), listing.warnings).await?;
        let mut users = Vec::new();
        for key in listing.keys {
            let whole = format!("{folder}{key}");
            if !key.ends_with('/') {
                found += 1;
                if found > inner.settings.caps.leases {
                    let limit = format!("{} leases", inner.settings.caps.leases);
                    return walk.fail(Cause::LimitHit { limit }).await;
                }
                if folder.starts_with("auth/") {
                    nameless += 1;
                } else {
                    walk.record(of_engine(reading, &folder, &whole)).await?;
                }
            } else if is_login_of_user(&whole) {
                users.push(whole);
            } else if whole.matches('/').count() <= inner.settings.caps.depth {
                folders.push(whole);
            } else {
                let limit = format!("{} levels of lease folders", inner.settings.caps.depth);
                walk.part(shown(&whole), Cause::LimitHit { limit }).await?;
            }
        }
        if inner.settings.token_accessors == Switch::Off {
            offer(reading, users).await?;
        }
    }
    if nameless > 0 && inner.settings.token_accessors == Switch::Off {
        walk.notice(format!(
            "{nameless} leases are of tokens whose path names nobody; with token_accessors on, they are told one by one"
        ))
        .await?;
    }
    walk.seal().await
}

/// `auth/<mount>/login/<user>/`.
fn is_login_of_user(folder: &str) -> bool {
    let rest = folder.strip_prefix("auth/").unwrap_or_default().trim_end_matches('/');
    rest.split_once("/login/").is_some_and(|(mount, user)| !mount.is_empty() && !user.is_empty() && !user.contains('/'))
}

async fn offer(reading: Reading<'_>, users: Vec<String>) -> Result<(), Cause> {
    let offered: Vec<Scope> = users
        .into_iter()
        .filter_map(|folder| {
            let (_, user) = folder.trim_end_matches('/').rsplit_once('/')?;
            Some(Scope {
                name: scopes::follow_up(&reading.place.namespace, LOGIN_LEASES, &folder),
                kind: LOGIN_LEASES.to_owned(),
                bound_to: Some(Box::new(by_name(Relation::Holder, user))),
            })
        })
        .collect();
    if offered.is_empty() { Ok(()) } else { reading.outlet.scopes(offered).await }
}

fn of_engine(reading: Reading<'_>, folder: &str, lease: &str) -> Access {
    let folder = folder.trim_end_matches('/');
    let id = reading.grant(&format!("{folder}/{}", digest(lease)));
    let mut access = Access::new(reading.name(LEASES), AccessKind::ServiceKey, id, Status::Enabled);
    access.grant_display = Some(format!("credential made at {folder}"));
    access.target = Some(format!("{}{folder}", reading.place.namespace.prefix()));
    let why = "not asked for: a lease names no owner, so its times help nobody";
    access.created_at = Fact::Hidden(String::from(why));
    access.expires_at = Fact::Hidden(String::from(why));
    access.rotated_at = Fact::Hidden(String::from("it is never rotated, it ends"));
    access.evidence.push(String::from("a lease: the server keeps neither its owner nor the token it hangs from"));
    access
}

/// Sign-ins of one user, read by the path of their leases.
pub(super) async fn of_one_login(reading: Reading<'_>, mut walk: Walk<'_>, folder: &str) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    if inner.settings.leases == Switch::Off || !is_login_of_user(folder) {
        return walk.fail(Cause::Needs { what: String::from("leases: on") }).await;
    }
    if inner.replays() {
        return walk.fail(Cause::NotInSource { what: String::from("a recording holds no lease ids") }).await;
    }
    let folder = format!("{}/", folder.trim_end_matches('/'));
    let target = Target::of("sys/leases/lookup").below(&folder);
    let listing = match inner.client.list(&place.namespace, &target).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.fail(cause).await,
    };
    walk.warned(&shown(&folder), listing.warnings).await?;
    let ask = Target::of("sys/leases/lookup");
    for key in listing.keys.iter().filter(|key| !key.ends_with('/')) {
        let lease = format!("{folder}{key}");
        let part = digest(&lease);
        let seen = match inner.client.hear_post(&place.namespace, &ask, &ByLease { lease_id: &lease }).await {
            // It ended between the list and the look-up.
            Ok(heard) if heard.is_gone(&["invalid lease"]) => continue,
            Ok(heard) => decode::<Lease>(&place.namespace, &ask, heard, "update"),
            Err(cause) => Err(cause),
        };
        match seen {
            Ok(Some(lease)) => {
                let access = of_login(reading, &walk, &folder, &part, &lease);
                walk.record(access).await?;
            }
            Ok(None) => {}
            Err(cause) => walk.part(format!("lease {part}"), cause).await?,
        }
    }
    walk.seal().await
}

fn of_login(reading: Reading<'_>, walk: &Walk<'_>, folder: &str, part: &str, lease: &Lease) -> Access {
    let bare = folder.trim_end_matches('/');
    let (mount, user) = bare.rsplit_once('/').unwrap_or((bare, ""));
    let mount = mount.trim_end_matches("/login");
    let expires = moment(lease.expire_time.as_deref(), Fact::None);
    let status = if has_passed(&expires, reading.inner.client.now()) { Status::Expired } else { Status::Enabled };
    let id = reading.grant(&format!("{bare}/{part}"));
    let mut access = Access::new(walk.name().clone(), AccessKind::Session, id, status);
    access.subtype = Some(Subtype::VaultToken);
    access.grant_display = Some(format!("sign-in of {user} at {mount}"));
    access.target = Some(format!("{}token", reading.place.namespace.prefix()));
    access.client = Some(mount.to_owned());
    access.created_at = moment(lease.issue_time.as_deref(), Fact::not_given());
    access.expires_at = expires;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says when a token was used"));
    let mut holder = by_name(Relation::Holder, user);
    let methods = mount.trim_start_matches("auth/");
    let people = reading.place.people();
    if let Some(entity) = people.with_alias_at(methods, user) {
        access.parent = Some(GrantId::from(entity));
        holder.provider_id = Some(entity.to_owned());
    }
    access.holders = vec![holder];
    if let Some(renewed) = lease.last_renewal.as_deref() {
        access.evidence.push(format!("renewed at {}", shown(renewed)));
    }
    access.evidence.push(String::from("seen by its lease, not by its token"));
    access
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_one_user_is_followed_up() {
        for folder in ["auth/userpass/login/alice/", "auth/team/ldap/login/a@b.example/"] {
            assert!(is_login_of_user(folder), "{folder}");
        }
        for folder in
            ["auth/userpass/login/", "auth/approle/", "database/creds/app/", "auth/login/x/", "auth/a/login/b/c/"]
        {
            assert!(!is_login_of_user(folder), "{folder}");
        }
    }
}
