//! Checks of each entry against the people, the systems and its neighbours.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use scan_contract::{AccessKind, Instant};

use crate::problem::Problem;
use crate::roster::RoleTier;
use crate::yaml::Document;
use crate::yaml::forms::duration_text;

use super::read::{Broken, Entry, ExceptionFile};
use super::{Employment, Exception, ExceptionState, ExceptionType, People, limits};

/// Days that an exception outlives its approver's employment.
const DAYS_WITHOUT_APPROVER: i64 = 7;

/// What the checks ask of the rest of the program.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// People on the roster in force.
    pub people: &'a dyn People,
    /// Tier of a configured system; `None` for one that is not configured.
    pub system_tier: &'a dyn Fn(&str) -> Option<RoleTier>,
    /// Whose a fingerprint is: person and system; `None` for one that was never seen.
    pub fingerprint_owner: &'a dyn Fn(&str) -> Option<(String, String)>,
    /// The instant everything is judged at.
    pub now: Instant,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Surroundings").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Every exception with what came of its checks.
#[derive(Debug, Clone)]
pub struct Exceptions {
    pub(super) judged: Vec<Judged>,
    pub(super) broken: Vec<Broken>,
    pub(super) unusable: Vec<Problem>,
    pub(super) file: std::path::PathBuf,
}

/// One exception with what came of its checks.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The entry.
    pub exception: Exception,
    /// Why it is invalid; empty if it is not.
    pub problems: Vec<Problem>,
    /// The stricter tier of system and person; `None` where the system is not configured.
    pub tier: Option<RoleTier>,
    /// When the first of its approvers left, if it has not ended before.
    pub approver_left_at: Option<Instant>,
}

impl Judged {
    /// Where it stands at an instant.
    pub fn state_at(&self, now: Instant) -> ExceptionState {
        let exception = &self.exception;
        if !self.problems.is_empty() || self.loses_approver_at().is_some_and(|at| at <= now) {
            ExceptionState::Invalid
        } else if exception.revoked_at.is_some_and(|revoked_at| revoked_at <= now) {
            ExceptionState::Revoked
        } else if exception.expires_at <= now {
            ExceptionState::Expired
        } else if exception.starts_at > now {
            ExceptionState::Pending
        } else {
            ExceptionState::Active
        }
    }

    /// When it stops holding because an approver left and nobody reviewed it.
    pub(super) fn loses_approver_at(&self) -> Option<Instant> {
        let at = self.approver_left_at?.checked_add_signed(TimeDelta::days(DAYS_WITHOUT_APPROVER))?;
        (at < self.exception.ends_at()).then_some(at)
    }
}

impl ExceptionFile {
    /// Checks every entry. A file that cannot be used gives no entry, and says so.
    pub fn judge(&self, around: &Surroundings<'_>) -> Exceptions {
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        let mut by_id: BTreeMap<&str, &Exception> = BTreeMap::new();
        for entry in &self.entries {
            *ids.entry(entry.id().unwrap_or_default()).or_default() += 1;
            if let Entry::Read(exception) = entry {
                by_id.entry(&exception.id).or_insert(exception);
            }
        }
        let mut judged = Vec::new();
        let mut broken = Vec::new();
        for (position, entry) in self.entries.iter().enumerate() {
            match (entry, &self.document) {
                (Entry::Read(exception), Some(document)) => {
                    let pointer = format!("/exceptions/{position}");
                    let twice = ids.get(&*exception.id).is_some_and(|count| *count > 1);
                    let check = Check { document, pointer, exception, around, by_id: &by_id, problems: Vec::new() };
                    judged.push(check.run(twice));
                }
                (Entry::Broken(entry), _) => broken.push(entry.clone()),
                (Entry::Read(_), None) => {}
            }
        }
        Exceptions { judged, broken, unusable: self.unusable.clone(), file: self.file.clone() }
    }
}

/// Kinds that let somebody sign in.
pub(super) fn signs_in(kind: AccessKind) -> bool {
    match kind {
        AccessKind::Account
        | AccessKind::Session
        | AccessKind::OauthGrant
        | AccessKind::ApiToken
        | AccessKind::AccessKey
        | AccessKind::ServiceKey
        | AccessKind::Password
        | AccessKind::MfaDevice
        | AccessKind::SshKey
        | AccessKind::Certificate => true,
        AccessKind::RoleBinding
        | AccessKind::GroupMembership
        | AccessKind::Ownership
        | AccessKind::SharedSecret
        | AccessKind::Delegation
        | AccessKind::Automation
        | AccessKind::License => false,
    }
}

/// The checks of one entry.
struct Check<'a> {
    document: &'a Document,
    pointer: String,
    exception: &'a Exception,
    around: &'a Surroundings<'a>,
    by_id: &'a BTreeMap<&'a str, &'a Exception>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn run(mut self, twice: bool) -> Judged {
        let exception = self.exception;
        let tier = (self.around.system_tier)(&exception.system)
            .map(|system| limits::stricter(system, self.around.people.tier(exception.person_id.as_str())));
        if twice {
            self.say("/id", format!("the id {} stands twice; neither entry holds", exception.id));
        }
        self.times();
        self.people();
        match tier {
            Some(tier) => self.limits(tier),
            // What has ended may name a system that is gone since.
            None if exception.ends_at() <= self.around.now => {}
            None => self.say("/scope/system", format!("no configured system is called {}", exception.system)),
        }
        self.chain(tier);
        self.fingerprint();
        let approver_left_at = exception
            .approved_by
            .iter()
            .filter_map(|approver| self.around.people.left_at(approver, self.around.now))
            .filter(|left_at| *left_at < exception.ends_at() && *left_at > exception.approved_at)
            .min();
        Judged { exception: exception.clone(), problems: self.problems, tier, approver_left_at }
    }

    fn say(&mut self, below: &str, says: impl Into<String>) {
        let problem = self.document.problem(&format!("{}{below}", self.pointer), says);
        self.problems.push(problem);
    }

    fn times(&mut self) {
        let exception = self.exception;
        if exception.expires_at <= exception.starts_at {
            self.say("/expires_at", "ends before it begins");
        }
        if exception.approved_at > exception.starts_at {
            self.say("/approved_at", "was approved after it began; nothing is approved afterwards");
        }
        if exception.approved_at > self.around.now {
            self.say("/approved_at", "is approved in the future");
        }
    }

    fn people(&mut self) {
        let exception = self.exception;
        let people = self.around.people;
        let subject = exception.person_id.as_str();
        if !people.exists(subject) {
            self.say("/scope/person_id", format!("nobody on the roster has the id {subject}"));
        }
        if exception.requested_by == subject {
            self.say("/requested_by", "is the person whose access it is");
        } else if !people.exists(&exception.requested_by) {
            self.say("/requested_by", format!("nobody on the roster has the id {}", exception.requested_by));
        }
        let batch = people.batch(subject);
        for (position, approver) in exception.approved_by.iter().enumerate() {
            let below = format!("/approved_by/{position}");
            if approver == subject {
                self.say(&below, "is the person whose access it is");
            } else if *approver == exception.requested_by {
                self.say(&below, "is the person who asked for it");
            } else if !people.exists(approver) {
                self.say(&below, format!("nobody on the roster has the id {approver}"));
            } else {
                match people.employed_at(approver, exception.approved_at) {
                    Employment::Employed => {}
                    Employment::NotEmployed => self.say(&below, "was not employed when it was approved"),
                    Employment::NotKnown => {
                        self.say(&below, "the roster cannot tell whether they were employed when it was approved");
                    }
                }
                // A common departure may be confidential: the reason says no more than it must.
                if batch.is_some() && batch == people.batch(approver) {
                    self.say(&below, "is not independent of the person whose access it is");
                }
            }
        }
    }

    fn limits(&mut self, tier: RoleTier) {
        let exception = self.exception;
        let needed = limits::approvers(tier);
        if exception.approved_by.len() < needed {
            self.say("/approved_by", format!("{} needs {needed} approvers", tier.as_str()));
        }
        let Some(longest) = limits::longest(exception.kind, tier) else {
            self.say("/type", format!("{} is not allowed in {}", exception.kind.as_str(), tier.as_str()));
            return;
        };
        let length = exception.expires_at - exception.starts_at;
        if length.to_std().is_ok_and(|length| length > longest) {
            let says =
                format!("a {} in {} lasts at most {}", exception.kind.as_str(), tier.as_str(), duration_text(longest));
            self.say("/expires_at", says);
        }
        if exception.kind == ExceptionType::LegalHold && tier <= RoleTier::Tier1 {
            for (position, kind) in exception.access_kinds.iter().enumerate().filter(|(_, kind)| signs_in(**kind)) {
                let says = format!("a legal hold in {} keeps data, not a sign-in such as {kind}", tier.as_str());
                self.say(&format!("/scope/access_kinds/{position}"), says);
            }
        }
    }

    /// The entries this one follows: each has to exist, concern the same, and the whole may last twice the limit.
    fn chain(&mut self, tier: Option<RoleTier>) {
        let exception = self.exception;
        let mut seen: BTreeSet<&str> = BTreeSet::from([&*exception.id]);
        let mut begins_at = exception.starts_at;
        let mut current = exception;
        while let Some(renewed) = current.renews.as_deref() {
            if !seen.insert(renewed) {
                self.say("/renews", "the entries renew each other in a circle");
                return;
            }
            let Some(earlier) = self.by_id.get(renewed) else {
                self.say("/renews", format!("no readable entry has the id {renewed}"));
                return;
            };
            if earlier.person_id != exception.person_id
                || earlier.system != exception.system
                || earlier.kind != exception.kind
            {
                self.say("/renews", format!("{renewed} concerns another person, system or type"));
                return;
            }
            begins_at = begins_at.min(earlier.starts_at);
            current = earlier;
        }
        let Some(longest) = tier.and_then(|tier| limits::longest(exception.kind, tier)) else { return };
        let whole = exception.expires_at - begins_at;
        if seen.len() > 1 && whole.to_std().is_ok_and(|whole| whole > longest * 2) {
            let says = format!("with the entries it renews it lasts longer than {}", duration_text(longest * 2));
            self.say("/renews", says);
            if let Some(problem) = self.problems.last_mut() {
                problem.help = Some("begin a new one: with another approver and a written plan".to_owned());
            }
        }
    }

    fn fingerprint(&mut self) {
        let exception = self.exception;
        let Some(fingerprint) = &exception.fingerprint else { return };
        let owner = (self.around.fingerprint_owner)(fingerprint);
        // One that was never seen matches nothing: it is stale rather than wrong.
        if owner.is_some_and(|(person, system)| person != exception.person_id.as_str() || system != exception.system) {
            self.say("/scope/fingerprint", "belongs to another person or system");
        }
    }
}
