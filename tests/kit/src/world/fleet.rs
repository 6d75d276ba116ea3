//! Hosts in truth, and the grants their files show.

use scan_contract::{Access, AccessKind, Fact, Instant, Moment, Relation, Status};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{HashAlg, PublicKey};

use super::grants::{Grant, LeadsTo};

/// The public half of a key: nobody has the other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    point: [u8; 32],
}

impl KeyPair {
    /// A key from 32 bytes.
    pub fn new(point: [u8; 32]) -> Self {
        Self { point }
    }

    fn public(&self) -> PublicKey {
        PublicKey::new(KeyData::Ed25519(Ed25519PublicKey(self.point)), "")
    }

    /// Fingerprint as OpenSSH prints it.
    pub fn fingerprint(&self) -> String {
        self.public().fingerprint(HashAlg::Sha256).to_string()
    }

    /// Type and base64 of one line of a key file.
    pub fn line(&self) -> String {
        // Encoding a well-formed key cannot fail; a broken line would fail every test that reads it.
        self.public().to_openssh().map_or_else(|error| format!("# {error}"), |text| text.trim_end().to_owned())
    }
}

/// A line of a key file.
#[derive(Debug, Clone)]
pub struct AuthorizedKey {
    /// The key.
    pub key: KeyPair,
    /// Whose its other half is, where the systems tell.
    pub person: Option<String>,
    /// Options before it.
    pub options: String,
    /// Comment behind it: a claim.
    pub comment: String,
}

/// An account of a host.
#[derive(Debug, Clone)]
pub struct HostAccount {
    /// Login.
    pub login: String,
    /// User id.
    pub uid: u32,
    /// Home.
    pub home: String,
    /// Shell.
    pub shell: String,
    /// Whose it is.
    pub person: Option<String>,
    /// Whether it is in the group of administrators.
    pub admin: bool,
    /// Keys that open it.
    pub keys: Vec<AuthorizedKey>,
    /// The collector was refused its `.ssh`.
    pub denied: bool,
}

/// Somebody who was signed in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Login of the account.
    pub account: String,
    /// Since when.
    pub since: Instant,
    /// When the list was made; there was input in the minute before.
    pub seen_at: Instant,
    /// From a private address.
    pub from: String,
}

/// One host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Name.
    pub name: String,
    /// Accounts in the order of `/etc/passwd`.
    pub accounts: Vec<HostAccount>,
    /// Who is signed in.
    pub logins: Vec<Login>,
    /// A comment in `sshd_config`.
    pub comment: String,
}

/// All hosts.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Hosts that were collected.
    pub hosts: Vec<Host>,
    /// Hosts that have to be there and are not.
    pub missing: Vec<String>,
}

impl Fleet {
    /// Everything the tree shows.
    pub fn grants(&self) -> Vec<Grant> {
        self.hosts.iter().flat_map(Host::grants).collect()
    }
}

fn tie(person: Option<&String>) -> LeadsTo {
    person.map_or(LeadsTo::Nobody, |person| LeadsTo::holder(person))
}

impl Host {
    fn grants(&self) -> Vec<Grant> {
        let host = &self.name;
        let mut grants = Vec::new();
        for account in &self.accounts {
            let id = format!("{host}/{}", account.login);
            let leads_to = tie(account.person.as_ref());
            let mut add = |scope: &str, kind: AccessKind, grant_id: String, leads_to: LeadsTo| {
                let scope = format!("{host}/{scope}");
                let mut access = Access::new(scope.as_str().into(), kind, grant_id.as_str().into(), Status::Enabled);
                access.parent = (kind != AccessKind::Account).then(|| id.as_str().into());
                grants.push(Grant::new(access, leads_to));
            };
            add("accounts", AccessKind::Account, id.clone(), leads_to.clone());
            if account.admin && account.uid != 0 {
                add("accounts", AccessKind::GroupMembership, format!("{id}/group/sudo"), leads_to.clone());
                add("sudo", AccessKind::RoleBinding, format!("{id}/sudo"), leads_to.clone());
            }
            for key in account.keys.iter().filter(|_| !account.denied) {
                let mut people: Vec<(String, Relation)> = Vec::new();
                for person in key.person.iter().chain(&account.person) {
                    if people.iter().all(|(known, _)| known != person) {
                        people.push((person.clone(), Relation::Holder));
                    }
                }
                let leads_to = if people.is_empty() { LeadsTo::Nobody } else { LeadsTo::People(people) };
                let grant_id = format!("{id}/{}", key.key.fingerprint());
                add("authorized-keys", AccessKind::SshKey, grant_id, leads_to);
            }
        }
        for login in &self.logins {
            let account = self.accounts.iter().find(|account| account.login == login.account);
            let id = format!("{host}/{}", login.account);
            let scope = format!("{host}/sessions");
            let grant_id = format!("{id}/pts/private-address");
            let mut access =
                Access::new(scope.as_str().into(), AccessKind::Session, grant_id.as_str().into(), Status::Enabled);
            access.parent = Some(id.as_str().into());
            access.client = Some(String::from("pts/private-address"));
            access.created_at = Fact::Known(Moment::within(login.since, 60));
            access.last_used_at = Fact::Known(Moment::within(login.seen_at - chrono::TimeDelta::minutes(1), 60));
            access.expires_at = Fact::None;
            grants.push(Grant::new(access, tie(account.and_then(|account| account.person.as_ref()))));
        }
        grants
    }
}
