use super::*;

#[test]
fn nobody_approves_what_they_keep_asked_for_or_leave_with() {
    for (approver, says) in [
        ("p-gone", "is the person whose access it is"),
        ("p-boss", "is the person who asked for it"),
        ("p-nobody", "nobody on the roster has the id p-nobody"),
        ("p-early", "was not employed when it was approved"),
        ("p-odd", "the roster cannot tell whether they were employed when it was approved"),
        ("p-wave", "is not independent of the person whose access it is"),
    ] {
        assert_invalid(
            &GOOD.replace("[p-lead]", &format!("[{approver}]")),
            12,
            19,
            "exceptions[0].approved_by[0]",
            says,
        );
    }
    assert_valid(&GOOD.replace("[p-lead]", "[p-other]"));
}

#[test]
fn the_one_who_asks_is_known_and_not_the_subject() {
    assert_invalid(
        &GOOD.replace("p-boss", "p-gone"),
        11,
        19,
        "exceptions[0].requested_by",
        "is the person whose access it is",
    );
    assert_invalid(
        &GOOD.replace("p-boss", "p-none"),
        11,
        19,
        "exceptions[0].requested_by",
        "nobody on the roster has the id p-none",
    );
    assert_invalid(
        &GOOD.replace("person_id: p-gone", "person_id: p-none"),
        6,
        18,
        "exceptions[0].scope.person_id",
        "nobody on the roster has the id p-none",
    );
}

#[test]
fn the_number_of_approvers_follows_the_stricter_tier() {
    let root = GOOD.replace("system: aws-prod", "system: root").replace("2026-08-07T00:00:00Z", "2026-08-01T20:00:00Z");
    assert_invalid(&root, 12, 5, "exceptions[0].approved_by", "tier0 needs 2 approvers");
    assert_valid(&root.replace("[p-lead]", "[p-lead, p-other]"));
    // A person of tier 0 in a system of tier 1.
    let top =
        GOOD.replace("person_id: p-gone", "person_id: p-top").replace("2026-08-07T00:00:00Z", "2026-08-01T20:00:00Z");
    assert_invalid(&top, 12, 5, "exceptions[0].approved_by", "tier0 needs 2 approvers");
    assert_valid(&top.replace("[p-lead]", "[p-lead, p-other]"));
}

#[test]
fn no_exception_lasts_longer_than_its_type_and_tier_allow() {
    // Seven days of transition in tier 1.
    assert_valid(&GOOD.replace("2026-08-07T00:00:00Z", "2026-08-07T22:00:00Z"));
    assert_invalid(
        &GOOD.replace("2026-08-07T00:00:00Z", "2026-08-07T22:00:01Z"),
        15,
        17,
        "exceptions[0].expires_at",
        "a transition in tier1 lasts at most 168h",
    );
    let risk = GOOD.replace("type: transition", "type: accepted_risk");
    assert_valid(&risk.replace("2026-08-07T00:00:00Z", "2026-08-14T22:00:00Z"));
    let root = risk.replace("system: aws-prod", "system: root").replace("[p-lead]", "[p-lead, p-other]");
    assert_invalid(&root, 4, 11, "exceptions[0].type", "accepted_risk is not allowed in tier0");
}

#[test]
fn a_legal_hold_keeps_no_sign_in() {
    let hold = GOOD.replace("type: transition", "type: legal_hold");
    assert_invalid(
        &hold,
        8,
        22,
        "exceptions[0].scope.access_kinds[0]",
        "a legal hold in tier1 keeps data, not a sign-in such as access_key",
    );
    assert_valid(&hold.replace("[access_key]", "[ownership]"));
    // Without kinds it is valid, and still keeps none.
    let any = hold.replace("      access_kinds: [access_key]\n      resource: user/payroll-export\n", "");
    assert_valid(&any);
    let exceptions = judge(&any);
    assert!(exceptions.covering(&query(), now()).is_none());
    assert!(exceptions.covering(&ExceptionQuery { kind: AccessKind::Ownership, ..query() }, now()).is_some());
    // Outside tier 0 and 1, one that an approver named.
    let crm = judge(&hold.replace("system: aws-prod", "system: crm"));
    assert!(crm.covering(&ExceptionQuery { system: "crm", ..query() }, now()).is_some());
}

#[test]
fn times_follow_each_other() {
    assert_invalid(
        &GOOD.replace("expires_at: 2026-08-07", "expires_at: 2026-07-31"),
        15,
        17,
        "exceptions[0].expires_at",
        "ends before it begins",
    );
    assert_invalid(
        &GOOD.replace("T10:00:00Z", "T22:00:01Z"),
        13,
        18,
        "exceptions[0].approved_at",
        "was approved after it began; nothing is approved afterwards",
    );
    let future = GOOD
        .replace("2026-07-31T10:00:00Z", "2026-08-01T00:00:01Z")
        .replace("    starts_at: 2026-07-31T22:00:00Z\n", "");
    assert_invalid(&future, 13, 18, "exceptions[0].approved_at", "is approved in the future");
    assert_valid(&future.replace("00:00:01Z", "00:00:00Z"));
}

#[test]
fn system_kind_and_fingerprint_have_to_exist_and_belong_together() {
    assert_invalid(
        &GOOD.replace("aws-prod", "aws-test"),
        7,
        15,
        "exceptions[0].scope.system",
        "no configured system is called aws-test",
    );
    let problem = judge(&GOOD.replace("[access_key]", "[access_keys]")).problems().remove(0);
    assert_eq!(problem.help.as_deref(), Some("did you mean `access_key`?"));
    assert_eq!(problem.place.map(|place| (place.line, place.column)), Some((8, 22)));
    let with = |print: &str| GOOD.replace("resource: user/payroll-export", &format!("fingerprint: \"{print}\""));
    let foreign = with(SEEN).replace("system: aws-prod", "system: crm");
    assert_invalid(&foreign, 9, 20, "exceptions[0].scope.fingerprint", "belongs to another person or system");
    assert_valid(&with(UNSEEN));
}

#[test]
fn an_id_that_stands_twice_makes_both_entries_invalid() {
    let entry = &GOOD[GOOD.find("  - id").unwrap()..];
    let exceptions = judge(&format!("{GOOD}{entry}"));
    assert_eq!(exceptions.count(ExceptionState::Invalid, now()), 2);
    assert_eq!(exceptions.covering(&query(), now()), None);
    let lines: Vec<_> =
        exceptions.problems().iter().filter_map(|problem| problem.place.map(|place| place.line)).collect();
    assert_eq!(lines, [3, 17]);
}

/// A second entry that renews the first one.
fn renewal(expires_at: &str) -> String {
    let entry = GOOD[GOOD.find("  - id").unwrap()..]
        .replace("EX-2026-0031", "EX-2026-0032")
        .replace("starts_at: 2026-07-31T22:00:00Z", "starts_at: 2026-08-07T00:00:00Z")
        .replace("expires_at: 2026-08-07T00:00:00Z", &format!("expires_at: {expires_at}\n    renews: EX-2026-0031"));
    format!("{GOOD}{entry}")
}

#[test]
fn a_chain_of_renewals_may_last_twice_the_limit() {
    // The first begins on 31 July at 22:00; twice seven days are over on 14 August at 22:00. The second entry alone may
    // last until 14 August at midnight, so the limit of the chain is met with a later start.
    let text = |expires_at: &str| {
        renewal(expires_at).replace("starts_at: 2026-08-07T00:00:00Z", "starts_at: 2026-08-08T00:00:00Z")
    };
    assert_valid(&text("2026-08-14T22:00:00Z"));
    let exceptions = judge(&text("2026-08-14T22:00:01Z"));
    let problem = exceptions.problems().remove(0);
    assert_eq!(problem.says, "with the entries it renews it lasts longer than 336h");
    assert_eq!(problem.place.map(|place| (place.line, place.column)), Some((30, 13)));
    // The first one stays in force.
    assert!(exceptions.covering(&query(), now()).is_some());
}

#[test]
fn a_renewal_follows_an_entry_about_the_same() {
    let good = renewal("2026-08-10T00:00:00Z");
    assert_valid(&good);
    let says = |text: &str| judge(text).problems().into_iter().map(|problem| problem.says).collect::<Vec<_>>();
    assert_eq!(
        says(&good.replace("renews: EX-2026-0031", "renews: EX-2026-0001")),
        ["no readable entry has the id EX-2026-0001"]
    );
    assert_eq!(
        says(&good.replace("renews: EX-2026-0031", "renews: EX-2026-0032")),
        ["the entries renew each other in a circle"]
    );
    let circle = good.replacen("    review", "    renews: EX-2026-0032\n    review", 1);
    assert_eq!(says(&circle), ["the entries renew each other in a circle"; 2]);
    let other = good.replacen("system: aws-prod", "system: crm", 1);
    assert_eq!(says(&other), ["EX-2026-0031 concerns another person, system or type"]);
}

#[test]
fn when_an_approver_leaves_the_review_is_due_and_after_a_week_it_ends() {
    let risk = GOOD
        .replace("[p-lead]", "[p-leaves]")
        .replace("type: transition", "type: accepted_risk")
        .replace("2026-08-07T00:00:00Z", "2026-08-14T00:00:00Z")
        .replace(", next_at: 2026-08-04T09:00:00Z", "");
    let overdue = |now| judge_at(&risk, &staff(), now).judged()[0].is_review_overdue(now);
    assert!(!overdue(at("2026-08-01T11:59:59Z")));
    assert!(overdue(at("2026-08-01T12:00:00Z")));
    assert_eq!(state_at(&risk, at("2026-08-08T11:59:59Z")), ExceptionState::Active);
    let later = at("2026-08-08T12:00:00Z");
    assert_eq!(state_at(&risk, later), ExceptionState::Invalid);
    let exceptions = judge_at(&risk, &staff(), later);
    assert_eq!(
        exceptions.covering(&query(), later),
        Some(Cover::Lapsed { id: Arc::from("EX-2026-0031"), ended_at: later })
    );
    assert_eq!(
        exceptions.notices(later),
        ["EX-2026-0031 is invalid and suppresses nothing: an approver has left, and nobody has renewed it since"]
    );
    // One that had ended before stays what it was.
    let ended = risk.replace("2026-08-14T00:00:00Z", "2026-08-05T00:00:00Z");
    assert_eq!(state_at(&ended, later), ExceptionState::Expired);
}
