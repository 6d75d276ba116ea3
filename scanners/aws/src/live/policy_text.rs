//! The smallest policy that a configuration needs, from the list of allowed requests.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::live::allow::ALLOW;
use crate::live::scopes::{ACCOUNTS, ASSIGNMENTS, CENTER_USERS, EVENTS, KEY_PAIRS};
use crate::live::settings::Settings;

/// Scope kinds that a right serves, with the rights of each. What is not named here serves the account itself.
const SERVES: [(&str, &[&str]); 20] = [
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
    ("iam:GetAccessKeyLastUsed", &["iam.access-key-ids"]),
    ("iam:ListSSHPublicKeys", &["iam.ssh-public-keys"]),
    ("iam:GetSSHPublicKey", &["iam.ssh-public-keys"]),
    ("iam:ListSigningCertificates", &["iam.signing-certificates"]),
    ("iam:ListMFADevices", &["iam.mfa-device-serials"]),
    ("ec2:DescribeKeyPairs", &[KEY_PAIRS]),
    ("organizations:ListAccounts", &[ACCOUNTS]),
    ("sso:ListInstances", &[CENTER_USERS, ASSIGNMENTS]),
    ("identitystore:ListUsers", &[CENTER_USERS]),
    ("cloudtrail:LookupEvents", &[EVENTS]),
    ("sts:AssumeRole", &[ACCOUNTS]),
    ("sso:DescribePermissionSet", &[ASSIGNMENTS]),
];

/// Scope kinds that a right serves.
pub(crate) fn serves(right: &str) -> Vec<String> {
    let found = SERVES.iter().find(|(name, _)| *name == right).map_or(&[ASSIGNMENTS][..], |(_, kinds)| kinds);
    found.iter().map(|kind| (*kind).to_owned()).collect()
}

/// Whether a configuration needs a right.
pub(crate) fn is_needed(right: &str, settings: &Settings) -> bool {
    let service = right.split(':').next().unwrap_or(right);
    match service {
        "ec2" => !settings.key_pair_regions.is_empty(),
        "organizations" => settings.organisation.is_some(),
        "sso" | "identitystore" => settings.identity_center.is_some(),
        "cloudtrail" => settings.cloudtrail.is_some(),
        "sts" => settings.organisation.is_some() || settings.assume.is_some(),
        _ => true,
    }
}

/// Every right of the list, once.
pub(crate) fn rights() -> BTreeSet<&'static str> {
    ALLOW.operations.iter().flat_map(|operation| operation.rights.iter().copied()).collect()
}

/// The policy for the reading role, as JSON text. In an organisation its first statement is for every account; the
/// last is for the credential of the configured account.
pub(crate) fn policy(settings: &Settings) -> String {
    let of = |services: &[&str]| -> Vec<&'static str> {
        rights()
            .into_iter()
            .filter(|right| is_needed(right, settings) && services.contains(&right.split(':').next().unwrap_or("")))
            .collect()
    };
    let mut statements = vec![statement("ReadIam", &of(&["iam"]), &json!("*"))];
    let optional = [
        ("ReadKeyPairs", of(&["ec2"])),
        ("ReadEventHistory", of(&["cloudtrail"])),
        ("ReadTheOrganisation", of(&["organizations"])),
        ("ReadIdentityCenter", of(&["sso", "identitystore"])),
    ];
    for (sid, actions) in optional {
        if !actions.is_empty() {
            statements.push(statement(sid, &actions, &json!("*")));
        }
    }
    let roles = roles(settings);
    if !roles.is_empty() {
        statements.push(statement("AssumeTheReadingRole", &of(&["sts"]), &json!(roles)));
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    format!("{document:#}\n")
}

/// Roles that have to be assumed.
fn roles(settings: &Settings) -> Vec<String> {
    let partition = settings.partition.as_str();
    let organisation = settings
        .organisation
        .as_ref()
        .map(|organisation| format!("arn:{partition}:iam::*:role/{}", organisation.role_name));
    settings.assume.as_ref().map(|assume| assume.role.clone()).into_iter().chain(organisation).collect()
}

fn statement(sid: &str, actions: &[&str], resource: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}
