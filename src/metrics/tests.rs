use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use scan_contract::{AccessKind, ScopeState, SystemId};

use super::sample::{finding, report, source, system};
use super::*;
use crate::findings::{FindingState, RuleHit, Severity};
use crate::report::GateFact;
use crate::roster::RosterState;
use crate::store::outbox::{Operation, Outcome};
use crate::store::sample::{at, now, scope};

fn build() -> BuildInfo {
    BuildInfo { version: String::from("0.1.0"), revision: String::from("unknown") }
}

fn text(report: &Report) -> String {
    encode(&gather(report, MetricsDetail::Kind, &build())).unwrap()
}

/// The value of a series as written; `None` where it is absent.
fn value<'a>(text: &'a str, series: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with a file of the repository; writes it anew where asked to.
#[expect(clippy::disallowed_methods, reason = "a test asks whether it may write the expected file")]
fn assert_is_file(path: &str, expected: &str) {
    let path = in_repository(path);
    if std::env::var("HOLDOVER_WRITE").is_ok() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is not current: HOLDOVER_WRITE=1 cargo test --lib metrics", path.display());
}

fn figures(tracker: &str) -> TicketFigures {
    TicketFigures {
        tracker: tracker.to_owned(),
        open: 5,
        pending: 2,
        operations: BTreeMap::from([((Operation::Create, Outcome::Ok), 7)]),
        ..TicketFigures::default()
    }
}

#[test]
fn the_file_of_a_run_is_as_agreed() {
    let remembered = Remembered {
        last_success_at: Some(at("2026-07-31T02:34:00Z")),
        config_since: Some(at("2026-07-01T02:30:00Z")),
        roster_accepted_by_word: Some(false),
        drops_accepted: Some(0),
        tickets: Some(vec![figures("jira")]),
    };
    let families = gather_with(&report(), MetricsDetail::Kind, &build(), &remembered);
    assert_is_file("tests/golden/metrics.prom", &encode(&families).unwrap());
}

#[test]
fn the_reference_is_made_from_the_table() {
    assert_is_file("docs/metrics.md", &reference::page());
}

#[test]
fn names_are_unique_and_end_as_their_sort_demands() {
    let mut names: Vec<String> = table::families().map(table::Family::name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    for family in table::families() {
        let is_total = family.short_name.ends_with("_total");
        assert_eq!(is_total, family.sort == table::Sort::Counter, "{}", family.short_name);
        assert!(family.help.ends_with('.') && !family.help.contains('\n'), "{}", family.short_name);
        for reserved in ["job", "instance", "type", "service", "env", "region", "stage", "owner", "person", "le"] {
            assert!(!family.labels.contains(&reserved), "{}", family.short_name);
        }
    }
}

#[test]
fn residual_within_time_suppressed_remnants_and_licenses_are_told_apart() {
    let text = text(&report());
    let of = |series: &str| value(&text, series);
    assert_eq!(of(r#"holdover_residual_findings{system="aws-prod",severity="critical"}"#), Some("1"));
    assert_eq!(of(r#"holdover_residual_findings{system="crm",severity="medium"}"#), Some("0"), "within time");
    assert_eq!(of(r#"holdover_residual_findings_within_time{system="crm",severity="medium"}"#), Some("1"));
    assert_eq!(of(r#"holdover_residual_findings{system="crm",severity="low"}"#), Some("0"), "suppressed, or a licence");
    assert_eq!(of(r#"holdover_residual_findings_by_state{state="suppressed"}"#), Some("1"));
    assert_eq!(of(r#"holdover_residual_findings_by_state{state="observed"}"#), Some("0"), "within time");
    assert_eq!(of(r#"holdover_remnants{system="aws-prod",kind="account"}"#), Some("1"));
    assert_eq!(of(r#"holdover_remnants{system="aws-prod",kind="access_key"}"#), Some("0"));
    assert_eq!(of(r#"holdover_licenses_of_leavers{system="crm"}"#), Some("1"));
    assert_eq!(of(r#"holdover_residual_findings_used_after_end{system="aws-prod"}"#), Some("1"));
}

#[test]
fn people_are_counted_once_by_their_worst_finding() {
    let text = text(&report());
    assert_eq!(value(&text, r#"holdover_people_with_residual_access{severity="critical"}"#), Some("1"));
    assert_eq!(value(&text, r#"holdover_people_with_residual_access{severity="high"}"#), Some("0"));
}

#[test]
fn a_system_that_could_not_be_read_keeps_its_findings_and_says_that_it_failed() {
    let mut report = report();
    report.findings.push(finding(9, "crm", Severity::High, FindingState::Unverified));
    let text = text(&report);
    assert_eq!(value(&text, r#"holdover_scan_success{system="crm"}"#), Some("0"));
    assert_eq!(value(&text, r#"holdover_scan_scopes{system="crm",state="failed"}"#), Some("1"));
    assert_eq!(value(&text, r#"holdover_scan_scopes{system="crm",state="complete"}"#), Some("0"));
    assert_eq!(value(&text, r#"holdover_residual_findings{system="crm",severity="high"}"#), Some("1"));
    for unknown in ["scan_last_complete_timestamp_seconds", "scan_unattributed_objects", "scan_matched_person_ratio"] {
        assert_eq!(value(&text, &format!(r#"holdover_{unknown}{{system="crm"}}"#)), None, "{unknown} is not known");
        let read = format!(r#"holdover_{unknown}{{system="aws-prod"}}"#);
        assert_eq!(value(&text, &read).is_some(), unknown != "scan_last_complete_timestamp_seconds", "{unknown}");
    }
}

#[test]
fn a_clean_system_has_no_oldest_end_and_a_residual_one_has() {
    let text = text(&report());
    let name = "holdover_oldest_residual_access_end_timestamp_seconds";
    assert_eq!(value(&text, &format!(r#"{name}{{system="aws-prod"}}"#)), Some("1782864000"));
    assert_eq!(value(&text, &format!(r#"{name}{{system="crm"}}"#)), None);
}

#[test]
fn the_last_success_moves_only_with_a_run_without_gaps_and_with_an_accepted_roster() {
    let name = "holdover_run_last_success_timestamp_seconds";
    let mut report = report();
    assert_eq!(value(&text(&report), name), None, "gaps, and nothing remembered");
    report.run.flags.gaps = false;
    let ended = report.run.ended_at.timestamp().to_string();
    assert_eq!(value(&text(&report), name), Some(ended.as_str()));
    report.roster.state = RosterState::Held;
    assert_eq!(value(&text(&report), name), None);
    let remembered = Remembered { last_success_at: Some(now()), ..Remembered::default() };
    let families = gather_with(&report, MetricsDetail::Kind, &build(), &remembered);
    let earlier = now().timestamp().to_string();
    assert_eq!(value(&encode(&families).unwrap(), name), Some(earlier.as_str()));
}

#[test]
fn a_held_roster_is_told_for_the_source_to_blame_and_withdraws_its_figures() {
    let mut report = report();
    report.roster.sources.push(source("contractors"));
    let held = |source: &str| format!(r#"holdover_roster_held{{roster="{source}"}}"#);
    let as_of = r#"holdover_roster_as_of_timestamp_seconds{roster="hris"}"#;
    let accepted = text(&report);
    assert_eq!(value(&accepted, &held("hris")), Some("0"));
    assert!(value(&accepted, as_of).is_some());
    report.roster.state = RosterState::Held;
    let gate =
        GateFact { gate: String::from("ROS-4"), source: Some(String::from("hris")), holds: true, says: String::new() };
    report.roster.gates = vec![gate];
    let one = text(&report);
    assert_eq!((value(&one, &held("hris")), value(&one, &held("contractors"))), (Some("1"), Some("0")));
    assert_eq!(value(&one, as_of), None);
    report.roster.gates[0].source = None;
    let all = text(&report);
    assert_eq!((value(&all, &held("hris")), value(&all, &held("contractors"))), (Some("1"), Some("1")));
    report.roster.sources.clear();
    report.roster.state = RosterState::None;
    assert_eq!(value(&text(&report), &held("all")), Some("1"), "nothing could be read");
}

#[test]
fn histograms_are_cumulative_and_end_with_everything() {
    let text = text(&report());
    let bucket = |bound: &str| {
        value(&text, &format!(r#"holdover_revocation_delay_seconds_bucket{{severity="high",le="{bound}"}}"#))
    };
    assert_eq!((bucket("3600"), bucket("14400"), bucket("1209600")), (Some("1"), Some("2"), Some("3")));
    assert_eq!((bucket("7776000"), bucket("+Inf")), (Some("3"), Some("4")));
    assert_eq!(value(&text, r#"holdover_revocation_delay_seconds_count{severity="high"}"#), Some("4"));
    assert_eq!(
        value(&text, r#"holdover_revocation_delay_seconds_count{severity="info"}"#),
        Some("0"),
        "known, and none"
    );
}

#[test]
fn little_detail_leaves_out_kinds_and_rules_and_nothing_else() {
    let full = gather(&report(), MetricsDetail::Kind, &build());
    let little = gather(&report(), MetricsDetail::System, &build());
    let names = |families: &[MetricFamily]| families.iter().map(|family| family.name().to_owned()).collect::<Vec<_>>();
    let left_out: Vec<String> = names(&full).into_iter().filter(|name| !names(&little).contains(name)).collect();
    assert_eq!(
        left_out,
        [
            "holdover_scan_objects",
            "holdover_residual_findings_by_kind",
            "holdover_residual_findings_by_rule",
            "holdover_remnants"
        ]
    );
}

#[test]
fn too_many_series_cost_whole_families_in_the_documented_order() {
    let mut report = report();
    for number in 0..60 {
        let mut keys = scope("keys", ScopeState::Complete, 17);
        keys.objects_by_kind = AccessKind::ALL.iter().map(|kind| (*kind, 1)).collect();
        report.systems.push(system(&format!("system-{number:02}"), vec![keys]));
    }
    let text = text(&report);
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(samples <= series::CAP, "{samples} series");
    let dropped: usize = value(&text, "holdover_metrics_series_dropped").unwrap().parse().unwrap();
    assert!(dropped > 2 * 60 * 17);
    assert!(!text.contains("_by_kind"), "first to go");
    assert!(text.contains("holdover_residual_findings{") && text.contains("holdover_scan_success{"));
    for number in 60..2_500 {
        report.systems.push(system(&format!("system-{number}"), vec![scope("keys", ScopeState::Complete, 1)]));
    }
    let huge = super::encode(&gather(&report, MetricsDetail::Kind, &build())).unwrap();
    assert!(huge.lines().filter(|line| !line.starts_with('#')).count() <= series::CAP, "the cap is hard");
    assert!(value(&huge, "holdover_run_exit_code").is_some());
}

#[test]
fn nothing_is_dropped_without_need_and_the_figure_says_so() {
    assert_eq!(value(&text(&report()), "holdover_metrics_series_dropped"), Some("0"));
}

fn failed(totals: Option<Totals>) -> FailedRun {
    let crm = FailedSystem { id: SystemId::from("crm"), last_success_at: Some(now()), last_complete_at: None };
    FailedRun {
        ended_at: now(),
        exit_code: ExitCode::Store,
        flags: Flags { store_failed: true, ..Flags::default() },
        systems: vec![crm],
        remembered: Remembered { last_success_at: Some(at("2026-07-31T02:34:00Z")), ..Remembered::default() },
        totals,
    }
}

#[test]
fn a_run_without_a_report_says_that_it_failed() {
    let text = encode(&gather_failed(&failed(None), &build())).unwrap();
    assert_eq!(value(&text, "holdover_run_exit_code"), Some("6"));
    assert_eq!(value(&text, r#"holdover_run_verdict{flag="store_failed"}"#), Some("1"));
    assert_eq!(value(&text, r#"holdover_scan_success{system="crm"}"#), Some("0"));
    assert_eq!(value(&text, "holdover_run_last_success_timestamp_seconds"), Some("1785465240"));
    assert!(value(&text, r#"holdover_scan_last_success_timestamp_seconds{system="crm"}"#).is_some());
    assert_eq!(value(&text, r#"holdover_scan_last_complete_timestamp_seconds{system="crm"}"#), None);
    assert!(!text.contains("residual_findings"), "no figure that looks fresh");
    assert!(!text.contains("findings_opened_total"), "not known");
    // A flag that nobody came to is not known, and not unset: an alert on it would end.
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("holdover_run_verdict{")).collect();
    assert_eq!(told, [r#"holdover_run_verdict{flag="store_failed"} 1"#]);
    let usage = FailedRun { exit_code: ExitCode::Config, flags: Flags::default(), ..failed(None) };
    let text = encode(&gather_failed(&usage, &build())).unwrap();
    assert!(!text.contains("run_verdict"), "{text}");
}

#[test]
fn an_exception_that_lapsed_counts_while_access_it_covered_is_open_and_no_longer() {
    let name = "holdover_exceptions_lapsed_open";
    let hit = |rule: &str| RuleHit { rule: Arc::from(rule), version: 1 };
    let mut report = report();
    assert_eq!(value(&text(&report), r#"holdover_exceptions{state="expired"}"#), Some("1"), "on file for ever");
    assert_eq!(value(&text(&report), name), Some("0"));
    for finding in &mut report.findings[..2] {
        finding.rules.push(hit("exception-lapsed"));
        finding.exception_id = Some(Arc::from("e-3"));
    }
    assert_eq!(value(&text(&report), name), Some("1"), "two findings of one exception");
    let mut within_time = report.clone();
    for finding in &mut within_time.findings[..2] {
        finding.due = false;
    }
    assert_eq!(value(&text(&within_time), name), Some("0"), "not residual yet");
    report.remnants[0].rules.push(hit("exception-lapsed"));
    report.remnants[0].exception_id = Some(Arc::from("e-1"));
    assert_eq!(value(&text(&report), name), Some("1"), "switched off, not open");
    report.findings[1].exception_id = Some(Arc::from("e-4"));
    assert_eq!(value(&text(&report), name), Some("2"));
    assert!(!encode(&gather_failed(&failed(None), &build())).unwrap().contains(name), "not known");
}

#[test]
fn a_run_without_a_report_keeps_the_counters_where_the_store_still_tells_them() {
    let totals = report().totals;
    let text = encode(&gather_failed(&failed(Some(totals)), &build())).unwrap();
    assert_eq!(value(&text, r#"holdover_findings_opened_total{severity="high"}"#), Some("5"));
    assert_eq!(value(&text, r#"holdover_revocation_delay_seconds_count{severity="high"}"#), Some("4"));
    assert!(!text.contains("leavers_unverified"), "a figure of the run that failed");
}

#[test]
fn no_person_grant_or_display_text_is_in_the_file() {
    let text = text(&report());
    for secret in ["p-1", "AKIA", "someone", "cloud@", "e-1", "platform"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains("cloud-access-key-active"), "the control: rules are told");
}

/// The umask belongs to the whole process, and other tests make files at the same time: so it is changed in another one.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test starts its own program")]
fn the_text_file_is_whole_and_readable_whatever_the_umask_and_the_old_one_survives_a_refusal() {
    let worker = "metrics::tests::worker_with_a_umask";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", worker, "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "the program that the test above starts"]
fn worker_with_a_umask() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("holdover.prom");
    let families = gather(&report(), MetricsDetail::Kind, &build());
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    write_textfile(&path, &families).unwrap();
    rustix::process::umask(before);
    assert_eq!(fs::read_to_string(&path).unwrap(), encode(&families).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left beside it");
    assert!(write_textfile(&place.path().join("holdover.txt"), &families).is_err());
    assert!(write_textfile(&place.path().join("missing/holdover.prom"), &families).is_err());
    write_textfile(&path, &families).unwrap();
}

#[test]
fn a_link_and_a_directory_open_to_everybody_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let families = gather(&report(), MetricsDetail::Kind, &build());
    let target = place.path().join("target");
    fs::write(&target, "precious").unwrap();
    let link = place.path().join("link.prom");
    symlink(&target, &link).unwrap();
    assert!(matches!(write_textfile(&link, &families), Err(MetricsError::Refused { .. })));
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    let open = place.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(write_textfile(&open.join("holdover.prom"), &families), Err(MetricsError::Refused { .. })));
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    write_textfile(&open.join("holdover.prom"), &families).unwrap();
}

proptest! {
    /// Hostile words in configuration cannot make another line or another label.
    #[test]
    fn any_label_text_gives_the_same_number_of_lines(word in any::<String>()) {
        let plain = text(&report());
        let mut hostile = report();
        hostile.systems[0].provider = word.clone();
        hostile.roster.sources[0].id = word;
        let text = text(&hostile);
        prop_assert_eq!(text.lines().count(), plain.lines().count());
        for line in text.lines() {
            prop_assert!(!line.chars().any(crate::hostile::is_dangerous));
            let escaped = line.replace("\\\\", "").replace("\\\"", "");
            prop_assert_eq!(escaped.matches('"').count() % 2, 0, "{}", line);
        }
    }
}
