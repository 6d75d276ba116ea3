//! Why something could not be read. The set is closed: each cause knows its coverage state, its code, and who can
//! mend it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fact::Instant;
use crate::ids::ScopeName;

/// How far a scope got. Exactly one per declared scope and run.
///
/// `Complete` is here so that states can be written and read back; only the engine may decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeState {
    /// Read to its proven end.
    Complete,
    /// Read in part, or not proven whole.
    Partial,
    /// The system refused.
    Denied,
    /// Nothing usable came back.
    Failed,
    /// Not read, for a written reason.
    NotAttempted,
    /// The run ended before it did.
    Interrupted,
}

impl ScopeState {
    /// All six, in the order used for output and metrics.
    pub const ALL: [Self; 6] =
        [Self::Complete, Self::Partial, Self::Denied, Self::Failed, Self::NotAttempted, Self::Interrupted];

    /// The word used in outputs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::NotAttempted => "not_attempted",
            Self::Interrupted => "interrupted",
        }
    }

    /// The state written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Who can mend a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// It may pass by itself before the next run.
    NextRun,
    /// Somebody has to change something.
    Operator,
    /// It is a defect of Holdover.
    Developer,
}

/// Why a scope, or a part of one, could not be read. Text never holds a secret or a raw reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Error)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The system refused; the missing permission by its own name.
    #[error("denied: needs {permission}")]
    Denied {
        /// Permission, right or file mode that is missing.
        permission: String,
    },
    /// The credential is not accepted at all.
    #[error("not authenticated: {detail}")]
    Unauthenticated {
        /// What came back.
        detail: String,
    },
    /// The plan or edition has no such interface.
    #[error("not on this plan: {what}")]
    NotOnPlan {
        /// What would be needed.
        what: String,
    },
    /// The system, or this reader, has no way to tell.
    #[error("not supported: {what}")]
    NotSupported {
        /// What cannot be read.
        what: String,
    },
    /// The system told us to wait longer than we may.
    #[error("rate limited{}", until.map(|at| format!(" until {}", at.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap_or_default())]
    Throttled {
        /// Until when, where the system says so.
        until: Option<Instant>,
    },
    /// It could not be reached or opened.
    #[error("unreachable: {step}: {detail}")]
    Unreachable {
        /// What was tried, such as `open exports/crm.ndjson`.
        step: String,
        /// What came back.
        detail: String,
    },
    /// What came back is damaged or not of the promised form.
    #[error("malformed: {what}")]
    Malformed {
        /// What is wrong, and where.
        what: String,
    },
    /// The source ended before its proven end: no end line, cut body, open quote.
    #[error("cut off: {what}")]
    CutOff {
        /// What is missing, and where the source stopped.
        what: String,
    },
    /// Counts that must agree do not.
    #[error("count differs: {what}: announced {announced}, found {found}")]
    CountDiffers {
        /// What was counted.
        what: String,
        /// What the source promised.
        announced: u64,
        /// What was found.
        found: u64,
    },
    /// A digest that must agree does not.
    #[error("digest differs: {what}")]
    DigestDiffers {
        /// Which file, and both digests shortened.
        what: String,
    },
    /// A word outside the declared vocabulary: it may be active, and its scope is not whole.
    #[error("unknown word {word:?} in {field} ({rows} rows, first at {first})")]
    UnknownWord {
        /// Column or key.
        field: String,
        /// The word as written, shortened.
        word: String,
        /// How many rows carry it.
        rows: u64,
        /// Where it was first seen.
        first: String,
    },
    /// The source belongs to another system, account or tenant than the declared one (CMP-1).
    #[error("wrong system: declared {declared}, found {found}")]
    WrongSystem {
        /// What the configuration declares.
        declared: String,
        /// What the source says.
        found: String,
    },
    /// Everything was read, but nothing proves that it was everything.
    #[error("not proven whole: {what}")]
    NotProven {
        /// Which proof is missing, and how to give it.
        what: String,
    },
    /// Older than its allowed age.
    #[error("stale: as of {as_of}, {age} old, allowed {allowed}")]
    Stale {
        /// The source's own time, RFC 3339.
        as_of: String,
        /// Age in words.
        age: String,
        /// Allowed age in words.
        allowed: String,
    },
    /// Declared, but the source does not carry it.
    #[error("not in the source: {what}")]
    NotInSource {
        /// What is missing.
        what: String,
    },
    /// Left out by configuration, with a reason and an end.
    #[error("excluded until {until}: {reason}")]
    Excluded {
        /// Written reason.
        reason: String,
        /// Last day, ISO 8601.
        until: String,
    },
    /// Needs a right that is off by default.
    #[error("not attempted: needs {what}")]
    Needs {
        /// The right or setting.
        what: String,
    },
    /// The producer of the source says that it could not read this.
    #[error("the producer could not read it: {detail}")]
    ProducerGap {
        /// The producer's own cause word and detail.
        detail: String,
    },
    /// An object known to exist was not there (CMP-10), or a planted leaver was not found.
    #[error("not seen: {what}")]
    NotSeen {
        /// The object that should have been there.
        what: String,
    },
    /// Far fewer objects than at the last complete read (CMP-11).
    #[error("suspicious drop: {found} objects, {before} at the last complete read")]
    SuspiciousDrop {
        /// Objects at the last complete read.
        before: u64,
        /// Objects now.
        found: u64,
    },
    /// A limit of ours was reached.
    #[error("limit reached: {limit}")]
    LimitHit {
        /// Which limit, with its value.
        limit: String,
    },
    /// The run was told to stop.
    #[error("stopped before it was read")]
    Stopped,
    /// A defect of ours.
    #[error("defect in Holdover: {what}")]
    Bug {
        /// What happened; no secret, no data.
        what: String,
    },
}

impl Cause {
    /// The state of a scope that ends with this cause alone.
    pub fn state(&self) -> ScopeState {
        match self {
            Self::Denied { .. } => ScopeState::Denied,
            Self::Unauthenticated { .. } | Self::Unreachable { .. } | Self::WrongSystem { .. } | Self::Bug { .. } => {
                ScopeState::Failed
            }
            Self::NotOnPlan { .. }
            | Self::NotSupported { .. }
            | Self::NotInSource { .. }
            | Self::Excluded { .. }
            | Self::Needs { .. } => ScopeState::NotAttempted,
            Self::Throttled { .. }
            | Self::Malformed { .. }
            | Self::CutOff { .. }
            | Self::CountDiffers { .. }
            | Self::DigestDiffers { .. }
            | Self::UnknownWord { .. }
            | Self::NotProven { .. }
            | Self::Stale { .. }
            | Self::ProducerGap { .. }
            | Self::NotSeen { .. }
            | Self::SuspiciousDrop { .. }
            | Self::LimitHit { .. } => ScopeState::Partial,
            Self::Stopped => ScopeState::Interrupted,
        }
    }

    /// The same cause with the page of the list it was met on. What speaks for the whole list (a refusal, a limit of the
    /// service, another system) stands as it is, and so does what was met on the first page.
    #[must_use]
    pub fn on_page(self, page: usize) -> Self {
        if page <= 1 {
            return self;
        }
        let placed = |what: String| format!("page {page}: {what}");
        match self {
            Self::Unreachable { step, detail } => Self::Unreachable { step, detail: placed(detail) },
            Self::Malformed { what } => Self::Malformed { what: placed(what) },
            Self::CutOff { what } => Self::CutOff { what: placed(what) },
            Self::LimitHit { limit } => Self::LimitHit { limit: placed(limit) },
            Self::Unauthenticated { detail } => Self::Unauthenticated { detail: placed(detail) },
            other => other,
        }
    }

    /// Stable code for documentation and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "E-PERM-001",
            Self::Unauthenticated { .. } => "E-AUTH-001",
            Self::NotOnPlan { .. } => "E-PLAN-001",
            Self::NotSupported { .. } => "E-PLAN-002",
            Self::Throttled { .. } => "E-RATE-001",
            Self::Unreachable { .. } => "E-REACH-001",
            Self::Malformed { .. } => "E-FORM-001",
            Self::CutOff { .. } => "E-FORM-002",
            Self::CountDiffers { .. } => "E-WHOLE-001",
            Self::DigestDiffers { .. } => "E-WHOLE-002",
            Self::UnknownWord { .. } => "E-WORD-001",
            Self::WrongSystem { .. } => "E-IDENT-001",
            Self::NotProven { .. } => "E-WHOLE-003",
            Self::Stale { .. } => "E-TIME-001",
            Self::NotInSource { .. } => "E-WHOLE-004",
            Self::Excluded { .. } => "E-SCOPE-001",
            Self::Needs { .. } => "E-PERM-002",
            Self::ProducerGap { .. } => "E-WHOLE-005",
            Self::NotSeen { .. } => "E-WHOLE-006",
            Self::SuspiciousDrop { .. } => "E-WHOLE-007",
            Self::LimitHit { .. } => "E-LIMIT-001",
            Self::Stopped => "E-STOP-001",
            Self::Bug { .. } => "E-BUG-001",
        }
    }

    /// Who can mend it.
    pub fn mend(&self) -> Mend {
        match self {
            Self::Throttled { .. } | Self::Stopped => Mend::NextRun,
            Self::Bug { .. } => Mend::Developer,
            Self::Denied { .. }
            | Self::Unauthenticated { .. }
            | Self::NotOnPlan { .. }
            | Self::NotSupported { .. }
            | Self::Unreachable { .. }
            | Self::Malformed { .. }
            | Self::CutOff { .. }
            | Self::CountDiffers { .. }
            | Self::DigestDiffers { .. }
            | Self::UnknownWord { .. }
            | Self::WrongSystem { .. }
            | Self::NotProven { .. }
            | Self::Stale { .. }
            | Self::NotInSource { .. }
            | Self::Excluded { .. }
            | Self::Needs { .. }
            | Self::ProducerGap { .. }
            | Self::NotSeen { .. }
            | Self::SuspiciousDrop { .. }
            | Self::LimitHit { .. } => Mend::Operator,
        }
    }

    /// What to do about it, in one sentence for an operator.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "grant the named permission to the reading credential, then run again",
            Self::Unauthenticated { .. } => "renew the credential",
            Self::NotOnPlan { .. } | Self::NotSupported { .. } => "check this by hand; no scan can tell",
            Self::Throttled { .. } => {
                "run again after that time, or raise `connection.pace.longest_wait` if waiting for it is agreed"
            }
            Self::Stopped => "run again",
            Self::Unreachable { .. } => "check that the path or address exists and that this user may read it",
            Self::Malformed { .. } | Self::CutOff { .. } => {
                "produce the export again and compare its size with the source"
            }
            Self::CountDiffers { .. } | Self::DigestDiffers { .. } => {
                "produce the export and its manifest again, together"
            }
            Self::UnknownWord { .. } => "add the word to the mapping of this column, after checking what it means",
            Self::WrongSystem { .. } => "point the configuration at the export of the declared system",
            Self::NotProven { .. } => "let the producer write the missing proof (manifest, end line or listing)",
            Self::Stale { .. } => "produce a fresh export, or raise max_age if this age is agreed",
            Self::NotInSource { .. } => "let the producer include it, or take the scope out of the configuration",
            Self::Excluded { .. } => "remove the exclusion when its reason is gone",
            Self::Needs { .. } => "allow it in the configuration if the risk is accepted",
            Self::ProducerGap { .. } => "give the producer of the export the right it lacks",
            Self::NotSeen { .. } => "find out why the object is missing: a lost right looks just like this",
            Self::SuspiciousDrop { .. } => {
                "check the export; accept with `holdover coverage accept SCOPE RUN` if the drop is real"
            }
            Self::LimitHit { .. } => "raise the limit in the configuration, or split the source",
            Self::Bug { .. } => "report this with the run id; the scope is not trusted",
        }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// The scope concerned; `None` concerns every scope of the pass.
    pub scope: Option<ScopeName>,
    /// The part concerned, such as a host's file, a repository, a line; `None` concerns the whole scope.
    pub part: Option<String>,
    /// Why.
    pub cause: Cause,
}

impl Gap {
    /// Concerns every scope of the pass.
    pub fn everywhere(cause: Cause) -> Self {
        Self { scope: None, part: None, cause }
    }

    /// Concerns one scope as a whole.
    pub fn scope(scope: &ScopeName, cause: Cause) -> Self {
        Self { scope: Some(scope.clone()), part: None, cause }
    }

    /// Concerns a part of one scope.
    pub fn part(scope: &ScopeName, part: impl Into<String>, cause: Cause) -> Self {
        Self { scope: Some(scope.clone()), part: Some(part.into()), cause }
    }
}
