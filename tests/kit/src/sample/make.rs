//! Short words for building grants.

use chrono::TimeDelta;
use scan_contract::{
    Access, AccessKind, ExternalIdentity, Fact, Holder, Instant, KeyFingerprint, Moment, Privilege, Relation, Status,
    Subtype,
};

use crate::world::{Grant, LeadsTo};

/// An instant that the source code writes.
pub(super) fn at(text: &str) -> Instant {
    // A mistyped one is found by the test that makes the sample.
    text.parse().unwrap_or(Instant::MIN_UTC)
}

/// A known instant.
pub(super) fn exact(text: &str) -> Fact<Moment> {
    Fact::Known(Moment::exact(at(text)))
}

/// A known day.
pub(super) fn on(text: &str) -> Fact<Moment> {
    Fact::Known(Moment::day(at(&format!("{text}T00:00:00Z")).date_naive()))
}

/// Some days before or after an instant.
pub(super) fn days(from: Instant, days: i64) -> Instant {
    from + TimeDelta::days(days)
}

/// A grant under construction.
pub(super) struct Make {
    access: Access,
    leads_to: LeadsTo,
    extra: Vec<(String, String)>,
}

/// A grant that is switched on.
pub(super) fn grant(scope: &str, kind: AccessKind, id: &str) -> Make {
    let mut access = Access::new(scope.into(), kind, id.into(), Status::Enabled);
    access.expires_at = Fact::None;
    Make { access, leads_to: LeadsTo::Nobody, extra: Vec::new() }
}

impl Make {
    pub(super) fn done(self) -> Grant {
        Grant { access: self.access, leads_to: self.leads_to, extra: self.extra }
    }

    pub(super) fn show(mut self, text: &str) -> Self {
        self.access.grant_display = Some(text.to_owned());
        self
    }

    pub(super) fn status(mut self, status: Status) -> Self {
        self.access.status = status;
        self
    }

    /// A word that no mapping knows.
    pub(super) fn status_word(mut self, word: &str) -> Self {
        self.access.status = Status::Unknown;
        self.access.status_text = Some(word.to_owned());
        self
    }

    pub(super) fn can(mut self, privilege: Privilege) -> Self {
        self.access.privilege = privilege;
        self
    }

    pub(super) fn subtype(mut self, subtype: Subtype) -> Self {
        self.access.subtype = Some(subtype);
        self
    }

    pub(super) fn parent(mut self, parent: &str) -> Self {
        self.access.parent = Some(parent.into());
        self
    }

    pub(super) fn target(mut self, target: &str) -> Self {
        self.access.target = Some(target.to_owned());
        self
    }

    pub(super) fn created(mut self, fact: Fact<Moment>) -> Self {
        self.access.created_at = fact;
        self
    }

    pub(super) fn used(mut self, fact: Fact<Moment>) -> Self {
        self.access.last_used_at = fact;
        self
    }

    /// The last use in steps of minutes.
    pub(super) fn used_within(mut self, text: &str, minutes: u32) -> Self {
        self.access.last_used_at = Fact::Known(Moment::within(at(text), minutes * 60));
        self
    }

    pub(super) fn expires(mut self, fact: Fact<Moment>) -> Self {
        self.access.expires_at = fact;
        self
    }

    pub(super) fn rotated(mut self, fact: Fact<Moment>) -> Self {
        self.access.rotated_at = fact;
        self
    }

    pub(super) fn client(mut self, client: &str) -> Self {
        self.access.client = Some(client.to_owned());
        self
    }

    pub(super) fn cutoff(mut self, text: &str) -> Self {
        self.access.cutoff_at = Some(at(text));
        self
    }

    pub(super) fn live_until(mut self, text: &str) -> Self {
        self.access.live_until = Some(at(text));
        self
    }

    pub(super) fn managed_by(mut self, place: &str) -> Self {
        self.access.managed_by = Some(place.to_owned());
        self
    }

    pub(super) fn seat(mut self, amount: f64) -> Self {
        self.access.seat_cost =
            Some(scan_contract::SeatCost { amount, currency: String::from("EUR"), per: String::from("month") });
        self
    }

    pub(super) fn holder(mut self, holder: Holder) -> Self {
        self.access.holders.push(holder);
        self
    }

    /// Whose it is in truth; may be said several times.
    pub(super) fn of(mut self, person: &str, relation: Relation) -> Self {
        let tie = (person.to_owned(), relation);
        match &mut self.leads_to {
            LeadsTo::People(ties) => ties.push(tie),
            LeadsTo::OneOf(_) | LeadsTo::Nobody => self.leads_to = LeadsTo::People(vec![tie]),
        }
        self
    }

    pub(super) fn one_of(mut self, people: &[&str]) -> Self {
        self.leads_to = LeadsTo::OneOf(people.iter().map(|id| (*id).to_owned()).collect());
        self
    }

    /// A key of the record that the format does not know.
    pub(super) fn extra(mut self, key: &str, value: &str) -> Self {
        self.extra.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// A holder with a relation.
pub(super) fn who(relation: Relation) -> Holder {
    Holder::new(relation)
}

/// Short words for identifiers of a holder.
pub(super) trait Identifiers: Sized {
    fn number(self, id: &str) -> Self;
    fn provider(self, id: &str) -> Self;
    fn login(self, login: &str) -> Self;
    fn email(self, email: &str) -> Self;
    fn name(self, name: &str) -> Self;
    fn key(self, fingerprint: &str) -> Self;
    fn external(self, id: &str, system: &str) -> Self;
    fn last(self, text: &str) -> Self;
}

impl Identifiers for Holder {
    fn number(mut self, id: &str) -> Self {
        self.employee_id = Some(id.to_owned());
        self
    }

    fn provider(mut self, id: &str) -> Self {
        self.provider_id = Some(id.to_owned());
        self
    }

    fn login(mut self, login: &str) -> Self {
        self.login = Some(login.to_owned());
        self
    }

    fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    fn key(mut self, fingerprint: &str) -> Self {
        self.ssh_fingerprint = Some(KeyFingerprint::from(fingerprint));
        self
    }

    fn external(mut self, id: &str, system: &str) -> Self {
        self.external = Some(ExternalIdentity { id: id.to_owned(), system: Some(system.to_owned()) });
        self
    }

    fn last(mut self, text: &str) -> Self {
        self.last_at = Some(Moment::exact(at(text)));
        self
    }
}
