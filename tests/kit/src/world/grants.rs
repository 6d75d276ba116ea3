//! Systems and what they show.

use std::borrow::Cow;

use scan_contract::{Access, AccessKind, Instant, Relation};

use super::aws::AwsAccount;
use super::fleet::Fleet;

/// Whom a grant leads to in truth, whatever its record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadsTo {
    /// These people, each with a relation.
    People(Vec<(String, Relation)>),
    /// One of these, and what the system shows does not tell which.
    OneOf(Vec<String>),
    /// Nobody on the roster.
    Nobody,
}

impl LeadsTo {
    /// One person who can use it.
    pub fn holder(person: &str) -> Self {
        Self::People(vec![(person.to_owned(), Relation::Holder)])
    }
}

/// One way in: what the system shows, and whose it is.
#[derive(Debug, Clone)]
pub struct Grant {
    /// What the system shows.
    pub access: Access,
    /// Whose it is.
    pub leads_to: LeadsTo,
    /// Keys of the record that the format does not know: their values must stand in no output.
    pub extra: Vec<(String, String)>,
}

impl Grant {
    /// A grant without extras.
    pub fn new(access: Access, leads_to: LeadsTo) -> Self {
        Self { access, leads_to, extra: Vec::new() }
    }
}

/// How a native file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstandard,
}

/// A column of a mapped table.
#[derive(Debug, Clone, Copy)]
pub struct TableColumn {
    /// Field of an access.
    pub field: &'static str,
    /// Header in the file.
    pub header: &'static str,
}

/// A table with a mapping.
#[derive(Debug, Clone)]
pub struct Table {
    /// Scope it covers.
    pub scope: String,
    /// What every row is.
    pub kind: AccessKind,
    /// Columns in order.
    pub columns: Vec<TableColumn>,
    /// Our words and theirs, for status.
    pub status_words: Vec<(&'static str, &'static str)>,
    /// Our words and theirs, for privilege.
    pub privilege_words: Vec<(&'static str, &'static str)>,
    /// Pattern of dates and times; `None` writes RFC 3339.
    pub time_format: Option<&'static str>,
    /// Zone of times, where the pattern has none.
    pub zone: Option<chrono_tz::Tz>,
    /// Character between cells.
    pub delimiter: char,
}

/// What a system's data comes as.
#[derive(Debug, Clone)]
pub enum Form {
    /// Native file.
    Native(Packing),
    /// Table with a mapping and a manifest.
    Table(Table),
    /// Documents of a cloud account.
    Aws(AwsAccount),
    /// Hosts.
    Ssh(Fleet),
}

/// What was planted so that something cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The file stops after this many records; there is no end line.
    CutAfter(usize),
    /// The manifest names neither rows nor digest.
    NotProven,
    /// The export is older than allowed.
    Stale,
    /// The producer was refused a scope.
    Refused {
        /// Which scope.
        scope: String,
        /// What it says it needs.
        needs: String,
    },
    /// The configuration leaves a scope out.
    Excluded {
        /// Which scope.
        scope: String,
        /// Why.
        reason: String,
        /// Last day.
        until: chrono::NaiveDate,
    },
    /// Declared, and not in the file.
    NotInFile(String),
}

/// A planted leaver: person, system, kind, grant id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentinel {
    /// Who.
    pub person: String,
    /// Where.
    pub system: String,
    /// What.
    pub kind: AccessKind,
    /// Which.
    pub grant_id: String,
}

/// One connected system.
#[derive(Debug, Clone)]
pub struct System {
    /// Configured id.
    pub id: String,
    /// Tier, 0 to 3.
    pub tier: u8,
    /// Team that can act.
    pub owner_team: String,
    /// Its data describes this instant.
    pub as_of: Instant,
    /// Allowed age in hours.
    pub max_age_hours: u32,
    /// What a login says.
    pub login_is: Option<&'static str>,
    /// Something known to be there: scope, kind, id.
    pub known_object: Option<(String, AccessKind, String)>,
    /// Scopes the files claim.
    pub scopes: Vec<String>,
    /// How it comes.
    pub form: Form,
    /// What it shows; cloud accounts and hosts derive theirs.
    pub grants: Vec<Grant>,
    /// What cannot be read.
    pub faults: Vec<Fault>,
}

impl System {
    /// Connector that reads it.
    pub fn connector(&self) -> &'static str {
        match self.form {
            Form::Native(_) | Form::Table(_) => "import",
            Form::Aws(_) => "aws",
            Form::Ssh(_) => "ssh",
        }
    }

    /// Everything the system holds, whether it can be read or not.
    pub fn all(&self) -> Cow<'_, [Grant]> {
        match &self.form {
            Form::Native(_) | Form::Table(_) => Cow::Borrowed(&self.grants),
            Form::Aws(account) => Cow::Owned(account.grants()),
            Form::Ssh(fleet) => Cow::Owned(fleet.grants()),
        }
    }

    /// What a reader gets to see.
    pub fn seen(&self) -> Vec<Grant> {
        let cut = self.faults.iter().find_map(|fault| match fault {
            Fault::CutAfter(records) => Some(*records),
            _ => None,
        });
        let hidden = |scope: &str| {
            self.faults.iter().any(|fault| match fault {
                Fault::Refused { scope: name, .. } | Fault::Excluded { scope: name, .. } | Fault::NotInFile(name) => {
                    name == scope
                }
                Fault::CutAfter(_) | Fault::NotProven | Fault::Stale => false,
            })
        };
        let all = self.all();
        all.iter()
            .take(cut.unwrap_or(usize::MAX))
            .filter(|grant| !hidden(grant.access.scope.as_str()))
            .cloned()
            .collect()
    }

    /// Kinds that end with their account here.
    pub fn dies_with_account(&self) -> &'static [AccessKind] {
        match self.form {
            Form::Native(_) | Form::Table(_) => {
                &[AccessKind::Password, AccessKind::MfaDevice, AccessKind::RoleBinding, AccessKind::GroupMembership]
            }
            Form::Aws(_) | Form::Ssh(_) => &[],
        }
    }
}
