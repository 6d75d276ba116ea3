//! The words an expression may use: every root, every field, what it holds, and whether it can be absent or hidden.

use scan_contract::{AccessKind, Privilege, Relation, Status, Subtype};

use super::time::Sort;
use crate::findings::{Confidence, Usability};
use crate::roster::{EmploymentType, RoleTier, Urgency};

/// The names an expression may begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Root {
    /// Who.
    Person,
    /// The grant, seen from that person.
    Access,
    /// How the two were tied together.
    Match,
    /// The configured system.
    System,
    /// Lists an operator keeps.
    Lists,
}

impl Root {
    pub(super) const ALL: [Self; 5] = [Self::Person, Self::Access, Self::Match, Self::System, Self::Lists];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Access => "access",
            Self::Match => "match",
            Self::System => "system",
            Self::Lists => "lists",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|root| root.as_str() == word)
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holds {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Free text.
    Text,
    /// A word of a closed vocabulary.
    Word(fn() -> Vec<&'static str>),
    /// A time.
    Time(Sort),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) root: Root,
    pub(super) name: &'static str,
    /// Both, with a dot: the name of the fact.
    pub(super) path: &'static str,
    pub(super) holds: Holds,
    /// The source can say that there is none: an expression asks `has()` first.
    pub(super) absent: bool,
    /// The source can withhold it: the outcome is then unknown.
    pub(super) hidden: bool,
    /// One sentence for the rule author.
    pub(super) means: &'static str,
}

macro_rules! fields {
    ($($root:ident . $name:literal = $path:literal : $holds:expr, $absent:literal, $hidden:literal, $means:literal;)+) => {
        &[$(Field { root: Root::$root, name: $name, path: $path, holds: $holds, absent: $absent, hidden: $hidden, means: $means },)+]
    };
}

const EXACT: Holds = Holds::Time(Sort::Exact);
const MOMENT: Holds = Holds::Time(Sort::Moment);

/// Every field. The columns after the colon: what it holds, whether it can be absent, whether it can be hidden.
pub(super) const FIELDS: &[Field] = fields! {
    Person."id" = "person.id": Holds::Text, false, false, "immutable id in the roster";
    Person."employment" = "person.employment": Holds::Word(employments), false, false, "left, rehired after a gap, or suspended";
    Person."access_end_at" = "person.access_end_at": Holds::Time(Sort::End), false, true, "when access should have ended; for a rehired person, the end before the gap";
    Person."rehired_at" = "person.rehired_at": EXACT, true, true, "start of the employment after the gap";
    Person."employment_type" = "person.employment_type": Holds::Word(employment_types), false, false, "sort of employment that ended";
    Person."role_tier" = "person.role_tier": Holds::Word(role_tiers), true, false, "how much the role could give away";
    Person."urgency" = "person.urgency": Holds::Word(urgencies), false, false, "how fast access had to end";
    Person."legal_hold" = "person.legal_hold": Holds::Bool, false, false, "data must be kept";
    Person."stint" = "person.stint": Holds::Int, false, false, "number of the stint that ended";
    Access."kind" = "access.kind": Holds::Word(kinds), false, false, "one of the seventeen kinds";
    Access."status" = "access.status": Holds::Word(statuses), false, false, "the grant's own switch";
    Access."status_text" = "access.status_text": Holds::Text, true, false, "the system's own status word";
    Access."privilege" = "access.privilege": Holds::Word(privileges), false, false, "how far it reaches";
    Access."admin" = "access.admin": Holds::Bool, false, true, "whether the privilege is administrative; hidden where the privilege is not known";
    Access."subtype" = "access.subtype": Holds::Word(subtypes), true, false, "what it is beyond its kind, where the source says so";
    Access."relation" = "access.relation": Holds::Word(relations), false, false, "how the person relates to it";
    Access."usability" = "access.usability": Holds::Word(usabilities), false, false, "whether it can be used";
    Access."scope" = "access.scope": Holds::Text, false, false, "scope it was read in";
    Access."grant_id" = "access.grant_id": Holds::Text, false, false, "the system's immutable id";
    Access."grant_display" = "access.grant_display": Holds::Text, true, false, "text for people; hostile";
    Access."parent" = "access.parent": Holds::Text, true, false, "id of the account it hangs from";
    Access."target" = "access.target": Holds::Text, true, false, "what it opens";
    Access."client" = "access.client": Holds::Text, true, false, "client or device class of a session";
    Access."managed_by" = "access.managed_by": Holds::Text, true, false, "where the truth is kept if not in the system";
    Access."created_at" = "access.created_at": MOMENT, true, true, "when it was made";
    Access."last_used_at" = "access.last_used_at": MOMENT, true, true, "when it was last used";
    Access."expires_at" = "access.expires_at": MOMENT, true, true, "when it ends by itself";
    Access."rotated_at" = "access.rotated_at": MOMENT, true, true, "when its secret was last replaced";
    Access."cutoff_at" = "access.cutoff_at": EXACT, true, false, "sessions that began before it are dead";
    Access."live_until" = "access.live_until": EXACT, true, false, "latest instant an unlistable session can be alive";
    Access."used_after_end" = "access.used_after_end": Holds::Bool, false, true, "a use after the end is recorded; hidden where the source does not say or is too coarse";
    Access."renewed_after_end" = "access.renewed_after_end": Holds::Bool, false, true, "what the person could know was replaced after the end";
    Access."began_after_cutoff" = "access.began_after_cutoff": Holds::Bool, false, true, "a listed session that began at or after the cut-off";
    Access."other_living_owner" = "access.other_living_owner": Holds::Bool, false, true, "somebody in employment owns it as well";
    Access."lapsed_exception" = "access.lapsed_exception": Holds::Text, true, false, "id of an exception that covered it and has ended";
    Match."method" = "match.method": Holds::Text, false, false, "how the grant was tied to the person";
    Match."confidence" = "match.confidence": Holds::Word(confidences), false, false, "how sure that is";
    Match."personal" = "match.personal": Holds::Bool, false, false, "whether a private identity of the person was used";
    System."id" = "system.id": Holds::Text, false, false, "configured id";
    System."connector" = "system.connector": Holds::Text, false, false, "which scanner read it";
};

/// The field of that name.
pub(super) fn field(root: Root, name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.root == root && field.name == name)
}

fn employments() -> Vec<&'static str> {
    vec!["left", "rehired", "suspended"]
}
fn employment_types() -> Vec<&'static str> {
    EmploymentType::WORDS.to_vec()
}
fn role_tiers() -> Vec<&'static str> {
    RoleTier::WORDS.to_vec()
}
fn urgencies() -> Vec<&'static str> {
    Urgency::WORDS.to_vec()
}
fn kinds() -> Vec<&'static str> {
    AccessKind::WORDS.to_vec()
}
fn statuses() -> Vec<&'static str> {
    Status::WORDS.to_vec()
}
fn privileges() -> Vec<&'static str> {
    Privilege::WORDS.to_vec()
}
fn subtypes() -> Vec<&'static str> {
    Subtype::WORDS.to_vec()
}
fn relations() -> Vec<&'static str> {
    Relation::ALL.into_iter().map(Relation::as_str).collect()
}
fn usabilities() -> Vec<&'static str> {
    Usability::ALL.iter().map(|word| word.as_str()).collect()
}
fn confidences() -> Vec<&'static str> {
    Confidence::ALL.iter().map(|word| word.as_str()).collect()
}
