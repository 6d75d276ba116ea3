//! M1, M2: whose an account is.

use holdover_kit::stub::tracker::Dialect;

use crate::company::{Company, account, list, word};
use crate::faults::outputs::desk::{self, Desk};
use crate::life::{DAYS, fresh, staff};

/// An account that tells a login and nothing else.
fn nameless(id: &str) -> String {
    account(id, "nobody", "enabled").replace(",\"email\":\"nobody\"", ",\"login\":\"x7\"")
}

#[test]
fn m1_a_leavers_account_without_any_corporate_attribute_is_counted_and_told() {
    let mut desk = Desk::open(Company::new(), Dialect::JiraDataCenter, "");
    let before = desk.company.scan_at("2026-08-03T06:30:00Z");
    before.expect(1);
    assert_eq!(before.report()["counts"]["unattributed"], 0);
    // Ana's second account: nothing in it says whose it is.
    desk.company.records.push(nameless("u-77"));
    fresh(&mut desk.company, 1);
    let run = desk.company.scan_at(DAYS[1]);
    run.expect(1);
    let report = run.report();
    assert_eq!(report["counts"]["unattributed"], 1);
    let line = &list(&report["unattributed"])[0];
    assert_eq!((line["grant_id"].as_str(), line["first_seen_at"].as_str()), (Some("u-77"), Some(DAYS[1])));
    assert!(run.stdout.contains("1 without owner"), "{}", run.stdout);
    assert!(run.incomplete().is_empty(), "it is no gap");
    assert_eq!(run.states(), before.states(), "and no finding");
    assert_eq!(desk.made_by(desk.path()), 0);
    // The twin with her address is hers.
    *desk.company.records.last_mut().expect("the record") = account("u-77", "ana@acme.example", "enabled");
    fresh(&mut desk.company, 2);
    let run = desk.company.scan_at(DAYS[2]);
    run.expect(1);
    assert_eq!(run.report()["counts"]["unattributed"], 0);
    assert_eq!(run.states().get("u-77").map(String::as_str), Some("confirmed"));
}

/// Spellings of `zoë.müller@acme.example`: each alone leads to the one person.
const SPELLINGS: [(&str, &str); 12] = [
    ("as on the roster", "zoë.müller@acme.example"),
    ("capitals", "ZOË.MÜLLER@ACME.EXAMPLE"),
    ("capitals here and there", "Zoë.Müller@Acme.Example"),
    ("decomposed", "zoe\u{308}.mu\u{308}ller@acme.example"),
    ("decomposed capitals", "ZOE\u{308}.MU\u{308}LLER@acme.example"),
    ("a tag", "zoë.müller+crm@acme.example"),
    ("a tag in capitals", "Zoë.Müller+CI+2@ACME.example"),
    ("a former domain", "zoë.müller@old.example"),
    ("a former domain, a tag, capitals, decomposed", "ZOE\u{308}.Müller+x@OLD.example"),
    ("spaces around", " zoë.müller@acme.example "),
    ("a tab behind", "zoë.müller@acme.example\t"),
    ("composed and decomposed mixed", "zoë.mu\u{308}ller@acme.example"),
];

fn zoe(company: &mut Company) {
    company.people[0] = String::from(
        "p-1,employee,ended,Zoë Müller,zoë.müller@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z",
    );
}

fn json(text: &str) -> String {
    let text = serde_json::to_string(text).expect("JSON");
    text.trim_matches('"').to_owned()
}

#[test]
fn m2_every_spelling_of_an_address_is_one_person_one_finding_one_ticket() {
    for (what, spelling) in SPELLINGS {
        let mut company = Company::new();
        zoe(&mut company);
        company.records =
            vec![account("u-1", &json(spelling), "enabled"), account("u-2", "bea@acme.example", "enabled")];
        company.write_all();
        let run = company.scan();
        run.expect(1);
        let states = run.states();
        assert_eq!(states.len(), 1, "{what}: {states:?}");
        let finding = run.finding("u-1");
        assert_eq!(finding["person_id"], "p-1", "{what}");
        assert_eq!(finding["state"], "confirmed", "{what}");
        assert!(run.incomplete().is_empty() && !run.flag("ambiguous"), "{what}");
    }
    // All of them in one system: one person, one ticket with a line for each account.
    let mut company = Company::new();
    zoe(&mut company);
    company.records = SPELLINGS
        .iter()
        .enumerate()
        .map(|(number, (_, spelling))| account(&format!("u-{number}"), &json(spelling), "enabled"))
        .collect();
    let desk = Desk::open(company, Dialect::JiraDataCenter, "");
    let report = desk.company.scan_at("2026-08-03T06:30:00Z").report();
    assert_eq!(list(&report["findings"]).len(), SPELLINGS.len());
    assert!(list(&report["findings"]).iter().all(|finding| finding["person_id"] == "p-1"));
    desk::sync(desk.path(), 0);
    let tickets = desk.bench.stub.desk.tickets();
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].labels.iter().filter(|label| label.starts_with("ra1-")).count(), SPELLINGS.len());
}

#[test]
fn m2_what_is_another_address_is_another_person() {
    // Each of these differs in something that no spelling explains.
    for (what, address) in [
        ("a letter without its dots", "zoe.müller@acme.example"),
        ("a domain nobody declared", "zoë.müller@acme-mail.example"),
        ("a domain below ours", "zoë.müller@mail.acme.example"),
        ("a tag in a domain nobody declared", "zoë.müller+x@gmail.example"),
        ("no domain", "zoë.müller"),
        ("a look-alike letter", "zo\u{0451}.müller@acme.example"),
    ] {
        let mut company = Company::new();
        zoe(&mut company);
        company.records =
            vec![account("u-1", &json(address), "enabled"), account("u-2", "bea@acme.example", "enabled")];
        company.write_all();
        let run = company.scan();
        run.expect(0);
        assert!(run.states().is_empty(), "{what}: {:?}", run.states());
        assert_eq!(run.report()["counts"]["unattributed"], 1, "{what}: it is counted");
    }
}

#[test]
fn m2_two_people_whose_addresses_fold_to_one_are_ambiguous_and_not_merged() {
    let mut company = Company::new();
    zoe(&mut company);
    company.people[1] = company.people[1].replace("bea@acme.example", "ZOË.MÜLLER@old.example");
    company.records = vec![account("u-1", "Zoë.Müller@acme.example", "enabled")];
    let bench = crate::trackers::bench::Bench::new(Dialect::JiraDataCenter);
    company.extra = desk::section(&bench, "");
    fresh(&mut company, 0);
    let run = company.scan_at(DAYS[0]);
    run.expect(3);
    assert!(run.flag("ambiguous"), "we could not tell");
    let report = run.report();
    let ambiguous = &list(&report["ambiguous"])[0];
    let mut candidates: Vec<String> =
        list(&ambiguous["candidates"]).iter().map(|one| word(&one["person_id"])).collect();
    candidates.sort();
    assert_eq!(candidates, ["p-1", "p-2"]);
    assert!(run.states().is_empty(), "no finding of anybody: {:?}", run.states());
    desk::accept(company.path(), DAYS[0]);
    desk::sync(company.path(), 0);
    assert_eq!(bench.creations(), 0);
}

#[test]
fn m1_m2_colleagues_stay_silent_whatever_their_spelling() {
    let mut company = Company::new();
    staff(&mut company, 5);
    company.records = vec![
        account("u-1", "PERSON100@OLD.example", "enabled"),
        account("u-2", "person101+x@acme.example", "enabled"),
        account("u-3", "Person102@Acme.Example", "enabled"),
    ];
    company.write_all();
    let run = company.scan();
    run.expect(0);
    assert_eq!(run.report()["counts"]["unattributed"], 0);
}
