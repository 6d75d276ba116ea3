//! What a credential may do, beside what the scanner needs; and what reading cost.

use std::time::Duration;

use crate::cause::Cause;
use crate::fact::Instant;

/// Whether a right is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RightState {
    /// It was tried, or the system says so.
    Have,
    /// The system refused; in its own words, shortened.
    Missing {
        /// What came back: status and code, never a body.
        says: String,
    },
    /// Trying it showed neither.
    CannotTell(Cause),
    /// Not needed with this configuration, since what it serves is off.
    Off,
}

/// One right that the scanner needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// In the vendor's own words, such as `iam:ListAccessKeys` or `organization_administration=read`.
    pub name: String,
    /// Scope kinds that need it.
    pub serves: Vec<String>,
    /// Whether it is there.
    pub state: RightState,
}

/// What a credential may do (PRV-4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Whose credential it is, in the system's words: role, token name, app.
    pub credential: String,
    /// What is needed, from the same table the requests come from.
    pub needed: Vec<Right>,
    /// Rights beyond need, where the service tells. Holding them makes the scanner a better target.
    pub excess: Vec<String>,
    /// What could not be told about excess, in one sentence; empty if everything could.
    pub excess_not_told: String,
}

/// What a scanner learned of its own credential in passing, without asking anything more. What nobody told is `None`,
/// never a guess.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CredentialFacts {
    /// When the configured credential ends by itself. Of a token that is made anew for each run from something else
    /// (an App's key, a role) nothing is told: its end asks nothing of anybody.
    pub ends_at: Option<Instant>,
    /// How many rights it has beyond need, where the system says what it may do.
    pub excess: Option<u64>,
}

/// What reading one system cost. Sums of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Of these, repeats of an earlier one.
    pub retries: u64,
    /// Requests without a usable answer after all repeats.
    pub failures: u64,
    /// Answers that told us to wait.
    pub throttled: u64,
    /// Time spent waiting for limits and pace.
    pub waited: Duration,
    /// Bytes of bodies received, after decompression.
    pub received: u64,
}
