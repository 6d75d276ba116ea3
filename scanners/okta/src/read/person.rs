//! What hangs from one user: factors, devices, groups, consents.

use scan_contract::{Access, Cause, Outlet, ScopeName};
use serde::de::DeserializeOwned;

use super::Reader;
use super::follow::FollowUp;
use super::lane::Lane;
use super::roles::{UserReach, reach_of_user};
use crate::client::{Found, Page, Shape};
use crate::tell;
use crate::text::{Damage, short};
use crate::wire::{Factor, Grant, Group, UserDevice};
use crate::words::UnknownWords;

/// Factors. Okta shows those that the user's enrolment policy allows.
pub(crate) async fn factors(reader: &Reader, outlet: &Outlet, of: &FollowUp) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, of.scope.clone());
    let tell_one = |factor: &Factor, damage: &mut Damage<'_>, words: &mut UnknownWords, scope: &ScopeName| {
        Some(tell::factor(factor, &of.user, damage, words, scope))
    };
    walk(reader, &mut lane, of, "factors", &[], tell_one).await?;
    lane.end().await
}

/// Devices bound to the user.
pub(crate) async fn devices(reader: &Reader, outlet: &Outlet, of: &FollowUp) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, of.scope.clone());
    if let Some(cause) = reader.no_devices.get() {
        lane.fail(cause.clone()).await?;
        return lane.end().await;
    }
    let tell_one = |device: &UserDevice, damage: &mut Damage<'_>, words: &mut UnknownWords, scope: &ScopeName| {
        Some(tell::device(device, &of.user, damage, words, scope))
    };
    if let Some(cause @ Cause::NotOnPlan { .. }) = walk(reader, &mut lane, of, "devices", &[], tell_one).await? {
        // Asked once: the answer is the same for everybody.
        reader.no_devices.get_or_init(|| cause);
    }
    lane.end().await
}

/// Consents the user gave.
pub(crate) async fn grants(reader: &Reader, outlet: &Outlet, of: &FollowUp) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, of.scope.clone());
    let tell_one = |grant: &Grant, damage: &mut Damage<'_>, words: &mut UnknownWords, scope: &ScopeName| {
        Some(tell::consent(grant, None, Some(&of.user), damage, words, scope))
    };
    walk(reader, &mut lane, of, "grants", &[("limit", &reader.page_of(200))], tell_one).await?;
    lane.end().await
}

/// Groups. Which of them administer is told by the user's roles, which name the group they come from.
pub(crate) async fn memberships(reader: &Reader, outlet: &Outlet, of: &FollowUp) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, of.scope.clone());
    let mut groups = Vec::new();
    let collect = |group: &Group, _: &mut Damage<'_>, _: &mut UnknownWords, _: &ScopeName| {
        groups.push((group.id.clone(), group.kind.clone(), group.profile.as_ref().and_then(|own| own.name.clone())));
        None
    };
    walk(reader, &mut lane, of, "groups", &[], collect).await?;
    let groups: Vec<Group> = groups
        .into_iter()
        .map(|(id, kind, name)| Group { id, kind, profile: Some(crate::wire::GroupProfile { name }) })
        .collect();
    if groups.is_empty() {
        return lane.end().await;
    }
    let reach = match reach_of_user(reader, &of.user).await {
        Ok(reach) => Some(reach),
        Err(cause) => {
            lane.part("roles of the user's groups", cause).await?;
            None
        }
    };
    let scope = lane.name.clone();
    let mut damage = Damage::new(&scope);
    for cause in reach.iter().flat_map(|reach| &reach.unread) {
        damage.part("custom roles of the user's groups", cause.clone());
    }
    let records = groups.iter().filter_map(|group| tell_membership(group, &of.user, reach.as_ref(), &scope)).collect();
    lane.page(records, damage.into_gaps(), scan_contract::Cursor(String::from("end"))).await?;
    lane.end().await
}

fn tell_membership(group: &Group, user: &str, reach: Option<&UserReach>, scope: &ScopeName) -> Option<Access> {
    let administers = reach.and_then(|reach| reach.by_group.get(&group.id));
    let mut access = tell::membership(group, user, administers, scope)?;
    if reach.is_none() {
        access.privilege_reason = Some(String::from("whether the group administers could not be read"));
    }
    Some(access)
}

/// Walks one list of a user. Gives back why it ended early, if it did; that is in the scope's gaps already.
async fn walk<T: DeserializeOwned>(
    reader: &Reader,
    lane: &mut Lane<'_>,
    of: &FollowUp,
    list: &str,
    query: &[(&str, &str)],
    mut tell_one: impl FnMut(&T, &mut Damage<'_>, &mut UnknownWords, &ScopeName) -> Option<Access>,
) -> Result<Option<Cause>, Cause> {
    let parts = ["api", "v1", "users", of.user.as_str(), list];
    let mut walk = match reader.client.walk(&parts, query, Shape::Array) {
        Ok(walk) => walk,
        Err(cause) => {
            lane.fail(cause.clone()).await?;
            return Ok(Some(cause));
        }
    };
    loop {
        match walk.page::<T>().await {
            Ok(Some(Found::There(page))) => take(lane, page, &mut tell_one).await?,
            Ok(None) => return Ok(None),
            Ok(Some(Found::Gone)) => return vanished(reader, lane, of, list).await,
            Err(cause) => {
                lane.fail(cause.clone()).await?;
                return Ok(Some(cause));
            }
        }
    }
}

async fn take<T>(
    lane: &mut Lane<'_>,
    page: Page<T>,
    tell_one: &mut impl FnMut(&T, &mut Damage<'_>, &mut UnknownWords, &ScopeName) -> Option<Access>,
) -> Result<(), Cause> {
    lane.open(page.as_of).await?;
    let scope = lane.name.clone();
    let mut damage = Damage::new(&scope);
    let mut records = Vec::new();
    for element in &page.elements {
        match element {
            Ok(one) => records.extend(tell_one(one, &mut damage, &mut lane.words, &scope)),
            Err(damaged) => damage.element(damaged, page.operation, page.number),
        }
    }
    let gaps = damage.into_gaps();
    lane.page(records, gaps, page.cursor).await
}

/// The list is not there: because the user is gone, which is an empty scope, or because of something else, which is a
/// gap (C4).
pub(crate) async fn vanished(
    reader: &Reader,
    lane: &mut Lane<'_>,
    of: &FollowUp,
    list: &str,
) -> Result<Option<Cause>, Cause> {
    let cause = match reader.user(&of.user).await {
        Ok(Found::Gone) => {
            lane.open(super::lane::now(reader)).await?;
            return Ok(None);
        }
        Ok(Found::There(_)) if list == "devices" => {
            Cause::NotOnPlan { what: String::from("devices: Identity Engine only") }
        }
        Ok(Found::There(_)) => {
            Cause::NotSupported { what: format!("user {} is there, and has no {list} for Okta", short(&of.user)) }
        }
        Err(cause) => cause,
    };
    lane.fail(cause.clone()).await?;
    Ok(Some(cause))
}
