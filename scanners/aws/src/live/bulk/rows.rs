//! Objects of the vendor's library as rows of the documents, so that both are told by the same code. An object that
//! lacks what makes it one is damage with its place; its neighbours are kept.

use aws_sdk_iam::types;
use aws_smithy_types::DateTime;
use scan_contract::{Cause, Instant};

use crate::policy::document::Parsed;
use crate::read::details::{Damage, Details, List};
use crate::read::wire::{
    AccessKeyMetadata, AttachedPolicy, Boundary, GroupDetail, InlinePolicy, ManagedPolicy, PolicyVersion, RoleDetail,
    RoleLastUsed, Stamp, Tag, UserDetail,
};

/// A time of the vendor's library; `None` if it lies outside what a calendar can hold.
pub(crate) fn instant(at: &DateTime) -> Option<Instant> {
    Instant::from_timestamp(at.secs(), at.subsec_nanos())
}

/// The same, as the documents' rows hold it.
pub(crate) fn stamp(at: Option<&DateTime>) -> Stamp {
    match at {
        None => Stamp::Absent,
        Some(at) => instant(at).map_or(Stamp::Unreadable, Stamp::Known),
    }
}

/// Adds one page. `before`: how many objects of each list earlier pages had, for places.
pub(crate) fn add_page(
    details: &mut Details,
    users: &[types::UserDetail],
    groups: &[types::GroupDetail],
    roles: &[types::RoleDetail],
    policies: &[types::ManagedPolicyDetail],
) {
    let page = details.page_count();
    for (index, given) in users.iter().enumerate() {
        match user(given) {
            Some(row) => details.users.push(row),
            None => details.damage.push(damage(List::Users, page, index)),
        }
    }
    for (index, given) in groups.iter().enumerate() {
        match group(given) {
            Some(row) => details.groups.push(row),
            None => details.damage.push(damage(List::Groups, page, index)),
        }
    }
    for (index, given) in roles.iter().enumerate() {
        match role(given) {
            Some(row) => details.roles.push(row),
            None => details.damage.push(damage(List::Roles, page, index)),
        }
    }
    for (index, given) in policies.iter().enumerate() {
        match policy(given) {
            Some(row) => details.policies.push(row),
            None => details.damage.push(damage(List::Policies, page, index)),
        }
    }
}

fn damage(list: List, page: usize, index: usize) -> Damage {
    let part = format!("page {page}, {} number {}", list.key(), index + 1);
    let cause = Cause::Malformed { what: format!("{part} lacks its name, id or ARN") };
    Damage { list, part, cause }
}

fn user(given: &types::UserDetail) -> Option<UserDetail> {
    Some(UserDetail {
        user_name: given.user_name.clone()?,
        user_id: given.user_id.clone()?,
        arn: given.arn.clone()?,
        create_date: stamp(given.create_date.as_ref()),
        user_policy_list: inline(given.user_policy_list())?,
        group_list: given.group_list().to_vec(),
        attached_managed_policies: attached(given.attached_managed_policies())?,
        permissions_boundary: given.permissions_boundary.as_ref().map(|boundary| Boundary {
            permissions_boundary_arn: boundary
                .permissions_boundary_arn
                .clone()
                .unwrap_or_else(|| String::from("without an ARN")),
        }),
        tags: tags(given.tags()),
    })
}

fn group(given: &types::GroupDetail) -> Option<GroupDetail> {
    Some(GroupDetail {
        group_name: given.group_name.clone()?,
        group_id: given.group_id.clone()?,
        arn: given.arn.clone()?,
        group_policy_list: inline(given.group_policy_list())?,
        attached_managed_policies: attached(given.attached_managed_policies())?,
    })
}

fn role(given: &types::RoleDetail) -> Option<RoleDetail> {
    Some(RoleDetail {
        role_name: given.role_name.clone()?,
        role_id: given.role_id.clone()?,
        arn: given.arn.clone()?,
        create_date: stamp(given.create_date.as_ref()),
        assume_role_policy_document: Parsed::of_text(given.assume_role_policy_document.as_deref()?),
        role_policy_list: inline(given.role_policy_list())?,
        attached_managed_policies: attached(given.attached_managed_policies())?,
        role_last_used: given.role_last_used.as_ref().map(|last| RoleLastUsed {
            last_used_date: stamp(last.last_used_date.as_ref()),
            region: last.region.clone(),
        }),
        tags: tags(given.tags()),
    })
}

fn policy(given: &types::ManagedPolicyDetail) -> Option<ManagedPolicy> {
    Some(ManagedPolicy {
        policy_name: given.policy_name.clone(),
        arn: given.arn.clone()?,
        policy_version_list: given
            .policy_version_list()
            .iter()
            // Only the version in force is judged; the documents of the others would only cost memory.
            .filter(|version| version.is_default_version)
            .map(|version| PolicyVersion {
                document: version.document.as_deref().map(Parsed::of_text),
                is_default_version: true,
            })
            .collect(),
    })
}

fn inline(given: &[types::PolicyDetail]) -> Option<Vec<InlinePolicy>> {
    given
        .iter()
        .map(|policy| {
            Some(InlinePolicy {
                policy_name: policy.policy_name.clone()?,
                policy_document: Parsed::of_text(policy.policy_document.as_deref()?),
            })
        })
        .collect()
}

fn attached(given: &[types::AttachedPolicy]) -> Option<Vec<AttachedPolicy>> {
    given
        .iter()
        .map(|policy| {
            Some(AttachedPolicy { policy_name: policy.policy_name.clone()?, policy_arn: policy.policy_arn.clone()? })
        })
        .collect()
}

/// Tags as rows.
pub(crate) fn tags(given: &[types::Tag]) -> Vec<Tag> {
    given.iter().map(|tag| Tag { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

/// One access key; `None` without an id.
pub(crate) fn key(given: &types::AccessKeyMetadata, user: &str) -> Option<AccessKeyMetadata> {
    Some(AccessKeyMetadata {
        user_name: given.user_name.clone().unwrap_or_else(|| user.to_owned()),
        access_key_id: given.access_key_id.clone()?,
        status: given.status.as_ref().map_or_else(String::new, |status| status.as_str().to_owned()),
        create_date: stamp(given.create_date.as_ref()),
    })
}
