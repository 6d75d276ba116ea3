use super::*;

#[test]
fn one_broken_entry_does_not_break_its_neighbours() {
    let entry = GOOD[GOOD.find("  - id").unwrap()..]
        .replace("EX-2026-0031", "EX-2026-0032")
        .replace("    requested_by: p-boss\n", "    requested: p-boss\n");
    let exceptions = judge(&format!("{GOOD}{entry}"));
    assert!(exceptions.covering(&query(), now()).is_some());
    assert_eq!(
        (exceptions.count(ExceptionState::Active, now()), exceptions.count(ExceptionState::Invalid, now())),
        (1, 1)
    );
    let keys: Vec<(String, usize)> =
        exceptions.problems().into_iter().map(|problem| (problem.says, problem.place.unwrap().line)).collect();
    assert_eq!(keys, [("`requested_by` is missing".to_owned(), 17), ("unknown key `requested`".to_owned(), 25)]);
    let facts = exceptions.facts(now(), Duration::from_hours(168), &|_| Usage::default());
    assert_eq!(facts.len(), 2);
    assert_eq!((&*facts[1].id, facts[1].state), ("EX-2026-0032", ExceptionState::Invalid));
    assert!(exceptions.notices(now())[0].starts_with("EX-2026-0032 is invalid and suppresses nothing: "));
}

#[test]
fn a_file_that_cannot_be_used_suppresses_nothing_and_is_loud() {
    for text in [
        "",
        "version: 1\nexceptions: [",
        "version: 2\nexceptions: []\n",
        "version: 1\nexceptions: {}\n",
        "exceptions: []\n",
        "version: 1\nexceptions: []\nmore: 1\n",
    ] {
        let exceptions = judge(text);
        assert!(exceptions.is_unusable(), "{text:?}");
        assert!(exceptions.has_invalid(now()));
        assert!(exceptions.judged().is_empty());
        assert_eq!(exceptions.covering(&query(), now()), None);
        assert_eq!(exceptions.notices(now()).len(), 1, "{text:?}");
        assert!(
            exceptions.notices(now())[0].starts_with("exceptions.yaml cannot be used, so no exception is in force: ")
        );
    }
    let broken = judge(&GOOD.replace("version: 1", "version: 2"));
    assert_eq!(broken.covering(&query(), now()), None);
}

#[test]
fn no_file_and_an_empty_list_are_fine() {
    assert_valid("version: 1\nexceptions: []\n");
    let none = ExceptionFile::none();
    assert_eq!(none.digest(), None);
    assert_valid("---\nversion: 1\nexceptions: []\n");
}

#[test]
fn what_the_schema_refuses_is_told_with_its_place() {
    for (from, to, line, column, key, says) in [
        ("EX-2026-0031", "EX-26-31", 3, 9, "id", "\"EX-26-31\" is not an id such as EX-2026-0031"),
        (
            "type: transition",
            "type: transit",
            4,
            11,
            "type",
            "\"transit\" is not one of transition, legal_hold, false_positive, accepted_risk, break_glass",
        ),
        (
            "person_id: p-gone",
            "person_id: \"p-*\"",
            6,
            18,
            "scope.person_id",
            "\"p-*\" is not the id of one person, without wildcards",
        ),
        ("system: aws-prod", "system: AWS", 7, 15, "scope.system", "\"AWS\" is not the id of one configured system"),
        ("[access_key]", "[]", 8, 7, "scope.access_kinds", "needs at least 1 entry"),
        ("[p-lead]", "[p-lead, p-lead]", 12, 5, "approved_by", "an entry stands twice"),
        (
            "2026-08-07T00:00:00Z",
            "2026-08-07",
            15,
            17,
            "expires_at",
            "\"2026-08-07\" is not an instant with its offset such as 2026-08-01T00:00:00Z",
        ),
        (
            "    review:",
            "    ticket: SEC 1042\n    review:",
            16,
            13,
            "ticket",
            "\"SEC 1042\" is not a link such as https://tickets.example.org/1",
        ),
        (
            "The payroll export runs on this key until it is rotated.",
            "Needed.",
            10,
            13,
            "reason",
            "\"Needed.\" is shorter than 20 characters",
        ),
    ] {
        assert_invalid(&GOOD.replace(from, to), line, column, &format!("exceptions[0].{key}"), says);
    }
}

#[test]
fn facts_say_what_needs_attention() {
    let facts =
        |now, usage: Usage| judge_at(GOOD, &staff(), now).facts(now, Duration::from_hours(168), &|_| usage).remove(0);
    let busy = Usage { covers: 2, idle_runs: 0 };
    let fact = facts(now(), busy);
    assert_eq!((fact.covers, fact.expiring, fact.stale, fact.review_overdue), (2, true, false, false));
    assert!(facts(at("2026-08-04T09:00:00Z"), busy).review_overdue);
    assert!(!facts(at("2026-08-04T08:59:59Z"), busy).review_overdue);
    assert!(facts(now(), Usage { covers: 0, idle_runs: 3 }).stale);
    assert!(!facts(now(), Usage { covers: 0, idle_runs: 2 }).stale);
    // What is over needs no attention.
    let over = facts(at("2026-08-07T00:00:00Z"), Usage { covers: 0, idle_runs: 9 });
    assert_eq!(
        (over.state, over.expiring, over.stale, over.review_overdue),
        (ExceptionState::Expired, false, false, false)
    );
    let short = judge(GOOD).facts(now(), Duration::from_hours(24), &|_| busy).remove(0);
    assert!(!short.expiring);
}

fn new_exception() -> NewException {
    NewException {
        id: "EX-2026-0032".to_owned(),
        kind: ExceptionType::Transition,
        person_id: "p-gone".to_owned(),
        system: "aws-prod".to_owned(),
        access_kinds: vec![AccessKind::AccessKey, AccessKind::Automation],
        resource: Some("a: \"b\" #c".to_owned()),
        fingerprint: Some(SEEN.to_owned()),
        reason: "Runs until\nthe rotation of 00417 is done.".to_owned(),
        compensating_controls: vec!["true".to_owned()],
        requested_by: "p-boss".to_owned(),
        approved_by: vec!["p-lead".to_owned()],
        approved_at: at("2026-07-31T10:00:00Z"),
        starts_at: Some(at("2026-07-31T22:00:00Z")),
        expires_at: at("2026-08-07T00:00:00Z"),
        ticket: Some("https://tickets.example.org/browse/SEC-1042".to_owned()),
        review_owner: "p-lead".to_owned(),
        review_next_at: None,
        on_expiry: OnExpiry::ReopenAndPage,
        renews: None,
    }
}

#[test]
fn a_new_entry_is_read_as_it_was_meant() {
    let new = new_exception();
    let exceptions = judge(&format!("{GOOD}{}", new.text()));
    assert_eq!(exceptions.problems(), []);
    let read = &exceptions.judged()[1].exception;
    assert_eq!((read.resource.as_ref(), &read.reason), (new.resource.as_ref(), &new.reason));
    assert_eq!((&read.compensating_controls, read.on_expiry), (&new.compensating_controls, OnExpiry::ReopenAndPage));
}

#[test]
fn the_next_id_follows_the_highest_that_was_ever_used() {
    let file = ExceptionFile::read(Path::new("e"), GOOD);
    assert_eq!(file.next_id(2026), "EX-2026-0032");
    assert_eq!(file.next_id(2027), "EX-2027-0001");
    // Also those of entries that cannot be read.
    let broken = ExceptionFile::read(Path::new("e"), &GOOD.replace("type: transition", "type: x"));
    assert_eq!(broken.next_id(2026), "EX-2026-0032");
}

#[test]
fn the_documented_file_is_read() {
    let page = include_str!("../../../docs/exceptions.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let file = ExceptionFile::read(Path::new("e"), text);
    assert_eq!(file.unusable, []);
    assert!(!file.entries.is_empty());
    assert!(file.entries.iter().all(|entry| matches!(entry, read::Entry::Read(_))), "{:#?}", file.entries);
}

#[test]
fn the_committed_schema_is_the_enforced_one() {
    assert_eq!(schema(), include_str!("../schema.json"), "holdover schema exceptions > src/exceptions/schema.json");
}

#[test]
#[ignore = "writes the schema into the source tree"]
fn write_schema() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/exceptions/schema.json"), schema()).unwrap();
}

proptest! {
    /// However a file is damaged, it never covers a person, system or kind that the whole one did not.
    #[test]
    fn a_damaged_file_never_widens(position in 0..GOOD.len(), with in "[a-z0-9:{}\\[\\], \n*-]{0,3}") {
        let mut text = GOOD.to_owned();
        text.replace_range(position..=position, &with);
        let exceptions = judge(&text);
        let covers = |query: ExceptionQuery<'_>| exceptions.covering(&query, now()).is_some();
        let other_person = covers(ExceptionQuery { person_id: "p-top", ..query() });
        let other_system = covers(ExceptionQuery { system: "crm", ..query() });
        let early = matches!(exceptions.covering(&query(), at("2026-07-30T00:00:00Z")), Some(Cover::Active { .. }));
        prop_assert!(!other_person && !other_system && !early);
        prop_assert!(exceptions.problems().is_empty() || exceptions.has_invalid(now()));
    }

    /// A text in a new entry comes back as it was.
    #[test]
    fn any_text_of_a_new_entry_survives(reason in "\\PC{20,60}", resource in "\\PC{1,20}") {
        let new = NewException { reason, resource: Some(resource), ..new_exception() };
        let exceptions = judge(&format!("version: 1\nexceptions:\n{}", new.text()));
        prop_assert_eq!(exceptions.problems(), []);
        let read = &exceptions.judged()[0].exception;
        prop_assert_eq!((&read.reason, &read.resource), (&new.reason, &new.resource));
    }
}
