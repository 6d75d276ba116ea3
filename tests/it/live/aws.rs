//! AWS, against an emulator that we did not write. Its address comes from `tests/servers`.

use std::io::Write as _;

use serde_json::Value;

use super::{Live, days_ago, found};

/// The emulator that was filled with dates; `None` where it does not run and need not.
fn emulator() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the script that starts the servers tells where they are")]
    let read = |name: &str| std::env::var(name).ok();
    let address = read("HOLDOVER_MOTO_SEEDED");
    assert!(
        address.is_some() || read("HOLDOVER_SERVERS").as_deref() != Some("required"),
        "HOLDOVER_MOTO_SEEDED is not set: tests/servers start"
    );
    if address.is_none() {
        let skipped = writeln!(std::io::stderr(), "skipped: the AWS emulator does not run (tests/servers start)");
        assert!(skipped.is_ok(), "a skipped test says so");
    }
    address
}

/// What the emulator was filled from.
fn seed() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers.d/moto-seed.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the seed")).expect("JSON")
}

/// A company that asks the emulator at `address`, signed in to in this way.
fn company(address: &str, sign_in: &str, secret: &str) -> Live {
    let system = format!(
        "  - id: cloud\n    connector: aws\n    account: \"123456789012\"\n\
         \x20   connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n\
         \x20   live:\n      endpoint: \"{address}\"\n      sign_in: {sign_in}\n"
    );
    Live::new(system, secret)
}

#[test]
fn each_way_to_a_credential_leads_to_the_account_and_one_without_a_credential_to_none() {
    let Some(address) = emulator() else { return };
    let seed = seed();
    let scanner = &seed["credentials"]["administrator"];
    let text = |key: &str| scanner[key].as_str().expect("a text").to_owned();
    let (id, secret) = (text("access_key_id"), text("secret_access_key"));
    for (sign_in, with_credential) in [
        ("environment", true),
        ("default", true),
        ("{ profile: audit }", true),
        ("environment", false),
        ("{ profile: other }", true),
    ] {
        let mut company = company(&address, sign_in, "unused");
        let profile = format!("[audit]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        std::fs::write(company.path().join("credentials"), profile).expect("a file");
        if sign_in.starts_with('{') {
            let file = company.path().join("credentials").display().to_string();
            company.environment = vec![("AWS_SHARED_CREDENTIALS_FILE", file)];
        } else if with_credential {
            company.environment = vec![("AWS_ACCESS_KEY_ID", id.clone()), ("AWS_SECRET_ACCESS_KEY", secret.clone())];
        }
        company.write();
        let run = company.run(&["doctor"]);
        let reached = run.stdout.contains("cloud is 123456789012");
        assert_eq!(reached, with_credential && !sign_in.contains("other"), "{sign_in}: {}{}", run.stdout, run.stderr);
        assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret));
    }
}

#[test]
fn keys_of_a_leaver_are_named_by_their_ids_and_colleagues_are_not_asked_about() {
    let Some(address) = emulator() else { return };
    let seed = seed();
    let scanner = &seed["credentials"]["administrator"];
    let secret = scanner["secret_access_key"].as_str().expect("a secret");
    let sign_in = format!(
        "{{ key: {{ access_key_id: {}, secret_access_key: {{ env: TOKEN }} }} }}",
        scanner["access_key_id"].as_str().expect("an id")
    );
    let mut company = company(&address, &sign_in, secret);
    let users = seed["accounts"][0]["users"].as_array().expect("users");
    let address_of = |user: &Value| user["tags"]["email"].as_str().map(String::from);
    let leaver = users.iter().find(|user| user["name"] == "ann.berg").expect("the one who left");
    // Everybody else with an address works here.
    company.people = vec![format!(
        "p-1,employee,ended,Ann,{},2020-01-01,{},Europe/Berlin,{}T00:00:00Z",
        address_of(leaver).expect("an address"),
        days_ago(30),
        days_ago(20)
    )];
    for (number, user) in users.iter().filter(|user| user["name"] != "ann.berg").enumerate() {
        if let Some(address) = address_of(user) {
            company.people.push(format!(
                "p-{},employee,active,Colleague,{address},2020-01-01,,Europe/Berlin,{}T00:00:00Z",
                number + 2,
                days_ago(20)
            ));
        }
    }
    let run = company.scan();
    let report = run.report();
    let found = found(&report);
    for key in leaver["keys"].as_array().expect("keys").iter().filter(|key| key["status"] != "Inactive") {
        let line = format!("p-1 access_key {}", key["id"].as_str().expect("an id"));
        assert!(found.contains(&line), "{line} in {found:#?}\n{}\n{:#?}", run.stderr, run.gaps());
    }
    assert!(found.iter().any(|line| line.starts_with("p-1 ssh_key ")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("/access-key-")), "a slot beside its key: {found:#?}");
    assert!(found.iter().all(|line| line.starts_with("p-1 ")), "nobody who works here: {found:#?}");
    // What the emulator does not offer is a gap and never an empty list.
    assert!(run.gaps().iter().any(|gap| gap.contains("service-specific")), "{:#?}", run.gaps());
    assert!(run.gaps().iter().all(|gap| !gap.contains("defect")), "{:#?}", run.gaps());
    assert!(report["run"]["not_of_interest"].as_u64().is_some_and(|count| count > 0), "{}", report["run"]);
}
