//! Every request this scanner may send. Rights, the smallest policy, the README's table and recordings come from here.

use scan_transport::{Action, AllowList, Keep, Operation, Purpose};

/// The list.
pub static ALLOW: AllowList = AllowList { connector: "aws", operations: &OPERATIONS };

/// An action of the query protocol: a form with `Action=`, answered in XML.
const fn form(
    name: &'static str,
    action: &'static str,
    rights: &'static [&'static str],
    keep: &'static [&'static str],
) -> Operation {
    Operation {
        name,
        method: "POST",
        path: "/",
        action: Action::Form(action),
        purpose: Purpose::Read,
        rights,
        keep: Keep::Xml(keep),
    }
}

/// An action of the JSON protocol: named by `X-Amz-Target`.
const fn target(
    name: &'static str,
    action: &'static str,
    rights: &'static [&'static str],
    keep: &'static [&'static str],
) -> Operation {
    Operation {
        name,
        method: "POST",
        path: "/",
        action: Action::Target(action),
        purpose: Purpose::Read,
        rights,
        keep: Keep::Json(keep),
    }
}

/// What the envelope of every answer of the query protocol holds, and what an error says.
macro_rules! xml {
    ($($name:literal),* $(,)?) => {
        &["ResponseMetadata", "RequestId", "ErrorResponse", "Error", "Errors", "Type", "Code", "Message", "member",
          "IsTruncated", "Marker", $($name),*]
    };
}

/// What an error of the JSON protocol says.
macro_rules! json {
    ($($name:literal),* $(,)?) => { &["__type", "message", "Message", "code", "NextToken", $($name),*] };
}

const OPERATIONS: [Operation; 31] = [
    // Who we are.
    form(
        "sts:GetCallerIdentity",
        "GetCallerIdentity",
        &[],
        xml!["GetCallerIdentityResponse", "GetCallerIdentityResult", "Arn", "UserId", "Account"],
    ),
    Operation {
        purpose: Purpose::SignIn,
        keep: Keep::Nothing,
        ..form("sts:AssumeRole", "AssumeRole", &["sts:AssumeRole"], &[])
    },
    Operation {
        purpose: Purpose::SignIn,
        keep: Keep::Nothing,
        ..form("sts:AssumeRoleWithWebIdentity", "AssumeRoleWithWebIdentity", &[], &[])
    },
    // The metadata service of an instance: a token of its own, the name of the role, its credential.
    imds("imds:token", "PUT", "/latest/api/token"),
    imds("imds:role", "GET", "/latest/meta-data/iam/security-credentials/"),
    imds("imds:credential", "GET", "/latest/meta-data/iam/security-credentials/{role}"),
    // One account in bulk.
    form(
        "iam:GenerateCredentialReport",
        "GenerateCredentialReport",
        &["iam:GenerateCredentialReport"],
        xml!["GenerateCredentialReportResponse", "GenerateCredentialReportResult", "State", "Description"],
    ),
    form(
        "iam:GetCredentialReport",
        "GetCredentialReport",
        &["iam:GetCredentialReport"],
        xml!["GetCredentialReportResponse", "GetCredentialReportResult", "Content", "ReportFormat", "GeneratedTime"],
    ),
    form(
        "iam:GetAccountAuthorizationDetails",
        "GetAccountAuthorizationDetails",
        &["iam:GetAccountAuthorizationDetails"],
        xml![
            "GetAccountAuthorizationDetailsResponse",
            "GetAccountAuthorizationDetailsResult",
            "UserDetailList",
            "GroupDetailList",
            "RoleDetailList",
            "Policies",
            "Path",
            "UserName",
            "UserId",
            "Arn",
            "CreateDate",
            "UserPolicyList",
            "GroupList",
            "AttachedManagedPolicies",
            "PermissionsBoundary",
            "PermissionsBoundaryType",
            "PermissionsBoundaryArn",
            "Tags",
            "Key",
            "Value",
            "PolicyName",
            "PolicyDocument",
            "PolicyArn",
            "GroupName",
            "GroupId",
            "GroupPolicyList",
            "RoleName",
            "RoleId",
            "AssumeRolePolicyDocument",
            "InstanceProfileList",
            "RolePolicyList",
            "RoleLastUsed",
            "LastUsedDate",
            "Region",
            "PolicyId",
            "DefaultVersionId",
            "AttachmentCount",
            "PermissionsBoundaryUsageCount",
            "IsAttachable",
            "PolicyVersionList",
            "Document",
            "VersionId",
            "IsDefaultVersion",
            "UpdateDate"
        ],
    ),
    form(
        "iam:ListServiceSpecificCredentials",
        "ListServiceSpecificCredentials",
        &["iam:ListServiceSpecificCredentials"],
        xml![
            "ListServiceSpecificCredentialsResponse",
            "ListServiceSpecificCredentialsResult",
            "ServiceSpecificCredentials",
            "UserName",
            "Status",
            "ServiceUserName",
            "ServiceCredentialAlias",
            "CreateDate",
            "ExpirationDate",
            "ServiceSpecificCredentialId",
            "ServiceName"
        ],
    ),
    form(
        "iam:ListVirtualMFADevices",
        "ListVirtualMFADevices",
        &["iam:ListVirtualMFADevices"],
        xml![
            "ListVirtualMFADevicesResponse",
            "ListVirtualMFADevicesResult",
            "VirtualMFADevices",
            "SerialNumber",
            "User",
            "UserName",
            "UserId",
            "Arn",
            "Path",
            "CreateDate",
            "EnableDate"
        ],
    ),
    form(
        "iam:ListRoles",
        "ListRoles",
        &["iam:ListRoles"],
        xml![
            "ListRolesResponse",
            "ListRolesResult",
            "Roles",
            "Path",
            "RoleName",
            "RoleId",
            "Arn",
            "CreateDate",
            "MaxSessionDuration"
        ],
    ),
    form(
        "iam:GetAccountSummary",
        "GetAccountSummary",
        &["iam:GetAccountSummary"],
        xml!["GetAccountSummaryResponse", "GetAccountSummaryResult", "SummaryMap", "entry", "key", "value"],
    ),
    // One user who matters.
    form(
        "iam:ListAccessKeys",
        "ListAccessKeys",
        &["iam:ListAccessKeys"],
        xml![
            "ListAccessKeysResponse",
            "ListAccessKeysResult",
            "AccessKeyMetadata",
            "UserName",
            "AccessKeyId",
            "Status",
            "CreateDate"
        ],
    ),
    form(
        "iam:GetAccessKeyLastUsed",
        "GetAccessKeyLastUsed",
        &["iam:GetAccessKeyLastUsed"],
        xml![
            "GetAccessKeyLastUsedResponse",
            "GetAccessKeyLastUsedResult",
            "UserName",
            "AccessKeyLastUsed",
            "LastUsedDate",
            "ServiceName",
            "Region"
        ],
    ),
    form(
        "iam:ListSSHPublicKeys",
        "ListSSHPublicKeys",
        &["iam:ListSSHPublicKeys"],
        xml![
            "ListSSHPublicKeysResponse",
            "ListSSHPublicKeysResult",
            "SSHPublicKeys",
            "UserName",
            "SSHPublicKeyId",
            "Status",
            "UploadDate"
        ],
    ),
    form(
        "iam:GetSSHPublicKey",
        "GetSSHPublicKey",
        &["iam:GetSSHPublicKey"],
        xml![
            "GetSSHPublicKeyResponse",
            "GetSSHPublicKeyResult",
            "SSHPublicKey",
            "UserName",
            "SSHPublicKeyId",
            "Fingerprint",
            "SSHPublicKeyBody",
            "Status",
            "UploadDate"
        ],
    ),
    form(
        "iam:ListSigningCertificates",
        "ListSigningCertificates",
        &["iam:ListSigningCertificates"],
        xml![
            "ListSigningCertificatesResponse",
            "ListSigningCertificatesResult",
            "Certificates",
            "UserName",
            "CertificateId",
            "CertificateBody",
            "Status",
            "UploadDate"
        ],
    ),
    form(
        "iam:ListMFADevices",
        "ListMFADevices",
        &["iam:ListMFADevices"],
        xml!["ListMFADevicesResponse", "ListMFADevicesResult", "MFADevices", "UserName", "SerialNumber", "EnableDate"],
    ),
    // EC2.
    form(
        "ec2:DescribeKeyPairs",
        "DescribeKeyPairs",
        &["ec2:DescribeKeyPairs"],
        xml![
            "Response",
            "RequestID",
            "DescribeKeyPairsResponse",
            "requestId",
            "keySet",
            "item",
            "keyPairId",
            "keyName",
            "keyType",
            "keyFingerprint",
            "publicKey",
            "createTime",
            "tagSet",
            "key",
            "value"
        ],
    ),
    // The organisation.
    target(
        "organizations:ListAccounts",
        "AWSOrganizationsV20161128.ListAccounts",
        &["organizations:ListAccounts"],
        json!["Accounts", "Id", "Arn", "Name", "Email", "Status", "State", "JoinedMethod", "JoinedTimestamp"],
    ),
    // IAM Identity Center.
    target(
        "sso:ListInstances",
        "SWBExternalService.ListInstances",
        &["sso:ListInstances"],
        json!["Instances", "InstanceArn", "IdentityStoreId", "OwnerAccountId", "Status", "Name", "CreatedDate"],
    ),
    target(
        "identitystore:ListUsers",
        "AWSIdentityStore.ListUsers",
        &["identitystore:ListUsers"],
        json![
            "Users",
            "IdentityStoreId",
            "UserId",
            "UserName",
            "ExternalIds",
            "Issuer",
            "Id",
            "DisplayName",
            "Emails",
            "Value",
            "Type",
            "Primary",
            "UserStatus",
            "CreatedAt",
            "UpdatedAt",
            "UserArn",
            "Revision"
        ],
    ),
    target(
        "identitystore:ListGroupMembershipsForMember",
        "AWSIdentityStore.ListGroupMembershipsForMember",
        &["identitystore:ListGroupMembershipsForMember"],
        json![
            "GroupMemberships",
            "IdentityStoreId",
            "MembershipId",
            "MembershipArn",
            "GroupId",
            "MemberId",
            "UserId",
            "CreatedAt"
        ],
    ),
    target(
        "identitystore:DescribeGroup",
        "AWSIdentityStore.DescribeGroup",
        &["identitystore:DescribeGroup"],
        json!["GroupId", "DisplayName", "IdentityStoreId", "GroupArn", "Revision"],
    ),
    target(
        "sso:ListAccountAssignmentsForPrincipal",
        "SWBExternalService.ListAccountAssignmentsForPrincipal",
        &["sso:ListAccountAssignmentsForPrincipal"],
        json!["AccountAssignments", "AccountId", "PermissionSetArn", "PrincipalId", "PrincipalType"],
    ),
    target(
        "sso:DescribePermissionSet",
        "SWBExternalService.DescribePermissionSet",
        &["sso:DescribePermissionSet"],
        json!["PermissionSet", "Name", "PermissionSetArn", "CreatedDate", "SessionDuration"],
    ),
    target(
        "sso:ListManagedPoliciesInPermissionSet",
        "SWBExternalService.ListManagedPoliciesInPermissionSet",
        &["sso:ListManagedPoliciesInPermissionSet"],
        json!["AttachedManagedPolicies", "Name", "Arn"],
    ),
    target(
        "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
        "SWBExternalService.ListCustomerManagedPolicyReferencesInPermissionSet",
        &["sso:ListCustomerManagedPolicyReferencesInPermissionSet"],
        json!["CustomerManagedPolicyReferences", "Name", "Path"],
    ),
    target(
        "sso:GetInlinePolicyForPermissionSet",
        "SWBExternalService.GetInlinePolicyForPermissionSet",
        &["sso:GetInlinePolicyForPermissionSet"],
        json!["InlinePolicy"],
    ),
    // Evidence of use. The event itself is text that may carry anything; of it only what is listed is ever read.
    target(
        "cloudtrail:LookupEvents",
        "CloudTrail_20131101.LookupEvents",
        &["cloudtrail:LookupEvents"],
        json!["Events", "EventId", "EventName", "EventTime", "EventSource", "ReadOnly", "AccessKeyId", "Username"],
    ),
];

const fn imds(name: &'static str, method: &'static str, path: &'static str) -> Operation {
    Operation { name, method, path, action: Action::Plain, purpose: Purpose::SignIn, rights: &[], keep: Keep::Nothing }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_holds_together() {
        assert_eq!(ALLOW.check(), Vec::<String>::new());
    }

    #[test]
    fn every_operation_is_there_once_and_only_reads() {
        let names: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        for operation in &OPERATIONS {
            let (_, verb) = operation.name.split_once(':').expect("service and action");
            let reads = ["Get", "List", "Describe", "Lookup"].iter().any(|start| verb.starts_with(start));
            let known = ["GenerateCredentialReport"].contains(&verb) || operation.purpose == Purpose::SignIn;
            assert!(reads || known, "{}", operation.name);
            assert!(operation.rights.iter().all(|right| *right == operation.name), "{}", operation.name);
        }
    }

    #[test]
    fn no_sign_in_is_ever_recorded() {
        for operation in OPERATIONS.iter().filter(|operation| operation.purpose == Purpose::SignIn) {
            assert_eq!(operation.keep, Keep::Nothing, "{}", operation.name);
        }
    }
}
