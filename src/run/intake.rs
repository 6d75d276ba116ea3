//! What comes in from one system: counted, and sifted for whose it might be.
//!
//! Most records lead to somebody who works here and needs no second thought. They are recognised by their head alone:
//! a few hashes and probes, nothing decoded. Everything else is put aside whole: records that lead to people who
//! matter, to several people, to nobody, or to something another system may know (a public key, an external id).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Gap, Head, Holder, HolderHead, Item, Scope, ScopeName, Sheet};

use super::coverage::ScopeRecord;
use super::interest::Interest;
use super::sift::{Sift, Sifted};
use crate::config::{Depth, Exclusion, KnownObject, LoginMeaning};
use crate::findings::Confidence;
use crate::identity::graph::{Graph, Lesson, Node};
use crate::identity::{Index, Keys};
use crate::inventory::{Pile, Scratch};
use crate::roster::{ClaimKind, PersonIndex};

/// What every intake looks at.
#[derive(Debug)]
pub struct Lookup {
    /// The roster's claims.
    pub index: Index,
    /// Who matters.
    pub interest: Interest,
    /// Systems that have reviewed links: their records are always looked at.
    pub linked_systems: HashSet<String>,
}

/// Everything one system sent.
#[derive(Debug)]
pub struct Intake {
    system: String,
    login_is: LoginMeaning,
    has_links: bool,
    lookup: Arc<Lookup>,
    known_object: Option<KnownObject>,
    watched: HashSet<u64>,
    scratch: Arc<dyn Scratch>,
    /// Declared scopes.
    pub scopes: BTreeMap<ScopeName, ScopeRecord>,
    /// Records for a closer look.
    pub pile: Pile<Access>,
    /// Keys of remembered grants that were seen.
    pub watched_seen: HashSet<u64>,
    /// What accounts of people who do not matter taught.
    pub graph: Graph,
    /// One bit a person: has an identity here.
    pub people_seen: PeopleSeen,
    /// Things the reader said.
    pub notices: Vec<String>,
    /// Records in all.
    pub records: u64,
    /// Whether a record was settled by what an account's id taught.
    pub settled_by_id: bool,
    /// Whether a record was settled by what an account's login taught.
    pub settled_by_login: bool,
    /// Follow-up scopes that may matter, as offered by the scanner.
    pub offered: Vec<Scope>,
    /// Follow-up scopes of people in employment, which are not read.
    pub not_of_interest: u64,
    depth: Depth,
    exclusions: Vec<Exclusion>,
    remembered: BTreeSet<ScopeName>,
    offered_names: HashSet<u64>,
    sealed_in_pass: HashSet<ScopeName>,
    pass: Vec<ScopeName>,
}

/// A set of people in one bit each.
#[derive(Debug, Clone)]
pub struct PeopleSeen {
    bits: Vec<u64>,
}

impl PeopleSeen {
    fn new(people: usize) -> Self {
        Self { bits: vec![0; people.div_ceil(64)] }
    }

    /// Adds a person.
    pub fn insert(&mut self, person: PersonIndex) {
        if let Some(word) = self.bits.get_mut(person.0 as usize / 64) {
            *word |= 1 << (person.0 % 64);
        }
    }

    /// How many people there are.
    pub fn len(&self) -> u64 {
        self.bits.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }
}

/// What an intake is told about its system.
#[derive(Debug)]
pub struct IntakeSettings {
    /// Configured id.
    pub system: String,
    /// What a login says.
    pub login_is: LoginMeaning,
    /// Object known to exist.
    pub known_object: Option<KnownObject>,
    /// Keys of grants that are remembered as open (see [`watch_key`]).
    pub watched: HashSet<u64>,
    /// Follow-up scopes in which something is remembered as open: they are read whoever their holder is by now.
    pub remembered: BTreeSet<ScopeName>,
    /// How deep the system is read.
    pub depth: Depth,
    /// Exclusions in force.
    pub exclusions: Vec<Exclusion>,
}

/// The exclusion that leaves a scope out: one that names it, or what it lies in (an account, a host, a kind of follow-up).
pub fn excluded<'a>(exclusions: &'a [Exclusion], scope: &ScopeName) -> Option<&'a Exclusion> {
    exclusions.iter().find(|exclusion| {
        let rest = scope.as_str().strip_prefix(exclusion.scope.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The key under which a remembered grant is recognised among what comes in.
pub fn watch_key(keys: &Keys, kind: AccessKind, grant_id: &str) -> u64 {
    keys.grant(kind, grant_id, "")
}

impl Intake {
    /// An intake for one system.
    pub fn new(
        settings: IntakeSettings,
        lookup: Arc<Lookup>,
        scopes: BTreeMap<ScopeName, ScopeRecord>,
        scratch: Arc<dyn Scratch>,
    ) -> Self {
        Self {
            has_links: lookup.linked_systems.contains(&settings.system),
            people_seen: PeopleSeen::new(lookup.interest.len()),
            system: settings.system,
            login_is: settings.login_is,
            known_object: settings.known_object,
            watched: settings.watched,
            lookup,
            pile: Pile::new(Arc::clone(&scratch)),
            scratch,
            scopes,
            watched_seen: HashSet::new(),
            graph: Graph::default(),
            notices: Vec::new(),
            records: 0,
            settled_by_id: false,
            settled_by_login: false,
            offered: Vec::new(),
            not_of_interest: 0,
            depth: settings.depth,
            exclusions: settings.exclusions,
            remembered: settings.remembered,
            offered_names: HashSet::new(),
            sealed_in_pass: HashSet::new(),
            pass: Vec::new(),
        }
    }

    /// Takes one item of a walk.
    pub fn take(&mut self, item: Item) -> io::Result<()> {
        match item {
            Item::Open { scope, as_of } => self.record(&scope).open(as_of),
            Item::Sheet { sheet, cursor: _ } => self.take_sheet(sheet.as_ref())?,
            Item::Scopes(found) => self.declare(found),
            Item::Gap(gap) => self.take_gap(&gap),
            Item::Notice(text) => self.notices.push(text),
            Item::Seal { scope, proof } => {
                self.record(&scope).seal(proof);
                self.sealed_in_pass.insert(scope);
            }
        }
        Ok(())
    }

    /// Begins a walk that serves these scopes.
    pub fn begin_pass(&mut self, scopes: &[Scope]) {
        self.pass = scopes.iter().map(|scope| scope.name.clone()).collect();
        self.sealed_in_pass.clear();
    }

    /// Ends a walk: a scope of it that was not sealed has the walk's failure as its gap. Scopes that were found on the
    /// way belong to the walk like those it began with.
    pub fn end_pass(&mut self, failure: Option<&Cause>) {
        for name in std::mem::take(&mut self.pass) {
            if self.sealed_in_pass.contains(&name) {
                continue;
            }
            let record = self.record(&name);
            if let Some(cause) = failure {
                record.gap(None, cause.clone());
            } else if !record.has_gap_as_a_whole() {
                record.gap(None, Cause::Bug { what: String::from("the reader ended without sealing this scope") });
            }
        }
        self.sealed_in_pass.clear();
    }

    fn declare(&mut self, found: Vec<Scope>) {
        for scope in found {
            if scope.bound_to.is_some() {
                self.take_offer(scope);
            } else {
                self.pass.push(scope.name.clone());
                self.add_scope(scope);
            }
        }
    }

    /// Writes a scope down as declared: nothing of it is known yet (COV-1).
    pub fn add_scope(&mut self, scope: Scope) {
        let exclusion = excluded(&self.exclusions, &scope.name).cloned();
        let scratch = Arc::clone(&self.scratch);
        self.scopes.entry(scope.name.clone()).or_insert_with(|| ScopeRecord::declared(scope, exclusion, scratch));
    }

    /// Adds a scope of which the source says nothing, with the reason why it is missed.
    pub fn add_missing(&mut self, scope: Scope, cause: Cause) {
        let name = scope.name.clone();
        self.add_scope(scope);
        self.record(&name).gap(None, cause);
    }

    /// Exclusions that met no scope: they have no effect, and their writer should know.
    pub fn idle_exclusions(&self) -> Vec<&Exclusion> {
        let meets = |exclusion: &Exclusion| {
            self.scopes.keys().any(|scope| excluded(std::slice::from_ref(exclusion), scope).is_some())
        };
        self.exclusions.iter().filter(|exclusion| !meets(exclusion)).collect()
    }

    /// A follow-up is kept unless its holder plainly is one person who does not matter now; most are, and are only
    /// counted. What other systems teach may settle more of them later.
    fn take_offer(&mut self, scope: Scope) {
        let lookup = Arc::clone(&self.lookup);
        if !self.offered_names.insert(lookup.index.keys().grant(AccessKind::Account, scope.name.as_str(), "")) {
            return;
        }
        let everyone = self.depth == Depth::Everyone || self.remembered.contains(&scope.name);
        let settled = |intake: &mut Self, holder: &Holder| match intake.sift_holder(&lookup, holder) {
            Sifted::Settled(_) => true,
            Sifted::LookCloser => false,
        };
        match &scope.bound_to {
            Some(holder) if !everyone && settled(self, holder) => self.not_of_interest += 1,
            Some(_) | None => self.offered.push(scope),
        }
    }

    /// A scope the reader speaks of without having declared it counts as declared from now on.
    fn record(&mut self, name: &ScopeName) -> &mut ScopeRecord {
        let scratch = &self.scratch;
        self.scopes.entry(name.clone()).or_insert_with(|| {
            ScopeRecord::declared(Scope::new(name.clone(), name.as_str()), None, Arc::clone(scratch))
        })
    }

    fn take_gap(&mut self, gap: &Gap) {
        match &gap.scope {
            Some(scope) => self.record(scope).take(gap),
            None => {
                for name in self.pass.clone() {
                    self.record(&name).take(gap);
                }
            }
        }
    }

    fn take_sheet(&mut self, sheet: &dyn Sheet) -> io::Result<()> {
        // Once a sheet: the count of an `Arc` that every system shares is no place to meet for each record.
        let lookup = Arc::clone(&self.lookup);
        for position in 0..sheet.len() {
            self.take_record(&lookup, sheet, position)?;
        }
        Ok(())
    }

    fn take_record(&mut self, lookup: &Lookup, sheet: &dyn Sheet, position: usize) -> io::Result<()> {
        let head = sheet.head(position);
        self.records += 1;
        let key = lookup.index.keys().grant(head.kind, head.grant_id, "");
        let known = self.known_object.as_ref().is_some_and(|known| {
            known.kind == head.kind && known.scope == *head.scope && known.grant_id.as_str() == head.grant_id
        });
        let record = match self.scopes.get_mut(head.scope) {
            Some(record) => record,
            None => self.record(head.scope),
        };
        record.count(head.kind, key)?;
        if known {
            record.saw_known_object();
        }
        if record.is_excluded() {
            return Ok(());
        }
        let watched = !self.watched.is_empty() && self.is_watched(lookup, sheet, position, &head, key);
        let look_closer = match self.sift(lookup, sheet, position, &head) {
            Sifted::Settled(person) => {
                self.people_seen.insert(person);
                if head.kind == AccessKind::Account {
                    self.learn_account(lookup, sheet, position, &head, person);
                }
                watched || self.has_links
            }
            Sifted::LookCloser => true,
        };
        if look_closer {
            match sheet.decode(position) {
                Ok(access) => self.pile.push(access)?,
                Err(cause) => self.record(head.scope).gap(Some(String::from(head.grant_id)), cause),
            }
        }
        Ok(())
    }

    fn is_watched(&mut self, lookup: &Lookup, sheet: &dyn Sheet, position: usize, head: &Head<'_>, key: u64) -> bool {
        let key = if head.kind == AccessKind::Session {
            let mut account = head.parent.map(String::from);
            if account.is_none() {
                sheet.visit_holders(position, &mut |holder| {
                    account = account.take().or_else(|| holder.provider_id.or(holder.login).map(String::from));
                });
            }
            let account = account.unwrap_or_else(|| String::from(head.grant_id));
            let grant_id = crate::findings::fingerprint::session_grant_id(&account, head.client);
            watch_key(lookup.index.keys(), head.kind, &grant_id)
        } else {
            key
        };
        let watched = self.watched.contains(&key);
        if watched {
            self.watched_seen.insert(key);
        }
        watched
    }

    /// Decides by the head alone whether a record plainly belongs to one person who does not matter now.
    fn sift(&mut self, lookup: &Lookup, sheet: &dyn Sheet, position: usize, head: &Head<'_>) -> Sifted {
        // A public key may be known as somebody else's than the account's.
        if head.kind == AccessKind::SshKey {
            return Sifted::LookCloser;
        }
        let mut sift = Sift::new(lookup, &self.system, self.login_is, &self.graph);
        let mut somebody_acts = false;
        sheet.visit_holders(position, &mut |holder| {
            somebody_acts |= holder.relation.can_act();
            sift.holder(&holder);
        });
        if !somebody_acts {
            // Nobody is said to use it: then it is whose the account is that it hangs from.
            match head.parent {
                Some(parent) => sift.parent(parent),
                None if head.holders == 0 => return Sifted::LookCloser,
                None => {}
            }
        }
        let (person, by_id, by_login) = sift.outcome();
        self.settle_on(lookup, person, by_id, by_login)
    }

    /// The same for the holder of a follow-up scope.
    fn sift_holder(&mut self, lookup: &Lookup, holder: &Holder) -> Sifted {
        let mut sift = Sift::new(lookup, &self.system, self.login_is, &self.graph);
        sift.holder(&HolderHead::of(holder));
        let (person, by_id, by_login) = sift.outcome();
        self.settle_on(lookup, person, by_id, by_login)
    }

    fn settle_on(&mut self, lookup: &Lookup, person: Option<PersonIndex>, by_id: bool, by_login: bool) -> Sifted {
        match person {
            Some(person) if !lookup.interest.matters(person) => {
                self.settled_by_id |= by_id;
                self.settled_by_login |= by_login;
                Sifted::Settled(person)
            }
            Some(_) | None => Sifted::LookCloser,
        }
    }

    fn learn_account(
        &mut self,
        lookup: &Lookup,
        sheet: &dyn Sheet,
        position: usize,
        head: &Head<'_>,
        person: PersonIndex,
    ) {
        let mut somebody_acts = head.holders == 0;
        sheet.visit_holders(position, &mut |holder| somebody_acts |= holder.relation.can_act());
        if !somebody_acts && head.parent.is_none() {
            // Whoever answers for an account, or made it, does not have it: what hangs from it is not theirs.
            return;
        }
        let system = self.system.as_str();
        let graph = &mut self.graph;
        let mut teach = |hash: u64| {
            graph.learn(Lesson { node: Node(hash), person, confidence: Confidence::High, words: None, rests_on: None });
        };
        teach(lookup.index.hash(ClaimKind::ProviderId, system, head.grant_id));
        sheet.visit_holders(position, &mut |holder| {
            if !holder.relation.can_act() {
                return;
            }
            if let Some(id) = holder.provider_id.filter(|id| *id != head.grant_id) {
                teach(lookup.index.hash(ClaimKind::ProviderId, system, id));
            }
            if let Some(login) = holder.login {
                teach(lookup.index.hash(ClaimKind::Username, system, login));
            }
        });
    }
}
