//! Whole documents: what is read from them, and what proves them whole.

use crate::kit::*;
use scan_contract::{AccessKind, AsOfSource, Cause, Fact, Privilege, ProofKind, Relation, Scanner, Status, Subtype};

#[test]
fn whole_documents_are_whole_and_only_what_no_document_carries_is_missing() {
    let seen = papers("acme", ACME).read();
    for kind in DETAILS.into_iter().chain(REPORT) {
        assert!(seen.is_whole(kind), "{kind}: {:?}", seen.gaps_of(kind));
        let scope = format!("{ACME}/{kind}");
        assert_eq!(seen.sealed[&scope].kind, ProofKind::CrossCheck);
    }
    for kind in NOWHERE {
        assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::NotInSource { .. })), "{kind}");
        assert!(!seen.opened.contains_key(&format!("{ACME}/{kind}")));
    }
    assert_eq!(seen.declared.len(), DETAILS.len() + REPORT.len() + NOWHERE.len());
    assert_eq!(seen.sealed[&format!("{ACME}/iam.users")].announced, Some(5));
    assert_eq!(seen.of_kind(AccessKind::Account).len(), 5);
}

#[test]
fn url_encoded_pages_say_the_same_as_the_merged_document() {
    let merged = papers("acme", ACME);
    let mut pages = merged.clone();
    pages.details = Some(fixture("acme", "authorization-details.pages.json"));
    let (merged, paged) = (merged.read(), pages.read());
    assert_eq!(merged.records, paged.records);
    assert_eq!(merged.gaps, paged.gaps);
}

#[test]
fn pages_one_after_the_other_are_read_like_an_array_of_them() {
    let mut papers = papers("acme", ACME);
    let array = String::from_utf8(fixture("acme", "authorization-details.pages.json")).expect("text");
    let whole = papers.read();
    let inner = array.trim().trim_start_matches('[').trim_end_matches(']').replacen(
        "},\n  {\n    \"UserDetailList\"",
        "}\n{\"UserDetailList\"",
        1,
    );
    assert_ne!(inner.len(), array.len());
    papers.details = Some(inner.into_bytes());
    let seen = papers.read();
    assert!(seen.is_whole("iam.users"), "{:?}", seen.gaps_of("iam.users"));
    assert_eq!(seen.records, whole.records);
}

#[test]
fn a_user_carries_id_login_address_and_reach_and_hangs_from_nothing() {
    let seen = papers("acme", ACME).read();
    let ana = seen.get("AIDA2EXAMPLEANASILVA1");
    assert_eq!((ana.kind, ana.status), (AccessKind::Account, Status::Enabled));
    assert_eq!(ana.parent, None);
    let holder = &ana.holders[0];
    assert_eq!(holder.provider_id.as_deref(), Some("AIDA2EXAMPLEANASILVA1"));
    assert_eq!(holder.login.as_deref(), Some("ana.silva"));
    assert_eq!(holder.email.as_deref(), Some("ana.silva@acme.example"));
    assert!(matches!(&ana.created_at, Fact::Known(at) if at.at.to_rfc3339() == "2021-02-01T09:12:44+00:00"));
    assert_eq!(ana.privilege, Privilege::Write, "{:?}", ana.privilege_reason);
    let bo = seen.get("AIDA2EXAMPLEBOCHEN002");
    assert_eq!(bo.holders[0].email.as_deref(), Some("bo.chen@acme.example"), "a login that is an address is one");
    assert_eq!(bo.privilege, Privilege::Read);
    assert_eq!(seen.get("AIDA2EXAMPLEDEEPARK04").privilege, Privilege::None);
}

#[test]
fn who_answers_for_a_service_user_is_read_from_its_tags() {
    let seen = papers("acme", ACME).read();
    let build = seen.get("AIDA2EXAMPLEBUILDNOT3");
    let owner = build.holders.iter().find(|holder| holder.relation == Relation::Owner).expect("an owner");
    assert_eq!(owner.email.as_deref(), Some("ana.silva@acme.example"));
    let key = seen.get("arn:aws:iam::111122223333:user/service/build-notifier/access-key-1");
    assert!(key.holders.iter().any(|holder| holder.relation == Relation::Owner));

    let papers = papers("acme", ACME);
    let mut settings = papers.settings();
    settings.owner_tags = vec![String::from("contact")];
    let silent = read(&papers.scanner_with(settings));
    assert_eq!(silent.get("AIDA2EXAMPLEBUILDNOT3").holders.len(), 1, "no configured tag, no owner");
}

#[test]
fn the_privilege_names_policy_statement_and_the_boundary_that_was_not_weighed() {
    let seen = papers("acme", ACME).read();
    let build = seen.get("AIDA2EXAMPLEBUILDNOT3");
    assert_eq!(build.privilege, Privilege::Admin);
    let reason = build.privilege_reason.as_deref().expect("a reason");
    for part in ["policy deploy", "statement 2 (Pass)", "iam:PassRole", "policy/fence"] {
        assert!(reason.contains(part), "{reason} lacks {part}");
    }
    let group = seen.get("AIDA2EXAMPLEANASILVA1/AGPA2EXAMPLEDEVELOP01");
    assert_eq!((group.kind, group.privilege), (AccessKind::GroupMembership, Privilege::Write));
    assert!(group.privilege_reason.as_deref().is_some_and(|reason| reason.contains("role/releases")), "{group:?}");
    let policy = seen.get("AIDA2EXAMPLEBOCHEN002/arn:aws:iam::aws:policy/ReadOnlyAccess");
    assert_eq!((policy.kind, policy.privilege), (AccessKind::RoleBinding, Privilege::Read));
    assert_eq!(seen.get("AIDA2EXAMPLEBUILDNOT3/inline/notify").privilege, Privilege::Write);
}

#[test]
fn credentials_hang_from_the_account_and_carry_times_with_their_precision() {
    let seen = papers("acme", ACME).read();
    let password = seen.get("arn:aws:iam::111122223333:user/people/ana.silva/password");
    assert_eq!(password.kind, AccessKind::Password);
    assert_eq!(password.parent.as_ref().map(scan_contract::GrantId::as_str), Some("AIDA2EXAMPLEANASILVA1"));
    assert!(matches!(&password.last_used_at, Fact::Known(at) if at.precision_seconds == 300));
    let bo = seen.get("arn:aws:iam::111122223333:user/people/bo.chen@acme.example/password");
    assert_eq!(bo.last_used_at, Fact::None, "no_information on a young password is never");
    assert!(seen.find("arn:aws:iam::111122223333:user/people/dee.park/password").is_none(), "no password");

    let key = seen.get("arn:aws:iam::111122223333:user/people/ana.silva/access-key-1");
    assert_eq!((key.kind, key.status), (AccessKind::AccessKey, Status::Enabled));
    assert!(matches!(&key.last_used_at, Fact::Known(at) if at.precision_seconds == 900));
    assert!(key.created_at.is_hidden());
    assert!(key.evidence.iter().any(|line| line.contains("key id was not in the documents")));
    assert_eq!(seen.get("arn:aws:iam::111122223333:user/people/ana.silva/access-key-2").status, Status::Disabled);
    let never = seen.get("arn:aws:iam::111122223333:user/service/build-notifier/access-key-2");
    assert_eq!(never.last_used_at, Fact::None);

    assert_eq!(
        seen.get("arn:aws:iam::111122223333:user/people/ana.silva/signing-certificate-1").kind,
        AccessKind::Certificate
    );
    assert_eq!(seen.of_kind(AccessKind::Certificate).len(), 1);
    assert_eq!(seen.get("arn:aws:iam::111122223333:user/people/ana.silva/mfa").privilege, Privilege::None);
}

#[test]
fn the_root_user_is_listed_and_its_password_cannot_be_told() {
    let seen = papers("acme", ACME).read();
    let root = seen.get("arn:aws:iam::111122223333:root");
    assert_eq!(root.holders[0].login.as_deref(), Some("<root_account>"));
    assert_eq!(root.privilege, Privilege::Admin);
    let password = seen.get("arn:aws:iam::111122223333:root/password");
    assert_eq!((password.status, password.status_text.as_deref()), (Status::Unknown, Some("not_supported")));
    assert!(seen.find("arn:aws:iam::111122223333:root/access-key-1").is_none());
}

#[test]
fn trusts_name_users_leftovers_and_people_in_conditions() {
    let seen = papers("acme", ACME).read();
    let ana = seen.get("AROA2EXAMPLERELEASES2/AIDA2EXAMPLEANASILVA1");
    assert_eq!((ana.subtype, ana.status), (Some(Subtype::RoleTrust), Status::Enabled));
    assert_eq!(ana.target.as_deref(), Some("arn:aws:iam::111122223333:role/releases"));
    assert_eq!(ana.privilege, Privilege::Write);
    let gone = seen.get("AROA2EXAMPLERELEASES2/AIDA2EXAMPLEDELETED09");
    assert_eq!(gone.status, Status::Orphaned);
    assert_eq!(gone.holders[0].provider_id.as_deref(), Some("AIDA2EXAMPLEDELETED09"));
    let bo = seen.get("AROA2EXAMPLEAUDITORS3/sts:rolesessionname=bo.chen@acme.example");
    assert_eq!(bo.holders[0].email.as_deref(), Some("bo.chen@acme.example"));
    assert_eq!(seen.records.iter().filter(|access| access.subtype == Some(Subtype::RoleTrust)).count(), 3);
}

#[test]
fn sessions_live_twelve_hours_past_the_last_use_of_their_role_which_shows_late_and_are_nobodys_use() {
    let seen = papers("acme", ACME).read();
    let fresh = seen.get("AIDA2EXAMPLEANASILVA1/AROA2EXAMPLERELEASES2");
    assert_eq!((fresh.kind, fresh.status), (AccessKind::Session, Status::Unknown));
    assert_eq!(fresh.live_until.map(|at| at.to_rfc3339()).as_deref(), Some("2026-08-01T12:05:00+00:00"));
    assert!(fresh.last_used_at.is_hidden(), "AWS does not say who used the role");
    assert_eq!(fresh.client.as_deref(), Some("AROA2EXAMPLERELEASES2"));
    let old = seen.get("sts:rolesessionname=bo.chen@acme.example/AROA2EXAMPLEAUDITORS3");
    assert_eq!(old.status, Status::Expired);
    let owner = seen.of_kind(AccessKind::Ownership);
    assert_eq!(owner.len(), 1);
    assert_eq!(owner[0].grant_id.as_str(), "AROA2EXAMPLERELEASES2");
}

#[test]
fn a_policy_that_revokes_older_sessions_gives_a_cut_off_and_one_with_another_condition_does_not() {
    let revoke = |condition: &str| {
        format!(
            r#""RolePolicyList": [{{"PolicyName":"AWSRevokeOlderSessions","PolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{condition}}}]}}}}],
            "X": [{{"PolicyName": "release""#
        )
    };
    let with = |condition: &str| {
        let mut papers = papers("acme", ACME);
        let text = String::from_utf8(papers.details.clone().expect("details")).expect("text");
        let at = text.find("\"PolicyName\": \"release\"").expect("the role's policy");
        let start = text[..at].rfind("\"RolePolicyList\"").expect("its list");
        let end = at + "\"PolicyName\": \"release\"".len();
        papers.details = Some(format!("{}{}{}", &text[..start], revoke(condition), &text[end..]).into_bytes());
        papers.read().get("AIDA2EXAMPLEANASILVA1/AROA2EXAMPLERELEASES2").cutoff_at
    };
    let plain = with(r#"{"DateLessThan":{"aws:TokenIssueTime":"2026-07-31T22:00:00.000Z"}}"#);
    assert_eq!(plain.map(|at| at.to_rfc3339()).as_deref(), Some("2026-07-31T22:00:00+00:00"));
    assert_eq!(
        with(r#"{"DateLessThan":{"aws:TokenIssueTime":"2026-07-31T22:00:00Z"},"StringEquals":{"aws:userid":"x"}}"#),
        None
    );
}

#[test]
fn key_lists_give_ids_and_the_slot_to_carry_a_finding_over_from() {
    let mut papers = papers("acme", ACME);
    papers.keys = Some(fixture("acme", "access-keys.json"));
    let seen = papers.read();
    assert!(seen.is_whole("iam.access-keys"), "{:?}", seen.gaps_of("iam.access-keys"));
    let exact = seen.get("AKIA2EXAMPLEANAKEY001");
    assert!(matches!(&exact.last_used_at, Fact::Known(_)));
    assert!(matches!(&exact.created_at, Fact::Known(_)));
    let slot = scan_aws::slot_of(exact).expect("a slot");
    assert_eq!(slot.as_str(), "arn:aws:iam::111122223333:user/people/ana.silva/access-key-1");
    let changed = seen.get("AKIA2EXAMPLEANAKEY002");
    assert!(changed.last_used_at.is_hidden(), "made and last changed at different times: its use cannot be joined");
    assert_eq!(changed.status, Status::Disabled);
    assert!(scan_aws::slot_of(changed).is_some_and(|slot| slot.as_str().ends_with("ana.silva/access-key-2")));
    assert_eq!(seen.of_kind(AccessKind::AccessKey).len(), 4, "no key twice");
    assert!(scan_aws::slot_of(seen.get("AIDA2EXAMPLEANASILVA1")).is_none());
}

#[test]
fn a_raw_answer_of_the_report_says_its_own_time_and_a_decoded_one_is_taken_from_the_far_end_of_the_lag() {
    let decoded = papers("moto", MOTO);
    let mut raw = decoded.clone();
    raw.report = Some(fixture("moto", "credential-report-answer.json"));
    let (decoded, raw) = (decoded.read(), raw.read());
    assert_eq!(decoded.records, raw.records);
    let scope = format!("{MOTO}/iam.passwords");
    let said = raw.opened[&scope].expect("a time");
    assert_eq!((said.at.to_rfc3339().as_str(), said.source), ("2015-02-02T20:02:02+00:00", AsOfSource::Stated));
    let taken = decoded.opened[&scope].expect("a time");
    assert_eq!((taken.at.to_rfc3339().as_str(), taken.source), ("2026-07-31T20:50:00+00:00", AsOfSource::Configured));
}

#[test]
fn the_documents_of_a_third_partys_emulator_are_read_and_their_missing_root_row_is_noticed() {
    let mut papers = papers("moto", MOTO);
    papers.keys = Some(fixture("moto", "access-keys.json"));
    let seen = papers.read();
    for kind in DETAILS {
        assert!(seen.is_whole(kind), "{kind}: {:?}", seen.gaps_of(kind));
    }
    for kind in REPORT {
        assert_eq!(seen.gaps_of(kind).len(), 1, "{kind}: {:?}", seen.gaps_of(kind));
        assert!(
            seen.has_gap(kind, |cause| matches!(cause, Cause::NotSeen { what } if what.contains("<root_account>")))
        );
    }
    let logins = |privilege| {
        let accounts = seen.of_kind(AccessKind::Account);
        accounts
            .into_iter()
            .filter(|access| access.privilege == privilege)
            .filter_map(|access| access.grant_display.clone())
            .collect::<Vec<_>>()
    };
    let mut admins = logins(Privilege::Admin);
    admins.sort();
    assert_eq!(admins, ["ana.silva", "build-notifier"]);
    assert_eq!(logins(Privilege::Write), ["dee.park"]);
    assert_eq!(logins(Privilege::Read), ["cy.mora"]);
    assert_eq!(logins(Privilege::None), ["bo.chen@acme.example"]);
    let keys = seen.of_kind(AccessKind::AccessKey);
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| key.grant_id.as_str().starts_with("AKIA") && scan_aws::slot_of(key).is_some()));
}

#[test]
fn the_documents_say_whose_they_are() {
    let papers = papers("acme", ACME);
    let identity = papers.identify().expect("an account");
    assert_eq!((identity.declared.as_str(), identity.found.as_str()), (ACME, ACME));
    let scanner = papers.scanner();
    block_on(scanner.identify()).expect("an account");
    assert_eq!(read(&scanner).records, papers.read().records, "asking first changes nothing");
    assert!(!scanner.manifest().live);
}

#[test]
fn five_thousand_users_are_read_whole() {
    let mut papers = papers("acme", ACME);
    let (details, report) = many(5_000);
    papers.details = Some(details);
    papers.report = Some(report);
    let seen = papers.read();
    assert!(seen.is_whole("iam.users") && seen.is_whole("iam.access-keys"), "{:?}", seen.gaps);
    assert_eq!(seen.of_kind(AccessKind::Account).len(), 5_001);
    assert_eq!(seen.of_kind(AccessKind::AccessKey).len(), 5_000);
}

fn many(users: usize) -> (Vec<u8>, Vec<u8>) {
    use std::fmt::Write as _;
    let header = String::from_utf8(fixture("acme", "credential-report.csv")).expect("text");
    let mut lines = header.lines();
    let mut report = format!("{}\n{}\n", lines.next().expect("header"), lines.next().expect("root"));
    let mut details = String::from(r#"{"UserDetailList":["#);
    for index in 0..users {
        let comma = if index == 0 { "" } else { "," };
        write!(details, r#"{comma}{{"Path":"/","UserName":"user{index:05}","UserId":"AIDA{index:016}","Arn":"arn:aws:iam::{ACME}:user/user{index:05}","CreateDate":"2024-01-01T00:00:00Z","UserPolicyList":[{{"PolicyName":"p","PolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["s3:*","ec2:Describe*","logs:PutLogEvents"],"Resource":"*"}}]}}}}],"GroupList":[],"AttachedManagedPolicies":[],"Tags":[{{"Key":"email","Value":"user{index}@acme.example"}}]}}"#).expect("text");
        writeln!(report, "user{index:05},arn:aws:iam::{ACME}:user/user{index:05},2024-01-01T00:00:00+00:00,true,no_information,2024-01-01T00:00:00+00:00,N/A,false,true,2024-01-02T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A").expect("text");
    }
    details.push_str(r#"],"GroupDetailList":[],"RoleDetailList":[{"RoleName":"r","RoleId":"AROA1","Arn":"arn:aws:iam::111122223333:role/r","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}}],"Policies":[]}"#);
    (details.into_bytes(), report.into_bytes())
}
