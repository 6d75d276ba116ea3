//! Users, their groups and their policies, from the authorization details.

use std::collections::{BTreeSet, HashMap};

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, Status};

use crate::arn::Arn;
use crate::policy::judge::Reach;
use crate::policy::reach::Reaches;
use crate::read::details::{Details, List};
use crate::read::report::Row;
use crate::read::wire::{Stamp, UserDetail};
use crate::scopes::{GROUPS, POLICIES, USERS};
use crate::tell::people::{People, Person};
use crate::tell::reading::Reading;
use crate::text::short;

/// Tells users, groups and policies.
pub(crate) fn tell(details: &Details, people: &People<'_>, reaches: &Reaches<'_>, reading: &mut Reading) {
    let groups: HashMap<&str, (&str, &str)> = details
        .groups
        .iter()
        .map(|group| (group.group_name.as_str(), (group.group_id.as_str(), group.arn.as_str())))
        .collect();
    let repeated = repeated_users(details, reading);
    for (index, user) in details.users.iter().enumerate() {
        let Some(person) = people.at(index) else { continue };
        if repeated.contains(&index) {
            continue;
        }
        if Arn::parse(&user.arn).is_none() {
            let what = format!("user {} has no ARN that can be read", short(&user.user_name, 80));
            reading.gap(USERS, Some(short(&user.user_name, 80)), Cause::Malformed { what });
        }
        tell_account(user, person, reading);
        tell_groups(user, person, &groups, reaches, reading);
        tell_policies(user, person, reaches, reading);
    }
    if !details.lists.contains(&List::Policies) && details.broken.is_empty() {
        reading.notice("the authorization details have no Policies: the reach of customer managed policies is unknown");
    }
}

/// Places of users that repeat an earlier one word for word. The same user with other content is a gap, and stays.
fn repeated_users(details: &Details, reading: &mut Reading) -> BTreeSet<usize> {
    let mut repeated = BTreeSet::new();
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    let mut by_arn: HashMap<&str, usize> = HashMap::new();
    for (index, user) in details.users.iter().enumerate() {
        let same_id = *by_id.entry(user.user_id.as_str()).or_insert(index);
        let same_arn = *by_arn.entry(user.arn.as_str()).or_insert(index);
        if same_id == index && same_arn == index {
            continue;
        }
        let earlier = if same_id == index { same_arn } else { same_id };
        if details.users.get(earlier) == Some(user) {
            repeated.insert(index);
            continue;
        }
        let name = short(&user.user_name, 80);
        let cause = Cause::Malformed { what: format!("user {name} is there twice, and not the same") };
        for kind in [USERS, GROUPS, POLICIES] {
            reading.gap(kind, Some(name.clone()), cause.clone());
        }
    }
    if !repeated.is_empty() {
        reading.notice(format!("{} users are listed more than once and were merged", repeated.len()));
    }
    repeated
}

fn tell_account(user: &UserDetail, person: &Person, reading: &mut Reading) {
    let mut access = person.grant(reading.name(USERS), AccessKind::Account, user.user_id.clone(), Status::Enabled);
    access.parent = None;
    access.grant_display = Some(user.user_name.clone());
    access.created_at = user.create_date.fact("CreateDate");
    access.last_used_at = Fact::Hidden(String::from("AWS records use by credential, not by user"));
    access.expires_at = Fact::None;
    access.evidence.push(user.arn.clone());
    if let Some(boundary) = &person.boundary {
        access.evidence.push(format!("permissions boundary: {boundary}"));
    }
    if user.create_date == Stamp::Unreadable {
        let cause =
            Cause::Malformed { what: format!("CreateDate of user {} is not a time", short(&user.user_name, 80)) };
        reading.gap(USERS, Some(short(&user.user_name, 80)), cause);
    }
    reading.record(USERS, access);
}

/// A grant that the user alone holds: whoever answers for the user does not answer for each of its groups.
fn binding(
    person: &Person,
    kind: AccessKind,
    scope: &'static str,
    id: String,
    reach: Reach,
    reading: &Reading,
) -> Access {
    let mut access = person.grant(reading.name(scope), kind, id, Status::Enabled);
    access.holders.truncate(1);
    access.privilege = reach.privilege;
    access.privilege_reason = Some(reach.reason);
    access.last_used_at =
        Fact::Hidden(String::from("AWS does not record the use of a policy by user in these documents"));
    access.expires_at = Fact::None;
    access
}

fn tell_groups(
    user: &UserDetail,
    person: &Person,
    groups: &HashMap<&str, (&str, &str)>,
    reaches: &Reaches<'_>,
    reading: &mut Reading,
) {
    for name in &user.group_list {
        let found = groups.get(name.as_str());
        let id = match found {
            Some((group_id, _)) => format!("{}/{group_id}", user.user_id),
            None => format!("{}/group/{name}", user.user_id),
        };
        let mut access = binding(person, AccessKind::GroupMembership, GROUPS, id, reaches.group(name), reading);
        access.grant_display = Some(format!("{} in group {name}", user.user_name));
        access.target = Some(found.map_or_else(|| name.clone(), |(_, arn)| (*arn).to_owned()));
        reading.record(GROUPS, access);
        if found.is_none() {
            let what = format!("group {} has members and is not in GroupDetailList", short(name, 80));
            reading.gap(GROUPS, Some(short(name, 80)), Cause::Malformed { what });
        }
    }
}

fn tell_policies(user: &UserDetail, person: &Person, reaches: &Reaches<'_>, reading: &mut Reading) {
    for policy in &user.user_policy_list {
        let reach = reaches.alone(reaches.inline(policy));
        let id = format!("{}/inline/{}", user.user_id, policy.policy_name);
        let mut access = binding(person, AccessKind::RoleBinding, POLICIES, id, reach, reading);
        access.grant_display = Some(format!("{}: inline policy {}", user.user_name, policy.policy_name));
        access.target = Some(policy.policy_name.clone());
        if policy.policy_document.0.is_err() {
            access.privilege = Privilege::Unknown;
        }
        reading.record(POLICIES, access);
    }
    for policy in &user.attached_managed_policies {
        let reach = reaches.alone(reaches.attached(policy));
        let id = format!("{}/{}", user.user_id, policy.policy_arn);
        let mut access = binding(person, AccessKind::RoleBinding, POLICIES, id, reach, reading);
        access.grant_display = Some(format!("{}: policy {}", user.user_name, policy.policy_name));
        access.target = Some(policy.policy_arn.clone());
        reading.record(POLICIES, access);
    }
}

/// The account's root user, who is in the report only.
pub(crate) fn tell_root(row: &Row, people: &People<'_>, reading: &mut Reading) {
    tell_root_by(&row.arn, "row <root_account> of the credential report", people, reading);
}

/// The account's root user, whom every account has.
pub(crate) fn tell_root_by(arn: &str, seen: &str, people: &People<'_>, reading: &mut Reading) {
    let root = people.root(arn);
    let mut access = Access::new(reading.name(USERS), AccessKind::Account, GrantId::from(arn), Status::Enabled);
    access.grant_display = Some(String::from(crate::read::report::ROOT));
    access.holders = root.holders;
    access.privilege = root.reach.privilege;
    access.privilege_reason = Some(root.reach.reason);
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("AWS records use by credential, not by user"));
    access.evidence.push(seen.to_owned());
    reading.record(USERS, access);
}
