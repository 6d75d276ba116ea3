//! Whose a record plainly is, by a few hashes and probes and nothing decoded.

use scan_contract::HolderHead;

use super::intake::Lookup;
use crate::config::LoginMeaning;
use crate::identity::graph::{Graph, Node};
use crate::roster::{ClaimKind, PersonIndex};

/// What the head of a record says.
pub(super) enum Sifted {
    /// It plainly belongs to one person who does not matter now.
    Settled(PersonIndex),
    /// Anything else.
    LookCloser,
}

/// Gathers the people behind the holders of one record.
pub(super) struct Sift<'a> {
    lookup: &'a Lookup,
    system: &'a str,
    login_is: LoginMeaning,
    graph: &'a Graph,
    person: Option<PersonIndex>,
    closer: bool,
    by_id: bool,
    by_login: bool,
}

impl<'a> Sift<'a> {
    pub(super) fn new(lookup: &'a Lookup, system: &'a str, login_is: LoginMeaning, graph: &'a Graph) -> Self {
        Self { lookup, system, login_is, graph, person: None, closer: false, by_id: false, by_login: false }
    }

    /// The one person it plainly leads to, if it does, and whether what an account taught was needed for that.
    pub(super) fn outcome(self) -> (Option<PersonIndex>, bool, bool) {
        (self.person.filter(|_| !self.closer), self.by_id, self.by_login)
    }

    pub(super) fn holder(&mut self, holder: &HolderHead<'_>) {
        if self.closer {
            return;
        }
        // What another system may know, and what the system does not vouch for, is weighed with everything at hand.
        if holder.ssh_fingerprint.is_some() || holder.external_id.is_some() || holder.verified.is_some() {
            self.closer = true;
            return;
        }
        let mut found = false;
        if let Some(id) = holder.employee_id {
            found |= self.probe(ClaimKind::EmployeeNumber, "", id);
        }
        if let Some(email) = holder.email {
            found |= self.probe(ClaimKind::Email, "", email);
        }
        if let Some(id) = holder.provider_id {
            found |= self.probe(ClaimKind::ProviderId, self.system, id) || self.learned(ClaimKind::ProviderId, id);
        }
        if let Some(login) = holder.login {
            found |= self.probe(ClaimKind::Username, self.system, login);
            if self.login_is == LoginMeaning::EmployeeId {
                found |= self.probe(ClaimKind::EmployeeNumber, "", login);
            }
            if login.contains('@') && holder.email != Some(login) {
                found |= self.probe(ClaimKind::Email, "", login);
            }
            if !found {
                found |= self.learned(ClaimKind::Username, login);
            }
        }
        // A holder that leads to nobody yet may be somebody who matters.
        self.closer |= !found;
    }

    /// The roster may know the account by its id, and the account may have been read already.
    pub(super) fn parent(&mut self, id: &str) {
        let known = self.probe(ClaimKind::ProviderId, self.system, id);
        let learned = self.learned(ClaimKind::ProviderId, id);
        self.closer |= !known && !learned;
    }

    fn probe(&mut self, kind: ClaimKind, system: &str, value: &str) -> bool {
        let lookup = self.lookup;
        let mut found = false;
        for person in lookup.index.people(lookup.index.hash(kind, system, value)) {
            found = true;
            self.is(person);
        }
        found
    }

    fn learned(&mut self, kind: ClaimKind, value: &str) -> bool {
        let node = Node(self.lookup.index.hash(kind, self.system, value));
        if let Some(person) = self.graph.undisputed(node) {
            self.by_id |= kind == ClaimKind::ProviderId;
            self.by_login |= kind == ClaimKind::Username;
            self.is(person);
            return true;
        }
        false
    }

    fn is(&mut self, person: PersonIndex) {
        match self.person {
            None => self.person = Some(person),
            Some(known) if known == person => {}
            Some(_) => self.closer = true,
        }
    }
}
