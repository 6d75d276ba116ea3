//! What a good answer must hold (CMP-8). The vendor's libraries take a missing list for an empty one and a missing
//! `IsTruncated` for "no more", so that a body of `{}` would read as "nobody has anything".

use std::collections::HashMap;

use scan_contract::Cause;
use scan_transport::Reply;
use serde::de::IgnoredAny;

/// The key that the answer of an action of the JSON protocol must have. `GetInlinePolicyForPermissionSet` has none: where
/// there is no policy, the key may be left out.
const KEYS: [(&str, &str); 10] = [
    ("organizations:ListAccounts", "Accounts"),
    ("sso:ListInstances", "Instances"),
    ("identitystore:ListUsers", "Users"),
    ("identitystore:ListGroupMembershipsForMember", "GroupMemberships"),
    ("identitystore:DescribeGroup", "GroupId"),
    ("sso:ListAccountAssignmentsForPrincipal", "AccountAssignments"),
    ("sso:DescribePermissionSet", "PermissionSet"),
    ("sso:ListManagedPoliciesInPermissionSet", "AttachedManagedPolicies"),
    ("sso:ListCustomerManagedPolicyReferencesInPermissionSet", "CustomerManagedPolicyReferences"),
    ("cloudtrail:LookupEvents", "Events"),
];

/// Whether a success is one.
///
/// # Errors
/// `Malformed`, naming what is missing.
pub(crate) fn check(reply: &Reply) -> Result<(), Cause> {
    if !reply.status.is_success() {
        return Ok(());
    }
    let missing = |what: &str| Err(Cause::Malformed { what: format!("{}: no {what} in the answer", reply.operation) });
    if let Some((_, key)) = KEYS.iter().find(|(operation, _)| *operation == reply.operation) {
        let Ok(body) = serde_json::from_slice::<HashMap<&str, IgnoredAny>>(&reply.body) else {
            return Err(Cause::Malformed { what: format!("{}: the answer is no JSON object", reply.operation) });
        };
        return if body.contains_key(key) { Ok(()) } else { missing(key) };
    }
    let is_list = reply.operation.starts_with("iam:List") || reply.operation == "iam:GetAccountAuthorizationDetails";
    if is_list && !holds(&reply.body, b"<IsTruncated>") {
        return missing("IsTruncated");
    }
    Ok(())
}

fn holds(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}
