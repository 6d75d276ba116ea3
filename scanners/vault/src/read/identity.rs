//! Entities, aliases and groups.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Relation, Scope, Status, Subtype};

use super::{Reading, undecodable};
use crate::facts::{moment, owners};
use crate::mount::Engine;
use crate::names::shown;
use crate::people::{People, mount_path};
use crate::scopes::{self, ALIASES, ENTITIES, ENTITY, GROUPS, READABLE};
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::{AliasInfo, Counters, EntityInfo, Group, Listing};
use crate::work::Work;

/// Two lists tell of everybody: one of entities, one of aliases.
pub(super) async fn people(reading: Reading<'_>) -> Result<(), Cause> {
    let mut people = People::default();
    let entities = entities(reading, &mut people).await?;
    let aliases = aliases(reading, &mut people).await?;
    let told = offer(reading, &people).await;
    reading.place.remember_people(people);
    told?;
    if let Some(walk) = entities {
        walk.seal().await?;
    }
    if let Some(walk) = aliases {
        walk.seal().await?;
    }
    Ok(())
}

async fn entities<'a>(reading: Reading<'a>, people: &mut People) -> Result<Option<Walk<'a>>, Cause> {
    let Reading { inner, place, .. } = reading;
    let walk = reading.begin(ENTITIES).await?;
    let before = counted(reading, &walk).await?;
    let listing = match inner.client.list(&place.namespace, &Target::of("identity/entity/id")).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.fail(cause).await.map(|()| None),
    };
    walk.warned("list of entities", listing.warnings).await?;
    same_keys(&walk, &listing).await?;
    for (id, raw) in &listing.info {
        let info = match serde_json::from_str::<EntityInfo>(raw.get()) {
            Ok(info) => info,
            Err(error) => {
                // It exists, whatever else is wrong with it: it is asked for in depth.
                people.add_entity(id, None);
                walk.part(format!("entity {}", shown(id)), undecodable(&error)).await?;
                continue;
            }
        };
        people.add_entity(id, Some(&info.name));
        for alias in info.aliases.iter().flatten() {
            people.add_alias(id, alias);
        }
    }
    for id in listing.keys.iter().filter(|id| !listing.info.contains_key(*id)) {
        people.add_entity(id, None);
    }
    check_count(reading, &walk, before, people.len()).await?;
    Ok(Some(walk))
}

async fn same_keys(walk: &Walk<'_>, listing: &Listing) -> Result<(), Cause> {
    let keys: BTreeSet<&String> = listing.keys.iter().collect();
    let found = keys.iter().filter(|key| listing.info.contains_key(**key)).count();
    if found == keys.len() && found == listing.info.len() {
        return Ok(());
    }
    let what = String::from("names of the list and their descriptions");
    let (announced, found) = (keys.len() as u64, listing.info.len() as u64);
    walk.whole(Cause::CountDiffers { what, announced, found }).await
}

/// The server's own count over all namespaces. `None` where it may not be asked, or the server has none: the check is one
/// more, and is done without. A count that fails in another way is told.
async fn counted(reading: Reading<'_>, walk: &Walk<'_>) -> Result<Option<u64>, Cause> {
    let Reading { inner, place, .. } = reading;
    if !place.namespace.is_root() {
        return Ok(None);
    }
    let target = Target::of("sys/internal/counters/entities");
    match inner.client.read::<Counters>(&place.namespace, &target).await {
        Ok(counters) => Ok(counters.map(|counters| counters.counters.entities.total)),
        Err(Cause::Denied { .. } | Cause::NotSupported { .. }) => Ok(None),
        Err(cause) => walk.part("the server's own count", cause).await.map(|()| None),
    }
}

/// Where there is one namespace only, the list must reach the server's count. The count is asked for before and after:
/// people come and go meanwhile.
async fn check_count(reading: Reading<'_>, walk: &Walk<'_>, before: Option<u64>, found: usize) -> Result<(), Cause> {
    let Some(before) = before.filter(|before| *before > found as u64) else { return Ok(()) };
    if !reading.inner.is_alone(reading).await {
        return Ok(());
    }
    let Some(after) = counted(reading, walk).await? else { return Ok(()) };
    let announced = before.min(after);
    if announced > found as u64 {
        let what = String::from("entities (sys/internal/counters/entities)");
        walk.whole(Cause::CountDiffers { what, announced, found: found as u64 }).await?;
    }
    Ok(())
}

impl crate::scanner::Inner {
    /// Whether the root is the only namespace.
    async fn is_alone(&self, reading: Reading<'_>) -> bool {
        let target = Target::of("sys/namespaces");
        match self.client.hear_list(&reading.place.namespace, &target, None).await {
            Ok(crate::client::Heard::Nothing | crate::client::Heard::NoPath(_) | crate::client::Heard::NotOffered) => {
                true
            }
            Ok(_) | Err(_) => false,
        }
    }
}

async fn aliases<'a>(reading: Reading<'a>, people: &mut People) -> Result<Option<Walk<'a>>, Cause> {
    let Reading { inner, place, .. } = reading;
    let mut walk = reading.begin(ALIASES).await?;
    let listing = match inner.client.list(&place.namespace, &Target::of("identity/entity-alias/id")).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.fail(cause).await.map(|()| None),
    };
    walk.warned("list of aliases", listing.warnings).await?;
    same_keys(&walk, &listing).await?;
    let mut decoded: Vec<(String, AliasInfo)> = Vec::new();
    for (id, raw) in listing.info {
        match serde_json::from_str::<AliasInfo>(raw.get()) {
            Ok(info) => {
                if let Some(entity) = &info.canonical_id {
                    people.add_alias(entity, &info);
                    decoded.push((id, info));
                } else {
                    let what = String::from("it does not say which entity it belongs to");
                    walk.part(format!("alias {}", shown(&id)), Cause::Malformed { what }).await?;
                }
            }
            Err(error) => walk.part(format!("alias {}", shown(&id)), undecodable(&error)).await?,
        }
    }
    check_own(reading, &walk, people).await?;
    for (id, info) in decoded {
        let access = alias_access(reading, people, &id, &info);
        walk.record(access).await?;
    }
    Ok(Some(walk))
}

/// CMP-10: our own entity, if we have one here, must be among them.
async fn check_own(reading: Reading<'_>, walk: &Walk<'_>, people: &People) -> Result<(), Cause> {
    let inner = reading.inner;
    if reading.place.namespace != inner.home() || inner.replays() {
        return Ok(());
    }
    let own = match inner.own_token().await {
        Ok(Some(own)) => own,
        // It may not look at itself: nothing to compare with.
        Ok(None) => return Ok(()),
        Err(cause) => return walk.whole(cause).await,
    };
    let here = own.namespace() == reading.place.namespace;
    match Some(own.entity_id.as_str()).filter(|id| here && !id.is_empty()) {
        Some(id) if !people.has(id) => {
            let cause = Cause::NotSeen { what: String::from("the entity of the scanner itself") };
            crate::walk::refuse(walk.outlet(), &reading.name(ENTITIES), cause.clone()).await?;
            walk.whole(cause).await
        }
        Some(_) | None => Ok(()),
    }
}

fn alias_access(reading: Reading<'_>, people: &People, id: &str, info: &AliasInfo) -> Access {
    let settings = &reading.inner.settings;
    let mut access = Access::new(reading.name(ALIASES), AccessKind::Account, GrantId::from(id), Status::Enabled);
    let (name, path) = (info.name.as_str(), mount_path(info));
    access.grant_display = Some(format!("{name} at auth/{path}"));
    access.target = Some(format!("{}auth/{path}", reading.place.namespace.prefix()));
    access.subtype = Some(Subtype::VaultToken);
    access.privilege_reason = Some(String::from("what it reaches is told with its entity"));
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says when somebody signed in"));
    if let Some(entity) = info.canonical_id.as_deref() {
        access.parent = Some(GrantId::from(entity));
        // This name only: the entity's other names have records of their own.
        let kind = info.mount_type.as_deref().unwrap_or_default();
        let mut seen = scan_contract::Holder::new(Relation::Holder);
        for metadata in [&info.metadata, &info.custom_metadata].into_iter().flatten() {
            crate::facts::put_metadata(&mut seen, metadata);
        }
        let one = crate::people::OneAlias { name, kind, path, email: seen.email.as_deref() };
        access.holders = crate::people::holders_of(entity, "", &[one], Relation::Holder, &settings.identity_providers);
        if access.holders.iter().all(|holder| holder.login.is_none() && holder.email.is_none()) {
            access.holders = people.holders(entity, Relation::Holder, &settings.identity_providers);
        }
    }
    for metadata in [&info.metadata, &info.custom_metadata].into_iter().flatten() {
        access.holders.extend(owners(metadata, &settings.owner_keys));
    }
    access
}

/// Follow-ups, one or two for each entity. Nothing is kept of them here.
async fn offer(reading: Reading<'_>, people: &People) -> Result<(), Cause> {
    let Reading { inner, place, outlet } = reading;
    let engines = place.engines(&inner.client, &inner.settings).await;
    let has_secrets =
        engines.found.iter().any(|mount| matches!(mount.engine, Engine::KvV1 | Engine::KvV2 | Engine::Database));
    let mut offered = Vec::new();
    for id in people.ids() {
        let holders = people.holders(id, Relation::Holder, &inner.settings.identity_providers);
        if let Some(holder) = crate::people::united(holders) {
            let bound_to = Some(Box::new(holder));
            let name = scopes::follow_up(&place.namespace, ENTITY, id);
            offered.push(Scope { name, kind: ENTITY.to_owned(), bound_to: bound_to.clone() });
            if has_secrets {
                let name = scopes::follow_up(&place.namespace, READABLE, id);
                offered.push(Scope { name, kind: READABLE.to_owned(), bound_to });
            }
        }
        if offered.len() >= 1_000 {
            outlet.scopes(std::mem::take(&mut offered)).await?;
        }
    }
    outlet.scopes(offered).await
}

/// Memberships: one record for each entity that is a direct member. What a group inherits from groups it is in counts.
pub(super) async fn groups(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let mut walk = reading.begin(GROUPS).await?;
    let listing = match inner.client.list(&place.namespace, &Target::of("identity/group/id")).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.fail(cause).await,
    };
    walk.warned("list of groups", listing.warnings).await?;
    let limit = inner.settings.caps.definitions;
    if listing.keys.len() > limit {
        walk.whole(Cause::LimitHit { limit: format!("{limit} groups") }).await?;
    }
    let mut found: HashMap<String, Arc<Group>> = HashMap::new();
    let keys: Vec<String> = listing.keys.into_iter().take(limit).collect();
    let mut work = Work::new(keys.into_iter(), inner.side_by_side(), |id| {
        let (inner, place) = (Arc::clone(inner), Arc::clone(place));
        async move {
            let group = place.group(&inner.client, &id).await;
            (id, group)
        }
    });
    while let Some(ended) = work.next().await {
        let (id, group) = ended?;
        match group {
            Ok(Some(group)) => {
                found.insert(id, group);
            }
            // Deleted since the list was read.
            Ok(None) => {}
            Err(cause) => walk.part(format!("group {}", shown(&id)), cause).await?,
        }
    }
    let mut ids: Vec<&String> = found.keys().collect();
    ids.sort();
    for id in ids {
        tell_group(reading, &mut walk, &found, id).await?;
    }
    walk.seal().await
}

async fn tell_group(
    reading: Reading<'_>,
    walk: &mut Walk<'_>,
    found: &HashMap<String, Arc<Group>>,
    id: &str,
) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let Some(group) = found.get(id) else { return Ok(()) };
    let (above, too_deep) = inherited(found, id, inner.settings.caps.depth);
    if too_deep {
        let limit = format!("{} levels of groups in groups", inner.settings.caps.depth);
        walk.part(format!("group {}", shown(id)), Cause::LimitHit { limit }).await?;
    }
    let mut policies: BTreeSet<String> = group.policies.iter().cloned().collect();
    for above in &above {
        if let Some(above) = found.get(above) {
            policies.extend(above.policies.iter().cloned());
        } else {
            walk.part(
                format!("group {}", shown(above)),
                Cause::NotSeen { what: format!("a group that {} is in", shown(id)) },
            )
            .await?;
        }
    }
    let policies: Vec<String> = policies.into_iter().collect();
    let reach = place.reach(&inner.client, &policies).await;
    let kind = group.kind.as_deref().unwrap_or("not said");
    if !matches!(kind, "internal" | "external") {
        let cause = Cause::UnknownWord {
            field: String::from("type of a group"),
            word: shown(kind),
            rows: 1,
            first: format!("group {}", shown(id)),
        };
        walk.whole(cause).await?;
    }
    let people = place.people();
    for entity in &group.member_entity_ids {
        let grant = GrantId::from(format!("{id}/{entity}"));
        let mut access = Access::new(reading.name(GROUPS), AccessKind::GroupMembership, grant, Status::Enabled);
        access.grant_display = Some(format!("member of group {}", group.name));
        access.target = Some(format!("{}group {}", place.namespace.prefix(), group.name));
        access.parent = Some(GrantId::from(entity.as_str()));
        access.holders = people.holders(entity, Relation::Holder, &inner.settings.identity_providers);
        access.privilege = reach.privilege;
        access.privilege_reason = Some(reach.reason.clone());
        access.expires_at = Fact::None;
        access.last_used_at = Fact::Hidden(String::from("a membership is not used by itself"));
        access.evidence.push(format!("{kind} group, made {}", said(group.creation_time.as_deref())));
        if kind == "external" {
            access
                .evidence
                .push(String::from("kept in step with the directory at each sign-in or renewal, not before"));
        }
        walk.record(access).await?;
    }
    Ok(())
}

fn said(time: Option<&str>) -> String {
    match moment(time, Fact::not_given()) {
        Fact::Known(at) => at.at.to_rfc3339(),
        Fact::None | Fact::Hidden(_) => String::from("at a time that is not said"),
    }
}

/// Every group that `id` is in, through any number of others, and whether the depth was cut.
fn inherited(found: &HashMap<String, Arc<Group>>, id: &str, depth: usize) -> (Vec<String>, bool) {
    let mut seen: HashSet<String> = HashSet::from([id.to_owned()]);
    let mut level = vec![id.to_owned()];
    let mut above = Vec::new();
    for _ in 0..depth {
        let mut next = Vec::new();
        for group in level.iter().filter_map(|id| found.get(id)) {
            for parent in &group.parent_group_ids {
                if seen.insert(parent.clone()) {
                    above.push(parent.clone());
                    next.push(parent.clone());
                }
            }
        }
        if next.is_empty() {
            return (above, false);
        }
        level = next;
    }
    (above, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(parents: &[&str]) -> Arc<Group> {
        Arc::new(Group {
            id: String::new(),
            name: String::new(),
            kind: None,
            policies: Vec::new(),
            member_entity_ids: Vec::new(),
            parent_group_ids: parents.iter().map(|parent| (*parent).to_owned()).collect(),
            metadata: std::collections::BTreeMap::new(),
            creation_time: None,
        })
    }

    #[test]
    fn groups_in_groups_are_followed_once_and_cycles_end() {
        let found = HashMap::from([
            (String::from("a"), group(&["b", "c"])),
            (String::from("b"), group(&["d"])),
            (String::from("c"), group(&["d"])),
            (String::from("d"), group(&["a"])),
        ]);
        let (mut above, cut) = inherited(&found, "a", 16);
        above.sort();
        assert_eq!((above, cut), (vec![String::from("b"), String::from("c"), String::from("d")], false));
        assert!(inherited(&found, "a", 1).1);
    }
}
