//! Lessons across systems, then whose each grant is.

use std::collections::{BTreeSet, HashMap};
use std::io;

use scan_contract::{Access, AccessKind, Status, SystemId};

use super::drive::Reading;
use super::interest::Interest;
use crate::config::SystemConfig;
use crate::identity::graph::{DEPTH_LIMIT, Graph, Lesson, Node};
use crate::identity::resolve::SystemView;
use crate::identity::{AccessMatch, Index, PersonMatch, Resolver};
use crate::roster::{Person, PersonIndex, ReviewedLink};

/// Status of accounts that were put aside, by node: what a grant's parent is.
pub type Accounts = HashMap<Node, Status>;

/// What attribution looks at.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The roster's claims.
    pub index: &'a Index,
    /// Everybody, sorted by id.
    pub people: &'a [Person],
    /// Reviewed links.
    pub links: &'a [ReviewedLink],
    /// Who matters.
    pub interest: &'a Interest,
}

impl<'a> Ground<'a> {
    /// A resolver over what is known so far.
    pub fn resolver(&self, graph: &'a Graph) -> Resolver<'a> {
        Resolver { index: self.index, graph, people: self.people, links: self.links }
    }
}

/// The words of a system for the resolver.
pub fn view(config: &SystemConfig) -> SystemView<'_> {
    SystemView { id: config.id.as_str(), login_is: config.login_is }
}

/// What the systems taught.
#[derive(Debug, Default)]
pub struct Learned {
    /// Whose accounts and keys are.
    pub graph: Graph,
    /// Accounts that were put aside.
    pub accounts: Accounts,
    /// Whether the rounds ran out before the lessons did (IDN-5: that is a gap).
    pub too_deep: bool,
    /// Accounts by which grants were settled as a colleague's, and which turned out to lead to somebody of interest as
    /// well: those grants may be theirs.
    pub contested: BTreeSet<Contested>,
}

/// An account by which grants were settled, and which leads to somebody of interest as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contested {
    /// The account, in words.
    pub words: String,
    /// Who of interest it leads to.
    pub person: PersonIndex,
    /// Where those grants lie.
    pub system: SystemId,
}

/// Learns from everything that was put aside until nothing new comes, at most [`DEPTH_LIMIT`] rounds: an account
/// found by its external id teaches whose its key is, and the key whose the line on a host is.
///
/// `earlier` is what a call before this one learned, when follow-ups had not been read yet.
pub fn learn(readings: &mut [Reading], ground: &Ground<'_>, earlier: Learned) -> io::Result<Learned> {
    let Learned { mut graph, mut contested, .. } = earlier;
    for reading in readings.iter_mut() {
        graph.absorb(std::mem::take(&mut reading.intake.graph));
    }
    let mut accounts = Accounts::new();
    for round in 0..DEPTH_LIMIT {
        let mut lessons = Vec::new();
        for reading in readings.iter_mut() {
            let config = &reading.config;
            let resolver = ground.resolver(&graph);
            reading.intake.pile.for_each(|access| {
                if round == 0 && access.kind == AccessKind::Account {
                    remember_account(&mut accounts, &resolver, config.id.as_str(), access);
                }
                if teaches(access) {
                    let (by_id, by_login) = (reading.intake.settled_by_id, reading.intake.settled_by_login);
                    for (about, lesson) in lessons_of(&resolver, ground.interest, config, access) {
                        let relied_on = match about {
                            About::Account => by_id,
                            About::Login => by_login,
                            About::Key => false,
                        };
                        lessons.push((relied_on.then(|| config.id.clone()), lesson));
                    }
                }
                Ok(())
            })?;
        }
        let mut new = false;
        for (relied_on, lesson) in lessons {
            if let (Some(words), Some(system)) = (lesson.words.as_deref(), relied_on)
                && graph.is_taken_otherwise(&lesson)
            {
                contested.insert(Contested { words: String::from(words), person: lesson.person, system });
            }
            new |= graph.learn(lesson);
        }
        if !new {
            return Ok(Learned { graph, accounts, too_deep: false, contested });
        }
    }
    Ok(Learned { graph, accounts, too_deep: true, contested })
}

fn remember_account(accounts: &mut Accounts, resolver: &Resolver<'_>, system: &str, access: &Access) {
    let mut remember = |id: &str| {
        let known = accounts.entry(resolver.account_node(system, id)).or_insert(access.status);
        // Two entries for one account: the one that may be in force counts.
        if liveliness(access.status) > liveliness(*known) {
            *known = access.status;
        }
    };
    remember(access.grant_id.as_str());
    for id in access
        .holders
        .iter()
        .filter(|holder| holder.relation.can_act())
        .filter_map(|holder| holder.provider_id.as_deref())
    {
        remember(id);
    }
}

fn liveliness(status: Status) -> u8 {
    match status {
        Status::Enabled => 6,
        Status::Unknown => 5,
        Status::Pending => 4,
        Status::Disabled => 3,
        Status::Expired => 2,
        Status::Revoked => 1,
        Status::Orphaned => 0,
    }
}

/// Accounts teach whose their ids are, public keys whose they are.
fn teaches(access: &Access) -> bool {
    access.kind == AccessKind::Account
        || access.public_key.is_some()
        || access.holders.iter().any(|holder| holder.ssh_fingerprint.is_some())
}

/// What a lesson is about.
#[derive(Debug, Clone, Copy)]
enum About {
    Account,
    Login,
    Key,
}

fn lessons_of(
    resolver: &Resolver<'_>,
    interest: &Interest,
    config: &SystemConfig,
    access: &Access,
) -> Vec<(About, Lesson)> {
    let found = resolver.resolve(view(config), access);
    // Who answers for an account does not have it. Several who have it are a dispute, which is ambiguous, and not nobody.
    let acting = found.people.iter().filter(|matched| matched.relations.iter().any(|relation| relation.can_act()));
    acting.flat_map(|matched| lessons_about(resolver, interest, config, access, matched)).collect()
}

/// What one access teaches about one of those who have it.
fn lessons_about(
    resolver: &Resolver<'_>,
    interest: &Interest,
    config: &SystemConfig,
    access: &Access,
    matched: &PersonMatch,
) -> Vec<(About, Lesson)> {
    let system = config.id.as_str();
    let words = interest.matters(matched.person).then(|| describe(system, access, matched));
    let lesson = |node: Node| Lesson {
        node,
        person: matched.person,
        confidence: matched.confidence,
        words: words.clone(),
        rests_on: matched.node.filter(|own| *own != node),
    };
    let mut lessons = Vec::new();
    let holder = matched.holder.and_then(|position| access.holders.get(position));
    if access.kind == AccessKind::Account {
        lessons.push((About::Account, lesson(resolver.account_node(system, access.grant_id.as_str()))));
        if let Some(id) =
            holder.and_then(|holder| holder.provider_id.as_deref()).filter(|id| *id != access.grant_id.as_str())
        {
            lessons.push((About::Account, lesson(resolver.account_node(system, id))));
        }
        if let Some(login) = holder.and_then(|holder| holder.login.as_deref()) {
            lessons.push((About::Login, lesson(resolver.login_node(system, login))));
        }
    }
    let key = access.public_key.as_ref().or_else(|| holder.and_then(|holder| holder.ssh_fingerprint.as_ref()));
    if let Some(key) = key {
        let node = resolver.key_node(key.as_str());
        // A key that was matched by itself teaches nothing about itself.
        if matched.node != Some(node) {
            lessons.push((About::Key, lesson(node)));
        }
    }
    lessons
}

/// One step of a chain, in words.
fn describe(system: &str, access: &Access, matched: &PersonMatch) -> Box<str> {
    let name = access
        .grant_display
        .as_deref()
        .filter(|display| *display != access.grant_id.as_str() && !matched.personal)
        .map_or_else(String::new, |display| format!(" ({display})"));
    let by = matched.evidence.first().map_or_else(|| matched.method.clone(), Clone::clone);
    format!("{system}: {} {}{name}, by {by}", access.kind, access.grant_id).into_boxed_str()
}

/// Whose one grant is, with the chain of each match told.
pub fn attribute(resolver: &Resolver<'_>, config: &SystemConfig, access: &Access) -> AccessMatch {
    resolver.resolve(view(config), access)
}
