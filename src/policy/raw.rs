//! What a policy file may say. The comments here are the reference its readers see.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::roster::{EmploymentType, EndBasis, RoleTier, TerminationType, Urgency};
use crate::yaml::forms::{WrittenDuration, WrittenInstant, WrittenKind};

/// Holdover policy: how long which access may stay after the end, decided before it is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    /// Version of this format.
    #[expect(dead_code, reason = "the schema checks it; there is one version")]
    #[schemars(extend("const" = 1))]
    pub(super) version: u32,
    /// Which day governs the end of access.
    pub(super) end_basis: Option<EndBasis>,
    /// The rules apply to ends after this instant. Access of everybody who left earlier is due at the end itself.
    pub(super) effective_from: Option<WrittenInstant>,
    /// Rules. The first one that matches decides; the last one has to match everybody.
    #[schemars(length(min = 1))]
    pub(super) rules: Vec<RawRule>,
    /// Examples with their expected answers; `holdover policy test` runs them.
    #[serde(default)]
    pub(super) cases: Vec<RawCase>,
}

/// One rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    /// Name of the rule, cited by findings. It never changes its meaning.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,63}$"),
        extend("x-expected" = "an id of small letters, digits and hyphens")
    )]
    pub(super) id: String,
    /// Whom it matches. Keys that are left out are not asked; `{}` matches everybody.
    pub(super) when: RawWhen,
    /// `immediate`: due at the end, with the allowances of `allow`. `staged`: due by `stages`.
    pub(super) mode: RawMode,
    /// Allowances of an immediate rule.
    pub(super) allow: Option<RawAllow>,
    /// Stages of a staged rule. Every kind but `license` stands in exactly one of them.
    #[schemars(length(min = 1))]
    pub(super) stages: Option<Vec<RawStage>>,
    /// Who decides about exceptions from it. Shown by `holdover policy explain`.
    pub(super) approvers: Option<RawApprovers>,
}

/// Whom a rule matches: every key that is given has to agree.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWhen {
    /// At least one of these has to agree.
    #[schemars(length(min = 1))]
    pub(super) any: Option<Vec<RawCondition>>,
    /// How fast access has to end.
    #[schemars(length(min = 1))]
    pub(super) urgency: Option<Vec<Urgency>>,
    /// Tier of the person. Somebody without a tier matches no rule that asks for one.
    #[schemars(length(min = 1))]
    pub(super) role_tier: Option<Vec<RoleTier>>,
    /// How they left.
    #[schemars(length(min = 1))]
    pub(super) termination_type: Option<Vec<TerminationType>>,
    /// Sort of employment.
    #[schemars(length(min = 1))]
    pub(super) employment_type: Option<Vec<EmploymentType>>,
}

/// One alternative of `any`: every key that is given has to agree.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub(super) struct RawCondition {
    /// How fast access has to end.
    #[schemars(length(min = 1))]
    pub(super) urgency: Option<Vec<Urgency>>,
    /// Tier of the person.
    #[schemars(length(min = 1))]
    pub(super) role_tier: Option<Vec<RoleTier>>,
    /// How they left.
    #[schemars(length(min = 1))]
    pub(super) termination_type: Option<Vec<TerminationType>>,
    /// Sort of employment.
    #[schemars(length(min = 1))]
    pub(super) employment_type: Option<Vec<EmploymentType>>,
}

/// Whether access ends at once or in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawMode {
    /// Due at the end.
    Immediate,
    /// Due in stages.
    Staged,
}

/// Time after the end by kind of access; `default` is for every kind that is not named, and is `0m` if left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transform = allow_keys)]
pub(super) struct RawAllow(pub(super) BTreeMap<String, WrittenDuration>);

/// The keys of `allow` are `default` and the kinds.
fn allow_keys(schema: &mut schemars::Schema) {
    let mut words = vec!["default"];
    words.extend(scan_contract::AccessKind::WORDS);
    schema.insert("propertyNames".to_owned(), serde_json::json!({ "enum": words }));
}

/// One stage.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStage {
    /// Time after the end at which these kinds are due.
    pub(super) at: WrittenDuration,
    /// Kinds of this stage.
    #[schemars(length(min = 1))]
    pub(super) kinds: Vec<WrittenKind>,
}

/// Who decides about exceptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApprovers {
    /// Group of people.
    #[schemars(length(min = 1))]
    pub(super) group: String,
    /// How many of them.
    #[schemars(range(min = 1))]
    pub(super) count: u32,
}

/// One example.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    /// What is asked.
    pub(super) given: RawGiven,
    /// What has to come out.
    pub(super) expect: RawExpect,
}

/// What an example asks. Only the kind is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGiven {
    /// Kind of access.
    pub(super) kind: WrittenKind,
    /// How fast access has to end; `standard` if left out.
    pub(super) urgency: Option<Urgency>,
    /// Tier of the person; not known if left out.
    pub(super) role_tier: Option<RoleTier>,
    /// How they left; not known if left out.
    pub(super) termination_type: Option<TerminationType>,
    /// Sort of employment; `employee` if left out.
    pub(super) employment_type: Option<EmploymentType>,
}

/// What has to come out of an example.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpect {
    /// The rule that decides.
    pub(super) rule: String,
    /// Time after the end.
    pub(super) due_after: WrittenDuration,
}
