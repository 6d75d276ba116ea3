mod documents;
mod live;
mod mistakes;
mod serve;
mod services;
mod together;
mod trackers;
mod variables;

use std::path::{Path, PathBuf};
use std::time::Duration;

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
