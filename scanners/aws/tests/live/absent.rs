//! What is missing from an answer is not empty, and what is gone or unknown is told as that and nothing else.

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::aws::{Event, Key, Mfa, Truth, leaver_and_twin};
use scan_aws::AccountId;
use scan_aws::live::{LeftOut, Organisation};
use scan_contract::{AccessKind, Cause, Fact, Pass, Privilege, Scope, Status};
use serde_json::{Value, json};

use crate::kit::*;
use crate::world::*;

/// Changes the text of every answer of an operation.
fn text(change: impl Fn(String) -> String + Send + Sync + 'static) -> Damage {
    Damage::change(move |_, mut answer| {
        answer.body = change(String::from_utf8_lossy(&answer.body).into_owned()).into();
        answer
    })
}

/// Takes an element out of XML, or what is in it.
fn without(body: &str, element: &str, with_its_tags: bool) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let Some((before, rest)) = body.split_once(&open) else { return body.to_owned() };
    let (_, after) = rest.split_once(&close).expect("an element that ends");
    if with_its_tags { format!("{before}{after}") } else { format!("{before}{open}{close}{after}") }
}

/// Everything about everybody; a grant of a list may stand in a follow-up as well, where that is the closer look.
fn read_closer(world: &World) -> Seen {
    let seen = block_on(read(&world.scanner(), |_| true));
    assert_eq!(seen.ended, Some(Ok(())), "{:?}", seen.gaps);
    seen.each_scope_ends();
    seen
}

fn has_malformed(seen: &Seen, kind: &str) -> bool {
    seen.gaps_of(kind).iter().any(|gap| matches!(gap.cause, Cause::Malformed { .. }))
}

/// The record of a grant in the scopes of a kind.
fn told_in<'s>(seen: &'s Seen, kind: &str, id: &str) -> Option<&'s scan_contract::Access> {
    seen.records.iter().find(|access| kind_of(access.scope.as_str()) == kind && access.grant_id.as_str() == id)
}

/// The usual account, in which one user has a hardware token, so that every list of one user is asked for.
fn with_a_token() -> Truth {
    let mut truth = leaver_and_twin(now());
    let twin = truth.accounts.get_mut(ACCOUNT).and_then(|account| account.users.get_mut("twin")).expect("a user");
    twin.mfa.push(Mfa { serial: String::from("GAHT00000001"), is_virtual: false, enabled: twin.created });
    truth
}

#[test]
fn a_list_that_is_missing_is_a_gap_and_an_empty_one_is_the_end() {
    for (operation, element, kind) in [
        ("iam:GetAccountAuthorizationDetails", "UserDetailList", "iam.users"),
        ("iam:GetAccountAuthorizationDetails", "GroupDetailList", "iam.groups"),
        ("iam:GetAccountAuthorizationDetails", "RoleDetailList", "iam.role-trusts"),
        ("iam:ListRoles", "Roles", "iam.roles"),
        ("iam:ListVirtualMFADevices", "VirtualMFADevices", "iam.mfa-devices"),
        ("iam:ListServiceSpecificCredentials", "ServiceSpecificCredentials", "iam.service-specific-credentials"),
        ("iam:ListAccessKeys", "AccessKeyMetadata", "iam.access-key-ids"),
        ("iam:ListSSHPublicKeys", "SSHPublicKeys", "iam.ssh-public-keys"),
        ("iam:ListSigningCertificates", "Certificates", "iam.signing-certificates"),
        ("iam:ListMFADevices", "MFADevices", "iam.mfa-device-serials"),
    ] {
        let world = World::new(with_a_token());
        let missing = world.server.plant(On::operation(operation), text(move |body| without(&body, element, true)));
        let seen = read_closer(&world);
        assert!(missing.fired() > 0, "{operation}");
        assert!(!seen.gaps_of(kind).is_empty(), "{operation} without {element}: {:?}", seen.gaps);
    }
    for (operation, element, kind) in [
        ("iam:GetAccountAuthorizationDetails", "Policies", "iam.policies"),
        ("iam:ListServiceSpecificCredentials", "ServiceSpecificCredentials", "iam.service-specific-credentials"),
        ("iam:ListAccessKeys", "AccessKeyMetadata", "iam.access-key-ids"),
        ("iam:ListSSHPublicKeys", "SSHPublicKeys", "iam.ssh-public-keys"),
        ("iam:ListSigningCertificates", "Certificates", "iam.signing-certificates"),
        ("iam:ListMFADevices", "MFADevices", "iam.mfa-device-serials"),
    ] {
        let world = World::new(with_a_token());
        let empty = world.server.plant(On::operation(operation), text(move |body| without(&body, element, false)));
        let seen = read_closer(&world);
        assert!(empty.fired() > 0, "{operation}");
        assert!(seen.gaps_of(kind).is_empty(), "{operation}, {element} empty: {:?}", seen.gaps);
    }
    // Documents of policies say how far somebody reaches, not who does: without them that is said.
    for missing in [true, false] {
        let world = World::new(with_a_token());
        let operation = On::operation("iam:GetAccountAuthorizationDetails");
        let planted = world.server.plant(operation, text(move |body| without(&body, "Policies", missing)));
        let seen = world.read(|_| false);
        assert!(planted.fired() > 0);
        let said = seen.notices.iter().any(|text| text.contains("have no Policies"));
        assert_eq!(said, missing, "{:?}", seen.notices);
    }
}

#[test]
fn a_list_of_json_that_is_null_is_a_gap_and_an_empty_one_is_the_end() {
    for (operation, key, kind) in [
        ("identitystore:ListUsers", "Users", "identitystore.users"),
        ("identitystore:ListGroupMembershipsForMember", "GroupMemberships", "sso.account-assignments"),
        ("sso:ListAccountAssignmentsForPrincipal", "AccountAssignments", "sso.account-assignments"),
        ("cloudtrail:LookupEvents", "Events", "cloudtrail.events"),
    ] {
        for (value, whole) in [(Value::Null, false), (json!([]), true)] {
            let world = World::new(leaver_and_twin(now())).with_everything();
            let words = value.to_string();
            let planted = world.server.plant(On::operation(operation), Damage::set(&format!("/{key}"), value));
            let seen = read_closer(&world);
            assert!(planted.fired() > 0, "{operation}");
            assert_eq!(has_malformed(&seen, kind), !whole, "{operation}, {key} {words}: {:?}", seen.gaps);
            assert_eq!(seen.gaps_of(kind).is_empty(), whole, "{operation}, {key} {words}: {:?}", seen.gaps);
        }
    }
}

#[test]
fn a_device_or_a_credential_without_what_names_it_is_a_gap_and_the_others_stay() {
    let mut truth = leaver_and_twin(now());
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    let mut other = account.users["leaver"].mfa[0].clone();
    other.serial = format!("arn:aws:iam::{ACCOUNT}:mfa/twin");
    account.users.get_mut("twin").expect("a user").mfa.push(other);
    let world = World::new(truth);
    for (operation, element, kind, stays) in [
        ("iam:ListVirtualMFADevices", "SerialNumber", "iam.mfa-devices", format!("arn:aws:iam::{ACCOUNT}:mfa/twin")),
        ("iam:ListVirtualMFADevices", "User", "iam.mfa-devices", format!("arn:aws:iam::{ACCOUNT}:mfa/twin")),
        (
            "iam:ListServiceSpecificCredentials",
            "ServiceSpecificCredentialId",
            "iam.service-specific-credentials",
            String::from("ACCATWIN"),
        ),
        (
            "iam:ListServiceSpecificCredentials",
            "UserName",
            "iam.service-specific-credentials",
            String::from("ACCATWIN"),
        ),
    ] {
        let planted = world.server.plant(On::operation(operation), text(move |body| without(&body, element, true)));
        let seen = world.read(|_| false);
        assert!(planted.fired() > 0);
        assert!(has_malformed(&seen, kind), "{operation} without {element}: {:?}", seen.gaps);
        assert!(seen.find(&stays).is_some(), "{operation} without {element} took {stays}");
        assert!(seen.records.iter().all(|access| !access.grant_id.as_str().is_empty()));
        planted.withdraw();
    }
    assert_eq!(world.read(|_| false).gaps, Vec::new());
}

#[test]
fn a_key_or_certificate_that_was_deleted_since_the_report_is_gone_and_one_that_cannot_be_listed_is_not() {
    let slots = [
        ("iam:ListAccessKeys", "AccessKeyMetadata", "iam.access-key-ids", "access-key-1"),
        ("iam:ListSigningCertificates", "Certificates", "iam.signing-certificates", "signing-certificate-1"),
    ];
    for (operation, element, kind, slot) in slots {
        let id = format!("arn:aws:iam::{ACCOUNT}:user/leaver/{slot}");
        let asked = || On::operation(operation).body("UserName=leaver");
        let world = World::new(leaver_and_twin(now()));
        let deleted = world.server.plant(asked(), text(move |body| without(&body, element, false)));
        let seen = read_closer(&world);
        assert!(deleted.fired() > 0);
        assert_eq!(seen.gaps, Vec::new(), "{operation}");
        assert_eq!(told_in(&seen, kind, &id).map(|access| access.status), Some(Status::Revoked), "{operation}");
        deleted.withdraw();
        // Refused: what the report says stands.
        let refused = world.server.plant(asked(), Damage::Reply(Answer::status(502)));
        let seen = read_closer(&world);
        assert!(refused.fired() > 0);
        assert!(!seen.gaps_of(kind).is_empty() && told_in(&seen, kind, &id).is_none(), "{operation}");
        refused.withdraw();
        // Another user of the same name: the row is not about the one who was asked for.
        let again = world.server.plant(asked(), text(move |body| without(&body, element, false)));
        let made = world.aws.truth().accounts[ACCOUNT].users["leaver"].created;
        let (before, after) = (
            made.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            (made + chrono::TimeDelta::days(1)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        );
        let other = world.server.plant(
            On::operation("iam:GetAccountAuthorizationDetails"),
            text(move |body| {
                let from = body.find("<UserName>leaver</UserName>").expect("the user");
                format!("{}{}", &body[..from], body[from..].replacen(&before, &after, 1))
            }),
        );
        let seen = read_closer(&world);
        assert!(again.fired() > 0 && other.fired() > 0);
        assert!(told_in(&seen, kind, &id).is_none(), "{operation}");
    }
}

#[test]
fn a_key_whose_last_use_is_not_known_there_stays() {
    let mut truth = leaver_and_twin(now());
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    let made = now() - chrono::TimeDelta::days(3);
    account.users.get_mut("twin").expect("a user").keys.push(Key {
        id: String::from("AKIAYOUNG"),
        status: String::from("Active"),
        created: made,
        rotated: made + chrono::TimeDelta::days(1),
        used: None,
    });
    let world = World::new(truth);
    assert_eq!(world.read_all().get("AKIAYOUNG").last_used_at, Fact::None);
    let none = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no such key</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    let planted =
        world.server.plant(On::operation("iam:GetAccessKeyLastUsed"), Damage::Reply(Answer::xml(none).of(404)));
    let seen = world.read_all();
    assert!(planted.fired() > 0);
    let key = seen.get("AKIAYOUNG");
    assert_eq!(key.status, Status::Enabled);
    assert!(matches!(&key.last_used_at, Fact::None | Fact::Hidden(_)));
}

#[test]
fn a_second_factor_that_the_lists_did_not_tell_is_told_by_the_follow_up_and_no_other() {
    let serial = format!("arn:aws:iam::{ACCOUNT}:mfa/leaver");
    let world = World::new(leaver_and_twin(now()));
    let told = world.read_all();
    assert!(told_in(&told, "iam.mfa-devices", &serial).is_some());
    assert!(told_in(&told, "iam.mfa-device-serials", &serial).is_none());
    let planted = world
        .server
        .plant(On::operation("iam:ListVirtualMFADevices"), text(|body| without(&body, "VirtualMFADevices", false)));
    let seen = read_closer(&world);
    assert!(planted.fired() > 0);
    assert!(told_in(&seen, "iam.mfa-device-serials", &serial).is_some(), "{:?}", seen.gaps);
}

fn refusal(code: &str, message: &str) -> Damage {
    let body = json!({"__type": code, "message": message}).to_string();
    Damage::Reply(Answer::bytes("application/x-amz-json-1.1", body).of(400))
}

#[test]
fn assignments_of_a_group_that_cannot_be_read_leave_its_reach_unknown_and_only_the_services_words_make_none() {
    let of_group = || On::operation("sso:ListAccountAssignmentsForPrincipal").body("g-ops");
    for (words, whole) in [
        ("The operation is not supported for this Identity Center instance", true),
        ("PrincipalType GROUP is not supported", false),
    ] {
        let world = World::new(leaver_and_twin(now())).with_everything();
        let planted = world.server.plant(of_group(), refusal("ValidationException", words));
        let seen = world.read_all();
        assert!(planted.fired() > 0);
        assert_eq!(seen.gaps_of("sso.account-assignments").is_empty(), whole, "{words}: {:?}", seen.gaps);
        let reach = if whole { Privilege::None } else { Privilege::Unknown };
        assert_eq!(seen.get("u-leaver/g-ops").privilege, reach, "{words}");
    }
}

#[test]
fn a_user_who_is_there_has_no_part_that_is_not_found() {
    let gone = || refusal("ResourceNotFoundException", "USER not found.");
    let of_user = || On::operation("sso:ListAccountAssignmentsForPrincipal").body("u-leaver");
    let world = World::new(leaver_and_twin(now())).with_everything();
    let assignments = world.server.plant(of_user(), gone());
    let seen = world.read_all();
    assert!(assignments.fired() > 0);
    assert!(!seen.gaps_of("sso.account-assignments").is_empty());
    // Both say so: the user was deleted, and nothing is open.
    let memberships =
        world.server.plant(On::operation("identitystore:ListGroupMembershipsForMember").body("u-leaver"), gone());
    let seen = world.read_all();
    assert!(memberships.fired() > 0);
    assert_eq!(seen.gaps, Vec::new());
    assert!(!seen.records.iter().any(|access| access.grant_id.as_str().starts_with("u-leaver/")));
}

#[test]
fn where_not_all_users_were_listed_nobody_knows_whose_sessions_live_on() {
    for whole in [true, false] {
        let world = World::new(leaver_and_twin(now())).with_everything();
        world.aws.truth().page = 1;
        if !whole {
            let second = On::operation("identitystore:ListUsers").body("m1");
            world.server.plant(second, Damage::Reply(Answer::status(502)));
        }
        let seen = read_closer(&world);
        assert!(seen.find("u-leaver/g-ops").is_some());
        let told = seen
            .gaps_of("sso.account-assignments")
            .iter()
            .any(|gap| gap.part.as_deref() == Some("sessions") && matches!(gap.cause, Cause::NotSeen { .. }));
        assert_eq!(told, !whole, "{:?}", seen.gaps);
    }
}

#[test]
fn an_account_that_is_left_out_is_not_asked_about_by_a_follow_up_either() {
    let mut world = World::new(leaver_and_twin(now()));
    let other = AccountId::parse("444455556666").expect("twelve digits");
    let mut organisation = Organisation::new("Audit");
    let (reason, until) = (String::from("sold"), String::from("2099-01-01"));
    organisation.exclude.push(LeftOut { account: other, reason, until });
    world.settings.organisation = Some(organisation);
    let scanner = world.scanner();
    let mut seen = Seen::default();
    let scope = |account: &str| Scope::new(format!("{account}/iam.access-key-ids/leaver"), "iam.access-key-ids");
    block_on(seen.pass(&scanner, &Pass::new("again", vec![scope("444455556666"), scope(ACCOUNT)])));
    let [gap] = seen.gaps.as_slice() else { panic!("{:?}", seen.gaps) };
    assert!(matches!(&gap.cause, Cause::Excluded { reason, .. } if reason == "sold"), "{gap:?}");
    assert!(seen.is_sealed(&format!("{ACCOUNT}/iam.access-key-ids/leaver")));
    assert_eq!(world.server.count_of("sts:AssumeRole"), 0);
}

#[test]
fn an_event_that_cannot_be_read_costs_itself_and_a_session_under_somebodys_name_is_not_theirs() {
    let mut truth = leaver_and_twin(now());
    let user = truth.accounts.get_mut(ACCOUNT).expect("an account").users.get_mut("leaver").expect("a user");
    let event = |key: &str, hours: i64| Event {
        region: String::from("us-east-1"),
        key: String::from(key),
        name: String::from("ListBuckets"),
        at: now() - chrono::TimeDelta::hours(hours),
        refused: None,
    };
    user.events.extend([event("ASIAOWN", 1), event("ASIAROLE", 2), event("ASIAODD", 3)]);
    let world = World::new(truth).with_everything();
    let planted = world.server.plant(
        On::operation("cloudtrail:LookupEvents").body("leaver"),
        Damage::change(|_, answer| {
            answer.edit(|body| {
                for event in body["Events"].as_array_mut().into_iter().flatten() {
                    if event["AccessKeyId"] == "ASIAROLE" {
                        let text = event["CloudTrailEvent"].as_str().unwrap_or_default();
                        event["CloudTrailEvent"] = json!(text.replace("IAMUser", "AssumedRole"));
                    } else if event["AccessKeyId"] == "ASIAODD" {
                        event["EventTime"] = Value::Null;
                    }
                }
            })
        }),
    );
    let seen = world.read_all();
    assert!(planted.fired() > 0);
    let session = |key: &str| seen.find(&format!("leaver/cloudtrail/{key}"));
    let (own, role) = (session("ASIAOWN").expect("own"), session("ASIAROLE").expect("of a role"));
    assert_eq!((own.kind, role.kind), (AccessKind::Session, AccessKind::Session));
    assert!(own.parent.is_some() && role.parent.is_none(), "{role:?}");
    assert!(session("ASIAODD").is_none());
    assert!(has_malformed(&seen, "cloudtrail.events"), "{:?}", seen.gaps);
    planted.withdraw();
    let whole = world.read_all();
    assert_eq!(whole.gaps, Vec::new());
    assert!(whole.find("leaver/cloudtrail/ASIAODD").is_some());
}
