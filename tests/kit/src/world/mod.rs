//! The truth: who is employed from when to when, what they can open, and what cannot be read.
//!
//! Files are written from it and the verdicts of a scan are derived from it, so that no expectation is typed beside the
//! data it speaks of. Nothing here knows how a scanner or a rule is built; the derivation follows the documented
//! meaning of employment, use, switches and agreed times.

mod aws;
mod compare;
mod exceptions;
mod expected;
mod fleet;
mod grants;
mod judge;
mod people;
mod policy;

pub use aws::{AwsAccount, AwsKey, AwsRole, AwsUser};
pub use compare::differences;
pub use exceptions::{ExceptionTruth, PlannedException};
pub use expected::{Expected, ExpectedAmbiguous, ExpectedGrant, ExpectedScope, List};
pub use fleet::{AuthorizedKey, Fleet, Host, HostAccount, KeyPair, Login};
pub use grants::{Fault, Form, Grant, LeadsTo, Packing, Sentinel, System, Table, TableColumn};
pub use people::{Alias, AliasKind, End, Person, Source, Standing, Stint};
pub use policy::{Policy, PolicyRule};

use scan_contract::Instant;

/// A whole company at one instant.
#[derive(Debug, Clone)]
pub struct World {
    /// Everything is judged at this instant.
    pub now: Instant,
    /// The roster describes this instant.
    pub roster_as_of: Instant,
    /// Name of the company.
    pub organisation: String,
    /// Mail domain, and its other and former names.
    pub domain: (String, Vec<String>),
    /// Everybody, sorted by id.
    pub people: Vec<Person>,
    /// Common departures that were announced: tag, people, first and last day.
    pub announced: Vec<(String, u64, chrono::NaiveDate, chrono::NaiveDate)>,
    /// Links somebody reviewed: person, system, kind, grant id, reviewer.
    pub links: Vec<(String, String, scan_contract::AccessKind, String, String)>,
    /// Connected systems.
    pub systems: Vec<System>,
    /// Systems that exist: name, owner, configured id where connected.
    pub known_apps: Vec<(String, String, Option<String>)>,
    /// Planted leavers.
    pub sentinels: Vec<Sentinel>,
    /// Decisions made in advance.
    pub policy: Policy,
    /// Exceptions.
    pub exceptions: Vec<ExceptionTruth>,
    /// Texts that must stand in no output.
    pub canaries: Vec<String>,
}

impl World {
    /// Somebody by id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.binary_search_by(|person| person.id.as_str().cmp(id)).map_or(None, |at| self.people.get(at))
    }

    /// A system by id.
    pub fn system(&self, id: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.id == id)
    }

    /// Secrets that were planted where no output may take them from.
    pub fn canaries(&self) -> &[String] {
        &self.canaries
    }

    /// People whose access has ended and who did not come back.
    pub fn leavers(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| matches!(person.standing(self.now), Standing::Left(_)))
    }
}
