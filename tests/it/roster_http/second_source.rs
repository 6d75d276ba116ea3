//! A directory beside HR: it confirms, contradicts, and never makes an employee of a leaver.

use std::sync::Arc;

use holdover_kit::fault::FaultServer;
use holdover_kit::stub::hr::{self, Truth};

use super::{Office, today, truth};
use crate::company::{Run, list, word};

const HEADER: &str =
    "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at";

/// HR's own list as a file: Ana left a month ago.
fn hris(office: &Office, ana_has_left: bool) {
    let end = today() - chrono::Days::new(30);
    let ana = if ana_has_left {
        format!("ended,Ana Silva,ana.silva@acme.example,2020-03-02,{end}")
    } else {
        String::from("active,Ana Silva,ana.silva@acme.example,2020-03-02,")
    };
    let mut rows = vec![
        format!("00001,employee,{ana},Europe/Berlin,2026-01-05T08:00:00Z"),
        String::from(
            "00002,employee,active,Bea Braun,bea.braun@acme.example,2020-03-02,,Europe/Berlin,2026-01-05T08:00:00Z",
        ),
    ];
    for number in 100..122 {
        rows.push(format!("{number:05},employee,active,Person {number},person.{number}@acme.example,2020-03-02,,Europe/Berlin,2026-01-05T08:00:00Z"));
    }
    office.write("hris.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
}

fn beside(directory: &str) -> Office {
    let file = "    - { id: hris, format: csv, path: hris.csv, coverage: full, default_time_zone: Europe/Berlin, end_date_meaning: last_day_included, rank: 1 }\n";
    let directory = directory.replace("id: hris", "id: directory, rank: 2");
    Office::new(&format!("{file}{directory}"))
}

fn okta(truth: &Truth) -> (FaultServer, Arc<hr::Okta>, String) {
    let stub = Arc::new(hr::Okta::new(truth.clone()));
    let server = FaultServer::start(Arc::clone(&stub));
    let source = super::Kind::Okta
        .source(server.origin())
        .replace("format: okta", "format: okta, columns: { person_id: /profile/employeeNumber }");
    (server, stub, source)
}

fn conflicts(run: &Run) -> Vec<String> {
    list(&run.report()["roster"]["conflicts"]).iter().map(word).collect()
}

#[test]
fn where_both_agree_nothing_is_said() {
    let (server, _, source) = okta(&truth());
    let office = beside(&source);
    hris(&office, true);
    let run = office.scan();
    run.expect(1);
    assert!(run.states().contains_key("u-1"));
    assert!(!conflicts(&run).iter().any(|says| says.starts_with("00001")), "{:?}", conflicts(&run));
    server.finish();
}

#[test]
fn an_account_that_is_still_on_makes_no_employee_of_a_leaver() {
    let (server, stub, source) = okta(&truth());
    stub.set(1, "ACTIVE", "2020-03-02T09:00:00.000Z");
    let office = beside(&source);
    hris(&office, true);
    let run = office.scan();
    run.expect(1);
    assert!(
        run.states().contains_key("u-1"),
        "the silent miss that a second source must not bring: {:?}",
        run.states()
    );
    let said = conflicts(&run);
    assert!(
        said.iter().any(|says| says.contains("00001") && says.contains("still lists an account in use")),
        "{said:?}"
    );
    server.finish();
}

#[test]
fn an_account_that_was_ended_makes_no_leaver_of_an_employee_and_is_told() {
    let (server, _, source) = okta(&truth());
    let office = beside(&source);
    hris(&office, false);
    let run = office.scan();
    assert!(!run.states().contains_key("u-1"), "HR counts: {:?}", run.states());
    let said = conflicts(&run);
    assert!(
        said.iter().any(|says| says.contains("00001") && says.contains("hris says employed, which counts")),
        "{said:?}"
    );
    server.finish();
}

#[test]
fn whoever_stands_in_the_directory_alone_is_judged_by_it() {
    let truth = truth();
    // Gus is a contractor whom HR's file does not know.
    let (server, _, source) = okta(&truth);
    let office = beside(&source);
    hris(&office, true);
    let run = office.scan();
    let people = run.report()["roster"]["people"].as_u64().unwrap_or_default();
    assert!(people > 24, "{people}");
    assert!(run.report()["roster"]["leavers"].as_u64() >= Some(2));
    server.finish();
}

#[test]
fn entra_beside_hr_does_the_same() {
    let truth = truth();
    // Its leave date lies ahead, the account is on; HR says that Ana left.
    truth.change(|staff| staff.member(1).spells[0].end = None);
    let server = FaultServer::start(Arc::new(hr::Entra::new(truth)));
    let source = super::Kind::Entra
        .source(server.origin())
        .replace("format: entra", "format: entra, columns: { person_id: /employeeId }");
    let office = beside(&source);
    hris(&office, true);
    let run = office.scan();
    run.expect(1);
    assert!(run.states().contains_key("u-1"));
    let said = conflicts(&run);
    assert!(
        said.iter().any(|says| says.contains("00001") && says.contains("still lists an account in use")),
        "{said:?}"
    );
    server.finish();
}
