//! What goes wrong, and what is told of it.

use std::collections::BTreeSet;

use holdover_kit::fault::{Answer, Damage, On, RateLimit};
use holdover_kit::stub::aws::{KEY_ID, leaver_and_twin, throttled};
use scan_aws::live::{Assume, Organisation};
use scan_contract::{Cause, Scanner};

use crate::kit::*;
use crate::world::*;

/// Each action, and the kinds that must have a gap when it is refused.
const DENIED: [(&str, &[&str]); 19] = [
    ("iam:GenerateCredentialReport", &["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"]),
    ("iam:GetCredentialReport", &["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"]),
    (
        "iam:GetAccountAuthorizationDetails",
        &["iam.users", "iam.groups", "iam.policies", "iam.role-trusts", "iam.roles"],
    ),
    ("iam:ListServiceSpecificCredentials", &["iam.service-specific-credentials"]),
    ("iam:ListVirtualMFADevices", &["iam.mfa-devices"]),
    ("iam:ListRoles", &["iam.roles"]),
    ("iam:GetAccountSummary", &["iam.passwords"]),
    ("iam:ListAccessKeys", &["iam.access-key-ids"]),
    ("iam:ListSSHPublicKeys", &["iam.ssh-public-keys"]),
    ("iam:GetSSHPublicKey", &["iam.ssh-public-keys"]),
    ("iam:ListSigningCertificates", &["iam.signing-certificates"]),
    ("ec2:DescribeKeyPairs", &["ec2.key-pairs"]),
    ("sso:ListInstances", &["identitystore.users"]),
    ("identitystore:ListUsers", &["identitystore.users"]),
    ("identitystore:ListGroupMembershipsForMember", &["sso.account-assignments"]),
    ("sso:ListAccountAssignmentsForPrincipal", &["sso.account-assignments"]),
    ("sso:DescribePermissionSet", &["sso.account-assignments"]),
    ("sso:GetInlinePolicyForPermissionSet", &["sso.account-assignments"]),
    ("cloudtrail:LookupEvents", &["cloudtrail.events"]),
];

#[test]
fn c1_each_action_refused_is_exactly_its_gap_by_name_and_takes_nothing_from_the_others() {
    let world = World::new(leaver_and_twin(now())).with_everything();
    let whole = world.read_all();
    assert_eq!(whole.gaps, Vec::new());
    for (action, kinds) in DENIED {
        world.aws.truth().denied = BTreeSet::from([action.to_owned()]);
        world.server.forget();
        let seen = world.read_all();
        assert!(world.server.count_of(action) > 0, "{action} was never asked for");
        assert!(seen.gaps.iter().all(|gap| denies(&gap.cause, action)), "{action}: {:?}", seen.gaps);
        let expected: BTreeSet<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        assert_eq!(seen.kinds_with_gaps(), expected, "{action}");
        // What other kinds tell is told all the same.
        for access in whole.records.iter().filter(|access| !expected.contains(kind_of(access.scope.as_str()))) {
            let of_missing = ["sso.account-assignments", "iam.mfa-device-serials", "iam.signing-certificates"];
            let follows = of_missing.contains(&kind_of(access.scope.as_str()))
                || kind_of(access.scope.as_str()) == "iam.access-key-ids";
            assert!(follows || seen.find(access.grant_id.as_str()).is_some(), "{action} took {}", access.grant_id);
        }
    }
}

#[test]
fn a_refusal_by_a_service_control_policy_says_so() {
    let mut truth = leaver_and_twin(now());
    truth.denied.insert(String::from("iam:ListRoles"));
    truth.deny_words = String::from(" with an explicit deny in a service control policy");
    let seen = World::new(truth).read(|_| false);
    let [gap] = seen.gaps.as_slice() else { panic!("{:?}", seen.gaps) };
    assert!(
        matches!(&gap.cause, Cause::Denied { permission } if permission == "iam:ListRoles (a service control policy denies it)")
    );
}

#[test]
fn p3_p5_pages_of_every_size_and_empty_ones_give_the_same() {
    let world = World::new(leaver_and_twin(now())).with_everything();
    let whole = world.read_all();
    let ids = |seen: &Seen| {
        let mut ids: Vec<String> = seen.records.iter().map(|access| format!("{}", access.grant_id)).collect();
        ids.sort();
        ids
    };
    for (page, empty) in [(1, false), (2, false), (3, true), (6, false), (7, false), (1, true)] {
        (world.aws.truth().page, world.aws.truth().empty_pages) = (page, empty);
        let seen = world.read_all();
        assert_eq!(seen.gaps, Vec::new(), "pages of {page}");
        assert_eq!(ids(&seen), ids(&whole), "pages of {page}, empty ones {empty}");
    }
    world.server.finish();
}

#[test]
fn p2_a_mark_that_leads_back_is_damage_and_what_was_read_stays() {
    let world = World::new(leaver_and_twin(now()));
    world.aws.truth().page = 2;
    let again = Damage::change(|_, mut answer| {
        let text = String::from_utf8_lossy(&answer.body).replace("<Marker>m4</Marker>", "<Marker>m2</Marker>");
        answer.body = text.into();
        answer
    });
    let planted = world.server.plant(On::operation("iam:GetAccountAuthorizationDetails"), again);
    let seen = world.read(|_| false);
    assert!(planted.fired() > 0);
    for kind in ["iam.users", "iam.roles"] {
        assert!(
            seen.gaps_of(kind).iter().any(|gap| matches!(&gap.cause, Cause::Malformed { .. })),
            "{kind}: {:?}",
            seen.gaps
        );
        assert!(!seen.is_sealed(&format!("{ACCOUNT}/{kind}")));
    }
    assert!(seen.find("AIDAGHOST0000000000000").is_some(), "the first pages are kept");
}

#[test]
fn p7_p11_a_page_that_fails_for_good_and_a_page_of_another_kind_are_gaps_of_their_list() {
    for answer in
        [Answer::html("<h1>sign in</h1>"), Answer::status(502), Answer::xml("<a/>"), Answer::html("x").of(403)]
    {
        let world = World::new(leaver_and_twin(now()));
        world.aws.truth().page = 2;
        let second = On::operation("iam:GetAccountAuthorizationDetails").body("Marker=m2");
        let planted = world.server.plant(second, Damage::Reply(answer));
        let seen = world.read(|_| false);
        assert!(planted.fired() > 0);
        assert_eq!(
            seen.kinds_with_gaps(),
            ["iam.users", "iam.groups", "iam.policies", "iam.role-trusts", "iam.roles"].map(String::from).into()
        );
        assert!(
            !seen.is_sealed(&format!("{ACCOUNT}/iam.users")) && seen.is_sealed(&format!("{ACCOUNT}/iam.passwords"))
        );
        assert!(
            seen.records.iter().any(|access| kind_of(access.scope.as_str()) == "iam.users"),
            "the first page stays"
        );
    }
}

#[test]
fn p10_a_body_cut_once_is_asked_for_again_and_one_cut_for_ever_is_a_gap() {
    let world = World::new(leaver_and_twin(now()));
    let once = world.server.plant(On::operation("iam:ListRoles").once(), Damage::CutAtFraction(1, 2));
    assert_eq!(world.read(|_| false).gaps, Vec::new());
    assert_eq!(once.fired(), 1);
    let ever = world.server.plant(On::operation("iam:ListRoles"), Damage::CutAtFraction(1, 2));
    let seen = world.read(|_| false);
    assert!(ever.fired() > 0);
    assert_eq!(seen.kinds_with_gaps(), BTreeSet::from([String::from("iam.roles")]));
}

#[test]
fn l1_l3_throttling_is_waited_out_and_changes_nothing() {
    let world = World::new(leaver_and_twin(now()));
    let whole = world.read_all();
    let mut patient = World::new(leaver_and_twin(now()));
    let pace = patient.settings.connection.pace.as_mut().expect("a pace");
    pace.attempts = 6;
    let planted = patient.server.plant(On::any().share(10, 7), Damage::Reply(throttled()));
    let seen = patient.read_all();
    assert!(planted.fired() > 0);
    assert_eq!(seen.gaps, Vec::new());
    assert_eq!(seen.records.len(), whole.records.len());
    let limited = World::new(leaver_and_twin(now()));
    limited.server.limit(Some(RateLimit::per_second(1, |_, _| throttled()).burst(1)));
    let seen = limited.read(|_| false);
    assert!(!seen.gaps.is_empty(), "two attempts are not enough here");
    assert!(seen.gaps.iter().all(|gap| matches!(gap.cause, Cause::Throttled { .. })), "{:?}", seen.gaps);
}

#[test]
fn c2_a_session_that_ends_in_mid_walk_is_renewed_once_and_the_walk_goes_on() {
    let mut world = World::new(leaver_and_twin(now()));
    world.settings.assume = Some(Assume {
        role: format!("arn:aws:iam::{ACCOUNT}:role/releases"),
        external_id: Some(String::from("x-1")),
        session_name: String::from("holdover"),
    });
    let expired = Answer::xml("<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error><RequestId>r</RequestId></ErrorResponse>").of(403);
    let planted = world.server.plant(On::operation("iam:ListRoles").once(), Damage::Reply(expired));
    let seen = world.read_all();
    assert_eq!(seen.gaps, Vec::new());
    assert_eq!(planted.fired(), 1);
    assert_eq!(world.server.count_of("sts:AssumeRole"), 2);
    let log = world.server.finish();
    assert!(log.iter().any(|logged| logged.asked.form_field("ExternalId").as_deref() == Some("x-1")));
}

#[test]
fn c3_a_credential_of_another_account_says_whose_it_is() {
    let world = World::new(leaver_and_twin(now()));
    world
        .aws
        .truth()
        .principals
        .insert(String::from(KEY_ID), (String::from("999988887777"), String::from("arn:aws:iam::999988887777:user/x")));
    let identity = block_on(world.scanner().identify()).expect("an identity");
    assert_eq!((identity.declared.as_str(), identity.found.as_str()), (ACCOUNT, "999988887777"));
    world.aws.truth().principals.clear();
    assert!(matches!(block_on(world.scanner().identify()), Err(Cause::Unauthenticated { .. })));
}

#[test]
fn a_report_that_is_being_made_is_waited_for_and_one_that_is_too_old_is_stale() {
    let mut truth = leaver_and_twin(now());
    truth.report_pending = 2;
    let world = World::new(truth);
    assert_eq!(world.read(|_| false).gaps, Vec::new());
    assert_eq!(world.server.count_of("iam:GetCredentialReport"), 3);
    world.aws.truth().accounts.get_mut(ACCOUNT).expect("an account").report_made = now() - chrono::TimeDelta::hours(9);
    let seen = world.read(|_| false);
    assert!(seen.gaps.iter().all(|gap| matches!(gap.cause, Cause::Stale { .. })), "{:?}", seen.gaps);
    assert_eq!(
        seen.kinds_with_gaps(),
        ["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"].map(String::from).into()
    );
}

#[test]
fn a_user_older_than_the_report_and_not_in_it_is_a_gap_and_a_younger_one_is_said() {
    let world = World::new(leaver_and_twin(now()));
    world
        .aws
        .truth()
        .accounts
        .get_mut(ACCOUNT)
        .expect("an account")
        .users
        .get_mut("ghost")
        .expect("a user")
        .not_in_report = true;
    let seen = world.read(|_| false);
    assert!(
        seen.gaps_of("iam.access-keys")
            .iter()
            .any(|gap| matches!(&gap.cause, Cause::CountDiffers { what, .. } if what.contains("ghost")))
    );
    world.aws.truth().accounts.get_mut(ACCOUNT).expect("an account").users.get_mut("ghost").expect("a user").created =
        now();
    let seen = world.read(|_| false);
    assert_eq!(seen.gaps, Vec::new());
    assert!(seen.notices.iter().any(|text| text.contains("younger")), "{:?}", seen.notices);
}

#[test]
fn the_scanner_must_see_itself() {
    let world = World::new(leaver_and_twin(now()));
    world.aws.truth().accounts.get_mut(ACCOUNT).expect("an account").users.remove("scanner");
    let seen = world.read(|_| false);
    assert!(
        seen.gaps_of("iam.users")
            .iter()
            .any(|gap| matches!(&gap.cause, Cause::NotSeen { what } if what.contains("our own user")))
    );
}

#[test]
fn an_account_that_does_not_let_us_in_is_a_gap_of_its_own_and_no_other_account_suffers() {
    let mut truth = leaver_and_twin(now());
    let second = "444455556666";
    let mut other = holdover_kit::stub::aws::Account::new(second, now());
    let mut role = other.roles["AWSServiceRoleForSupport"].clone();
    role.id = String::from("AROAAUDIT");
    other.roles.insert(String::from("Audit"), role);
    truth.accounts.insert(String::from(second), other);
    let listed = |id: &str, state: Option<&str>, status: Option<&str>| holdover_kit::stub::aws::Listed {
        id: String::from(id),
        state: state.map(String::from),
        status: status.map(String::from),
    };
    truth.listed = vec![
        listed(ACCOUNT, Some("ACTIVE"), None),
        listed(second, None, Some("ACTIVE")),
        listed("777788889999", Some("ACTIVE"), None),
        listed("888899990000", Some("CLOSED"), Some("ACTIVE")),
    ];
    truth.page = 1;
    truth.empty_pages = true;
    let mut world = World::new(truth);
    world.settings.organisation = Some(Organisation::new("Audit"));
    let seen = world.read_all();
    assert!(
        seen.is_sealed(&format!("{ACCOUNT}/organizations.accounts")) && seen.is_sealed(&format!("{second}/iam.users"))
    );
    assert!(
        seen.gaps.iter().all(|gap| gap.scope.as_ref().is_some_and(|scope| scope.as_str().starts_with("777788889999/"))),
        "{:?}",
        seen.gaps
    );
    assert!(seen.gaps.iter().all(|gap| denies(&gap.cause, "sts:AssumeRole on arn:aws:iam::777788889999:role/Audit")));
    assert_eq!(seen.gaps.len(), 10, "every scope of the account");
    assert!(!seen.declared.iter().any(|scope| scope.starts_with("888899990000")));
    world.aws.truth().listed.clear();
    let seen = world.read(|_| false);
    assert!(seen.gaps_of("organizations.accounts").iter().any(|gap| matches!(gap.cause, Cause::NotOnPlan { .. })));
    assert!(seen.is_sealed(&format!("{ACCOUNT}/iam.users")), "the configured account is read all the same");
}
