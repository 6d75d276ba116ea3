//! `holdover.yaml`.

use super::{Files, add, instant, native, roster, sha256};
use crate::world::{Fault, Form, Source, System, Table, World};

pub(super) fn write(world: &World, files: &mut Files) {
    let digest = |files: &Files, path: &str| files.get(path).map(sha256).unwrap_or_default();
    let proven = |path: &str| format!("{{ path: {path}, sha256: \"{}\" }}", digest(files, path));
    let (domain, aliases) = &world.domain;
    let mut text = format!(
        "# {}: a company that does not exist. Made by `cargo run -p holdover-kit --bin make-sample`.\n\
version: 1\norganisation: {}\nstate_dir: state\n\nroster:\n  leave_policy: keep_access\n",
        world.organisation, world.organisation
    );
    add(&mut text, format_args!("  aliases: {}\n", proven("roster/aliases.csv")));
    add(&mut text, format_args!("  links: {}\n", proven("roster/links.yaml")));
    text.push_str("  expected:\n");
    for (batch, count, from, until) in &world.announced {
        add(
            &mut text,
            format_args!("    - {{ batch: {batch}, count: {count}, from: \"{from}\", until: \"{until}\" }}\n"),
        );
    }
    text.push_str("  batches:\n    - { batch: wave-1, disclosed_at: \"2026-07-31T07:00:00Z\" }\n  sources:\n");
    for (rank, source) in [Source::Hris, Source::Contractors].into_iter().enumerate() {
        text.push_str(&source_text(world, source, rank + 1));
    }
    add(
        &mut text,
        format_args!(
            "\nidentity:\n  domains: [{{ name: {domain}, aliases: [{}] }}]\n\npolicy: policy.yaml\nexceptions: exceptions.yaml\nknown_apps: {}\n\nsystems:\n",
            aliases.join(", "),
            proven("known-apps.csv")
        ),
    );
    for system in &world.systems {
        text.push_str(&system_text(system, &digest(files, "exports/hosts.txt")));
    }
    text.push_str("\nsentinel_leavers:\n");
    for sentinel in &world.sentinels {
        add(
            &mut text,
            format_args!(
                "  - {{ person_id: {}, system: {}, kind: {}, grant_id: {} }}\n",
                sentinel.person, sentinel.system, sentinel.kind, sentinel.grant_id
            ),
        );
    }
    outputs(world, &mut text);
    files.put("holdover.yaml", text);
}

/// When it is, and what is written.
fn outputs(world: &World, text: &mut String) {
    // The sample never goes stale: everything is judged at one written instant.
    add(
        text,
        format_args!(
            "\nrun: {{ as_of: \"{}\" }}\n\noutputs:\n  - {{ format: table, path: \"-\" }}\n",
            instant(world.now)
        ),
    );
    for (format, path) in [
        ("json", "report.json"),
        ("ocsf", "findings.ndjson"),
        ("csv", "findings.csv"),
        ("sarif", "findings.sarif"),
        ("markdown", "report.md"),
        ("html", "report.html"),
    ] {
        add(text, format_args!("  - {{ format: {format}, path: out/{path} }}\n"));
    }
    text.push_str("metrics: { textfile: out/holdover.prom }\n");
}

fn source_text(world: &World, source: Source, rank: usize) -> String {
    let id = source.id();
    let special = match source {
        Source::Hris => "      encoding: utf-8\n      end_date_meaning: last_day_included\n",
        Source::Contractors => {
            "      encoding: windows-1252\n      delimiter: \";\"\n      date_format: \"%d.%m.%Y\"\n      end_date_meaning: first_day_excluded\n"
        }
    };
    let sentinel = |employed: bool| {
        world
            .people
            .iter()
            .filter(|person| person.stints.iter().all(|stint| stint.source == source))
            .find(|person| {
                person.employed_at(world.now) == employed
                    && person.stints.len() == 1
                    && person.stints[0].ends().is_none_or(|end| end.at <= world.now)
            })
            .map_or("", |person| person.id.as_str())
    };
    format!(
        "    - id: {id}\n      format: csv\n      path: roster/{id}.csv\n      manifest: roster/{id}.meta.json\n      coverage: full\n{special}      default_time_zone: {}\n      max_age: 26h\n      rank: {rank}\n{}      sentinels: {{ active: [{}], ended: [{}] }}\n",
        Source::DEFAULT_ZONE.name(),
        roster::mapping(source),
        sentinel(true),
        sentinel(false),
    )
}

fn system_text(system: &System, hosts_digest: &str) -> String {
    let id = &system.id;
    let mut text = format!(
        "  - id: {id}\n    connector: {}\n    tier: tier{}\n    owner_team: {}\n",
        system.connector(),
        system.tier,
        system.owner_team
    );
    if system.max_age_hours > 0 {
        add(&mut text, format_args!("    max_age: {}h\n", system.max_age_hours));
    }
    if let Some(login_is) = system.login_is {
        add(&mut text, format_args!("    login_is: {login_is}\n"));
    }
    if let Some((scope, kind, grant_id)) = &system.known_object {
        add(
            &mut text,
            format_args!("    known_object: {{ scope: {scope}, kind: {kind}, grant_id: \"{grant_id}\" }}\n"),
        );
    }
    for fault in &system.faults {
        if let Fault::Excluded { scope, reason, until } = fault {
            add(&mut text, format_args!("    exclude: [{{ scope: {scope}, reason: {reason}, until: \"{until}\" }}]\n"));
        }
    }
    match &system.form {
        Form::Native(packing) => add(
            &mut text,
            format_args!(
                "    scopes: [{}]\n    files: [{{ path: {}, format: ndjson }}]\n",
                system.scopes.join(", "),
                native::path(system, *packing)
            ),
        ),
        Form::Table(table) => text.push_str(&table_text(id, table)),
        Form::Aws(account) => {
            add(
                &mut text,
                format_args!(
                    "    account: \"{}\"\n    documents:\n      as_of: {}\n      authorization_details: exports/{id}/authorization-details.json\n",
                    account.account,
                    instant(system.as_of)
                ),
            );
            if account.has_report {
                add(&mut text, format_args!("      credential_report: exports/{id}/credential-report.json\n"));
            }
            if account.has_key_lists {
                add(&mut text, format_args!("      access_keys: exports/{id}/access-keys.json\n"));
            }
        }
        Form::Ssh(_) => add(
            &mut text,
            format_args!(
                "    tree: exports/hosts\n    expected_hosts: {{ path: exports/hosts.txt, sha256: \"{hosts_digest}\" }}\n    as_of: {}\n",
                instant(system.as_of)
            ),
        ),
    }
    text
}

fn table_text(id: &str, table: &Table) -> String {
    let words = |words: &[(&str, &str)]| {
        words.iter().map(|(ours, theirs)| format!("{ours}: [{theirs}]")).collect::<Vec<_>>().join(", ")
    };
    let mapped = [
        "grant_id",
        "grant_display",
        "status",
        "privilege",
        "created_at",
        "last_used_at",
        "expires_at",
        "login",
        "email",
        "employee_id",
        "name",
        "target",
    ];
    let columns: Vec<String> = table
        .columns
        .iter()
        .filter(|column| mapped.contains(&column.field))
        .map(|column| format!("{}: {}", column.field, column.header))
        .collect();
    let times = |value: &str| {
        table
            .columns
            .iter()
            .filter(|column| matches!(column.field, "created_at" | "last_used_at" | "expires_at"))
            .map(|column| format!("{}: {value}", column.field))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut text = format!(
        "    files:\n      - path: exports/{id}.csv\n        format: csv\n        manifest: exports/{id}.meta.json\n        scope: {}\n        kind: {}\n        delimiter: \"{}\"\n        columns: {{ {} }}\n        values: {{ status: {{ {} }}, privilege: {{ {} }}, {} }}\n",
        table.scope,
        table.kind,
        table.delimiter,
        columns.join(", "),
        words(&table.status_words),
        words(&table.privilege_words),
        times("{ none: [never], hidden: [\"\"] }"),
    );
    if let Some(pattern) = table.time_format {
        add(&mut text, format_args!("        formats: {{ {} }}\n", times(&format!("\"{pattern}\""))));
    }
    if let Some(zone) = table.zone {
        add(&mut text, format_args!("        time_zone: {}\n", zone.name()));
    }
    text
}
