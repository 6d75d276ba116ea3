//! HR systems, and tables with columns that nobody mapped.

use holdover_kit::fault::{FaultServer, On};
use holdover_kit::stub::hr::SECRET;

use super::place::Place;
use super::systems::{loaded, some_failures};
use crate::roster_http::{KINDS, Kind, truth};

/// An export with an account of the leaver of every sample.
fn import(place: &mut Place) -> String {
    let as_of = crate::live::now().format("%Y-%m-%dT%H:%M:%SZ");
    let account = crate::company::account("u-1", "ana.silva@acme.example", "enabled");
    place.write(
        "crm.ndjson",
        &format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{as_of}\",\"produced_by\":\"test\",\"scopes\":[\"accounts\"]}}\n{account}\n{{\"record\":\"end\",\"counts\":{{\"accounts\":1}}}}\n"
        ),
    );
    String::from(
        "  - { id: crm, connector: import, scopes: [accounts], files: [{ path: crm.ndjson, format: ndjson }] }\n",
    )
}

#[test]
fn m6_hr_systems_and_what_they_let_slip() {
    std::thread::scope(|scope| {
        // Most of the time is spent waiting.
        for kind in KINDS {
            scope.spawn(move || hr_system(kind));
        }
    });
}

fn hr_system(kind: Kind) {
    let mut place = Place::new(30 + KINDS.iter().position(|one| *one == kind).expect("one of them") as u64);
    let server: FaultServer = kind.serve(&truth());
    place.variable_with("HR_SECRET", SECRET);
    if !matches!(kind, Kind::Personio | Kind::Entra) {
        // Where a token is asked for first, one in every object would be taken for it.
        loaded(&server, &mut place, 40);
    }
    let systems = import(&mut place);
    place.configure_with(&kind.source(server.origin()), &systems, "metrics: { textfile: out/holdover.prom }\n");
    let run = place.run(&["scan", "--no-progress"]);
    assert!(matches!(run.code, 1 | 5), "{kind:?}: exit {}\n{}", run.code, run.stderr);
    assert_eq!(run.report()["roster"]["state"], "accepted", "{kind:?}: it was read\n{}", run.stderr);
    for arguments in [&["roster", "validate", "--explain"][..], &["doctor"], &["config", "show", "--origin"]] {
        place.run(arguments);
    }
    let part = KINDS.iter().position(|one| *one == kind).expect("one of them");
    for (what, damage) in some_failures(&mut place, part, 4) {
        let fault = server.plant(On::any(), damage);
        place.run(&["roster", "validate", "--log-format", "json"]);
        if what == "it is broken" {
            place.run(&["scan", "--no-progress"]);
        }
        assert!(fault.fired() > 0, "{kind:?}: {what} never fired");
        fault.withdraw();
    }
    // A wrong credential, and a token of a sign-in that was handed out.
    for logged in server.log() {
        let given = logged.asked.token().filter(|token| token.len() >= 16).map(String::from);
        place.canaries.extend(given.map(|token| super::search::Canary::new("token of the sign-in", token)));
    }
    place.variable("HR_SECRET");
    place.run(&["roster", "validate"]);
    place.expect_silence(&["standard error of", "state/state.db, by rows", "out/report.json", "out/report.html"]);
}

#[test]
fn m6_columns_of_a_roster_that_nobody_mapped() {
    let mut place = Place::new(50);
    let systems = import(&mut place);
    place.configure(&systems, "metrics: { textfile: out/holdover.prom }\n");
    let header = "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at,initial_password,badge_pin";
    let mut rows = vec![String::from(header)];
    for row in place.people.clone() {
        let (password, pin) = (place.plant("an unmapped column"), place.plant("another unmapped column"));
        let row = row.replace("ana@", "ana.silva@");
        rows.push(format!("{row},{password},\"{pin} \"\"x\"\"\""));
    }
    let text = rows.join("\n") + "\n";
    place.write_roster_text(&text);
    let run = place.run(&["scan", "--no-progress"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    place.run(&["roster", "validate", "--explain"]);
    place.run(&["doctor"]);
    // Rows that cannot be read hold secrets as well as others.
    let broken = text.replace(",active,", ",aktiv,").replace("2020-01-01", "01.01.2020");
    place.write_roster_text(&broken);
    place.run(&["scan", "--no-progress"]);
    place.run(&["roster", "validate", "--explain"]);
    place.write_roster_text(&text[..text.len() - 5]);
    place.run(&["scan", "--no-progress"]);
    // Held rosters are judged by the accepted one, out of the store.
    place.expect_silence(&["standard error of", "state/state.db, by rows", "out/report.json"]);
}

#[test]
fn m6_secrets_in_the_configuration_by_mistake() {
    let mut place = Place::new(51);
    let systems = import(&mut place);
    let wrong: [(&str, &str); 9] = [
        (
            "  - id: sso\n    connector: okta\n    okta: { address: https://acme.okta.com, organisation: acme, sign_in: { api_token: SECRET } }\n",
            "",
        ),
        (
            "  - id: sso\n    connector: okta\n    okta: { address: https://acme.okta.com, organisation: acme, sign_in: { api_token: { value: SECRET } } }\n",
            "",
        ),
        (
            "  - id: sso\n    connector: okta\n    okta: { address: \"https://user:SECRET@acme.okta.com\", organisation: acme, sign_in: { api_token: { env: TOKEN } } }\n",
            "",
        ),
        ("  - id: code\n    connector: github\n    github: { organisation: acme, sign_in: { token: SECRET } }\n", ""),
        (
            "  - id: vault\n    connector: vault\n    vault: { address: https://vault.example, token: SECRET, cluster_id: x, sign_in: { token: SECRET } }\n",
            "",
        ),
        (
            "",
            "tickets: { trackers: [{ id: desk, jira: { url: https://acme.example, project: SEC, sign_in: { token: SECRET } } }] }\n",
        ),
        (
            "",
            "tickets: { trackers: [{ id: chat, slack: { webhook: \"https://hooks.slack.com/services/T0/B0/SECRET\" } }] }\n",
        ),
        ("", "serve: { bearer: SECRET, schedule: [{ cron: \"@daily\" }] }\n"),
        ("", "metrics: { pushgateway: { url: \"https://a:SECRET@push.example\" } }\n"),
    ];
    for (system, more) in wrong {
        let secret = place.plant("written into the configuration");
        place.configure(&format!("{systems}{}", system.replace("SECRET", &secret)), &more.replace("SECRET", &secret));
        for arguments in [
            &["config", "check"][..],
            &["config", "show"],
            &["scan", "--no-progress"],
            &["doctor"],
            &["config", "check", "--log-format", "json"],
        ] {
            let run = place.run(arguments);
            assert!(arguments[0] == "doctor" || run.code == 2, "{arguments:?}: {}\n{}", run.code, run.stderr);
        }
    }
    place.expect_silence(&["standard error of"]);
}
