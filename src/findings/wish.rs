//! What a ticket should tell of a finding: made from one step of its life, before and after.
//!
//! Only a confirmed finding asks for a ticket. Ambiguous ones, those of low confidence, those within the agreed time,
//! remnants and paid seats never do.

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

use super::lifecycle::{Context, Sight, Step, advance};
use super::{AbsentLook, Change, Class, Confidence, Finding, FindingState, Memory, Severity, UsedAfterEnd};

/// What proves that a grant is gone: both looks, by name (FND-3, TKT-9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// It was absent in two complete reads of different times.
    AbsentTwice {
        /// Run of the first look.
        first_run: String,
        /// Instant its data described.
        first_as_of: Instant,
        /// Run of the second look.
        second_run: String,
        /// Instant its data described.
        second_as_of: Instant,
    },
    /// It was listed as disabled, expired or revoked in a complete read.
    ShownEnded {
        /// When it was last read in force.
        in_force_at: Instant,
        /// Run that read it as ended.
        run: String,
        /// When.
        at: Instant,
    },
    /// The roster says with a date that the person is employed again. Nothing was revoked.
    Employed {
        /// Run that read the roster.
        run: String,
    },
    /// The configuration says that the grant was planted. Nothing was revoked.
    Planted {
        /// Run that found it.
        run: String,
    },
}

/// Something that happened to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// It is certain now.
    Confirmed,
    /// It got worse.
    Worse {
        /// Severity before.
        from: Severity,
        /// Whether it is known now that it was used after the end.
        used: bool,
    },
    /// Its scope could not be read.
    Unverified,
    /// It was read again after that.
    ReadAgain,
    /// It is gone.
    Closed {
        /// Both looks.
        proof: Proof,
    },
    /// It was closed, and is back.
    CameBack,
    /// An exception covers it.
    Suppressed {
        /// Exception id.
        exception: String,
        /// End of the exception.
        until: Option<Instant>,
    },
    /// No exception covers it any longer.
    Lapsed {
        /// The one that did.
        exception: Option<String>,
    },
}

impl Happening {
    /// Whether it asks for a ticket to be made or opened again, where none is open.
    pub fn opens(&self) -> bool {
        matches!(self, Self::Confirmed | Self::CameBack | Self::Lapsed { .. } | Self::ReadAgain)
    }
}

/// Whether a finding may have a ticket of its own now.
pub fn may_open(finding: &Finding) -> bool {
    finding.state == FindingState::Confirmed
        && finding.class == Class::Residual
        && finding.confidence != Confidence::Low
        && finding.due
}

/// What is compared with the step's result.
struct Before {
    state: FindingState,
    severity: Severity,
    used: bool,
    exception: Option<String>,
    absent: Option<AbsentLook>,
    last_seen_at: Instant,
}

impl Before {
    fn of(memory: &Memory) -> Self {
        let finding = &memory.finding;
        Self {
            state: finding.state,
            severity: finding.severity,
            used: finding.used_after_end == UsedAfterEnd::After,
            exception: finding.exception_id.as_ref().map(ToString::to_string),
            absent: memory.absent.clone(),
            last_seen_at: finding.last_seen_at,
        }
    }
}

/// Moves one finding, and tells what its ticket should say about it.
pub fn advance_telling(memory: Option<Memory>, sight: Sight, context: &Context<'_>) -> Option<(Step, Vec<Happening>)> {
    let before = memory.as_ref().map(Before::of);
    let second = match &sight {
        Sight::Absent { as_of, .. } => Some(*as_of),
        Sight::Present(_)
        | Sight::Ended(_)
        | Sight::Unclear { .. }
        | Sight::NotRead { .. }
        | Sight::Carried
        | Sight::Employed
        | Sight::Planted => None,
    };
    let step = advance(memory, sight, context)?;
    let told = told(before.as_ref(), &step.memory, context, second);
    Some((step, told))
}

fn told(before: Option<&Before>, after: &Memory, context: &Context<'_>, second: Option<Instant>) -> Vec<Happening> {
    let finding = &after.finding;
    let was = before.map(|before| before.state);
    if was == Some(finding.state) {
        return before.filter(|_| may_open(finding)).and_then(|before| worse(before, finding)).into_iter().collect();
    }
    match finding.state {
        FindingState::Confirmed if may_open(finding) => opened(before, after),
        FindingState::Unverified if was.is_some_and(|was| was != FindingState::Observed) => vec![Happening::Unverified],
        FindingState::Closed => before
            .map(|before| Happening::Closed { proof: proof(before, finding.change, context, second) })
            .into_iter()
            .collect(),
        FindingState::Suppressed => finding
            .exception_id
            .iter()
            .map(|id| Happening::Suppressed { exception: id.to_string(), until: finding.exception_expires_at })
            .collect(),
        FindingState::Confirmed
        | FindingState::Unverified
        | FindingState::Observed
        | FindingState::Closing
        | FindingState::Ambiguous => Vec::new(),
    }
}

fn opened(before: Option<&Before>, after: &Memory) -> Vec<Happening> {
    let Some(before) = before else { return vec![Happening::Confirmed] };
    let first = match before.state {
        FindingState::Suppressed => Happening::Lapsed { exception: before.exception.clone() },
        FindingState::Unverified | FindingState::Closing => Happening::ReadAgain,
        FindingState::Closed => Happening::CameBack,
        FindingState::Observed | FindingState::Confirmed | FindingState::Ambiguous if after.reopened > 0 => {
            Happening::CameBack
        }
        FindingState::Observed | FindingState::Confirmed | FindingState::Ambiguous => Happening::Confirmed,
    };
    let mut all = vec![first];
    if before.state != FindingState::Closed {
        all.extend(worse(before, &after.finding));
    }
    all
}

fn worse(before: &Before, now: &Finding) -> Option<Happening> {
    let used = now.used_after_end == UsedAfterEnd::After && !before.used;
    // The order of severities puts the worst first.
    (used || now.severity < before.severity).then_some(Happening::Worse { from: before.severity, used })
}

fn proof(before: &Before, change: Change, context: &Context<'_>, second: Option<Instant>) -> Proof {
    let run = String::from(context.run_id);
    match (&before.absent, second) {
        _ if change == Change::Rehired => Proof::Employed { run },
        _ if change == Change::Planted => Proof::Planted { run },
        (Some(first), Some(second_as_of)) => Proof::AbsentTwice {
            first_run: first.run_id.clone(),
            first_as_of: first.as_of,
            second_run: run,
            second_as_of,
        },
        _ => Proof::ShownEnded { in_force_at: before.last_seen_at, run, at: context.now },
    }
}

#[cfg(test)]
#[path = "wish_tests.rs"]
mod tests;
