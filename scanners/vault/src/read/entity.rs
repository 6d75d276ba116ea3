//! One entity in depth: whether it is disabled, what it reaches.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, Relation, Status, Subtype};

use super::Reading;
use crate::acl::{GroupFacts, Reach, Subject, SubjectAlias, judge};
use crate::facts::{moment, owners};
use crate::mount::{Engine, Namespace};
use crate::names::shown;
use crate::people::{holders_in_depth, mount_path};
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::{Entity, Role, RolePolicies};

/// An entity with all that decides its reach.
pub(super) struct InDepth {
    pub(super) entity: Entity,
    pub(super) subject: Subject,
    /// Policies by where they come from, each once, in order.
    pub(super) policies: BTreeMap<String, String>,
}

/// Reads the entity. `None`: it does not exist any more.
pub(super) async fn in_depth(reading: Reading<'_>, walk: &Walk<'_>, id: &str) -> Result<Option<InDepth>, Cause> {
    let Reading { inner, place, .. } = reading;
    let target = Target::of("identity/entity/id").name(id);
    let Some(entity) = inner.client.read::<Entity>(&place.namespace, &target).await? else { return Ok(None) };
    let mut policies: BTreeMap<String, String> = BTreeMap::new();
    for name in &entity.policies {
        policies.entry(name.clone()).or_insert_with(|| String::from("the entity"));
    }
    let mut groups = Vec::new();
    for group in &entity.group_ids {
        match place.group(&inner.client, group).await {
            Ok(Some(group)) => {
                let name = group.name.clone();
                for policy in &group.policies {
                    policies.entry(policy.clone()).or_insert_with(|| format!("group {}", shown(&name)));
                }
                groups.push(GroupFacts { id: group.id.clone(), name, metadata: group.metadata.clone() });
            }
            Ok(None) => {}
            Err(cause) => walk.part(format!("group {}", shown(group)), cause).await?,
        }
    }
    for alias in &entity.aliases {
        let mount = mount_path(alias).to_owned();
        for policy in of_sign_in(reading, walk, &alias.mount_accessor, &mount, &alias.name).await? {
            policies.entry(policy).or_insert_with(|| format!("sign-in at auth/{}", shown(&mount)));
        }
    }
    for policy in place.token_policies(id) {
        policies.entry(policy).or_insert_with(|| String::from("a live token"));
    }
    let subject = Subject {
        id: entity.id.clone(),
        name: entity.name.clone(),
        metadata: entity.metadata.clone(),
        aliases: entity
            .aliases
            .iter()
            .map(|alias| SubjectAlias {
                id: alias.id.clone().unwrap_or_default(),
                name: alias.name.clone(),
                mount_accessor: alias.mount_accessor.clone(),
                metadata: alias.metadata.clone().unwrap_or_default(),
                custom_metadata: alias.custom_metadata.clone().unwrap_or_default(),
            })
            .collect(),
        groups,
    };
    Ok(Some(InDepth { entity, subject, policies }))
}

/// Policies a sign-in by this name gives. What cannot be told from outside (claims of a token, groups of a directory) is
/// not guessed; the manifest says so.
async fn of_sign_in(
    reading: Reading<'_>,
    walk: &Walk<'_>,
    accessor: &str,
    path: &str,
    name: &str,
) -> Result<Vec<String>, Cause> {
    let Reading { inner, place, .. } = reading;
    let methods = place.methods(&inner.client, &inner.settings).await;
    if let Some(cause) = &methods.trouble {
        walk.part(format!("policies of {} at auth/{}", shown(name), shown(path)), cause.clone()).await?;
    }
    let by_accessor = methods.found.iter().find(|mount| !mount.accessor.is_empty() && mount.accessor == accessor);
    let Some(mount) = by_accessor.or_else(|| methods.found.iter().find(|mount| mount.path == path)) else {
        return Ok(Vec::new());
    };
    let target = Target::at(mount);
    match mount.engine {
        Engine::Userpass | Engine::Ldap => {
            let target = target.then("users").name(name);
            match inner.client.read::<RolePolicies>(&place.namespace, &target).await {
                // Without an entry, the name gives nothing of its own.
                Ok(found) => Ok(found.map_or_else(Vec::new, |found| found.all().to_vec())),
                Err(cause) => {
                    walk.part(format!("{} of {}", shown(name), mount.full()), cause).await.map(|()| Vec::new())
                }
            }
        }
        Engine::Jwt => {
            let mut policies = BTreeSet::new();
            match place.role_book(inner, mount).await {
                Ok((roles, missing)) => {
                    for (part, cause) in missing {
                        walk.part(part, cause).await?;
                    }
                    for role in roles.values().filter(|role| lets_in(role, name)) {
                        policies.extend(role.policies.all().iter().cloned());
                    }
                }
                Err(cause) => walk.part(format!("roles of {}", mount.full()), cause).await?,
            }
            Ok(policies.into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether a role lets this name in as far as names decide: no bounds at all, this subject, or this value of the claim
/// that names users. Other claims are not known outside the token.
fn lets_in(role: &Role, name: &str) -> bool {
    let subject = role.bound_subject.as_deref().filter(|subject| !subject.is_empty());
    if subject.is_some_and(|subject| subject != name && role.user_claim.as_deref() == Some("sub")) {
        return false;
    }
    for (claim, values) in &role.bound_claims {
        let names_users = role
            .user_claim
            .as_deref()
            .is_some_and(|user| user.trim_start_matches('/') == claim.trim_start_matches('/'));
        if !names_users || !values.0.iter().any(|value| value == name) {
            return false;
        }
    }
    subject.is_none_or(|subject| subject == name)
}

/// The follow-up: one record.
pub(super) async fn read(reading: Reading<'_>, mut walk: Walk<'_>, id: &str) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let found = match in_depth(reading, &walk, id).await {
        Ok(Some(found)) => found,
        // Gone: the scope is read to its end, and there is nothing.
        Ok(None) => return walk.seal().await,
        Err(cause) => return walk.fail(cause).await,
    };
    let settings = &inner.settings;
    let (acl, missing) = place.acl(&inner.client, found.policies.keys().map(String::as_str), &found.subject).await;
    let mut reach = judge(&acl);
    for (policy, cause) in missing {
        // What could not be read may allow anything, and all of it at most.
        if reach.privilege != Privilege::Admin {
            let reason = format!("policy {} could not be read", shown(&policy));
            reach = Reach { privilege: Privilege::Unknown, reason };
        }
        walk.part(format!("policy {}", shown(&policy)), cause).await?;
    }
    let entity = &found.entity;
    let status = match entity.disabled {
        Some(true) => Status::Disabled,
        Some(false) => Status::Enabled,
        None => Status::Unknown,
    };
    let mut access = Access::new(walk.name().clone(), AccessKind::Account, GrantId::from(entity.id.as_str()), status);
    access.subtype = Some(Subtype::VaultToken);
    access.grant_display = Some(format!("entity {}", entity.name));
    access.target = Some(target_of(&place.namespace, settings.address.host_str()));
    access.holders = holders_in_depth(entity, Relation::Holder, &settings.identity_providers);
    access.holders.extend(owners(&entity.metadata, &settings.owner_keys));
    access.created_at = moment(entity.creation_time.as_deref(), Fact::not_given());
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says when somebody signed in"));
    access.privilege = reach.privilege;
    access.privilege_reason = Some(reach.reason);
    let sources: Vec<String> =
        found.policies.iter().take(40).map(|(policy, source)| format!("{policy} ({source})")).collect();
    if !sources.is_empty() {
        access.evidence.push(format!("policies: {}", sources.join(", ")));
    }
    if status == Status::Disabled {
        access.evidence.push(String::from("disabled: its tokens are refused, and are not revoked"));
    }
    walk.record(access).await?;
    walk.seal().await
}

fn target_of(namespace: &Namespace, host: Option<&str>) -> String {
    let host = host.unwrap_or("vault");
    if namespace.is_root() { host.to_owned() } else { format!("{host} namespace {}", namespace.path()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(json: &str) -> Role {
        let mut whole = serde_json::json!({ "token_policies": [], "bound_subject": "", "bound_claims": null });
        let changes: serde_json::Value = serde_json::from_str(json).expect("JSON");
        for (key, value) in changes.as_object().expect("an object") {
            whole[key] = value.clone();
        }
        Role::from(serde_json::from_value::<crate::wire::JwtRole>(whole).expect("a role"))
    }

    #[test]
    fn a_role_lets_in_by_name_only_what_names_decide() {
        for (json, expected) in [
            (r#"{"user_claim":"email"}"#, true),
            (r#"{"user_claim":"email","bound_subject":""}"#, true),
            (r#"{"user_claim":"sub","bound_subject":"alice"}"#, true),
            (r#"{"user_claim":"sub","bound_subject":"bob"}"#, false),
            (r#"{"user_claim":"email","bound_claims":{"email":["alice","bob"]}}"#, true),
            (r#"{"user_claim":"email","bound_claims":{"email":"bob"}}"#, false),
            (r#"{"user_claim":"email","bound_claims":{"groups":["ops"]}}"#, false),
        ] {
            assert_eq!(lets_in(&role(json), "alice"), expected, "{json}");
        }
    }
}
