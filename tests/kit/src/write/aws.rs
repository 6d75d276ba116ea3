//! Documents of a cloud account, in the vendor's shapes.

use std::io;

use scan_contract::Instant;
use serde_json::{Value, json};

use super::Files;
use crate::world::{AwsAccount, AwsRole, AwsUser, System};

const REPORT_COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

pub(super) fn write(system: &System, account: &AwsAccount, files: &mut Files) -> io::Result<()> {
    let folder = format!("exports/{}", system.id);
    let text = |value: &Value| serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(io::Error::other);
    files.put(format!("{folder}/authorization-details.json"), text(&details(account))?);
    if account.has_report {
        // The raw answer says when the report was made.
        files.put(format!("{folder}/credential-report.json"), text(&report_answer(account, system.as_of))?);
    }
    if account.has_key_lists {
        files.put(format!("{folder}/access-keys.json"), text(&key_lists(account))?);
    }
    Ok(())
}

fn time(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn details(account: &AwsAccount) -> Value {
    let groups: Vec<Value> = account
        .groups
        .iter()
        .map(|(name, (id, policy))| {
            json!({
                "Path": "/", "GroupName": name, "GroupId": id,
                "Arn": format!("arn:aws:iam::{}:group/{name}", account.account),
                "CreateDate": "2020-01-01T00:00:00+00:00", "GroupPolicyList": [],
                "AttachedManagedPolicies": [attached(policy)],
            })
        })
        .collect();
    // The vendor itself makes roles in every account.
    let mut roles = vec![json!({
        "Path": "/aws-service-role/support.amazonaws.com/", "RoleName": "AWSServiceRoleForSupport",
        "RoleId": "AROAMERIDIANSUPPORT01",
        "Arn": format!("arn:aws:iam::{}:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport", account.account),
        "CreateDate": "2022-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "support.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        },
        "InstanceProfileList": [], "RolePolicyList": [],
        "AttachedManagedPolicies": [{
            "PolicyName": "AWSSupportServiceRolePolicy",
            "PolicyArn": "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy",
        }],
        "Tags": [], "RoleLastUsed": {},
    })];
    roles.extend(account.roles.iter().map(|role| role_detail(account, role)));
    json!({
        "UserDetailList": account.users.iter().map(|user| user_detail(account, user)).collect::<Vec<_>>(),
        "GroupDetailList": groups,
        "RoleDetailList": roles,
        "Policies": [],
        "IsTruncated": false,
    })
}

fn attached(policy: &str) -> Value {
    json!({"PolicyName": policy, "PolicyArn": format!("arn:aws:iam::aws:policy/{policy}")})
}

fn user_detail(account: &AwsAccount, user: &AwsUser) -> Value {
    let mut tags: Vec<Value> = user.email_tag.iter().map(|email| json!({"Key": "email", "Value": email})).collect();
    if !user.owners.is_empty() {
        let addresses: Vec<&str> = user.owners.iter().map(|(_, email)| email.as_str()).collect();
        tags.push(json!({"Key": "owner-email", "Value": addresses.join(" ")}));
    }
    json!({
        "Path": user.path, "UserName": user.name, "UserId": user.id, "Arn": user.arn(&account.account),
        "CreateDate": time(user.created), "GroupList": user.groups,
        "AttachedManagedPolicies": user.policies.iter().map(|(policy, _)| attached(policy)).collect::<Vec<_>>(),
        "Tags": tags,
    })
}

fn role_detail(account: &AwsAccount, role: &AwsRole) -> Value {
    let named: Vec<String> = account
        .users
        .iter()
        .filter(|user| role.trusts.contains(&user.name))
        .map(|user| user.arn(&account.account))
        .collect();
    let trust = if named.is_empty() { json!({"Service": "ec2.amazonaws.com"}) } else { json!({"AWS": named}) };
    let last_used =
        role.last_used.map_or_else(|| json!({}), |at| json!({"LastUsedDate": time(at), "Region": "eu-central-1"}));
    json!({
        "Path": "/", "RoleName": role.name, "RoleId": role.id,
        "Arn": format!("arn:aws:iam::{}:role/{}", account.account, role.name),
        "CreateDate": "2022-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}],
        },
        "InstanceProfileList": [],
        "RolePolicyList": [{
            "PolicyName": "release",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::meridian-releases/*"}],
            },
        }],
        "AttachedManagedPolicies": [], "Tags": [], "RoleLastUsed": last_used,
    })
}

fn report_answer(account: &AwsAccount, generated: Instant) -> Value {
    let mut lines = vec![
        REPORT_COLUMNS.to_owned(),
        format!(
            "<root_account>,arn:aws:iam::{}:root,2019-11-05T15:01:22+00:00,not_supported,2025-12-01T08:00:00+00:00,\
not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
            account.account
        ),
    ];
    lines.extend(account.users.iter().map(|user| report_row(account, user)));
    json!({"Content": base64(lines.join("\n").as_bytes()), "ReportFormat": "text/csv", "GeneratedTime": time(generated)})
}

fn report_row(account: &AwsAccount, user: &AwsUser) -> String {
    let mut cells = vec![user.name.clone(), user.arn(&account.account), time(user.created)];
    match user.password {
        Some((used, changed)) => cells.extend([
            String::from("true"),
            used.map_or_else(|| String::from("no_information"), time),
            time(changed),
            String::from("N/A"),
        ]),
        None => cells.extend(["false", "N/A", "N/A", "N/A"].map(String::from)),
    }
    cells.push(user.mfa.to_string());
    for slot in 0..2 {
        match user.keys.get(slot) {
            Some(key) => {
                let used = key.last_used.map_or_else(|| String::from("N/A"), time);
                let place = |word: &str| if key.last_used.is_some() { word.to_owned() } else { String::from("N/A") };
                cells.extend([key.active.to_string(), time(key.created), used, place("eu-central-1"), place("s3")]);
            }
            None => cells.extend(["false", "N/A", "N/A", "N/A", "N/A"].map(String::from)),
        }
    }
    cells.extend(["false", "N/A", "false", "N/A"].map(String::from));
    cells.join(",")
}

fn key_lists(account: &AwsAccount) -> Value {
    let answers = account.users.iter().map(|user| {
        let keys: Vec<Value> = user
            .keys
            .iter()
            .map(|key| {
                json!({
                    "UserName": user.name, "AccessKeyId": key.id,
                    "Status": if key.active { "Active" } else { "Inactive" }, "CreateDate": time(key.created),
                })
            })
            .collect();
        json!({"AccessKeyMetadata": keys})
    });
    Value::Array(answers.collect())
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
