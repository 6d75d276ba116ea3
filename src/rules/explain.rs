//! What `rules explain ID` prints.

use super::controls;
use super::ruleset::Rule;

/// Everything about a rule, as plain text for people.
pub fn explain(rule: &Rule) -> String {
    let mut text = format!("{}  {}\n", rule.id, rule.title);
    line(&mut text, &format!("version {}, {}, weight {}", rule.version, rule.status.as_str(), rule.weight));
    if rule.additive {
        line(&mut text, "adds to the rule that found the grant");
    }
    section(&mut text, "Reason", [&*rule.reason]);
    section(
        &mut text,
        "Looks at",
        [
            format!("kinds: {}", joined(rule.kinds.iter().map(|kind| kind.as_str()))),
            format!("relations: {}", joined(rule.relations.iter().map(|relation| relation.as_str()))),
            format!("employment: {}", joined(rule.employment.iter().map(|view| view.as_str()))),
        ],
    );
    section(&mut text, "Holds when", rule.when.lines());
    section(&mut text, "Evidence", rule.evidence.iter());
    section(&mut text, "Remedy", rule.remedy.lines());
    section(
        &mut text,
        &format!("Controls (mapping {})", controls::MAPPING_VERSION),
        rule.controls.iter().map(|id| titled(id)),
    );
    section(&mut text, "ATT&CK", rule.attack.iter().map(|id| titled(id)));
    section(&mut text, "False positives", rule.false_positives.iter());
    section(&mut text, "Cases", rule.cases.iter().map(|case| format!("{:<8}{}", case.expected.as_str(), case.name)));
    text
}

fn titled(id: &str) -> String {
    controls::control_named(id)
        .or_else(|| controls::technique_named(id))
        .map_or_else(|| id.to_owned(), |known| format!("{id}  {}", known.title))
}

fn section(text: &mut String, heading: &str, lines: impl IntoIterator<Item = impl AsRef<str>>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return;
    }
    text.push('\n');
    line(text, heading);
    for each in lines {
        line(text, &format!("  {}", each.as_ref()));
    }
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
