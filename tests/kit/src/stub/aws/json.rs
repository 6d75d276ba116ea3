//! The JSON protocol: Organizations, IAM Identity Center, CloudTrail.

use serde_json::{Value, json};

use crate::fault::{Answer, Asked};
use crate::stub::aws::{Caller, Truth, page, region};

/// Identity store of the stub's instance.
const STORE: &str = "d-1234567890";
/// ARN of the stub's instance.
const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1234567890abcdef";

/// A refusal.
pub(super) fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::bytes("application/x-amz-json-1.1", json!({"__type": code, "message": message}).to_string()).of(status)
}

fn ok(value: &Value) -> Answer {
    Answer::bytes("application/x-amz-json-1.1", value.to_string())
}

fn paged(truth: &Truth, asked: &Asked, name: &str, items: Vec<Value>, usual: usize) -> Answer {
    let body = asked.json();
    let wanted = body["MaxResults"].as_u64().and_then(|number| usize::try_from(number).ok());
    let (shown, next) = page(truth, items, body["NextToken"].as_str(), wanted, usual);
    let mut answer = json!({ name: shown });
    if let Some(next) = next {
        answer["NextToken"] = Value::from(next);
    }
    ok(&answer)
}

pub(super) fn answer(truth: &Truth, caller: &Caller, asked: &Asked, operation: &str) -> Answer {
    let body = asked.json();
    let center = &truth.center;
    match operation {
        "organizations:ListAccounts" => {
            let items = truth.listed.iter().map(|listed| {
                let mut account = json!({"Id": listed.id, "Name": format!("account {}", listed.id)});
                if let Some(state) = &listed.state {
                    account["State"] = Value::from(state.as_str());
                }
                if let Some(status) = &listed.status {
                    account["Status"] = Value::from(status.as_str());
                }
                account
            });
            if truth.listed.is_empty() {
                return error(
                    400,
                    "AWSOrganizationsNotInUseException",
                    "Your account is not a member of an organization.",
                );
            }
            paged(truth, asked, "Accounts", items.collect(), 20)
        }
        // Every member account is shown the organisation's own instance as well.
        "sso:ListInstances" => {
            let own = (!center.owner.is_empty()).then(|| {
                json!({"InstanceArn": INSTANCE, "IdentityStoreId": STORE, "OwnerAccountId": center.owner, "Status": "ACTIVE"})
            });
            paged(truth, asked, "Instances", own.into_iter().collect(), 100)
        }
        "identitystore:ListUsers" => {
            let items = center.users.iter().map(|(id, user)| {
                let mut shown = json!({
                    "IdentityStoreId": STORE, "UserId": id, "UserName": user.name, "DisplayName": user.name,
                    "Emails": [{"Value": user.email, "Primary": true}],
                    "CreatedAt": 1_700_000_000, "UpdatedAt": user.updated.timestamp(),
                });
                if let Some(status) = &user.status {
                    shown["UserStatus"] = Value::from(status.as_str());
                }
                shown
            });
            paged(truth, asked, "Users", items.collect(), 100)
        }
        "identitystore:ListGroupMembershipsForMember" => {
            let id = body["MemberId"]["UserId"].as_str().unwrap_or_default();
            if !center.users.contains_key(id) {
                return error(400, "ResourceNotFoundException", "USER not found.");
            }
            let items = center.groups.iter().filter(|(_, members)| members.contains(id)).map(|(group, _)| {
                json!({"IdentityStoreId": STORE, "MembershipId": format!("m-{group}-{id}"), "GroupId": group, "MemberId": {"UserId": id}})
            });
            paged(truth, asked, "GroupMemberships", items.collect(), 100)
        }
        "identitystore:DescribeGroup" => {
            let id = body["GroupId"].as_str().unwrap_or_default();
            if center.groups.contains_key(id) {
                ok(&json!({"GroupId": id, "DisplayName": format!("group {id}"), "IdentityStoreId": STORE}))
            } else {
                error(400, "ResourceNotFoundException", "GROUP not found.")
            }
        }
        "sso:ListAccountAssignmentsForPrincipal" => {
            let id = body["PrincipalId"].as_str().unwrap_or_default();
            paged(truth, asked, "AccountAssignments", assignments(truth, id), 100)
        }
        "cloudtrail:LookupEvents" => events(truth, caller, asked, &body),
        _ => of_set(truth, operation, &body),
    }
}

fn assignments(truth: &Truth, id: &str) -> Vec<Value> {
    let center = &truth.center;
    let mut shown = Vec::new();
    for (principal, account, set) in &center.assignments {
        let through = center.groups.get(principal).is_some_and(|members| members.contains(id));
        let kind = if center.groups.contains_key(principal) { "GROUP" } else { "USER" };
        if principal == id || (center.users_show_groups && through) {
            shown.push(
                json!({"AccountId": account, "PermissionSetArn": set, "PrincipalId": principal, "PrincipalType": kind}),
            );
        }
    }
    shown
}

/// Actions about one permission set.
fn of_set(truth: &Truth, operation: &str, body: &Value) -> Answer {
    let arn = body["PermissionSetArn"].as_str().unwrap_or_default();
    let Some((name, duration, managed)) = truth.center.sets.get(arn) else {
        return error(400, "ResourceNotFoundException", "PermissionSet not found.");
    };
    match operation {
        "sso:DescribePermissionSet" => {
            ok(&json!({"PermissionSet": {"Name": name, "PermissionSetArn": arn, "SessionDuration": duration}}))
        }
        "sso:ListManagedPoliciesInPermissionSet" => {
            let policies: Vec<Value> =
                managed.iter().map(|arn| json!({"Arn": arn, "Name": arn.rsplit('/').next()})).collect();
            ok(&json!({"AttachedManagedPolicies": policies}))
        }
        "sso:GetInlinePolicyForPermissionSet" => ok(&json!({"InlinePolicy": ""})),
        "sso:ListCustomerManagedPolicyReferencesInPermissionSet" => ok(&json!({"CustomerManagedPolicyReferences": []})),
        _ => error(400, "UnknownOperationException", "no such action"),
    }
}

fn events(truth: &Truth, caller: &Caller, asked: &Asked, body: &Value) -> Answer {
    let name = body["LookupAttributes"][0]["AttributeValue"].as_str().unwrap_or_default();
    let here = region(asked);
    let user = truth.accounts.get(&caller.account).and_then(|account| account.users.get(name));
    let mut events: Vec<_> =
        user.into_iter().flat_map(|user| &user.events).filter(|event| event.region == here).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    let items = events.into_iter().map(|event| {
        let mut inner = json!({"awsRegion": event.region, "sourceIPAddress": "192.0.2.7", "userIdentity": {"type": "IAMUser", "userName": name}});
        if let Some(code) = &event.refused {
            inner["errorCode"] = Value::from(code.as_str());
        }
        let mut shown = json!({
            "EventId": format!("e-{}", event.at.timestamp()), "EventName": event.name, "EventTime": event.at.timestamp(),
            "EventSource": "s3.amazonaws.com", "Username": name, "CloudTrailEvent": inner.to_string(),
        });
        if !event.key.is_empty() {
            shown["AccessKeyId"] = Value::from(event.key.as_str());
        }
        shown
    });
    paged(truth, asked, "Events", items.collect(), 50)
}
