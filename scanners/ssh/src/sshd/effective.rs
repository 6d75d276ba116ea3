//! Which values hold for one account.
//!
//! sshd reads its files twice: once for the lines outside conditions, where the first value of a keyword counts, and
//! once for the account's conditions, whose first value replaces it. Lists of users and groups are joined inside each
//! reading. A condition on the connection may hold or not; then both values are possible.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Config, Criterion, Line, Lines};
use crate::passwd::Account;
use crate::pattern::{ListMatch, matches, matches_list};

/// Whether something holds for the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    No,
    Maybe,
    Yes,
}

/// The account that is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    /// Its line in etc/passwd.
    pub(crate) account: &'a Account,
    /// Names of its groups.
    pub(crate) groups: BTreeSet<&'a str>,
    /// Whether these are all: false where a directory is known to add some.
    pub(crate) all_groups_known: bool,
    /// Whether it is proven that no directory adds any. Only then can a group refuse the account for certain.
    pub(crate) groups_proven: bool,
}

/// A value and where it is set; `None` is the built-in default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Arguments.
    pub(crate) arguments: Vec<String>,
    /// Their text.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) place: String,
}

/// Every value that some connection could bring about, for one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Effective {
    values: BTreeMap<&'static str, Vec<Option<Choice>>>,
    /// Where the account is refused whatever the connection: the line that does it.
    pub(crate) refused: Option<String>,
}

const SINGLE: [&str; 12] = [
    "authenticationmethods",
    "authorizedkeyscommand",
    "authorizedkeyscommanduser",
    "authorizedkeysfile",
    "authorizedprincipalscommand",
    "authorizedprincipalscommanduser",
    "authorizedprincipalsfile",
    "permitrootlogin",
    "pubkeyauthentication",
    "revokedkeys",
    "trustedusercakeys",
    "usepam",
];

const LISTS: [&str; 4] = ["allowusers", "denyusers", "allowgroups", "denygroups"];

#[derive(Debug, Default)]
struct Layer {
    certain: BTreeMap<&'static str, Choice>,
    possible: BTreeMap<&'static str, Vec<Choice>>,
    lists: BTreeMap<&'static str, Vec<(Truth, Choice)>>,
}

impl Layer {
    fn set(&mut self, keyword: &str, truth: Truth, choice: Choice) {
        let keyword = if keyword == "dsaauthentication" { "pubkeyauthentication" } else { keyword };
        if let Some(list) = LISTS.iter().find(|name| **name == keyword) {
            self.lists.entry(list).or_default().push((truth, choice));
        } else if let Some(single) = SINGLE.iter().find(|name| **name == keyword) {
            if self.certain.contains_key(single) {
                return;
            }
            match truth {
                Truth::Yes => {
                    self.certain.insert(single, choice);
                }
                Truth::Maybe => self.possible.entry(single).or_default().push(choice),
                Truth::No => {}
            }
        }
    }
}

/// Evaluates the configuration for one account.
pub(crate) fn effective(config: &Config, subject: &Subject<'_>) -> Effective {
    let mut global = Layer::default();
    outside(&config.lines, &mut global, Truth::Yes, Truth::Yes);
    let mut conditional = Layer::default();
    inside(&config.lines, subject, &mut conditional, Truth::No, Truth::Yes, true);

    let mut values = BTreeMap::new();
    for keyword in SINGLE {
        let mut found: Vec<Option<Choice>> = Vec::new();
        found.extend(conditional.possible.remove(keyword).into_iter().flatten().map(Some));
        if let Some(choice) = conditional.certain.remove(keyword) {
            found.push(Some(choice));
        } else {
            found.extend(global.possible.remove(keyword).into_iter().flatten().map(Some));
            found.push(global.certain.remove(keyword));
        }
        values.insert(keyword, found);
    }
    Effective { values, refused: refused(&global, &conditional, subject) }
}

/// The first reading: lines outside conditions. `Match all` holds here too.
fn outside(lines: &Lines, layer: &mut Layer, start: Truth, ceiling: Truth) {
    let mut active = start;
    for line in lines {
        match line {
            Line::Match(criteria) => {
                let all = criteria.iter().all(|criterion| matches!(criterion, Criterion::All));
                // A condition on the version alone holds in this reading where it holds at all.
                let version = criteria
                    .iter()
                    .all(|criterion| matches!(criterion, Criterion::Connection(name) if name == "version"));
                active = if all {
                    Truth::Yes
                } else if version {
                    Truth::Maybe
                } else {
                    Truth::No
                }
                .min(ceiling);
            }
            Line::Include(files) => {
                for file in files {
                    outside(file, layer, active, active);
                }
            }
            Line::Set { keyword, arguments, text, place } if active > Truth::No => {
                layer.set(
                    keyword,
                    active,
                    Choice { arguments: arguments.clone(), text: text.clone(), place: place.clone() },
                );
            }
            Line::Set { .. } => {}
        }
    }
}

/// The second reading: conditions. `top` is true before the first condition of the main file and of files included
/// from there, whose own conditions count in full.
fn inside(lines: &Lines, subject: &Subject<'_>, layer: &mut Layer, start: Truth, ceiling: Truth, top: bool) {
    let mut active = start;
    let mut top = top;
    for line in lines {
        match line {
            Line::Match(criteria) => {
                active = judge(criteria, subject).min(ceiling);
                top = false;
            }
            Line::Include(files) => {
                for file in files {
                    inside(file, subject, layer, active, if top { Truth::Yes } else { active }, top);
                }
            }
            Line::Set { keyword, arguments, text, place } if active > Truth::No => {
                layer.set(
                    keyword,
                    active,
                    Choice { arguments: arguments.clone(), text: text.clone(), place: place.clone() },
                );
            }
            Line::Set { .. } => {}
        }
    }
}

fn judge(criteria: &[Criterion], subject: &Subject<'_>) -> Truth {
    criteria.iter().map(|criterion| judge_one(criterion, subject)).min().unwrap_or(Truth::Maybe)
}

fn judge_one(criterion: &Criterion, subject: &Subject<'_>) -> Truth {
    match criterion {
        Criterion::All => Truth::Yes,
        Criterion::InvalidUser => Truth::No,
        Criterion::Connection(_) | Criterion::Unknown(_) => Truth::Maybe,
        Criterion::User(patterns) => match matches_list(&subject.account.name, patterns) {
            ListMatch::Yes => Truth::Yes,
            ListMatch::No | ListMatch::Negated => Truth::No,
        },
        Criterion::Group(patterns) => {
            let mut found = Truth::No;
            for group in &subject.groups {
                match matches_list(group, patterns) {
                    ListMatch::Negated => return Truth::No,
                    ListMatch::Yes => found = Truth::Yes,
                    ListMatch::No => {}
                }
            }
            match (found, subject.all_groups_known) {
                (Truth::Yes, false) if patterns.contains('!') => Truth::Maybe,
                (Truth::No, false) => Truth::Maybe,
                _ => found,
            }
        }
    }
}

/// Whether an entry of a list of users names the account. With a host behind `@` it depends on the connection.
fn names_user(entry: &str, subject: &Subject<'_>) -> Truth {
    match entry.rsplit_once('@') {
        None if matches(&subject.account.name, entry) => Truth::Yes,
        Some((user, _)) if matches(&subject.account.name, user) => Truth::Maybe,
        _ => Truth::No,
    }
}

fn names_group(entry: &str, subject: &Subject<'_>) -> Truth {
    if subject.groups.iter().any(|group| matches(group, entry)) {
        Truth::Yes
    } else if subject.groups_proven {
        Truth::No
    } else {
        Truth::Maybe
    }
}

fn best(choice: &Choice, subject: &Subject<'_>, names: fn(&str, &Subject<'_>) -> Truth) -> Truth {
    choice.arguments.iter().map(|entry| names(entry, subject)).max().unwrap_or(Truth::No)
}

/// The line that refuses the account whatever the connection.
fn refused(global: &Layer, conditional: &Layer, subject: &Subject<'_>) -> Option<String> {
    type Names = fn(&str, &Subject<'_>) -> Truth;
    let lists: [(&str, Names, bool); 4] = [
        ("denyusers", names_user, false),
        ("allowusers", names_user, true),
        ("denygroups", names_group, false),
        ("allowgroups", names_group, true),
    ];
    lists.into_iter().find_map(|(keyword, names, allows)| {
        let empty = Vec::new();
        let within = conditional.lists.get(keyword).unwrap_or(&empty);
        let outer = global.lists.get(keyword).unwrap_or(&empty);
        let (sure, perhaps): (Vec<_>, Vec<_>) = within.iter().partition(|(truth, _)| *truth == Truth::Yes);
        let base: Vec<&Choice> = if sure.is_empty() {
            outer.iter().filter(|(truth, _)| *truth == Truth::Yes).map(|(_, choice)| choice).collect()
        } else {
            sure.iter().map(|(_, choice)| choice).collect()
        };
        if allows {
            let admitted = |choice: &&Choice| best(choice, subject, names) > Truth::No;
            let may_pass =
                base.is_empty() || base.iter().any(admitted) || perhaps.iter().any(|(_, choice)| admitted(&choice));
            (!may_pass).then(|| format!("{} does not name it in {keyword}", base[0].place))
        } else {
            let denies = |choice: &&Choice| best(choice, subject, names) == Truth::Yes;
            let denied = base.iter().find(|choice| denies(choice))?;
            // A condition that may hold replaces the outer list, and may then deny nobody.
            let replaced = sure.is_empty() && perhaps.iter().any(|(_, choice)| !denies(&choice));
            (!replaced).then(|| format!("{} names it in {keyword}", denied.place))
        }
    })
}

impl Effective {
    /// Every possible value of a keyword; `None` is the default. Never empty.
    pub(crate) fn values(&self, keyword: &str) -> &[Option<Choice>] {
        self.values.get(keyword).map_or(&[None], Vec::as_slice)
    }

    /// The possible values as single words, lower case; `none` and the default are `None`.
    fn words(&self, keyword: &str) -> impl Iterator<Item = Option<(String, &str)>> {
        self.values(keyword).iter().map(|choice| {
            choice.as_ref().map(|choice| {
                (
                    choice.arguments.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default(),
                    choice.place.as_str(),
                )
            })
        })
    }

    /// Templates of the key files, over all possible values, without doubles.
    pub(crate) fn key_files(&self) -> BTreeSet<String> {
        let defaults = [".ssh/authorized_keys", ".ssh/authorized_keys2"].map(String::from);
        self.values("authorizedkeysfile")
            .iter()
            .flat_map(|choice| choice.as_ref().map_or_else(|| defaults.to_vec(), |choice| choice.arguments.clone()))
            .filter(|template| !template.eq_ignore_ascii_case("none"))
            .collect()
    }

    /// Paths a keyword can have, `none` left out, with the place of each.
    pub(crate) fn paths(&self, keyword: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for choice in self.values(keyword).iter().flatten() {
            for path in &choice.arguments {
                let entry = (path.clone(), choice.place.clone());
                if !path.eq_ignore_ascii_case("none") && !found.contains(&entry) {
                    found.push(entry);
                }
            }
        }
        found
    }

    /// Whether every possible value of a list names a path.
    pub(crate) fn always_set(&self, keyword: &str) -> bool {
        self.values(keyword).iter().all(|choice| {
            choice.as_ref().is_some_and(|choice| !choice.arguments.iter().all(|path| path.eq_ignore_ascii_case("none")))
        })
    }

    /// Where a command is set that gives keys or principals.
    pub(crate) fn commands(&self, keyword: &str) -> Vec<String> {
        self.values(keyword)
            .iter()
            .flatten()
            .filter(|choice| !choice.text.trim().eq_ignore_ascii_case("none"))
            .map(|choice| choice.place.clone())
            .collect()
    }

    /// Where public keys are switched off, if they are for every connection.
    pub(crate) fn keys_switched_off(&self) -> Option<String> {
        let mut place = None;
        for word in self.words("pubkeyauthentication") {
            match word {
                Some((word, at)) if word == "no" => place = Some(format!("{at} sets PubkeyAuthentication no")),
                _ => return None,
            }
        }
        place
    }

    /// Where root is refused, if it is for every connection. `forced` tells whether the key has a forced command.
    pub(crate) fn root_refused(&self, forced: bool) -> Option<String> {
        let mut place = None;
        for word in self.words("permitrootlogin") {
            match word {
                Some((word, at)) if word == "no" || (word == "forced-commands-only" && !forced) => {
                    place = Some(format!("{at} sets PermitRootLogin {word}"));
                }
                _ => return None,
            }
        }
        place
    }

    /// Where the required methods leave public keys out, if they do for every connection.
    pub(crate) fn methods_without_keys(&self) -> Option<String> {
        let mut place = None;
        for choice in self.values("authenticationmethods") {
            let choice = choice.as_ref()?;
            let takes_keys = choice.arguments.iter().any(|list| {
                list.eq_ignore_ascii_case("any")
                    || list.split(',').any(|method| method.split(':').next().is_some_and(|name| name == "publickey"))
            });
            if takes_keys {
                return None;
            }
            place = Some(format!("{} asks for methods without publickey", choice.place));
        }
        place
    }

    /// Whether PAM has its say about accounts: `None` where it depends.
    pub(crate) fn uses_pam(&self) -> Option<bool> {
        let mut found = None;
        for word in self.words("usepam") {
            let yes = word.is_some_and(|(word, _)| word == "yes");
            if found.is_some_and(|before| before != yes) {
                return None;
            }
            found = Some(yes);
        }
        found
    }
}

#[cfg(test)]
#[path = "effective_tests.rs"]
mod tests;
