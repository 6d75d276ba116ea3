//! Which rights the rules give to whom on this host.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Cause;

use super::expand::{Leaf, Work, expand};
use super::parse::{Case, Command, Reach, Rule, Rules, RunAs};
use crate::passwd::{Group, People};
use crate::pattern::matches;

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
    /// False where it hangs on a netgroup, a directory's group, or a name that cannot be compared here.
    pub(crate) certain: bool,
    /// Lines that give it.
    pub(crate) places: Vec<String>,
}

/// Whether a list names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// What the rules come to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Rights by account, also of names that etc/passwd lacks.
    pub(crate) rights: BTreeMap<String, Right>,
    /// Groups and netgroups that cannot be looked into.
    pub(crate) unknown: BTreeSet<String>,
    /// Aliases that name themselves, and rules that were too much work: a part and a cause.
    pub(crate) problems: Vec<(String, Cause)>,
}

/// The rights of everybody that the rules name.
pub(crate) fn rights(rules: &Rules, people: &People, host: &HostNames<'_>) -> Found {
    rights_within(rules, people, host, Work::default())
}

fn rights_within(rules: &Rules, people: &People, host: &HostNames<'_>, mut work: Work) -> Found {
    let known = Known::new(people, rules.case);
    let (names, unknown) = known.names(rules, &mut work);
    let mut accounts: Vec<Account<'_>> = names.iter().map(|name| Account { name, held: Held::new() }).collect();
    for (index, rule) in rules.grants.iter().enumerate() {
        if work.is_spent() {
            break;
        }
        apply(rules, &known, host, (index, rule), &mut accounts, &mut work);
    }
    let rights = accounts
        .into_iter()
        .filter(|account| !account.held.is_empty())
        .map(|account| (account.name.to_owned(), summary(rules, &account.held)))
        .collect();
    Found { rights, unknown, problems: work.problems() }
}

/// People, by what sudoers calls them.
struct Known<'a> {
    people: &'a People,
    uids: BTreeSet<u32>,
    gids: BTreeMap<u32, Vec<&'a Group>>,
    /// By name in small letters.
    groups: BTreeMap<String, Vec<&'a Group>>,
    /// What a name in another case comes to.
    other_case: Named,
}

impl<'a> Known<'a> {
    fn new(people: &'a People, case: Case) -> Self {
        let uids = people.accounts.values().map(|account| account.uid).collect();
        let mut gids: BTreeMap<u32, Vec<&Group>> = BTreeMap::new();
        let mut groups: BTreeMap<String, Vec<&Group>> = BTreeMap::new();
        for group in people.groups.values() {
            gids.entry(group.gid).or_default().push(group);
            groups.entry(group.name.to_ascii_lowercase()).or_default().push(group);
        }
        let other_case = if case == Case::Ignored { Named::Yes } else { Named::Perhaps };
        Self { people, uids, gids, groups, other_case }
    }

    /// The groups that `%name` or `%#gid` stands for; none for any other word.
    fn groups(&self, word: &str) -> &[&'a Group] {
        let Some(group) = word.strip_prefix('%') else { return &[] };
        let found = match group.strip_prefix('#').map(str::parse::<u32>) {
            Some(Ok(gid)) => self.gids.get(&gid),
            Some(Err(_)) => None,
            None => self.groups.get(&group.to_ascii_lowercase()),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// Every account that some rule can concern, and the words that cannot be looked into.
    fn names(&self, rules: &Rules, work: &mut Work) -> (BTreeSet<String>, BTreeSet<String>) {
        let mut unknown = BTreeSet::new();
        let mut names: BTreeSet<String> = self.people.accounts.keys().cloned().collect();
        let mut plain = Vec::new();
        let lists = rules.grants.iter().map(|rule| &rule.users).chain(rules.users.values());
        let words: BTreeSet<&str> = lists.flatten().map(|member| member.word.as_str()).collect();
        'words: for word in words {
            if word.starts_with('%') {
                let groups = self.groups(word);
                if groups.is_empty() {
                    unknown.insert(word.to_owned());
                }
                for group in groups {
                    // Whose primary group it is shows in each account.
                    if !work.step(self.people.accounts.len()) {
                        break 'words;
                    }
                    names.extend(self.people.members_of(group));
                }
            } else if word.starts_with('+') {
                unknown.insert(word.to_owned());
            } else if let Some(uid) = word.strip_prefix('#') {
                if !uid.parse().is_ok_and(|uid| self.uids.contains(&uid)) {
                    names.insert(word.to_owned());
                }
            } else if word != "ALL" && !rules.users.contains_key(word) {
                plain.push(word);
            }
        }
        // A name in another case is nobody else.
        let mut small: BTreeSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        for word in plain {
            if small.insert(word.to_ascii_lowercase()) {
                names.insert(word.to_owned());
            }
        }
        (names, unknown)
    }

    /// Whether a word means a name. `groups` are those that the word stands for.
    fn names_user(&self, name: &str, leaf: &Leaf<'_>, groups: &[&Group]) -> Named {
        // Members nobody knows: that they are given something is said once for all; an exception for them may hold.
        let unseen = if leaf.negated { Named::Perhaps } else { Named::No };
        let word = leaf.word;
        if word == "ALL" || word == name {
            return Named::Yes;
        }
        if let Some(group) = word.strip_prefix('%') {
            let named = groups.iter().filter(|known| self.people.is_member(name, known));
            let exact = |known: &&&Group| group.starts_with('#') || known.name == group;
            return match named.map(|known| if exact(&known) { Named::Yes } else { self.other_case }).max() {
                Some(named) => named,
                None if groups.is_empty() => unseen,
                None => Named::No,
            };
        }
        if word.starts_with('+') {
            return unseen;
        }
        if let Some(uid) = word.strip_prefix('#') {
            return yes(self.people.accounts.get(name).is_some_and(|account| uid.parse() == Ok(account.uid)));
        }
        if word.eq_ignore_ascii_case(name) { self.other_case } else { Named::No }
    }
}

/// One account, and what it holds after the rules so far.
struct Account<'a> {
    name: &'a str,
    held: Held<'a>,
}

/// By program and the list of those it runs as, told apart by where the list lies in memory.
type Held<'a> = BTreeMap<(&'a str, usize), Given<'a>>;

/// A program that an account may run.
#[derive(Debug)]
struct Given<'a> {
    run_as: Option<&'a RunAs>,
    as_root: bool,
    without_password: bool,
    certain: bool,
    /// Rules that give it, by their place in the file.
    rules: Vec<usize>,
}

/// One rule, for every account that it names.
fn apply<'a>(
    rules: &'a Rules,
    known: &Known<'_>,
    host: &HostNames<'_>,
    (index, rule): (usize, &'a Rule),
    accounts: &mut [Account<'a>],
    work: &mut Work,
) {
    let mut named: Option<Vec<(usize, Named)>> = None;
    for grant in &rule.grants {
        let hosts = expand(&grant.hosts, &rules.hosts, "Host_Alias", work);
        let place = decide(hosts.iter().map(|leaf| (names_host(host, leaf.word), leaf.negated)));
        if place == Named::No {
            continue;
        }
        let named = named.get_or_insert_with(|| users(rules, known, rule, accounts, work));
        for command in &grant.commands {
            let leaves = expand(std::slice::from_ref(command), &rules.commands, "Cmnd_Alias", work);
            let as_root = runs_as_root(rules, command, work);
            for (at, who) in named.iter() {
                let certain = *who == Named::Yes && place == Named::Yes;
                let Some(account) = accounts.get_mut(*at) else { continue };
                for leaf in &leaves {
                    if !work.step(1) {
                        return;
                    }
                    if leaf.negated {
                        take(&mut account.held, leaf, command.run_as.as_deref(), certain, work);
                    } else {
                        let given = Given {
                            run_as: command.run_as.as_deref(),
                            as_root,
                            without_password: command.without_password,
                            certain,
                            rules: vec![index],
                        };
                        give(&mut account.held, leaf.word, command, given, work);
                    }
                }
            }
        }
    }
}

/// The accounts that a rule names or perhaps names.
fn users(
    rules: &Rules,
    known: &Known<'_>,
    rule: &Rule,
    accounts: &[Account<'_>],
    work: &mut Work,
) -> Vec<(usize, Named)> {
    let leaves: Vec<(Leaf<'_>, &[&Group])> = expand(&rule.users, &rules.users, "User_Alias", work)
        .into_iter()
        .map(|leaf| (leaf, known.groups(leaf.word)))
        .collect();
    let mut found = Vec::new();
    for (at, account) in accounts.iter().enumerate() {
        if !work.step(leaves.len() + 1) {
            break;
        }
        let who =
            decide(leaves.iter().map(|(leaf, groups)| (known.names_user(account.name, leaf, groups), leaf.negated)));
        if who != Named::No {
            found.push((at, who));
        }
    }
    found
}

fn give<'a>(held: &mut Held<'a>, program: &'a str, command: &Command, given: Given<'a>, work: &mut Work) {
    let list = command.run_as.as_ref().map_or(0, |list| std::sync::Arc::as_ptr(list).addr());
    match held.entry((program, list)) {
        std::collections::btree_map::Entry::Vacant(slot) => {
            if work.keep() {
                slot.insert(given);
            }
        }
        std::collections::btree_map::Entry::Occupied(mut slot) => {
            let known = slot.get_mut();
            known.certain |= given.certain;
            known.without_password |= given.without_password;
            if known.rules.last() != given.rules.last() && work.keep() {
                known.rules.extend(given.rules);
            }
        }
    }
}

/// Takes a command away. That is believed only where it is certain and total: an exception with arguments, for some of
/// those one may run as, or from `ALL`, leaves a way around it, and the right stays. Where it perhaps applies, the right
/// stays and is no longer certain.
fn take<'a>(held: &mut Held<'a>, leaf: &Leaf<'a>, run_as: Option<&RunAs>, certain: bool, work: &mut Work) {
    if leaf.reach == Reach::Part {
        return;
    }
    let mut gone = Vec::new();
    let concerned = if leaf.word == "ALL" {
        held.range_mut::<(&str, usize), _>(..)
    } else {
        held.range_mut((leaf.word, 0)..=(leaf.word, usize::MAX))
    };
    for (key, given) in concerned {
        if !work.step(1 + run_as.map_or(0, |list| list.users.len() + list.groups.len())) {
            break;
        }
        if covers(run_as, given.run_as) {
            given.certain = false;
            gone.push(*key);
        }
    }
    if certain {
        for key in gone {
            held.remove(&key);
        }
    }
}

/// Whether whoever `given` names is certainly among those that `taken` names: the same list, or everybody.
fn covers(taken: Option<&RunAs>, given: Option<&RunAs>) -> bool {
    if taken == given {
        return true;
    }
    let is_all =
        |members: &[super::parse::Member]| matches!(members, [member] if !member.negated && member.word == "ALL");
    taken.is_some_and(|taken| {
        is_all(&taken.users) && (is_all(&taken.groups) || given.is_none_or(|given| given.groups.is_empty()))
    })
}

fn summary(rules: &Rules, held: &Held<'_>) -> Right {
    let mut right = Right::default();
    let mut places: BTreeSet<usize> = BTreeSet::new();
    for ((program, _), given) in held {
        match *program {
            "ALL" => right.everything = true,
            program => drop(right.programs.insert(program.to_owned())),
        }
        right.as_root |= given.as_root;
        right.without_password |= given.without_password;
        right.certain |= given.certain;
        places.extend(&given.rules);
    }
    right.places = places.into_iter().filter_map(|at| rules.grants.get(at)).map(|rule| rule.place.clone()).collect();
    right
}

/// The last member that names something decides, as in sudo.
fn decide(members: impl Iterator<Item = (Named, bool)>) -> Named {
    let mut found = Named::No;
    for member in members {
        match member {
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

fn runs_as_root(rules: &Rules, command: &Command, work: &mut Work) -> bool {
    let Some(list) = &command.run_as else { return true };
    let leaves = expand(&list.users, &rules.run_as, "Runas_Alias", work);
    let root = |word: &str| ["root", "#0", "%root", "%wheel", "%#0"].iter().any(|name| word.eq_ignore_ascii_case(name));
    let names_root = |word: &str| yes(word == "ALL" || root(word));
    decide(leaves.iter().map(|leaf| (names_root(leaf.word), leaf.negated))) != Named::No
}

fn names_host(host: &HostNames<'_>, word: &str) -> Named {
    if word == "ALL" {
        return Named::Yes;
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
    // An address, a network or a netgroup can be this host; so can another name where we only know the folder's, and a
    // full name that begins with a short one where no full name is known.
    let address = word.starts_with('+')
        || word.contains([':', '/'])
        || word.chars().all(|character| character.is_ascii_digit() || character == '.');
    if address || !host.own_word || perhaps_in_full(host, &lower) { Named::Perhaps } else { Named::No }
}

/// Whether a word may be the full name of a host of which short names alone are known, or a pattern for it. `word` is in
/// small letters.
fn perhaps_in_full(host: &HostNames<'_>, word: &str) -> bool {
    if !word.contains('.') || host.names.iter().any(|name| name.contains('.')) {
        return false;
    }
    let literal = word.split(['*', '?', '[', '\\']).next().unwrap_or_default();
    host.names.iter().any(|name| {
        let begin = format!("{}.", name.to_ascii_lowercase());
        literal.starts_with(&begin) || begin.starts_with(literal)
    })
}

#[cfg(test)]
#[path = "tests.rs"]
pub(crate) mod tests;
