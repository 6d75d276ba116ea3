//! Lines of sudoers into aliases and rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lex::{Token, tokens};

/// A member of a list, perhaps negated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// `!` before it.
    pub(crate) negated: bool,
    /// The word.
    pub(crate) word: String,
}

/// As whom a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunAs {
    /// Users.
    pub(crate) users: Vec<Member>,
    /// Groups; empty where none are named.
    pub(crate) groups: Vec<Member>,
}

/// Whether an entry stands for every use of its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// With certain arguments, in a time, below a root folder or with a digest only; or a pattern, of which nobody can
    /// say here what it covers.
    Part,
    /// Every use.
    Whole,
}

/// A command of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// `!` before it.
    pub(crate) negated: bool,
    /// Path, directory, alias, or `ALL`. Arguments are not kept: they can hold secrets.
    pub(crate) program: String,
    /// As whom: `None` is the default, root.
    pub(crate) run_as: Option<Arc<RunAs>>,
    /// Without a password.
    pub(crate) without_password: bool,
    /// Every use of the program, or some.
    pub(crate) reach: Reach,
}

/// Hosts and what may be run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Hosts.
    pub(crate) hosts: Vec<Member>,
    /// Commands, in order: a later one wins.
    pub(crate) commands: Vec<Command>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Who.
    pub(crate) users: Vec<Member>,
    /// Where and what.
    pub(crate) grants: Vec<Grant>,
    /// File and line.
    pub(crate) place: String,
}

/// Whether two names that differ in case only are one user or group. They are, unless `Defaults` switches that off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Case {
    /// They are.
    #[default]
    Ignored,
    /// Some line of `Defaults` has `!case_insensitive_user` or `!case_insensitive_group`: perhaps they are not.
    MayCount,
}

/// Everything sudoers says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rules {
    /// Rules in order: a later one wins.
    pub(crate) grants: Vec<Rule>,
    /// How names of users and groups are compared.
    pub(crate) case: Case,
    /// `User_Alias`.
    pub(crate) users: BTreeMap<String, Vec<Member>>,
    /// `Runas_Alias`.
    pub(crate) run_as: BTreeMap<String, Vec<Member>>,
    /// `Host_Alias`.
    pub(crate) hosts: BTreeMap<String, Vec<Member>>,
    /// `Cmnd_Alias`.
    pub(crate) commands: BTreeMap<String, Vec<Command>>,
}

const TAGS: [&str; 16] = [
    "NOPASSWD",
    "PASSWD",
    "NOEXEC",
    "EXEC",
    "SETENV",
    "NOSETENV",
    "LOG_INPUT",
    "NOLOG_INPUT",
    "LOG_OUTPUT",
    "NOLOG_OUTPUT",
    "MAIL",
    "NOMAIL",
    "FOLLOW",
    "NOFOLLOW",
    "INTERCEPT",
    "NOINTERCEPT",
];

const OPTIONS: [&str; 11] = [
    "ROLE",
    "TYPE",
    "CWD",
    "CHROOT",
    "TIMEOUT",
    "NOTBEFORE",
    "NOTAFTER",
    "APPARMOR_PROFILE",
    "PRIVS",
    "LIMITPRIVS",
    "PROJECT",
];

const DIGESTS: [&str; 4] = ["sha224", "sha256", "sha384", "sha512"];

/// Options that make an entry hold only sometimes or somewhere.
const LIMITS: [&str; 3] = ["CHROOT", "NOTAFTER", "NOTBEFORE"];

/// What stands before a command. All but the digest holds for the commands after it too.
#[derive(Default)]
struct Before {
    without_password: bool,
    limited: bool,
    digest: bool,
}

struct Walk<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Walk<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word_at(&self, offset: usize) -> Option<&str> {
        match self.tokens.get(self.at + offset) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn take(&mut self, token: &Token) -> bool {
        let there = self.peek() == Some(token);
        if there {
            self.at += 1;
        }
        there
    }

    fn word(&mut self) -> Option<String> {
        let word = self.word_at(0)?.to_owned();
        self.at += 1;
        Some(word)
    }

    fn negated(&mut self) -> bool {
        let mut negated = false;
        while self.take(&Token::Not) {
            negated = !negated;
        }
        negated
    }

    fn members(&mut self) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        loop {
            let negated = self.negated();
            members.push(Member { negated, word: self.word()? });
            if !self.take(&Token::Comma) {
                return Some(members);
            }
        }
    }

    /// `(users : groups)`, both perhaps empty.
    fn run_as(&mut self) -> Option<RunAs> {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        if !matches!(self.peek(), Some(Token::Colon | Token::Close)) {
            users = self.members()?;
        }
        if self.take(&Token::Colon) && self.peek() != Some(&Token::Close) {
            groups = self.members()?;
        }
        self.take(&Token::Close).then_some(RunAs { users, groups })
    }

    fn commands(&mut self) -> Option<Vec<Command>> {
        let mut commands = Vec::new();
        let mut run_as: Option<Arc<RunAs>> = None;
        let mut before = Before::default();
        loop {
            if self.take(&Token::Open) {
                run_as = Some(Arc::new(self.run_as()?));
            }
            self.tags(&mut before)?;
            let negated = self.negated();
            if let Some((program, arguments)) = self.program() {
                let pattern = program.contains(['*', '?', '[']) || program.starts_with('^');
                let part = arguments || pattern || before.limited || before.digest;
                let reach = if part { Reach::Part } else { Reach::Whole };
                let without_password = before.without_password;
                commands.push(Command { negated, program, run_as: run_as.clone(), without_password, reach });
                before.digest = false;
            } else if !matches!(self.peek(), Some(Token::Comma)) {
                return None;
            }
            if !self.take(&Token::Comma) {
                return Some(commands);
            }
        }
    }

    /// Options, tags and digests before a command.
    fn tags(&mut self, before: &mut Before) -> Option<()> {
        loop {
            let Some(word) = self.word_at(0).map(str::to_owned) else { return Some(()) };
            let next = self.tokens.get(self.at + 1);
            if next == Some(&Token::Colon) && TAGS.contains(&word.as_str()) {
                match word.as_str() {
                    "NOPASSWD" => before.without_password = true,
                    "PASSWD" => before.without_password = false,
                    _ => {}
                }
                self.at += 2;
            } else if next == Some(&Token::Equals) && OPTIONS.contains(&word.as_str()) {
                before.limited |= LIMITS.contains(&word.as_str());
                self.at += 2;
                self.word()?;
            } else if next == Some(&Token::Colon) && DIGESTS.contains(&word.as_str()) {
                before.digest = true;
                self.at += 2;
                self.word()?;
                // Base64 digests end in padding.
                while self.take(&Token::Equals) {}
                if self.peek() == Some(&Token::Comma) {
                    return Some(());
                }
            } else {
                return Some(());
            }
        }
    }

    /// A program, and whether it has arguments, which are skipped.
    fn program(&mut self) -> Option<(String, bool)> {
        let program = self.word()?;
        let first = self.at;
        while matches!(self.peek(), Some(Token::Word(_) | Token::Not | Token::Equals | Token::Open | Token::Close)) {
            if self.peek() == Some(&Token::Equals) && !program.starts_with(['/', '^']) {
                return None;
            }
            self.at += 1;
        }
        Some((program, self.at > first))
    }

    fn at_end(&self) -> bool {
        self.at == self.tokens.len()
    }
}

/// Whether a word can be the name of an alias: sudo takes any other line for an error and goes on without it.
fn is_alias(word: &str) -> bool {
    word != "ALL"
        && word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
}

/// Defines an alias. The first definition counts, as in sudo; `None`: there is one already.
fn define<T>(aliases: &mut BTreeMap<String, T>, name: String, members: T) -> Option<()> {
    use std::collections::btree_map::Entry;
    match aliases.entry(name) {
        Entry::Vacant(slot) => {
            slot.insert(members);
            Some(())
        }
        Entry::Occupied(_) => None,
    }
}

impl Rules {
    /// Takes one line that is neither blank, comment nor include. `None` where it is not understood.
    pub(super) fn take(&mut self, line: &str, place: &str) -> Option<()> {
        let first = line.split([' ', '\t', '@', ':', '!', '>']).next().unwrap_or_default();
        if first == "Defaults" {
            if line.contains("case_insensitive_") && line.contains('!') {
                self.case = Case::MayCount;
            }
            return Some(());
        }
        let found = tokens(line)?;
        if found.is_empty() {
            return Some(());
        }
        let mut walk = Walk { tokens: &found, at: 0 };
        match first {
            "User_Alias" | "Runas_Alias" | "Host_Alias" | "Cmnd_Alias" | "Cmd_Alias" => {
                walk.at = 1;
                loop {
                    let name = walk.word().filter(|name| is_alias(name))?;
                    walk.take(&Token::Equals).then_some(())?;
                    match first {
                        "User_Alias" => define(&mut self.users, name, walk.members()?)?,
                        "Runas_Alias" => define(&mut self.run_as, name, walk.members()?)?,
                        "Host_Alias" => define(&mut self.hosts, name, walk.members()?)?,
                        _ => define(&mut self.commands, name, walk.commands()?)?,
                    }
                    if !walk.take(&Token::Colon) {
                        break;
                    }
                }
            }
            _ => {
                let users = walk.members()?;
                let mut grants = Vec::new();
                loop {
                    let hosts = walk.members()?;
                    walk.take(&Token::Equals).then_some(())?;
                    grants.push(Grant { hosts, commands: walk.commands()? });
                    if !walk.take(&Token::Colon) {
                        break;
                    }
                }
                self.grants.push(Rule { users, grants, place: place.to_owned() });
            }
        }
        walk.at_end().then_some(())
    }
}
