//! What a rule file and a list file may say. The comments on the fields are the rule author's reference.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use scan_contract::{AccessKind, Privilege, Relation, Status, Subtype};

use crate::findings::{Confidence, Usability, UsedAfterEnd};
use crate::roster::{EmploymentType, RoleTier, Urgency};

/// One rule: what is wrong with a grant that somebody left behind.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Holdover rule, version 1")]
pub(super) struct RawRule {
    /// Name of the rule, forever; the same as the file's name without `.yaml`. It names what is wrong, not the cure.
    pub(super) id: String,
    /// Goes up by one with every change of meaning; stands on every verdict.
    pub(super) version: u32,
    /// `experimental` where only few sources carry the facts it needs; `retired` rules are kept and not evaluated.
    pub(super) status: RawStatus,
    /// Short title.
    pub(super) title: String,
    /// Kinds of access it looks at.
    #[schemars(schema_with = "kinds")]
    pub(super) access: Vec<String>,
    /// Relations of the person to the grant it looks at.
    #[schemars(schema_with = "relations")]
    pub(super) relation: Vec<String>,
    /// How employment stands: `left` and `suspended` where not given. `rehired` is for rules about a gap.
    #[serde(default = "not_employed")]
    pub(super) employment: Vec<RawEmployment>,
    /// The condition, in CEL. Roots: `person`, `access`, `match`, `system`, `lists`, `now`. Severity is not its business.
    pub(super) when: String,
    /// One sentence a manager understands.
    pub(super) reason: String,
    /// What to do, in the right order.
    pub(super) remedy: String,
    /// Facts to show with a finding, as paths.
    pub(super) evidence: Vec<String>,
    /// Controls it speaks to, as `FRAMEWORK-VERSION:ID`, in the order of the framework table.
    pub(super) controls: Vec<String>,
    /// ATT&CK techniques.
    #[serde(default)]
    pub(super) attack: Vec<String>,
    /// When it holds although nothing is wrong.
    pub(super) false_positives: Vec<String>,
    /// Of several rules that hold for a grant, the one with the highest weight is its main rule.
    pub(super) weight: u32,
    /// It adds to the rule that found the grant: an unknown answer of it says nothing by itself.
    #[serde(default)]
    pub(super) additive: bool,
    /// Planted facts with the expected outcome; at least one hit, one miss and one unknown.
    pub(super) cases: Vec<RawCase>,
}

/// How far a rule can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawStatus {
    /// Few sources carry what it needs.
    Experimental,
    /// In force.
    Stable,
    /// Kept so that its id is not used again; not evaluated.
    Retired,
}

/// How employment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawEmployment {
    /// No employment is in force.
    Left,
    /// Back after a gap.
    Rehired,
    /// On a leave that suspends access.
    Suspended,
}

fn not_employed() -> Vec<RawEmployment> {
    vec![RawEmployment::Left, RawEmployment::Suspended]
}

/// A test case of a rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    /// What is planted, in words.
    pub(super) name: String,
    /// What differs from the plain case: somebody who left on 2026-07-31 at 22:00 UTC, looked at on 2026-08-03 at
    /// 06:00 UTC, with the first kind and relation of the rule, enabled, writing, made on 2024-01-09, of which nothing else
    /// is known.
    #[serde(default)]
    pub(super) given: RawGiven,
    /// What the rule must answer.
    pub(super) expect: RawExpect,
    /// For `unknown`: the fact that decides it, such as `access.created_at`.
    pub(super) because: Option<String>,
}

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawExpect {
    /// It holds.
    Hit,
    /// It does not hold, or does not look at such a grant.
    Miss,
    /// It cannot be told.
    Unknown,
}

/// Planted facts.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGiven {
    /// The present.
    pub(super) now: Option<String>,
    /// Who.
    #[serde(default)]
    pub(super) person: RawPerson,
    /// The grant.
    #[serde(default)]
    pub(super) access: RawAccess,
    /// How the two were tied together.
    #[serde(default, rename = "match")]
    pub(super) matched: RawMatch,
    /// The system.
    #[serde(default)]
    pub(super) system: RawSystem,
    /// Lists the grant is on.
    #[serde(default)]
    pub(super) lists: Vec<String>,
}

/// Planted person.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPerson {
    /// How employment stands; the first of the rule where not given.
    pub(super) employment: Option<RawEmployment>,
    /// End of access: an instant, or `hidden`.
    pub(super) access_end_at: Option<String>,
    /// Earliest instant it can be, where only a default zone is known.
    pub(super) access_end_earliest: Option<String>,
    /// Latest instant it can be.
    pub(super) access_end_latest: Option<String>,
    /// Start of the employment after the gap.
    pub(super) rehired_at: Option<String>,
    /// Sort of employment.
    #[serde(default)]
    #[schemars(schema_with = "employment_type")]
    pub(super) employment_type: Option<String>,
    /// Tier of the role.
    #[serde(default)]
    #[schemars(schema_with = "role_tier")]
    pub(super) role_tier: Option<String>,
    /// Urgency.
    #[serde(default)]
    #[schemars(schema_with = "urgency")]
    pub(super) urgency: Option<String>,
    /// Legal hold.
    pub(super) legal_hold: Option<bool>,
}

/// Planted grant. Times are an instant, a civil date (some time that day, UTC), `none` or `hidden`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAccess {
    /// Kind.
    #[serde(default)]
    #[schemars(schema_with = "kind")]
    pub(super) kind: Option<String>,
    /// Relation.
    #[serde(default)]
    #[schemars(schema_with = "relation")]
    pub(super) relation: Option<String>,
    /// Switch.
    #[serde(default)]
    #[schemars(schema_with = "status")]
    pub(super) status: Option<String>,
    /// Privilege.
    #[serde(default)]
    #[schemars(schema_with = "privilege")]
    pub(super) privilege: Option<String>,
    /// Subtype.
    #[serde(default)]
    #[schemars(schema_with = "subtype")]
    pub(super) subtype: Option<String>,
    /// Usability.
    #[serde(default)]
    #[schemars(schema_with = "usability")]
    pub(super) usability: Option<String>,
    /// Id.
    pub(super) grant_id: Option<String>,
    /// Text for people.
    pub(super) grant_display: Option<String>,
    /// Account it hangs from.
    pub(super) parent: Option<String>,
    /// What it opens.
    pub(super) target: Option<String>,
    /// When it was made.
    pub(super) created_at: Option<String>,
    /// When it was last used.
    pub(super) last_used_at: Option<String>,
    /// When it ends.
    pub(super) expires_at: Option<String>,
    /// When it was rotated.
    pub(super) rotated_at: Option<String>,
    /// Session cut-off.
    pub(super) cutoff_at: Option<String>,
    /// Latest life of a session.
    pub(super) live_until: Option<String>,
    /// Used after the end?
    #[serde(default)]
    #[schemars(schema_with = "used_after_end")]
    pub(super) used_after_end: Option<String>,
    /// Whether a second living owner exists: `yes`, `no`, `none` or `hidden`.
    pub(super) other_living_owner: Option<RawOther>,
    /// Id of a lapsed exception.
    pub(super) lapsed_exception: Option<String>,
}

/// Whether a second living owner exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawOther {
    /// There is one.
    Yes,
    /// There is none.
    No,
    /// The system says that it has no owner at all.
    None,
    /// It cannot be told.
    Hidden,
}

/// Planted match.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMatch {
    /// Method.
    pub(super) method: Option<String>,
    /// Confidence.
    #[serde(default)]
    #[schemars(schema_with = "confidence")]
    pub(super) confidence: Option<String>,
    /// Whether a private identity was used.
    pub(super) personal: Option<bool>,
}

/// Planted system.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSystem {
    /// Configured id.
    pub(super) id: Option<String>,
    /// Connector.
    pub(super) connector: Option<String>,
}

/// A list an operator keeps: grants that a rule treats apart.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Holdover list, version 1")]
pub(super) struct RawList {
    /// What being on the list means.
    pub(super) description: String,
    /// The grants.
    pub(super) entries: Vec<RawEntry>,
}

/// One grant on a list. Exactly one of `grant_id` and `login`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntry {
    /// Configured system.
    pub(super) system: String,
    /// Id of the grant, or of the account it hangs from.
    pub(super) grant_id: Option<String>,
    /// Login of a holder, in large or small letters. Where the system gives an account no login, its display text is
    /// compared instead; if people choose that text themselves, name the account by `grant_id`.
    pub(super) login: Option<String>,
    /// Why it is on the list: for those who read the file after you.
    #[expect(dead_code, reason = "demanded of the operator, not read by the program")]
    pub(super) reason: String,
}

fn words(list: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": list })
}

fn several(list: &[&str]) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string", "enum": list } })
}

fn relation_words() -> Vec<&'static str> {
    Relation::ALL.into_iter().map(Relation::as_str).collect()
}

macro_rules! vocabulary {
    ($($name:ident = $list:expr;)+) => { $(fn $name(_: &mut SchemaGenerator) -> Schema { $list })+ };
}

vocabulary! {
    kinds = several(AccessKind::WORDS);
    relations = several(&relation_words());
    kind = words(AccessKind::WORDS);
    relation = words(&relation_words());
    status = words(Status::WORDS);
    privilege = words(Privilege::WORDS);
    subtype = words(Subtype::WORDS);
    usability = words(&Usability::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
    used_after_end = words(&UsedAfterEnd::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
    confidence = words(&Confidence::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
    employment_type = words(EmploymentType::WORDS);
    role_tier = words(RoleTier::WORDS);
    urgency = words(Urgency::WORDS);
}
