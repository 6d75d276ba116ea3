//! What all scopes of one host share: its files, people and configuration, and the piles of what was found.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use scan_contract::{
    Access, AccessKind, AsOf, AsOfSource, Cause, Documents, Fact, Gap, GrantId, Holder, IdentifierKind, Moment,
    Relation, Status,
};

use super::decide::{self, Revoked};
use super::shadow::{self, Shadow};
use crate::passwd::{Account, BadLine, People};
use crate::scopes::{HostScope, scope_name};
use crate::settings::Settings;
use crate::sshd::{Config, Effective, Subject, effective, read_config};
use crate::sudo::Right;
use crate::tree::{HostTree, Looked};

/// Where accounts come from besides the files of this tree (nsswitch.conf).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Directories {
    /// From nowhere else.
    None,
    /// From these.
    Some(String),
    /// The file was not collected.
    NotCollected,
}

/// A host while it is read.
pub(crate) struct Scene<'a> {
    pub(crate) host: &'a str,
    pub(crate) settings: &'a Settings,
    /// The instant this host's folder describes: the configured one, or the collector's own if that is earlier.
    pub(crate) as_of: AsOf,
    pub(crate) tree: HostTree<'a>,
    pub(crate) people: People,
    pub(crate) config: Config,
    pub(crate) directories: Directories,
    /// The host's own name, where it was collected.
    pub(crate) hostname: Option<String>,
    /// Rights by sudo, by account name.
    pub(crate) rights: BTreeMap<String, Right>,
    /// What is known of passwords and ends of accounts, by name.
    pub(crate) shadow: BTreeMap<String, Shadow>,
    /// Whether the list of accounts is whole: only then is a name that is not on it no account.
    pub(crate) accounts_whole: bool,
    records: BTreeMap<(AccessKind, String), Access>,
    gaps: Vec<Gap>,
    gaps_seen: HashSet<Gap>,
    revoked: HashMap<String, Rc<Revoked>>,
    notices: BTreeSet<String>,
}

/// The collector's word about passwords, if it gives it.
const SHADOW: &str = "shadow.txt";

/// Scopes that cannot be whole without the list of accounts.
const NEED_PEOPLE: [HostScope; 4] =
    [HostScope::Accounts, HostScope::AuthorizedKeys, HostScope::Principals, HostScope::Sudo];

/// Scopes that hang on the configuration of sshd.
const NEED_CONFIG: [HostScope; 3] = [HostScope::AuthorizedKeys, HostScope::Principals, HostScope::TrustedCas];

impl<'a> Scene<'a> {
    /// Opens a host's folder and reads what every scope needs.
    pub(crate) fn open(documents: &'a dyn Documents, host: &'a str, settings: &'a Settings) -> Self {
        let tree = HostTree::open(documents, host, &settings.limits);
        let as_of = match tree.taken_at() {
            Some(at) if at < settings.as_of => AsOf { at, source: AsOfSource::Stated },
            _ => AsOf { at: settings.as_of, source: AsOfSource::Configured },
        };
        let mut scene = Self {
            host,
            settings,
            as_of,
            tree,
            people: People::default(),
            config: Config::default(),
            directories: Directories::NotCollected,
            hostname: None,
            rights: BTreeMap::new(),
            shadow: BTreeMap::new(),
            accounts_whole: true,
            records: BTreeMap::new(),
            gaps: Vec::new(),
            gaps_seen: HashSet::new(),
            revoked: HashMap::new(),
            notices: BTreeSet::new(),
        };
        for (part, cause) in std::mem::take(&mut scene.tree.problems) {
            scene.accounts_whole = false;
            scene.gap(&HostScope::ALL, part, cause);
        }
        scene.read_people();
        scene.read_names();
        scene.read_shadow();
        scene.config = read_config(&scene.tree);
        for (place, cause) in scene.config.problems.clone() {
            scene.gap(&NEED_CONFIG, Some(place), cause);
        }
        scene
    }

    fn read_people(&mut self) {
        for (path, read) in [
            ("/etc/passwd", People::read_passwd as fn(&mut People, &[u8]) -> Vec<BadLine>),
            ("/etc/group", People::read_group),
        ] {
            let bytes = match self.tree.look(path) {
                Looked::Read(bytes, doubt) => {
                    if let Some(cause) = doubt {
                        self.people_gap(path.to_owned(), cause);
                    }
                    bytes
                }
                Looked::Absent => {
                    self.people_gap(
                        path.to_owned(),
                        Cause::NotInSource { what: format!("{path}: no host is without it") },
                    );
                    continue;
                }
                Looked::Unknown(cause) => {
                    self.people_gap(path.to_owned(), cause);
                    continue;
                }
            };
            for BadLine { line, why } in read(&mut self.people, &bytes) {
                self.people_gap(format!("{path}:{line}"), Cause::Malformed { what: format!("{path}:{line}: {why}") });
            }
        }
    }

    fn people_gap(&mut self, part: String, cause: Cause) {
        self.accounts_whole = false;
        self.gap(&NEED_PEOPLE, Some(part), cause);
    }

    fn read_names(&mut self) {
        let looked = self.tree.look("/etc/hostname");
        if let Looked::Read(_, Some(cause)) | Looked::Unknown(cause) = &looked
            && self.tree.mentions("/etc/hostname")
        {
            self.gap(&[HostScope::Sudo], Some(String::from("/etc/hostname")), cause.clone());
        }
        if let Looked::Read(bytes, None) = looked {
            let name = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().trim().to_owned();
            if !name.is_empty() {
                let short = |text: &str| text.split('.').next().unwrap_or_default().to_ascii_lowercase();
                if short(&name) != short(self.host) {
                    self.notice(format!("{}: the host calls itself {name:?}", self.host));
                }
                self.hostname = Some(name);
            }
        }
        match self.tree.look("/etc/nsswitch.conf") {
            Looked::Read(bytes, doubt) => {
                if let Some(cause) = doubt {
                    self.people_gap(String::from("/etc/nsswitch.conf"), cause);
                }
                self.read_switch(&String::from_utf8_lossy(&bytes));
            }
            // Without the file the C library asks the local files alone.
            Looked::Absent => self.directories = Directories::None,
            Looked::Unknown(cause) if self.tree.mentions("/etc/nsswitch.conf") => {
                self.people_gap(String::from("/etc/nsswitch.conf"), cause);
            }
            Looked::Unknown(_) => self.notice(format!(
                "{}: /etc/nsswitch.conf was not collected: accounts of a directory (LDAP, SSSD) would not be seen",
                self.host
            )),
        }
    }

    fn read_shadow(&mut self) {
        match self.tree.look(SHADOW) {
            Looked::Read(bytes, None) => {
                let (found, problems) = shadow::parse(&bytes, SHADOW);
                for (part, cause) in problems {
                    self.gap(&[HostScope::Accounts], Some(part), cause);
                }
                self.shadow = found;
            }
            // In doubt it is not used: it could only close something.
            Looked::Read(_, Some(cause)) => self.gap(&[HostScope::Accounts], Some(SHADOW.to_owned()), cause),
            Looked::Unknown(cause) if self.tree.mentions(SHADOW) && !matches!(cause, Cause::Denied { .. }) => {
                self.gap(&[HostScope::Accounts], Some(SHADOW.to_owned()), cause);
            }
            Looked::Absent | Looked::Unknown(_) => {}
        }
    }

    fn read_switch(&mut self, text: &str) {
        self.directories = Directories::None;
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((database, sources)) = line.split_once(':') else { continue };
            // What systemd makes up are users of running services. Others keep accounts in files of their own
            // (`extrausers`, `altfiles`, `db`), which are not read.
            let others: Vec<&str> = sources
                .split_whitespace()
                .filter(|word| !word.starts_with('[') && !word.ends_with(']'))
                .filter(|word| !matches!(*word, "files" | "compat" | "systemd"))
                .collect();
            if others.is_empty() {
                continue;
            }
            let others = others.join(", ");
            let what = format!("{} also come from {others}, which is not in the tree", database.trim());
            match database.trim() {
                "passwd" | "group" | "initgroups" => {
                    self.directories = Directories::Some(others);
                    self.people_gap(String::from("/etc/nsswitch.conf"), Cause::NotSupported { what });
                }
                "sudoers" => {
                    self.gap(
                        &[HostScope::Sudo],
                        Some(String::from("/etc/nsswitch.conf")),
                        Cause::NotSupported { what },
                    );
                }
                _ => {}
            }
        }
    }

    /// Names something that could not be read.
    #[expect(clippy::needless_pass_by_value, reason = "every caller gives the cause away")]
    pub(crate) fn gap(&mut self, scopes: &[HostScope], part: Option<String>, cause: Cause) {
        for scope in scopes {
            let gap = Gap { scope: Some(scope_name(self.host, *scope)), part: part.clone(), cause: cause.clone() };
            if self.gaps_seen.insert(gap.clone()) {
                self.gaps.push(gap);
            }
        }
    }

    /// Says something that is no gap.
    pub(crate) fn notice(&mut self, text: String) {
        self.notices.insert(text);
    }

    /// What sshd does for an account.
    pub(crate) fn effective(&self, account: &Account) -> Effective {
        let subject = Subject {
            account,
            groups: self.people.groups_of(account),
            all_groups_known: !matches!(self.directories, Directories::Some(_)),
            groups_proven: self.directories == Directories::None && self.accounts_whole,
        };
        effective(&self.config, &subject)
    }

    /// Keys that are revoked under these rules; each list is read once.
    pub(crate) fn revoked(&mut self, rules: &Effective) -> Rc<Revoked> {
        let name = format!("{:?}", rules.values("revokedkeys"));
        if let Some(known) = self.revoked.get(&name) {
            return Rc::clone(known);
        }
        let found = Rc::new(decide::revoked(self, rules));
        self.revoked.insert(name, Rc::clone(&found));
        found
    }

    /// Whether what the configuration refuses is refused for certain.
    pub(crate) fn config_is_sure(&self) -> bool {
        self.config.problems.is_empty() && self.tree.is_listed()
    }

    /// Accounts to ask about: those of etc/passwd, and root even where that file could not be read.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        let mut accounts: Vec<Account> = self.people.accounts.values().cloned().collect();
        if !self.people.accounts.contains_key("root") && !self.accounts_whole {
            accounts.push(Account {
                name: String::from("root"),
                uid: 0,
                gid: 0,
                gecos: String::new(),
                home: String::from("/root"),
                shell: String::new(),
                line: 0,
            });
        }
        accounts
    }

    /// Id of an account as a grant.
    pub(crate) fn account_id(&self, name: &str) -> GrantId {
        GrantId::new(format!("{}/{name}", self.host))
    }

    /// Why an account is an administrator, if it is one.
    pub(crate) fn administers(&self, account: &Account) -> Option<String> {
        if account.uid == 0 {
            return Some(String::from("user id 0"));
        }
        let groups = self.people.groups_of(account);
        if let Some(group) = self.settings.admin_groups.iter().find(|group| groups.contains(group.as_str())) {
            return Some(format!("member of {group}"));
        }
        let right = self.rights.get(&account.name).filter(|right| right.as_root)?;
        Some(format!("sudo at {}", right.places.join(", ")))
    }

    /// A new record of this host.
    pub(crate) fn access(&self, scope: HostScope, kind: AccessKind, id: String, status: Status) -> Access {
        let mut access = Access::new(scope_name(self.host, scope), kind, GrantId::new(id), status);
        access.target = Some(self.host.to_owned());
        access
    }

    /// Keeps a record; one with the same id is joined with it, and the more open of both counts.
    pub(crate) fn keep(&mut self, access: Access) {
        use std::collections::btree_map::Entry;
        match self.records.entry((access.kind, access.grant_id.as_str().to_owned())) {
            Entry::Vacant(slot) => drop(slot.insert(access)),
            Entry::Occupied(mut slot) => {
                let known = slot.get_mut();
                if openness(access.status) > openness(known.status) {
                    known.status = access.status;
                    known.expires_at = access.expires_at;
                    known.status_text = access.status_text;
                } else if access.status == known.status {
                    known.expires_at = later(&known.expires_at, &access.expires_at);
                }
                for evidence in access.evidence {
                    if !known.evidence.contains(&evidence) {
                        known.evidence.push(evidence);
                    }
                }
            }
        }
    }

    /// What was found, what was not, and what is worth saying.
    pub(crate) fn close(self) -> (Vec<Access>, Vec<Gap>, Vec<String>) {
        (self.records.into_values().collect(), self.gaps, self.notices.into_iter().collect())
    }
}

/// The end that comes later; one that never comes, or is not known, is the latest.
fn later(one: &Fact<Moment>, other: &Fact<Moment>) -> Fact<Moment> {
    match (one, other) {
        (Fact::None, _) | (_, Fact::None) => Fact::None,
        (Fact::Hidden(why), _) | (_, Fact::Hidden(why)) => Fact::Hidden(why.clone()),
        (Fact::Known(first), Fact::Known(second)) => Fact::Known(*first.max(second)),
    }
}

/// Which of two statuses leaves more open.
fn openness(status: Status) -> u8 {
    match status {
        Status::Enabled => 5,
        Status::Unknown => 4,
        Status::Pending => 3,
        Status::Disabled => 2,
        Status::Expired => 1,
        Status::Revoked | Status::Orphaned => 0,
    }
}

/// The holders of a key: whoever has its other half, and whoever has the account it opens. The comment is a claim of
/// whoever wrote the file.
pub(crate) fn key_holders(fingerprint: &scan_contract::KeyFingerprint, comment: &str) -> Vec<Holder> {
    let mut owner = Holder::new(Relation::Holder);
    owner.ssh_fingerprint = Some(fingerprint.clone());
    owner.name = Some(comment.to_owned()).filter(|comment| !comment.is_empty());
    owner.verified = Some(vec![IdentifierKind::SshFingerprint]);
    vec![owner, Holder::new(Relation::Holder)]
}
