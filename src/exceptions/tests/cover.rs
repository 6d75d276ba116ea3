use super::*;

#[test]
fn an_entry_in_force_covers_its_grant_until_its_end() {
    let exceptions = judge(GOOD);
    assert_eq!(exceptions.problems(), []);
    let id: Arc<str> = Arc::from("EX-2026-0031");
    let expires_at = at("2026-08-07T00:00:00Z");
    assert_eq!(exceptions.covering(&query(), now()), Some(Cover::Active { id: Arc::clone(&id), expires_at }));
    assert_eq!(
        exceptions
            .covering(&query(), expires_at - chrono::TimeDelta::seconds(1))
            .map(|cover| matches!(cover, Cover::Active { .. })),
        Some(true)
    );
    assert_eq!(exceptions.covering(&query(), expires_at), Some(Cover::Lapsed { id, ended_at: expires_at }));
    assert_eq!(exceptions.covering(&query(), at("2026-07-31T21:59:59Z")), None);
}

#[test]
fn each_fact_of_the_scope_has_to_agree() {
    let exceptions = judge(GOOD);
    let covers = |query: ExceptionQuery<'_>| exceptions.covering(&query, now()).is_some();
    assert!(covers(query()));
    assert!(!covers(ExceptionQuery { person_id: "p-top", ..query() }));
    assert!(!covers(ExceptionQuery { system: "crm", ..query() }));
    assert!(!covers(ExceptionQuery { kind: AccessKind::Password, ..query() }));
    assert!(!covers(ExceptionQuery { grant_display: Some("user/payroll"), ..query() }));
    assert!(covers(ExceptionQuery { grant_display: None, grant_id: "user/payroll-export", ..query() }));
    assert!(covers(ExceptionQuery { grant_display: None, target: Some("user/payroll-export"), ..query() }));
}

#[test]
fn a_fingerprint_narrows_to_one_finding() {
    let text = GOOD.replace("resource: user/payroll-export", &format!("fingerprint: \"{SEEN}\""));
    let exceptions = judge(&text);
    assert_eq!(exceptions.problems(), []);
    assert!(exceptions.covering(&query(), now()).is_some());
    assert!(exceptions.covering(&ExceptionQuery { fingerprint: UNSEEN, ..query() }, now()).is_none());
}

#[test]
fn a_finding_with_a_rule_that_was_not_excused_stays_open() {
    let text =
        GOOD.replace("      resource: user/payroll-export\n", "      rules: [cloud-access-key-active, admin-left]\n");
    let exceptions = judge(&text);
    let named: [Arc<str>; 1] = [Arc::from("cloud-access-key-active")];
    let more: [Arc<str>; 2] = [Arc::from("cloud-access-key-active"), Arc::from("secret-known")];
    assert!(exceptions.covering(&ExceptionQuery { rules: &named, ..query() }, now()).is_some());
    assert!(exceptions.covering(&ExceptionQuery { rules: &more, ..query() }, now()).is_none());
}

#[test]
fn administrators_rights_in_tier_1_need_two_approvers() {
    let admin = ExceptionQuery { privilege: Privilege::Admin, ..query() };
    assert!(judge(GOOD).covering(&admin, now()).is_none());
    let two = judge(&GOOD.replace("[p-lead]", "[p-lead, p-other]"));
    assert!(two.covering(&admin, now()).is_some());
    let crm = GOOD.replace("system: aws-prod", "system: crm");
    assert!(judge(&crm).covering(&ExceptionQuery { system: "crm", ..admin }, now()).is_some());
}

#[test]
fn states_follow_the_window() {
    assert_eq!(state_at(GOOD, at("2026-07-31T21:59:59Z")), ExceptionState::Pending);
    assert_eq!(state_at(GOOD, at("2026-07-31T22:00:00Z")), ExceptionState::Active);
    assert_eq!(state_at(GOOD, at("2026-08-06T23:59:59Z")), ExceptionState::Active);
    assert_eq!(state_at(GOOD, at("2026-08-07T00:00:00Z")), ExceptionState::Expired);
    let revoked = GOOD.replace("    review", "    revoked_at: 2026-08-02T00:00:00Z\n    review");
    assert_eq!(state_at(&revoked, now()), ExceptionState::Active);
    assert_eq!(state_at(&revoked, at("2026-08-02T00:00:00Z")), ExceptionState::Revoked);
    assert_eq!(state_at(&GOOD.replace("[p-lead]", "[p-gone]"), now()), ExceptionState::Invalid);
}

#[test]
fn what_was_taken_back_lapses_at_that_instant() {
    let revoked = GOOD.replace("    review", "    revoked_at: 2026-08-02T00:00:00Z\n    review");
    let cover = judge(&revoked).covering(&query(), at("2026-08-03T00:00:00Z"));
    let ended_at = at("2026-08-02T00:00:00Z");
    assert_eq!(cover, Some(Cover::Lapsed { id: Arc::from("EX-2026-0031"), ended_at }));
    // Taken back before it began: it never was in force.
    let never = GOOD.replace("    review", "    revoked_at: 2026-07-31T21:00:00Z\n    review");
    assert_eq!(judge(&never).covering(&query(), now()), None);
}

#[test]
fn one_that_will_be_taken_back_ends_on_that_day_and_not_later() {
    let revoked = GOOD.replace("    review", "    revoked_at: 2026-08-03T12:00:00Z\n    review");
    let exceptions = judge(&revoked);
    assert_eq!(exceptions.problems(), []);
    let (id, ends_at): (Arc<str>, _) = (Arc::from("EX-2026-0031"), at("2026-08-03T12:00:00Z"));
    let cover = exceptions.covering(&query(), at("2026-08-02T00:00:00Z"));
    assert_eq!(cover, Some(Cover::Active { id: Arc::clone(&id), expires_at: ends_at }));
    let day = std::time::Duration::from_hours(24);
    let facts = exceptions.facts(at("2026-08-02T00:00:00Z"), day, &|_| Usage::default());
    assert_eq!((facts[0].expires_at, facts[0].expiring), (ends_at, false));
    let facts = exceptions.facts(at("2026-08-03T00:00:00Z"), day, &|_| Usage::default());
    assert_eq!((facts[0].expires_at, facts[0].expiring), (ends_at, true));
    // Of two in force, the one that is taken back is not the one that ends last.
    let other = GOOD[GOOD.find("  - id:").expect("an entry")..]
        .replace("EX-2026-0031", "EX-2026-0032")
        .replace("2026-08-07T00:00:00Z", "2026-08-05T00:00:00Z");
    let exceptions = judge(&format!("{revoked}{other}"));
    assert_eq!(exceptions.problems(), []);
    let cover = exceptions.covering(&query(), at("2026-08-02T00:00:00Z"));
    assert_eq!(cover, Some(Cover::Active { id: Arc::from("EX-2026-0032"), expires_at: at("2026-08-05T00:00:00Z") }));
}

#[test]
fn without_a_start_it_holds_from_the_approval() {
    let text = GOOD.replace("    starts_at: 2026-07-31T22:00:00Z\n", "");
    assert_eq!(state_at(&text, at("2026-07-31T10:00:00Z")), ExceptionState::Active);
}
