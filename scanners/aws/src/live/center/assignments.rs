//! Groups, permission sets and accounts of one user.
//!
//! Whether AWS shows what comes through a group when it is asked for the user is not certain. Both are asked, and the
//! same account and permission set through the same group stands once.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use aws_sdk_identitystore::types::MemberId;
use aws_sdk_ssoadmin::types::{AccountAssignmentForPrincipal, PrincipalType};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, Privilege, Relation, Scope, Status};

use crate::live::bulk::pages::walk_json;
use crate::live::bulk::rows::stamp;
use crate::live::center::{Center, Instance};
use crate::live::failure::Failure;
use crate::live::follow::Outcome;
use crate::policy::judge::rank;
use crate::read::wire::{Stamp, later};
use crate::text::short;

/// What one group opens.
#[derive(Debug)]
pub(crate) struct Group {
    /// Name, else the id.
    name: String,
    assignments: Vec<Assigned>,
    /// Whether these are all of them.
    whole: bool,
    /// What could not be read of it.
    odd: Vec<Cause>,
}

/// One account and permission set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Assigned {
    account: String,
    set: String,
    /// Group it comes through.
    group: Option<String>,
}

/// A user of one instance.
struct User<'a> {
    instance: &'a Instance,
    id: &'a str,
    holder: Holder,
    scope: &'a Scope,
}

impl Center {
    /// Everything one user can reach.
    pub(crate) async fn assignments(&self, key: &str, scope: &Scope) -> Outcome {
        let Some((store, id)) = key.split_once(':') else {
            return Outcome::failed(Cause::Bug { what: String::from("a user of Identity Center without its store") });
        };
        let instances = match self.instances().await {
            Ok(instances) => instances,
            Err(cause) => return Outcome::failed(cause),
        };
        let Some(instance) = instances.own.iter().find(|instance| instance.store == store) else {
            let what = format!("identity store {}", short(store, 60));
            return Outcome::failed(Cause::NotSeen { what });
        };
        let holder = scope.bound_to.as_deref().cloned().unwrap_or_else(|| {
            let mut holder = Holder::new(Relation::Holder);
            holder.provider_id = Some(id.to_owned());
            holder
        });
        self.of_user(&User { instance, id, holder, scope }).await
    }

    async fn of_user(&self, user: &User<'_>) -> Outcome {
        let Some(region) = self.region() else { return Outcome::empty() };
        let (asker, client) = self.account.identity_store(region);
        let memberships = walk_json!(
            asker,
            "identitystore:ListGroupMembershipsForMember",
            |token| client
                .list_group_memberships_for_member()
                .identity_store_id(&user.instance.store)
                .member_id(MemberId::UserId(user.id.to_owned()))
                .max_results(100)
                .set_next_token(token),
            |answer| answer.group_memberships
        );
        let mut outcome = Outcome::empty();
        // The store says whether there is such a user. Where there is, nothing else about the user may be unknown.
        let gone = memberships.broken.as_ref().is_some_and(Failure::is_gone);
        if !gone {
            note(memberships.broken, "group memberships", &mut outcome);
        }
        let (direct, broken) = self.ask_assigned(user.instance, user.id, PrincipalType::User).await;
        if !(gone && broken.as_ref().is_some_and(Failure::is_gone)) {
            note(broken, "account assignments", &mut outcome);
        }
        let mut all: BTreeSet<Assigned> = direct.into_iter().collect();
        for membership in &memberships.items {
            let Some(group_id) = &membership.group_id else {
                let what = String::from("identitystore:ListGroupMembershipsForMember: a membership without a group");
                outcome.gap("group memberships", Cause::Malformed { what });
                continue;
            };
            let group = self.group(user.instance, group_id).await;
            for cause in &group.odd {
                outcome.gap(format!("group {}", short(group_id, 80)), cause.clone());
            }
            all.extend(group.assignments.iter().cloned());
            let record = self.membership(user, group_id, &group, stamp(membership.created_at.as_ref())).await;
            outcome.records.push(record);
        }
        for assigned in &all {
            self.tell(user, assigned, &mut outcome).await;
        }
        if !all.is_empty() && !gone && !self.knows_switch_of(user.id) {
            let what = String::from("whether the user is switched off and sessions live on: not all users were listed");
            outcome.gap("sessions", Cause::NotSeen { what });
        }
        outcome
    }

    /// Whether this run's list of users says if this one is switched off.
    fn knows_switch_of(&self, user: &str) -> bool {
        self.users_known.load(Ordering::Relaxed)
            || self.disabled.lock().unwrap_or_else(PoisonError::into_inner).contains_key(user)
    }

    /// Accounts and permission sets of one principal.
    async fn ask_assigned(
        &self,
        instance: &Instance,
        principal: &str,
        sort: PrincipalType,
    ) -> (Vec<Assigned>, Option<Failure>) {
        let Some(region) = self.region() else { return (Vec::new(), None) };
        let (asker, client) = self.account.sso(region);
        let walked = walk_json!(
            asker,
            "sso:ListAccountAssignmentsForPrincipal",
            |token| client
                .list_account_assignments_for_principal()
                .instance_arn(&instance.arn)
                .principal_id(principal)
                .principal_type(sort.clone())
                .max_results(100)
                .set_next_token(token),
            |answer| answer.account_assignments.into_iter().flatten()
        );
        let group = (sort == PrincipalType::Group).then_some(principal);
        let mut assigned = Vec::new();
        let mut broken = walked.broken;
        for given in &walked.items {
            if let Some(one) = assigned_of(given, group) {
                assigned.push(one);
            } else {
                let what = String::from("sso:ListAccountAssignmentsForPrincipal: no account or permission set");
                broken = broken.or(Some(Failure::own(Cause::Malformed { what })));
            }
        }
        (assigned, broken)
    }

    /// A group, asked for once in a run.
    async fn group(&self, instance: &Instance, id: &str) -> Arc<Group> {
        let cell = self.groups.at(id);
        let group = cell
            .get_or_init(|| async {
                let (assignments, broken) = self.ask_assigned(instance, id, PrincipalType::Group).await;
                let mut outcome = Outcome::empty();
                note(broken, "account assignments", &mut outcome);
                let mut odd: Vec<Cause> = outcome.gaps.into_iter().map(|(_, cause)| cause).collect();
                let whole = odd.is_empty();
                let name = match self.name_of_group(instance, id).await {
                    Ok(name) => name.unwrap_or_else(|| id.to_owned()),
                    Err(cause) => {
                        odd.push(cause);
                        id.to_owned()
                    }
                };
                Arc::new(Group { name, assignments, whole, odd })
            })
            .await;
        Arc::clone(group)
    }

    async fn name_of_group(&self, instance: &Instance, id: &str) -> Result<Option<String>, Cause> {
        let Some(region) = self.region() else { return Ok(None) };
        let (asker, client) = self.account.identity_store(region);
        let asked = asker
            .ask("identitystore:DescribeGroup", || {
                client.describe_group().identity_store_id(&instance.store).group_id(id).send()
            })
            .await;
        match asked {
            Ok(answer) => Ok(answer.display_name),
            Err(failure) if failure.is_gone() => Ok(None),
            Err(failure) => Err(failure.cause),
        }
    }

    async fn membership(&self, user: &User<'_>, group_id: &str, group: &Group, since: Stamp) -> Access {
        let id = format!("{}/{group_id}", user.id);
        let mut access = grant(user, AccessKind::GroupMembership, id);
        access.grant_display = Some(format!("in Identity Center group {}", group.name));
        access.target = Some(group.name.clone());
        access.created_at = since.fact("CreatedAt");
        (access.privilege, access.privilege_reason) = if group.whole {
            (Privilege::None, Some(String::from("the group has no permission set in any account")))
        } else {
            (Privilege::Unknown, Some(String::from("not all permission sets of the group could be read")))
        };
        for assigned in &group.assignments {
            let set = self.permission_set(user.instance, &assigned.set).await;
            if rank(set.reach.privilege) > rank(access.privilege) {
                access.privilege = set.reach.privilege;
                access.privilege_reason =
                    Some(format!("permission set {} in account {}: {}", set.name, assigned.account, set.reach.reason));
            }
        }
        access
    }

    async fn tell(&self, user: &User<'_>, assigned: &Assigned, outcome: &mut Outcome) {
        let set = self.permission_set(user.instance, &assigned.set).await;
        for cause in &set.odd {
            let part = format!("permission set {}", short(&set.name, 80));
            if !outcome.gaps.iter().any(|(known, other)| known.as_deref() == Some(part.as_str()) && other == cause) {
                outcome.gap(part, cause.clone());
            }
        }
        let through = assigned.group.as_ref().map_or_else(String::new, |group| format!("{group}/"));
        let id = format!("{}/{through}{}/{}", user.id, assigned.account, assigned.set);
        let mut access = grant(user, AccessKind::RoleBinding, id);
        access.grant_display = Some(format!("permission set {} in account {}", set.name, assigned.account));
        access.target = Some(format!("account {}", assigned.account));
        access.privilege = set.reach.privilege;
        access.privilege_reason = Some(format!("permission set {}: {}", set.name, set.reach.reason));
        if let Some(group) = &assigned.group {
            access.evidence.push(format!("through group {}", short(group, 80)));
        }
        if let Some(seconds) = set.session_seconds {
            access.evidence.push(format!("a session of it lasts {seconds} s"));
        }
        outcome.records.push(access);
        if let Some(session) = self.session(user, assigned, set.session_seconds, &set.name) {
            let known =
                outcome.records.iter().any(|record| record.kind == session.kind && record.grant_id == session.grant_id);
            if !known {
                outcome.records.push(session);
            }
        }
    }

    /// A user who is switched off cannot begin sessions, but those of AWS roles that were begun live on. They cannot be
    /// listed; the last one began at the latest when the user was last changed.
    fn session(&self, user: &User<'_>, assigned: &Assigned, seconds: Option<i64>, set: &str) -> Option<Access> {
        let changed = *self.disabled.lock().unwrap_or_else(PoisonError::into_inner).get(user.id)?;
        let now = self.account.door.now();
        let live_until = later(changed.unwrap_or(now), crate::read::wire::seconds(seconds.unwrap_or(12 * 3600)));
        if live_until <= now {
            return None;
        }
        let id = format!("{}/{}/{}", user.id, assigned.account, assigned.set);
        let mut access = grant(user, AccessKind::Session, id);
        access.status = Status::Unknown;
        access.status_text = Some(String::from("reckoned: AWS does not list sessions"));
        access.grant_display = Some(format!("sessions of permission set {set} in account {}", assigned.account));
        access.target = Some(format!("account {}", assigned.account));
        access.client = Some(format!("{}/{}", assigned.account, assigned.set));
        access.live_until = Some(live_until);
        access.evidence.push(String::from("the user is switched off; sessions begun before live to their end"));
        Some(access)
    }
}

/// A walk that broke. An instance of one account has no assignments of accounts at all.
fn note(broken: Option<Failure>, part: &str, outcome: &mut Outcome) {
    if let Some(failure) = broken.filter(|failure| !failure.says_not_supported) {
        outcome.gap(part, failure.cause);
    }
}

fn assigned_of(given: &AccountAssignmentForPrincipal, group: Option<&str>) -> Option<Assigned> {
    // Asked for a user, AWS may show what comes through a group as the group's own.
    let through = match &given.principal_type {
        Some(PrincipalType::Group) => given.principal_id.clone(),
        _ => group.map(str::to_owned),
    };
    Some(Assigned { account: given.account_id.clone()?, set: given.permission_set_arn.clone()?, group: through })
}

fn grant(user: &User<'_>, kind: AccessKind, id: String) -> Access {
    let mut access = Access::new(user.scope.name.clone(), kind, GrantId::from(id), Status::Enabled);
    access.parent = Some(GrantId::from(user.id));
    access.holders = vec![user.holder.clone()];
    access.last_used_at = Fact::Hidden(String::from("Identity Center does not say who used what"));
    access.expires_at = Fact::None;
    access
}
