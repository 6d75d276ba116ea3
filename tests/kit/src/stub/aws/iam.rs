//! IAM.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use data_encoding::BASE64;

use crate::fault::{Answer, Asked};
use crate::stub::aws::xml::{error, members, respond, tag, wrap};
use crate::stub::aws::{Account, At, Caller, Group, Role, Truth, User, page};

fn time(at: At) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn encoded(document: &str) -> String {
    document.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("text");
        }
        out
    })
}

pub(super) fn answer(truth: &mut Truth, caller: &Caller, asked: &Asked, operation: &str) -> Answer {
    let action = operation.split(':').nth(1).unwrap_or_default().to_owned();
    if action == "GetCredentialReport" && truth.report_pending > 0 {
        truth.report_pending -= 1;
        return error(operation, 404, "ReportInProgress", "Report is being generated");
    }
    let Some(account) = truth.accounts.get(&caller.account) else {
        return error(operation, 403, "AccessDenied", "no such account");
    };
    match action.as_str() {
        "GenerateCredentialReport" => {
            let state = if truth.report_pending > 0 { "STARTED" } else { "COMPLETE" };
            respond(&action, &tag("State", state))
        }
        "GetCredentialReport" => respond(
            &action,
            &[
                tag("Content", &BASE64.encode(report(account).as_bytes())),
                tag("ReportFormat", "text/csv"),
                tag("GeneratedTime", &time(account.report_made)),
            ]
            .concat(),
        ),
        "GetAccountAuthorizationDetails" => details(truth, account, asked),
        "ListServiceSpecificCredentials" => services(truth, account, asked, operation),
        "ListVirtualMFADevices" => virtual_devices(truth, account, asked),
        "ListRoles" => roles(truth, account, asked),
        "GetAccountSummary" => {
            let entry =
                |key: &str, value: usize| wrap("entry", &[tag("key", key), tag("value", &value.to_string())].concat());
            let map = [
                entry("AccountPasswordPresent", usize::from(account.root_password)),
                entry("Users", account.users.len()),
            ];
            respond(&action, &wrap("SummaryMap", &map.concat()))
        }
        "GetAccessKeyLastUsed" => last_used(account, asked, operation),
        _ => of_user(truth, account, asked, operation, &action),
    }
}

/// Actions about one user.
fn of_user(truth: &Truth, account: &Account, asked: &Asked, operation: &str, action: &str) -> Answer {
    let name = asked.form_field("UserName").unwrap_or_default();
    let Some(user) = account.users.get(&name) else {
        return error(operation, 404, "NoSuchEntity", &format!("The user with name {name} cannot be found."));
    };
    let (list, items): (&str, Vec<String>) = match action {
        "ListAccessKeys" => (
            "AccessKeyMetadata",
            user.keys
                .iter()
                .map(|key| {
                    [
                        tag("UserName", &name),
                        tag("AccessKeyId", &key.id),
                        tag("Status", &key.status),
                        tag("CreateDate", &time(key.created)),
                    ]
                    .concat()
                })
                .collect(),
        ),
        "ListSSHPublicKeys" => (
            "SSHPublicKeys",
            user.ssh_keys
                .iter()
                .map(|key| {
                    [
                        tag("UserName", &name),
                        tag("SSHPublicKeyId", &key.id),
                        tag("Status", &key.status),
                        tag("UploadDate", &time(key.uploaded)),
                    ]
                    .concat()
                })
                .collect(),
        ),
        "ListSigningCertificates" => (
            "Certificates",
            user.certificates
                .iter()
                .map(|certificate| {
                    [
                        tag("UserName", &name),
                        tag("CertificateId", &certificate.id),
                        tag("CertificateBody", &certificate.body),
                        tag("Status", &certificate.status),
                        tag("UploadDate", &time(certificate.uploaded)),
                    ]
                    .concat()
                })
                .collect(),
        ),
        "ListMFADevices" => (
            "MFADevices",
            user.mfa
                .iter()
                .map(|device| {
                    [
                        tag("UserName", &name),
                        tag("SerialNumber", &device.serial),
                        tag("EnableDate", &time(device.enabled)),
                    ]
                    .concat()
                })
                .collect(),
        ),
        "GetSSHPublicKey" => return ssh_key(user, asked, operation),
        _ => return error(operation, 400, "InvalidAction", "no such action"),
    };
    let (shown, next) = page(truth, items, asked.form_field("Marker").as_deref(), wanted(asked), 100);
    respond(action, &[members(list, shown), end(next.as_deref())].concat())
}

fn wanted(asked: &Asked) -> Option<usize> {
    asked.form_field("MaxItems").and_then(|text| text.parse().ok())
}

fn end(next: Option<&str>) -> String {
    match next {
        Some(mark) => [tag("IsTruncated", "true"), tag("Marker", mark)].concat(),
        None => tag("IsTruncated", "false"),
    }
}

fn ssh_key(user: &User, asked: &Asked, operation: &str) -> Answer {
    let id = asked.form_field("SSHPublicKeyId").unwrap_or_default();
    let Some(key) = user.ssh_keys.iter().find(|key| key.id == id) else {
        return error(operation, 404, "NoSuchEntity", "The Public Key cannot be found.");
    };
    let inner = [
        tag("UserName", &user.name),
        tag("SSHPublicKeyId", &key.id),
        tag("Fingerprint", "00:11:22"),
        tag("SSHPublicKeyBody", &key.body),
        tag("Status", &key.status),
        tag("UploadDate", &time(key.uploaded)),
    ]
    .concat();
    respond("GetSSHPublicKey", &wrap("SSHPublicKey", &inner))
}

fn last_used(account: &Account, asked: &Asked, operation: &str) -> Answer {
    let id = asked.form_field("AccessKeyId").unwrap_or_default();
    let found =
        account.users.values().find_map(|user| user.keys.iter().find(|key| key.id == id).map(|key| (user, key)));
    // AWS refuses keys that are not of the caller's account (IAM API reference, GetAccessKeyLastUsed).
    let Some((user, key)) = found else { return error(operation, 404, "NoSuchEntity", "no such key") };
    let used = match key.used {
        Some(at) => [tag("LastUsedDate", &time(at)), tag("ServiceName", "s3"), tag("Region", "eu-west-1")].concat(),
        None => [tag("ServiceName", "N/A"), tag("Region", "N/A")].concat(),
    };
    respond("GetAccessKeyLastUsed", &[tag("UserName", &user.name), wrap("AccessKeyLastUsed", &used)].concat())
}

/// An object of the authorization details; rendered only where it is on the page.
enum Object<'a> {
    User(&'a User),
    Group(&'a String, &'a Group),
    Role(&'a String, &'a Role),
}

fn details(truth: &Truth, account: &Account, asked: &Asked) -> Answer {
    let mut objects: Vec<Object<'_>> = account.users.values().map(Object::User).collect();
    objects.extend(account.groups.iter().map(|(name, group)| Object::Group(name, group)));
    objects.extend(account.roles.iter().map(|(name, role)| Object::Role(name, role)));
    let (shown, next) = page(truth, objects, asked.form_field("Marker").as_deref(), wanted(asked), 100);
    let (mut users, mut groups, mut roles) = (Vec::new(), Vec::new(), Vec::new());
    for object in shown {
        match object {
            Object::User(user) => users.push(user_detail(account, user)),
            Object::Group(name, group) => groups.push(group_detail(account, name, group)),
            Object::Role(name, role) => roles.push(role_detail(account, name, role)),
        }
    }
    let inner = [
        members("UserDetailList", users),
        members("GroupDetailList", groups),
        members("RoleDetailList", roles),
        members("Policies", []),
        end(next.as_deref()),
    ];
    respond("GetAccountAuthorizationDetails", &inner.concat())
}

fn user_detail(account: &Account, user: &User) -> String {
    let tags = user.tags.iter().map(|(key, value)| [tag("Key", key), tag("Value", value)].concat());
    let policies = user
        .policies
        .iter()
        .map(|(name, document)| [tag("PolicyName", name), tag("PolicyDocument", &encoded(document))].concat());
    [
        tag("Path", "/"),
        tag("UserName", &user.name),
        tag("UserId", &user.id),
        tag("Arn", &account.user_arn(&user.name)),
        tag("CreateDate", &time(user.created)),
        members("UserPolicyList", policies),
        members("GroupList", user.groups.iter().map(|name| super::xml::text(name))),
        members("AttachedManagedPolicies", []),
        members("Tags", tags),
    ]
    .concat()
}

fn group_detail(account: &Account, name: &str, group: &Group) -> String {
    let policy = [tag("PolicyName", "inline"), tag("PolicyDocument", &encoded(&group.policy))].concat();
    [
        tag("Path", "/"),
        tag("GroupName", name),
        tag("GroupId", &group.id),
        tag("Arn", &format!("arn:aws:iam::{}:group/{name}", account.id)),
        members("GroupPolicyList", [policy]),
        members("AttachedManagedPolicies", []),
    ]
    .concat()
}

fn role_detail(account: &Account, name: &str, role: &Role) -> String {
    let used =
        role.used.map_or_else(String::new, |at| [tag("LastUsedDate", &time(at)), tag("Region", "eu-west-1")].concat());
    [
        tag("Path", "/"),
        tag("RoleName", name),
        tag("RoleId", &role.id),
        tag("Arn", &format!("arn:aws:iam::{}:role/{name}", account.id)),
        tag("CreateDate", "2024-01-01T00:00:00Z"),
        tag("AssumeRolePolicyDocument", &encoded(&role.trust)),
        members("RolePolicyList", []),
        members("AttachedManagedPolicies", []),
        wrap("RoleLastUsed", &used),
    ]
    .concat()
}

fn services(truth: &Truth, account: &Account, asked: &Asked, operation: &str) -> Answer {
    let service = asked.form_field("ServiceName");
    let name = asked.form_field("UserName");
    if name.as_ref().is_some_and(|name| !account.users.contains_key(name)) {
        return error(operation, 404, "NoSuchEntity", "no such user");
    }
    if service.is_none() && !truth.all_services && name.is_none() {
        return error(operation, 400, "ValidationError", "ServiceName is required");
    }
    let mut items = Vec::new();
    for user in account.users.values().filter(|user| name.as_ref().is_none_or(|name| *name == user.name)) {
        for credential in
            user.services.iter().filter(|one| service.as_ref().is_none_or(|service| *service == one.service))
        {
            let expires = credential.expires.map_or_else(String::new, |at| tag("ExpirationDate", &time(at)));
            items.push(
                [
                    tag("UserName", &user.name),
                    tag("Status", &credential.status),
                    tag("ServiceUserName", &format!("{}-at-{}", user.name, account.id)),
                    tag("CreateDate", &time(credential.created)),
                    expires,
                    tag("ServiceSpecificCredentialId", &credential.id),
                    tag("ServiceName", &credential.service),
                ]
                .concat(),
            );
        }
    }
    let (shown, next) = page(truth, items, asked.form_field("Marker").as_deref(), wanted(asked), 100);
    respond(
        "ListServiceSpecificCredentials",
        &[members("ServiceSpecificCredentials", shown), end(next.as_deref())].concat(),
    )
}

fn virtual_devices(truth: &Truth, account: &Account, asked: &Asked) -> Answer {
    let mut items = Vec::new();
    for user in account.users.values() {
        for device in user.mfa.iter().filter(|device| device.is_virtual) {
            let owner = [
                tag("Path", "/"),
                tag("UserName", &user.name),
                tag("UserId", &user.id),
                tag("Arn", &account.user_arn(&user.name)),
                tag("CreateDate", &time(user.created)),
            ];
            let inner = [
                tag("SerialNumber", &device.serial),
                wrap("User", &owner.concat()),
                tag("EnableDate", &time(device.enabled)),
            ];
            items.push(inner.concat());
        }
    }
    let (shown, next) = page(truth, items, asked.form_field("Marker").as_deref(), wanted(asked), 100);
    respond("ListVirtualMFADevices", &[members("VirtualMFADevices", shown), end(next.as_deref())].concat())
}

fn roles(truth: &Truth, account: &Account, asked: &Asked) -> Answer {
    let items = account
        .roles
        .iter()
        .map(|(name, role)| {
            [
                tag("Path", "/"),
                tag("RoleName", name),
                tag("RoleId", &role.id),
                tag("Arn", &format!("arn:aws:iam::{}:role/{name}", account.id)),
                tag("CreateDate", "2024-01-01T00:00:00Z"),
                tag("MaxSessionDuration", &role.longest.to_string()),
            ]
            .concat()
        })
        .collect();
    let (shown, next) = page(truth, items, asked.form_field("Marker").as_deref(), wanted(asked), 100);
    respond("ListRoles", &[members("Roles", shown), end(next.as_deref())].concat())
}

/// The credential report (IAM user guide, "credential reports").
pub(crate) fn report(account: &Account) -> String {
    let mut csv = String::from(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n",
    );
    writeln!(csv, "<root_account>,arn:aws:iam::{}:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A", account.id).expect("text");
    let optional = |at: Option<At>, otherwise: &str| at.map_or_else(|| String::from(otherwise), time);
    for user in account.users.values().filter(|user| !user.not_in_report) {
        let mut cells = vec![user.name.clone(), account.user_arn(&user.name), time(user.created)];
        match &user.password {
            Some(password) => cells.extend([
                String::from("true"),
                optional(password.used, "no_information"),
                time(password.changed),
                String::from("N/A"),
            ]),
            None => cells.extend(["false", "N/A", "N/A", "N/A"].map(String::from)),
        }
        cells.push((!user.mfa.is_empty()).to_string());
        for slot in 0..2 {
            match user.keys.get(slot) {
                Some(key) => cells.extend([
                    (key.status == "Active").to_string(),
                    time(key.rotated),
                    optional(key.used, "N/A"),
                    String::from(if key.used.is_some() { "eu-west-1" } else { "N/A" }),
                    String::from(if key.used.is_some() { "s3" } else { "N/A" }),
                ]),
                None => cells.extend(["false", "N/A", "N/A", "N/A", "N/A"].map(String::from)),
            }
        }
        for slot in 0..2 {
            match user.certificates.get(slot) {
                Some(certificate) => {
                    cells.extend([(certificate.status == "Active").to_string(), time(certificate.uploaded)]);
                }
                None => cells.extend(["false", "N/A"].map(String::from)),
            }
        }
        csv.push_str(&cells.join(","));
        csv.push('\n');
    }
    csv
}
