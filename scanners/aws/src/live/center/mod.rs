//! IAM Identity Center: users in bulk; groups, permission sets and accounts for those who matter.
//!
//! Asked from the person's side two calls are enough, and one for each group that somebody who matters is in. Asked
//! from the other side, every permission set would have to be asked for every account.

mod assignments;
mod permission_set;
mod users;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use scan_contract::{Cause, Instant};
use tokio::sync::OnceCell;

use crate::live::bulk::pages::walk_json;
use crate::live::center::assignments::Group;
use crate::live::center::permission_set::PermissionSet;
use crate::live::clients::Account;
use crate::live::failure::Failure;
use crate::live::settings::Settings;

/// An instance of Identity Center that belongs to the expected account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) arn: String,
    pub(crate) store: String,
}

/// What was found of instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instances {
    pub(crate) own: Vec<Instance>,
    /// Instances of other accounts: every member account is shown the organisation's own.
    pub(crate) foreign: usize,
}

/// Identity Center as the configured account sees it.
pub(crate) struct Center {
    account: Arc<Account>,
    settings: Arc<Settings>,
    instances: OnceCell<Instances>,
    sets: Cells<PermissionSet>,
    groups: Cells<Group>,
    /// Users that are switched off, with the time of their last change.
    disabled: Mutex<HashMap<String, Option<Instant>>>,
    /// Whether the list of users was read to its end, so that everybody else is not switched off.
    users_known: AtomicBool,
}

/// Answers that many follow-ups share, each asked for once.
struct Cells<T>(Mutex<HashMap<String, Arc<OnceCell<Arc<T>>>>>);

impl<T> Cells<T> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn at(&self, key: &str) -> Arc<OnceCell<Arc<T>>> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(key.to_owned()).or_default())
    }
}

impl Center {
    pub(crate) fn new(account: &Arc<Account>, settings: &Arc<Settings>) -> Self {
        Self {
            account: Arc::clone(account),
            settings: Arc::clone(settings),
            instances: OnceCell::new(),
            sets: Cells::new(),
            groups: Cells::new(),
            disabled: Mutex::new(HashMap::new()),
            users_known: AtomicBool::new(false),
        }
    }

    fn region(&self) -> Option<&str> {
        self.settings.identity_center.as_ref().map(|center| center.region.as_str())
    }

    /// The instances, asked for once. An error is not remembered.
    async fn instances(&self) -> Result<&Instances, Cause> {
        let region = self.region().ok_or_else(|| Cause::Needs { what: String::from("identity_center") })?;
        self.instances
            .get_or_try_init(|| async {
                let (asker, client) = self.account.sso(region);
                let walked = walk_json!(
                    asker,
                    "sso:ListInstances",
                    |token| client.list_instances().max_results(100).set_next_token(token),
                    |answer| answer.instances.into_iter().flatten()
                );
                if let Some(failure) = walked.broken {
                    return Err(failure.cause);
                }
                let owner = self
                    .settings
                    .identity_center
                    .as_ref()
                    .and_then(|center| center.owner.as_ref())
                    .unwrap_or(&self.settings.account);
                let mut found = Instances { own: Vec::new(), foreign: 0 };
                for instance in walked.items {
                    if instance.owner_account_id.as_deref().is_some_and(|id| id != owner.as_str()) {
                        found.foreign += 1;
                        continue;
                    }
                    let (Some(arn), Some(store)) = (instance.instance_arn, instance.identity_store_id) else {
                        let what = String::from("sso:ListInstances: an instance without ARN or identity store");
                        return Err(Cause::Malformed { what });
                    };
                    found.own.push(Instance { arn, store });
                }
                Ok(found)
            })
            .await
    }
}

/// Key of a follow-up: identity store and user.
fn key(store: &str, user: &str) -> String {
    format!("{store}:{user}")
}

impl Center {
    /// Tries one right of Identity Center with the smallest call.
    pub(crate) async fn try_right(&self, right: &str) -> Result<(), Failure> {
        const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
        let Some(region) = self.region() else { return Ok(()) };
        let instances = self.instances().await.map_err(Failure::own)?;
        let Some(instance) = instances.own.first() else {
            return if right == "sso:ListInstances" {
                Ok(())
            } else {
                let what = String::from("an instance of Identity Center, without which nothing else can be tried");
                Err(Failure::own(Cause::NotSeen { what }))
            };
        };
        let (asker, sso) = self.account.sso(region);
        let (_, store) = self.account.identity_store(region);
        let set = format!("{}/ps-0000000000000000", instance.arn.replace(":instance/", ":permissionSet/"));
        macro_rules! asked {
            ($operation:literal, $request:expr) => {
                asker.ask($operation, || $request.send()).await.map(drop)
            };
        }
        match right {
            "sso:ListInstances" => Ok(()),
            "identitystore:ListUsers" => {
                asked!("identitystore:ListUsers", store.list_users().identity_store_id(&instance.store).max_results(1))
            }
            "identitystore:ListGroupMembershipsForMember" => asked!(
                "identitystore:ListGroupMembershipsForMember",
                store
                    .list_group_memberships_for_member()
                    .identity_store_id(&instance.store)
                    .member_id(aws_sdk_identitystore::types::MemberId::UserId(NOBODY.to_owned()))
            ),
            "identitystore:DescribeGroup" => asked!(
                "identitystore:DescribeGroup",
                store.describe_group().identity_store_id(&instance.store).group_id(NOBODY)
            ),
            "sso:ListAccountAssignmentsForPrincipal" => asked!(
                "sso:ListAccountAssignmentsForPrincipal",
                sso.list_account_assignments_for_principal()
                    .instance_arn(&instance.arn)
                    .principal_id(NOBODY)
                    .principal_type(aws_sdk_ssoadmin::types::PrincipalType::User)
            ),
            "sso:DescribePermissionSet" => asked!(
                "sso:DescribePermissionSet",
                sso.describe_permission_set().instance_arn(&instance.arn).permission_set_arn(&set)
            ),
            "sso:ListManagedPoliciesInPermissionSet" => asked!(
                "sso:ListManagedPoliciesInPermissionSet",
                sso.list_managed_policies_in_permission_set().instance_arn(&instance.arn).permission_set_arn(&set)
            ),
            "sso:GetInlinePolicyForPermissionSet" => asked!(
                "sso:GetInlinePolicyForPermissionSet",
                sso.get_inline_policy_for_permission_set().instance_arn(&instance.arn).permission_set_arn(&set)
            ),
            "sso:ListCustomerManagedPolicyReferencesInPermissionSet" => asked!(
                "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
                sso.list_customer_managed_policy_references_in_permission_set()
                    .instance_arn(&instance.arn)
                    .permission_set_arn(&set)
            ),
            _ => Err(Failure::own(Cause::Bug { what: format!("no trial for {right}") })),
        }
    }
}
