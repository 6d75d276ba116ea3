//! What a good answer must hold (CMP-8). The vendor's libraries take a missing list, and one that is `null`, for an empty
//! one and a missing `IsTruncated` for "no more", so that a body of `{}` would read as "nobody has anything".

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

/// What the answer of an action of the query protocol must have. Lists of one user are short and never come in pages
/// (two keys, five SSH keys), so there the list itself is enough. The four lists of the authorization details share their
/// pages: each must stand on some page, which is seen where they are told.
const ELEMENTS: [(&str, &[&str]); 8] = [
    ("iam:GetAccountAuthorizationDetails", &["IsTruncated"]),
    ("iam:ListServiceSpecificCredentials", &["IsTruncated", "ServiceSpecificCredentials"]),
    ("iam:ListVirtualMFADevices", &["IsTruncated", "VirtualMFADevices"]),
    ("iam:ListRoles", &["IsTruncated", "Roles"]),
    ("iam:ListAccessKeys", &["AccessKeyMetadata"]),
    ("iam:ListSSHPublicKeys", &["SSHPublicKeys"]),
    ("iam:ListSigningCertificates", &["Certificates"]),
    ("iam:ListMFADevices", &["MFADevices"]),
];

/// Whether a success is one.
///
/// # Errors
/// `Malformed`, naming what is missing.
pub(crate) fn check(reply: &Reply) -> Result<(), Cause> {
    if !reply.status.is_success() {
        return Ok(());
    }
    let missing = |what: &str| {
        // Emulators say so of good answers as well: alone it means nothing.
        let page = if reply.media_type() == "text/html" { ", which is text/html: a page to sign in?" } else { "" };
        Err(Cause::Malformed { what: format!("{}: no {what} in the answer{page}", reply.operation) })
    };
    if let Some((_, key)) = KEYS.iter().find(|(operation, _)| *operation == reply.operation) {
        let Ok(body) = serde_json::from_slice::<HashMap<String, Option<IgnoredAny>>>(&reply.body) else {
            return Err(Cause::Malformed { what: format!("{}: the answer is no JSON object", reply.operation) });
        };
        return if body.get(*key).is_some_and(Option::is_some) { Ok(()) } else { missing(key) };
    }
    let needed = ELEMENTS.iter().find(|(operation, _)| *operation == reply.operation);
    let absent = needed.and_then(|(_, elements)| elements.iter().find(|element| !holds(&reply.body, element)));
    absent.map_or(Ok(()), |element| missing(element))
}

/// Whether an element of this name begins somewhere.
fn holds(body: &[u8], element: &str) -> bool {
    let start = [b"<", element.as_bytes()].concat();
    body.windows(start.len() + 1).any(|window| {
        window.starts_with(&start) && window.last().is_some_and(|next| matches!(next, b'>' | b'/' | b' '))
    })
}
