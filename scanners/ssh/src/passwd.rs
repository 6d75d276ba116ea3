//! Accounts and groups as the host's own files give them (passwd(5), group(5)).

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// First user id that a person gets on the usual distributions (`UID_MIN` of login.defs).
pub(crate) const FIRST_PERSON: u32 = 1000;

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Login name.
    pub(crate) name: String,
    /// User id.
    pub(crate) uid: u32,
    /// Primary group.
    pub(crate) gid: u32,
    /// Free text, usually the person's name.
    pub(crate) gecos: String,
    /// Home folder.
    pub(crate) home: String,
    /// Shell; empty means `/bin/sh`.
    pub(crate) shell: String,
    /// Line in etc/passwd.
    pub(crate) line: usize,
}

impl Account {
    /// Whether the shell refuses to start: `nologin`, `false` and their like.
    pub(crate) fn has_no_shell(&self) -> bool {
        let program = self.shell.rsplit('/').next().unwrap_or_default();
        matches!(program, "nologin" | "false" | "sync" | "shutdown" | "halt" | "noshell")
    }

    /// Whether it is one of the system's own accounts.
    pub(crate) fn is_system(&self) -> bool {
        self.uid != 0 && (self.uid < FIRST_PERSON || self.uid == 65_534)
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Name.
    pub(crate) name: String,
    /// Group id.
    pub(crate) gid: u32,
    /// Names of its members; those whose primary group it is are not repeated here.
    pub(crate) members: Vec<String>,
    /// Line in etc/group.
    pub(crate) line: usize,
}

/// A line that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// Line number, from 1.
    pub(crate) line: usize,
    /// Why.
    pub(crate) why: &'static str,
}

/// All accounts and groups of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct People {
    /// Accounts by name, first line first.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Groups by name. Members of two lines with one name are joined, as the C library does at sign-in.
    pub(crate) groups: BTreeMap<String, Group>,
    by_member: HashMap<String, BTreeSet<String>>,
    by_id: HashMap<u32, BTreeSet<String>>,
}

fn fields(bytes: &[u8], count: usize) -> impl Iterator<Item = (usize, Result<Vec<&str>, BadLine>)> {
    bytes.split(|byte| *byte == b'\n').enumerate().filter_map(move |(index, line)| {
        let line_number = index + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line[0] == b'#' {
            return None;
        }
        let bad = |why| BadLine { line: line_number, why };
        let parsed = std::str::from_utf8(line).map_err(|_| bad("not UTF-8")).and_then(|text| {
            let parts: Vec<&str> = text.split(':').collect();
            if parts.len() == count { Ok(parts) } else { Err(bad("wrong number of fields")) }
        });
        Some((line_number, parsed))
    })
}

/// Whether a name can stand in a path and in an id without changing what they mean.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/') && !name.chars().any(char::is_control)
}

impl People {
    /// Reads etc/passwd. The first of two lines with one name counts, as in the C library.
    pub(crate) fn read_passwd(&mut self, bytes: &[u8]) -> Vec<BadLine> {
        let mut bad = Vec::new();
        for (line, parsed) in fields(bytes, 7) {
            let parts = match parsed {
                Ok(parts) => parts,
                Err(fault) => {
                    bad.push(fault);
                    continue;
                }
            };
            // `+` and `-` draw in other directories (nss_compat), which are not in this tree.
            if parts[0].starts_with(['+', '-']) {
                bad.push(BadLine { line, why: "draws accounts from a directory that is not in the tree" });
                continue;
            }
            if !is_plain_name(parts[0]) {
                bad.push(BadLine { line, why: "the name has characters that no account has" });
                continue;
            }
            let (Ok(uid), Ok(gid)) = (parts[2].parse(), parts[3].parse()) else {
                bad.push(BadLine { line, why: "user or group id is no number" });
                continue;
            };
            if self.accounts.contains_key(parts[0]) {
                bad.push(BadLine { line, why: "a second line for the same name, which no program reads" });
                continue;
            }
            self.accounts.insert(
                parts[0].to_owned(),
                Account {
                    name: parts[0].to_owned(),
                    uid,
                    gid,
                    gecos: parts[4].split(',').next().unwrap_or_default().to_owned(),
                    home: parts[5].to_owned(),
                    shell: parts[6].to_owned(),
                    line,
                },
            );
        }
        bad
    }

    /// Reads etc/group.
    pub(crate) fn read_group(&mut self, bytes: &[u8]) -> Vec<BadLine> {
        let mut bad = Vec::new();
        for (line, parsed) in fields(bytes, 4) {
            let parts = match parsed {
                Ok(parts) => parts,
                Err(fault) => {
                    bad.push(fault);
                    continue;
                }
            };
            if parts[0].starts_with(['+', '-']) {
                bad.push(BadLine { line, why: "draws groups from a directory that is not in the tree" });
                continue;
            }
            let Ok(gid) = parts[2].parse() else {
                bad.push(BadLine { line, why: "the group id is no number" });
                continue;
            };
            if !is_plain_name(parts[0]) {
                bad.push(BadLine { line, why: "the name has characters that no group has" });
                continue;
            }
            let members: Vec<String> = parts[3].split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            for member in &members {
                self.by_member.entry(member.clone()).or_default().insert(parts[0].to_owned());
            }
            self.by_id.entry(gid).or_default().insert(parts[0].to_owned());
            let first = Group { name: parts[0].to_owned(), gid, members: Vec::new(), line };
            self.groups.entry(parts[0].to_owned()).or_insert(first).members.extend(members);
        }
        bad
    }

    /// Names of the groups an account is in, its primary one included.
    pub(crate) fn groups_of(&self, account: &Account) -> BTreeSet<&str> {
        let named = self.by_member.get(&account.name).into_iter().flatten();
        named.chain(self.by_id.get(&account.gid).into_iter().flatten()).map(String::as_str).collect()
    }

    /// Whether a name, of an account or not, is in a group.
    pub(crate) fn is_member(&self, name: &str, group: &Group) -> bool {
        self.by_member.get(name).is_some_and(|groups| groups.contains(&group.name))
            || self.accounts.get(name).is_some_and(|account| account.gid == group.gid)
    }

    /// Names of the accounts in a group, also those whose primary group it is and those that etc/passwd lacks.
    pub(crate) fn members_of(&self, group: &Group) -> BTreeSet<String> {
        let mut members: BTreeSet<String> = group.members.iter().cloned().collect();
        members.extend(
            self.accounts.values().filter(|account| account.gid == group.gid).map(|account| account.name.clone()),
        );
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_groups_are_read_and_damaged_lines_are_named() {
        let mut people = People::default();
        let bad = people.read_passwd(
            b"root:x:0:0:root:/root:/bin/bash\nana:x:1001:1001:Ana,,,:/home/ana:/bin/bash\nbroken\nx/y:x:1:1::/:/bin/sh\n\
              +::::::\nana:x:0:0::/root:/bin/sh\nben:x:no:1::/home/ben:\n",
        );
        assert_eq!(bad.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(people.accounts["ana"].uid, 1001, "the first line counts, as in the C library");
        assert_eq!(people.accounts["ana"].gecos, "Ana");
        assert!(people.read_group(b"root:x:0:\nops:x:50:ana,zoe\nana:x:1001:\n").is_empty());
        let groups = people.groups_of(&people.accounts["ana"]);
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["ana", "ops"]);
        assert!(people.members_of(&people.groups["ops"]).contains("zoe"));
    }
}
