//! What a report, the metrics and the notices say about exceptions.

use std::sync::Arc;
use std::time::Duration;

use scan_contract::Instant;

use crate::problem::Problem;
use crate::report::ExceptionFact;
use crate::roster::PersonId;

use super::{ExceptionState, Exceptions, Judged};

/// Complete runs in a row without a match, after which an exception is stale.
const IDLE_RUNS: u32 = 3;

/// What the runs say about one exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Findings it covers in this run.
    pub covers: u64,
    /// Complete runs in a row, this one included, in which it matched nothing.
    pub idle_runs: u32,
}

impl Exceptions {
    /// Every exception that fits the schema, in the order of the file.
    pub fn judged(&self) -> &[Judged] {
        &self.judged
    }

    /// Every mistake: of the file, of entries that do not fit the schema, and of entries that fail a check.
    pub fn problems(&self) -> Vec<Problem> {
        let broken = self.broken.iter().flat_map(|entry| entry.problems.iter());
        let failed = self.judged.iter().flat_map(|judged| judged.problems.iter());
        self.unusable.iter().chain(broken).chain(failed).cloned().collect()
    }

    /// Whether the whole file suppresses nothing because it cannot be used.
    pub fn is_unusable(&self) -> bool {
        !self.unusable.is_empty()
    }

    /// Whether something is invalid: the flag `exceptions_invalid`.
    pub fn has_invalid(&self, now: Instant) -> bool {
        self.is_unusable() || self.count(ExceptionState::Invalid, now) > 0
    }

    /// How many exceptions are in a state. Entries that do not fit the schema are invalid.
    pub fn count(&self, state: ExceptionState, now: Instant) -> u64 {
        let judged = self.judged.iter().filter(|judged| judged.state_at(now) == state).count();
        let broken = if state == ExceptionState::Invalid { self.broken.len() } else { 0 };
        (judged + broken) as u64
    }

    /// The facts of a report, sorted by id. `warning` is how long before its end an exception is called expiring.
    ///
    /// An entry that does not even say whose access it is, where and until when, has no fact; it is counted, and told
    /// by [`Exceptions::notices`].
    pub fn facts(&self, now: Instant, warning: Duration, usage: &dyn Fn(&str) -> Usage) -> Vec<ExceptionFact> {
        let mut facts: Vec<ExceptionFact> =
            self.judged.iter().map(|judged| judged.fact(now, warning, usage(&judged.exception.id))).collect();
        for entry in &self.broken {
            if let (Some(id), Some(person_id), Some(system), Some(expires_at)) =
                (&entry.id, &entry.person_id, &entry.system, entry.expires_at)
            {
                facts.push(ExceptionFact {
                    id: Arc::from(id.as_str()),
                    state: ExceptionState::Invalid,
                    person_id: PersonId::new(person_id.as_str()),
                    system: system.clone(),
                    expires_at,
                    covers: 0,
                    expiring: false,
                    stale: false,
                    review_overdue: false,
                    problems: entry.problems.iter().map(sentence).collect(),
                });
            }
        }
        facts.sort_by(|left, right| left.id.cmp(&right.id));
        facts
    }

    /// One loud sentence for everything that suppresses nothing although it was meant to.
    pub fn notices(&self, now: Instant) -> Vec<String> {
        let mut notices = Vec::new();
        if let Some(first) = self.unusable.first() {
            let more = match self.unusable.len() {
                1 => String::new(),
                count => format!(" ({count} mistakes in all)"),
            };
            let file = self.file.display();
            notices.push(format!("{file} cannot be used, so no exception is in force: {}{more}", sentence(first)));
        }
        for entry in &self.broken {
            let id = entry.id.as_deref().unwrap_or("an entry without an id");
            let says: Vec<String> = entry.problems.iter().map(sentence).collect();
            notices.push(format!("{id} is invalid and suppresses nothing: {}", says.join("; ")));
        }
        for judged in self.judged.iter().filter(|judged| judged.state_at(now) == ExceptionState::Invalid) {
            let says = judged.reasons(now).join("; ");
            notices.push(format!("{} is invalid and suppresses nothing: {says}", judged.exception.id));
        }
        notices
    }
}

impl Judged {
    /// Whether somebody should have looked at it again.
    pub fn is_review_overdue(&self, now: Instant) -> bool {
        let is_open = matches!(self.state_at(now), ExceptionState::Active | ExceptionState::Pending);
        let is_due = self.exception.review_next_at.is_some_and(|next_at| next_at <= now);
        // A review falls due at once when an approver leaves.
        is_open && (is_due || self.approver_left_at.is_some_and(|left_at| left_at <= now))
    }

    /// Why it is invalid at `now`, in words.
    pub fn reasons(&self, now: Instant) -> Vec<String> {
        let mut reasons: Vec<String> = self.problems.iter().map(sentence).collect();
        if self.loses_approver_at().is_some_and(|at| at <= now) {
            reasons.push("an approver has left, and nobody has renewed it since".to_owned());
        }
        reasons
    }

    fn fact(&self, now: Instant, warning: Duration, usage: Usage) -> ExceptionFact {
        let exception = &self.exception;
        let state = self.state_at(now);
        let is_active = state == ExceptionState::Active;
        let ends_soon = (exception.ends_at() - now).to_std().is_ok_and(|left| left <= warning);
        ExceptionFact {
            id: Arc::clone(&exception.id),
            state,
            person_id: exception.person_id.clone(),
            system: exception.system.clone(),
            expires_at: exception.ends_at(),
            covers: usage.covers,
            expiring: is_active && ends_soon,
            stale: is_active && usage.idle_runs >= IDLE_RUNS,
            review_overdue: self.is_review_overdue(now),
            problems: self.reasons(now),
        }
    }
}

fn sentence(problem: &Problem) -> String {
    let line = problem.place.map(|place| format!("line {}: ", place.line)).unwrap_or_default();
    // The position in the list says less than the id beside it.
    let key = problem.key.split_once("].").map_or(problem.key.as_str(), |(_, key)| key);
    if key.is_empty() { format!("{line}{}", problem.says) } else { format!("{line}{key} {}", problem.says) }
}
