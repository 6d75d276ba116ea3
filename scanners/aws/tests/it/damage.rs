//! Every damage ends in a gap that names it, and takes nothing with it that was not damaged.

use scan_contract::{AccessKind, Cause, Privilege, Status};

use crate::kit::*;

fn everything() -> impl Iterator<Item = &'static str> {
    DETAILS.into_iter().chain(REPORT)
}

#[test]
fn a_document_that_is_not_configured_is_not_attempted_and_never_empty() {
    let mut without_details = papers("acme", ACME);
    without_details.details = None;
    let seen = without_details.read();
    for kind in DETAILS {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::NotInSource { .. })), "{kind}");
        assert!(!seen.sealed.keys().any(|scope| scope.ends_with(kind)));
    }
    for kind in REPORT {
        assert!(
            seen.has_gap(kind, |cause| matches!(cause, Cause::NotProven { .. })),
            "{kind}: nothing proves it whole"
        );
    }
    let key = seen.get("arn:aws:iam::111122223333:user/people/ana.silva/access-key-1");
    assert_eq!((key.parent.as_ref(), key.privilege), (None, Privilege::Unknown));
    assert_eq!(key.holders[0].login.as_deref(), Some("ana.silva"));

    let mut without_report = papers("acme", ACME);
    without_report.report = None;
    let seen = without_report.read();
    for kind in REPORT {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::NotInSource { .. })), "{kind}");
    }
    for kind in DETAILS {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::NotProven { .. })), "{kind}");
    }
    without_report.details = Some(fixture("acme", "authorization-details.pages.json"));
    assert!(without_report.read().is_whole("iam.users"), "the last page says that it is the last");
}

#[test]
fn a_file_that_cannot_be_opened_takes_nothing_from_the_others() {
    let mut papers = papers("acme", ACME);
    let settings = papers.settings();
    papers.details = None;
    let seen = read(&papers.scanner_with(settings));
    for kind in DETAILS {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::Unreachable { .. })), "{kind}");
    }
    assert_eq!(seen.of_kind(AccessKind::AccessKey).len(), 4);
}

#[test]
fn documents_of_another_account_fail_every_scope_and_nothing_of_them_is_told() {
    for which in 0..2 {
        let mut papers = papers("acme", ACME);
        let document = if which == 0 { &mut papers.details } else { &mut papers.report };
        swap(document, ACME, "999988887777");
        let seen = papers.read();
        for kind in everything() {
            let wrong = |cause: &Cause| matches!(cause, Cause::WrongSystem { declared, found } if declared == ACME && found == "999988887777");
            assert!(seen.has_gap(kind, wrong), "{kind}: {:?}", seen.gaps);
        }
        assert!(seen.records.is_empty() && seen.sealed.is_empty());
        assert_eq!(papers.identify().expect("an account").found, "999988887777");
    }
}

#[test]
fn one_foreign_user_among_ours_is_another_account_too() {
    let mut papers = papers("acme", ACME);
    swap(
        &mut papers.details,
        "arn:aws:iam::111122223333:user/people/dee.park",
        "arn:aws:iam::999988887777:user/people/dee.park",
    );
    assert!(papers.read().has_gap("iam.users", |cause| matches!(cause, Cause::WrongSystem { .. })));
}

#[test]
fn without_any_document_there_is_no_identity() {
    let mut papers = papers("acme", ACME);
    (papers.details, papers.report) = (None, None);
    assert!(matches!(papers.identify(), Err(Cause::NotInSource { .. })));
    let seen = papers.read();
    each_scope_ends(&seen);
    assert!(seen.records.is_empty());
}

#[test]
fn an_unknown_word_may_be_active_and_makes_its_scope_partial() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.report, "N/A,true,true,2024-03-01T10:00:00+00:00", "N/A,true,suspended,2024-03-01T10:00:00+00:00");
    let seen = papers.read();
    let unknown = |cause: &Cause| matches!(cause, Cause::UnknownWord { field, word, rows: 1, .. } if field == "access_key_1_active" && word == "suspended");
    assert!(seen.has_gap("iam.access-keys", unknown));
    let key = seen.get("arn:aws:iam::111122223333:user/people/ana.silva/access-key-1");
    assert_eq!((key.status, key.status_text.as_deref()), (Status::Unknown, Some("suspended")));
    assert!(seen.is_whole("iam.passwords"));

    let mut papers = crate::kit::papers("acme", ACME);
    papers.keys = Some(fixture("acme", "access-keys.json"));
    swap(&mut papers.keys, "\"Inactive\"", "\"Asleep\"");
    let seen = papers.read();
    assert!(
        seen.has_gap("iam.access-keys", |cause| matches!(cause, Cause::UnknownWord { word, .. } if word == "Asleep"))
    );
    assert_eq!(seen.get("AKIA2EXAMPLEANAKEY002").status, Status::Unknown);
}

#[test]
fn a_missing_column_is_named_in_the_scopes_that_need_it_and_only_there() {
    for (column, kind) in [
        ("password_enabled", "iam.passwords"),
        ("password_next_rotation", "iam.passwords"),
        ("mfa_active", "iam.mfa-devices"),
        ("access_key_2_active", "iam.access-keys"),
        ("access_key_1_last_used_date", "iam.access-keys"),
        ("cert_2_last_rotated", "iam.certificates"),
    ] {
        let mut papers = papers("acme", ACME);
        swap(&mut papers.report, column, &format!("x_{column}"));
        let seen = papers.read();
        for other in REPORT {
            let named =
                seen.has_gap(other, |cause| matches!(cause, Cause::Malformed { what } if what.ends_with(column)));
            assert_eq!(named, other == kind, "{column} in {other}: {:?}", seen.gaps_of(other));
        }
        assert!(seen.notices.iter().any(|notice| notice.contains(&format!("x_{column}"))));
    }
    for column in ["user,", "arn,"] {
        let mut papers = papers("acme", ACME);
        swap(&mut papers.report, column, &format!("x{column}"));
        let seen = papers.read();
        for kind in REPORT {
            assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::Malformed { .. })), "{kind} without {column}");
        }
    }
}

#[test]
fn an_extra_column_is_tolerated_and_noticed() {
    let mut papers = papers("acme", ACME);
    let text = String::from_utf8(papers.report.clone().expect("report")).expect("text");
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(index, line)| format!("{line},{}", if index == 0 { "shoe_size" } else { "42" }))
        .collect();
    papers.report = Some(lines.join("\n").into_bytes());
    let seen = papers.read();
    for kind in REPORT {
        assert!(seen.is_whole(kind), "{:?}", seen.gaps_of(kind));
    }
    assert!(seen.notices.iter().any(|notice| notice.contains("shoe_size")));
}

#[test]
fn credentials_beyond_the_columns_are_a_gap_and_none_beyond_are_not() {
    let with = |value: &str| {
        let mut papers = papers("acme", ACME);
        let text = String::from_utf8(papers.report.clone().expect("report")).expect("text");
        let lines: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(index, line)| match index {
                0 => format!("{line},additional_credentials_info"),
                2 => format!("{line},{value}"),
                _ => format!("{line},N/A"),
            })
            .collect();
        papers.report = Some(lines.join("\n").into_bytes());
        papers.read()
    };
    let more = with("\"1 more access key, see ListAccessKeys\"");
    assert!(more.has_gap(
        "iam.access-keys",
        |cause| matches!(cause, Cause::ProducerGap { detail } if detail.contains("ana.silva"))
    ));
    assert!(!more.has_gap("iam.passwords", |_| true));
    assert!(with("N/A").is_whole("iam.access-keys"));
}

#[test]
fn a_page_that_says_that_more_follow_is_partial_and_what_it_showed_is_kept() {
    for (from, to) in
        [("\"IsTruncated\": false", "\"IsTruncated\": true"), ("\"IsTruncated\": false", "\"NextToken\": \"eyJ\"")]
    {
        let mut papers = papers("acme", ACME);
        papers.details = Some(fixture("acme", "authorization-details.pages.json"));
        swap(&mut papers.details, from, to);
        let seen = papers.read();
        for kind in DETAILS {
            assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::CutOff { .. })), "{kind}");
        }
        assert_eq!(seen.of_kind(AccessKind::Account).len(), 5);
    }
    let mut first_only = papers("acme", ACME);
    let pages = String::from_utf8(fixture("acme", "authorization-details.pages.json")).expect("text");
    let (first, _) = pages.split_once("},\n  {\n    \"UserDetailList\"").expect("two pages");
    first_only.details = Some(format!("{first}}}]").into_bytes());
    let seen = first_only.read();
    assert!(seen.has_gap("iam.users", |cause| matches!(cause, Cause::CutOff { .. })));
    assert!(seen.has_gap("iam.users", |cause| matches!(cause, Cause::CountDiffers { announced: 4, found: 2, .. })));
}

#[test]
fn the_same_page_twice_is_damage() {
    let mut papers = papers("acme", ACME);
    papers.details = Some(fixture("acme", "authorization-details.pages.json"));
    swap(
        &mut papers.details,
        "\"IsTruncated\": false",
        "\"IsTruncated\": false, \"Marker\": \"ACpageTwoMarkerEXAMPLE\"",
    );
    assert!(
        papers
            .read()
            .has_gap("iam.users", |cause| matches!(cause, Cause::Malformed { what } if what.contains("twice")))
    );
}

#[test]
fn users_of_one_document_only_are_named_in_every_scope() {
    let mut papers = papers("acme", ACME);
    let text = String::from_utf8(papers.report.clone().expect("report")).expect("text");
    papers.report =
        Some(text.lines().filter(|line| !line.starts_with("dee.park")).collect::<Vec<_>>().join("\n").into_bytes());
    let seen = papers.read();
    for kind in everything() {
        let named = |cause: &Cause| matches!(cause, Cause::CountDiffers { what, announced: 3, found: 4 } if what.contains("only in the details: dee.park"));
        assert!(seen.has_gap(kind, named), "{kind}: {:?}", seen.gaps_of(kind));
    }
    let mut renamed = crate::kit::papers("acme", ACME);
    swap(&mut renamed.report, "dee.park", "eve.park");
    let seen = renamed.read();
    assert!(seen.has_gap(
        "iam.users",
        |cause| matches!(cause, Cause::Malformed { what } if what.contains("eve.park") && what.contains("dee.park"))
    ));
}

#[test]
fn one_damaged_user_is_a_gap_with_its_place_and_its_neighbours_are_kept() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, "\"UserId\": \"AIDA2EXAMPLEBOCHEN002\"", "\"UserId\": 17");
    let seen = papers.read();
    let gap = seen
        .gaps_of("iam.users")
        .into_iter()
        .find(|gap| gap.part.as_deref().is_some_and(|part| part.starts_with("UserDetailList number 2 at byte ")));
    assert!(gap.is_some(), "{:?}", seen.gaps_of("iam.users"));
    assert_eq!(seen.of_kind(AccessKind::Account).len(), 4);
}

#[test]
fn a_damaged_policy_costs_certainty_and_no_user() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, "\"ce:Get*\"", "{\"ce\":7}");
    let seen = papers.read();
    let bo = seen.get("AIDA2EXAMPLEBOCHEN002");
    assert_eq!(bo.privilege, Privilege::Unknown);
    assert!(bo.privilege_reason.as_deref().is_some_and(|reason| reason.contains("look-at-bills is not understood")));
    assert!(seen.is_whole("iam.users"));
}

#[test]
fn a_trust_policy_that_is_not_understood_is_a_gap_of_its_role() {
    for (from, to) in [("\"AIDA2EXAMPLEDELETED09\"", "\"somebody\""), ("\"Federated\": ", "\"Fedora\": ")] {
        let mut papers = papers("acme", ACME);
        swap(&mut papers.details, from, to);
        let seen = papers.read();
        assert!(seen.gaps_of("iam.role-trusts").iter().any(|gap| gap.part.is_some()), "{to}: {:?}", seen.gaps);
        assert!(seen.is_whole("iam.users"));
    }
}

#[test]
fn a_user_named_by_a_trust_and_missing_from_the_users_means_that_users_are_missing() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, "\"AIDA2EXAMPLEDELETED09\"", "\"arn:aws:iam::111122223333:user/people/zed\"");
    let seen = papers.read();
    assert!(
        seen.has_gap("iam.users", |cause| matches!(cause, Cause::NotSeen { what } if what.contains("people/zed"))),
        "{:?}",
        seen.gaps
    );
}

#[test]
fn a_group_that_is_missing_is_a_gap_and_its_members_reach_is_unknown() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, "\"GroupName\": \"developers\"", "\"GroupName\": \"others\"");
    let seen = papers.read();
    assert!(
        seen.has_gap("iam.groups", |cause| matches!(cause, Cause::Malformed { what } if what.contains("developers")))
    );
    assert_eq!(seen.get("AIDA2EXAMPLEANASILVA1").privilege, Privilege::Unknown);
    assert_eq!(seen.get("AIDA2EXAMPLEANASILVA1/group/developers").privilege, Privilege::Unknown);
}

#[test]
fn lists_that_were_left_out_are_not_empty_lists() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, "\"RoleDetailList\"", "\"Rolls\"");
    let seen = papers.read();
    for kind in ["iam.role-trusts", "iam.roles"] {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::NotInSource { .. })), "{kind}");
    }
    assert!(seen.is_whole("iam.users"));
    let mut filtered = crate::kit::papers("acme", ACME);
    swap(&mut filtered.details, "\"RoleDetailList\": [", "\"RoleDetailList\": [], \"Rolls\": [");
    let seen = filtered.read();
    assert!(seen.has_gap("iam.role-trusts", |cause| matches!(cause, Cause::NotSeen { .. })));
}

#[test]
fn no_user_at_all_is_believed_only_where_the_report_says_the_same() {
    let empty = |details: &mut Option<Vec<u8>>| {
        let text = String::from_utf8(details.clone().expect("details")).expect("text");
        let (_, rest) = text.split_once("\"GroupDetailList\"").expect("groups");
        *details =
            Some(format!("{{\"UserDetailList\": [], \"IsTruncated\": false, \"GroupDetailList\"{rest}").into_bytes());
    };
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, "\"arn:aws:iam::111122223333:user/people/ana.silva\",\n", "\"AIDA2EXAMPLEDELETED08\",\n");
    empty(&mut papers.details);
    let text = String::from_utf8(papers.report.clone().expect("report")).expect("text");
    papers.report = Some(text.lines().take(2).collect::<Vec<_>>().join("\n").into_bytes());
    assert!(papers.read().is_whole("iam.users"), "{:?}", papers.read().gaps_of("iam.users"));
    papers.report = None;
    let seen = papers.read();
    for kind in ["iam.users", "iam.groups", "iam.policies"] {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::NotProven { .. })), "{kind}: {:?}", seen.gaps);
    }
}

#[test]
fn users_listed_twice_are_merged_if_equal_and_a_gap_if_not() {
    let mut papers = papers("acme", ACME);
    papers.details = Some(fixture("acme", "authorization-details.pages.json"));
    let text = String::from_utf8(papers.details.clone().expect("details")).expect("text");
    let dee = text.find("\"UserName\": \"dee.park\"").expect("dee");
    let start = text[..dee].rfind('{').expect("start");
    let end = start + text[start..].find("\n      }").expect("end") + "\n      }".len();
    let twice = |second: &str| Some(format!("{},{second}{}", &text[..end], &text[end..]).into_bytes());
    papers.details = twice(&text[start..end]);
    let seen = papers.read();
    assert!(seen.is_whole("iam.users"), "{:?}", seen.gaps_of("iam.users"));
    assert_eq!(seen.of_kind(AccessKind::Account).len(), 5);
    assert!(seen.notices.iter().any(|notice| notice.contains("merged")));
    papers.details = twice(&text[start..end].replace("AIDA2EXAMPLEDEEPARK04", "AIDA2EXAMPLEDEEPARK05"));
    let seen = papers.read();
    assert!(seen.has_gap("iam.users", |cause| matches!(cause, Cause::Malformed { what } if what.contains("dee.park"))));
    assert_eq!(seen.of_kind(AccessKind::Account).len(), 6, "neither is dropped");
}

#[test]
fn a_row_with_too_few_cells_and_a_row_twice_are_named() {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.report, "dee.park,arn", "arn");
    assert!(papers.read().gaps_of("iam.passwords").iter().any(|gap| gap.part.as_deref() == Some("line 6")));
    let mut twice = crate::kit::papers("acme", ACME);
    let text = String::from_utf8(twice.report.clone().expect("report")).expect("text");
    let row = text.lines().last().expect("a row").to_owned();
    twice.report = Some(format!("{text}\n{row}").into_bytes());
    assert!(
        twice
            .read()
            .has_gap("iam.passwords", |cause| matches!(cause, Cause::Malformed { what } if what.contains("twice")))
    );
}

#[test]
fn a_document_larger_than_its_limit_is_not_read_in_part() {
    let mut papers = papers("acme", ACME);
    papers.limit = Some(2_000);
    let seen = papers.read();
    for kind in DETAILS {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::LimitHit { .. })), "{kind}");
    }
    assert!(!seen.has_gap("iam.passwords", |cause| matches!(cause, Cause::LimitHit { .. })));
}

#[test]
fn key_lists_that_do_not_fit_the_report_are_named_and_no_key_is_lost() {
    let with = |from: &str, to: &str| {
        let mut papers = papers("acme", ACME);
        papers.keys = Some(fixture("acme", "access-keys.json"));
        swap(&mut papers.keys, from, to);
        papers.read()
    };
    let elsewhere = with("\"UserName\": \"ana.silva\"", "\"UserName\": \"ana.silver\"");
    assert!(
        elsewhere.has_gap(
            "iam.access-keys",
            |cause| matches!(cause, Cause::Malformed { what } if what.contains("ana.silver"))
        )
    );
    assert!(
        elsewhere
            .has_gap("iam.access-keys", |cause| matches!(cause, Cause::CountDiffers { announced: 2, found: 0, .. }))
    );
    assert_eq!(
        elsewhere.of_kind(AccessKind::AccessKey).len(),
        6,
        "two keys of somebody, two slots of ana, two of the build"
    );
    let truncated = with("\"AccessKeyMetadata\": []", "\"AccessKeyMetadata\": [], \"IsTruncated\": true");
    assert!(truncated.has_gap("iam.access-keys", |cause| matches!(cause, Cause::CutOff { .. })));
    let damaged = with("\"AccessKeyId\": \"AKIA2EXAMPLEANAKEY001\"", "\"AccessKey\": \"AKIA2EXAMPLEANAKEY001\"");
    assert!(damaged.has_gap("iam.access-keys", |cause| matches!(cause, Cause::Malformed { .. })));
    assert_eq!(damaged.of_kind(AccessKind::AccessKey).len(), 5, "one key and two slots of ana, two keys of the build");
}

#[test]
fn key_lists_without_a_report_are_proven_by_one_answer_a_user() {
    let mut papers = papers("acme", ACME);
    papers.report = None;
    papers.keys = Some(fixture("acme", "access-keys.json"));
    let seen = papers.read();
    let gaps = seen.gaps_of("iam.access-keys");
    assert!(!gaps.iter().any(|gap| matches!(gap.cause, Cause::NotProven { .. })), "{gaps:?}");
    assert!(seen.sealed.contains_key(&format!("{ACME}/iam.access-keys")));
    assert!(seen.get("AKIA2EXAMPLEANAKEY001").last_used_at.is_hidden());
    papers.details = None;
    assert!(papers.read().has_gap("iam.access-keys", |cause| matches!(cause, Cause::NotProven { .. })));
}

#[test]
fn nothing_a_secret_field_holds_can_reach_a_record() {
    let mut papers = papers("acme", ACME);
    papers.keys = Some(fixture("acme", "access-keys.json"));
    swap(&mut papers.keys, "\"Status\": \"Active\"", "\"SecretAccessKey\": \"wJalrCANARY\", \"Status\": \"Active\"");
    swap(
        &mut papers.details,
        "\"UserName\": \"dee.park\"",
        "\"Password\": \"wJalrCANARY\", \"UserName\": \"dee.park\"",
    );
    let seen = papers.read();
    assert!(!format!("{seen:?}").contains("CANARY"));
}

#[test]
fn a_document_that_is_nothing_but_damage_does_not_drown_the_report() {
    let mut papers = papers("acme", ACME);
    let text = String::from_utf8(papers.report.clone().expect("report")).expect("text");
    let lines = "\nsomebody,too,short".repeat(3_000);
    papers.report = Some(format!("{text}{lines}").into_bytes());
    let seen = papers.read();
    assert_eq!(seen.gaps_of("iam.passwords").len(), 1_001);
    assert!(seen.has_gap(
        "iam.passwords",
        |cause| matches!(cause, Cause::LimitHit { limit } if limit.contains("2000 further"))
    ));
}
