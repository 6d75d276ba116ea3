//! The query protocol: envelopes, errors, STS and EC2.

use std::fmt::Write as _;

use crate::fault::{Answer, Asked};
use crate::stub::aws::{Caller, Truth, region};

/// Text with the characters of XML escaped.
pub(super) fn text(raw: &str) -> String {
    raw.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#13;")
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

/// `<name>text</name>`.
pub(super) fn tag(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", text(value))
}

/// `<name>` around what is XML already.
pub(super) fn wrap(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// A list of members.
pub(super) fn members(name: &str, items: impl IntoIterator<Item = String>) -> String {
    let mut inner = String::new();
    for item in items {
        write!(inner, "<member>{item}</member>").expect("text");
    }
    wrap(name, &inner)
}

/// An answer of IAM or STS.
pub(super) fn respond(action: &str, inner: &str) -> Answer {
    Answer::xml(format!(
        "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{inner}</{action}Result>\
         <ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></{action}Response>"
    ))
}

/// A refusal.
pub(super) fn error(operation: &str, status: u16, code: &str, message: &str) -> Answer {
    let (code, message) = (text(code), text(message));
    if operation.starts_with("ec2:") {
        return Answer::xml(format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r</RequestID></Response>"
        ))
        .of(status);
    }
    Answer::xml(format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    ))
    .of(status)
}

/// STS.
pub(super) fn sts(truth: &mut Truth, caller: &Caller, asked: &Asked, operation: &str) -> Answer {
    match operation {
        "sts:GetCallerIdentity" => respond(
            "GetCallerIdentity",
            &[tag("UserId", "AIDASCANNER"), tag("Account", &caller.account), tag("Arn", &caller.arn)].concat(),
        ),
        "sts:AssumeRole" => assume(truth, asked, operation),
        _ => error(operation, 400, "InvalidAction", "no such action"),
    }
}

/// A token for a role. Nobody signs this one.
pub(super) fn web_identity(truth: &mut Truth, asked: &Asked, operation: &str) -> Answer {
    if asked.form_field("WebIdentityToken").as_deref() != Some(super::SECRET) {
        return error(operation, 400, "InvalidIdentityToken", "The token is not valid.");
    }
    assume(truth, asked, operation)
}

#[expect(clippy::disallowed_methods, reason = "a session ends an hour from now, whatever the world's own time")]
fn assume(truth: &mut Truth, asked: &Asked, operation: &str) -> Answer {
    let arn = asked.form_field("RoleArn").unwrap_or_default();
    let session = asked.form_field("RoleSessionName").unwrap_or_default();
    let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
    if !truth.accounts.contains_key(&account) || truth.closed_to_us.contains(&account) {
        let message = format!("not authorized to perform: sts:AssumeRole on resource: {arn}");
        return error(operation, 403, "AccessDenied", &message);
    }
    let role = arn.rsplit('/').next().unwrap_or_default();
    let key = format!("ASIA{account}{:04}", truth.principals.len());
    let principal = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
    truth.principals.insert(key.clone(), (account, principal.clone()));
    let end = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let credentials = [
        tag("AccessKeyId", &key),
        tag("SecretAccessKey", "canary-session-secret"),
        tag("SessionToken", "canary-session-token"),
        tag("Expiration", &end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
    ]
    .concat();
    let user = [tag("Arn", &principal), tag("AssumedRoleId", "AROA:x")].concat();
    let action = operation.split(':').nth(1).unwrap_or_default();
    respond(action, &[wrap("Credentials", &credentials), wrap("AssumedRoleUser", &user)].concat())
}

/// EC2 key pairs.
pub(super) fn ec2(truth: &Truth, caller: &Caller, asked: &Asked) -> Answer {
    let pairs = truth.accounts.get(&caller.account).and_then(|account| account.key_pairs.get(&region(asked)));
    let mut items = String::new();
    for pair in pairs.into_iter().flatten() {
        let inner = [
            tag("keyPairId", &pair.id),
            tag("keyName", &pair.name),
            tag("keyType", "rsa"),
            tag("createTime", "2024-01-01T00:00:00.000Z"),
            tag("publicKey", &pair.public_key),
        ]
        .concat();
        items.push_str(&wrap("item", &inner));
    }
    Answer::xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><DescribeKeyPairsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>r</requestId><keySet>{items}</keySet></DescribeKeyPairsResponse>"
    ))
}
