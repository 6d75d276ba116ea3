//! AWS: IAM, STS, EC2 key pairs (query protocol), Organizations, IAM Identity Center and CloudTrail (JSON protocol), all
//! at one address. Shapes are those of the vendor's published service models (botocore). Signatures are not checked: the
//! emulator in `tests/servers` does that; who signed is read from the credential scope.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a stub that cannot write text fails its test loudly"
)]

mod iam;
mod json;
mod truth;
mod usual;
mod xml;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fault::{Answer, Asked, Stub};

pub use truth::*;
pub use usual::{KEY_ID, SECRET, crowd, leaver_and_twin, ssh_key};

/// The stub.
pub struct Aws {
    truth: Mutex<Truth>,
}

impl Aws {
    /// AWS as this truth has it.
    pub fn new(truth: Truth) -> Self {
        Self { truth: Mutex::new(truth) }
    }

    /// The truth, to look at or to change.
    pub fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who signed a request, and for which service.
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
}

/// The operation of a request as the vendor names it, such as `iam:ListUsers`; for the log and for scripts.
pub fn operation_of(asked: &Asked) -> Option<String> {
    if let Some(target) = asked.header("x-amz-target") {
        let (service, action) = target.rsplit_once('.')?;
        let prefix = match service {
            "AWSOrganizationsV20161128" => "organizations",
            "SWBExternalService" => "sso",
            "AWSIdentityStore" => "identitystore",
            "CloudTrail_20131101" => "cloudtrail",
            _ => return None,
        };
        return Some(format!("{prefix}:{action}"));
    }
    let action = asked.form_field("Action")?;
    let prefix = match asked.form_field("Version").as_deref() {
        Some("2010-05-08") => "iam",
        Some("2011-06-15") => "sts",
        Some("2016-11-15") => "ec2",
        _ => return None,
    };
    Some(format!("{prefix}:{action}"))
}

impl Stub for Aws {
    fn answer(&self, asked: &Asked) -> Answer {
        let Some(operation) = operation_of(asked) else { return Answer::status(404) };
        let mut truth = self.truth();
        let is_json = asked.header("x-amz-target").is_some();
        let refuse = |status: u16, code: &str, message: &str| {
            if is_json { json::error(status, code, message) } else { xml::error(&operation, status, code, message) }
        };
        if operation == "sts:AssumeRoleWithWebIdentity" {
            return xml::web_identity(&mut truth, asked, &operation);
        }
        let Some(key) = signer(asked) else {
            return refuse(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
        };
        if truth.ended.contains(&key) {
            return refuse(403, "ExpiredToken", "The security token included in the request is expired");
        }
        let Some((account, arn)) = truth.principals.get(&key).cloned() else {
            return refuse(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
        };
        if truth.denied.contains(&operation) {
            let code = match operation.split(':').next() {
                Some("ec2") => "UnauthorizedOperation",
                Some("iam" | "sts") => "AccessDenied",
                _ => "AccessDeniedException",
            };
            let message = format!("User: {arn} is not authorized to perform: {operation}{}", truth.deny_words);
            return refuse(403, code, &message);
        }
        let caller = Caller { account, arn };
        match operation.split(':').next() {
            Some("iam") => iam::answer(&mut truth, &caller, asked, &operation),
            Some("sts") => xml::sts(&mut truth, &caller, asked, &operation),
            Some("ec2") => xml::ec2(&truth, &caller, asked),
            _ => json::answer(&truth, &caller, asked, &operation),
        }
    }
}

/// Key id in the credential scope of a signature.
fn signer(asked: &Asked) -> Option<String> {
    let header = asked.header("authorization")?;
    let (_, rest) = header.split_once("Credential=")?;
    rest.split('/').next().map(String::from)
}

/// Region in the credential scope of a signature.
pub(crate) fn region(asked: &Asked) -> String {
    let header = asked.header("authorization").unwrap_or_default();
    header.split_once("Credential=").and_then(|(_, rest)| rest.split('/').nth(2)).map_or_else(String::new, String::from)
}

/// A refusal for a limit, in the form of IAM.
pub fn throttled() -> Answer {
    xml::error("iam:Throttled", 400, "Throttling", "Rate exceeded")
}

/// One page of a list, and the mark of the next.
pub(crate) fn page<T>(
    truth: &Truth,
    items: Vec<T>,
    mark: Option<&str>,
    wanted: Option<usize>,
    usual: usize,
) -> (Vec<T>, Option<String>) {
    let size = wanted.unwrap_or(usual).min(truth.page).max(1);
    let (from, empty) = match mark {
        None => (0, truth.empty_pages),
        Some(mark) => match mark.strip_prefix('e') {
            // The page after an empty one.
            Some(rest) => (rest.parse().unwrap_or(usize::MAX), false),
            None => (mark.trim_start_matches('m').parse().unwrap_or(usize::MAX), truth.empty_pages),
        },
    };
    if empty {
        return (Vec::new(), Some(format!("e{from}")));
    }
    let total = items.len();
    let shown: Vec<T> = items.into_iter().skip(from).take(size).collect();
    let next = from.saturating_add(size);
    (shown, (next < total).then(|| format!("m{next}")))
}
