//! Which exception speaks to a grant.

use std::sync::Arc;

use scan_contract::{Instant, Privilege};

use super::judge::signs_in;
use super::{Cover, ExceptionQuery, ExceptionState, ExceptionType, Exceptions, Judged, limits};

impl Exceptions {
    /// The exception that speaks to a grant at `now`: one in force before one that has ended, the one that ends last
    /// before others.
    ///
    /// What was used after the end is never covered; the caller knows that, this room does not.
    pub fn covering(&self, query: &ExceptionQuery<'_>, now: Instant) -> Option<Cover> {
        let speaking = || self.judged.iter().filter(|judged| judged.speaks_to(query));
        let active =
            speaking().filter(|judged| judged.state_at(now) == ExceptionState::Active).max_by(|left, right| {
                let key = |judged: &Judged| judged.exception.ends_at();
                key(left).cmp(&key(right)).then_with(|| right.exception.id.cmp(&left.exception.id))
            });
        if let Some(judged) = active {
            return Some(Cover::Active {
                id: Arc::clone(&judged.exception.id),
                expires_at: judged.exception.ends_at(),
            });
        }
        speaking()
            .filter_map(|judged| judged.lapsed_at(now).map(|ended_at| (ended_at, &judged.exception.id)))
            .max_by(|left, right| left.0.cmp(&right.0).then_with(|| right.1.cmp(left.1)))
            .map(|(ended_at, id)| Cover::Lapsed { id: Arc::clone(id), ended_at })
    }
}

impl Judged {
    /// Whether person, system and every narrower word of the entry agree.
    pub(super) fn speaks_to(&self, query: &ExceptionQuery<'_>) -> bool {
        let exception = &self.exception;
        exception.person_id.as_str() == query.person_id
            && exception.system == query.system
            && (exception.access_kinds.is_empty() || exception.access_kinds.contains(&query.kind))
            && exception.fingerprint.as_deref().is_none_or(|fingerprint| fingerprint == query.fingerprint)
            && exception.resource.as_deref().is_none_or(|resource| {
                resource == query.grant_id || query.grant_display == Some(resource) || query.target == Some(resource)
            })
            // Every rule that hit has to be excused: one that was not thought of keeps the finding open.
            && (exception.rules.is_empty() || query.rules.iter().all(|rule| exception.rules.iter().any(|named| **named == **rule)))
            && self.is_enough_for(query)
    }

    /// Whether the approval reaches as far as the grant.
    fn is_enough_for(&self, query: &ExceptionQuery<'_>) -> bool {
        let exception = &self.exception;
        let Some(tier) = self.tier else { return true };
        if query.privilege == Privilege::Admin && exception.approved_by.len() < limits::approvers_for_admin(tier) {
            return false;
        }
        // A legal hold keeps data; a sign-in only where one was named, which the checks allow outside tier 0 and 1.
        exception.kind != ExceptionType::LegalHold
            || !signs_in(query.kind)
            || exception.access_kinds.contains(&query.kind)
    }

    /// When it stopped holding, if it was in force before and is no longer.
    fn lapsed_at(&self, now: Instant) -> Option<Instant> {
        if !self.problems.is_empty() {
            return None;
        }
        let exception = &self.exception;
        let ended_at = self.loses_approver_at().map_or(exception.ends_at(), |at| at.min(exception.ends_at()));
        (exception.starts_at < ended_at && ended_at <= now).then_some(ended_at)
    }
}
