//! The full judgement of one access: whose it is, with evidence.

use std::collections::BTreeMap;

use scan_contract::{Access, Holder, Relation};

use super::evidence::Evidence;
use super::graph::{Graph, Node};
use super::index::Index;
use super::weigh::{Weighed, merge, person_match, weigh};
use crate::config::LoginMeaning;
use crate::findings::Confidence;
use crate::normal;
use crate::roster::{ClaimKind, Person, PersonIndex, ReviewedLink};

/// One person an access leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonMatch {
    /// Who.
    pub person: PersonIndex,
    /// Relations, those that can act first.
    pub relations: Vec<Relation>,
    /// Position of the holder that led to them; `None` where the account did.
    pub holder: Option<usize>,
    /// Positions of all holders that led to them.
    pub holders: Vec<usize>,
    /// Method in one word.
    pub method: String,
    /// How sure.
    pub confidence: Confidence,
    /// Sentences.
    pub evidence: Vec<String>,
    /// What was learned that the match rests on; [`Graph::chain`] tells the way from there to the roster.
    pub node: Option<Node>,
    /// Whether a private alias was used.
    pub personal: bool,
    /// Whether a reviewed link decided.
    pub by_link: bool,
}

/// Several candidates, or too little to be certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// Candidates with evidence, in order of position.
    pub candidates: Vec<(PersonIndex, Vec<String>)>,
    /// Why it is not certain.
    pub reason: String,
}

impl Ambiguity {
    /// What this evidence points to, each person with what points to them.
    pub(super) fn of<'e>(evidence: impl Iterator<Item = &'e Evidence>, reason: &str) -> Self {
        let mut candidates: BTreeMap<PersonIndex, Vec<String>> = BTreeMap::new();
        for one in evidence {
            candidates.entry(one.person).or_default().push(one.says.clone());
        }
        Self { candidates: candidates.into_iter().collect(), reason: String::from(reason) }
    }

    /// Both, as one: nobody who may be meant is left out because somebody else may be meant as well.
    fn and(self, other: Self) -> Self {
        let mut candidates: BTreeMap<PersonIndex, Vec<String>> = BTreeMap::new();
        for (person, evidence) in self.candidates.into_iter().chain(other.candidates) {
            let known = candidates.entry(person).or_default();
            for says in evidence {
                if !known.contains(&says) {
                    known.push(says);
                }
            }
        }
        let reason =
            if self.reason == other.reason { self.reason } else { format!("{}; {}", self.reason, other.reason) };
        Self { candidates: candidates.into_iter().collect(), reason }
    }
}

/// Whose an access is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessMatch {
    /// People it leads to, each once, in order of position.
    pub people: Vec<PersonMatch>,
    /// A holder that could not be told.
    pub ambiguity: Option<Ambiguity>,
    /// Why it leads to nobody, where it does.
    pub nobody: Option<String>,
    /// Whether some holder led to nobody although others led to somebody.
    pub some_unknown: bool,
    /// Whether one of those who own it or approve for it could not be told. The service user of a key is no owner.
    pub unknown_owner: bool,
}

/// What the resolver has to know about a system.
#[derive(Debug, Clone, Copy)]
pub struct SystemView<'a> {
    /// Configured id.
    pub id: &'a str,
    /// What a login says.
    pub login_is: LoginMeaning,
}

/// Resolves accesses against roster, links and graph.
#[derive(Debug, Clone, Copy)]
pub struct Resolver<'a> {
    /// The roster's claims.
    pub index: &'a Index,
    /// What was learned.
    pub graph: &'a Graph,
    /// People, sorted by id.
    pub people: &'a [Person],
    /// Reviewed links.
    pub links: &'a [ReviewedLink],
}

enum HolderMatch {
    Person(PersonMatch),
    Ambiguous(Ambiguity),
    Nobody(String),
}

impl Resolver<'_> {
    /// Whose `access` is.
    pub fn resolve(&self, system: SystemView<'_>, access: &Access) -> AccessMatch {
        if let Some(linked) = self.linked_grant(system, access) {
            return AccessMatch { people: vec![linked], ..AccessMatch::default() };
        }
        if access.holders.is_empty() {
            return self.by_parent(system, access);
        }
        let mut people: BTreeMap<PersonIndex, PersonMatch> = BTreeMap::new();
        let mut result = AccessMatch::default();
        // A holder without any identifier stands for the account the grant hangs from, and speaks only where nobody
        // else does: a colleague's key in somebody's account is the colleague's.
        let (stand_ins, named): (Vec<_>, Vec<_>) =
            access.holders.iter().enumerate().partition(|(_, holder)| holder_is_only_a_relation(holder));
        for (position, holder) in named.into_iter().chain(stand_ins) {
            if holder_is_only_a_relation(holder) && (!people.is_empty() || result.ambiguity.is_some()) {
                continue;
            }
            let owns = matches!(holder.relation, Relation::Owner | Relation::Approver);
            match self.holder(system, access, position, holder) {
                HolderMatch::Person(found) => merge(&mut people, found),
                HolderMatch::Ambiguous(ambiguity) => {
                    result.some_unknown = true;
                    result.unknown_owner |= owns;
                    result.ambiguity = Some(match result.ambiguity.take() {
                        Some(known) => known.and(ambiguity),
                        None => ambiguity,
                    });
                }
                HolderMatch::Nobody(reason) => {
                    result.some_unknown = true;
                    result.unknown_owner |= owns;
                    result.nobody.get_or_insert(reason);
                }
            }
        }
        self.add_parent(system, access, &mut people, &mut result);
        if !people.is_empty() || result.ambiguity.is_some() {
            result.nobody = None;
        }
        result.people = people.into_values().collect();
        result
    }

    /// Where no holder is said to use the grant, whoever has the account it hangs from does: an administrator who made
    /// a token for somebody is not its holder.
    fn add_parent(
        &self,
        system: SystemView<'_>,
        access: &Access,
        people: &mut BTreeMap<PersonIndex, PersonMatch>,
        result: &mut AccessMatch,
    ) {
        if access.holders.iter().any(|holder| holder.relation.can_act()) {
            return;
        }
        let (found, ambiguity) = self.account_and_key(system, access);
        if let Some(found) = found {
            merge(people, found);
        }
        if let Some(ambiguity) = ambiguity {
            result.some_unknown = true;
            result.ambiguity = Some(match result.ambiguity.take() {
                Some(known) => known.and(ambiguity),
                None => ambiguity,
            });
        }
    }

    /// Who uses a grant by the account it hangs from and by its public key. Whoever has the account has the grant; where the
    /// key is known as somebody else's, they may use the account, too.
    fn account_and_key(&self, system: SystemView<'_>, access: &Access) -> (Option<PersonMatch>, Option<Ambiguity>) {
        let of_account =
            access.parent.as_ref().map_or(Weighed::Nobody, |parent| weigh(self.weigh_parent(system, access, parent)));
        let of_key = access.public_key.as_ref().map(|key| self.evidence_of_key(key.as_str())).unwrap_or_default();
        let by_holder = |found: Vec<Evidence>| person_match(found, Relation::Holder, None);
        match of_account {
            Weighed::Person(found) => {
                let owner = found.first().map(|one| one.person);
                let others: Vec<Evidence> = of_key.into_iter().filter(|one| Some(one.person) != owner).collect();
                let doubt = (!others.is_empty())
                    .then(|| Ambiguity::of(found.iter().chain(&others), "its public key is known as somebody else's"));
                (Some(by_holder(found)), doubt)
            }
            Weighed::Ambiguous(doubt) if of_key.is_empty() => (None, Some(doubt)),
            Weighed::Ambiguous(doubt) => {
                let key = Ambiguity::of(of_key.iter(), "its public key leads to somebody");
                (None, Some(doubt.and(key)))
            }
            Weighed::Nobody => match weigh(of_key) {
                Weighed::Person(found) => (Some(by_holder(found)), None),
                Weighed::Ambiguous(doubt) => (None, Some(doubt)),
                Weighed::Nobody => (None, None),
            },
        }
    }

    fn linked_grant(&self, system: SystemView<'_>, access: &Access) -> Option<PersonMatch> {
        let link = self.links.iter().find(|link| {
            link.system == system.id
                && link.grant_id.as_deref() == Some(access.grant_id.as_str())
                && link.kind.is_none_or(|kind| kind == access.kind)
        })?;
        let relation = access.holders.first().map_or(Relation::Holder, |holder| holder.relation);
        self.link_match(link, relation, (!access.holders.is_empty()).then_some(0))
    }

    fn link_match(&self, link: &ReviewedLink, relation: Relation, holder: Option<usize>) -> Option<PersonMatch> {
        let person = self.find(link.person_id.as_str())?;
        Some(PersonMatch {
            person,
            relations: vec![relation],
            holder,
            holders: holder.into_iter().collect(),
            method: String::from("reviewed_link"),
            confidence: Confidence::High,
            evidence: vec![format!("reviewed link by {} on {}: {}", link.reviewer, link.date, link.reason)],
            node: None,
            personal: false,
            by_link: true,
        })
    }

    fn by_parent(&self, system: SystemView<'_>, access: &Access) -> AccessMatch {
        let (found, ambiguity) = self.account_and_key(system, access);
        let nobody = (found.is_none() && ambiguity.is_none()).then(|| match &access.parent {
            Some(parent) => format!("the account {parent} it hangs from leads to nobody known"),
            None => String::from("it names no holder"),
        });
        AccessMatch { people: found.into_iter().collect(), ambiguity, nobody, ..AccessMatch::default() }
    }

    fn holder(&self, system: SystemView<'_>, access: &Access, position: usize, holder: &Holder) -> HolderMatch {
        let linked = self.links.iter().find(|link| {
            link.system == system.id
                && (link.login.as_deref().is_some_and(|login| {
                    holder.login.as_deref().is_some_and(|own| normal::fold(own) == normal::fold(login))
                }) || (link.kind.is_none()
                    && link.grant_id.is_some()
                    && link.grant_id.as_deref() == holder.provider_id.as_deref()))
        });
        if let Some(found) = linked.and_then(|link| self.link_match(link, holder.relation, Some(position))) {
            return HolderMatch::Person(found);
        }
        let mut evidence = Vec::new();
        self.weigh_employee_id(holder, &mut evidence);
        self.weigh_provider_id(system, holder, &mut evidence);
        self.weigh_external(holder, &mut evidence);
        self.weigh_key(access, holder, &mut evidence);
        self.weigh_email(&access.created_at, holder, &mut evidence);
        self.weigh_login(system, &access.created_at, holder, &mut evidence);
        self.agreeing_name(holder, &mut evidence);
        if evidence.is_empty() && holder_is_only_a_relation(holder) {
            // A holder that names nobody stands for the account the grant hangs from.
            if let Some(parent) = &access.parent {
                evidence.extend(self.weigh_parent(system, access, parent));
            }
        }
        match weigh(evidence) {
            Weighed::Person(found) => HolderMatch::Person(person_match(found, holder.relation, Some(position))),
            Weighed::Ambiguous(ambiguity) => HolderMatch::Ambiguous(ambiguity),
            Weighed::Nobody => HolderMatch::Nobody(self.why_nobody(holder)),
        }
    }

    fn why_nobody(&self, holder: &Holder) -> String {
        if let Some(email) = &holder.email {
            let canonical = self.index.domains().canonical(email);
            return match normal::split_address(&canonical) {
                Some((_, domain)) if !self.index.domains().is_declared(domain) => {
                    String::from("its address is outside the declared domains and no alias knows it")
                }
                _ => String::from("nobody on the roster ever held its address"),
            };
        }
        if holder_is_only_a_relation(holder) {
            String::from("its holder carries no identifier")
        } else {
            String::from("none of its identifiers is on the roster")
        }
    }

    /// Node of an account by its id in a system.
    pub fn account_node(&self, system: &str, id: &str) -> Node {
        Node(self.index.hash(ClaimKind::ProviderId, system, id))
    }

    /// Node of a login in a system.
    pub fn login_node(&self, system: &str, login: &str) -> Node {
        Node(self.index.hash(ClaimKind::Username, system, login))
    }

    /// Node of a public key.
    pub fn key_node(&self, fingerprint: &str) -> Node {
        Node(self.index.hash(ClaimKind::SshFingerprint, "", fingerprint))
    }

    fn find(&self, id: &str) -> Option<PersonIndex> {
        match self.people.binary_search_by(|person| person.id.as_str().cmp(id)).map(u32::try_from) {
            Ok(Ok(position)) => Some(PersonIndex(position)),
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

fn holder_is_only_a_relation(holder: &Holder) -> bool {
    holder.employee_id.is_none()
        && holder.provider_id.is_none()
        && holder.login.is_none()
        && holder.email.is_none()
        && holder.ssh_fingerprint.is_none()
        && holder.external.is_none()
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
