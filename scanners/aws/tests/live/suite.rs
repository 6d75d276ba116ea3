//! The kit's contract suite.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::aws::{
    Aws, KEY_ID, Mfa, Role, ServiceCredential, Truth as AwsTruth, User, leaver_and_twin, operation_of, throttled,
};
use holdover_kit::suite::{
    Bench, Class, Credential, Excuse, Expiry, List, Mishap, Point, Route, Service, Setting, Spoils, Stage, Truth,
};
use scan_aws::live::{ALLOW, Assume, AwsLive, CloudTrail, IdentityCenter, Settings, Ways};
use scan_contract::{AccessKind, Cause, Scanner, Status};
use scan_transport::Door;

use crate::kit::{Key, OneSecret, settings};
use crate::world::ACCOUNT;

struct AwsBench;

holdover_kit::contract_suite!(AwsBench);

/// Objects on a page of the stub.
const PAGE: usize = 3;

fn now() -> DateTime<Utc> {
    "2026-08-01T12:00:00Z".parse().expect("an instant")
}

/// Settings with everything on but the organisation, which has tests of its own.
fn everything(origin: &str) -> Settings {
    let mut settings = settings(ACCOUNT, origin, &Key::new(KEY_ID, "unused"));
    settings.assume = Some(Assume {
        role: format!("arn:aws:iam::{ACCOUNT}:role/reader"),
        external_id: None,
        session_name: String::from("holdover"),
    });
    settings.key_pair_regions = vec![String::from("eu-west-1")];
    settings.identity_center = Some(IdentityCenter { region: String::from("eu-west-1"), owner: None });
    settings.cloudtrail = Some(CloudTrail { regions: vec![String::from("us-east-1")], days: 90 });
    settings
}

/// A role that anybody may have; the one the scanner assumes.
fn role(id: &str, trusts: Option<&str>) -> Role {
    let principal = trusts.map_or_else(
        || format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}}"#),
        |user| format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:user/{user}"}}"#),
    );
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
    );
    Role { id: id.to_owned(), trust, longest: 3600, used: None }
}

fn truth_of(setting: &Setting) -> AwsTruth {
    let mut truth = leaver_and_twin(now());
    truth.page = PAGE;
    let admin = truth.center.assignments[0].2.clone();
    truth.center.assignments.push((String::from("u-off"), String::from(ACCOUNT), admin));
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    account.roles.insert(String::from("reader"), role("AROAREADER", None));
    let mut owned = role("AROAOWNED", None);
    owned.used = Some(now());
    account.roles.insert(String::from("owned"), owned);
    let twin = account.users.get_mut("twin").expect("a user");
    twin.keys[0].rotated = now();
    twin.mfa.push(Mfa { serial: String::from("GAHT1"), is_virtual: false, enabled: now() });
    let leaver = account.users.get_mut("leaver").expect("a user");
    let mut signed_in = leaver.events[0].clone();
    signed_in.key = String::from("ASIALEAVER");
    leaver.events.push(signed_in);
    match &setting.stage {
        Stage::Usual => {}
        Stage::List { list, objects } => fill(&mut truth, list, *objects),
        Stage::Large { objects } => many_users(&mut truth, *objects),
        Stage::Names(names) => {
            for (index, name) in names.iter().enumerate() {
                let mut of_center = truth.center.users["u-leaver"].clone();
                (of_center.name, of_center.email) = (name.clone(), name.clone());
                truth.center.users.insert(format!("u-{index}"), of_center);
                // XML cannot carry the others, and AWS takes none of them.
                if name.chars().any(|letter| letter.is_control() && !"\r\n\t".contains(letter)) {
                    continue;
                }
                let mut user = User::new(name, &format!("AIDAODD{index}"), now());
                user.not_in_report = true;
                user.tags.push((String::from("email"), name.clone()));
                truth.accounts.get_mut(ACCOUNT).expect("an account").add(user);
            }
        }
    }
    match setting.credential {
        Credential::Right => {}
        Credential::Wrong => truth.principals.clear(),
        Credential::OtherTenant => {
            let other = holdover_kit::stub::aws::Account::new("999988887777", now());
            truth.accounts.insert(String::from("999988887777"), other);
        }
    }
    truth
}

/// As many users, each with a key, on pages as long as AWS makes them.
fn many_users(truth: &mut AwsTruth, objects: usize) {
    truth.page = 1000;
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    for index in 0..objects {
        let mut user = User::new(&format!("user{index:06}"), &format!("AIDACROWD{index:06}"), now());
        user.keys.push(holdover_kit::stub::aws::Key {
            id: format!("AKIACROWD{index:06}"),
            status: String::from("Active"),
            created: now(),
            rotated: now(),
            used: None,
        });
        account.add(user);
    }
}

fn fill(truth: &mut AwsTruth, list: &str, objects: usize) {
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    match list {
        "roles" => {
            account.roles.remove("releases");
            for index in 0..objects {
                account.roles.insert(format!("role{index}"), role(&format!("AROA{index}"), Some("leaver")));
            }
        }
        "service-specific credentials" => {
            for user in account.users.values_mut() {
                user.services.clear();
            }
            let leaver = account.users.get_mut("leaver").expect("a user");
            leaver.services.extend((0..objects).map(|index| ServiceCredential {
                id: format!("ACCA{index}"),
                service: String::from("logs.amazonaws.com"),
                status: String::from("Active"),
                created: now(),
                expires: None,
            }));
        }
        _ => {
            let user = truth.center.users["u-leaver"].clone();
            truth.center.users = (0..objects).map(|index| (format!("u-{index}"), user.clone())).collect();
        }
    }
}

fn refusal(operation: &str) -> Answer {
    let message = format!("User: arn:aws:iam::{ACCOUNT}:user/x is not authorized to perform: {operation}");
    match operation.split(':').next() {
        Some("ec2") => Answer::xml(format!("<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{message}</Message></Error></Errors><RequestID>r</RequestID></Response>")),
        Some("iam" | "sts") => xml_error("AccessDenied", &message),
        _ => Answer::bytes("application/x-amz-json-1.1", serde_json::json!({"__type": "AccessDeniedException", "message": message}).to_string()),
    }
    .of(403)
}

fn xml_error(code: &str, message: &str) -> Answer {
    Answer::xml(format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    ))
}

const REPORT: &[&str] = &["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"];
const DETAILS: &[&str] = &["iam.users", "iam.groups", "iam.policies", "iam.role-trusts", "iam.roles"];
const CENTER: &[&str] = &["sso.account-assignments"];

const ROUTES: [(&str, &[&str]); 26] = [
    ("iam:GenerateCredentialReport", REPORT),
    ("iam:GetCredentialReport", REPORT),
    ("iam:GetAccountAuthorizationDetails", DETAILS),
    ("iam:ListServiceSpecificCredentials", &["iam.service-specific-credentials"]),
    ("iam:ListVirtualMFADevices", &["iam.mfa-devices"]),
    ("iam:ListRoles", &["iam.roles"]),
    ("iam:GetAccountSummary", &["iam.passwords"]),
    ("iam:ListAccessKeys", &["iam.access-key-ids"]),
    ("iam:GetAccessKeyLastUsed", &["iam.access-key-ids"]),
    ("iam:ListSSHPublicKeys", &["iam.ssh-public-keys"]),
    ("iam:GetSSHPublicKey", &["iam.ssh-public-keys"]),
    ("iam:ListSigningCertificates", &["iam.signing-certificates"]),
    ("iam:ListMFADevices", &["iam.mfa-device-serials"]),
    ("ec2:DescribeKeyPairs", &["ec2.key-pairs"]),
    ("sso:ListInstances", &["identitystore.users"]),
    ("identitystore:ListUsers", &["identitystore.users"]),
    ("identitystore:ListGroupMembershipsForMember", CENTER),
    ("identitystore:DescribeGroup", CENTER),
    ("sso:ListAccountAssignmentsForPrincipal", CENTER),
    ("sso:DescribePermissionSet", CENTER),
    ("sso:ListManagedPoliciesInPermissionSet", CENTER),
    ("sso:ListCustomerManagedPolicyReferencesInPermissionSet", CENTER),
    ("sso:GetInlinePolicyForPermissionSet", CENTER),
    ("cloudtrail:LookupEvents", &["cloudtrail.events"]),
    ("sts:GetCallerIdentity", &[]),
    ("sts:AssumeRole", &[]),
];

impl Bench for AwsBench {
    fn serve(&self, setting: &Setting) -> Service {
        let aws = Arc::new(Aws::new(truth_of(setting)));
        Service::new(setting.build(aws).operations(operation_of).dated(now()).start())
    }

    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
        let mut settings = everything(service.server.origin());
        if setting.credential == Credential::OtherTenant {
            settings.assume = settings
                .assume
                .map(|assume| Assume { role: String::from("arn:aws:iam::999988887777:role/reader"), ..assume });
        }
        let door = Door::open(settings.door()?, &ALLOW, Arc::new(now))?;
        let scanner = AwsLive::new(settings, Ways { door, secrets: Arc::new(OneSecret(setting.secret.clone())) })?;
        Ok(Box::new(scanner))
    }

    fn routes(&self) -> Vec<Route> {
        ROUTES
            .iter()
            .map(|(operation, kinds)| Route {
                operation,
                refusal: refusal(operation),
                permission: operation,
                spoils: if kinds.is_empty() { Spoils::Everything } else { Spoils::Kinds(kinds) },
            })
            .collect()
    }

    fn lists(&self) -> Vec<List> {
        let list = |name, scope, kind| List { name, scope, kind, page: PAGE };
        vec![
            list("roles", "iam.role-trusts", AccessKind::RoleBinding),
            list("service-specific credentials", "iam.service-specific-credentials", AccessKind::ApiToken),
            list("identity center users", "identitystore.users", AccessKind::Account),
        ]
    }

    fn mishaps(&self) -> Vec<Mishap> {
        let change = |from: &'static str, to: &'static str| {
            Damage::change(move |_, mut answer| {
                answer.body = String::from_utf8_lossy(&answer.body).replace(from, to).into();
                answer
            })
        };
        let mishap = |name, class, on, damage, spoils, says| Mishap {
            name,
            class,
            stage: Stage::Usual,
            on,
            damage,
            spoils,
            says,
        };
        let details = || On::operation("iam:GetAccountAuthorizationDetails");
        let users = || On::operation("identitystore:ListUsers");
        let json_throttle =
            Answer::bytes("application/x-amz-json-1.1", "{\"__type\":\"ThrottlingException\",\"message\":\"slow\"}")
                .of(400);
        let same = "the request is repeated after the wait";
        vec![
            mishap(
                "P2 the same mark again",
                Class::Paging,
                details(),
                change("<Marker>m6</Marker>", "<Marker>m3</Marker>"),
                Spoils::Kinds(DETAILS),
                "leads back",
            ),
            mishap(
                "P1 more pages and no mark",
                Class::Paging,
                details().once(),
                change("<Marker>m3</Marker>", ""),
                Spoils::Kinds(DETAILS),
                "more pages follow",
            ),
            mishap(
                "L3 a throttling code of the query protocol",
                Class::Limit,
                details().once(),
                Damage::Reply(throttled()),
                Spoils::Nothing(same),
                "",
            ),
            mishap(
                "L3 a throttling code of the JSON protocol",
                Class::Limit,
                users().once(),
                Damage::Reply(json_throttle),
                Spoils::Nothing(same),
                "",
            ),
            mishap(
                "L1 503",
                Class::Limit,
                On::operation("iam:ListRoles").once(),
                Damage::status(503),
                Spoils::Nothing(same),
                "",
            ),
            mishap(
                "P11 an error document with status 200",
                Class::PartialReply,
                On::operation("iam:ListRoles"),
                Damage::Reply(xml_error("ServiceFailure", "x")),
                Spoils::Kinds(&["iam.roles"]),
                "iam:ListRoles",
            ),
            mishap(
                "CMP-10 our own role is not in the list",
                Class::SelfSighting,
                details(),
                change("<RoleName>reader</RoleName>", "<RoleName>other</RoleName>"),
                Spoils::Kinds(DETAILS),
                "our own role",
            ),
        ]
    }

    fn truth(&self) -> Vec<Truth> {
        let truth = |scope, kind, grant_id: &str, status| Truth { scope, kind, grant_id: grant_id.to_owned(), status };
        vec![
            truth("iam.users", AccessKind::Account, "AIDALEAVER", Status::Enabled),
            truth("iam.access-key-ids", AccessKind::AccessKey, "AKIALEAVER00000000", Status::Enabled),
            truth("iam.access-key-ids", AccessKind::AccessKey, "AKIATWIN00000000", Status::Disabled),
            truth("iam.ssh-public-keys", AccessKind::SshKey, "APKALEAVER", Status::Enabled),
            truth("iam.ssh-public-keys", AccessKind::SshKey, "APKATWIN", Status::Disabled),
            truth("iam.signing-certificates", AccessKind::Certificate, "CERTTWIN", Status::Disabled),
            truth("iam.service-specific-credentials", AccessKind::ApiToken, "ACCALEAVER", Status::Enabled),
            truth("identitystore.users", AccessKind::Account, "u-leaver", Status::Enabled),
            truth("identitystore.users", AccessKind::Account, "u-off", Status::Disabled),
            truth("iam.roles", AccessKind::Session, "AIDALEAVER/AROARELEASES", Status::Unknown),
            truth("cloudtrail.events", AccessKind::Session, "leaver/cloudtrail/ASIALEAVER", Status::Unknown),
        ]
    }

    fn expiry(&self) -> Expiry {
        Expiry {
            refusal: xml_error("ExpiredToken", "The security token is expired").of(403),
            sign_in: &["sts:AssumeRole"],
        }
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["SecretAccessKey", "SessionToken"]
    }

    fn excuses(&self) -> Vec<Excuse> {
        let excuse = |point, part, reason| Excuse { point, part, reason };
        let organisation = "an organisation has other passes, and tests of its own";
        vec![
            excuse(Point::RightCredentials, "organizations.accounts", organisation),
            excuse(
                Point::EveryState,
                "iam.roles/ownership",
                "roles of the stub carry no tags; the documents' tests cover it",
            ),
            excuse(
                Point::PartialReplies,
                "sso:GetInlinePolicyForPermissionSet",
                "where a permission set has no inline policy, the key may be left out",
            ),
            excuse(
                Point::PartialReplies,
                "sts:AssumeRole",
                "without a credential nothing is read at all, which other points show",
            ),
        ]
    }
}

/// The stub refuses what the policy does not grant only in the emulator's tests, where policies are evaluated.
#[test]
fn every_route_of_the_list_is_on_the_bench() {
    let listed: BTreeSet<&str> = ALLOW.operations.iter().map(|operation| operation.name).collect();
    let benched: BTreeSet<&str> = ROUTES.iter().map(|(operation, _)| *operation).collect();
    let other: BTreeSet<&str> = listed.difference(&benched).copied().collect();
    let elsewhere =
        ["imds:credential", "imds:role", "imds:token", "organizations:ListAccounts", "sts:AssumeRoleWithWebIdentity"];
    assert_eq!(other, elsewhere.into(), "each of these has a test of its own");
}

/// Asked for by itself: memory is that of the whole process, the service included.
#[test]
#[ignore = "measures the whole process"]
fn a_hundred_thousand_users_with_a_key_each_fit_into_512_mib() {
    let took = holdover_kit::suite::hundred_thousand_objects_within(&AwsBench, 512 * 1024 * 1024);
    println!("{took:?}");
}
