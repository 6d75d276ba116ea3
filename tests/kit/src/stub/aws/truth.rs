//! What is so in AWS, in its own words. Answers are rendered from it, and what a test expects is derived from it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

/// An instant.
pub type At = DateTime<Utc>;

/// One account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Groups by name, with a policy each.
    pub groups: BTreeMap<String, Group>,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// When the credential report was made.
    pub report_made: At,
    /// Whether the root user has a password.
    pub root_password: bool,
    /// Key pairs by region.
    pub key_pairs: BTreeMap<String, Vec<KeyPair>>,
}

/// One IAM user.
#[derive(Debug, Clone)]
pub struct User {
    /// Name.
    pub name: String,
    /// `AIDA...`.
    pub id: String,
    /// When it was made.
    pub created: At,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Names of groups.
    pub groups: Vec<String>,
    /// Inline policies: name and document.
    pub policies: Vec<(String, String)>,
    /// Console password.
    pub password: Option<Password>,
    /// At most two.
    pub keys: Vec<Key>,
    /// SSH public keys.
    pub ssh_keys: Vec<SshKey>,
    /// At most two.
    pub certificates: Vec<Certificate>,
    /// Second factors.
    pub mfa: Vec<Mfa>,
    /// Service-specific credentials.
    pub services: Vec<ServiceCredential>,
    /// What CloudTrail saw.
    pub events: Vec<Event>,
    /// Whether the report is older than the user.
    pub not_in_report: bool,
}

/// A console password.
#[derive(Debug, Clone)]
pub struct Password {
    /// Last change.
    pub changed: At,
    /// Last use.
    pub used: Option<At>,
}

/// An access key.
#[derive(Debug, Clone)]
pub struct Key {
    /// `AKIA...`.
    pub id: String,
    /// `Active`, `Inactive`, or a word that is new.
    pub status: String,
    /// When it was made.
    pub created: At,
    /// What the report calls its last rotation.
    pub rotated: At,
    /// Last use.
    pub used: Option<At>,
}

/// An SSH public key.
#[derive(Debug, Clone)]
pub struct SshKey {
    /// `APKA...`.
    pub id: String,
    /// `ssh-rsa AAAA...`.
    pub body: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// When it was uploaded.
    pub uploaded: At,
}

/// A signing certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// PEM.
    pub body: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// When it was uploaded.
    pub uploaded: At,
}

/// A second factor.
#[derive(Debug, Clone)]
pub struct Mfa {
    /// Serial number; an ARN for virtual ones.
    pub serial: String,
    /// Whether it is virtual.
    pub is_virtual: bool,
    /// When it was enabled.
    pub enabled: At,
}

/// A service-specific credential.
#[derive(Debug, Clone)]
pub struct ServiceCredential {
    /// `ACCA...`.
    pub id: String,
    /// Such as `bedrock.amazonaws.com`.
    pub service: String,
    /// `Active`, `Inactive`, `Expired`.
    pub status: String,
    /// When it was made.
    pub created: At,
    /// When it ends by itself.
    pub expires: Option<At>,
}

/// One event of CloudTrail.
#[derive(Debug, Clone)]
pub struct Event {
    /// Region that logged it.
    pub region: String,
    /// Key that signed it; empty for a sign-in.
    pub key: String,
    /// Name, such as `ListBuckets`.
    pub name: String,
    /// When.
    pub at: At,
    /// Error code, if it was refused.
    pub refused: Option<String>,
}

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    /// `AGPA...`.
    pub id: String,
    /// Document of its inline policy.
    pub policy: String,
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// `AROA...`.
    pub id: String,
    /// Trust policy.
    pub trust: String,
    /// Longest session in seconds.
    pub longest: u32,
    /// Last use.
    pub used: Option<At>,
}

/// An EC2 key pair.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// `key-...`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `ssh-rsa AAAA...`.
    pub public_key: String,
}

/// An account in the list of the organisation.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Twelve digits.
    pub id: String,
    /// `State`; `None` leaves it out, as older answers do.
    pub state: Option<String>,
    /// `Status`, the older word.
    pub status: Option<String>,
}

/// IAM Identity Center.
#[derive(Debug, Clone, Default)]
pub struct Center {
    /// Account that owns the instance; empty: there is none.
    pub owner: String,
    /// Users by id.
    pub users: BTreeMap<String, CenterUser>,
    /// Members by group id.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Permission sets by ARN: name, session duration, managed policies.
    pub sets: BTreeMap<String, (String, String, Vec<String>)>,
    /// Principal, account, permission set.
    pub assignments: Vec<(String, String, String)>,
    /// Whether asking for a user shows what comes through groups as well. AWS does not say.
    pub users_show_groups: bool,
}

/// A user of Identity Center.
#[derive(Debug, Clone)]
pub struct CenterUser {
    /// Login.
    pub name: String,
    /// Address.
    pub email: String,
    /// `UserStatus`; `None` leaves it out.
    pub status: Option<String>,
    /// Last change.
    pub updated: At,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Accounts by id.
    pub accounts: BTreeMap<String, Account>,
    /// What the organisation lists.
    pub listed: Vec<Listed>,
    /// Identity Center.
    pub center: Center,
    /// Key id to account and ARN of its principal.
    pub principals: BTreeMap<String, (String, String)>,
    /// Key ids whose session has ended.
    pub ended: BTreeSet<String>,
    /// Actions that are refused, such as `iam:ListRoles`.
    pub denied: BTreeSet<String>,
    /// What a refusal says beyond the action.
    pub deny_words: String,
    /// Accounts whose role may not be assumed.
    pub closed_to_us: BTreeSet<String>,
    /// Objects on a page at most, whatever is asked for.
    pub page: usize,
    /// Whether an empty page stands before every page.
    pub empty_pages: bool,
    /// Calls of `GetCredentialReport` that are answered with "in progress" first.
    pub report_pending: u32,
    /// Whether service-specific credentials of all users are told without a service.
    pub all_services: bool,
}

impl User {
    /// A user with nothing.
    pub fn new(name: &str, id: &str, created: At) -> Self {
        Self {
            name: String::from(name),
            id: String::from(id),
            created,
            tags: Vec::new(),
            groups: Vec::new(),
            policies: Vec::new(),
            password: None,
            keys: Vec::new(),
            ssh_keys: Vec::new(),
            certificates: Vec::new(),
            mfa: Vec::new(),
            services: Vec::new(),
            events: Vec::new(),
            not_in_report: false,
        }
    }
}

impl Account {
    /// An account with one role of AWS itself, which every account has.
    pub fn new(id: &str, report_made: At) -> Self {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"support.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let role = Role { id: format!("AROASUPPORT{id}"), trust: String::from(trust), longest: 3600, used: None };
        Self {
            id: String::from(id),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::from([(String::from("AWSServiceRoleForSupport"), role)]),
            report_made,
            root_password: false,
            key_pairs: BTreeMap::new(),
        }
    }

    /// ARN of a user.
    pub fn user_arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:user/{name}", self.id)
    }

    /// Adds a user.
    pub fn add(&mut self, user: User) {
        self.users.insert(user.name.clone(), user);
    }
}
