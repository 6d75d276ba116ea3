//! Which rights the rules give to whom on this host.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Command, Member, Rules};
use crate::passwd::People;
use crate::pattern::matches;

/// Deepest nesting of aliases.
const DEEPEST: usize = 64;

/// What one account may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Right {
    /// Every command.
    pub(crate) everything: bool,
    /// Programs named one by one.
    pub(crate) programs: BTreeSet<String>,
    /// As root, rather than only as somebody else.
    pub(crate) as_root: bool,
    /// Some of it without a password.
    pub(crate) without_password: bool,
    /// False where it hangs on a netgroup, a directory's group, or a host name we cannot compare.
    pub(crate) certain: bool,
    /// Lines that give it.
    pub(crate) places: Vec<String>,
}

/// Whether a list names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    No,
    Perhaps,
    Yes,
}

/// Names a host can go by: the folder's, and the one of etc/hostname where it was collected.
pub(crate) struct HostNames<'a> {
    /// Names, as written.
    pub(crate) names: Vec<&'a str>,
    /// Whether one of them is the host's own word.
    pub(crate) own_word: bool,
}

/// Rights by account, also of names that etc/passwd lacks, and groups and netgroups that cannot be looked into.
pub(crate) fn rights(
    rules: &Rules,
    people: &People,
    host: &HostNames<'_>,
) -> (BTreeMap<String, Right>, BTreeSet<String>) {
    let mut unknown = BTreeSet::new();
    let mut names: BTreeSet<String> = people.accounts.keys().cloned().collect();
    let lists = rules.grants.iter().map(|rule| &rule.users).chain(rules.users.values());
    for member in lists.flatten() {
        name_in(rules, people, &member.word, &mut names, &mut unknown);
    }
    let mut found = BTreeMap::new();
    for name in names {
        let right = right_of(rules, people, host, &name);
        if right.everything || !right.programs.is_empty() {
            found.insert(name, right);
        }
    }
    (found, unknown)
}

fn name_in(rules: &Rules, people: &People, word: &str, names: &mut BTreeSet<String>, unknown: &mut BTreeSet<String>) {
    if let Some(group) = word.strip_prefix('%') {
        let group = match group.strip_prefix('#') {
            Some(gid) => people.groups.values().find(|found| gid.parse() == Ok(found.gid)),
            None => people.groups.get(group),
        };
        match group {
            Some(group) => names.extend(people.members_of(group)),
            None => drop(unknown.insert(word.to_owned())),
        }
    } else if word.starts_with('+') {
        unknown.insert(word.to_owned());
    } else if let Some(uid) = word.strip_prefix('#') {
        if !people.accounts.values().any(|account| uid.parse() == Ok(account.uid)) {
            names.insert(word.to_owned());
        }
    } else if word != "ALL" && !rules.users.contains_key(word) {
        names.insert(word.to_owned());
    }
}

fn right_of(rules: &Rules, people: &People, host: &HostNames<'_>, name: &str) -> Right {
    let mut right = Right { certain: false, ..Right::default() };
    for rule in &rules.grants {
        let who = list_names(&rule.users, &|word| names_user(rules, people, name, word, 0));
        if who == Named::No {
            continue;
        }
        for grant in &rule.grants {
            let place = list_names(&grant.hosts, &|word| names_host(rules, host, word, 0));
            if place == Named::No {
                continue;
            }
            let certain = who == Named::Yes && place == Named::Yes;
            let mut gave = false;
            for command in &grant.commands {
                gave |= apply(rules, &mut right, command, certain, 0);
            }
            if gave {
                right.places.push(rule.place.clone());
                right.certain |= certain;
            }
        }
    }
    right
}

/// Adds or takes a command. Taking is believed only where it is certain and total: an exception from `ALL` is easily
/// walked around, and the right stays.
fn apply(rules: &Rules, right: &mut Right, command: &Command, certain: bool, depth: usize) -> bool {
    if let Some(alias) = rules.commands.get(&command.program) {
        if depth > DEEPEST {
            return false;
        }
        let mut gave = false;
        for inner in alias {
            let merged = Command {
                negated: command.negated != inner.negated,
                program: inner.program.clone(),
                run_as: command.run_as.clone(),
                without_password: command.without_password,
            };
            gave |= apply(rules, right, &merged, certain, depth + 1);
        }
        return gave;
    }
    if command.negated {
        if command.program == "ALL" && certain {
            *right = Right::default();
        } else {
            right.programs.remove(&command.program);
        }
        return false;
    }
    match command.program.as_str() {
        "ALL" => right.everything = true,
        program => drop(right.programs.insert(program.to_owned())),
    }
    right.without_password |= command.without_password;
    right.as_root |= command
        .run_as
        .as_ref()
        .is_none_or(|members| list_names(members, &|word| names_root(rules, word, 0)) != Named::No);
    true
}

/// The last member that names something decides, as in sudo.
fn list_names(members: &[Member], names: &dyn Fn(&str) -> Named) -> Named {
    let mut found = Named::No;
    for member in members {
        match (names(&member.word), member.negated) {
            (Named::Yes, false) => found = Named::Yes,
            (Named::Yes, true) => found = Named::No,
            (Named::Perhaps, false) if found == Named::No => found = Named::Perhaps,
            (Named::Perhaps, true) if found == Named::Yes => found = Named::Perhaps,
            _ => {}
        }
    }
    found
}

fn yes(holds: bool) -> Named {
    if holds { Named::Yes } else { Named::No }
}

fn names_user(rules: &Rules, people: &People, name: &str, word: &str, depth: usize) -> Named {
    if word == "ALL" || word == name {
        return Named::Yes;
    }
    if let Some(alias) = rules.users.get(word) {
        return if depth > DEEPEST {
            Named::Perhaps
        } else {
            list_names(alias, &|inner| names_user(rules, people, name, inner, depth + 1))
        };
    }
    if let Some(group) = word.strip_prefix('%') {
        let group = match group.strip_prefix('#') {
            Some(gid) => people.groups.values().find(|found| gid.parse() == Ok(found.gid)),
            None => people.groups.get(group),
        };
        return yes(group.is_some_and(|group| people.is_member(name, group)));
    }
    if let Some(uid) = word.strip_prefix('#') {
        return yes(people.accounts.get(name).is_some_and(|account| uid.parse() == Ok(account.uid)));
    }
    Named::No
}

fn names_root(rules: &Rules, word: &str, depth: usize) -> Named {
    if let Some(alias) = rules.run_as.get(word) {
        return if depth > DEEPEST {
            Named::Perhaps
        } else {
            list_names(alias, &|inner| names_root(rules, inner, depth + 1))
        };
    }
    yes(matches!(word, "ALL" | "root" | "#0" | "%root" | "%wheel" | "%#0"))
}

fn names_host(rules: &Rules, host: &HostNames<'_>, word: &str, depth: usize) -> Named {
    if word == "ALL" {
        return Named::Yes;
    }
    if let Some(alias) = rules.hosts.get(word) {
        return if depth > DEEPEST {
            Named::Perhaps
        } else {
            list_names(alias, &|inner| names_host(rules, host, inner, depth + 1))
        };
    }
    let lower = word.to_ascii_lowercase();
    let named = host.names.iter().any(|name| {
        let name = name.to_ascii_lowercase();
        let short = name.split('.').next().unwrap_or_default();
        matches(&name, &lower) || matches(short, &lower)
    });
    if named {
        return Named::Yes;
    }
    // An address, a network or a netgroup can be this host; so can another name where we only know the folder's.
    let address = word.starts_with('+')
        || word.contains([':', '/'])
        || word.chars().all(|character| character.is_ascii_digit() || character == '.');
    if address || !host.own_word { Named::Perhaps } else { Named::No }
}

#[cfg(test)]
#[path = "tests.rs"]
pub(crate) mod tests;
