//! How far users, groups and roles reach: the union of all their policies, roles they may assume included.

use std::collections::HashMap;

use scan_contract::Privilege;

use crate::arn::Arn;
use crate::policy::judge::{Reach, judge, rank};
use crate::policy::pattern::{covers, literal_start};
use crate::policy::tables::Tables;
use crate::read::details::Details;
use crate::read::wire::{AttachedPolicy, InlinePolicy, RoleDetail, UserDetail};
use crate::text::short;

/// Roles lead to roles. A chain that has not settled after this many rounds is unknown.
const ROUNDS: usize = 32;

/// The reach of everything in one account.
pub(crate) struct Reaches<'a> {
    tables: &'a Tables,
    managed: HashMap<&'a str, Reach>,
    groups: HashMap<&'a str, Reach>,
    roles: Vec<Reach>,
    role_by_arn: HashMap<&'a str, usize>,
    role_arns: Vec<&'a str>,
}

impl<'a> Reaches<'a> {
    /// Judges groups, roles and managed policies once.
    pub(crate) fn new(tables: &'a Tables, details: &'a Details) -> Self {
        let mut reaches = Self {
            tables,
            managed: HashMap::new(),
            groups: HashMap::new(),
            roles: Vec::new(),
            role_by_arn: details.roles.iter().enumerate().map(|(index, role)| (role.arn.as_str(), index)).collect(),
            role_arns: details.roles.iter().map(|role| role.arn.as_str()).collect(),
        };
        for policy in &details.policies {
            let source = format!("policy {}", short(policy.policy_name.as_ref().unwrap_or(&policy.arn), 80));
            let default = policy.policy_version_list.iter().find(|version| version.is_default_version);
            let reach = match default.and_then(|version| version.document.as_ref()) {
                Some(document) => judge(tables, document, &source),
                None => Reach::unknown(format!("{source} has no default version in the document")),
            };
            reaches.managed.insert(policy.arn.as_str(), reach);
        }
        for group in &details.groups {
            let mut reach = reaches.union(&group.group_policy_list, &group.attached_managed_policies);
            reach.reason = format!("group {}: {}", short(&group.group_name, 80), reach.reason);
            reaches.groups.insert(group.group_name.as_str(), reach);
        }
        reaches.roles = details
            .roles
            .iter()
            .map(|role| reaches.union(&role.role_policy_list, &role.attached_managed_policies))
            .collect();
        reaches.settle_roles(&details.roles);
        reaches
    }

    /// Policies of one holder, without what the roles they lead to add.
    fn union(&self, inline: &[InlinePolicy], attached: &[AttachedPolicy]) -> Reach {
        let mut reach = Reach::nothing("no policy");
        for policy in inline {
            reach.add(self.inline(policy));
        }
        for policy in attached {
            reach.add(self.attached(policy));
        }
        reach
    }

    /// One inline policy.
    pub(crate) fn inline(&self, policy: &InlinePolicy) -> Reach {
        judge(self.tables, &policy.policy_document, &format!("inline policy {}", short(&policy.policy_name, 80)))
    }

    /// One attached policy. The vendor's own are judged by what is known of them, so that the answer does not depend
    /// on whether their documents were asked for; the others, and vendor policies nobody has looked at, by document.
    pub(crate) fn attached(&self, policy: &AttachedPolicy) -> Reach {
        let name = short(&policy.policy_name, 80);
        if let Some(known) = self.tables.managed(&policy.policy_arn) {
            return Reach {
                privilege: known.privilege,
                denied_by: known.denies_everything.then(|| format!("policy {name}")),
                ..Reach::nothing(format!("policy {name} of AWS: {}", known.why))
            };
        }
        match self.managed.get(policy.policy_arn.as_str()) {
            Some(reach) => reach.clone(),
            None => Reach::unknown(format!("policy {name} is attached, its document was not given")),
        }
    }

    /// One group, by name.
    pub(crate) fn group(&self, name: &str) -> Reach {
        match self.groups.get(name) {
            Some(reach) => self.close(reach.clone()),
            None => Reach::unknown(format!("group {} is not in the document", short(name, 80))),
        }
    }

    /// One role, by its place in the document.
    pub(crate) fn role(&self, index: usize) -> Reach {
        self.roles
            .get(index)
            .map_or_else(|| Reach::unknown("the role is not in the document"), |reach| deny(reach.clone()))
    }

    /// Everything a user has.
    pub(crate) fn user(&self, user: &UserDetail) -> Reach {
        let mut reach = self.union(&user.user_policy_list, &user.attached_managed_policies);
        for name in &user.group_list {
            match self.groups.get(name.as_str()) {
                Some(group) => reach.add(group.clone()),
                None => reach.add(Reach::unknown(format!("group {} is not in the document", short(name, 80)))),
            }
        }
        let mut reach = self.close(reach);
        if let Some(boundary) = &user.permissions_boundary {
            let arn = short(&boundary.permissions_boundary_arn, 120);
            reach.reason = format!("{} (the permissions boundary {arn} was not weighed)", reach.reason);
        }
        reach
    }

    /// One policy alone, with the roles it leads to.
    pub(crate) fn alone(&self, reach: Reach) -> Reach {
        self.close(reach)
    }

    /// Adds what the assumable roles reach, then applies a deny of everything.
    fn close(&self, mut reach: Reach) -> Reach {
        for (pattern, place) in std::mem::take(&mut reach.assumes) {
            self.follow(&pattern, &place, &mut reach);
        }
        deny(reach)
    }

    fn follow(&self, pattern: &str, place: &str, reach: &mut Reach) {
        let mut any = false;
        let mut raise = |index: usize| {
            any = true;
            if let (Some(role), Some(arn)) = (self.roles.get(index), self.role_arns.get(index)) {
                let role = deny(role.clone());
                let reason = format!("{place}: may assume {}, {}", short(arn, 120), short(&role.reason, 160));
                reach.raise(role.privilege, &reason);
            }
        };
        if literal_start(pattern).len() == pattern.len() {
            if let Some(index) = self.role_by_arn.get(pattern) {
                raise(*index);
            }
        } else {
            for (index, arn) in self.role_arns.iter().enumerate() {
                if covers(pattern, arn) {
                    raise(index);
                }
            }
        }
        // A role elsewhere, or a pattern that also takes in other accounts: their reach is not in this document.
        let elsewhere = Arn::parse(pattern).is_none_or(|arn| arn.account.contains(['*', '?']));
        if !any || elsewhere {
            reach.raise(
                Privilege::Unknown,
                &format!("{place}: may assume {}, not all in the document", short(pattern, 120)),
            );
        }
    }

    fn settle_roles(&mut self, roles: &[RoleDetail]) {
        for _ in 0..ROUNDS {
            let mut changed = false;
            for index in 0..roles.len() {
                let Some(before) = self.roles.get(index) else { continue };
                if before.assumes.is_empty() {
                    continue;
                }
                let assumes = before.assumes.clone();
                let mut after = before.clone();
                for (pattern, place) in &assumes {
                    self.follow(pattern, place, &mut after);
                }
                changed |= rank(after.privilege) != rank(before.privilege);
                self.roles[index] = after;
            }
            if !changed {
                return;
            }
        }
        for reach in self.roles.iter_mut().filter(|reach| !reach.assumes.is_empty()) {
            reach.raise(Privilege::Unknown, "its chain of roles is longer than is followed");
        }
    }
}

fn deny(mut reach: Reach) -> Reach {
    if let Some(place) = &reach.denied_by {
        reach.privilege = Privilege::None;
        reach.reason = format!("everything is denied by {place}");
    }
    reach
}
