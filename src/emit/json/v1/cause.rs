//! Causes of gaps in JSON v1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Time;

/// Why something could not be read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The system refused.
    Denied {
        /// Permission that is missing, by its own name.
        permission: String,
    },
    /// The credential is not accepted.
    Unauthenticated {
        /// What came back.
        detail: String,
    },
    /// The plan or edition has no such interface.
    NotOnPlan {
        /// What would be needed.
        what: String,
    },
    /// There is no way to tell.
    NotSupported {
        /// What cannot be read.
        what: String,
    },
    /// The system told us to wait longer than we may.
    Throttled {
        /// Until when, where it says so.
        until: Option<Time>,
    },
    /// It could not be reached or opened.
    Unreachable {
        /// What was tried.
        step: String,
        /// What came back.
        detail: String,
    },
    /// What came back is damaged.
    Malformed {
        /// What is wrong, and where.
        what: String,
    },
    /// The source ended before its proven end.
    CutOff {
        /// What is missing, and where it stopped.
        what: String,
    },
    /// Counts that must agree do not.
    CountDiffers {
        /// What was counted.
        what: String,
        /// What was promised.
        announced: u64,
        /// What was found.
        found: u64,
    },
    /// A digest that must agree does not.
    DigestDiffers {
        /// Which file, and both digests.
        what: String,
    },
    /// A word outside the declared vocabulary.
    UnknownWord {
        /// Column or key.
        field: String,
        /// The word.
        word: String,
        /// How many rows carry it.
        rows: u64,
        /// Where it was first seen.
        first: String,
    },
    /// The source belongs to another system.
    WrongSystem {
        /// What the configuration declares.
        declared: String,
        /// What the source says.
        found: String,
    },
    /// Nothing proves that it was everything.
    NotProven {
        /// Which proof is missing.
        what: String,
    },
    /// Older than its allowed age.
    Stale {
        /// The source's own time.
        as_of: String,
        /// Age.
        age: String,
        /// Allowed age.
        allowed: String,
    },
    /// Declared, but the source does not carry it.
    NotInSource {
        /// What is missing.
        what: String,
    },
    /// Left out by configuration.
    Excluded {
        /// Written reason.
        reason: String,
        /// Last day.
        until: String,
    },
    /// Needs a right that is off by default.
    Needs {
        /// The right or setting.
        what: String,
    },
    /// The producer of the source could not read it.
    ProducerGap {
        /// The producer's own words.
        detail: String,
    },
    /// An object known to exist was not there.
    NotSeen {
        /// Which one.
        what: String,
    },
    /// Far fewer objects than before.
    SuspiciousDrop {
        /// At the last complete read.
        before: u64,
        /// Now.
        found: u64,
    },
    /// A limit of ours was reached.
    LimitHit {
        /// Which one, with its value.
        limit: String,
    },
    /// The run was told to stop.
    Stopped,
    /// A defect of ours.
    Bug {
        /// What happened.
        what: String,
    },
}

impl From<&scan_contract::Cause> for Cause {
    fn from(cause: &scan_contract::Cause) -> Self {
        use scan_contract::Cause as Domain;
        match cause.clone() {
            Domain::Denied { permission } => Self::Denied { permission },
            Domain::Unauthenticated { detail } => Self::Unauthenticated { detail },
            Domain::NotOnPlan { what } => Self::NotOnPlan { what },
            Domain::NotSupported { what } => Self::NotSupported { what },
            Domain::Throttled { until } => Self::Throttled { until: until.map(Time) },
            Domain::Unreachable { step, detail } => Self::Unreachable { step, detail },
            Domain::Malformed { what } => Self::Malformed { what },
            Domain::CutOff { what } => Self::CutOff { what },
            Domain::CountDiffers { what, announced, found } => Self::CountDiffers { what, announced, found },
            Domain::DigestDiffers { what } => Self::DigestDiffers { what },
            Domain::UnknownWord { field, word, rows, first } => Self::UnknownWord { field, word, rows, first },
            Domain::WrongSystem { declared, found } => Self::WrongSystem { declared, found },
            Domain::NotProven { what } => Self::NotProven { what },
            Domain::Stale { as_of, age, allowed } => Self::Stale { as_of, age, allowed },
            Domain::NotInSource { what } => Self::NotInSource { what },
            Domain::Excluded { reason, until } => Self::Excluded { reason, until },
            Domain::Needs { what } => Self::Needs { what },
            Domain::ProducerGap { detail } => Self::ProducerGap { detail },
            Domain::NotSeen { what } => Self::NotSeen { what },
            Domain::SuspiciousDrop { before, found } => Self::SuspiciousDrop { before, found },
            Domain::LimitHit { limit } => Self::LimitHit { limit },
            Domain::Stopped => Self::Stopped,
            Domain::Bug { what } => Self::Bug { what },
        }
    }
}

impl From<Cause> for scan_contract::Cause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Denied { permission } => Self::Denied { permission },
            Cause::Unauthenticated { detail } => Self::Unauthenticated { detail },
            Cause::NotOnPlan { what } => Self::NotOnPlan { what },
            Cause::NotSupported { what } => Self::NotSupported { what },
            Cause::Throttled { until } => Self::Throttled { until: until.map(Into::into) },
            Cause::Unreachable { step, detail } => Self::Unreachable { step, detail },
            Cause::Malformed { what } => Self::Malformed { what },
            Cause::CutOff { what } => Self::CutOff { what },
            Cause::CountDiffers { what, announced, found } => Self::CountDiffers { what, announced, found },
            Cause::DigestDiffers { what } => Self::DigestDiffers { what },
            Cause::UnknownWord { field, word, rows, first } => Self::UnknownWord { field, word, rows, first },
            Cause::WrongSystem { declared, found } => Self::WrongSystem { declared, found },
            Cause::NotProven { what } => Self::NotProven { what },
            Cause::Stale { as_of, age, allowed } => Self::Stale { as_of, age, allowed },
            Cause::NotInSource { what } => Self::NotInSource { what },
            Cause::Excluded { reason, until } => Self::Excluded { reason, until },
            Cause::Needs { what } => Self::Needs { what },
            Cause::ProducerGap { detail } => Self::ProducerGap { detail },
            Cause::NotSeen { what } => Self::NotSeen { what },
            Cause::SuspiciousDrop { before, found } => Self::SuspiciousDrop { before, found },
            Cause::LimitHit { limit } => Self::LimitHit { limit },
            Cause::Stopped => Self::Stopped,
            Cause::Bug { what } => Self::Bug { what },
        }
    }
}
