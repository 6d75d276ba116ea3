//! Checks beyond the schema: every mistake of a policy at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{AccessKind, Instant};

use crate::exceptions::limits;
use crate::problem::Problem;
use crate::roster::{EmploymentType, EndBasis, RoleTier, Urgency};
use crate::yaml::Document;
use crate::yaml::forms::duration_text;

use super::raw::{RawCondition, RawMode, RawPolicy, RawRule, RawWhen};
use super::{Case, Condition, DEFAULT_RULE, Policy, PolicyInput, Rule, When};

/// Kinds that work by themselves from the first minute: an immediate rule leaves them no time.
pub(super) const AT_ONCE: [AccessKind; 7] = [
    AccessKind::Account,
    AccessKind::Session,
    AccessKind::OauthGrant,
    AccessKind::ApiToken,
    AccessKind::AccessKey,
    AccessKind::ServiceKey,
    AccessKind::SshKey,
];

/// The policy, or everything that is wrong with it.
pub(super) fn policy(document: &Document, raw: RawPolicy) -> Result<Policy, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    // Tiers that an earlier rule takes whatever else holds: they reach no later one.
    let mut taken: BTreeSet<RoleTier> = BTreeSet::new();
    let count = raw.rules.len();
    for (position, written) in raw.rules.into_iter().enumerate() {
        let at = format!("/rules/{position}");
        let id = written.id.clone();
        if id == DEFAULT_RULE {
            let says = format!("the id `{DEFAULT_RULE}` is what is cited where no rule decides");
            problems.push(document.problem(&format!("{at}/id"), says));
        }
        if let Some(earlier) = ids.insert(id.clone(), position) {
            let says = format!("the id `{id}` stands twice");
            problems.push(document.problem(&format!("{at}/id"), says).help(format!("rules[{earlier}] has it already")));
        }
        let when = when(&written.when);
        let is_last = position + 1 == count;
        if is_last && !when.matches_everybody() {
            problems.push(
                document
                    .problem(&format!("{at}/when"), "the last rule has to match everybody")
                    .help("write `when: {}`, or add a rule behind it"),
            );
        }
        if !is_last && when.matches_everybody() {
            let says = "matches everybody, so that no rule behind it is ever asked";
            problems.push(document.problem(&format!("{at}/when"), says).help("only the last rule has `when: {}`"));
        }
        let tiers = tiers(&when, &taken);
        let after = allowances(document, &at, &written, &mut problems);
        bound(document, &at, &written, &after, &tiers, &mut problems);
        taken.extend(tiers_taken(&when));
        let approvers = written.approvers.map(|approvers| (approvers.group, approvers.count));
        rules.push(Rule { id: Arc::from(id), when, after, approvers });
    }
    let cases = raw.cases.iter().enumerate().map(|(position, case)| {
        let at = format!("/cases/{position}");
        if !ids.contains_key(&case.expect.rule) {
            let problem =
                document.problem(&format!("{at}/expect/rule"), format!("no rule is called `{}`", case.expect.rule));
            let near = crate::problem::nearest(&case.expect.rule, ids.keys().map(String::as_str));
            problems.push(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
        let line = document.place(&at).map_or(0, |place| place.line);
        let input = PolicyInput {
            urgency: case.given.urgency.unwrap_or(Urgency::Standard),
            role_tier: case.given.role_tier,
            termination_type: case.given.termination_type,
            employment_type: case.given.employment_type.unwrap_or(EmploymentType::Employee),
            kind: case.given.kind.0,
            // Any instant in force serves: what is compared is the time after the end.
            end_at: Instant::MAX_UTC - chrono::TimeDelta::days(365),
        };
        Case { line, input, rule: case.expect.rule.clone(), after: case.expect.due_after.0 }
    });
    let cases: Vec<Case> = cases.collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Policy {
        digest: None,
        end_basis: raw.end_basis.unwrap_or(EndBasis::EarliestOfLastDayWorkedAndEndDate),
        effective_from: raw.effective_from.map(|from| from.0),
        rules,
        cases,
    })
}

/// Time after the end by kind.
fn allowances(
    document: &Document,
    at: &str,
    rule: &RawRule,
    problems: &mut Vec<Problem>,
) -> Vec<(AccessKind, Duration)> {
    match rule.mode {
        RawMode::Immediate => {
            if rule.stages.is_some() {
                let says = "an immediate rule has no stages";
                problems
                    .push(document.key_problem(&format!("{at}/stages"), says).help("write `mode: staged` or `allow`"));
            }
            immediate(document, at, rule, problems)
        }
        RawMode::Staged => {
            if rule.allow.is_some() {
                let says = "a staged rule has no allowances";
                problems.push(
                    document.key_problem(&format!("{at}/allow"), says).help("write `mode: immediate` or `stages`"),
                );
            }
            staged(document, at, rule, problems)
        }
    }
}

fn immediate(
    document: &Document,
    at: &str,
    rule: &RawRule,
    problems: &mut Vec<Problem>,
) -> Vec<(AccessKind, Duration)> {
    let allow = |key: &str| rule.allow.as_ref().and_then(|allow| allow.0.get(key)).map(|after| after.0);
    let default = allow("default").unwrap_or(Duration::ZERO);
    let kinds = AccessKind::ALL.iter().map(|kind| (*kind, allow(kind.as_str()).unwrap_or(default))).collect::<Vec<_>>();
    for kind in AT_ONCE {
        if let Some(after) = allow(kind.as_str()).filter(|after| !after.is_zero()) {
            let says =
                format!("an immediate rule leaves no time for `{kind}`, but this gives {}", duration_text(after));
            problems
                .push(document.problem(&format!("{at}/allow/{kind}"), says).help("write 0m, or make the rule staged"));
        }
    }
    let reached: Vec<&str> = AT_ONCE.iter().map(|kind| kind.as_str()).filter(|kind| allow(kind).is_none()).collect();
    if !default.is_zero() && !reached.is_empty() {
        let says = format!("an immediate rule leaves no time for {}, which this reaches", reached.join(", "));
        problems.push(
            document
                .problem(&format!("{at}/allow/default"), says)
                .help("write 0m, and name the kinds that may take longer"),
        );
    }
    kinds
}

fn staged(document: &Document, at: &str, rule: &RawRule, problems: &mut Vec<Problem>) -> Vec<(AccessKind, Duration)> {
    let Some(stages) = &rule.stages else {
        problems.push(document.problem(at, "`stages` is missing: the rule is staged"));
        return Vec::new();
    };
    let mut found: BTreeMap<AccessKind, (Duration, String)> = BTreeMap::new();
    for (stage_position, stage) in stages.iter().enumerate() {
        for (kind_position, kind) in stage.kinds.iter().enumerate() {
            let here = format!("{at}/stages/{stage_position}/kinds/{kind_position}");
            if let Some((_, earlier)) = found.get(&kind.0) {
                let line = document.place(earlier).map_or(0, |place| place.line);
                problems.push(
                    document
                        .problem(&here, format!("`{}` stands in this rule twice", kind.0))
                        .help(format!("line {line} has it already")),
                );
            } else {
                found.insert(kind.0, (stage.at.0, here));
            }
        }
    }
    let missing: Vec<&str> = AccessKind::ALL
        .iter()
        .filter(|kind| **kind != AccessKind::License && !found.contains_key(kind))
        .map(|kind| kind.as_str())
        .collect();
    if !missing.is_empty() {
        let says =
            format!("no stage says when {} {} due", missing.join(", "), if missing.len() == 1 { "is" } else { "are" });
        problems
            .push(document.problem(&format!("{at}/stages"), says).help("every kind but license stands in one stage"));
    }
    found.into_iter().map(|(kind, (after, _))| (kind, after)).collect()
}

/// An allowance needs no approval, so it may not be longer than what an approval could give.
fn bound(
    document: &Document,
    at: &str,
    rule: &RawRule,
    after: &[(AccessKind, Duration)],
    tiers: &BTreeSet<RoleTier>,
    problems: &mut Vec<Problem>,
) {
    let Some((tier, limit)) =
        tiers.iter().map(|tier| (*tier, limits::longest_of_all(*tier))).min_by_key(|(tier, limit)| (*limit, *tier))
    else {
        return;
    };
    if !after.iter().any(|(_, after)| *after > limit) {
        return;
    }
    let mut say = |pointer: String, after: Duration| {
        let says = format!("{} is longer than the longest exception in {}", duration_text(after), tier.as_str());
        problems.push(document.problem(&pointer, says).help(format!("at most {} may be agreed", duration_text(limit))));
    };
    if rule.mode == RawMode::Immediate {
        for (key, after) in rule.allow.iter().flat_map(|allow| &allow.0).filter(|(_, after)| after.0 > limit) {
            say(format!("{at}/allow/{key}"), after.0);
        }
    } else {
        for (position, stage) in rule.stages.iter().flatten().enumerate().filter(|(_, stage)| stage.at.0 > limit) {
            say(format!("{at}/stages/{position}/at"), stage.at.0);
        }
    }
}

/// Tiers of people whom the rule can match. A rule that does not ask also matches people whose tier is not known; the
/// widest tier stands for them.
fn tiers(when: &When, taken: &BTreeSet<RoleTier>) -> BTreeSet<RoleTier> {
    let all = || RoleTier::ALL.iter().copied().collect::<BTreeSet<_>>();
    let of = |condition: &Condition| {
        if condition.role_tier.is_empty() { all() } else { condition.role_tier.iter().copied().collect() }
    };
    let mut reached = of(&when.all);
    let mut asks = !when.all.role_tier.is_empty();
    if !when.any.is_empty() {
        let alternatives: BTreeSet<RoleTier> = when.any.iter().flat_map(&of).collect();
        reached = reached.intersection(&alternatives).copied().collect();
        asks |= when.any.iter().all(|condition| !condition.role_tier.is_empty());
    }
    let mut left: BTreeSet<RoleTier> = reached.difference(taken).copied().collect();
    if !asks {
        left.insert(RoleTier::Tier3);
    }
    left
}

/// Tiers that the rule takes whatever else holds.
fn tiers_taken(when: &When) -> Vec<RoleTier> {
    let asks_only_tier = |condition: &Condition| {
        *condition == Condition { role_tier: condition.role_tier.clone(), ..Condition::default() }
    };
    if when.any.is_empty() && asks_only_tier(&when.all) {
        return when.all.role_tier.clone();
    }
    if when.all != Condition::default() {
        return Vec::new();
    }
    when.any
        .iter()
        .filter(|condition| asks_only_tier(condition))
        .flat_map(|condition| condition.role_tier.clone())
        .collect()
}

fn when(raw: &RawWhen) -> When {
    let all = Condition {
        urgency: raw.urgency.clone().unwrap_or_default(),
        role_tier: raw.role_tier.clone().unwrap_or_default(),
        termination_type: raw.termination_type.clone().unwrap_or_default(),
        employment_type: raw.employment_type.clone().unwrap_or_default(),
    };
    When { all, any: raw.any.iter().flatten().map(condition).collect() }
}

fn condition(raw: &RawCondition) -> Condition {
    Condition {
        urgency: raw.urgency.clone().unwrap_or_default(),
        role_tier: raw.role_tier.clone().unwrap_or_default(),
        termination_type: raw.termination_type.clone().unwrap_or_default(),
        employment_type: raw.employment_type.clone().unwrap_or_default(),
    }
}
