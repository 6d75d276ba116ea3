//! Runs over some systems: what the others hold neither closes, nor turns unverified, nor looks fresh or unread.

use serde_json::Value;

use super::{QUIET, Serving, daily, present, today};
use crate::company::{Company, NOW, account, list, word};
use crate::life::{DAYS, fresh};

fn two_systems(wiki_as_of: &str, wiki: &[String]) -> Company {
    let mut company = today(QUIET);
    company.system_extra = String::from(
        "\x20 - id: wiki\n    connector: import\n    max_age: 240h\n    scopes: [accounts]\n    files: [{ path: wiki.ndjson, format: ndjson }]\n",
    );
    write_wiki(&company, wiki_as_of, wiki);
    company.write_all();
    company
}

fn write_wiki(company: &Company, as_of: &str, records: &[String]) {
    let header = format!(
        r#"{{"record":"header","format":"holdover-import","version":1,"system":"wiki","as_of":"{as_of}","produced_by":"test","scopes":["accounts"]}}"#
    );
    let end = format!(r#"{{"record":"end","counts":{{"accounts":{}}}}}"#, records.len());
    company.write("wiki.ndjson", format!("{header}\n{}\n{end}\n", records.join("\n")));
}

fn report(company: &Company) -> Value {
    let run = company.holdover(&["report", "--format", "json"]);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stderr))
}

fn system(report: &Value, id: &str) -> Value {
    list(&report["systems"]).iter().find(|system| system["id"] == id).expect("the system").clone()
}

fn state(report: &Value, grant: &str) -> String {
    list(&report["findings"])
        .iter()
        .find(|one| one["grant_id"] == grant)
        .map_or_else(String::new, |one| word(&one["state"]))
}

#[test]
fn what_other_systems_hold_stays_as_it_was_with_its_own_age() {
    let hour = (present() - chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00Z").to_string();
    let company = two_systems(
        &hour,
        &[account("w-1", "ana@acme.example", "enabled"), account("w-2", "bea@acme.example", "enabled")],
    );
    let serving = Serving::start(&company);
    assert_eq!(serving.run("")["exit_code"], 1);
    let whole = report(&company);
    assert_eq!((state(&whole, "w-1"), state(&whole, "u-1")), ("confirmed".into(), "confirmed".into()));
    // What the file says now must not matter: nobody reads it.
    write_wiki(&company, &hour, &[account("w-2", "bea@acme.example", "enabled")]);
    let run = serving.run(r#"{"systems":["crm"]}"#);
    assert_eq!(run["exit_code"], 1, "neither a gap nor clean: {run}");
    let partial = report(&company);
    assert_eq!((state(&partial, "w-1"), state(&partial, "u-1")), ("confirmed".into(), "confirmed".into()));
    assert!(list(&partial["closed"]).is_empty());
    let (before, after) = (system(&whole, "wiki"), system(&partial, "wiki"));
    assert_eq!(before, after, "it is carried on as it was");
    assert_ne!(system(&whole, "crm")["last_attempt_at"], system(&partial, "crm")["last_attempt_at"]);
    let notices = list(&partial["notices"]).iter().map(|notice| word(&notice["says"])).collect::<Vec<_>>().join("\n");
    assert!(notices.contains("carried on as the last one knew them: wiki"), "{notices}");
    let metrics = serving.known("GET", "/metrics", "").body;
    assert!(metrics.contains("holdover_scan_success{system=\"wiki\"} 1"), "{metrics}");
    assert!(metrics.contains("holdover_scan_scopes{system=\"wiki\",state=\"not_attempted\"} 0"), "{metrics}");
    assert!(metrics.contains("holdover_residual_findings{system=\"wiki\",severity="), "{metrics}");
    // Reading everything again sees what happened meanwhile, in the order that a run over all gives it.
    serving.run("");
    assert_eq!(state(&report(&company), "w-1"), "closing");
}

#[test]
fn a_gap_of_another_system_stays_a_gap() {
    let hour = (present() - chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00Z").to_string();
    let company = two_systems(&hour, &[account("w-1", "ana@acme.example", "enabled")]);
    company.write("wiki.ndjson", "{\"record\":\"header\"");
    let serving = Serving::start(&company);
    assert_eq!(serving.run("")["exit_code"], 4);
    assert_eq!(serving.run(r#"{"systems":["crm"]}"#)["exit_code"], 4);
    // Its twin: once it was read whole, a run over the other system has no gap to carry on.
    write_wiki(&company, &hour, &[account("w-1", "ana@acme.example", "enabled")]);
    assert_eq!(serving.run(r#"{"systems":["wiki"]}"#)["exit_code"], 1);
    assert_eq!(serving.run(r#"{"systems":["crm"]}"#)["exit_code"], 1);
}

/// The configuration and the files of a day, with the clock set to it.
fn day(company: &mut Company, number: usize) {
    company.extra = format!("{QUIET}run: {{ as_of: \"{}\" }}\n", DAYS[number]);
    fresh(company, number);
    let hour = format!("{}T01:00:00Z", &DAYS[number][..10]);
    write_wiki(company, &hour, &[account("w-3", "cem@acme.example", "enabled")]);
}

#[test]
fn whoever_left_after_another_system_was_read_is_not_known_there_before_its_next_reading() {
    let mut company = two_systems(NOW, &[]);
    day(&mut company, 0);
    let serving = Serving::start(&company);
    assert_eq!(serving.run("")["exit_code"], 1);
    // Cem's last day is the one on which both systems were read, in the morning.
    company.people[2] = String::from(
        "p-3,employee,ended,Cem Can,cem@acme.example,2021-01-01,2026-08-03,Europe/Berlin,2026-08-03T00:00:00Z",
    );
    day(&mut company, 1);
    serving.signal(rustix::process::Signal::HUP);
    serving.until_told("is in force (asked for by a signal)");
    let run = serving.run(r#"{"systems":["crm"]}"#);
    assert_eq!(run["exit_code"], 4, "what Cem holds in wiki was not judged: {run}");
    let partial = report(&company);
    assert_eq!(state(&partial, "w-3"), "");
    let notices = list(&partial["notices"]).iter().map(|notice| word(&notice["says"])).collect::<Vec<_>>().join("\n");
    assert!(notices.contains("1 people left after a system was read"), "{notices}");
    // Its twin: once it was read again, it is a finding and no doubt.
    assert_eq!(serving.run(r#"{"systems":["wiki"]}"#)["exit_code"], 1);
    assert_eq!(state(&report(&company), "w-3"), "confirmed");
}

#[test]
fn what_was_read_under_another_configuration_is_not_called_all_of_it() {
    let hour = (present() - chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00Z").to_string();
    let mut company = two_systems(&hour, &[account("w-1", "ana@acme.example", "enabled")]);
    let serving = Serving::start(&company);
    assert_eq!(serving.run("")["exit_code"], 1);
    // Who answers for it changes nothing about what is read of it.
    company.system_extra.push_str("    owner_team: wiki-team\n");
    company.write_all();
    serving.signal(rustix::process::Signal::HUP);
    serving.until_told("is in force (asked for by a signal)");
    assert_eq!(serving.run(r#"{"systems":["crm"]}"#)["exit_code"], 1);
    assert_eq!(list(&system(&report(&company), "wiki")["scopes"])[0]["state"], "complete");
    // A scope more does.
    company.system_extra = company.system_extra.replace("scopes: [accounts]", "scopes: [accounts, tokens]");
    company.write_all();
    serving.signal(rustix::process::Signal::HUP);
    let told = || serving.told().matches("is in force (asked for by a signal)").count() == 2;
    super::until("the second configuration", || told().then_some(()));
    let run = serving.run(r#"{"systems":["crm"]}"#);
    assert_eq!(run["exit_code"], 4, "what wiki declares now was never read: {run}");
    assert_eq!(state(&report(&company), "w-1"), "unverified");
}

/// Whoever scans one system by hand has not done what the missed start would have done for the others.
#[test]
fn a_missed_start_is_caught_up_though_one_system_was_read_by_hand_since() {
    let hour = (present() - chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00Z").to_string();
    for (by_hand, caught_up) in [(vec!["scan", "--no-progress", "--system", "crm"], true), (vec!["scan"], false)] {
        let mut company = two_systems(&hour, &[account("w-2", "bea@acme.example", "enabled")]);
        company.extra = daily().0;
        company.write_all();
        let run = company.holdover(&by_hand);
        assert!(matches!(run.code, 1 | 3 | 4 | 5), "exit {}: {}", run.code, run.stderr);
        let serving = Serving::start(&company);
        if caught_up {
            let run = serving.ended(1);
            assert_eq!((&run["reason"], &run["schedule"]), (&"catch_up".into(), &"daily".into()), "{run}");
        } else {
            super::until("it is ready", || (serving.get("/readyz").status == 200).then_some(()));
            assert!(list(&serving.known("GET", "/api/v1/runs", "").json()["runs"]).is_empty());
        }
    }
}

/// The next run over all systems mends it, so there has to be one.
#[test]
fn a_report_that_cannot_be_read_keeps_no_service_from_starting() {
    let hour = (present() - chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00Z").to_string();
    let mut company = two_systems(&hour, &[account("w-2", "bea@acme.example", "enabled")]);
    company.extra = daily().0;
    company.write_all();
    company.holdover(&["scan", "--no-progress"]).expect(1);
    let kept: Vec<_> = std::fs::read_dir(company.path().join("state/reports"))
        .expect("reports")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let [only] = kept.as_slice() else { panic!("{kept:?}") };
    let mut bytes = std::fs::read(only).expect("a report");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(only, bytes).expect("damaged");
    let refused = company.holdover(&["report", "--format", "json"]);
    assert_ne!(refused.code, 0, "the damage shows");
    let serving = Serving::start(&company);
    let run = serving.ended(1);
    assert_eq!((&run["reason"], &run["exit_code"]), (&"catch_up".into(), &1.into()), "{run}");
    assert!(serving.told().contains("every start is done once more"), "{}", serving.told());
    assert_eq!(list(&report(&company)["findings"]).len(), 2);
}

#[test]
fn what_belongs_to_nobody_since_is_not_forgotten_by_the_next_run_over_another_system() {
    let hour = (present() - chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00Z").to_string();
    let known = [account("w-1", "ana@acme.example", "disabled"), account("w-2", "bea@acme.example", "enabled")];
    let mut company = two_systems(&hour, &known);
    company.records =
        vec![account("u-2", "bea@acme.example", "enabled"), account("u-9", "service@acme.example", "enabled")];
    company.write_all();
    let serving = Serving::start(&company);
    assert_eq!(serving.run("")["exit_code"], 0, "the service account is nobody's, and was nobody's before");
    assert_eq!(serving.run(r#"{"systems":["crm"]}"#)["exit_code"], 0);
    // Whose it is stands in wiki alone: it is the identity of w-1.
    let holder = r#"{"relation":"holder","external_id":"w-1","external_system":"wiki"}"#;
    company.records.push(
        account("u-5", "@", "enabled").replace(r#"{"relation":"holder","provider_id":"u-5","email":"@"}"#, holder),
    );
    company.write_all();
    for only in ["crm", "wiki", "crm"] {
        let run = serving.run(&format!("{{\"systems\":[\"{only}\"]}}"));
        assert_eq!(run["exit_code"], 3, "{only}: {run}");
        let partial = report(&company);
        let position = list(&partial["systems"]).iter().position(|system| system["id"] == "crm").expect("crm");
        let ana = list(&partial["leavers"]).iter().find(|leaver| leaver["person_id"] == "p-1").expect("Ana").clone();
        assert_eq!(list(&ana["cells"])[position]["verdict"], "not_known", "{only}: {ana}");
    }
    // Its twin: read together, it is told whose it is.
    assert_eq!(serving.run("")["exit_code"], 1);
    assert_eq!(state(&report(&company), "u-5"), "confirmed");
}
