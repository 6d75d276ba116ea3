use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use scan_contract::AccessKind;

use crate::problem::{Problem, render};
use crate::roster::settings::{Encoding, EndDateMeaning, SourceCoverage, SourceFormat};
use crate::roster::{LeavePolicy, RoleTier};

use super::*;

const GOOD: &str = r#"version: 1
organisation: example-org
state_dir: state
roster:
  aliases: aliases.csv
  links: { path: links.yaml, sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  leave_policy: suspend_access
  expected: [{ batch: wave-1, count: 120, from: "2026-07-31", until: "2026-08-02" }]
  batches: [{ batch: wave-1, disclosed_at: "2026-07-31T13:00:00Z" }]
  sources:
    - id: hris
      format: csv
      path: hris.csv
      manifest: hris.meta.json
      coverage: full
      encoding: windows-1252
      delimiter: ";"
      default_time_zone: Europe/Berlin
      end_date_meaning: last_day_included
      max_age: 30h
      columns: { person_id: Employee_ID, end_date: Termination_Date }
      values: { status: { ended: [Terminated] } }
      date_format: "%d.%m.%Y"
      none_values: ["-"]
      sentinels: { active: [p-0001], ended: [p-0002] }
identity:
  domains: [{ name: Acme.example, aliases: [acme-old.example] }]
policy: policy.yaml
exceptions: exceptions.yaml
systems:
  - id: crm
    connector: import
    tier: tier2
    owner_team: sales-tools
    max_age: 36h
    settle_time: 1h
    scopes: [accounts, api-tokens]
    login_is: email_local_part
    dies_with_account: [password]
    known_object: { scope: accounts, kind: account, grant_id: u-1 }
    exclude: [{ scope: api-tokens, reason: read by another team, until: "2026-12-31" }]
    depth: everyone
    files: [{ path: exports/crm.ndjson, format: ndjson }]
  - id: payroll
    connector: import
    files:
      - path: exports/payroll.csv
        format: csv
        manifest: exports/payroll.meta.json
        scope: accounts
        kind: account
        columns: { grant_id: User ID, status: State, created_at: Created }
        values: { status: { enabled: [Active], disabled: [Locked] } }
        formats: { created_at: "%d.%m.%Y" }
        time_zone: Europe/Berlin
        delimiter: "\t"
        encoding: utf-16
        relation: owner
  - id: aws-legacy
    connector: aws
    tier: tier0
    account: "111122223333"
    documents:
      as_of: 2026-08-01T00:50:00Z
      authorization_details: exports/aws/details.json
      credential_report: exports/aws/report.csv
    owner_tags: [responsible]
  - id: fleet
    connector: ssh
    tree: exports/hosts
    expected_hosts: { path: exports/hosts.txt }
    as_of: 2026-08-01T00:30:00Z
sentinel_leavers: [{ person_id: p-canary, system: crm, kind: api_token, grant_id: tok_canary }]
known_apps: apps.csv
run:
  as_of: 2026-08-01T02:00:00Z
  deadline: 90m
  threads: 2
  fail_on: low
outputs:
  - { format: table, path: "-" }
  - { format: csv, path: out/findings.csv, persons: name, csv_bom: true }
  - { format: sarif, path: out/findings.sarif }
metrics: { textfile: out/holdover.prom, min_detail: system }
"#;

fn environment(name: &str) -> Option<String> {
    match name {
        "EXPORTS" => Some("/srv/exports".to_owned()),
        "THREADS" => Some("3".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Loaded, Vec<Problem>> {
    load(Path::new("conf/holdover.yaml"), text, &environment)
}

fn refused(text: &str) -> Vec<Problem> {
    match read(text) {
        Ok(loaded) => panic!("accepted: {:#?}", loaded.config),
        Err(problems) => problems,
    }
}

/// The place of a text that stands in `text` once, and of the key that follows a dash in it.
fn place_of(text: &str, needle: &str) -> (usize, usize) {
    let offset = text.find(needle).unwrap_or_else(|| panic!("{needle:?} stands in the text"));
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    (line, before.chars().rev().take_while(|character| *character != '\n').count() + 1)
}

/// Replaces `from` by `to` in the good file; the one problem is at `at` (a text of the new file) and says `says`.
#[track_caller]
fn assert_one(from: &str, to: &str, at: &str, key: &str, says: &str) -> Problem {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} stands once");
    let text = GOOD.replace(from, to);
    let problems = refused(&text);
    let [problem] = problems.as_slice() else {
        panic!("not one problem:\n{}", render(&problems, |_| Some(text.clone())))
    };
    let place = problem.place.unwrap();
    assert_eq!(
        (place.line, place.column, problem.key.as_str(), problem.says.as_str()),
        (place_of(&text, at).0, place_of(&text, at).1, key, says)
    );
    problem.clone()
}

#[test]
fn a_good_file_becomes_a_configuration() {
    let Loaded { config, .. } =
        read(GOOD).unwrap_or_else(|problems| panic!("{}", render(&problems, |_| Some(GOOD.to_owned()))));
    assert_eq!((config.base.as_path(), config.file.as_path()), (Path::new("conf"), Path::new("conf/holdover.yaml")));
    assert_eq!(config.digest.len(), 64);
    assert_eq!((config.organisation.as_str(), config.state_dir.as_path()), ("example-org", Path::new("state")));
    assert_eq!(config.leave_policy, LeavePolicy::SuspendAccess);
    assert_eq!(
        config.domains,
        [DomainConfig { name: "acme.example".to_owned(), aliases: vec!["acme-old.example".to_owned()] }]
    );
    assert_eq!(config.policy.as_deref(), Some(Path::new("policy.yaml")));
    assert_eq!(config.known_apps, Some(ProvenFile { path: PathBuf::from("apps.csv"), sha256: None }));
    assert_eq!(config.roster.links.as_ref().and_then(|file| file.sha256.as_ref()).map(String::len), Some(64));
    let source = &config.roster.sources[0];
    assert_eq!(
        (source.format, source.coverage, source.encoding),
        (SourceFormat::Csv, SourceCoverage::Full, Encoding::Windows1252)
    );
    assert_eq!((source.delimiter, source.end_date_meaning, source.rank), (b';', EndDateMeaning::LastDayIncluded, 1));
    assert_eq!(source.max_age, Duration::from_hours(30));
    assert_eq!(source.sentinels_ended, ["p-0002"]);
    assert_eq!(config.roster.expected[0].count, 120);
}

#[test]
fn systems_are_sorted_and_carry_the_settings_of_their_scanner() {
    let config = read(GOOD).unwrap().config;
    let ids: Vec<&str> = config.systems.iter().map(|system| system.id.as_str()).collect();
    assert_eq!(ids, ["aws-legacy", "crm", "fleet", "payroll"]);
    let [aws, crm, fleet, payroll] = config.systems.as_slice() else { panic!("four systems") };
    assert_eq!((aws.tier, crm.tier, fleet.tier), (RoleTier::Tier0, RoleTier::Tier2, RoleTier::Tier1));
    assert_eq!((crm.settle_time, fleet.settle_time), (Duration::from_hours(1), Duration::from_mins(15)));
    assert_eq!((crm.depth, crm.login_is), (Depth::Everyone, LoginMeaning::EmailLocalPart));
    assert_eq!((crm.line, place_of(GOOD, "id: crm").0), (31, 31));
    assert_eq!(crm.dies_with_account.as_deref(), Some([AccessKind::Password].as_slice()));
    let Connector::Import(settings) = &crm.connector else { panic!("an import") };
    assert_eq!(settings.scopes.as_ref().map(Vec::len), Some(2));
    assert_eq!((settings.threads, &settings.files[0].format), (2, &scan_import::Format::Ndjson));
    let Connector::Import(settings) = &payroll.connector else { panic!("an import") };
    let scan_import::Format::Csv(table) = &settings.files[0].format else { panic!("a table") };
    assert_eq!(
        (table.delimiter, table.encoding, table.relation),
        (b'\t', scan_import::Encoding::Utf16, scan_contract::Relation::Owner)
    );
    assert_eq!(table.columns[&scan_import::Field::GrantId], "User ID");
    assert_eq!(table.time_zone, Some(chrono_tz::Europe::Berlin));
    let Connector::Aws(settings) = &aws.connector else { panic!("an account") };
    assert_eq!(
        (settings.account.as_str(), settings.owner_tags.as_slice()),
        ("111122223333", ["responsible".to_owned()].as_slice())
    );
    assert_eq!(settings.documents.access_keys, None);
    let Connector::Ssh(settings) = &fleet.connector else { panic!("hosts") };
    assert_eq!(settings.admin_groups, scan_ssh::Settings::ADMIN_GROUPS);
    assert_eq!(settings.expected_hosts.as_ref().map(|file| file.sha256.clone()), Some(None));
}

#[test]
fn outputs_metrics_and_run_are_read() {
    let config = read(GOOD).unwrap().config;
    let persons: Vec<PersonDisplay> = config.outputs.iter().map(|output| output.persons).collect();
    assert_eq!(persons, [PersonDisplay::Id, PersonDisplay::Name, PersonDisplay::Pseudonym]);
    assert!(config.outputs[1].csv_bom && !config.outputs[0].csv_bom);
    assert_eq!(config.metrics.detail, MetricsDetail::System);
    assert_eq!((config.run.deadline, config.run.threads), (Duration::from_mins(90), 2));
    assert_eq!(config.run.fail_on, crate::findings::Severity::Low);
    assert_eq!((config.run.drop_count, config.run.parallel_systems), (5, 4));
}

#[test]
fn a_short_file_has_every_default() {
    let text = "version: 1\nroster:\n  sources: [{ id: hr, format: csv, path: hr.csv, coverage: full, end_date_meaning: last_day_included }]\nsystems: [{ id: crm, connector: import, files: [{ path: c.ndjson, format: ndjson }] }]\n";
    let loaded = read(text).unwrap();
    let config = &loaded.config;
    assert_eq!(config.state_dir, Path::new("state"));
    assert_eq!(config.run.fail_on, crate::findings::Severity::Info);
    assert!(config.outputs.is_empty() && config.metrics.textfile.is_none());
    assert_eq!(config.roster.sources[0].max_age, Duration::from_hours(26));
    let warnings: Vec<&str> = loaded.warnings.iter().map(|warning| warning.says.as_str()).collect();
    assert_eq!(warnings, ["the source hr has no manifest, so its age is that of the file"]);
}

#[test]
fn a_chosen_clock_is_allowed_and_told() {
    let loaded = read(GOOD).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    assert_eq!(loaded.warnings[0].key, "run.as_of");
}

#[test]
fn a_file_without_a_folder_starts_where_we_stand() {
    let loaded = load(Path::new("holdover.yaml"), GOOD, &environment).unwrap();
    assert_eq!(loaded.config.base, Path::new("."));
}

#[test]
fn ids_batches_paths_and_domains_are_unique() {
    assert_one("id: payroll", "id: \"crm\"", "\"crm\"", "systems[1].id", "the id crm stands twice");
    assert_one(
        "path: out/findings.sarif",
        "path: \"out/findings.csv\"",
        "\"out/findings.csv\"",
        "outputs[2].path",
        "the path out/findings.csv stands twice",
    );
    let source =
        "    - { id: hris2, format: ndjson, path: \"hris.csv\", coverage: active, end_date_meaning: last_day_included }
identity:";
    assert_one("identity:", source, "\"hris.csv\"", "roster.sources[1].path", "the path hris.csv stands twice");
    let batch =
        "disclosed_at: \"2026-07-31T13:00:00Z\" }, { batch: \"wave-1\", disclosed_at: \"2026-08-31T13:00:00Z\" }";
    assert_one(
        "disclosed_at: \"2026-07-31T13:00:00Z\" }",
        batch,
        "\"wave-1\"",
        "roster.batches[1].batch",
        "the batch wave-1 stands twice",
    );
}

#[test]
fn every_mistake_of_the_roster_is_told_with_its_place() {
    for (from, to, at, key, says) in [
        (
            "Europe/Berlin\n      end",
            "Europe/Berln\n      end",
            "Europe/Berln",
            "default_time_zone",
            "no time zone is called \"Europe/Berln\"",
        ),
        ("Europe/Berlin\n      end", "CET\n      end", "CET", "default_time_zone", "no time zone is called \"CET\""),
        (
            "Europe/Berlin\n      end",
            "\"+02:00\"\n      end",
            "\"+02:00\"",
            "default_time_zone",
            "no time zone is called \"+02:00\"",
        ),
        ("date_format: \"%d.%m.%Y\"", "date_format: \"%Q\"", "\"%Q\"", "date_format", "\"%Q\" is no pattern of times"),
        ("date_format: \"%d.%m.%Y\"", "date_format: iso", "iso\n", "date_format", "\"iso\" has no place for a date"),
        (
            "max_age: 30h",
            "max_age: 30",
            "30\n",
            "max_age",
            "expected a duration such as 90s, 15m or 26h (seven days are 168h), found the number 30",
        ),
        (
            "max_age: 30h",
            "max_age: 2d",
            "2d",
            "max_age",
            "\"2d\" is not a duration such as 90s, 15m or 26h (seven days are 168h)",
        ),
        (
            "{ person_id: Employee_ID,",
            "{ personid: Employee_ID,",
            "personid",
            "columns.personid",
            "unknown key `personid`",
        ),
        (
            "end_date: Termination_Date",
            "end_date: Employee_ID",
            "Employee_ID }",
            "columns.end_date",
            "the column \"Employee_ID\" is used for person_id already",
        ),
        (
            "status: { ended: [Terminated] }",
            "status: { end: [Terminated] }",
            "end: [Term",
            "values.status.end",
            "`end` is no word of status",
        ),
        (
            "status: { ended: [Terminated] }",
            "end_date: { ended: [Terminated] }",
            "end_date: { ended",
            "values.end_date",
            "end_date has no vocabulary",
        ),
        (
            "status: { ended: [Terminated] }",
            "status: { ended: [T], active: [T] }",
            "T] }",
            "values.status.ended[0]",
            "\"T\" means active already",
        ),
        (
            "delimiter: \";\"",
            "delimiter: \"::\"",
            "\"::\"",
            "delimiter",
            "\"::\" is not one ASCII character that is no quote",
        ),
        ("ended: [p-0002]", "ended: [p-0001]", "p-0001] }", "sentinels.ended[0]", "p-0001 cannot be active and ended"),
        ("coverage: full", "coverage: fully", "fully", "coverage", "\"fully\" is not one of full, leavers, active"),
        (
            "encoding: windows-1252",
            "encoding: latin1",
            "latin1",
            "encoding",
            "\"latin1\" is not one of utf-8, utf-16, windows-1252",
        ),
    ] {
        // The first of two equal texts would be another place.
        if says.contains("means active") {
            let problems = refused(&GOOD.replace(from, to));
            assert_eq!(problems[0].says, says);
            continue;
        }
        assert_one(from, to, at, &format!("roster.sources[0].{key}"), says);
    }
    assert_one(
        "until: \"2026-08-02\"",
        "until: \"2026-07-30\"",
        "\"2026-07-30\"",
        "roster.expected[0].until",
        "2026-07-30 lies before 2026-07-31",
    );
    assert_one(
        "sha256: \"0123",
        "sha256: \"x0123",
        "\"x0123",
        "roster.links.sha256",
        "\"x0123456789abcdef0123456789abcdef0123456789abcdef0123456789a…\" is not a SHA-256 digest of 64 small hexadecimal digits",
    );
    assert_one(
        "aliases: aliases.csv",
        "aliases: 7",
        "7\n",
        "roster.aliases",
        "expected a path, or a mapping with path and sha256, found the number 7",
    );
    assert_one("links: { path: links.yaml,", "links: {", "links: {", "roster.links", "`path` is missing");
}

#[test]
fn what_an_end_date_means_has_no_default() {
    assert_one(
        "      end_date_meaning: last_day_included\n",
        "",
        "id: hris",
        "roster.sources[0]",
        "`end_date_meaning` is missing",
    );
}

#[test]
fn every_mistake_of_a_system_is_told_with_its_place() {
    for (from, to, at, key, says) in [
        (
            "id: payroll",
            "id: PAYROLL",
            "PAYROLL",
            "systems[1].id",
            "\"PAYROLL\" is not an id of small letters, digits and hyphens, at most 32",
        ),
        (
            "connector: aws",
            "connector: azure",
            "azure",
            "systems[2].connector",
            "\"azure\" is not one of import, aws, ssh",
        ),
        (
            "tier: tier2",
            "tier: tier4",
            "tier4",
            "systems[0].tier",
            "\"tier4\" is not one of tier0, tier1, tier2, tier3",
        ),
        (
            "known_object: { scope: accounts,",
            "known_object: { scope: account,",
            "account, kind",
            "systems[0].known_object.scope",
            "this system declares no scope account",
        ),
        (
            "exclude: [{ scope: api-tokens,",
            "exclude: [{ scope: tokens,",
            "tokens, reason",
            "systems[0].exclude[0].scope",
            "this system declares no scope tokens",
        ),
        (
            ", reason: read by another team",
            "",
            "{ scope: api-tokens, until",
            "systems[0].exclude[0]",
            "`reason` is missing",
        ),
        (
            ", until: \"2026-12-31\" }",
            " }",
            "{ scope: api-tokens, reason",
            "systems[0].exclude[0]",
            "`until` is missing",
        ),
        (
            "dies_with_account: [password]",
            "dies_with_account: [passwords]",
            "passwords",
            "systems[0].dies_with_account[0]",
            &format!("\"passwords\" is not one of {}", AccessKind::WORDS.join(", ")),
        ),
        (
            "account: \"111122223333\"",
            "account: 111122223333",
            "111122223333",
            "systems[2].account",
            "expected an account of twelve digits, in quotes, found the number 111122223333",
        ),
        ("    account: \"111122223333\"\n", "", "id: aws-legacy", "systems[2]", "`account` is missing"),
        ("      as_of: 2026-08-01T00:50:00Z\n", "", "documents:", "systems[2].documents", "`as_of` is missing"),
        ("    tree: exports/hosts\n", "", "id: fleet", "systems[3]", "`tree` is missing"),
        ("    as_of: 2026-08-01T00:30:00Z\n", "", "id: fleet", "systems[3]", "`as_of` is missing"),
        (
            "as_of: 2026-08-01T00:30:00Z",
            "as_of: 2026-08-01T00:30:00",
            "2026-08-01T00:30:00\n",
            "systems[3].as_of",
            "\"2026-08-01T00:30:00\" is not an instant with its offset such as 2026-08-01T00:00:00Z",
        ),
        (
            "    as_of: 2026-08-01T00:30:00Z\n",
            "    as_of: 2026-08-01T00:30:00Z\n    scopes: [a]\n",
            "scopes: [a]",
            "systems[3].scopes",
            "`scopes` is a key of the connector import",
        ),
        ("        scope: accounts\n", "", "path: exports/payroll.csv", "systems[1].files[0]", "`scope` is missing"),
        (
            "grant_id: User ID, ",
            "",
            "columns: { status",
            "systems[1].files[0].columns.grant_id",
            "no column gives the immutable id of a grant",
        ),
        (
            "columns: { grant_id: User ID,",
            "columns: { grantid: User ID, grant_id: X,",
            "grantid",
            "systems[1].files[0].columns.grantid",
            "unknown key `grantid`",
        ),
        (
            "time_zone: Europe/Berlin\n        del",
            "time_zone: Berlin\n        del",
            "Berlin\n        del",
            "systems[1].files[0].time_zone",
            "no time zone is called \"Berlin\"",
        ),
        (
            "relation: owner",
            "relation: owned",
            "owned",
            "systems[1].files[0].relation",
            &format!(
                "\"owned\" is not one of {}",
                scan_contract::Relation::ALL.iter().map(|relation| relation.as_str()).collect::<Vec<_>>().join(", ")
            ),
        ),
        (
            "format: ndjson }]",
            "format: ndjson, scope: accounts }]",
            "scope: accounts }]",
            "systems[0].files[0].scope",
            "a native file has no `scope`: it says itself what it holds",
        ),
        ("system: crm,", "system: crn,", "crn", "sentinel_leavers[0].system", "no system is called crn"),
    ] {
        assert_one(from, to, at, key, says);
    }
}

#[test]
fn a_table_whose_words_belong_to_no_column_is_told() {
    assert_one(
        ", status: State",
        "",
        "status: { enabled",
        "systems[1].files[0].values.status",
        "no column is mapped to this field",
    );
    assert_one(
        "enabled: [Active]",
        "enable: [Active]",
        "status: { enable:",
        "systems[1].files[0].values.status",
        "\"enable\" is not one of enabled, disabled, expired, revoked, pending, orphaned, unknown",
    );
}

#[test]
fn an_account_without_a_document_is_told() {
    let from =
        "      authorization_details: exports/aws/details.json\n      credential_report: exports/aws/report.csv\n";
    assert_one(from, "", "documents:", "systems[2].documents", "names no document");
}

#[test]
fn every_mistake_of_run_outputs_and_metrics_is_told_with_its_place() {
    for (from, to, at, key, says) in [
        ("deadline: 90m", "deadline: 0s", "0s", "run.deadline", "a run that ends at once reads nothing"),
        ("threads: 2", "threads: 0", "0\n  fail", "run.threads", "0 is less than 1"),
        (
            "fail_on: low",
            "fail_on: lowest",
            "lowest",
            "run.fail_on",
            "\"lowest\" is not one of critical, high, medium, low, info",
        ),
        ("path: out/findings.csv", "path: \"-\"", "\"-\", persons", "outputs[1].path", "the path - stands twice"),
        (
            "format: csv, path: out",
            "format: cvs, path: out",
            "cvs",
            "outputs[1].format",
            "\"cvs\" is not one of table, json, ndjson, ocsf, sarif, csv, markdown, html",
        ),
        (
            "path: out/findings.sarif }",
            "path: out/findings.sarif, csv_bom: true }",
            "csv_bom: true }\nmetrics",
            "outputs[2].csv_bom",
            "sarif has no byte-order mark",
        ),
        (
            "textfile: out/holdover.prom",
            "textfile: out/holdover.txt",
            "out/holdover.txt",
            "metrics.textfile",
            "\"out/holdover.txt\" is not a path that ends in .prom",
        ),
        ("version: 1", "version: 2", "2\norg", "version", "2 has to be 1"),
        (
            "aliases: [acme-old.example]",
            "aliases: [ACME.example]",
            "ACME.example",
            "identity.domains[0].aliases[0]",
            "the domain ACME.example is declared twice",
        ),
        (
            "aliases: [acme-old.example]",
            "aliases: [acme]",
            "acme]",
            "identity.domains[0].aliases[0]",
            "\"acme\" is not a mail domain such as acme.example",
        ),
    ] {
        assert_one(from, to, at, key, says);
    }
}

#[test]
fn a_key_that_looks_like_a_secret_says_why_there_is_none() {
    for key in ["credentials", "api_token", "secretAccessKey", "password", "private-key"] {
        let problem = assert_one(
            "tier: tier2",
            &format!("{key}: hunter2"),
            key,
            &format!("systems[0].{key}"),
            &format!("unknown key `{key}`"),
        );
        assert!(
            problem.help.as_ref().is_some_and(|help| help.starts_with("no secret belongs into this file")),
            "{problem:?}"
        );
        assert!(!format!("{problem:?}").contains("hunter2"));
    }
    // Its twin that only looks a little like one.
    let problem = assert_one("tier: tier2", "teir: tier2", "teir", "systems[0].teir", "unknown key `teir`");
    assert_eq!(problem.help.as_deref(), Some("did you mean `tier`?"));
}

#[test]
fn mistakes_of_form_and_of_meaning_are_told_together() {
    let text = GOOD
        .replace("tier: tier2", "teir: tier2")
        .replace("id: payroll", "id: crm")
        .replace("system: crm,", "system: crn,")
        .replace("Europe/Berlin\n      end", "Nowhere/At_All\n      end")
        .replace("account: \"111122223333\"", "account: 111122223333")
        .replace("deadline: 90m", "deadline: 0s")
        .replace("path: out/findings.csv", "path: \"-\"")
        .replace("expected_hosts: { path: exports/hosts.txt }", "expected_hosts: \"${NOWHERE}/hosts.txt\"")
        .replace("acme-old.example", "acme");
    let problems = refused(&text);
    let mut keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "identity.domains[0].aliases[0]",
            "outputs[1].path",
            "roster.sources[0].default_time_zone",
            "run.deadline",
            "sentinel_leavers[0].system",
            "systems[0].teir",
            "systems[1].id",
            "systems[2].account",
            "systems[3].expected_hosts",
        ]
    );
}

#[test]
fn variables_fill_values_and_numbers() {
    let text = GOOD
        .replace("tree: exports/hosts", "tree: ${EXPORTS}/hosts")
        .replace("threads: 2", "threads: ${THREADS}")
        .replace("organisation: example-org", "organisation: ${ORG:-Example & Co}");
    let config = read(&text).unwrap().config;
    assert_eq!((config.run.threads, config.organisation.as_str()), (3, "Example & Co"));
    let fleet = config.systems.iter().find(|system| system.id.as_str() == "fleet").unwrap();
    let Connector::Ssh(settings) = &fleet.connector else { panic!("hosts") };
    assert_eq!(settings.tree, Path::new("/srv/exports/hosts"));
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let loaded = read(&GOOD.replace("tree: exports/hosts", "tree: ${EXPORTS}/hosts")).unwrap();
    let given = Override {
        key: "run.fail_on".to_owned(),
        value: "high".to_owned(),
        origin: Origin::Flag { name: "--fail-on".to_owned() },
    };
    let settings = show(&loaded, &[given]);
    let of = |key: &str| {
        let found: Vec<&Setting> = settings.iter().filter(|setting| setting.key == key).collect();
        let [setting] = found.as_slice() else { panic!("{key}: {found:?}") };
        (setting.value.clone(), setting.origin.text(Path::new("h.yaml")))
    };
    assert_eq!(of("systems[0].tier"), ("tier2".to_owned(), format!("h.yaml:{}", place_of(GOOD, "tier: tier2").0)));
    assert_eq!(of("systems[1].tier"), ("tier1".to_owned(), "default".to_owned()));
    assert_eq!(of("run.parallel_systems").1, "default");
    assert_eq!(of("run.fail_on"), ("high".to_owned(), "flag --fail-on".to_owned()));
    // A variable may hold a secret.
    assert_eq!(of("systems[3].tree").0, "${EXPORTS}/hosts");
    assert_eq!(of("roster.sources[0].columns.person_id").0, "Employee_ID");
    assert_eq!(
        Origin::Environment { name: "HOLDOVER_FAIL_ON".to_owned() }.text(Path::new("h")),
        "environment HOLDOVER_FAIL_ON"
    );
}

#[test]
fn the_policy_decides_the_end_basis() {
    let policy = crate::policy::Policy::load(
        Path::new("p"),
        "version: 1\nend_basis: end_date\nrules: [{ id: all, when: {}, mode: immediate }]\n",
    )
    .unwrap();
    let config = read(GOOD).unwrap().config.with_policy(&policy);
    assert_eq!(config.end_basis, crate::roster::EndBasis::EndDate);
}

#[test]
fn the_columns_of_the_schema_are_those_of_the_roster() {
    assert_eq!(raw::roster::COLUMNS.len(), 23);
}

#[test]
fn the_committed_schema_is_the_enforced_one() {
    assert_eq!(schema(), include_str!("schema.json"), "holdover schema config > src/config/schema.json");
}

#[test]
fn the_documented_reference_is_made_from_the_schema() {
    let page = include_str!("../../docs/configuration.md");
    let (_, rest) = page.split_once("<!-- reference -->\n").unwrap();
    let (part, _) = rest.split_once("<!-- /reference -->").unwrap();
    assert_eq!(part, reference(), "cargo test -- --ignored write_reference");
}

#[test]
fn the_documented_file_is_accepted() {
    let page = include_str!("../../docs/configuration.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let problems = load(Path::new("holdover.yaml"), text, &|_| None).map(|_| ()).err().unwrap_or_default();
    assert!(problems.is_empty(), "{}", render(&problems, |_| Some(text.to_owned())));
}

#[test]
#[ignore = "writes the schema into the source tree"]
fn write_schema() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/schema.json"), schema()).unwrap();
}

#[test]
#[ignore = "writes the reference into the documentation"]
fn write_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- reference -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /reference -->").unwrap();
    std::fs::write(path, format!("{before}<!-- reference -->\n{}<!-- /reference -->{after}", reference())).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However a file is damaged, it is accepted or refused with a place that can be shown.
    #[test]
    fn a_damaged_file_is_accepted_or_refused(position in 0..GOOD.len(), length in 1_usize..40, with in "[a-z0-9:{}\\[\\], \n$\"-]{0,6}") {
        let end = (position + length).min(GOOD.len());
        let mut text = GOOD.to_owned();
        text.replace_range(position..end, &with);
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.is_empty());
            prop_assert!(render(&problems, |_| Some(text.clone())).starts_with("error: conf/holdover.yaml"));
        }
    }
}
