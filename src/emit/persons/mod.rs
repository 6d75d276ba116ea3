//! How persons appear in an output: by roster id, with their name, or behind a pseudonym.
//!
//! Every format asks here for each record before it writes it, so that no format can forget. A pseudonymous output
//! holds no roster id, name, address, login, account path or text that may quote one; such texts are withheld and
//! say so. Fingerprints stay as they are: they lead an operator back to the store, and they can be confirmed by
//! somebody who already knows person, system, kind and grant.

mod disguise;
mod key;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::config::valid::PersonDisplay;
use crate::emit::{EmitContext, EmitError};
use crate::findings::Finding;
use crate::report::{
    AmbiguousGrant, Contradiction, ExceptionFact, GapFact, KnownApp, LeaverVerdict, Notice, Report, RosterFacts,
    SentinelFact, UnattributedGrant,
};
use crate::roster::PersonId;

pub use key::PseudonymKey;

/// Stands where a text could name a person.
pub const WITHHELD: &str = "(withheld: may name a person)";

/// How persons appear in one output.
pub struct Persons<'a> {
    display: PersonDisplay,
    key: Option<&'a PseudonymKey>,
    names: HashMap<&'a str, &'a str>,
}

impl<'a> Persons<'a> {
    /// Takes names from the report's leavers where names are asked for.
    pub fn of(report: &'a Report, context: &EmitContext<'a>) -> Result<Self, EmitError> {
        let names = match context.persons {
            PersonDisplay::Name => report
                .leavers
                .iter()
                .filter_map(|leaver| Some((leaver.person_id.as_str(), leaver.display_name.as_deref()?)))
                .collect(),
            PersonDisplay::Id | PersonDisplay::Pseudonym => HashMap::new(),
        };
        if context.persons == PersonDisplay::Pseudonym && context.key.is_none() {
            return Err(EmitError::NoKey);
        }
        Ok(Self { display: context.persons, key: context.key, names })
    }

    /// How persons are shown, by the word of the configuration.
    pub fn display(&self) -> &'static str {
        match self.display {
            PersonDisplay::Id => "id",
            PersonDisplay::Name => "name",
            PersonDisplay::Pseudonym => "pseudonym",
        }
    }

    /// Name of a person, where names are shown and one is known. Hostile text.
    pub fn name(&self, person: &PersonId) -> Option<&'a str> {
        self.names.get(person.as_str()).copied()
    }

    /// A person of an already disguised record for people: `Ada Example (p-1)`, `p-1`, or the pseudonym. Hostile text.
    pub fn label(&self, person: &PersonId) -> String {
        match self.name(person) {
            Some(name) => format!("{name} ({person})"),
            None => person.to_string(),
        }
    }

    /// The key, where pseudonyms are used.
    fn pseudonymous(&self) -> Option<&'a PseudonymKey> {
        match self.display {
            PersonDisplay::Pseudonym => self.key,
            PersonDisplay::Id | PersonDisplay::Name => None,
        }
    }

    /// A finding as this output may show it.
    pub fn finding<'f>(&self, finding: &'f Finding) -> Cow<'f, Finding> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::finding(finding, key)),
            None => Cow::Borrowed(finding),
        }
    }

    /// A leaver as this output may show them: the name goes with names only.
    pub fn leaver<'f>(&self, leaver: &'f LeaverVerdict) -> Cow<'f, LeaverVerdict> {
        match (self.pseudonymous(), self.display) {
            (Some(key), _) => Cow::Owned(disguise::leaver(leaver, key)),
            (None, PersonDisplay::Id) if leaver.display_name.is_some() => {
                Cow::Owned(LeaverVerdict { display_name: None, ..leaver.clone() })
            }
            (None, _) => Cow::Borrowed(leaver),
        }
    }

    /// A gap as this output may show it.
    pub fn gap<'f>(&self, gap: &'f GapFact) -> Cow<'f, GapFact> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::gap(gap, key)),
            None => Cow::Borrowed(gap),
        }
    }

    /// A grant with several candidates as this output may show it.
    pub fn ambiguous<'f>(&self, grant: &'f AmbiguousGrant) -> Cow<'f, AmbiguousGrant> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::ambiguous(grant, key)),
            None => Cow::Borrowed(grant),
        }
    }

    /// A grant without an owner as this output may show it.
    pub fn unattributed<'f>(&self, grant: &'f UnattributedGrant) -> Cow<'f, UnattributedGrant> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::unattributed(grant, key)),
            None => Cow::Borrowed(grant),
        }
    }

    /// An exception as this output may show it.
    pub fn exception<'f>(&self, exception: &'f ExceptionFact) -> Cow<'f, ExceptionFact> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::exception(exception, key)),
            None => Cow::Borrowed(exception),
        }
    }

    /// A planted leaver as this output may show them.
    pub fn sentinel<'f>(&self, sentinel: &'f SentinelFact) -> Cow<'f, SentinelFact> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::sentinel(sentinel, key)),
            None => Cow::Borrowed(sentinel),
        }
    }

    /// A contradiction as this output may show it.
    pub fn contradiction<'f>(&self, one: &'f Contradiction) -> Cow<'f, Contradiction> {
        match self.pseudonymous() {
            Some(key) => Cow::Owned(disguise::contradiction(one, key)),
            None => Cow::Borrowed(one),
        }
    }

    /// A notice as this output may show it.
    pub fn notice<'f>(&self, notice: &'f Notice) -> Cow<'f, Notice> {
        match self.pseudonymous() {
            Some(_) => Cow::Owned(disguise::notice(notice)),
            None => Cow::Borrowed(notice),
        }
    }

    /// What a system had to say of its own reading, as this output may show it: logins and paths stand in it.
    pub fn remarks<'f>(&self, remarks: &'f [String]) -> Cow<'f, [String]> {
        match self.pseudonymous() {
            Some(_) => Cow::Owned(disguise::withheld(remarks)),
            None => Cow::Borrowed(remarks),
        }
    }

    /// A known app as this output may show it: its owner may be a person.
    pub fn app<'f>(&self, app: &'f KnownApp) -> Cow<'f, KnownApp> {
        match self.pseudonymous() {
            Some(_) => Cow::Owned(KnownApp { owner: app.owner.as_ref().map(|_| WITHHELD.to_owned()), ..app.clone() }),
            None => Cow::Borrowed(app),
        }
    }

    /// The roster as this output may show it: its conflicts name people, and some gates.
    pub fn roster<'f>(&self, roster: &'f RosterFacts) -> Cow<'f, RosterFacts> {
        match self.pseudonymous() {
            Some(_) => Cow::Owned(disguise::roster(roster)),
            None => Cow::Borrowed(roster),
        }
    }
}

/// The roster as a document shows it that names nobody, whatever the outputs beside it show.
pub(super) fn roster_without_people(roster: &RosterFacts) -> RosterFacts {
    disguise::roster(roster)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::sample;

    #[test]
    fn pseudonyms_without_a_key_are_refused_rather_than_weakened() {
        let report = sample::rich();
        let places = sample::places();
        let context = EmitContext { persons: PersonDisplay::Pseudonym, key: None, ..sample::context(&places) };
        assert!(matches!(Persons::of(&report, &context), Err(EmitError::NoKey)));
    }

    #[test]
    fn names_go_with_names_only() {
        let report = sample::rich();
        let places = sample::places();
        let with = EmitContext { persons: PersonDisplay::Name, ..sample::context(&places) };
        let without = sample::context(&places);
        let leaver = &report.leavers[0];
        let name = leaver.display_name.clone().expect("the sample's first leaver has a name");
        let persons = Persons::of(&report, &with).expect("no key needed");
        assert_eq!(persons.label(&leaver.person_id), format!("{name} ({})", leaver.person_id));
        let persons = Persons::of(&report, &without).expect("no key needed");
        assert_eq!(persons.label(&leaver.person_id), leaver.person_id.as_str());
        assert_eq!(persons.leaver(leaver).display_name, None);
    }
}
