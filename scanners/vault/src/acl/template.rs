//! `{{identity...}}` in path patterns, filled in for one entity as the server does it.

use std::collections::BTreeMap;

/// What templates may ask of an alias.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SubjectAlias {
    /// Id.
    pub(crate) id: String,
    /// Name at its mount.
    pub(crate) name: String,
    /// Accessor of the mount it belongs to.
    pub(crate) mount_accessor: String,
    /// Metadata set at sign-in.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Metadata set by operators.
    pub(crate) custom_metadata: BTreeMap<String, String>,
}

/// What templates may ask of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GroupFacts {
    /// Id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// Metadata.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The entity templates are filled in for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// Metadata.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Aliases.
    pub(crate) aliases: Vec<SubjectAlias>,
    /// Groups it is in, directly or through others.
    pub(crate) groups: Vec<GroupFacts>,
}

/// The pattern with its templates filled in. `None`: a value is missing, and the server leaves the rule out.
pub(super) fn fill(pattern: &str, subject: &Subject) -> Option<String> {
    if !pattern.contains("{{") {
        return (!pattern.contains("}}")).then(|| pattern.to_owned());
    }
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}")?;
        if before.contains("}}") || name.contains("{{") {
            return None;
        }
        filled.push_str(before);
        let value = value(name.trim(), subject)?;
        // The server refuses values that would widen the pattern.
        if value.is_empty() || value.contains(['*', '+']) {
            return None;
        }
        filled.push_str(&value);
        rest = tail;
    }
    if rest.contains("}}") {
        return None;
    }
    filled.push_str(rest);
    Some(filled)
}

fn value(name: &str, subject: &Subject) -> Option<String> {
    if let Some(name) = name.strip_prefix("identity.entity.") {
        return of_entity(name, subject);
    }
    let name = name.strip_prefix("identity.groups.")?;
    let (by, rest) = name.split_once('.')?;
    let (key, field) = rest.split_once('.')?;
    let group = subject.groups.iter().find(|group| match by {
        "ids" => group.id == key,
        "names" => group.name == key,
        _ => false,
    })?;
    match field {
        "id" => Some(group.id.clone()),
        "name" => Some(group.name.clone()),
        field => group.metadata.get(field.strip_prefix("metadata.")?).cloned(),
    }
}

fn of_entity(name: &str, subject: &Subject) -> Option<String> {
    match name {
        "id" => Some(subject.id.clone()),
        "name" => Some(subject.name.clone()),
        name => {
            if let Some(key) = name.strip_prefix("metadata.") {
                return subject.metadata.get(key).cloned();
            }
            let (accessor, field) = name.strip_prefix("aliases.")?.split_once('.')?;
            let alias = subject.aliases.iter().find(|alias| alias.mount_accessor == accessor)?;
            match field {
                "id" => Some(alias.id.clone()),
                "name" => Some(alias.name.clone()),
                field => match field.split_once('.')? {
                    ("metadata", key) => alias.metadata.get(key).cloned(),
                    ("custom_metadata", key) => alias.custom_metadata.get(key).cloned(),
                    _ => None,
                },
            }
        }
    }
}
