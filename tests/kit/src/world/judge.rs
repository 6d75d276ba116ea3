//! What one grant of one person has to become.

use scan_contract::{AccessKind, Fact, Instant, Moment, Relation, Status};

use super::expected::{ExpectedGrant, List};
use super::grants::{Grant, LeadsTo, System};
use super::people::{End, Person, Standing};
use super::{PlannedException, World};

/// Kinds whose secret a person keeps over a spell of employment.
const KEPT_OVER_A_GAP: [AccessKind; 9] = [
    AccessKind::ApiToken,
    AccessKind::AccessKey,
    AccessKind::ServiceKey,
    AccessKind::Password,
    AccessKind::MfaDevice,
    AccessKind::SshKey,
    AccessKind::Certificate,
    AccessKind::OauthGrant,
    AccessKind::Session,
];

/// Kinds of which whoever made them may have a copy, or an effect that lasts.
const LASTS_WITH_ITS_MAKER: [AccessKind; 7] = [
    AccessKind::ServiceKey,
    AccessKind::AccessKey,
    AccessKind::ApiToken,
    AccessKind::Certificate,
    AccessKind::Password,
    AccessKind::SshKey,
    AccessKind::Delegation,
];

/// Everything about one grant and one person.
pub(super) struct Case<'a> {
    pub(super) world: &'a World,
    pub(super) system: &'a System,
    pub(super) grant: &'a Grant,
    /// The grant's account, where it was seen.
    pub(super) account: Option<Status>,
    pub(super) person: &'a Person,
    /// How the person relates to it, what can act first.
    pub(super) relations: Vec<Relation>,
}

impl Case<'_> {
    /// Whether nobody can tell: the person came back, and the system does not say whether the grant was made before
    /// they went.
    pub(super) fn is_undecided(&self) -> bool {
        let Standing::Rehired(end, _) = self.person.standing(self.world.now) else { return false };
        let access = &self.grant.access;
        KEPT_OVER_A_GAP.contains(&access.kind)
            && self.relation().can_act()
            && access.created_at.is_hidden()
            && !self.renewed(end)
            && !matches!(self.usability(end), "dormant" | "inert")
    }

    /// The verdict; `None` where nothing has to be said.
    pub(super) fn verdict(&self) -> Option<ExpectedGrant> {
        match self.person.standing(self.world.now) {
            Standing::Left(end) => self.of_leaver(end),
            Standing::Rehired(end, back) => self.of_returner(end, back),
            Standing::Employed | Standing::NotStarted => None,
        }
    }

    fn of_leaver(&self, end: End) -> Option<ExpectedGrant> {
        let used = self.used(end);
        // A session that was cut off, or has outlived its longest time, is over: nothing is said of it.
        let over = self.is_over(end) && used != "after";
        let matters = !over && self.relations.iter().any(|relation| self.matters(*relation, end));
        // Whoever used it after the end is told even where the grant alone would be no matter.
        (matters || used == "after" && !self.relations.contains(&Relation::Owner)).then(|| self.tell(end, used))
    }

    fn of_returner(&self, end: End, back: Instant) -> Option<ExpectedGrant> {
        let access = &self.grant.access;
        let made_before = matches!(&access.created_at, Fact::Known(made) if made.certainly_before(end.at));
        let stale = KEPT_OVER_A_GAP.contains(&access.kind)
            && self.relation().can_act()
            && made_before
            && !self.renewed(end)
            && !matches!(self.usability(end), "dormant" | "inert");
        let used_in_gap = matches!(self.last_use(), Fact::Known(used)
            if used.certainly_at_or_after(end.latest) && used.certainly_before(back));
        // The last use after the return says nothing of the gap.
        let used = match self.used(end) {
            "after" if !used_in_gap => "undecided",
            used => used,
        };
        (stale || used_in_gap).then(|| self.tell(end, used))
    }

    /// Whether this relation to this kind is a matter once the person has gone.
    fn matters(&self, relation: Relation, end: End) -> bool {
        let kind = self.grant.access.kind;
        match relation {
            Relation::Holder | Relation::RunAs => kind != AccessKind::Ownership || !self.somebody_else_owns(),
            Relation::Creator => LASTS_WITH_ITS_MAKER.contains(&kind) && !self.renewed(end),
            Relation::Reader | Relation::Custodian => !self.renewed(end),
            Relation::Owner | Relation::Approver => !self.somebody_else_owns(),
        }
    }

    fn relation(&self) -> Relation {
        self.relations.first().copied().unwrap_or(Relation::Holder)
    }

    fn somebody_else_owns(&self) -> bool {
        let LeadsTo::People(ties) = &self.grant.leads_to else { return false };
        ties.iter().any(|(other, relation)| {
            *other != self.person.id
                && matches!(relation, Relation::Owner | Relation::Approver)
                && self.world.person(other).is_some_and(|other| other.employed_at(self.world.now))
        })
    }

    /// Whether the secret was replaced, or the whole made anew, after the end.
    fn renewed(&self, end: End) -> bool {
        let after = |fact: &Fact<Moment>| matches!(fact, Fact::Known(at) if at.certainly_at_or_after(end.latest));
        after(&self.grant.access.rotated_at) || after(&self.grant.access.created_at)
    }

    /// The last use by this person.
    fn last_use(&self) -> Fact<Moment> {
        let access = &self.grant.access;
        let own =
            access.holders.iter().find(|holder| holder.relation == self.relation()).and_then(|holder| holder.last_at);
        match own {
            Some(at) => Fact::Known(at),
            None if self.relation() == Relation::Holder && access.kind != AccessKind::Automation => {
                access.last_used_at.clone()
            }
            None => Fact::not_given(),
        }
    }

    fn used(&self, end: End) -> &'static str {
        match self.last_use() {
            Fact::None => "never",
            Fact::Hidden(_) => "not_known",
            Fact::Known(at) if at.certainly_at_or_after(end.latest) => "after",
            Fact::Known(at) if at.certainly_before(end.earliest) => "before",
            Fact::Known(_) => "undecided",
        }
    }

    /// Whether it is a session that cannot be alive.
    fn is_over(&self, end: End) -> bool {
        let access = &self.grant.access;
        let made_after =
            |cutoff: Instant| matches!(&access.created_at, Fact::Known(made) if made.certainly_at_or_after(cutoff));
        access.kind == AccessKind::Session
            && match (access.live_until, access.cutoff_at) {
                (Some(until), _) => until <= self.world.now,
                (None, Some(cutoff)) => cutoff >= end.latest && !made_after(cutoff),
                (None, None) => false,
            }
    }

    fn usability(&self, end: End) -> &'static str {
        let access = &self.grant.access;
        let now = self.world.now;
        match access.status {
            Status::Disabled => return "dormant",
            Status::Expired | Status::Revoked | Status::Orphaned => return "inert",
            Status::Enabled | Status::Pending | Status::Unknown => {}
        }
        if matches!(&access.expires_at, Fact::Known(at) if at.settled_at() <= now) {
            return "inert";
        }
        if self.is_over(end) {
            return "inert";
        }
        if self.system.dies_with_account().contains(&access.kind) {
            match self.account {
                Some(Status::Disabled) => return "dormant",
                Some(Status::Expired | Status::Revoked | Status::Orphaned) => return "inert",
                Some(Status::Enabled | Status::Pending | Status::Unknown) | None => {}
            }
        }
        if access.kind == AccessKind::MfaDevice || !self.relation().can_act() {
            return "indirect";
        }
        match access.status {
            Status::Pending => "usable_if",
            Status::Unknown => "unknown",
            _ => "usable_now",
        }
    }

    fn tell(&self, end: End, used: &'static str) -> ExpectedGrant {
        let access = &self.grant.access;
        let kind = access.kind;
        let grant_id = finding_id(self.grant);
        let usability = self.usability(end);
        let now = self.world.now;
        let due_at =
            self.person.judged_stint(now).map_or(end.at, |stint| self.world.policy.due_at(stint, kind, end.at));
        let exception = self
            .world
            .exceptions
            .iter()
            .find(|exception| exception.names(&self.person.id, &self.system.id, kind, &grant_id))
            .filter(|exception| matches!(exception.planned, PlannedException::Active | PlannedException::Expired));
        let active =
            exception.is_some_and(|exception| exception.planned == PlannedException::Active) && used != "after";
        let list = if kind == AccessKind::License {
            List::License
        } else if matches!(usability, "dormant" | "inert") && used != "after" {
            List::Remnant
        } else if active {
            List::Suppressed
        } else if due_at <= now || used == "after" {
            List::Residual
        } else {
            List::WithinTime
        };
        let mut cites = Vec::new();
        if used == "after" {
            cites.push("used-after-end");
        }
        if matches!(self.person.standing(now), Standing::Rehired(..)) {
            cites.push("stale-stint-credential");
        }
        if exception.is_some_and(|exception| exception.planned == PlannedException::Expired) {
            cites.push("exception-lapsed");
        }
        ExpectedGrant {
            cites,
            person: self.person.id.clone(),
            system: self.system.id.clone(),
            kind,
            grant_id,
            list,
            relation: self.relation(),
            usability,
            used_after_end: used,
            access_end_at: end.at,
            due_at,
            exception: exception.map(|exception| exception.id.clone()),
        }
    }
}

/// The id a finding carries: sessions of one account and client are one.
pub(super) fn finding_id(grant: &Grant) -> String {
    let access = &grant.access;
    if access.kind != AccessKind::Session {
        return access.grant_id.as_str().to_owned();
    }
    let account = access.parent.as_ref().map_or(access.grant_id.as_str(), |parent| parent.as_str());
    format!("{account}/{}", access.client.as_deref().unwrap_or("-"))
}
