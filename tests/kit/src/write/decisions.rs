//! Policy, exceptions, known apps.

use scan_contract::AccessKind;

use super::{Files, add, instant};
use crate::world::{PolicyRule, World};

pub(super) fn write(world: &World, files: &mut Files) {
    files.put("policy.yaml", policy(world));
    files.put("exceptions.yaml", exceptions(world));
    let mut apps = String::from("name,owner,system\n");
    for (name, owner, system) in &world.known_apps {
        add(&mut apps, format_args!("{name},{owner},{}\n", system.as_deref().unwrap_or("")));
    }
    files.put("known-apps.csv", apps);
}

fn policy(world: &World) -> String {
    let mut text = String::from(
        "# How fast access has to go after somebody left, decided before it was needed.\n\
version: 1\nend_basis: earliest_of_last_day_worked_and_end_date\nrules:\n",
    );
    for rule in &world.policy.rules {
        text.push_str(&rule_text(rule));
    }
    text.push_str("cases:\n");
    for rule in &world.policy.rules {
        let given = match &rule.when {
            Some((true, _)) => "urgency: immediate, ".to_owned(),
            Some((false, tiers)) => tiers.first().map(|tier| format!("role_tier: tier{tier}, ")).unwrap_or_default(),
            None => String::new(),
        };
        for kind in [AccessKind::Session, AccessKind::SharedSecret] {
            add(
                &mut text,
                format_args!(
                    "  - {{ given: {{ {given}kind: {kind} }}, expect: {{ rule: {}, due_after: {} }} }}\n",
                    rule.id,
                    hours(rule.hours(kind))
                ),
            );
        }
    }
    text
}

/// Hours as a duration of the file.
fn hours(hours: u32) -> String {
    if hours == 0 { String::from("0m") } else { format!("{hours}h") }
}

fn rule_text(rule: &PolicyRule) -> String {
    let tiers = |tiers: &[u8]| tiers.iter().map(|tier| format!("tier{tier}")).collect::<Vec<_>>().join(", ");
    let when = match &rule.when {
        None => String::from("    when: {}\n"),
        Some((false, of)) => format!("    when: {{ role_tier: [{}] }}\n", tiers(of)),
        Some((true, of)) => format!(
            "    when:\n      any:\n        - {{ urgency: [immediate] }}\n        - {{ role_tier: [{}] }}\n",
            tiers(of)
        ),
    };
    let mut text = format!("  - id: {}\n{when}", rule.id);
    if rule.immediate {
        let allowed: Vec<String> = rule
            .stages
            .iter()
            .flat_map(|(after, kinds)| kinds.iter().map(move |kind| format!("{kind}: {}", hours(*after))))
            .collect();
        add(&mut text, format_args!("    mode: immediate\n    allow: {{ default: 0m, {} }}\n", allowed.join(", ")));
    } else {
        text.push_str("    mode: staged\n    stages:\n");
        let named: Vec<AccessKind> = rule.stages.iter().flat_map(|(_, kinds)| kinds.clone()).collect();
        let at_once: Vec<&str> = AccessKind::ALL
            .iter()
            .filter(|kind| **kind != AccessKind::License && !named.contains(kind))
            .map(|kind| kind.as_str())
            .collect();
        add(&mut text, format_args!("      - at: 0m\n        kinds: [{}]\n", at_once.join(", ")));
        for (after, kinds) in &rule.stages {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            add(&mut text, format_args!("      - {{ at: {}, kinds: [{}] }}\n", hours(*after), kinds.join(", ")));
        }
    }
    add(&mut text, format_args!("    approvers: {{ group: {}, count: {} }}\n", rule.approvers.0, rule.approvers.1));
    text
}

fn exceptions(world: &World) -> String {
    let mut text = String::from("# Who may keep what until when. Reviewed like code.\nversion: 1\nexceptions:\n");
    for exception in &world.exceptions {
        add(
            &mut text,
            format_args!(
                "  - id: {}\n    type: {}\n    scope:\n      person_id: {}\n      system: {}\n      access_kinds: [{}]\n      resource: \"{}\"\n    reason: {}\n    compensating_controls: [source-ip-allowlist, daily-use-report]\n    requested_by: {}\n    approved_by: [{}]\n    approved_at: {}\n    starts_at: {}\n    expires_at: {}\n    ticket: https://tickets.meridian.example/browse/SEC-{}\n    review: {{ owner: {}, next_at: 2026-08-05T09:00:00Z, on_expiry: reopen }}\n",
                exception.id,
                exception.kind,
                exception.person,
                exception.system,
                exception.access_kind,
                exception.grant_id,
                exception.reason,
                exception.requested_by,
                exception.approved_by.join(", "),
                instant(exception.approved_at),
                instant(exception.holds.0),
                instant(exception.holds.1),
                exception.id.trim_start_matches("EX-2026-"),
                exception.approved_by.first().map_or("", String::as_str),
            ),
        );
    }
    text
}
