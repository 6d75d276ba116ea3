//! What the systems themselves taught us.
//!
//! An account that was attributed teaches whose its id and login are; a public key under that account teaches whose
//! the key is, wherever else it turns up. For people of interest the words of each step are kept, so that a finding
//! can print the chain from the grant to the roster; for everybody else only hash and person.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashTable;

use crate::findings::Confidence;
use crate::roster::PersonIndex;

/// Longest chain that is followed (IDN-5).
pub const DEPTH_LIMIT: usize = 8;

/// Something one of the systems knows a person by; a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u64);

/// One lesson.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What was learned about.
    pub node: Node,
    /// Whose it is.
    pub person: PersonIndex,
    /// How sure.
    pub confidence: Confidence,
    /// Words for the chain, such as `github: account 4711 (octo-ana)`; `None` for people who are not of interest.
    pub words: Option<Box<str>>,
    /// The node this lesson rests on; `None` where it rests on the roster.
    pub rests_on: Option<Node>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    node: Node,
    person: PersonIndex,
    /// Position of the words, plus one; zero for none.
    words: u32,
    confidence: Confidence,
    /// More than one person was taught for this node.
    disputed: bool,
}

#[derive(Debug, Clone)]
struct Words {
    text: Box<str>,
    rests_on: Option<Node>,
}

/// Everything learned in one run. Grows with accounts and keys, not with grants.
#[derive(Debug, Default)]
pub struct Graph {
    known: HashTable<Known>,
    words: Vec<Words>,
    /// Further people of a node. A key that lies in every account of a fleet has thousands.
    disputes: BTreeMap<Node, BTreeSet<PersonIndex>>,
}

/// What is known about a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// People it was taught for; more than one is a dispute.
    pub people: Vec<PersonIndex>,
    /// How sure the first lesson was.
    pub confidence: Confidence,
}

impl Graph {
    /// Takes a lesson. The first one for a node stands; another person makes a dispute. Returns whether it was new.
    pub fn learn(&mut self, lesson: Lesson) -> bool {
        let hash = lesson.node.0;
        if let Some(known) = self.known.find_mut(hash, |known| known.node == lesson.node) {
            if known.person == lesson.person {
                return false;
            }
            known.disputed = true;
            return self.disputes.entry(lesson.node).or_default().insert(lesson.person);
        }
        let words = lesson.words.map_or(0, |text| {
            self.words.push(Words { text, rests_on: lesson.rests_on });
            u32::try_from(self.words.len()).unwrap_or(0)
        });
        let known =
            Known { node: lesson.node, person: lesson.person, words, confidence: lesson.confidence, disputed: false };
        self.known.insert_unique(hash, known, |known| known.node.0);
        true
    }

    /// What is known about a node.
    pub fn belief(&self, node: Node) -> Option<Belief> {
        let known = self.known.find(node.0, |known| known.node == node)?;
        let mut people = vec![known.person];
        if known.disputed {
            people.extend(self.disputes.get(&node).into_iter().flatten());
        }
        Some(Belief { people, confidence: known.confidence })
    }

    /// The one person a node belongs to, on the fast road; `None` if it is unknown or disputed.
    pub fn undisputed(&self, node: Node) -> Option<PersonIndex> {
        self.known.find(node.0, |known| known.node == node).filter(|known| !known.disputed).map(|known| known.person)
    }

    /// Whether a node is taken for somebody else's than the lesson says, who is not of interest: grants may have been
    /// settled on that belief before the lesson came.
    pub fn is_taken_otherwise(&self, lesson: &Lesson) -> bool {
        let known = self.known.find(lesson.node.0, |known| known.node == lesson.node);
        known.is_some_and(|known| known.person != lesson.person && known.words == 0)
    }

    /// Whether anything is known about a node.
    pub fn knows(&self, node: Node) -> bool {
        self.known.find(node.0, |known| known.node == node).is_some()
    }

    /// The words from a node down to the roster, nearest first.
    pub fn chain(&self, node: Node) -> Vec<String> {
        let mut chain = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at
            && chain.len() < DEPTH_LIMIT
        {
            let Some(known) = self.known.find(node.0, |known| known.node == node) else { break };
            let Some(words) = (known.words as usize).checked_sub(1).and_then(|position| self.words.get(position))
            else {
                break;
            };
            chain.push(words.text.to_string());
            at = words.rests_on.filter(|next| *next != node);
        }
        chain
    }

    /// Takes everything another graph knows. A node stands in it once, so that the order of its nodes does not matter.
    pub fn absorb(&mut self, other: Graph) {
        if self.is_empty() {
            *self = other;
            return;
        }
        self.known.reserve(other.known.len(), |known| known.node.0);
        for known in other.known {
            let words = (known.words as usize).checked_sub(1).and_then(|position| other.words.get(position));
            self.learn(Lesson {
                node: known.node,
                person: known.person,
                confidence: known.confidence,
                words: words.map(|words| words.text.clone()),
                rests_on: words.and_then(|words| words.rests_on),
            });
        }
        for (node, people) in other.disputes {
            for person in people {
                self.learn(Lesson { node, person, confidence: Confidence::Medium, words: None, rests_on: None });
            }
        }
    }

    /// How many nodes are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(node: u64, person: u32, words: &str, rests_on: Option<u64>) -> Lesson {
        Lesson {
            node: Node(node),
            person: PersonIndex(person),
            confidence: Confidence::High,
            words: Some(words.into()),
            rests_on: rests_on.map(Node),
        }
    }

    #[test]
    fn a_chain_is_told_from_the_grant_to_the_roster() {
        let mut graph = Graph::default();
        assert!(graph.learn(lesson(1, 5, "okta: account 00u1", None)));
        assert!(graph.learn(lesson(2, 5, "github: account 4711", Some(1))));
        assert!(graph.learn(lesson(3, 5, "github: ssh key 81", Some(2))));
        assert_eq!(graph.chain(Node(3)), ["github: ssh key 81", "github: account 4711", "okta: account 00u1"]);
    }

    #[test]
    fn two_people_for_one_node_are_a_dispute() {
        let mut graph = Graph::default();
        graph.learn(lesson(1, 5, "a", None));
        assert!(!graph.learn(lesson(1, 5, "a", None)), "the same lesson twice teaches nothing");
        assert!(graph.learn(lesson(1, 6, "b", None)));
        assert_eq!(graph.undisputed(Node(1)), None);
        assert_eq!(graph.belief(Node(1)).expect("known").people, [PersonIndex(5), PersonIndex(6)]);
    }

    #[test]
    fn a_circle_ends() {
        let mut graph = Graph::default();
        graph.learn(lesson(1, 5, "a", Some(2)));
        graph.learn(lesson(2, 5, "b", Some(1)));
        assert!(graph.chain(Node(1)).len() <= DEPTH_LIMIT);
    }
}
