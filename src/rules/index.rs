//! The generated part of the rule author's documentation: `rules/README.md`.

use super::controls;
use super::fields::{FIELDS, Field, Holds};
use super::ruleset::{RuleSet, RuleStatus};

/// The whole of `rules/README.md`.
pub fn readme(rules: &RuleSet) -> String {
    let mut text = String::from(INTRODUCTION);
    row(&mut text, "| Rule | Status | Looks at | Relations | Says |");
    row(&mut text, "|---|---|---|---|---|");
    for (_, rule) in rules.iter() {
        let kinds = if rule.kinds.len() == scan_contract::AccessKind::ALL.len() {
            "every kind".to_owned()
        } else {
            rule.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
        };
        let relations = if rule.relations.len() == scan_contract::Relation::ALL.len() {
            "every relation".to_owned()
        } else {
            rule.relations.iter().map(|relation| relation.as_str()).collect::<Vec<_>>().join(", ")
        };
        let status = match (rule.status, rule.additive) {
            (RuleStatus::Stable, false) => "",
            (RuleStatus::Stable, true) => "adds to others",
            (RuleStatus::Experimental | RuleStatus::Retired, _) => rule.status.as_str(),
        };
        row(
            &mut text,
            &format!("| [`{0}`]({0}.yaml) | {status} | {kinds} | {relations} | {1} |", rule.id, rule.reason),
        );
    }
    text.push_str(LANGUAGE);
    row(&mut text, "| Fact | Holds | Can be | Means |");
    row(&mut text, "|---|---|---|---|");
    for field in FIELDS {
        row(&mut text, &format!("| `{}` | {} | {} | {} |", field.path, holds(field), can_be(field), field.means));
    }
    row(&mut text, "| `now` | time | | the present instant |");
    for (name, _) in rules.list_sizes() {
        row(&mut text, &format!("| `lists.{name}` | list | | `lists/{}.yaml` |", name.replace('_', "-")));
    }
    row(&mut text, "\n## Controls\n");
    row(
        &mut text,
        &format!("Mapping version {}. It is ours, not published by the bodies.\n", controls::MAPPING_VERSION),
    );
    row(&mut text, "| Rule | Controls | ATT&CK |");
    row(&mut text, "|---|---|---|");
    for (_, rule) in rules.iter() {
        row(&mut text, &format!("| `{}` | {} | {} |", rule.id, rule.controls.join(", "), rule.attack.join(", ")));
    }
    text
}

fn holds(field: &Field) -> String {
    match field.holds {
        Holds::Bool => "true or false".to_owned(),
        Holds::Int => "number".to_owned(),
        Holds::Text => "text".to_owned(),
        Holds::Time(_) => "time".to_owned(),
        Holds::Word(words) => words().join(", "),
    }
}

fn can_be(field: &Field) -> &'static str {
    match (field.absent, field.hidden) {
        (true, true) => "absent, hidden",
        (true, false) => "absent",
        (false, true) => "hidden",
        (false, false) => "",
    }
}

fn row(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

const INTRODUCTION: &str = "\
<!-- Generated from the rules; a test compares. `HOLDOVER_REGENERATE=1 cargo test --lib rules` writes it again. -->

# Rules

One rule a file. A rule says what is wrong with a grant that somebody left behind; how bad it is comes from the severity
matrix, and whose it is from identity. A rule answers *hit*, *miss* or *unknown*: a fact that a system withholds makes
the answer unknown, and an unknown answer is listed, never dropped.

A disabled or expired grant is still a hit: whether it is a remnant is decided beside the rules.

An id is for ever. A rule is never edited to tune it: grants that are to be treated apart stand in `lists/`, which the
operator owns. To take a rule out of force, set `status: retired`.

To add a rule: write `rules/<id>.yaml` (the schema is `schema.json`), give it a case for each of the three answers, name
it in `src/rules/embedded.rs`, and generate this page again with `HOLDOVER_REGENERATE=1 cargo test --lib rules`.

An operator's own rules and lists lie in a directory that the configuration names. They lie on top of these: a file of
the same name replaces, a new one adds, and leaving one out changes nothing. `holdover rules test` runs every case.

";

const LANGUAGE: &str = "
## What a condition may use

Conditions are CEL without loops: comparisons, `in`, `has()`, `!`, `&&`, `||`, `? :`, `startsWith`, `endsWith`,
`contains`, and a time plus or minus a `duration(\"24h\")`. A mistyped name is an error when the rules are loaded.

- A fact that can be absent is asked for with `has()` first. Absent means that the system says there is none.
- A hidden fact makes the whole answer unknown, unless the rest of the condition decides it.
- Times carry their precision. A comparison that the precision does not decide is unknown. A source's time is compared
  with `<` and `>=`: it counts as after the instant it begins at.
- `access in lists.break_glass` asks for the grant, the account it hangs from, and the logins of its holders. Of an
  account without any login it asks for the display text; no other display text puts a grant on a list.

";
