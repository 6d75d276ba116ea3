//! Whether a grant can be used, by the person it leads to.

use scan_contract::{Access, AccessKind, Fact, Instant, Relation, Status};

use super::Usability;

/// What is known of the account a grant hangs from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentAccount {
    /// It hangs from none, or its kind outlives the account.
    Independent,
    /// It hangs from one that was read.
    Read(Status),
    /// It hangs from one that was not seen.
    NotSeen,
}

/// Usability with remarks for the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The answer.
    pub usability: Usability,
    /// Remarks in whole sentences.
    pub notes: Vec<String>,
}

impl Judged {
    fn plain(usability: Usability) -> Self {
        Self { usability, notes: Vec::new() }
    }

    fn noted(usability: Usability, note: String) -> Self {
        Self { usability, notes: vec![note] }
    }
}

/// Judges one grant for one relation.
///
/// The grant's own switch comes first, then what ends it by time, then the account it can only be used through, then
/// how the person relates to it. A word we do not know is never read as "off".
pub fn judge(access: &Access, relation: Relation, parent: ParentAccount, end_latest: Instant, now: Instant) -> Judged {
    match access.status {
        Status::Disabled => {
            return Judged::noted(
                Usability::Dormant,
                String::from("Disabled, not removed: it can be switched on again."),
            );
        }
        Status::Expired | Status::Revoked | Status::Orphaned => return Judged::plain(Usability::Inert),
        Status::Enabled | Status::Pending | Status::Unknown => {}
    }
    if let Some(judged) = ended_by_time(access, end_latest, now) {
        return judged;
    }
    if let ParentAccount::Read(status) = parent {
        match status {
            Status::Disabled => {
                return Judged::noted(
                    Usability::Dormant,
                    String::from("Can only be used through its account, which is disabled."),
                );
            }
            Status::Expired | Status::Revoked | Status::Orphaned => {
                return Judged::noted(Usability::Inert, String::from("Its account no longer exists."));
            }
            Status::Enabled | Status::Pending | Status::Unknown => {}
        }
    }
    if access.kind == AccessKind::MfaDevice || !relation.can_act() {
        return Judged::plain(Usability::Indirect);
    }
    match access.status {
        Status::Pending => Judged::plain(Usability::UsableIf),
        Status::Unknown => {
            let word = access.status_text.as_deref().unwrap_or("not said");
            Judged::noted(Usability::Unknown, format!("Its status is not known ({word}): it may be in force."))
        }
        _ => Judged::plain(Usability::UsableNow),
    }
}

/// Grants that time has ended although their switch still says otherwise.
fn ended_by_time(access: &Access, end_latest: Instant, now: Instant) -> Option<Judged> {
    if let Fact::Known(expiry) = &access.expires_at
        && expiry.settled_at() <= now
    {
        return Some(Judged::noted(Usability::Inert, String::from("Its own end has passed.")));
    }
    if access.kind != AccessKind::Session {
        return None;
    }
    if let Some(until) = access.live_until {
        // The latest instant it can be alive decides: before it, it may be; after it, it is not.
        return (until <= now).then(|| Judged::noted(Usability::Inert, String::from("It cannot be alive any longer.")));
    }
    let cutoff = access.cutoff_at.filter(|cutoff| *cutoff >= end_latest)?;
    // One whose beginning is told too coarsely may have begun after it.
    let began_before = match &access.created_at {
        Fact::Known(created) => created.certainly_before(cutoff),
        Fact::None | Fact::Hidden(_) => true,
    };
    began_before.then(|| {
        let at = cutoff.format("%Y-%m-%dT%H:%M:%SZ");
        Judged::noted(Usability::Inert, format!("All sessions begun before {at} were cut off by the system."))
    })
}

#[cfg(test)]
mod tests {
    use scan_contract::Moment;

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("a test writes valid instants")
    }

    fn grant(kind: AccessKind, status: Status) -> Access {
        Access::new("scope".into(), kind, "g".into(), status)
    }

    fn usability(access: &Access, relation: Relation, parent: ParentAccount) -> Usability {
        judge(access, relation, parent, at("2026-07-31T22:00:00Z"), at("2026-08-02T00:00:00Z")).usability
    }

    #[test]
    fn each_status_has_its_usability() {
        let table = [
            (Status::Enabled, Usability::UsableNow),
            (Status::Pending, Usability::UsableIf),
            (Status::Unknown, Usability::Unknown),
            (Status::Disabled, Usability::Dormant),
            (Status::Expired, Usability::Inert),
            (Status::Revoked, Usability::Inert),
            (Status::Orphaned, Usability::Inert),
        ];
        for (status, expected) in table {
            let access = grant(AccessKind::Account, status);
            assert_eq!(usability(&access, Relation::Holder, ParentAccount::Independent), expected, "{status}");
        }
    }

    #[test]
    fn a_key_lives_on_when_its_account_is_disabled_and_a_password_does_not() {
        let key = grant(AccessKind::AccessKey, Status::Enabled);
        assert_eq!(usability(&key, Relation::Holder, ParentAccount::Independent), Usability::UsableNow);
        let password = grant(AccessKind::Password, Status::Enabled);
        assert_eq!(usability(&password, Relation::Holder, ParentAccount::Read(Status::Disabled)), Usability::Dormant);
        assert_eq!(usability(&password, Relation::Holder, ParentAccount::Read(Status::Enabled)), Usability::UsableNow);
        assert_eq!(usability(&password, Relation::Holder, ParentAccount::NotSeen), Usability::UsableNow);
    }

    #[test]
    fn knowing_a_secret_or_having_a_factor_is_indirect() {
        let secret = grant(AccessKind::SharedSecret, Status::Enabled);
        assert_eq!(usability(&secret, Relation::Reader, ParentAccount::Independent), Usability::Indirect);
        let factor = grant(AccessKind::MfaDevice, Status::Enabled);
        assert_eq!(usability(&factor, Relation::Holder, ParentAccount::Independent), Usability::Indirect);
    }

    #[test]
    fn a_cutoff_after_the_end_kills_older_sessions_only() {
        let mut session = grant(AccessKind::Session, Status::Enabled);
        session.cutoff_at = Some(at("2026-07-31T23:00:00Z"));
        assert_eq!(usability(&session, Relation::Holder, ParentAccount::Independent), Usability::Inert);
        session.created_at = Fact::Known(Moment::exact(at("2026-08-01T09:00:00Z")));
        assert_eq!(usability(&session, Relation::Holder, ParentAccount::Independent), Usability::UsableNow);
        // Told to the day, and the cut-off fell on that day: it may have begun after it.
        session.cutoff_at = Some(at("2026-08-01T10:00:00Z"));
        session.created_at = Fact::Known(Moment::within(at("2026-08-01T00:00:00Z"), 86_400));
        assert_eq!(usability(&session, Relation::Holder, ParentAccount::Independent), Usability::UsableNow);
        session.cutoff_at = Some(at("2026-07-31T21:00:00Z"));
        session.created_at = Fact::not_given();
        assert_eq!(usability(&session, Relation::Holder, ParentAccount::Independent), Usability::UsableNow);
    }

    #[test]
    fn live_until_in_the_future_keeps_a_session_open() {
        let mut session = grant(AccessKind::Session, Status::Enabled);
        session.live_until = Some(at("2026-08-02T06:00:00Z"));
        session.cutoff_at = Some(at("2026-07-31T23:00:00Z"));
        assert_eq!(usability(&session, Relation::Holder, ParentAccount::Independent), Usability::UsableNow);
        session.live_until = Some(at("2026-08-01T06:00:00Z"));
        assert_eq!(usability(&session, Relation::Holder, ParentAccount::Independent), Usability::Inert);
    }

    #[test]
    fn an_expiry_that_may_still_lie_ahead_does_not_end_anything() {
        let mut token = grant(AccessKind::ApiToken, Status::Enabled);
        token.expires_at = Fact::Known(Moment::within(at("2026-08-01T12:00:00Z"), 86_400));
        assert_eq!(usability(&token, Relation::Holder, ParentAccount::Independent), Usability::UsableNow);
        token.expires_at = Fact::Known(Moment::exact(at("2026-08-02T00:00:00Z")));
        assert_eq!(usability(&token, Relation::Holder, ParentAccount::Independent), Usability::Inert);
    }
}
