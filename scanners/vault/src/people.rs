//! Entities and aliases of one namespace, compact, so that a token or group leads to somebody without a call of its own.

use std::collections::HashMap;
use std::sync::Arc;

use scan_contract::{ExternalIdentity, Holder, Relation};

use crate::facts::{is_address, put_metadata, put_name};
use crate::wire::{AliasInfo, Entity};

/// One name of an entity at a sign-in method.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownAlias {
    name: Box<str>,
    mount: Arc<Mounted>,
    email: Option<Box<str>>,
}

/// The sign-in method an alias belongs to.
#[derive(Debug, PartialEq, Eq)]
struct Mounted {
    accessor: Box<str>,
    path: Box<str>,
    kind: Box<str>,
}

#[derive(Debug, Default)]
struct KnownEntity {
    name: Box<str>,
    aliases: Vec<KnownAlias>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct People {
    entities: HashMap<Box<str>, KnownEntity>,
    by_alias: HashMap<Box<str>, Box<str>>,
    mounts: HashMap<Box<str>, Arc<Mounted>>,
}

/// Methods whose names are machines' or random ids: never a login.
const NO_LOGINS: [&str; 9] = ["approle", "kubernetes", "aws", "gcp", "azure", "alicloud", "oci", "cf", "token"];

/// Which identity provider the names of a sign-in method come from: mount path and configured system.
pub(crate) type Providers = Vec<(String, String)>;

impl People {
    /// Adds an entity of the list.
    pub(crate) fn add_entity(&mut self, id: &str, name: Option<&str>) {
        self.entities.entry(Box::from(id)).or_default().name = Box::from(name.unwrap_or_default());
    }

    /// Adds an alias to its entity.
    pub(crate) fn add_alias(&mut self, entity: &str, alias: &AliasInfo) {
        let (name, accessor) = (alias.name.as_str(), alias.mount_accessor.as_str());
        let mount = Arc::clone(self.mounts.entry(Box::from(accessor)).or_insert_with(|| {
            Arc::new(Mounted {
                accessor: Box::from(accessor),
                path: Box::from(mount_path(alias)),
                kind: Box::from(alias.mount_type.as_deref().unwrap_or_default()),
            })
        }));
        let mut seen = Holder::new(Relation::Holder);
        for metadata in [&alias.metadata, &alias.custom_metadata].into_iter().flatten() {
            put_metadata(&mut seen, metadata);
        }
        let email = seen.email.map(String::into_boxed_str);
        let known = self.entities.entry(Box::from(entity)).or_default();
        match known.aliases.iter_mut().find(|other| *other.name == *name && other.mount.accessor == mount.accessor) {
            Some(other) => other.email = other.email.take().or(email),
            None => known.aliases.push(KnownAlias { name: Box::from(name), mount, email }),
        }
        self.by_alias.insert(alias_key(accessor, name), Box::from(entity));
    }

    /// The entity of a name at a mount.
    pub(crate) fn with_alias(&self, accessor: &str, name: &str) -> Option<&str> {
        self.by_alias.get(&alias_key(accessor, name)).map(AsRef::as_ref)
    }

    /// The entity of a name at the mount of this path (without `auth/`).
    pub(crate) fn with_alias_at(&self, path: &str, name: &str) -> Option<&str> {
        let mount = self.mounts.values().find(|mount| *mount.path == *path)?;
        self.with_alias(&mount.accessor, name)
    }

    /// Whether the entity was listed.
    pub(crate) fn has(&self, entity: &str) -> bool {
        self.entities.contains_key(entity)
    }

    /// Ids of all entities.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.entities.keys().map(AsRef::as_ref)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whoever an entity leads to: one holder for each of its names at sign-in methods. An entity that was not listed is
    /// known by its id alone.
    pub(crate) fn holders(&self, entity: &str, relation: Relation, providers: &Providers) -> Vec<Holder> {
        let Some(known) = self.entities.get(entity) else {
            let mut holder = Holder::new(relation);
            holder.provider_id = Some(entity.to_owned());
            return vec![holder];
        };
        let aliases: Vec<OneAlias<'_>> = known
            .aliases
            .iter()
            .map(|alias| OneAlias {
                name: &alias.name,
                kind: &alias.mount.kind,
                path: &alias.mount.path,
                email: alias.email.as_deref(),
            })
            .collect();
        holders_of(entity, &known.name, &aliases, relation, providers)
    }
}

/// One holder with everything the others say, where its own place is free: what a follow-up is bound to.
pub(crate) fn united(holders: Vec<Holder>) -> Option<Holder> {
    let mut all = holders.into_iter();
    let mut first = all.next()?;
    for other in all {
        first.login = first.login.or(other.login);
        first.email = first.email.or(other.email);
        first.employee_id = first.employee_id.or(other.employee_id);
        first.external = first.external.or(other.external);
    }
    Some(first)
}

fn alias_key(accessor: &str, name: &str) -> Box<str> {
    format!("{accessor}/{name}").into_boxed_str()
}

/// The mount of an alias, without `auth/` and slashes.
pub(crate) fn mount_path(alias: &AliasInfo) -> &str {
    let path = alias.mount_path.as_deref().unwrap_or_default().trim_matches('/');
    path.strip_prefix("auth/").unwrap_or(path)
}

/// A name at a sign-in method.
pub(crate) struct OneAlias<'a> {
    /// Name.
    pub(crate) name: &'a str,
    /// Type of the method.
    pub(crate) kind: &'a str,
    /// Its path without `auth/`.
    pub(crate) path: &'a str,
    /// Address from its metadata.
    pub(crate) email: Option<&'a str>,
}

/// One holder for each name.
pub(crate) fn holders_of(
    entity: &str,
    entity_name: &str,
    aliases: &[OneAlias<'_>],
    relation: Relation,
    providers: &Providers,
) -> Vec<Holder> {
    let mut found: Vec<Holder> = Vec::new();
    for alias in aliases {
        let mut holder = Holder::new(relation);
        holder.provider_id = Some(entity.to_owned());
        if !NO_LOGINS.contains(&alias.kind) {
            put_name(&mut holder, alias.name);
        }
        if let Some(email) = alias.email {
            holder.email.get_or_insert_with(|| email.to_owned());
        }
        if let Some((_, system)) = providers.iter().find(|(path, _)| path.trim_matches('/') == alias.path) {
            holder.external = Some(ExternalIdentity { id: alias.name.to_owned(), system: Some(system.clone()) });
        }
        if !found.contains(&holder) {
            found.push(holder);
        }
    }
    if found.is_empty() {
        let mut holder = Holder::new(relation);
        holder.provider_id = Some(entity.to_owned());
        found.push(holder);
    }
    // A name that somebody gave the entity; the server makes up `entity_...` for those it creates itself.
    if !entity_name.is_empty() && !entity_name.starts_with("entity_") {
        for holder in &mut found {
            if is_address(entity_name) {
                holder.email.get_or_insert_with(|| entity_name.to_owned());
            } else if holder.login.is_none() && holder.email.is_none() {
                holder.login = Some(entity_name.to_owned());
            }
        }
    }
    found
}

/// Whoever an entity, read in depth, leads to.
pub(crate) fn holders_in_depth(entity: &Entity, relation: Relation, providers: &Providers) -> Vec<Holder> {
    let emails: Vec<Option<String>> = entity
        .aliases
        .iter()
        .map(|alias| {
            let mut seen = Holder::new(relation);
            for metadata in [&alias.metadata, &alias.custom_metadata].into_iter().flatten() {
                put_metadata(&mut seen, metadata);
            }
            seen.email
        })
        .collect();
    let known: Vec<OneAlias<'_>> = entity
        .aliases
        .iter()
        .zip(&emails)
        .map(|(alias, email)| OneAlias {
            name: &alias.name,
            kind: alias.mount_type.as_deref().unwrap_or_default(),
            path: mount_path(alias),
            email: email.as_deref(),
        })
        .collect();
    let mut found = holders_of(&entity.id, &entity.name, &known, relation, providers);
    for holder in &mut found {
        put_metadata(holder, &entity.metadata);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(name: &str, accessor: &str, kind: &str) -> AliasInfo {
        AliasInfo {
            name: name.to_owned(),
            mount_accessor: accessor.to_owned(),
            mount_type: Some(kind.to_owned()),
            mount_path: Some(format!("auth/{kind}/")),
            ..AliasInfo::default()
        }
    }

    fn people() -> People {
        let mut people = People::default();
        people.add_entity("e-1", Some("entity_12ab"));
        people.add_alias("e-1", &alias("alice", "a-1", "userpass"));
        people.add_alias("e-1", &alias("alice@acme.example", "a-2", "oidc"));
        people.add_entity("e-2", Some("entity_34cd"));
        people.add_alias("e-2", &alias("6f-role-id", "a-3", "approle"));
        people.add_entity("e-3", Some("carol"));
        people
    }

    #[test]
    fn each_name_is_a_holder_with_the_entity_as_its_id() {
        let providers = vec![(String::from("oidc/"), String::from("okta-main"))];
        let found = people().holders("e-1", Relation::Holder, &providers);
        let shown: Vec<_> = found.iter().map(|holder| (holder.login.as_deref(), holder.email.as_deref())).collect();
        assert_eq!(shown, [(Some("alice"), None), (None, Some("alice@acme.example"))]);
        assert!(found.iter().all(|holder| holder.provider_id.as_deref() == Some("e-1")));
        assert_eq!(found[1].external.as_ref().and_then(|external| external.system.as_deref()), Some("okta-main"));
    }

    #[test]
    fn a_machine_has_no_login_and_a_given_name_is_one() {
        let found = people().holders("e-2", Relation::Holder, &Vec::new());
        assert_eq!((found[0].login.as_deref(), found[0].provider_id.as_deref()), (None, Some("e-2")));
        assert_eq!(people().holders("e-3", Relation::Holder, &Vec::new())[0].login.as_deref(), Some("carol"));
        let unseen = people().holders("e-9", Relation::Holder, &Vec::new());
        assert_eq!((unseen[0].login.as_deref(), unseen[0].provider_id.as_deref()), (None, Some("e-9")));
    }

    #[test]
    fn an_alias_leads_back_to_its_entity_at_its_own_mount_only() {
        let people = people();
        assert_eq!(people.with_alias("a-1", "alice"), Some("e-1"));
        assert_eq!(people.with_alias("a-2", "alice"), None);
    }
}
