//! What Okta's status words mean. A word that is not here may be in force, and its scope is not whole.

use std::collections::BTreeMap;

use scan_contract::{Cause, Gap, Privilege, ScopeName, Status, Subtype};

use crate::text::short;

/// Distinct unknown words kept for one scope.
const WORDS_KEPT: usize = 50;

/// State of a user. Only `SUSPENDED` and `DEPROVISIONED` keep somebody out: who is locked out, or whose password has
/// expired, unlocks or resets it by themselves.
pub(crate) fn user(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" | "LOCKED_OUT" | "PASSWORD_EXPIRED" | "RECOVERY" => Some(Status::Enabled),
        "STAGED" | "PROVISIONED" | "ACTIVATING" => Some(Status::Pending),
        "SUSPENDED" | "DEPROVISIONED" => Some(Status::Disabled),
        _ => None,
    }
}

/// State of an assignment to an application.
pub(crate) fn assignment(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" | "PROVISIONED" | "IMPLICIT" | "IMPORTED" | "MATCHED" | "UNASSIGNED" | "APPROVED" | "STAGED" => {
            Some(Status::Enabled)
        }
        "PENDING" => Some(Status::Pending),
        "INACTIVE" | "SUSPENDED" | "REVOKED" => Some(Status::Disabled),
        "DEPROVISIONED" => Some(Status::Revoked),
        _ => None,
    }
}

/// Whether an application is switched on.
pub(crate) fn app(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" => Some(Status::Enabled),
        "INACTIVE" => Some(Status::Disabled),
        "DELETED" => Some(Status::Revoked),
        _ => None,
    }
}

/// State of a consent or refresh token.
pub(crate) fn grant(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" => Some(Status::Enabled),
        "REVOKED" => Some(Status::Revoked),
        _ => None,
    }
}

/// State of a factor.
pub(crate) fn factor(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" | "ENROLLED" => Some(Status::Enabled),
        "PENDING_ACTIVATION" | "NOT_SETUP" => Some(Status::Pending),
        "DISABLED" | "INACTIVE" => Some(Status::Disabled),
        "EXPIRED" => Some(Status::Expired),
        _ => None,
    }
}

/// State of a device.
pub(crate) fn device(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" | "UNSUSPENDED" => Some(Status::Enabled),
        "SUSPENDED" | "DEACTIVATED" => Some(Status::Disabled),
        _ => None,
    }
}

/// State of a role assignment.
pub(crate) fn role(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" => Some(Status::Enabled),
        "INACTIVE" => Some(Status::Disabled),
        _ => None,
    }
}

/// How far a standard role reaches. Whoever resets passwords or factors, or changes groups or applications, can give
/// access to others. `None`: a custom role, or one we do not know.
pub(crate) fn standard_role(kind: &str) -> Option<(Privilege, Option<Subtype>)> {
    match kind {
        "SUPER_ADMIN" => Some((Privilege::Admin, Some(Subtype::OrganisationOwner))),
        "ORG_ADMIN"
        | "APP_ADMIN"
        | "USER_ADMIN"
        | "HELP_DESK_ADMIN"
        | "GROUP_MEMBERSHIP_ADMIN"
        | "API_ACCESS_MANAGEMENT_ADMIN"
        | "ACCESS_REQUESTS_ADMIN"
        | "WORKFLOWS_ADMIN" => Some((Privilege::Admin, None)),
        "ACCESS_CERTIFICATIONS_ADMIN" | "MOBILE_ADMIN" => Some((Privilege::Write, None)),
        "READ_ONLY_ADMIN" | "REPORT_ADMIN" => Some((Privilege::Read, None)),
        _ => None,
    }
}

/// How far a consent reaches, by the name of its scope.
pub(crate) fn consent(scope: &str) -> Privilege {
    match scope {
        "openid" | "profile" | "email" | "address" | "phone" | "groups" | "offline_access" | "device_sso" => {
            Privilege::Read
        }
        scope if scope.starts_with("okta.") => match scope.rsplit('.').next() {
            Some("manage") => Privilege::Admin,
            Some("read") => Privilege::Read,
            Some(_) | None => Privilege::Unknown,
        },
        _ => Privilege::Unknown,
    }
}

/// Words of one scope that nobody knows.
#[derive(Debug, Default)]
pub(crate) struct UnknownWords {
    seen: BTreeMap<(&'static str, String), (u64, String)>,
    beyond: u64,
}

impl UnknownWords {
    /// The status for a word; an unknown one is kept for the gap.
    pub(crate) fn status(
        &mut self,
        meaning: fn(&str) -> Option<Status>,
        field: &'static str,
        word: &str,
        place: &str,
    ) -> Status {
        meaning(word).unwrap_or_else(|| {
            let key = (field, short(word));
            if let Some((rows, _)) = self.seen.get_mut(&key) {
                *rows += 1;
            } else if self.seen.len() < WORDS_KEPT {
                self.seen.insert(key, (1, short(place)));
            } else {
                self.beyond += 1;
            }
            Status::Unknown
        })
    }

    /// Adds what another walk of the same scope met.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.beyond += other.beyond;
        for (key, (rows, first)) in other.seen {
            self.seen.entry(key).or_insert((0, first)).0 += rows;
        }
    }

    /// The gaps.
    pub(crate) fn into_gaps(self, scope: &ScopeName) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self
            .seen
            .into_iter()
            .map(|((field, word), (rows, first))| {
                Gap::scope(scope, Cause::UnknownWord { field: String::from(field), word, rows, first })
            })
            .collect();
        if self.beyond > 0 {
            let what = format!("{} more status words that nobody knows", self.beyond);
            gaps.push(Gap::scope(scope, Cause::Malformed { what }));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_suspended_and_deprovisioned_users_are_contained() {
        for word in ["ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY"] {
            assert_eq!(user(word), Some(Status::Enabled), "{word}");
        }
        for word in ["STAGED", "PROVISIONED", "ACTIVATING"] {
            assert_eq!(user(word), Some(Status::Pending), "{word}");
        }
        for word in ["SUSPENDED", "DEPROVISIONED"] {
            assert_eq!(user(word), Some(Status::Disabled), "{word}");
        }
        assert_eq!(user("active"), None);
    }

    #[test]
    fn an_unknown_word_may_be_in_force_and_is_counted() {
        let mut words = UnknownWords::default();
        assert_eq!(words.status(user, "status", "FROZEN", "00u1"), Status::Unknown);
        assert_eq!(words.status(user, "status", "FROZEN", "00u2"), Status::Unknown);
        assert_eq!(words.status(user, "status", "ACTIVE", "00u3"), Status::Enabled);
        let gaps = words.into_gaps(&ScopeName::new("users"));
        let [gap] = gaps.as_slice() else { panic!("one gap: {gaps:?}") };
        assert!(matches!(&gap.cause, Cause::UnknownWord { rows: 2, first, .. } if first == "00u1"));
    }

    #[test]
    fn a_flood_of_unknown_words_is_cut_and_still_a_gap() {
        let mut words = UnknownWords::default();
        for number in 0..200 {
            words.status(grant, "status", &format!("W{number}"), "x");
        }
        assert_eq!(words.into_gaps(&ScopeName::new("users")).len(), WORDS_KEPT + 1);
    }

    #[test]
    fn whoever_can_give_access_to_others_is_an_administrator() {
        for kind in ["SUPER_ADMIN", "ORG_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"] {
            assert!(matches!(standard_role(kind), Some((Privilege::Admin, _))), "{kind}");
        }
        assert!(matches!(standard_role("READ_ONLY_ADMIN"), Some((Privilege::Read, None))));
        assert_eq!(standard_role("CUSTOM"), None);
    }
}
